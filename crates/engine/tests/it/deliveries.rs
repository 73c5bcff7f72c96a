//! Mail that goes out on account of mail that came in, through a mail server that signs us in by token.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::deliveries::{DeliveriesWanted, DeliveryView};
use outlink_engine::handlers::{HandlerEdit, SettingsDraft};
use outlink_engine::intake::TrialOf;
use outlink_engine::mail_servers::{Authorized, MailServerDraft, NewMailServer};
use outlink_engine::{Caller, Engine, Page};
use outlink_mail::message::{Parsed, decode_part, parse};
use outlink_model::delivery::{DeliveryKind, DeliveryState};
use outlink_model::grant::Grant;
use outlink_model::handler::{Bulk, HandlerType};
use outlink_model::mail_server::{MailServer, Protocol};
use outlink_model::message::Outcome;

use crate::bed::{ALICE, Bed};
use crate::handlers::{set, set_type, texts};
use crate::handlers_at_work::{Letter, newest, take};
use crate::intake::fetch;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const OPS: &str = "ops@example.com";

/// An outgoing server in Alice's name on the practice server.
pub(crate) fn out(bed: &Bed, grant: &Grant) -> MailServerDraft {
    MailServerDraft {
        name: Some("Out".into()),
        protocol: Some(Protocol::Smtp),
        host: Some("localhost".into()),
        port: Some(bed.practice.smtp.port()),
        mailbox: Some(ALICE.into()),
        grant: Some(grant.id.to_string()),
        ..MailServerDraft::default()
    }
}

/// A mailbox whose handler sends through an outgoing server, by a token with this long to live.
async fn ready_for(lives: SignedDuration) -> Bed {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.sending_grant(&link, lives).await;
    bed.inbox(&grant).await;
    let new = out(&bed, &grant).into();
    bed.engine.create_mail_server(new, &Caller::System).await.unwrap();
    through(&bed, "Out").await;
    bed
}

async fn ready() -> Bed {
    ready_for(HOUR).await
}

/// Has the handler send through this server; through none if the name is empty.
pub(crate) async fn through(bed: &Bed, outgoing: &str) {
    let edit = HandlerEdit { outgoing: Some(outgoing.into()), ..HandlerEdit::default() };
    bed.engine.edit_handler("Support mail", edit, &Caller::System).await.unwrap();
}

fn forwarding() -> SettingsDraft {
    SettingsDraft { forward_to: Some(OPS.into()), ..SettingsDraft::default() }
}

fn notifying() -> SettingsDraft {
    SettingsDraft { notify: Some(true), ..SettingsDraft::default() }
}

pub(crate) async fn deliveries(engine: &Engine) -> Vec<DeliveryView> {
    let page = Page { limit: 1000, after: None };
    engine.deliveries(DeliveriesWanted::default(), page).await.unwrap().items
}

/// Waits until this holds of the deliveries.
pub(crate) async fn until(engine: &Engine, holds: impl Fn(&[DeliveryView]) -> bool) {
    for _ in 0..400 {
        if holds(&deliveries(engine).await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never holds: {:?}", deliveries(engine).await);
}

pub(crate) fn none_waits(all: &[DeliveryView]) -> bool {
    all.iter().all(|view| view.delivery.state != DeliveryState::Waiting)
}

/// Lets a node send what is due.
async fn send(bed: &Bed) {
    let node = bed.another_engine();
    node.start();
    until(&node, none_waits).await;
    node.stop().await;
}

fn outgoing(bed: &Bed) -> Vec<(Vec<String>, Vec<u8>, Parsed)> {
    let all = bed.practice.outgoing().into_iter();
    all.map(|one| (one.to, one.raw.clone(), parse(&one.raw).unwrap())).collect()
}

fn header<'a>(raw: &'a [u8], name: &str) -> &'a str {
    let text = std::str::from_utf8(raw).unwrap();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {text}"))
}

async fn server(bed: &Bed) -> MailServer {
    bed.engine.mail_server("Out").await.unwrap()
}

