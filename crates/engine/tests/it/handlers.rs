//! Handlers as an administrator sets them up: what is refused and at which field, and what a change leaves.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::handlers::{HandlerEdit, NewHandler, SettingsDraft};
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Error, Page};
use outlink_model::SenderRuleId;
use outlink_model::handler::{
    Bulk, Handler, HandlerSettings, HandlerType, ListedRule, SenderList, Unauthenticated,
};
use outlink_model::mail_server::Take;
use outlink_model::problem::Problem;

use crate::bed::{ALICE, Bed, now};
use crate::intake::{fetch, ready};

const HANDLER: &str = "Support mail";

/// Changes the settings of the bed's handler.
pub(crate) async fn set(bed: &Bed, settings: SettingsDraft) -> Handler {
    let edit = HandlerEdit { settings, ..HandlerEdit::default() };
    bed.engine.edit_handler(HANDLER, edit, &Caller::System).await.unwrap()
}

/// The same with another type.
pub(crate) async fn set_type(bed: &Bed, kind: HandlerType, settings: SettingsDraft) {
    let edit = HandlerEdit { kind: Some(kind), settings, ..HandlerEdit::default() };
    bed.engine.edit_handler(HANDLER, edit, &Caller::System).await.unwrap();
}

/// Another handler of the bed's mail server, which puts issues into the same project.
pub(crate) fn another(name: &str, settings: SettingsDraft) -> NewHandler {
    NewHandler {
        outgoing: None,
        name: name.into(),
        mail_server: "Inbox".into(),
        project: "SUP".into(),
        kind: HandlerType::CreateOrComment,
        settings: settings.over(HandlerSettings::default()).unwrap(),
        enabled: true,
    }
}

pub(crate) fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|&text| text.to_owned()).collect())
}

