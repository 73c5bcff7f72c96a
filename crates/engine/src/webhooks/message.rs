//! What is sent, and when it is sent again. Pure.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::later;
use outlink_model::{Secret, Timestamp};
use serde_json::json;

use super::PREFIX;

/// The waits between attempts, in seconds: the first comes again soon, since most faults pass quickly; the last one more
/// than three days after the event, since some weekends are long.
const WAITS: [i64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// When the next attempt is due after so many have failed; `None` after the last. A wait is lengthened by up to a fifth,
/// so that what failed together does not come back together.
pub(super) fn next_attempt(failed: u32, now: Timestamp, jitter: f64) -> Option<Timestamp> {
    let place = usize::try_from(failed.saturating_sub(1)).ok()?;
    let wait = SignedDuration::from_secs(*WAITS.get(place)?);
    Some(later(now, wait + wait.mul_f64(0.2 * jitter)))
}

/// The body of a request: the event as the API shows it.
pub(super) fn body(event: &Event) -> String {
    json!({
        "type": event.kind,
        "timestamp": event.at,
        "data": {
            "id": event.id,
            "at": event.at,
            "kind": event.kind,
            "subject": event.subject,
            "state": event.state,
            "actor": event.actor.as_str(),
            "message": event.message,
            "hint": event.hint,
        },
    })
    .to_string()
}

/// The headers that say what is sent, when, and that it comes from us. `None` if the secret is not one that we made.
pub(super) fn headers(
    secret: &Secret,
    id: &str,
    at: Timestamp,
    body: &str,
) -> Option<[(&'static str, Secret); 3]> {
    let encoded = secret.expose().strip_prefix(PREFIX)?;
    let key = zeroize::Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let at = at.as_second().to_string();
    let tag = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
    let signature = format!("v1,{}", BASE64_STANDARD.encode(tag));
    let (id, at, signature) = (Secret::new(id), Secret::new(at), Secret::new(signature));
    Some([("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::EventId;
    use outlink_model::event::EventClass;
    use outlink_model::grant::Actor;
    use uuid::Uuid;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_failed_delivery_comes_again_nine_times() {
        let now = at("2027-03-01T10:00:00Z");
        let wait = |failed, jitter| {
            next_attempt(failed, now, jitter).map(|next| next.duration_since(now).as_secs())
        };
        let table = [
            (1, Some(5)),
            (2, Some(300)),
            (3, Some(1800)),
            (4, Some(7200)),
            (9, Some(86_400)),
            (10, None),
            (u32::MAX, None),
        ];
        for (failed, expected) in table {
            assert_eq!(wait(failed, 0.0), expected, "after {failed}");
        }
        assert_eq!(wait(1, 1.0), Some(6), "a fifth more at most");
        assert_eq!(wait(2, 1.0), Some(360));
    }

    #[test]
    fn what_is_signed_is_id_time_and_body() {
        // The example of the conventions' own libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", at("2021-02-25T15:02:10Z"));
        let sent = headers(&secret, id, at, r#"{"test": 2432232314}"#).unwrap();
        let sent = sent.each_ref().map(|(name, value)| (*name, value.expose()));
        let expected = [
            ("webhook-id", id),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ];
        assert_eq!(sent, expected);
        for other in ["whsec_%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(headers(&Secret::new(other), id, at, "{}").is_none(), "{other}");
        }
    }

    #[test]
    fn the_body_is_the_event() {
        let event = Event {
            id: EventId(Uuid::from_u128(1)),
            at: at("2027-03-01T10:00:00.25Z"),
            class: EventClass::Health,
            kind: "grant.needs_consent".into(),
            subject: "grant a@example.org".into(),
            state: Some("needs_consent".into()),
            actor: Actor::MailboxOwner,
            message: "It said \"no\".".into(),
            hint: String::new(),
        };
        let read: serde_json::Value = serde_json::from_str(&body(&event)).unwrap();
        assert_eq!(read["type"], "grant.needs_consent");
        assert_eq!(read["timestamp"], "2027-03-01T10:00:00.25Z");
        assert_eq!(read["data"]["message"], "It said \"no\".");
        assert_eq!(read["data"]["actor"], "mailbox_owner");
        assert_eq!(read["data"]["hint"], "");
    }
}