#[tokio::test]
async fn what_a_handler_cannot_process_arrives_whole_at_whom_it_names_and_never_comes_round() {
    let bed = ready().await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    let raw = Letter {
        subject: "=?utf-8?q?Gr=C3=B6=C3=9Fe?=",
        more: "Content-Type: text/html; charset=utf-8\r\n",
        body: ".\r\n..\r\nFrom here <b>on</b>\r\nGröße\r\n\r\n",
        ..Letter::default()
    }
    .raw();
    assert!(bed.practice.deliver(ALICE, raw.clone()));
    assert_eq!(fetch(&bed).await.fetched, 1);
    let view = newest(&bed).await;
    assert_eq!(view.message.outcome, Outcome::Forwarded, "{view:?}");
    let reason = view.message.reason.as_deref().unwrap();
    assert!(reason.ends_with("It is sent on to ops@example.com."), "{reason}");
    assert!(bed.practice.messages(ALICE, "INBOX")[0].flags.contains("\\Seen"));
    let waiting = deliveries(&bed.engine).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].mail_server.as_str(), waiting[0].handler.as_deref()),
        ("Out", Some("Support mail"))
    );
    assert!(bed.practice.outgoing().is_empty(), "it is written, and not sent yet");

    send(&bed).await;
    let sent = outgoing(&bed);
    let [(to, mail, parsed)] = &sent[..] else { panic!("one is sent: {sent:?}") };
    assert_eq!(to, &[OPS.to_owned()]);
    assert_eq!(parsed.from.as_ref().unwrap().address, ALICE);
    assert_eq!(parsed.subject, "Fwd: Größe");
    assert!(parsed.text.contains("carla@example.net") && parsed.text.contains("cannot handle it"));
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    let [part] = &parsed.attachments[..] else { panic!("one part: {:?}", parsed.attachments) };
    assert_eq!(part.media_type, "message/rfc822");
    assert_eq!(decode_part(mail, part.range), raw.as_bytes(), "octet for octet");
    let done = bed.engine.delivery(&waiting[0].delivery.id.to_string()).await.unwrap().delivery;
    assert_eq!(
        (done.state, done.kind, done.attempts),
        (DeliveryState::Sent, DeliveryKind::Forward, 1)
    );
    assert_eq!(parsed.message_id.as_deref(), Some(done.mail_id.as_str()));
    assert!(server(&bed).await.health.ok_at.is_some());

    assert!(bed.practice.deliver(ALICE, mail.clone()));
    fetch(&bed).await;
    let back = newest(&bed).await.message;
    assert_eq!(back.outcome, Outcome::Rejected, "we know our own mail: {back:?}");
    assert_eq!(deliveries(&bed.engine).await.len(), 1);
    let twice = bed.engine.retry_delivery(&done.id.to_string(), &Caller::System).await;
    assert_eq!(twice.unwrap_err().problem().code, "delivery_sent");
}

#[tokio::test]
async fn nothing_is_sent_on_to_where_mail_is_fetched_from() {
    let bed = ready().await;
    let grants = bed.engine.grants(Page::default()).await.unwrap().items;
    let sales = MailServerDraft {
        name: Some("Sales".into()),
        host: Some("localhost".into()),
        port: Some(bed.practice.imap.port()),
        mailbox: Some("Sales@example.org".into()),
        grant: Some(grants[0].grant.id.to_string()),
        ..MailServerDraft::default()
    };
    bed.engine.create_mail_server(sales.into(), &Caller::System).await.unwrap();
    for to in ["sales@example.org", "sales+round@Example.org"] {
        let settings = SettingsDraft { forward_to: Some(to.into()), ..SettingsDraft::default() };
        let edit = HandlerEdit { settings, ..HandlerEdit::default() };
        let refused = bed.engine.edit_handler("Support mail", edit, &Caller::System).await;
        let problem = refused.unwrap_err().problem();
        assert_eq!(problem.code, "forward_to_itself");
        assert!(problem.message.contains("the mail server Sales"), "{problem}");
    }
}