async fn refused(bed: &Bed, edit: HandlerEdit) -> Problem {
    match bed.engine.edit_handler(HANDLER, edit, &Caller::System).await {
        Err(Error::Problem(problem)) => problem,
        other => panic!("it is refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_its_field_and_changes_nothing() {
    let bed = ready().await;
    let before = bed.engine.handler(HANDLER).await.unwrap();
    let long = "x".repeat(61);
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@example.org")).collect();
    let rules: Vec<String> = (0..501).map(|n| format!("d{n}.example")).collect();
    let splits: Vec<String> = (0..21).map(|n| format!("x{n}")).collect();
    let draft = SettingsDraft::default;
    for (settings, field, code) in [
        (
            SettingsDraft { issue_type: Some(" ".into()), ..draft() },
            "issue_type",
            "issue_type_unusable",
        ),
        (SettingsDraft { issue_type: Some(long), ..draft() }, "issue_type", "issue_type_unusable"),
        (SettingsDraft { catch: texts(&["support"]), ..draft() }, "catch", "address_unusable"),
        (
            SettingsDraft { catch: texts(&["a@b.example, c@d.example"]), ..draft() },
            "catch",
            "address_unusable",
        ),
        (SettingsDraft { catch: Some(many), ..draft() }, "catch", "too_many"),
        (
            SettingsDraft { bulk: Some(Bulk::Forward), ..draft() },
            "forward_to",
            "forward_to_missing",
        ),
        (
            SettingsDraft { forward_to: Some("a@b.example c@d.example".into()), ..draft() },
            "forward_to",
            "address_unusable",
        ),
        (
            SettingsDraft { forward_to: Some("a..b@example.org".into()), ..draft() },
            "forward_to",
            "address_unusable",
        ),
        (
            SettingsDraft { forward_to: Some(ALICE.replace('@', "+x@")), ..draft() },
            "forward_to",
            "forward_to_itself",
        ),
        (
            SettingsDraft { forward_to: Some(ALICE.to_uppercase()), ..draft() },
            "forward_to",
            "forward_to_itself",
        ),
        (
            SettingsDraft { default_reporter: Some("Desk".into()), ..draft() },
            "default_reporter",
            "address_unusable",
        ),
        (SettingsDraft { notify: Some(true), ..draft() }, "outgoing", "outgoing_missing"),
        (
            SettingsDraft { forward_to: Some("ops@example.com".into()), ..draft() },
            "outgoing",
            "outgoing_missing",
        ),
        (
            SettingsDraft { forward_to: Some("\"a\"@b.example".into()), ..draft() },
            "forward_to",
            "address_unusable",
        ),
        (SettingsDraft { split: texts(&["/(unclosed/"]), ..draft() }, "split", "split_unusable"),
        (SettingsDraft { split: texts(&["foo(?=bar)"]), ..draft() }, "split", "split_unusable"),
        (SettingsDraft { split: Some(splits), ..draft() }, "split", "too_many"),
        (SettingsDraft { allow: texts(&["nobody"]), ..draft() }, "allow", "sender_rule_unusable"),
        (SettingsDraft { deny: Some(rules), ..draft() }, "deny", "too_many"),
        (SettingsDraft { only_allowed: Some(true), ..draft() }, "allow", "allow_missing"),
        (
            SettingsDraft { attachments_largest: Some(0), ..draft() },
            "attachments_largest",
            "limit_unusable",
        ),
        (
            SettingsDraft { attachments_most: Some(1001), ..draft() },
            "attachments_most",
            "limit_unusable",
        ),
        (
            SettingsDraft { attachments_deny_types: texts(&["video"]), ..draft() },
            "attachments_deny_types",
            "file_rule_unusable",
        ),
        (
            SettingsDraft { sender_per_hour: Some(2_000_000), ..draft() },
            "sender_per_hour",
            "limit_unusable",
        ),
    ] {
        let problem = refused(&bed, HandlerEdit { settings, ..HandlerEdit::default() }).await;
        assert_eq!((problem.field, problem.code), (Some(field), code), "{problem}");
        assert!(!problem.hint.is_empty(), "{problem}");
    }
    let marker =
        HandlerEdit { kind: Some(HandlerType::CommentBeforeMarker), ..HandlerEdit::default() };
    assert_eq!(refused(&bed, marker).await.code, "split_missing");
    let elsewhere = HandlerEdit { project: Some("NONE".into()), ..HandlerEdit::default() };
    assert_eq!(refused(&bed, elsewhere).await.field, Some("project"));
    assert_eq!(bed.engine.handler(HANDLER).await.unwrap(), before);
    let mut new = another("Other", SettingsDraft::default());
    new.settings.notify = true;
    let error = bed.engine.create_handler(new, &Caller::System).await.unwrap_err().problem();
    assert_eq!(error.field, Some("outgoing"), "a new handler is held to the same");
}

#[tokio::test]
async fn an_edit_keeps_what_it_does_not_name_and_is_told() {
    let bed = ready().await;
    let before = bed.engine.handler(HANDLER).await.unwrap();
    let after = set(
        &bed,
        SettingsDraft {
            catch: texts(&[" Alice@Example.org "]),
            unauthenticated: Some(Unauthenticated::Quarantine),
            ..SettingsDraft::default()
        },
    )
    .await;
    assert_eq!(after.settings.catch, ["alice@example.org"]);
    let expected = HandlerSettings {
        catch: vec!["alice@example.org".into()],
        unauthenticated: Unauthenticated::Quarantine,
        ..HandlerSettings::default()
    };
    assert_eq!(after.settings, expected);
    assert_eq!(bed.engine.handler(HANDLER).await.unwrap(), after);

    let stale = HandlerEdit {
        name: Some("Late".into()),
        seen: Some(before.updated_at),
        ..HandlerEdit::default()
    };
    assert_eq!(refused(&bed, stale).await.code, "changed_meanwhile");
    let same = HandlerEdit { enabled: Some(true), ..HandlerEdit::default() };
    let same = bed.engine.edit_handler(HANDLER, same, &Caller::System).await.unwrap();
    assert_eq!(same, after, "what changes nothing is no change");

    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    let told: Vec<&str> = events
        .iter()
        .filter(|event| event.kind == "handler.edited")
        .map(|event| event.message.as_str())
        .collect();
    assert_eq!(told, ["this server changed catch, unauthenticated of the handler Support mail."]);
}

#[tokio::test]
async fn a_handler_that_is_switched_off_fetches_nothing_and_one_that_is_deleted_leaves_its_issues()
{
    let bed = ready().await;
    bed.deliver("a", "First", "");
    assert_eq!(fetch(&bed).await.created, 1);
    let off = HandlerEdit { enabled: Some(false), ..HandlerEdit::default() };
    bed.engine.edit_handler(HANDLER, off, &Caller::System).await.unwrap();
    bed.deliver("b", "Second", "");
    let error = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
    assert_eq!(error.code, "no_handler");
    let on = HandlerEdit { enabled: Some(true), ..HandlerEdit::default() };
    bed.engine.edit_handler(HANDLER, on, &Caller::System).await.unwrap();
    assert_eq!(fetch(&bed).await.created, 1, "what came meanwhile is taken");

    bed.engine.delete_handler(HANDLER, &Caller::System).await.unwrap();
    let error = bed.engine.delete_handler(HANDLER, &Caller::System).await.unwrap_err().problem();
    assert_eq!(error.code, "not_found");
    assert_eq!(bed.engine.issues(None, Page::default()).await.unwrap().items.len(), 2);
    assert_eq!(
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem().code,
        "no_handler"
    );
    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    for kind in ["handler.disabled", "handler.enabled", "handler.deleted"] {
        assert!(events.iter().any(|event| event.kind == kind), "{kind}");
    }
}

#[tokio::test]
async fn handlers_are_put_in_order_all_of_them_or_not_at_all() {
    let bed = ready().await;
    for name in ["Second", "Third"] {
        let new = another(name, SettingsDraft::default());
        bed.engine.create_handler(new, &Caller::System).await.unwrap();
    }
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    let names = async || {
        let handlers = bed.engine.handlers_of_mail_server(&server).await.unwrap();
        handlers.into_iter().map(|handler| handler.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, [HANDLER, "Second", "Third"], "the newest is the last");
    let order = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let third = bed.engine.handler("Third").await.unwrap().id.to_string();
    for wrong in [
        &["Second", "Third"][..],
        &[HANDLER, "Second", "Second"],
        &[HANDLER, "Second", "Third", "Third"],
        &[HANDLER, "Second", "Fourth"],
        &[],
    ] {
        let done = bed.engine.order_handlers("Inbox", &order(wrong), &Caller::System).await;
        let problem = done.unwrap_err().problem();
        assert_eq!(
            (problem.field, problem.code),
            (Some("handlers"), "order_incomplete"),
            "{wrong:?}"
        );
        assert!(problem.hint.contains("Support mail, Second, Third"), "{problem}");
    }
    let wanted = order(&[&third, HANDLER, "Second"]);
    let done = bed.engine.order_handlers("Inbox", &wanted, &Caller::System).await.unwrap();
    assert_eq!(done[0].name, "Third");
    assert_eq!(names().await, ["Third", HANDLER, "Second"]);
}

#[tokio::test]
async fn a_handler_moves_to_another_mail_server_as_its_last() {
    let bed = ready().await;
    let link = bed.link("Other").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.mail_server("Second inbox", &grant, Take::New).await;
    let mut new = another("Second mail", SettingsDraft::default());
    new.mail_server = "Second inbox".into();
    bed.engine.create_handler(new, &Caller::System).await.unwrap();
    let edit = HandlerEdit { mail_server: Some("Second inbox".into()), ..HandlerEdit::default() };
    let moved = bed.engine.edit_handler(HANDLER, edit, &Caller::System).await.unwrap();
    assert_eq!(moved.position, 1);
    assert_eq!(
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem().code,
        "no_handler"
    );
}

#[tokio::test]
async fn rules_for_every_handler_stand_once_on_their_list() {
    let bed = Bed::new().await;
    let (engine, by) = (&bed.engine, &Caller::System);
    let rule = engine.add_sender_rule(SenderList::Deny, " Spam.Example ", by).await.unwrap();
    assert_eq!(rule.rule.to_string(), "spam.example");
    let again = engine.add_sender_rule(SenderList::Deny, "spam.example", by).await;
    let again = again.unwrap_err().problem();
    assert_eq!((again.field, again.code), (Some("rule"), "sender_rule_taken"));
    let wrong = engine.add_sender_rule(SenderList::Allow, "nobody", by).await.unwrap_err();
    assert_eq!(wrong.problem().code, "sender_rule_unusable");
    engine.add_sender_rule(SenderList::Allow, "spam.example", by).await.unwrap();
    let listed = engine.sender_rules(Some(SenderList::Deny), Page::default()).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&rule));
    let both = engine.remove_sender_rule("spam.example", by).await.unwrap_err().problem();
    assert_eq!(both.code, "sender_rule_ambiguous");
    engine.remove_sender_rule(&rule.id.to_string(), by).await.unwrap();
    engine.remove_sender_rule("spam.example", by).await.unwrap();
    let gone = engine.remove_sender_rule("spam.example", by).await.unwrap_err().problem();
    assert_eq!(gone.code, "not_found");
}

#[tokio::test]
async fn a_rule_is_taken_off_however_many_stand_before_it() {
    let bed = Bed::new().await;
    let (engine, by) = (&bed.engine, &Caller::System);
    for n in 1..=1001_u32 {
        let rule = ListedRule {
            id: SenderRuleId(uuid::Uuid::from_u128(n.into())),
            list: SenderList::Deny,
            rule: format!("d{n}.example").parse().unwrap(),
            created_at: now(),
        };
        bed.store.create_sender_rule(&rule).await.unwrap();
    }
    engine.remove_sender_rule("d1001.example", by).await.unwrap();
    let gone = engine.remove_sender_rule("d1001.example", by).await.unwrap_err().problem();
    assert_eq!(gone.code, "not_found");
}

#[tokio::test]
async fn a_handler_is_not_called_what_its_address_could_not_reach() {
    let bed = ready().await;
    let edit = HandlerEdit { name: Some("order".into()), ..HandlerEdit::default() };
    let problem = refused(&bed, edit).await;
    assert_eq!((problem.code, problem.field), ("name_reserved", Some("name")));
    let new = NewHandler {
        outgoing: None,
        name: " order ".into(),
        mail_server: "Inbox".into(),
        project: "SUP".into(),
        kind: HandlerType::CreateOrComment,
        settings: HandlerSettings::default(),
        enabled: false,
    };
    let problem = bed.engine.create_handler(new, &Caller::System).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("name_reserved", Some("name")));
}

#[tokio::test]
async fn who_waits_for_new_mail_takes_none_once_the_last_handler_is_off() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.inbox(&grant).await;
    bed.store.wake_mail_servers(grant.id, crate::bed::now()).await.unwrap();
    bed.engine.start();
    let issues = async || bed.engine.issues(None, Page::default()).await.unwrap().items.len();
    for (count, id) in [(1, "a"), (2, "b")] {
        bed.deliver(id, id, "");
        // The second comes without a poll, which would be a minute later.
        for _ in 0..100 {
            if issues().await == count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(issues().await, count);
    }
    // By another node, which cannot tell the session that waits.
    let off = HandlerEdit { enabled: Some(false), ..HandlerEdit::default() };
    bed.another_engine().edit_handler(HANDLER, off, &Caller::System).await.unwrap();
    bed.deliver("c", "Nobody's", "");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let ledger = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    assert_eq!(ledger.items.len(), 2, "it is not even looked at");
    bed.engine.stop().await;
}
