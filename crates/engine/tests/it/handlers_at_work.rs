//! Each setting of a handler, seen to work on mail that is fetched.

use outlink_engine::handlers::SettingsDraft;
use outlink_engine::messages::{MessageView, MessagesWanted};
use outlink_engine::{Caller, Page};
use outlink_model::handler::{Bulk, HandlerType, SenderList, Unauthenticated};
use outlink_model::message::{Authentication, Outcome};
use outlink_model::tracker::{IssueStatus, Priority};

use crate::bed::{ALICE, Bed};
use crate::handlers::{another, set, set_type, texts};
use crate::intake::{fetch, ready};

/// A mail with all that matters here.
pub(crate) struct Letter<'a> {
    pub(crate) id: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) more: &'a str,
    pub(crate) body: &'a str,
}

impl Default for Letter<'_> {
    fn default() -> Self {
        Self {
            id: "m",
            from: "carla@example.net",
            to: ALICE,
            subject: "A matter",
            more: "",
            body: "Hello\r\n",
        }
    }
}

impl Letter<'_> {
    pub(crate) fn raw(&self) -> String {
        let Self { id, from, to, subject, more, body } = self;
        let path = match from.trim_end_matches('>').rsplit_once('@') {
            Some((_, domain)) if !more.contains("Return-Path") => {
                format!("Return-Path: <bounces@{domain}>\r\n")
            }
            _ => String::new(),
        };
        format!(
            "{path}Message-ID: <{id}@example.net>\r\nFrom: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n\
             Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n{more}\r\n{body}"
        )
    }
}

/// Lets a mail arrive, fetches it, and says what became of it.
pub(crate) async fn take(bed: &Bed, letter: Letter<'_>) -> MessageView {
    assert!(bed.practice.deliver(ALICE, letter.raw()));
    assert_eq!(fetch(bed).await.fetched, 1);
    newest(bed).await
}

pub(crate) async fn newest(bed: &Bed) -> MessageView {
    let page = Page { limit: 1, after: None };
    let listed = bed.engine.messages(MessagesWanted::default(), page).await.unwrap();
    listed.items.into_iter().next().unwrap()
}

fn draft() -> SettingsDraft {
    SettingsDraft::default()
}

fn reason(view: &MessageView) -> &str {
    view.message.reason.as_deref().unwrap_or_default()
}

const AUTO: &str = "Auto-Submitted: auto-replied\r\n";

#[tokio::test]
async fn catch_addresses_part_the_mail_of_two_handlers() {
    let bed = ready().await;
    bed.engine.create_project("SAL", "Sales", &Caller::System).await.unwrap();
    set(&bed, SettingsDraft { catch: texts(&["support@example.org"]), ..draft() }).await;
    let mut sales =
        another("Sales mail", SettingsDraft { catch: texts(&["sales@example.org"]), ..draft() });
    sales.project = "SAL".into();
    bed.engine.create_handler(sales, &Caller::System).await.unwrap();
    let to = |id, to, more| Letter { id, to, more, ..Letter::default() };
    let support = take(&bed, to("a", "support@example.org", "")).await;
    assert_eq!(support.issue_key.as_deref(), Some("SUP-1"));
    assert_eq!(support.handler.as_deref(), Some("Support mail"));
    let sales = take(&bed, to("b", "Sales+web@Example.org", "")).await;
    assert_eq!(sales.issue_key.as_deref(), Some("SAL-1"));
    let copied = to("c", "somebody@example.org", "Cc: Sales <sales@example.org>\r\n");
    assert_eq!(take(&bed, copied).await.issue_key.as_deref(), Some("SAL-2"));
    let delivered = to("d", "undisclosed-recipients:;", "Delivered-To: support@example.org\r\n");
    assert_eq!(take(&bed, delivered).await.issue_key.as_deref(), Some("SUP-2"));
    let neither = take(&bed, to("e", ALICE, "")).await;
    assert_eq!(neither.message.outcome, Outcome::Unhandled);
    assert!(reason(&neither).contains("support@example.org"), "{neither:?}");
    assert!(reason(&neither).contains("sales@example.org"), "{neither:?}");
    let inbox = bed.practice.messages(ALICE, "INBOX");
    let seen: Vec<bool> = inbox.iter().map(|entry| entry.flags.contains("\\Seen")).collect();
    assert_eq!(seen, [true, true, true, true, false], "what nobody takes stays as it is");
}

