//! What a decision makes of a message: issue, comment, attachments, and its row in the ledger.

use outlink_mail::message::Parsed;
use outlink_model::handler::{Decision, Handler, Text, Verdict};
use outlink_model::message::{MachineKind, Message, Outcome};
use outlink_model::tracker::{NewComment, NewIssue};
use outlink_model::{CommentId, IssueId, ProjectId, Timestamp};
use outlink_store::{Error as StoreError, Intake};

use super::facts::{self, Arrival};
use super::files::attach;
use super::handling::Handling;
use super::outgoing;
use super::persons::{author, involve, known_copied};
use super::text::{cut, summary};
use crate::clock;

/// What became of a message: its row, not yet written, and what follows from the decision.
pub(super) struct Became {
    /// The row.
    pub(super) row: Message,
    /// The key of the issue that it made or belongs to.
    pub(super) key: Option<String>,
    /// Why, and which handlers were asked before.
    pub(super) verdict: Verdict,
    /// The text of the issue or the comment; empty where there is none.
    pub(super) text: String,
    /// The names of the files that were attached.
    pub(super) attached: Vec<String>,
}

/// What an issue or a comment was made of.
struct Made {
    text: String,
    attached: Vec<String>,
}

/// Decides what becomes of a message and writes all of it but the row itself, which the caller writes or replaces. The
/// row is to be written within the same transaction.
pub(super) async fn become_of(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    parsed: &Parsed,
    row: Message,
    now: Timestamp,
) -> Result<Became, StoreError> {
    let known = facts::gather(tx, handling, arrival, parsed).await?;
    let verdict = outlink_model::handler::decide(&handling.handlers, &handling.lists, &known);
    let handler = handling.handler(verdict.handler);
    let reason = (!verdict.why.is_empty()).then(|| verdict.why.clone());
    let mut row = Message {
        handler_id: verdict.handler,
        authentication: known.authentication,
        reason,
        ..row
    };
    let mut key = None;
    let mut made = Made { text: String::new(), attached: Vec::new() };
    match (&verdict.decision, handler) {
        (Decision::Create(project), Some(handler)) => {
            let (issue, new_key, what) =
                create(tx, handling, arrival, handler, *project, parsed, &row, now).await?;
            (row.issue_id, key, made) = (Some(issue), Some(new_key), what);
            row.outcome = Outcome::Created;
        }
        (Decision::Comment(issue, text), Some(handler)) => {
            let (comment, what) =
                comment(tx, handling, arrival, handler, *issue, *text, parsed, &row, now).await?;
            (row.issue_id, row.comment_id, made) = (Some(*issue), Some(comment), what);
            row.outcome = Outcome::Commented;
            let mut matched = [&known.by_key, &known.by_headers].into_iter().flatten();
            key = matched.find(|found| found.issue_id == *issue).map(|found| found.key.clone());
        }
        (Decision::Forward(to), _) => {
            let sent_on =
                outgoing::forward(tx, handling, arrival, handler, &row, to, &verdict.why, now);
            (row.outcome, row.reason) = match sent_on.await? {
                Ok(()) => {
                    let reason = format!("{} It is sent on to {to}.", verdict.why);
                    (Outcome::Forwarded, Some(reason))
                }
                Err(why) => {
                    let reason = format!("{} It is to be sent on to {to}, but {why}.", verdict.why);
                    (Outcome::Quarantined, Some(reason))
                }
            };
        }
        (Decision::Quarantine, _) => row.outcome = Outcome::Quarantined,
        (Decision::Unhandled | Decision::Create(_) | Decision::Comment(..), _) => {
            row.outcome = Outcome::Unhandled;
        }
        (Decision::Reject | Decision::Delete, _) => {
            row.outcome = Outcome::Rejected;
            row.delete = verdict.decision == Decision::Delete;
            if let Some(report) = told_of(parsed) {
                // Whoever reads the issue is told that a mail of it did not arrive.
                // Anybody can write a report and a key.
                let by_key = known.by_key.as_ref().filter(|found| found.is_involved);
                let found = known.by_headers.as_ref().or(by_key);
                row.issue_id = found.map(|found| found.issue_id);
                key = found.map(|found| found.key.clone());
                row.reason = Some(report);
            }
        }
    }
    row.flagged = !is_told(&row);
    let Made { text, attached } = made;
    Ok(Became { row, key, verdict, text, attached })
}

