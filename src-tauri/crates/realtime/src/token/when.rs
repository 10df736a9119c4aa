use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// Numbers above this are milliseconds: as seconds they would lie 30,000 years ahead.
const MILLISECONDS_FROM: f64 = 1e12;

/// An expiry: Unix seconds, Unix milliseconds, either of them as text, or RFC 3339.
pub(super) fn expiry(value: &Value) -> Option<SystemTime> {
    match value {
        Value::Number(number) => from_unix(number.as_f64()?),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => from_unix(number),
            Err(_) => rfc3339(text.trim()),
        },
        _ => None,
    }
}

fn from_unix(number: f64) -> Option<SystemTime> {
    let seconds = if number > MILLISECONDS_FROM { number / 1000.0 } else { number };
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// `2026-11-24T10:20:30.5Z`, `2026-11-24 10:20:30+02:00` (RFC 3339); a time without a zone is UTC.
fn rfc3339(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse::<u32>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let clock = clock.split('.').next()?;
    let offset = match zone.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let seconds =
                i64::from(hours.parse::<u8>().ok()?) * 3600 + i64::from(minutes.parse::<u8>().ok()?) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => 0,
    };
    at(year, month, day, clock, offset)
}

/// The three forms of RFC 9110 reduce to one in practice: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u32 + 1;
    at(words.next()?.parse().ok()?, month, day, words.next()?, 0)
}

/// `Retry-After`: seconds, or a date (RFC 9110).
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    match text.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(http_date(text.trim())?.duration_since(now).unwrap_or_default()),
    }
}

fn at(year: u32, month: u32, day: u32, clock: &str, offset_seconds: i64) -> Option<SystemTime> {
    let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().unwrap_or(Ok(0)).ok()?;
    let sensible = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && offset_seconds.abs() <= 86_400;
    if !sensible {
        return None;
    }
    // Days since 1970-01-01, counting years from March so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = i64::from(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1)
        - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_seconds;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn unix(value: Value) -> Option<u64> {
        Some(expiry(&value)?.duration_since(UNIX_EPOCH).unwrap().as_secs())
    }

    #[test]
    fn reads_every_way_to_write_an_expiry() {
        for value in [
            json!(1_785_214_681),
            json!(1_785_214_681.0),
            json!(1_785_214_681_000_u64),
            json!("1785214681"),
            json!("2026-07-28T04:58:01Z"),
            json!("2026-07-28T04:58:01.250Z"),
            json!("2026-07-28T06:58:01+02:00"),
            json!("2026-07-28 04:58:01"),
        ] {
            assert_eq!(unix(value.clone()), Some(1_785_214_681), "{value}");
        }
    }

    #[test]
    fn a_broken_expiry_is_none() {
        for value in [
            json!(-5),
            json!(1e300),
            json!("soon"),
            json!("2026-13-01T00:00:00Z"),
            json!("2026-07-28T25:00:00Z"),
            json!("2026-07-28T04:58:01+99:00"),
            json!("2026-07-28T04:58:01-8888888888888888888:00"),
            json!("2026-07-28T04:58:01+02:8888888888888888888"),
            json!({}),
            json!(null),
            json!(true),
            json!("T"),
            json!("NaN"),
            json!("inf"),
        ] {
            assert_eq!(unix(value.clone()), None, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_time_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{0,30}[-+Z]?[0-9:é]{0,30}", any in ".*") {
            for text in [text, any] {
                expiry(&json!(text));
                retry_after(&text, UNIX_EPOCH);
            }
        }
    }

    #[test]
    fn reads_retry_after() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("17", now), Some(Duration::from_secs(17)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:00 GMT", now), Some(Duration::from_secs(23)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("later", now), None);
    }
}