#[tokio::test]
async fn machine_made_mail_is_sent_on_where_the_handler_wants_it_so() {
    let bed = ready().await;
    set(&bed, SettingsDraft { bulk: Some(Bulk::Forward), ..forwarding() }).await;
    let auto = "Auto-Submitted: auto-replied\r\n";
    let letter = Letter { more: auto, ..Letter::default() };
    assert_eq!(take(&bed, letter).await.message.outcome, Outcome::Forwarded);
    let other = take(&bed, Letter { id: "b", ..Letter::default() }).await;
    assert_eq!(other.message.outcome, Outcome::Created, "other mail is not sent on");
    send(&bed).await;
    assert_eq!(outgoing(&bed).len(), 1);
    assert!(outgoing(&bed)[0].2.text.contains("Auto-Submitted"), "why is told");
}

#[tokio::test]
async fn a_new_person_is_told_and_whoever_answers_comments() {
    let bed = ready().await;
    set(&bed, notifying()).await;
    let from = "Carla Secret <Carla@example.net>";
    let first = Letter { from, subject: "Buy at https://evil.example", ..Letter::default() };
    assert_eq!(take(&bed, first).await.issue_key.as_deref(), Some("SUP-1"));
    take(&bed, Letter { id: "again", ..Letter::default() }).await;
    send(&bed).await;
    let sent = outgoing(&bed);
    let [(to, mail, parsed)] = &sent[..] else { panic!("one is sent: {sent:?}") };
    assert_eq!(to, &["Carla@example.net".to_owned()], "as she writes it");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-replied");
    assert_eq!(parsed.in_reply_to, ["m@example.net"]);
    assert_eq!(parsed.subject, "[SUP-1] Your message was received");
    assert!(parsed.text.contains("SUP-1") && parsed.text.contains(ALICE));
    let text = String::from_utf8_lossy(mail);
    assert!(!text.contains("evil") && !text.contains("Secret"), "nothing of hers is repeated");
    let view = deliveries(&bed.engine).await.pop().unwrap();
    assert_eq!(
        (view.delivery.kind, view.issue_key.as_deref()),
        (DeliveryKind::Notice, Some("SUP-1"))
    );
    let of = |wanted| bed.engine.deliveries(wanted, Page::default());
    let of_issue = DeliveriesWanted { issue: Some("SUP-1".into()), ..Default::default() };
    assert_eq!(of(of_issue).await.unwrap().items.len(), 1);
    let of_other = DeliveriesWanted { issue: Some("SUP-2".into()), ..Default::default() };
    assert_eq!(of(of_other).await.unwrap().items.len(), 0);

    let id = parsed.message_id.as_deref().unwrap();
    let answer = |id: &str| format!("In-Reply-To: <{id}>\r\n");
    let (more, forged) = (answer(id), answer(&id.replacen("olk.", "olk.0", 1)));
    let dora = |id, more| Letter {
        id,
        from: "dora@example.org",
        subject: "Well",
        more,
        ..Letter::default()
    };
    let answered = take(&bed, dora("c", &more)).await;
    assert_eq!(
        (answered.message.outcome, answered.issue_key.as_deref()),
        (Outcome::Commented, Some("SUP-1"))
    );
    assert!(answered.message.reason.unwrap().contains("a mail of ours"));
    assert_eq!(take(&bed, dora("d", &forged)).await.message.outcome, Outcome::Created);
}

