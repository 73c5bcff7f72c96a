//! Changing links: what locks secrets, what is said about it, and what is tried again at once.

use jiff::SignedDuration;
use outlink_engine::links::{LinkDraft, LinkEdit, NewSecret, SavedLink};
use outlink_engine::{Caller, Error, Page};
use outlink_model::Secret;
use outlink_model::grant::{Actor, Grant, GrantState, Trouble, later};
use outlink_model::link::{ClientAuth, LinkHealth};
use outlink_model::mail_server::Take;
use outlink_model::problem::ProblemKind;
use outlink_model::provider::{Cloud, ProviderKind};
use outlink_store::FailedRefresh;

use crate::bed::{Bed, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn edit(bed: &Bed, draft: LinkDraft) -> Result<SavedLink, Error> {
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    bed.engine.edit_link("Work", edit, &Caller::System).await
}

fn said(saved: &SavedLink, part: &str) -> bool {
    saved.warnings.iter().any(|warning| warning.contains(part))
}

#[tokio::test]
async fn what_is_not_named_stays() {
    let bed = Bed::new().await;
    let before = bed.link("Work").await;
    let draft = LinkDraft { description: Some(" Our mail ".into()), ..LinkDraft::default() };
    let after = edit(&bed, draft).await.unwrap().link;
    assert_eq!(after.description, "Our mail");
    assert_eq!((after.scope, after.token_endpoint), (before.scope, before.token_endpoint));
    assert_eq!(after.client_secrets[0].id, before.client_secrets[0].id);
    let draft = LinkDraft { issuer: Some(String::new()), ..LinkDraft::default() };
    assert!(edit(&bed, draft).await.unwrap().link.issuer.is_none(), "an empty text clears");
    bed.engine.create_link(bed.new_link("Other"), &Caller::System).await.unwrap();
    let draft = LinkDraft { name: Some("Other".into()), ..LinkDraft::default() };
    assert_eq!(edit(&bed, draft).await.unwrap_err().problem().code, "name_taken");
    let draft = LinkDraft { token_endpoint: Some(String::new()), ..LinkDraft::default() };
    assert_eq!(edit(&bed, draft).await.unwrap_err().problem().code, "endpoint_missing");
}

#[tokio::test]
async fn a_moved_endpoint_locks_its_secrets() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let moved = "https://evil.example.org/x";
    type Change = fn(&mut LinkDraft, String);
    let changes: [(&str, Change); 5] = [
        ("token endpoint", |draft, to| draft.token_endpoint = Some(to)),
        ("revocation endpoint", |draft, to| draft.revocation_endpoint = Some(to)),
        ("userinfo endpoint", |draft, to| draft.userinfo_endpoint = Some(to)),
        ("introspection endpoint", |draft, to| draft.introspection_endpoint = Some(to)),
        ("issuer", |draft, to| draft.issuer = Some(to)),
    ];
    for (field, change) in changes {
        let mut draft = LinkDraft::default();
        change(&mut draft, moved.into());
        let problem = edit(&bed, draft.clone()).await.unwrap_err().problem();
        assert_eq!((problem.code, problem.field), ("secret_needed", Some("client_secret")));
        assert!(problem.message.contains(field), "{}", problem.message);
        // Beside a new one, the old one would go there too.
        draft.secret = Some(NewSecret::new(Secret::new("brand-new-secret")));
        let both = LinkEdit { draft, add_secret: true, ..LinkEdit::default() };
        let refused = bed.engine.edit_link("Work", both, &Caller::System).await;
        assert_eq!(refused.unwrap_err().problem().code, "secret_needed", "{field}");
    }
    let stands = bed.engine.link("Work").await.unwrap();
    assert_eq!(stands.token_endpoint, link.token_endpoint, "nothing was changed");
    assert_eq!(stands.token_hosts, ["localhost"]);

    let draft = LinkDraft {
        token_endpoint: Some(moved.into()),
        secret: Some(NewSecret::new(bed.practice.client_secret.clone())),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(said(&saved, "1 grant needs a new consent"), "{:?}", saved.warnings);
    assert!(said(&saved, "no longer sent to localhost"), "{:?}", saved.warnings);
    let redirect = bed.engine.redirect_url_of(&saved.link).unwrap();
    assert!(said(&saved, &redirect), "{:?}", saved.warnings);
    assert!(saved.link.token_hosts.is_empty());
    let before = bed.practice.counters().token_requests;
    bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap_err();
    assert_eq!(bed.practice.counters().token_requests, before);
}

#[tokio::test]
async fn a_public_client_has_no_secret_to_lock() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("Work");
    new.draft.secret = None;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert_eq!(link.client_auth, ClientAuth::None);
    let grant = bed.grant(&link, HOUR).await;
    let draft = LinkDraft {
        token_endpoint: Some("https://other.example.org/token".into()),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(said(&saved, "1 grant needs a new consent"), "{:?}", saved.warnings);
    bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap_err();
    assert_eq!(bed.practice.counters().token_requests, 0, "the old refresh token went nowhere");
}

#[tokio::test]
async fn grants_of_which_no_address_is_known_are_locked_too() {
    let bed = Bed::new().await;
    let mut new = bed.new_link("Work");
    new.draft.secret = None;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let known = bed.grant(&link, -HOUR).await;
    let tokens = bed.store.tokens(known.id).await.unwrap().unwrap();
    // As an older version wrote them.
    let id = "01980000-0000-7000-8000-000000000001".parse().unwrap();
    let older = Grant { id, bound_to: None, ..known };
    bed.store.create_grant(&older, &tokens).await.unwrap();
    let draft = LinkDraft {
        token_endpoint: Some("https://other.example.org/token".into()),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(said(&saved, "2 grants need a new consent"), "{:?}", saved.warnings);
}

#[tokio::test]
async fn an_edit_that_moves_nothing_locks_nothing() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    bed.grant(&link, HOUR).await;
    let draft = LinkDraft {
        token_endpoint: Some(link.token_endpoint.clone()),
        issuer: Some(String::new()),
        scope: Some("openid mail.imap".into()),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(!said(&saved, "consent") && !said(&saved, "redirect URL"), "{:?}", saved.warnings);
    let draft = LinkDraft {
        authorization_endpoint: Some("https://localhost:1/authorize".into()),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(said(&saved, "redirect URL has changed"), "{:?}", saved.warnings);
}

#[tokio::test]
async fn an_edit_has_a_marked_link_probed_at_once() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let over = bed.grant(&link, -HOUR).await;
    let lives = bed.grant(&link, HOUR).await;
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: "The secret is wrong.".into(),
        hint: "Enter it again.".into(),
        provider_error: None,
    };
    let far = later(now(), HOUR);
    let health = LinkHealth::Marked { trouble: trouble.clone(), failures: 3, probe_at: far };
    assert!(bed.store.mark_link(&link, &health, None).await.unwrap());
    bed.store.postpone_refresh(over.id, far).await.unwrap();
    let blocked = bed.grant(&link, HOUR).await;
    let state = GrantState::Blocked { trouble, failures: 2 };
    let failed =
        FailedRefresh { holder: "", state: &state, next_refresh_at: Some(far), clear_intent: true };
    bed.store.fail_refresh(blocked.id, 1, &failed, now(), None).await.unwrap();
    let draft = LinkDraft { scope: Some("openid mail.imap".into()), ..LinkDraft::default() };
    edit(&bed, draft).await.unwrap();
    let LinkHealth::Marked { probe_at, failures, .. } =
        bed.engine.link("Work").await.unwrap().health
    else {
        panic!("the mark stays until a grant was served")
    };
    assert!(probe_at <= now() && failures == 3);
    let due = bed.store.due_grants(now(), 10).await.unwrap();
    let is_due = |id| due.iter().any(|due| due.id == id);
    assert!(is_due(over.id) && is_due(blocked.id), "{due:?}");
    assert!(!is_due(lives.id), "what lives is left alone");
}

#[tokio::test]
async fn a_disabled_link_is_told_of_and_asks_for_nothing() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, -HOUR).await;
    let draft = |enabled| LinkDraft { enabled: Some(enabled), ..LinkDraft::default() };
    assert!(!edit(&bed, draft(false)).await.unwrap().link.enabled);
    let problem = bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap_err().problem();
    assert!(problem.message.contains("switched off"), "{problem:?}");
    assert_eq!(bed.practice.counters().token_requests, 0);
    edit(&bed, draft(false)).await.unwrap();
    edit(&bed, draft(true)).await.unwrap();
    bed.engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    let events = bed.store.events(&Page::default(), None).await.unwrap().items;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    let count = |kind| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((count("link.disabled"), count("link.enabled")), (1, 1), "{kinds:?}");
}