#[tokio::test]
async fn machine_made_mail_goes_by_its_policy() {
    let bed = ready().await;
    let auto = |id| Letter { id, more: AUTO, ..Letter::default() };
    let ignored = take(&bed, auto("a")).await;
    assert_eq!(ignored.message.outcome, Outcome::Rejected);
    assert!(reason(&ignored).contains("Auto-Submitted"), "{ignored:?}");
    set(&bed, SettingsDraft { bulk: Some(Bulk::Accept), ..draft() }).await;
    assert_eq!(take(&bed, auto("c")).await.message.outcome, Outcome::Created);
    set(&bed, SettingsDraft { bulk: Some(Bulk::Delete), ..draft() }).await;
    assert_eq!(bed.practice.messages(ALICE, "INBOX").len(), 2);
    let deleted = take(&bed, auto("d")).await;
    assert_eq!((deleted.message.outcome, deleted.message.delete), (Outcome::Rejected, true));
    assert_eq!(bed.practice.messages(ALICE, "INBOX").len(), 2, "it is gone there");
    let list = |id| Letter { id, more: "List-Id: <talk.example.net>\r\n", ..Letter::default() };
    assert_eq!(take(&bed, list("e")).await.message.outcome, Outcome::Created);
    set(&bed, SettingsDraft { bulk_lists: Some(true), ..draft() }).await;
    assert!(take(&bed, list("f")).await.message.delete);
}

#[tokio::test]
async fn senders_are_trusted_refused_or_left() {
    let bed = ready().await;
    let carla = || texts(&["carla@example.net"]);
    let mail = |id, more| Letter { id, more, ..Letter::default() };
    set(&bed, SettingsDraft { allow: carla(), ..draft() }).await;
    assert_eq!(take(&bed, mail("a", AUTO)).await.message.outcome, Outcome::Created);
    set(&bed, SettingsDraft { only_allowed: Some(true), ..draft() }).await;
    let dora = Letter { id: "b", from: "dora@example.net", ..Letter::default() };
    assert_eq!(take(&bed, dora).await.message.outcome, Outcome::Unhandled);
    set(&bed, SettingsDraft { deny: texts(&["*@example.net"]), ..draft() }).await;
    let denied = take(&bed, mail("c", "")).await;
    assert_eq!(denied.message.outcome, Outcome::Rejected, "denied although trusted");
    assert!(reason(&denied).contains("*@example.net"), "{denied:?}");
    let none =
        SettingsDraft { allow: texts(&[]), only_allowed: Some(false), deny: texts(&[]), ..draft() };
    set(&bed, none).await;
    let (engine, by) = (&bed.engine, &Caller::System);
    engine.add_sender_rule(SenderList::Allow, "example.net", by).await.unwrap();
    assert_eq!(take(&bed, mail("d", AUTO)).await.message.outcome, Outcome::Created);
    engine.add_sender_rule(SenderList::Deny, "carla@example.net", by).await.unwrap();
    let denied = take(&bed, mail("e", "")).await;
    assert_eq!((denied.message.outcome, denied.handler), (Outcome::Rejected, None));
}

#[tokio::test]
async fn an_issue_is_like_its_handler_says() {
    let bed = ready().await;
    let urgent = |id| Letter { id, more: "X-Priority: 1 (Highest)\r\n", ..Letter::default() };
    take(&bed, urgent("a")).await;
    let first = bed.engine.issue("SUP-1").await.unwrap().issue;
    assert_eq!((first.issue_type.as_str(), first.priority), ("Task", Some(Priority::Highest)));
    let settings = SettingsDraft {
        issue_type: Some("Incident".into()),
        priority: Some(false),
        sub_addresses: Some(true),
        ..draft()
    };
    set(&bed, settings).await;
    bed.engine.create_project("WEB", "Web", &Caller::System).await.unwrap();
    let tagged = |id, to| Letter { id, to, more: "X-Priority: 1\r\n", ..Letter::default() };
    take(&bed, tagged("b", "alice+shop+urgent@example.org")).await;
    let second = bed.engine.issue("SUP-2").await.unwrap().issue;
    assert_eq!((second.issue_type.as_str(), second.priority), ("Incident", None));
    assert_eq!(second.labels, ["shop", "urgent"]);
    let third = take(&bed, tagged("c", "alice+web@example.org")).await;
    assert_eq!(third.issue_key.as_deref(), Some("WEB-1"), "the word names a project");
}

