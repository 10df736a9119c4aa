use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{self, HeaderMap};
use serde_json::Value;
use time::format_description::StaticFormatDescription;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

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
    const ZONELESS: StaticFormatDescription =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    let text = text.replacen(' ', "T", 1);
    let moment = OffsetDateTime::parse(&text, &Rfc3339)
        .or_else(|_| Ok::<_, time::error::Parse>(PrimitiveDateTime::parse(&text, ZONELESS)?.assume_utc()))
        .ok()?;
    (moment >= OffsetDateTime::UNIX_EPOCH).then(|| moment.into())
}

/// What the server's own clock shows (`Date`, RFC 9110 §6.6.1), to the second.
pub(super) fn clock(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?.trim()).ok()
}

/// `Retry-After`: seconds, or a date (RFC 9110).
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    match text.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text.trim()).ok()?.duration_since(now).unwrap_or_default()),
    }
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
