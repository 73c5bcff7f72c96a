//! What becomes of a message: the one place where that is decided, from what is known about it.

use super::{Bulk, Handler, HandlerType, SenderLists, Unauthenticated};
use crate::message::{Authentication, Facts, Machine, MachineKind, Match, MatchedBy};
use crate::{HandlerId, IssueId, ProjectId};

/// Which part of a message becomes the text of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// All of it.
    Whole,
    /// Without quotes and signature.
    New,
    /// What stands before one of the handler's markers.
    BeforeMarker,
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A new issue in this project.
    Create(ProjectId),
    /// A comment on this issue.
    Comment(IssueId, Text),
    /// Nothing, on purpose.
    Reject,
    /// Nothing, on purpose, and it is deleted on its server for good.
    Delete,
    /// It is sent on to this address.
    Forward(String),
    /// It is kept for somebody to look at.
    Quarantine,
    /// Nothing, since no handler takes it.
    Unhandled,
}

/// A handler that did not take a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which one.
    pub handler: HandlerId,
    /// Why, as a sentence.
    pub why: String,
}

/// What becomes of one message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The handler that took it.
    pub handler: Option<HandlerId>,
    /// What becomes of it.
    pub decision: Decision,
    /// Why, as a sentence; empty where it is evident.
    pub why: String,
    /// The handlers that were asked before and did not take it.
    pub left: Vec<Left>,
}

/// What one handler says of a message.
enum Answer {
    Takes(Decision, String),
    Leaves(String),
}

/// Decides what becomes of a message. The handlers come in their order; one that is switched off is not asked.
///
/// Our own mail is refused first, whoever is trusted: that filter cannot be switched off. Then the lists of senders that
/// hold for all, and then each handler until one takes it:
///
/// | asked in this order | what follows |
/// |---|---|
/// | is it for another address than the handler's? | left to the next |
/// | are only some senders taken, and this one is not among them? | left to the next |
/// | is the sender denied? | rejected |
/// | did a machine write it (and the sender is not trusted)? | a report is rejected, the rest goes by the bulk policy |
/// | does the sender's domain not stand behind it? | quarantined, where the handler wants it so |
/// | too many of this sender (who is not trusted) within an hour? | quarantined |
/// | is the sender unknown, and may nobody stand in? | forwarded, or left to the next |
/// | does it belong to an issue? | a comment, where the handler comments |
/// | does the handler make issues? | a new issue |
/// | else | forwarded, or left to the next |
///
/// So that no mail goes round in circles, whatever would be forwarded is not, whoever is trusted, where it comes from the
/// very address that it would go to (rejected if a machine wrote it, else quarantined: somebody may have pressed Reply), or
/// where too many of this sender came within an hour (quarantined).
pub fn decide(handlers: &[Handler], lists: &SenderLists, facts: &Facts) -> Verdict {
    let verdict = |handler, decision, why, left| Verdict { handler, decision, why, left };
    if facts.is_own {
        let why = "outlink itself sent it.".to_owned();
        return verdict(None, Decision::Reject, why, Vec::new());
    }
    if let Some(rule) = lists.deny.iter().find(|rule| rule.matches(&facts.sender)) {
        let why = format!("The sender is denied for all handlers ({rule}).");
        return verdict(None, Decision::Reject, why, Vec::new());
    }
    let trusted = lists.allow.iter().any(|rule| rule.matches(&facts.sender));
    let mut left = Vec::new();
    for handler in handlers.iter().filter(|handler| handler.enabled) {
        match ask(handler, trusted, facts) {
            Answer::Takes(decision, why) => {
                return verdict(Some(handler.id), decision, why, left);
            }
            Answer::Leaves(why) => left.push(Left { handler: handler.id, why }),
        }
    }
    let why = left.iter().map(|left| left.why.as_str()).collect::<Vec<_>>().join(" ");
    verdict(None, Decision::Unhandled, why, left)
}

