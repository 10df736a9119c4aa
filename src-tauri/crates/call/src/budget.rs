//! What a person wants to spend on a day, and in what they count.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::event::{Fault, Problem, ProblemCode};

/// The share of the cap from which on it is warned about.
const NEAR: f64 = 0.8;
/// Characters of a currency's name.
const CURRENCY_LIMIT: usize = 8;
/// The highest cap that is believed: beyond it somebody has mistyped.
const MOST_CAP: f64 = 1_000_000.0;

/// How money is counted. One currency for all backends: only then can a day be added up, and only then
/// does one cap hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Money {
    /// Stands with every amount. Only a name: nothing is ever converted. 1 to 8 characters, no digits.
    pub currency: String,
    /// What may be spent on a day before new calls are refused; absent: no cap.
    pub daily_cap: Option<f64>,
}

impl Default for Money {
    fn default() -> Self {
        Self { currency: "$".into(), daily_cap: None }
    }
}

/// Where a day stands with its cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Within,
    Near,
    Reached,
}

impl Money {
    /// As it may be kept: without spaces around the currency.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn checked(self) -> Result<Self, Problem> {
        let currency = self.currency.trim().to_owned();
        let letters = currency.chars().count();
        if !(1..=CURRENCY_LIMIT).contains(&letters)
            || currency.chars().any(|letter| letter.is_control() || letter.is_numeric())
        {
            return Err(wrong(
                "That is no name of a currency.".to_owned(),
                "Enter a sign or a short name without digits, such as $ or EUR.",
            ));
        }
        match self.daily_cap {
            Some(cap) if !(cap > 0.0 && cap <= MOST_CAP) => Err(wrong(
                format!("A daily cap must be more than 0 and at most {MOST_CAP}."),
                "Enter such an amount, or turn the cap off.",
            )),
            _ => Ok(Self { currency, ..self }),
        }
    }

    pub(crate) fn standing(&self, spent: f64) -> Standing {
        match self.daily_cap {
            Some(cap) if spent >= cap => Standing::Reached,
            Some(cap) if spent >= cap * NEAR => Standing::Near,
            _ => Standing::Within,
        }
    }

    /// Why no call may begin now, given what was spent today; `None` where it is not known.
    pub fn refusal(&self, spent_today: Option<f64>) -> Option<Problem> {
        self.daily_cap?;
        match spent_today {
            Some(spent) if self.standing(spent) == Standing::Reached => Some(wrong(
                self.reached(spent)?,
                "Raise the cap or turn it off in the settings, or call again tomorrow.",
            )),
            Some(_) => None,
            None => Some(wrong(
                "What was spent today cannot be read, so the daily cap cannot be kept.".to_owned(),
                "Turn the cap off in the settings to call without it.",
            )),
        }
    }

    /// What a running call says of the cap.
    pub(crate) fn notice(&self, standing: Standing, spent: f64) -> Option<Problem> {
        match standing {
            Standing::Within => None,
            Standing::Near => Some(wrong(
                format!(
                    "About {} of today\u{2019}s cap of {} has been spent.",
                    self.amount(spent),
                    self.amount(self.daily_cap?)
                ),
                "At the cap this call goes on, and new ones are refused until tomorrow.",
            )),
            Standing::Reached => Some(wrong(
                self.reached(spent)?,
                "This call goes on and costs on. New ones are refused until tomorrow, or until you raise the cap.",
            )),
        }
    }

    fn reached(&self, spent: f64) -> Option<String> {
        let cap = self.amount(self.daily_cap?);
        Some(format!("Today\u{2019}s cap of {cap} is reached: about {} has been spent.", self.amount(spent)))
    }

    /// `$0.34`, `0.34 EUR`: a sign stands before the number, a name behind it. Below a hundredth, up to
    /// four digits.
    pub fn amount(&self, value: f64) -> String {
        let mut number = format!("{value:.2}");
        if value > 0.0 && value < 0.01 {
            number = format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned();
        }
        let last = self.currency.chars().next_back();
        let sign = last.is_some_and(|last| !last.is_alphabetic() && last != '.');
        if sign { format!("{}{number}", self.currency) } else { format!("{number} {}", self.currency) }
    }
}

fn wrong(message: String, cure: &str) -> Problem {
    Problem {
        code: ProblemCode::DailyCap,
        fault: Fault::Computer,
        message,
        cure: cure.to_owned(),
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capped(cap: f64) -> Money {
        Money { daily_cap: Some(cap), ..Money::default() }
    }

    #[test]
    fn what_is_no_currency_or_no_cap_is_refused_and_spaces_are_no_matter() {
        for (currency, cap, kept) in [
            ("$", None, Some("$")),
            (" CHF ", Some(5.0), Some("CHF")),
            ("kr.", Some(0.001), Some("kr.")),
            ("Kč", Some(1_000_000.0), Some("Kč")),
            ("", None, None),
            ("   ", None, None),
            ("12345", None, None),
            ("$1", None, None),
            ("too long a name", None, None),
            ("a\nb", None, None),
            ("$", Some(0.0), None),
            ("$", Some(-1.0), None),
            ("$", Some(f64::NAN), None),
            ("$", Some(f64::INFINITY), None),
            ("$", Some(1_000_001.0), None),
        ] {
            let found = Money { currency: currency.into(), daily_cap: cap }.checked();
            let found = found.ok().map(|money| (money.currency, money.daily_cap));
            assert_eq!(found, kept.map(|kept| (kept.to_owned(), cap)), "{currency:?} {cap:?}");
        }
    }

    #[test]
    fn a_day_is_near_its_cap_from_four_fifths_on_and_reaches_it_exactly() {
        for (cap, spent, wanted) in [
            (5.0, 0.0, Standing::Within),
            (5.0, 3.999, Standing::Within),
            (5.0, 4.0, Standing::Near),
            (5.0, 4.999, Standing::Near),
            (5.0, 5.0, Standing::Reached),
            (5.0, 500.0, Standing::Reached),
        ] {
            assert_eq!(capped(cap).standing(spent), wanted, "{spent} of {cap}");
        }
        assert_eq!(Money::default().standing(1e9), Standing::Within, "no cap, no warning");
    }

    #[test]
    fn a_call_is_refused_at_the_cap_and_where_the_day_cannot_be_added_up() {
        assert_eq!(Money::default().refusal(None), None);
        assert_eq!(Money::default().refusal(Some(1e9)), None);
        assert_eq!(capped(5.0).refusal(Some(4.99)), None);
        let message = |spent| capped(5.0).refusal(spent).map(|problem| problem.message);
        assert_eq!(
            message(Some(5.02)).as_deref(),
            Some("Today\u{2019}s cap of $5.00 is reached: about $5.02 has been spent.")
        );
        assert!(message(None).is_some_and(|message| message.contains("cannot be kept")));
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        for (currency, value, wanted) in [
            ("$", 0.338, "$0.34"),
            ("US$", 12.0, "US$12.00"),
            ("EUR", 0.5, "0.50 EUR"),
            ("kr.", 7.0, "7.00 kr."),
            ("€", 0.001, "€0.001"),
            ("$", 0.00004, "$0"),
            ("$", 0.0, "$0.00"),
        ] {
            let money = Money { currency: currency.into(), daily_cap: None };
            assert_eq!(money.amount(value), wanted);
        }
    }
}