#[tokio::test]
async fn a_link_keeps_its_hosts_while_it_stays_in_its_cloud() {
    let bed = Bed::new().await;
    let mut new = bed.preset_link("Work", ProviderKind::Microsoft, LinkDraft::default());
    new.choice.cloud = Some(Cloud::Dod);
    new.choice.tenant = Some("contoso.example".into());
    let before = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert!(before.token_hosts.iter().any(|host| host.contains("dod")), "{before:?}");
    let token = before.token_endpoint.replace("contoso.example", "fabrikam.example");
    let to = |endpoint: &str| LinkDraft {
        token_endpoint: Some(endpoint.into()),
        secret: Some(NewSecret::new(Secret::new("another-secret"))),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, to(&token)).await.unwrap();
    assert_eq!(saved.link.token_hosts, before.token_hosts);
    assert!(!said(&saved, "no longer sent"), "{:?}", saved.warnings);
    let worldwide = token.replace("microsoftonline.us", "microsoftonline.com");
    let saved = edit(&bed, to(&worldwide)).await.unwrap();
    assert!(saved.link.token_hosts.contains(&"outlook.office365.com".to_owned()));
    assert!(said(&saved, "no longer sent"), "{:?}", saved.warnings);
}

#[tokio::test]
async fn a_host_that_is_added_asks_for_the_secret_like_a_moved_endpoint() {
    let bed = Bed::new().await;
    let new = bed.preset_link("Work", ProviderKind::Microsoft, LinkDraft::default());
    let before = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let mut hosts = before.token_hosts.clone();
    hosts.push(" IMAP-Mail.Outlook.com ".into());
    let draft =
        |hosts: &[String]| LinkDraft { token_hosts: Some(hosts.to_vec()), ..LinkDraft::default() };
    let problem = edit(&bed, draft(&hosts)).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("secret_needed", Some("client_secret")));
    assert!(problem.message.contains("hosts"), "{problem:?}");
    let again = NewSecret::new(bed.practice.client_secret.clone());
    let entered = LinkDraft { secret: Some(again), ..draft(&hosts) };
    let after = edit(&bed, entered).await.unwrap().link;
    assert_eq!(after.token_hosts.last().unwrap(), "imap-mail.outlook.com");
    // To take one away is safe.
    let saved = edit(&bed, draft(&before.token_hosts)).await.unwrap();
    assert_eq!(saved.link.token_hosts, before.token_hosts);
    assert!(said(&saved, "no longer sent to imap-mail.outlook.com"), "{:?}", saved.warnings);
    for (hosts, code) in [
        (vec!["https://imap.example.org".to_owned()], "host_unusable"),
        ((0..51).map(|n| format!("h{n}.example.org")).collect(), "too_many_hosts"),
    ] {
        let problem = edit(&bed, draft(&hosts)).await.unwrap_err().problem();
        assert_eq!((problem.code, problem.field), (code, Some("token_hosts")));
    }
}