fn ask(handler: &Handler, trusted_by_all: bool, facts: &Facts) -> Answer {
    let settings = &handler.settings;
    let takes = |decision, why: String| Answer::Takes(decision, why);
    if !catches(handler, &facts.recipients) {
        let wanted = settings.catch.join(", ");
        return Answer::Leaves(format!("{} takes mail to {wanted} alone.", handler.name));
    }
    let is_proven_false = is_proven_false(handler, facts);
    let allowed = !is_proven_false && settings.allow.iter().any(|rule| rule.matches(&facts.sender));
    if settings.only_allowed && !allowed {
        return Answer::Leaves(format!("{} does not take mail of this sender.", handler.name));
    }
    if let Some(rule) = settings.deny.iter().find(|rule| rule.matches(&facts.sender)) {
        return takes(Decision::Reject, format!("The sender is denied ({rule})."));
    }
    let trusted = allowed || (trusted_by_all && !is_proven_false);
    if let Some(machine) = &facts.machine
        && !trusted
        && let Some(answer) = machine_made(handler, facts, machine)
    {
        return answer;
    }
    if facts.authentication == Authentication::Fail
        && settings.unauthenticated == Unauthenticated::Quarantine
    {
        let why = "The sender's domain does not stand behind it: From may be a lie.";
        return takes(Decision::Quarantine, why.to_owned());
    }
    if !trusted && let Some(why) = too_many(handler, facts) {
        return takes(Decision::Quarantine, why);
    }
    if !facts.is_known && !settings.create_persons && settings.default_reporter.is_none() {
        return cannot(handler, facts, "the sender is unknown, and no default reporter is set");
    }
    become_something(handler, facts)
}

/// Whether the message is for one of the handler's addresses. A word behind a `+` does not make it another address.
fn catches(handler: &Handler, recipients: &[String]) -> bool {
    let catch = &handler.settings.catch;
    catch.is_empty()
        || recipients.iter().any(|recipient| {
            let bare = without_tag(recipient);
            catch.iter().any(|own| own == recipient || bare.as_deref() == Some(own))
        })
}

/// `support+key@example.org` as `support@example.org`; `None` where there is no word behind a `+`.
fn without_tag(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let (local, _) = local.split_once('+')?;
    Some(format!("{local}@{domain}"))
}

/// `None` where the handler takes such mail like any other.
fn machine_made(handler: &Handler, facts: &Facts, machine: &Machine) -> Option<Answer> {
    let settings = &handler.settings;
    let why = format!("A machine wrote it: {}.", machine.why);
    let policy = match machine.kind {
        // Nobody can be answered who is told that a mail did not arrive.
        MachineKind::Report => Bulk::Ignore,
        _ if !goes_by_policy(handler, machine) => return None,
        MachineKind::Reply | MachineKind::Bulk | MachineKind::List => settings.bulk,
    };
    match (policy, &settings.forward_to) {
        (Bulk::Accept, _) => None,
        (Bulk::Delete, _) => Some(Answer::Takes(Decision::Delete, why)),
        (Bulk::Forward, Some(to)) => Some(send_on(handler, facts, to, why)),
        (Bulk::Ignore | Bulk::Forward, _) => Some(Answer::Takes(Decision::Reject, why)),
    }
}

/// Whether the handler takes it for written by a machine; what comes by a list is mostly written by people.
fn goes_by_policy(handler: &Handler, machine: &Machine) -> bool {
    machine.kind != MachineKind::List || handler.settings.bulk_lists
}

fn too_many(handler: &Handler, facts: &Facts) -> Option<String> {
    let over = |count: u32, limit: u32| limit > 0 && count >= limit;
    let settings = &handler.settings;
    if over(facts.from_sender, settings.sender_per_hour) {
        let most = settings.sender_per_hour;
        return Some(format!(
            "More than {most} messages of this sender came within an hour, which looks like a loop."
        ));
    }
    if over(facts.from_sender_in_issue, settings.issue_per_hour) {
        let most = settings.issue_per_hour;
        return Some(format!(
            "More than {most} messages of this sender to one issue came within an hour, which looks like a loop."
        ));
    }
    None
}

