//! What a call costs: an estimate from what is counted here, and beside it what the service reports.
//!
//! The service's own bill is seen by nobody but the owner of the key, so this can be no more than an
//! estimate. It counts by xAI's newest price text (October 2026): in automatic turns the time during
//! which the line is ready, in manual turns the sound that is sent and that comes, and everywhere the
//! text items that this side creates.

use std::collections::VecDeque;

use realtime::{ClientEvent, Content, NewItem, Price, Usage};
use serde::Serialize;
use ts_rs::TS;

/// Replies whose report is known to be counted. A server may repeat an event; none repeats an old one.
const REMEMBERED: usize = 16;

/// What a call has cost so far, and what that rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// In the currency of the price.
    pub estimate: f64,
    /// What is paid for by the minute, in ms.
    #[ts(type = "number")]
    pub billed_ms: u64,
    /// Text items that this side has created: typed ones, and those that tell the agent what it missed.
    pub texts: u32,
    /// What the service has said of it; absent until it does.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}

/// The sum of what the service said at the end of each reply. It is shown beside the estimate and
/// changes nothing in it: live frames of 2026-07 bill a time that follows neither clock nor sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// Sound that it says it bills, in s.
    pub audio_s: f64,
    #[ts(type = "number")]
    pub tokens: u64,
}

/// Counts what a call uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meter {
    billed_ms: u64,
    texts: u32,
    reported: Option<Reported>,
    counted: VecDeque<String>,
}

impl Meter {
    /// So many ms of the line, or of sound, are paid for.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.billed_ms = self.billed_ms.saturating_add(ms);
    }

    /// Counts the event if it creates a text.
    pub(crate) fn send(&mut self, event: &ClientEvent) {
        if let ClientEvent::ItemCreate { item, .. } = event
            && costs(item)
        {
            self.texts = self.texts.saturating_add(1);
        }
    }

    /// What came with the end of a reply. A report that makes no sense counts as none.
    pub(crate) fn report(&mut self, reply: Option<&str>, usage: &Usage) {
        if let Some(id) = reply {
            if self.counted.iter().any(|counted| counted == id) {
                return;
            }
            if self.counted.len() == REMEMBERED {
                self.counted.pop_front();
            }
            self.counted.push_back(id.to_owned());
        }
        let seconds = usage.billable_audio_seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        if seconds.is_none() && usage.total_tokens.is_none() {
            return;
        }
        let sum = self.reported.get_or_insert_default();
        sum.audio_s += seconds.unwrap_or_default();
        sum.tokens = sum.tokens.saturating_add(usage.total_tokens.unwrap_or_default());
    }

    pub(crate) fn cost(&self, price: Price) -> Cost {
        let Self { billed_ms, texts, reported, .. } = *self;
        Cost { estimate: estimate(price, billed_ms, texts), billed_ms, texts, reported }
    }
}

/// Every created item but sound and the answer of a tool.
fn costs(item: &NewItem) -> bool {
    match item {
        NewItem::Message { content, .. } => {
            !content.iter().any(|part| matches!(part, Content::InputAudio { .. }))
        }
        NewItem::FunctionCall { .. } | NewItem::ForceMessage { .. } => true,
        NewItem::FunctionCallOutput { .. } => false,
    }
}

/// In the currency of the price. A rate that is no amount of money counts as nothing.
fn estimate(price: Price, billed_ms: u64, texts: u32) -> f64 {
    let rate = |rate: f64| if rate.is_finite() { rate.max(0.0) } else { 0.0 };
    rate(price.per_minute) * billed_ms as f64 / 60_000.0 + rate(price.per_text) * f64::from(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XAI: Price = Price { per_minute: 0.08, per_text: 0.004 };

    #[test]
    fn the_estimate_is_time_at_its_rate_and_texts_at_theirs() {
        let odd = |per_minute, per_text| Price { per_minute, per_text };
        for (price, ms, texts, wanted) in [
            (XAI, 0, 0, 0.0),
            (XAI, 60_000, 0, 0.08),
            (XAI, 1_000, 0, 0.08 / 60.0),
            (XAI, 0, 3, 0.012),
            (XAI, 252_000, 1, 0.34),
            (odd(0.0, 0.5), 3_600_000, 2, 1.0),
            (odd(0.05, 0.0), 7_200_000, 40, 6.0),
            (odd(-1.0, -1.0), 60_000, 1, 0.0),
            (odd(f64::NAN, f64::INFINITY), 60_000, 1, 0.0),
        ] {
            let got = estimate(price, ms, texts);
            assert!((got - wanted).abs() < 1e-9, "{price:?}, {ms} ms, {texts} texts: {got}");
        }
    }

    #[test]
    fn only_created_texts_are_counted() {
        let text = || crate::session::text_item(realtime::Role::User, "hi".into());
        let create = |item| ClientEvent::ItemCreate { previous_item_id: None, item };
        let content = vec![Content::InputAudio { audio: vec![0; 480] }];
        let spoken = create(NewItem::Message { id: None, role: realtime::Role::User, content });
        let answer =
            create(NewItem::FunctionCallOutput { id: None, call_id: "c".into(), output: "{}".into() });
        let mut meter = Meter::default();
        for (event, texts) in [
            (text(), 1),
            (ClientEvent::reply(), 1),
            (ClientEvent::InputAudioAppend { audio: vec![0; 480] }, 1),
            (ClientEvent::InputAudioCommit, 1),
            (spoken, 1),
            (answer, 1),
            (crate::session::text_item(realtime::Role::System, "recap".into()), 2),
            (text(), 3),
        ] {
            meter.send(&event);
            assert_eq!(meter.cost(XAI).texts, texts, "after {event:?}");
        }
    }

    fn usage(seconds: Option<f64>, tokens: Option<u64>) -> Usage {
        Usage { billable_audio_seconds: seconds, total_tokens: tokens, ..Usage::default() }
    }

    #[test]
    fn reports_add_up_once_each_and_nonsense_counts_as_none() {
        let mut meter = Meter::default();
        let sum = |meter: &Meter| meter.cost(XAI).reported.map(|sum| (sum.audio_s, sum.tokens));
        for (reply, report, wanted) in [
            (Some("a"), usage(None, None), None),
            (Some("b"), usage(Some(f64::NAN), None), None),
            (Some("c"), usage(Some(1.0), Some(120)), Some((1.0, 120))),
            (Some("c"), usage(Some(1.0), Some(120)), Some((1.0, 120))),
            (Some("d"), usage(Some(4.0), None), Some((5.0, 120))),
            (Some("e"), usage(Some(-9.0), Some(u64::MAX)), Some((5.0, u64::MAX))),
            (None, usage(Some(0.5), Some(1)), Some((5.5, u64::MAX))),
        ] {
            meter.report(reply, &report);
            assert_eq!(sum(&meter), wanted, "after {reply:?} {report:?}");
        }
        assert_eq!(meter.cost(XAI).estimate, 0.0, "what is reported does not change the estimate");
    }

    #[test]
    fn a_long_call_remembers_no_more_than_the_newest_replies() {
        let mut meter = Meter::default();
        for reply in 0..1_000 {
            meter.report(Some(&reply.to_string()), &usage(Some(1.0), None));
        }
        assert_eq!(meter.counted.len(), REMEMBERED);
        assert_eq!(meter.cost(XAI).reported.map(|sum| sum.audio_s), Some(1_000.0));
    }
}
