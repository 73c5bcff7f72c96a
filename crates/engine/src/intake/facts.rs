//! What is known about a message when it is decided what becomes of it.

use jiff::SignedDuration;
use outlink_mail::message::{Parsed, authentication_by, fold};
use outlink_model::grant::later;
use outlink_model::mail_server::MailServer;
use outlink_model::message::{Authentication, Facts, Match, MatchedBy};
use outlink_model::{IssueId, Timestamp};
use outlink_store::{Error as StoreError, Intake};

use super::handling::Handling;

/// Messages of one sender are counted over this time.
pub(super) const COUNTED_OVER: SignedDuration = SignedDuration::from_hours(1);

/// Messages of one sender that are counted at most.
const MOST_COUNTED: u32 = 10_000;

/// Whose mail it is that is looked at, and when it arrived.
pub(super) struct Arrival<'a> {
    pub(super) server: &'a MailServer,
    /// When the mail server received it.
    pub(super) at: Timestamp,
    /// Somebody asked for it by hand, so that no limit against loops holds.
    pub(super) is_replay: bool,
}

/// The sender's address, in lower case; empty where there is none.
pub(super) fn sender(parsed: &Parsed) -> String {
    parsed.from.as_ref().map(|from| fold(&from.address)).unwrap_or_default()
}

/// Whether the sender's domain stands behind a mail, as the server that is believed says.
pub(super) fn authentication(server: &MailServer, parsed: &Parsed) -> Authentication {
    match &server.authserv_id {
        Some(believed) => authentication_by(parsed, believed).0,
        None => Authentication::None,
    }
}

/// Gathers what is known.
pub(super) async fn gather(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    parsed: &Parsed,
) -> Result<Facts, StoreError> {
    let mut facts = Facts {
        is_own: parsed.fingerprint.as_deref().is_some_and(|told| handling.own_ids.is_ours(told)),
        machine: parsed.machine.clone(),
        authentication: authentication(arrival.server, parsed),
        recipients: parsed.recipients.clone(),
        sender: sender(parsed),
        ..Facts::default()
    };
    if facts.is_own {
        return Ok(facts);
    }
    facts.by_key = by_key(tx, parsed, &facts.sender).await?;
    // A key that its sender may use for every handler leads before any header does.
    let leads = facts.by_key.as_ref().is_some_and(|found| found.is_involved)
        && facts.authentication != Authentication::Fail;
    if !leads {
        facts.by_headers = by_headers(tx, handling, arrival.server, parsed, &facts.sender).await?;
    }
    if handling.handlers.iter().any(|handler| !handler.settings.create_persons) {
        facts.is_known =
            !facts.sender.is_empty() && tx.known_person(&facts.sender).await?.is_some();
    }
    if !arrival.is_replay {
        count(tx, handling, arrival.at, &mut facts).await?;
    }
    if handling.handlers.iter().any(|handler| handler.settings.sub_addresses) {
        for tag in tags(arrival.server, handling, &facts.recipients) {
            if let Some(project) = tx.project_by_key(&tag.to_uppercase()).await? {
                facts.project_by_tag = Some((project, tag));
                break;
            }
        }
    }
    Ok(facts)
}

/// The leftmost key in the subject that an issue has or had.
async fn by_key(
    tx: &mut Intake,
    parsed: &Parsed,
    sender: &str,
) -> Result<Option<Match>, StoreError> {
    for key in &parsed.keys {
        if let Some((issue_id, key)) = tx.issue_by_key(key).await? {
            let is_involved = tx.is_involved(issue_id, sender).await?;
            return Ok(Some(Match { issue_id, key, by: MatchedBy::Key, is_involved }));
        }
    }
    Ok(None)
}

