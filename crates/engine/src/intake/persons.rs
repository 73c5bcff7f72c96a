//! The persons of a message: in whose name it is taken, whom it was written to, and who gets a part in the issue.

use outlink_mail::message::{Parsed, fold};
use outlink_model::IssueId;
use outlink_model::handler::Handler;
use outlink_model::tracker::Person;
use outlink_store::{Error as StoreError, Intake};

use super::facts::{Arrival, is_ours, sender};
use super::handling::Handling;
use crate::clock;

/// Addresses of one message that get a part in its issue. A mail to more is mail to many.
const MOST_COPIED: usize = 50;

/// In whose name a message is taken.
pub(super) struct Author {
    pub(super) person: Person,
    /// What is to be said above the text where that is not the sender.
    pub(super) byline: Option<String>,
    /// Nobody knew the sender before this message.
    pub(super) is_new: bool,
}

/// In whose name a message is taken.
pub(super) async fn author(
    tx: &mut Intake,
    handler: &Handler,
    parsed: &Parsed,
) -> Result<Author, StoreError> {
    let address = sender(parsed);
    let name = match &parsed.from {
        Some(from) => from.name.clone(),
        None => "Unknown sender".to_owned(),
    };
    if !handler.settings.create_persons
        && let Some(stand_in) = &handler.settings.default_reporter
        && tx.known_person(&address).await?.is_none()
    {
        let person = tx.person(stand_in, "", clock::id()).await?;
        let written = if name.is_empty() { address } else { format!("{name} <{address}>") };
        let byline = Some(format!("Received by mail from {written}:"));
        return Ok(Author { person, byline, is_new: false });
    }
    let id = clock::id();
    let person = tx.person(&address, &name, id).await?;
    Ok(Author { is_new: person.id == id, person, byline: None })
}

/// The persons in To, then Cc, whom we knew before this message, the mailbox itself apart.
pub(super) async fn known_copied(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    handler: &Handler,
    parsed: &Parsed,
) -> Result<Vec<Person>, StoreError> {
    let mut known: Vec<Person> = Vec::new();
    if !handler.settings.cc_assignee && !handler.settings.cc_watchers {
        return Ok(known);
    }
    for address in parsed.to.iter().chain(&parsed.cc).take(MOST_COPIED) {
        let address = fold(&address.address);
        if is_ours(arrival.server, handling, &address)
            || known.iter().any(|person| person.address == address)
        {
            continue;
        }
        known.extend(tx.known_person(&address).await?);
    }
    Ok(known)
}

/// Gives the author and those who were written to a part in the issue: they may answer with its key alone. The mailbox's
/// own addresses get none, or whoever writes in their name would have one everywhere.
pub(super) fn involve(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    issue: IssueId,
    author: &Person,
    parsed: &Parsed,
) {
    let mut addresses = vec![author.address.clone(), sender(parsed)];
    let copied = parsed.to.iter().chain(&parsed.cc).take(MOST_COPIED);
    addresses.extend(copied.map(|address| fold(&address.address)));
    addresses.retain(|address| !is_ours(arrival.server, handling, address));
    addresses.sort();
    addresses.dedup();
    tx.involve(issue, &addresses);
}