#[tokio::test]
async fn nobody_is_told_who_may_not_be_answered() {
    let bed = ready().await;
    let settings =
        SettingsDraft { bulk: Some(Bulk::Accept), bulk_lists: Some(true), ..notifying() };
    set(&bed, settings).await;
    for (n, (from, more)) in [
        ("a@example.net", "Auto-Submitted: auto-generated\r\n"),
        ("b@example.net", "List-Id: <users.example.net>\r\n"),
        ("c@example.net", "Precedence: bulk\r\n"),
        ("d@example.net", "Return-Path: <liar@example.com>\r\n"),
        ("g@example.net", "X-No: Return-Path\r\n"),
        (ALICE, ""),
        ("No-Reply@example.net", ""),
        ("users-request@example.net", ""),
        ("Odd <\"x y\"@example.net>", ""),
        ("nobody", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("n{n}");
        let view = take(&bed, Letter { id: &id, from, more, ..Letter::default() }).await;
        assert_eq!(view.message.outcome, Outcome::Created, "{from}");
        assert!(deliveries(&bed.engine).await.is_empty(), "{from} {more}");
    }
    bed.deliver_late("late", SignedDuration::from_hours(6 * 24));
    assert_eq!(fetch(&bed).await.created, 1);
    assert!(deliveries(&bed.engine).await.is_empty(), "she wrote too long ago");
    let stands_in = SettingsDraft {
        create_persons: Some(false),
        default_reporter: Some("desk@example.org".into()),
        ..SettingsDraft::default()
    };
    set(&bed, stands_in).await;
    take(&bed, Letter { id: "s", from: "eve@example.net", ..Letter::default() }).await;
    assert!(deliveries(&bed.engine).await.is_empty(), "she did not become a person");
    set(&bed, SettingsDraft { create_persons: Some(true), ..SettingsDraft::default() }).await;
    take(&bed, Letter { id: "e", from: "eve@example.net", ..Letter::default() }).await;
    assert_eq!(deliveries(&bed.engine).await.len(), 1);
}

#[tokio::test]
async fn where_a_server_is_believed_only_those_it_vouches_for_are_told() {
    let bed = ready().await;
    set(&bed, notifying()).await;
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    let seen = server.updated_at;
    let believing = MailServer { authserv_id: Some("mx.example.org".into()), ..server };
    bed.store.update_mail_server(&believing, seen).await.unwrap();
    let says = |by: &str, verdict: &str| {
        format!("Authentication-Results: {by}; dmarc={verdict} header.from=example.net\r\n")
    };
    for (n, more) in [
        says("mx.example.org", "fail"),
        says("mx.example.org", "none"),
        says("mx.example.com", "pass"),
        String::new(),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, from) = (format!("n{n}"), format!("p{n}@example.net"));
        take(&bed, Letter { id: &id, from: &from, more: &more, ..Letter::default() }).await;
        assert!(deliveries(&bed.engine).await.is_empty(), "{more}");
    }
    let more = says("mx.example.org", "pass");
    take(&bed, Letter { more: &more, ..Letter::default() }).await;
    assert_eq!(deliveries(&bed.engine).await.len(), 1);
}

#[tokio::test]
async fn a_crowd_of_new_persons_is_not_written_to() {
    let bed = ready().await;
    let unlimited = SettingsDraft { sender_per_hour: Some(0), ..notifying() };
    set(&bed, unlimited).await;
    for n in 0..103 {
        let (id, from) = (format!("n{n}"), format!("p{n}@example.net"));
        let letter = Letter { id: &id, from: &from, ..Letter::default() };
        assert!(bed.practice.deliver(ALICE, letter.raw()));
    }
    assert_eq!(fetch(&bed).await.created, 103, "their mail counts all the same");
    assert_eq!(deliveries(&bed.engine).await.len(), 100);
}

#[tokio::test]
async fn what_is_sent_on_counts_for_the_limit_of_its_sender() {
    let bed = ready().await;
    let limited = SettingsDraft { sender_per_hour: Some(2), ..forwarding() };
    set_type(&bed, HandlerType::CommentWhole, limited).await;
    for n in 0..4 {
        bed.deliver(&format!("m{n}"), &format!("A matter {n}"), "");
    }
    assert_eq!(fetch(&bed).await.quarantined, 2);
    assert_eq!(deliveries(&bed.engine).await.len(), 2);
}

