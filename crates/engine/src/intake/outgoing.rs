//! Mail that goes out on account of a message: it is sent on, or its sender is told of it. The delivery is written in the
//! message's transaction, so that nothing is promised that is not sent, and nothing sent twice.
//!
//! What is answered was written by strangers: there is one recipient to a mail, no word of theirs is repeated to an address
//! that only they have named, and nothing goes out to a machine or to somebody whom the mail is not from.

use outlink_mail::message::{Address, Parsed, fold};
use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState, GIVEN_UP_AFTER};
use outlink_model::grant::later;
use outlink_model::handler::Handler;
use outlink_model::mail_server::MailServer;
use outlink_model::message::{Authentication, Message};
use outlink_model::tracker::Person;
use outlink_model::{DeliveryId, IssueId, Timestamp};
use outlink_store::{Error as StoreError, Intake};
use uuid::Uuid;

use super::facts::{Arrival, COUNTED_OVER, is_ours};
use super::handling::Handling;
use super::text::summary;
use crate::clock;
use crate::deliveries::may_be_answered;

/// Characters of an id of somebody else's that is answered to.
const LONGEST_ID: usize = 400;

/// Notices of one outgoing mail server within an hour. More new persons than that do not write; somebody makes them up.
const MOST_NOTICES: u32 = 100;

/// Writes that a message is sent on, whole. Inside: why it cannot be, as the end of a sentence.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a forward is made of")]
pub(super) async fn forward(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    handler: Option<&Handler>,
    row: &Message,
    to: &str,
    why: &str,
    now: Timestamp,
) -> Result<Result<(), &'static str>, StoreError> {
    let sender = handler.and_then(|handler| Some((handler, handling.sender(handler)?)));
    let Some((handler, sender)) = sender else {
        return Ok(Err("its handler has no outgoing mail server"));
    };
    let from = if row.from.is_empty() { "nobody who is named" } else { &row.from };
    let text = format!(
        "This mail came to {}, and is sent on to you as it came: it is attached.\n\n{why}\n\nFrom: {from}\nSubject: {}\n",
        arrival.server.mailbox, row.subject
    );
    let id: DeliveryId = clock::id();
    let delivery = Delivery {
        kind: DeliveryKind::Forward,
        message_id: Some(row.id),
        subject: format!("Fwd: {}", summary(&row.subject)),
        text,
        mail_id: format!("{}.forward@{}", id.0.simple(), host(sender)),
        ..blank(id, sender, handler, to, now)
    };
    match tx.put_delivery(&delivery).await {
        Ok(()) => Ok(Ok(())),
        // The server was deleted just now, or the bytes were let go of before this replay.
        Err(StoreError::Missing) => {
            Ok(Err("its outgoing mail server was deleted, or its bytes are not kept any more"))
        }
        Err(error) => Err(error),
    }
}

/// Writes that the sender, who was not known before, is told of the issue that was made; if anything speaks against it,
/// nobody is told. A person is made once, and so is told once.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a notice is made of")]
pub(super) async fn notice(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    handler: &Handler,
    person: &Person,
    parsed: &Parsed,
    row: &Message,
    (issue, key): (IssueId, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(sender) = handling.sender(handler) else { return Ok(()) };
    let own = is_ours(arrival.server, handling, &person.address)
        || person.address == fold(&sender.mailbox);
    // Whoever is taken in with a mailbox that is years old has not just written.
    let is_old = now.duration_since(arrival.at) >= GIVEN_UP_AFTER;
    if own
        || is_old
        || parsed.machine.is_some()
        || !is_from_its_sender(arrival.server, row.authentication, parsed)
        || !may_be_answered(&person.address)
    {
        return Ok(());
    }
    let since = later(now, -COUNTED_OVER);
    if tx.notices_since(sender.id, since, MOST_NOTICES).await? >= MOST_NOTICES {
        // Somebody writes in many names; those who were not told are told nothing, rather than all of them.
        tracing::warn!(
            server = sender.name,
            message = %row.id,
            "a new person is not told: {MOST_NOTICES} others were within an hour"
        );
        return Ok(());
    }
    let id: DeliveryId = clock::id();
    let unique: Uuid = id.0;
    let delivery = Delivery {
        kind: DeliveryKind::Notice,
        message_id: Some(row.id),
        issue_id: Some(issue),
        subject: format!("[{key}] Your message was received"),
        text: told(arrival.server, sender, key),
        mail_id: handling.own_ids.make(issue, unique, host(sender)),
        in_reply_to: parsed.message_id.clone().filter(|id| is_id(id)),
        ..blank(id, sender, handler, written(parsed, person), now)
    };
    match tx.put_delivery(&delivery).await {
        // Its server was deleted just now: nobody is told any more.
        Ok(()) | Err(StoreError::Missing) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a notice about a mail goes to whoever wrote it, and not to somebody whose address a stranger put into From:
/// the server that is believed says so, or, where none is, the path by which it came is of the same domain (RFC 3834 §4).
fn is_from_its_sender(server: &MailServer, found: Authentication, parsed: &Parsed) -> bool {
    if server.authserv_id.is_some() {
        return found == Authentication::Pass;
    }
    let domain = |address: &Option<Address>| {
        let (_, domain) = address.as_ref()?.address.rsplit_once('@')?;
        Some(fold(domain))
    };
    let path = domain(&parsed.return_path);
    path.is_some() && path == domain(&parsed.from)
}

/// What a notice says. Nothing of the message is repeated: whoever lies in From would have us write it to somebody else.
fn told(server: &MailServer, sender: &MailServer, key: &str) -> String {
    let mailbox = &server.mailbox;
    let answer = match fold(mailbox) == fold(&sender.mailbox) {
        true => format!("answer this mail, or write to {mailbox} with {key} in the subject"),
        false => format!("write to {mailbox} with {key} in the subject"),
    };
    format!(
        "Hello,\n\nyour message to {mailbox} was received, and is kept as {key}.\n\nTo add something to it, {answer}.\n\n\
         This mail was written by a machine. It is sent once, with the first message from an address.\n"
    )
}

/// The address as its owner writes it: what stands before the `@` may differ in upper and lower case.
fn written<'a>(parsed: &'a Parsed, person: &'a Person) -> &'a str {
    let from = parsed.from.as_ref().map(|from| from.address.trim());
    from.filter(|from| fold(from) == person.address).unwrap_or(&person.address)
}

fn blank(
    id: DeliveryId,
    sender: &MailServer,
    handler: &Handler,
    to: &str,
    now: Timestamp,
) -> Delivery {
    Delivery {
        id,
        mail_server_id: sender.id,
        handler_id: Some(handler.id),
        kind: DeliveryKind::Notice,
        message_id: None,
        issue_id: None,
        to: to.to_owned(),
        subject: String::new(),
        text: String::new(),
        mail_id: String::new(),
        in_reply_to: None,
        state: DeliveryState::Waiting,
        attempts: 0,
        unanswered: 0,
        next_at: now,
        trouble: None,
        created_at: now,
        done_at: None,
    }
}

/// What stands behind the `@` of our Message-IDs: the domain that the mail comes from.
fn host(sender: &MailServer) -> &str {
    sender.mailbox.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

/// Whether somebody else's Message-ID can be repeated in a header.
fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte))
}
