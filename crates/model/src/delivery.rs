//! Deliveries: mail on its way out.
//!
//! A delivery is written in the transaction of what it is about, so that nothing is promised that is not sent; it is
//! tried until the mail server takes it, refuses it for good, or it has grown too old.

use jiff::SignedDuration;

use crate::grant::{Trouble, later};
use crate::{DeliveryId, HandlerId, IssueId, MailServerId, MessageId, Timestamp};

/// What a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// A message that was received, whole, sent on to somebody.
    Forward,
    /// A person is told that a message was received, and which issue it made.
    Notice,
}

crate::names!(DeliveryKind, "kind", { Forward => "forward", Notice => "notice" });

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent, now or at its next time.
    Waiting,
    /// The mail server took it.
    Sent,
    /// It is not tried any more, unless somebody asks for it; the trouble says why.
    Failed,
}

crate::names!(DeliveryState, "state", { Waiting => "waiting", Sent => "sent", Failed => "failed" });

/// One mail on its way out, to one address.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The outgoing server that is to take it.
    pub mail_server_id: MailServerId,
    /// The handler in whose name it is sent, which may have been deleted since.
    pub handler_id: Option<HandlerId>,
    /// What it is.
    pub kind: DeliveryKind,
    /// The received message that it is about. A forward carries its raw bytes, which are kept until it is sent.
    pub message_id: Option<MessageId>,
    /// The issue that it is about.
    pub issue_id: Option<IssueId>,
    /// The address that it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// Its own Message-ID, without angle brackets: the same at every attempt, so that whoever gets it twice can tell.
    pub mail_id: String,
    /// The Message-ID that it answers to, without angle brackets.
    pub in_reply_to: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts that the mail server answered about this mail, or at which it was given the whole mail. Those that failed
    /// before, since the server could not be reached or did not let us in, count for the server.
    pub attempts: u32,
    /// Those of the attempts at which the mail server was given the whole mail and said nothing of it.
    pub unanswered: u32,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// What was wrong with the last attempt.
    pub trouble: Option<Trouble>,
    /// When it was written, or somebody asked for it to be tried anew: from here on it grows old.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub done_at: Option<Timestamp>,
}

/// A mail that was not taken for this long is given up: whoever waits for it has long since asked again.
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// After so many attempts at which a mail was given whole and not answered for, it is given up: it may have arrived as
/// often.
const MOST_UNANSWERED: u32 = 5;

/// What follows from an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    At(Timestamp),
    /// It is given up.
    GiveUp,
}

/// When a mail that was not taken is tried again. `jitter` is a number from 0 to 1.
///
/// | the refusal | what follows |
/// |---|---|
/// | is for good (5yz, RFC 5321 §4.2.1) | it is given up |
/// | is for now, and the mail is older than [`GIVEN_UP_AFTER`] | it is given up |
/// | is for now | it is tried again after 1, 2, 4, … minutes, an hour at most |
pub fn after_refusal(delivery: &Delivery, is_for_good: bool, now: Timestamp, jitter: f64) -> Next {
    let is_old = now.duration_since(delivery.created_at) >= GIVEN_UP_AFTER;
    if is_for_good || is_old {
        return Next::GiveUp;
    }
    let minutes = 1_i64 << delivery.attempts.saturating_sub(1).min(6);
    let wait = SignedDuration::from_mins(minutes.min(60));
    Next::At(later(now, wait.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0)))
}

/// When a mail that was given whole and not answered for is sent again: after the same times, and at most five times in
/// all. `delivery` counts the attempt already.
pub fn after_silence(delivery: &Delivery, now: Timestamp, jitter: f64) -> Next {
    after_refusal(delivery, delivery.unanswered >= MOST_UNANSWERED, now, jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn tried(attempts: u32) -> Delivery {
        Delivery {
            id: DeliveryId(Uuid::from_u128(1)),
            mail_server_id: MailServerId(Uuid::from_u128(2)),
            handler_id: None,
            kind: DeliveryKind::Notice,
            message_id: None,
            issue_id: None,
            to: "a@example.org".into(),
            subject: String::new(),
            text: String::new(),
            mail_id: "1@example.org".into(),
            in_reply_to: None,
            state: DeliveryState::Waiting,
            attempts,
            unanswered: 0,
            next_at: Timestamp::UNIX_EPOCH,
            trouble: None,
            created_at: Timestamp::UNIX_EPOCH,
            done_at: None,
        }
    }

    #[test]
    fn a_mail_is_tried_less_and_less_often_until_it_is_given_up() {
        let now = later(Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1));
        let minutes = |attempts, jitter| match after_refusal(&tried(attempts), false, now, jitter) {
            Next::At(at) => Some(at.duration_since(now).as_secs() as f64 / 60.0),
            Next::GiveUp => None,
        };
        let waits: Vec<_> = (0..=9).map(|attempts| minutes(attempts, 0.0)).collect();
        let wanted = [1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0];
        assert_eq!(waits, wanted.map(Some));
        assert_eq!(minutes(3, 1.0), Some(5.0), "jitter makes it later");
        assert_eq!(minutes(u32::MAX, 7.0), Some(75.0));
        assert_eq!(after_refusal(&tried(1), true, now, 0.0), Next::GiveUp, "refused for good");
        let old = later(Timestamp::UNIX_EPOCH, GIVEN_UP_AFTER);
        assert_eq!(after_refusal(&tried(1), false, old, 0.0), Next::GiveUp, "too old");
    }

    #[test]
    fn a_mail_that_is_never_answered_for_is_sent_five_times_at_most() {
        let now = Timestamp::UNIX_EPOCH;
        let silent = |attempts, unanswered| Delivery { unanswered, ..tried(attempts) };
        assert!(matches!(after_silence(&silent(9, 4), now, 0.0), Next::At(_)));
        assert_eq!(after_silence(&silent(5, 5), now, 0.0), Next::GiveUp);
    }
}