/// The issue that a message answers to: by an id of ours, by In-Reply-To, by References.
async fn by_headers(
    tx: &mut Intake,
    handling: &Handling,
    server: &MailServer,
    parsed: &Parsed,
    sender: &str,
) -> Result<Option<Match>, StoreError> {
    let report = parsed.report.as_ref().map(|report| report.original_ids.as_slice());
    // RFC 5322 §3.6.4 puts the nearest parent last.
    let newest_first: Vec<String> = parsed.references.iter().rev().cloned().collect();
    let told = [
        (parsed.in_reply_to.as_slice(), MatchedBy::InReplyTo),
        (newest_first.as_slice(), MatchedBy::References),
        (report.unwrap_or_default(), MatchedBy::References),
    ];
    let own = told.iter().flat_map(|(ids, _)| ids.iter());
    for issue_id in own.filter_map(|id| handling.own_ids.issue(id)) {
        if let Some((key, is_involved)) = tx.issue_to_follow(issue_id, sender).await? {
            return Ok(Some(Match { issue_id, key, by: MatchedBy::OwnId, is_involved }));
        }
    }
    for (ids, by) in told.into_iter().filter(|(ids, _)| !ids.is_empty()) {
        if let Some(issue_id) = tx.issue_by_message_ids(server.id, ids).await?
            && let Some((key, is_involved)) = tx.issue_to_follow(issue_id, sender).await?
        {
            return Ok(Some(Match { issue_id, key, by, is_involved }));
        }
    }
    Ok(None)
}

/// Counts the sender's messages of the hour before this one, by when they arrived: a mailbox that is taken in with all that
/// it holds is no loop.
async fn count(
    tx: &mut Intake,
    handling: &Handling,
    at: Timestamp,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let limits = || handling.handlers.iter().map(|handler| &handler.settings);
    let counts_issues = limits().any(|limits| limits.issue_per_hour > 0);
    // Whoever is over the largest limit is over each; only where one handler has none is there more to be counted.
    let most = match limits().any(|limits| limits.sender_per_hour == 0) {
        false => limits().map(|limits| limits.sender_per_hour).max().unwrap_or(0),
        true if counts_issues => MOST_COUNTED,
        true => return Ok(()),
    };
    // Which of the two leads is the handler's to say; the busier one counts, so that no foreign key hides a loop.
    let leads = [&facts.by_key, &facts.by_headers].into_iter().flatten();
    let issues: Vec<IssueId> =
        leads.map(|found| found.issue_id).filter(|_| counts_issues).collect();
    let after = later(at, -COUNTED_OVER);
    let written = tx.written_by(&facts.sender, &issues, after, at, most).await?;
    (facts.from_sender, facts.from_sender_in_issue) = (written.all, written.in_issue);
    Ok(())
}

/// Whether an address, in lower case, is one of the mailbox's own.
pub(super) fn is_ours(server: &MailServer, handling: &Handling, address: &str) -> bool {
    let caught = handling.handlers.iter().flat_map(|handler| &handler.settings.catch);
    address == fold(&server.mailbox) || caught.into_iter().any(|own| own == address)
}

/// The words behind a `+` of the mailbox's own addresses: `support+web+urgent@example.org` says `web` and `urgent`.
pub(super) fn tags(server: &MailServer, handling: &Handling, recipients: &[String]) -> Vec<String> {
    let own = |address: &str| is_ours(server, handling, address);
    let mut tags: Vec<String> = Vec::new();
    for recipient in recipients {
        let Some((local, domain)) = recipient.rsplit_once('@') else { continue };
        let Some((base, rest)) = local.split_once('+') else { continue };
        if !own(&format!("{base}@{domain}")) {
            continue;
        }
        let words = rest.split('+').map(clean).filter(|word| !word.is_empty());
        for word in words {
            if tags.len() < MOST_TAGS && !tags.contains(&word) {
                tags.push(word);
            }
        }
    }
    tags
}

/// Labels of one message.
const MOST_TAGS: usize = 10;
/// Characters of a label.
const LONGEST_TAG: usize = 50;

/// A word as a label: a stranger wrote it.
fn clean(word: &str) -> String {
    let legal = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    word.chars().filter(legal).take(LONGEST_TAG).collect()
}