#[tokio::test]
async fn a_quarantined_message_is_sent_on_once_when_it_is_replayed() {
    let bed = ready().await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    bed.engine.delete_mail_server("Out", true, &Caller::System).await.unwrap();
    let kept = take(&bed, Letter::default()).await;
    assert_eq!(kept.message.outcome, Outcome::Quarantined);
    assert!(kept.message.reason.unwrap().contains("no outgoing mail server"));
    let grant = bed.engine.grants(Page::default()).await.unwrap().items;
    let new = out(&bed, &grant[0].grant).into();
    bed.engine.create_mail_server(new, &Caller::System).await.unwrap();
    through(&bed, "Out").await;
    let tried = bed.engine.try_mail_server("Inbox", TrialOf::Newest(1)).await.unwrap();
    assert_eq!(tried[0].outcome, Outcome::Forwarded);
    assert!(deliveries(&bed.engine).await.is_empty(), "a trial writes nothing");
    let id = kept.message.id.to_string();
    let (one, two) = tokio::join!(
        bed.engine.replay_message(&id, &Caller::System),
        bed.engine.replay_message(&id, &Caller::System)
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    assert_eq!(newest(&bed).await.message.outcome, Outcome::Forwarded);
    send(&bed).await;
    assert_eq!(outgoing(&bed).len(), 1);
}

#[tokio::test]
async fn a_paused_server_sends_nothing_until_it_is_resumed() {
    let bed = ready().await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    bed.engine.pause_mail_server("Out", true, &Caller::System).await.unwrap();
    take(&bed, Letter::default()).await;
    let node = bed.another_engine();
    node.start();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(bed.practice.outgoing().is_empty());
    let id = deliveries(&node).await[0].delivery.id.to_string();
    take(&bed, Letter { id: "b", ..Letter::default() }).await;
    node.delete_delivery(&id, &Caller::System).await.unwrap();
    assert_eq!(node.delivery(&id).await.unwrap_err().problem().code, "not_found");
    node.pause_mail_server("Out", false, &Caller::System).await.unwrap();
    until(&node, none_waits).await;
    node.stop().await;
    let sent = outgoing(&bed);
    assert_eq!(sent.len(), 1, "what was deleted is not sent");
}

#[tokio::test]
async fn what_a_handler_promised_is_sent_after_it_was_deleted() {
    let bed = ready().await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    take(&bed, Letter::default()).await;
    bed.engine.delete_handler("Support mail", &Caller::System).await.unwrap();
    send(&bed).await;
    assert_eq!(outgoing(&bed).len(), 1);
    let view = deliveries(&bed.engine).await.pop().unwrap();
    assert_eq!((view.delivery.state, view.handler), (DeliveryState::Sent, None));
}

#[tokio::test]
async fn a_server_that_handlers_send_through_goes_only_when_that_is_said() {
    let bed = ready().await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    take(&bed, Letter::default()).await;
    let refused = bed.engine.delete_mail_server("Out", false, &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!(problem.code, "has_handlers");
    assert!(problem.message.contains("Support mail"), "{problem}");
    let deleted = bed.engine.delete_mail_server("Out", true, &Caller::System).await.unwrap();
    assert_eq!((deleted.handlers.len(), deleted.senders), (0, vec!["Support mail".to_owned()]));
    let handler = bed.engine.handler("Support mail").await.unwrap();
    assert_eq!((handler.outgoing_id, handler.enabled), (None, true));
    let view = deliveries(&bed.engine).await.pop().unwrap();
    assert_eq!(view.delivery.state, DeliveryState::Failed);
    assert_eq!(view.mail_server, "Out (deleted)");
    let retried = bed.engine.retry_delivery(&view.delivery.id.to_string(), &Caller::System).await;
    assert_eq!(retried.unwrap_err().problem().code, "mail_server_deleted");
    // It can be changed in everything else all the same.
    set(&bed, SettingsDraft { catch: texts(&[ALICE]), ..SettingsDraft::default() }).await;
    let again = SettingsDraft { notify: Some(true), ..SettingsDraft::default() };
    let edit = HandlerEdit { settings: again, ..HandlerEdit::default() };
    let problem = bed.engine.edit_handler("Support mail", edit, &Caller::System).await;
    assert_eq!(problem.unwrap_err().problem().code, "outgoing_missing");
}

#[tokio::test]
async fn a_token_that_ends_or_is_refused_is_refreshed_and_mail_is_sent_with_the_next() {
    let bed = ready_for(HOUR * 2).await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    take(&bed, Letter::default()).await;
    bed.engine.pause_mail_server("Inbox", true, &Caller::System).await.unwrap();
    assert_eq!(bed.practice.counters().refreshes, 0);
    // The provider holds it to have ended, and we do not.
    bed.practice.advance(Duration::from_secs(3700));
    send(&bed).await;
    let counters = bed.practice.counters();
    assert_eq!((counters.refreshes, counters.failed_logins), (1, 1));
    assert_eq!(outgoing(&bed).len(), 1);

    let bed = ready_for(SignedDuration::from_secs(30)).await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    take(&bed, Letter::default()).await;
    send(&bed).await;
    assert_eq!(bed.practice.counters().failed_logins, 0, "it is not shown when it is about to end");
    assert_eq!(outgoing(&bed).len(), 1);
}

#[tokio::test]
async fn nothing_that_a_stranger_writes_adds_to_the_head_or_the_envelope_of_a_mail() {
    let bed = ready().await;
    let both = SettingsDraft { notify: Some(true), bulk: Some(Bulk::Forward), ..forwarding() };
    set(&bed, both).await;
    let break_in = "=?utf-8?q?a=0D=0ABcc:_victim@example.com=0D=0A=0D=0Ab?=";
    let answers = "Message-ID: <x\r\n Bcc:victim@example.com>\r\n";
    for (id, from, more) in [
        ("a", format!("{break_in} <carla@example.net>"), "Auto-Submitted: auto-replied\r\n"),
        ("b", "\"<victim@example.com>\" <dora@example.net>".to_owned(), ""),
        ("c", "eve@example.net".to_owned(), answers),
        ("d", format!("\"{break_in}\" <fred@example.net>"), answers),
    ] {
        take(&bed, Letter { id, from: &from, subject: break_in, more, ..Letter::default() }).await;
    }
    assert_eq!(deliveries(&bed.engine).await.len(), 4, "one is sent on, three are told");
    send(&bed).await;
    for (to, mail, parsed) in outgoing(&bed) {
        let text = String::from_utf8(mail).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(!to.iter().any(|one| one.contains("victim")) && to.len() == 1, "{to:?}");
        assert_eq!((parsed.to.len(), parsed.cc.len()), (1, 0), "{head}");
    }
}

#[tokio::test]
async fn mail_waits_for_a_consent_and_goes_out_with_its_grant() {
    let bed = ready().await;
    let scope = format!("{} mail.smtp", crate::bed::SCOPES.join(" "));
    let other = |new: &mut outlink_engine::links::NewLink| {
        new.draft.name = Some("Other".into());
        new.draft.scope = Some(scope);
    };
    crate::consents::link(&bed, other).await;
    let grants = bed.engine.grants(Page::default()).await.unwrap().items;
    let draft =
        MailServerDraft { name: Some("Later".into()), grant: None, ..out(&bed, &grants[0].grant) };
    let new = NewMailServer { draft, link: Some("Other".into()) };
    let saved = bed.engine.create_mail_server(new, &Caller::System).await.unwrap();
    through(&bed, "Later").await;
    set_type(&bed, HandlerType::CommentWhole, forwarding()).await;
    take(&bed, Letter::default()).await;
    let node = bed.another_engine();
    node.start();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!none_waits(&deliveries(&node).await), "nobody has consented yet");
    let Some(Authorized::Asked { offer, .. }) = saved.authorized else { panic!("it is asked for") };
    crate::consents::consent(&bed, offer, 0).await.unwrap();
    until(&node, none_waits).await;
    node.stop().await;
    assert_eq!(outgoing(&bed).len(), 1);
}