#[tokio::test]
async fn grants_of_another_client_are_kept_and_not_spent() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, -HOUR).await;
    let named = grant.id.to_string();
    let to = |id: &str| LinkDraft { client_id: Some(id.into()), ..LinkDraft::default() };
    let saved = edit(&bed, to("another-client")).await.unwrap();
    assert!(said(&saved, "1 grant needs a new consent"), "{:?}", saved.warnings);
    assert!(bed.engine.grant_view(&named).await.unwrap().locked);
    bed.engine.refresh_grant(&named).await.unwrap_err();
    assert_eq!(bed.practice.counters().token_requests, 0, "nothing was sent for nobody's client");
    edit(&bed, to(&link.client_id)).await.unwrap();
    assert_eq!(bed.engine.refresh_grant(&named).await.unwrap().generation, 2, "put back");
}

#[tokio::test]
async fn edits_at_the_same_time_undo_nothing() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    for round in 0..5 {
        let text = format!("round {round}");
        let scope = format!("openid round{round}");
        let describe = LinkDraft { description: Some(text.clone()), ..LinkDraft::default() };
        let rescope = LinkDraft { scope: Some(scope.clone()), ..LinkDraft::default() };
        let reparam = LinkDraft {
            token_params: Some(vec![("round".into(), text.clone())]),
            ..LinkDraft::default()
        };
        let (one, two, three) =
            tokio::join!(edit(&bed, describe), edit(&bed, rescope), edit(&bed, reparam));
        let after = bed.engine.link("Work").await.unwrap();
        let mut won = 0;
        for (edited, stands) in [
            (one, after.description == text),
            (two, after.scope == scope),
            (three, after.token_params == [("round".to_owned(), text.clone())]),
        ] {
            match edited {
                Ok(_) => assert!(stands, "what was accepted stands: {after:?}"),
                Err(error) => {
                    let problem = error.problem();
                    assert_eq!(problem.code, "changed_meanwhile", "{problem:?}");
                    continue;
                }
            }
            won += 1;
        }
        assert!(won > 0, "somebody comes first");
    }
}