#[tokio::test]
async fn unknown_senders_become_persons_or_somebody_stands_in() {
    let bed = ready().await;
    take(&bed, Letter { id: "a", ..Letter::default() }).await;
    let settings = SettingsDraft { create_persons: Some(false), ..draft() };
    set(&bed, settings).await;
    let known = take(&bed, Letter { id: "b", ..Letter::default() }).await;
    assert_eq!(known.message.outcome, Outcome::Created, "she is known by now");
    let dora = |id| Letter { id, from: "Dora <dora@example.net>", ..Letter::default() };
    let left = take(&bed, dora("c")).await;
    assert_eq!(left.message.outcome, Outcome::Unhandled);
    assert!(reason(&left).contains("the sender is unknown"), "{left:?}");
    let desk = Some("Desk@example.org".to_owned());
    set(&bed, SettingsDraft { default_reporter: desk, ..draft() }).await;
    let taken = take(&bed, dora("d")).await;
    let issue = bed.engine.issue(&taken.issue_key.unwrap()).await.unwrap().issue;
    assert_eq!(issue.reporter.address, "desk@example.org");
    let byline = "Received by mail from Dora <dora@example.net>:\n\nHello";
    assert!(issue.description.starts_with(byline), "{}", issue.description);
    assert!(bed.store.person_by_address("dora@example.net").await.unwrap().is_none());
}

#[tokio::test]
async fn those_in_copy_take_care_and_watch_where_they_are_known() {
    let bed = ready().await;
    for (id, from) in [("a", "Bob <bob@example.net>"), ("b", "Eve <eve@example.net>")] {
        take(&bed, Letter { id, from, ..Letter::default() }).await;
    }
    let copied = |id| Letter {
        id,
        to: "alice@example.org, stranger@example.net, bob@example.net",
        more: "Cc: eve@example.net\r\n",
        ..Letter::default()
    };
    take(&bed, copied("c")).await;
    let plain = bed.engine.issue("SUP-3").await.unwrap();
    assert!(plain.issue.assignee.is_none() && plain.watchers.is_empty());
    let settings = SettingsDraft { cc_assignee: Some(true), cc_watchers: Some(true), ..draft() };
    set(&bed, settings).await;
    take(&bed, copied("d")).await;
    let issue = bed.engine.issue("SUP-4").await.unwrap();
    assert_eq!(issue.issue.assignee.unwrap().address, "bob@example.net");
    let mut watchers: Vec<_> = issue.watchers.into_iter().map(|person| person.address).collect();
    watchers.sort();
    assert_eq!(watchers, ["bob@example.net", "eve@example.net"], "the stranger is not known");
}

const QUOTED: &str = "New words\r\n\r\n-- cut here --\r\nOn Sat, Carla wrote:\r\n> Old words\r\n";

#[tokio::test]
async fn a_comment_is_what_its_type_says() {
    let bed = ready().await;
    take(&bed, Letter { id: "a", ..Letter::default() }).await;
    let reply = |id| Letter {
        id,
        more: "In-Reply-To: <a@example.net>\r\n",
        body: QUOTED,
        ..Letter::default()
    };
    let split = || SettingsDraft { split: texts(&["/^-- cut here --$/"]), ..draft() };
    let mut comments = 0;
    for (id, kind, settings, has_marker, has_old) in [
        ("b", HandlerType::CreateOrComment, draft(), true, false),
        (
            "c",
            HandlerType::CreateOrComment,
            SettingsDraft { strip_quotes: Some(false), ..draft() },
            true,
            true,
        ),
        ("d", HandlerType::CommentNewText, draft(), true, false),
        ("e", HandlerType::CommentWhole, draft(), true, true),
        ("f", HandlerType::CommentBeforeMarker, split(), false, false),
    ] {
        set_type(&bed, kind, settings).await;
        assert_eq!(take(&bed, reply(id)).await.message.outcome, Outcome::Commented, "{kind}");
        comments += 1;
        let issue = bed.engine.issue("SUP-1").await.unwrap();
        assert_eq!(issue.comments.len(), comments);
        let body = &issue.comments.last().unwrap().body;
        assert!(body.starts_with("New words"), "{kind}: {body}");
        assert_eq!(body.contains("cut here"), has_marker, "{kind}: {body}");
        assert_eq!(body.contains("Old words"), has_old, "{kind}: {body}");
    }
    let below = "-- cut here --\r\n> Old words\r\n\r\nNew words\r\n";
    let below = Letter { body: below, ..reply("g") };
    take(&bed, below).await;
    let issue = bed.engine.issue("SUP-1").await.unwrap();
    let last = &issue.comments.last().unwrap().body;
    assert!(last.contains("New words"), "what stands below a marker at the top is kept: {last}");

    let lost = take(&bed, Letter { id: "h", ..Letter::default() }).await;
    assert_eq!(lost.message.outcome, Outcome::Unhandled, "it belongs to no issue");
    set_type(&bed, HandlerType::Create, draft()).await;
    assert_eq!(take(&bed, reply("j")).await.issue_key.as_deref(), Some("SUP-2"));
}

