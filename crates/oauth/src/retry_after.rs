//! `Retry-After` (RFC 9110 §10.2.3): how long a server asks us to wait.

use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use outlink_model::Timestamp;

/// No server may put a grant to sleep for longer than this.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Reads seconds or a date in any of the three forms of RFC 9110 §5.6.7. What is past is no wait; what cannot be read,
/// or lies beyond what a time can say, is `None`.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<SignedDuration> {
    let value = value.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() => return None,
        Ok(seconds) => {
            SignedDuration::from_secs(seconds.clamp(0.0, LONGEST.as_secs() as f64).ceil() as i64)
        }
        Err(_) => date(value)?.duration_since(now),
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST))
}

fn date(value: &str) -> Option<Timestamp> {
    static COMMON: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    if let Ok(at) = COMMON.parse_timestamp(value) {
        return Some(at);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"].into_iter().find_map(|format| {
        let parts = strtime::parse(format, value).ok()?;
        Some(parts.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: Timestamp = "1994-11-06T08:48:37Z".parse().expect("a time");
        let table = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("1.5", Some(2)),
            ("-5", Some(0)),
            ("99999999999999999999", Some(86400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(60)),
            ("Sun Nov  6 08:49:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Thu, 31 Dec 2099 23:59:59 GMT", Some(86400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(retry_after(value, now).map(|wait| wait.as_secs()), expected, "{value:?}");
        }
    }
}