/// A form sends all that it shows.
#[tokio::test]
async fn hosts_that_are_sent_as_they_were_do_not_outlive_a_moved_token_endpoint() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let before = bed.engine.link("Work").await.unwrap();
    assert_eq!(before.token_hosts, ["localhost"]);
    let draft = LinkDraft {
        token_endpoint: Some("https://other.example.org/token".into()),
        token_hosts: Some(before.token_hosts),
        secret: Some(NewSecret::new(bed.practice.client_secret.clone())),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, draft).await.unwrap();
    assert!(saved.link.token_hosts.is_empty(), "{:?}", saved.link.token_hosts);
}

#[tokio::test]
async fn a_secret_that_is_entered_again_keeps_what_was_known_of_it() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let ends = later(now(), SignedDuration::from_hours(24 * 90));
    let secret = || NewSecret::new(bed.practice.client_secret.clone());
    let dated = LinkDraft {
        secret: Some(NewSecret { expires_at: Some(ends), ..secret() }),
        ..LinkDraft::default()
    };
    edit(&bed, dated).await.unwrap();
    let moved = LinkDraft {
        userinfo_endpoint: Some("https://other.example.org/me".into()),
        secret: Some(secret()),
        ..LinkDraft::default()
    };
    let saved = edit(&bed, moved).await.unwrap();
    assert_eq!(saved.link.client_secrets[0].expires_at, Some(ends));
    for name in ["discover", "redirect-url"] {
        let draft = LinkDraft { name: Some(name.into()), ..LinkDraft::default() };
        assert_eq!(edit(&bed, draft).await.unwrap_err().problem().code, "name_unusable");
    }
}

#[tokio::test]
async fn an_edit_of_what_somebody_else_has_changed_since_is_refused() {
    let bed = Bed::new().await;
    let seen = bed.link("Work").await.updated_at;
    let describe = |text: &str, seen| LinkEdit {
        draft: LinkDraft { description: Some(text.into()), ..LinkDraft::default() },
        seen: Some(seen),
        ..LinkEdit::default()
    };
    let first = bed.engine.edit_link("Work", describe("first", seen), &Caller::System).await;
    let first = first.unwrap().link;
    let late = bed.engine.edit_link("Work", describe("late", seen), &Caller::System).await;
    let late = late.unwrap_err().problem();
    assert_eq!((late.code, late.kind), ("changed_meanwhile", ProblemKind::Conflict));
    assert_eq!(bed.engine.link("Work").await.unwrap().description, "first");
    let again = describe("late", first.updated_at);
    bed.engine.edit_link("Work", again, &Caller::System).await.unwrap();
    assert_eq!(bed.engine.link("Work").await.unwrap().description, "late");
}

#[tokio::test]
async fn token_hosts_are_added_at_first_and_replaced_or_emptied_later() {
    let bed = Bed::new().await;
    let hosts = |hosts: &[&str]| LinkDraft {
        token_hosts: Some(hosts.iter().map(|host| (*host).to_owned()).collect()),
        ..LinkDraft::default()
    };
    let mut new = bed.preset_link("Work", ProviderKind::Google, hosts(&["mail.example.org"]));
    new.draft.token_endpoint = None;
    let made = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert!(made.token_hosts.len() > 1, "besides those of the preset: {:?}", made.token_hosts);
    assert!(made.token_hosts.contains(&"mail.example.org".to_owned()));
    let saved = edit(&bed, hosts(&["mail.example.org"])).await.unwrap();
    assert_eq!(saved.link.token_hosts, ["mail.example.org"], "in the place of all that stood");
    let saved = edit(&bed, hosts(&[])).await.unwrap();
    assert!(saved.link.token_hosts.is_empty());
    assert!(said(&saved, "no longer sent to mail.example.org"), "{:?}", saved.warnings);
}