#[tokio::test]
async fn a_key_leads_only_those_to_its_issue_who_have_a_part_in_it() {
    let bed = ready().await;
    let first = Letter { id: "a", more: "Cc: bob@example.net\r\n", ..Letter::default() };
    take(&bed, first).await;
    let by = |id, from| Letter { id, from, subject: "Re: SUP-1 again", ..Letter::default() };
    for (id, from) in [("b", "carla@example.net"), ("c", "Bob <BOB@example.net>")] {
        assert_eq!(take(&bed, by(id, from)).await.message.outcome, Outcome::Commented, "{from}");
    }
    let stranger = take(&bed, by("d", "mallory@example.net")).await;
    assert_eq!(stranger.issue_key.as_deref(), Some("SUP-2"));
    assert!(reason(&stranger).contains("no part in SUP-1"), "{stranger:?}");
    let answer = "In-Reply-To: <a@example.net>\r\n";
    let reply_all = Letter { more: answer, subject: "Re: A matter", ..by("e", "fred@example.net") };
    let reply_all = take(&bed, reply_all).await;
    assert_eq!(reply_all.issue_key.as_deref(), Some("SUP-1"), "whoever got the mail may answer it");
    set(&bed, SettingsDraft { only_involved: Some(false), ..draft() }).await;
    let stranger = take(&bed, by("f", "mallory@example.com")).await;
    assert_eq!(stranger.issue_key.as_deref(), Some("SUP-1"));
}

#[tokio::test]
async fn mail_that_nobody_stands_behind_is_marked_or_quarantined() {
    let bed = ready().await;
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    let seen = server.updated_at;
    let believing = outlink_model::mail_server::MailServer {
        authserv_id: Some("mx.example.org".into()),
        ..server
    };
    bed.store.update_mail_server(&believing, seen).await.unwrap();
    let told = |id, more| Letter { id, more, ..Letter::default() };
    let fail = "Authentication-Results: mx.example.org; dmarc=fail header.from=example.net\r\n";
    let pass = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.net\r\n";
    let marked = take(&bed, told("a", fail)).await.message;
    assert_eq!((marked.outcome, marked.authentication), (Outcome::Created, Authentication::Fail));
    // Its key leads nowhere then, though its sender has a part in the issue; what it answers to does.
    let keyed = |id, more| Letter { id, subject: "Re: SUP-1", more, ..Letter::default() };
    let by_key = take(&bed, keyed("k", fail)).await.message;
    assert_eq!(by_key.outcome, Outcome::Created, "{by_key:?}");
    let answer = format!("{fail}In-Reply-To: <{}>\r\n", marked.message_id.clone().unwrap());
    let by_header = take(&bed, keyed("h", &answer)).await;
    assert_eq!(by_header.message.outcome, Outcome::Commented, "{by_header:?}");
    assert_eq!(by_header.issue_key.as_deref(), Some("SUP-1"));
    let quarantine = Some(Unauthenticated::Quarantine);
    set(&bed, SettingsDraft { unauthenticated: quarantine, ..draft() }).await;
    let kept = take(&bed, told("b", fail)).await.message;
    assert_eq!((kept.outcome, kept.flagged), (Outcome::Quarantined, true), "{kept:?}");
    let fine = take(&bed, told("c", pass)).await.message;
    assert_eq!((fine.outcome, fine.authentication), (Outcome::Created, Authentication::Pass));
    let lie = "Authentication-Results: elsewhere.example; dmarc=fail header.from=example.net\r\n";
    let other = take(&bed, told("d", lie)).await.message;
    assert_eq!((other.outcome, other.authentication), (Outcome::Created, Authentication::None));
}

fn files() -> String {
    let part = |media: &str, name: &str, text: &str| {
        format!(
            "--b\r\nContent-Type: {media}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{text}\r\n"
        )
    };
    let parts = [
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n".to_owned(),
        part("application/pdf", "a.pdf", "small"),
        part("application/octet-stream", "run.exe", "small"),
        part("video/mp4", "film.mp4", "small"),
        part("application/pdf", "large.pdf", &"x".repeat(500)),
        part("application/pdf", "b.pdf", "small"),
        "--b--\r\n".to_owned(),
    ];
    parts.concat()
}