/// Whether the mail server is told of a message. What was not handled stays there as it is, where its owner sees it.
pub(super) fn is_told(row: &Message) -> bool {
    !matches!(row.outcome, Outcome::Quarantined | Outcome::Unhandled)
}

/// What a delivery report says, as a sentence.
fn told_of(parsed: &Parsed) -> Option<String> {
    let machine = parsed.machine.as_ref().filter(|made| made.kind == MachineKind::Report)?;
    let report = parsed.report.as_ref().filter(|report| !report.recipients.is_empty());
    let Some(report) = report else {
        return Some(format!("A machine wrote it: {}.", machine.why));
    };
    let each: Vec<String> = report
        .recipients
        .iter()
        .take(5)
        .map(|recipient| {
            let words = [recipient.status.as_str(), recipient.diagnostic.as_str()];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            match words.is_empty() {
                true => format!("{} {}", recipient.address, recipient.action),
                false => {
                    format!("{} {} ({})", recipient.address, recipient.action, words.join(", "))
                }
            }
        })
        .collect();
    Some(format!("It is a delivery report: {}.", each.join("; ")))
}

#[expect(clippy::too_many_arguments, reason = "each is one thing that an issue is made of")]
async fn create(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    handler: &Handler,
    project: ProjectId,
    parsed: &Parsed,
    row: &Message,
    now: Timestamp,
) -> Result<(IssueId, String, Made), StoreError> {
    let settings = &handler.settings;
    // Projects before people, so that two intakes on PostgreSQL do not wait for one another in a circle.
    tx.lock_numbers(project).await?;
    let copied = known_copied(tx, handling, arrival, handler, parsed).await?;
    let author = author(tx, handler, parsed).await?;
    let labels = match settings.sub_addresses {
        true => facts::tags(arrival.server, handling, &parsed.recipients),
        false => Vec::new(),
    };
    let issue = NewIssue {
        id: clock::id(),
        project_id: project,
        summary: summary(&parsed.subject),
        description: with_byline(author.byline.as_deref(), cut(&parsed.text)),
        issue_type: settings.issue_type.clone(),
        priority: parsed.priority.filter(|_| settings.priority),
        labels,
        reporter: author.person.id,
        assignee: copied.first().map(|person| person.id).filter(|_| settings.cc_assignee),
    };
    let key = tx.create_issue(&issue, now).await?;
    if settings.cc_watchers {
        for person in &copied {
            tx.watch(issue.id, person.id).await?;
        }
    }
    involve(tx, handling, arrival, issue.id, &author.person, parsed);
    let attached = attach(tx, row, issue.id, None, parsed, &settings.attachments);
    if settings.notify && author.is_new {
        let of = (issue.id, key.as_str());
        outgoing::notice(tx, handling, arrival, handler, &author.person, parsed, row, of, now)
            .await?;
    }
    Ok((issue.id, key, Made { text: issue.description, attached }))
}

#[expect(clippy::too_many_arguments, reason = "each is one thing that a comment is made of")]
async fn comment(
    tx: &mut Intake,
    handling: &Handling,
    arrival: &Arrival<'_>,
    handler: &Handler,
    issue: IssueId,
    text: Text,
    parsed: &Parsed,
    row: &Message,
    now: Timestamp,
) -> Result<(CommentId, Made), StoreError> {
    let author = author(tx, handler, parsed).await?;
    let body = match text {
        Text::Whole => parsed.text.as_str(),
        Text::New => parsed.reply.as_str(),
        Text::BeforeMarker => handling.before_marker(handler, &parsed.text).trim_end(),
    };
    let body = with_byline(author.byline.as_deref(), cut(body));
    let comment = NewComment {
        id: clock::id(),
        issue_id: issue,
        author: author.person.id,
        body,
        message_id: Some(row.id),
        reopens: handler.settings.reopen,
    };
    tx.add_comment(&comment, now).await?;
    involve(tx, handling, arrival, issue, &author.person, parsed);
    let rules = &handler.settings.attachments;
    let attached = attach(tx, row, issue, Some(comment.id), parsed, rules);
    Ok((comment.id, Made { text: comment.body, attached }))
}

fn with_byline(byline: Option<&str>, text: String) -> String {
    match byline {
        Some(byline) => format!("{byline}\n\n{text}"),
        None => text,
    }
}