/// What the handler does with a message that nothing speaks against.
fn become_something(handler: &Handler, facts: &Facts) -> Answer {
    let (found, passed_over) = belongs_to(handler, facts);
    let create = |why| {
        let project = match &facts.project_by_tag {
            Some((project, _)) if handler.settings.sub_addresses => *project,
            _ => handler.project_id,
        };
        Answer::Takes(Decision::Create(project), why)
    };
    let comment = |text| match &found {
        Some(found) => Answer::Takes(Decision::Comment(found.issue_id, text), because(found)),
        None => cannot(handler, facts, passed_over.as_deref().unwrap_or("it belongs to no issue")),
    };
    let text = if handler.settings.strip_quotes { Text::New } else { Text::Whole };
    match handler.kind {
        HandlerType::Create => create(String::new()),
        HandlerType::CreateOrComment if found.is_some() => comment(text),
        HandlerType::CreateOrComment => {
            create(passed_over.map(|why| format!("A new issue, since {why}.")).unwrap_or_default())
        }
        HandlerType::CommentNewText => comment(Text::New),
        HandlerType::CommentWhole => comment(Text::Whole),
        HandlerType::CommentBeforeMarker => comment(Text::BeforeMarker),
    }
}

/// The issue that the message belongs to for this handler; or why a key in its subject does not count.
fn belongs_to<'a>(handler: &Handler, facts: &'a Facts) -> (Option<&'a Match>, Option<String>) {
    match (&facts.by_key, &facts.by_headers) {
        (Some(key), _) if may_follow(handler, facts, key) => (Some(key), None),
        (_, Some(headers)) => (Some(headers), None),
        (Some(key), None) => {
            let why =
                format!("the sender has no part in {}, whose key stands in the subject", key.key);
            (None, Some(why))
        }
        (None, None) => (None, None),
    }
}

/// Whether the sender counts as somebody who is known to lie about being it, and gets nothing for who it is.
fn is_proven_false(handler: &Handler, facts: &Facts) -> bool {
    facts.authentication == Authentication::Fail
        && handler.settings.unauthenticated != Unauthenticated::Accept
}

/// Whether a key in the subject leads to its issue. A sender whose domain does not stand behind the mail has no part in any.
fn may_follow(handler: &Handler, facts: &Facts, key: &Match) -> bool {
    let is_involved = key.is_involved && !is_proven_false(handler, facts);
    is_involved || !handler.settings.only_involved
}

fn because(found: &Match) -> String {
    match found.by {
        MatchedBy::Key => format!("{} stands in its subject.", found.key),
        MatchedBy::OwnId => format!("It answers a mail of ours about {}.", found.key),
        MatchedBy::InReplyTo => format!("It answers a message of {}.", found.key),
        MatchedBy::References => format!("It refers to a message of {}.", found.key),
    }
}

/// A message that this handler can do nothing with: sent on, where there is somebody to send it to, else left.
fn cannot(handler: &Handler, facts: &Facts, why: &str) -> Answer {
    let why = format!("{} cannot handle it: {why}.", handler.name);
    match &handler.settings.forward_to {
        Some(to) => send_on(handler, facts, to, why),
        None => Answer::Leaves(why),
    }
}

/// Sends a message on, unless that would lead in a circle: what is sent on is answered by machines too.
fn send_on(handler: &Handler, facts: &Facts, to: &str, why: String) -> Answer {
    if is_one_mailbox(&facts.sender, to) {
        let why = format!("{why} It comes from {to} itself, and is not sent back there.");
        let decision = match &facts.machine {
            Some(machine) if goes_by_policy(handler, machine) => Decision::Reject,
            _ => Decision::Quarantine,
        };
        return Answer::Takes(decision, why);
    }
    if let Some(many) = too_many(handler, facts) {
        return Answer::Takes(Decision::Quarantine, format!("{why} It is not sent on: {many}"));
    }
    Answer::Takes(Decision::Forward(to.to_owned()), why)
}

/// Whether mail to the one reaches the other. A word behind a `+` does not make it another mailbox.
fn is_one_mailbox(one: &str, other: &str) -> bool {
    let bare = |address: &str| without_tag(address).unwrap_or_else(|| address.to_owned());
    bare(one).eq_ignore_ascii_case(&bare(other))
}

#[cfg(test)]
mod tests;