#[tokio::test]
async fn files_are_attached_by_the_rules() {
    let bed = ready().await;
    let body = files();
    let mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let mail = |id| Letter { id, more: mixed, body: &body, ..Letter::default() };
    let rules = SettingsDraft {
        attachments_largest: Some(100),
        attachments_deny_types: texts(&["video/*"]),
        attachments_deny_names: texts(&["*.EXE"]),
        ..draft()
    };
    for (id, settings, expected) in [
        ("a", draft(), &["a.pdf", "run.exe", "film.mp4", "large.pdf", "b.pdf"][..]),
        ("b", rules, &["a.pdf", "b.pdf"]),
        ("c", SettingsDraft { attachments_most: Some(1), ..draft() }, &["a.pdf"]),
        ("d", SettingsDraft { attachments_most: Some(0), ..draft() }, &[]),
    ] {
        set(&bed, settings).await;
        let key = take(&bed, mail(id)).await.issue_key.unwrap();
        let issue = bed.engine.issue(&key).await.unwrap();
        let names: Vec<_> = issue.attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, expected, "{id}");
    }
    let raw = bed.engine.raw_message(&newest(&bed).await.message.id.to_string()).await.unwrap();
    assert!(
        String::from_utf8_lossy(&raw).contains("film.mp4"),
        "what is left out stays in the mail"
    );
}

#[tokio::test]
async fn a_comment_opens_a_resolved_issue_again_where_that_is_wanted() {
    let bed = ready().await;
    take(&bed, Letter { id: "a", ..Letter::default() }).await;
    let reply = |id| Letter { id, more: "In-Reply-To: <a@example.net>\r\n", ..Letter::default() };
    let resolve = async || {
        let done = bed.engine.set_issue_status("SUP-1", IssueStatus::Resolved, &Caller::System);
        assert_eq!(done.await.unwrap().issue.status, IssueStatus::Resolved);
    };
    let status = async || bed.engine.issue("SUP-1").await.unwrap().issue.status;
    resolve().await;
    take(&bed, reply("b")).await;
    assert_eq!(status().await, IssueStatus::Open);
    set(&bed, SettingsDraft { reopen: Some(false), ..draft() }).await;
    resolve().await;
    take(&bed, reply("c")).await;
    assert_eq!(status().await, IssueStatus::Resolved);
}

#[tokio::test]
async fn a_loop_ends_at_the_limits() {
    let bed = ready().await;
    set(&bed, SettingsDraft { issue_per_hour: Some(3), ..draft() }).await;
    for n in 0..6 {
        bed.deliver(&format!("m{n}"), "Re: SUP-1 round and round", "");
    }
    let fetched = fetch(&bed).await;
    // The first makes the issue that the others belong to.
    assert_eq!((fetched.created, fetched.commented, fetched.quarantined), (1, 2, 3), "{fetched:?}");
    assert!(reason(&newest(&bed).await).contains("looks like a loop"));
    let unlimited = SettingsDraft { issue_per_hour: Some(0), sender_per_hour: Some(4), ..draft() };
    set(&bed, unlimited).await;
    bed.deliver("n1", "Another matter", "");
    bed.deliver("n2", "One more", "");
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.quarantined), (1, 1), "quarantined mail is not counted");
    let other = Letter { id: "o", from: "dora@example.net", ..Letter::default() };
    assert_eq!(take(&bed, other).await.message.outcome, Outcome::Created, "others may write");
}

#[tokio::test]
async fn the_limit_of_an_issue_needs_no_limit_of_the_sender() {
    let bed = ready().await;
    let limits = SettingsDraft { issue_per_hour: Some(3), sender_per_hour: Some(0), ..draft() };
    set(&bed, limits).await;
    for n in 0..5 {
        bed.deliver(&format!("m{n}"), "Re: SUP-1 round and round", "");
    }
    let fetched = fetch(&bed).await;
    assert_eq!((fetched.created, fetched.commented, fetched.quarantined), (1, 2, 2), "{fetched:?}");
    for n in 0..5 {
        bed.deliver(&format!("n{n}"), &format!("Another matter {n}"), "");
    }
    assert_eq!(fetch(&bed).await.created, 5, "new ones are not limited");
}
