//! A consent that is given anew: tested before it replaces the old one, which can be put back.

use jiff::SignedDuration;
use outlink_engine::Caller;
use outlink_model::grant::GrantStateName;
use outlink_model::mail_server::Take;
use outlink_practice::{ImapFault, TokenFault};

use crate::bed::{ALICE, Bed};
use crate::consents::{anew, first, link};

#[tokio::test]
async fn a_consent_that_grants_less_does_not_replace_one_that_works() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let less = TokenFault::Edit(|answer| {
        answer.insert("scope".into(), "openid email offline_access".into());
    });
    bed.practice.faults().next_token_answers(1, less.clone());
    let refused = anew(&bed, &grant, 0).await.unwrap_err().problem();
    assert_eq!(refused.code, "less_granted");
    assert!(refused.message.contains("mail.imap") && refused.hint.contains("Nothing was changed"));
    let after = bed.engine.grant(ALICE).await.unwrap();
    assert_eq!((after.generation, &after.scopes), (grant.generation, &grant.scopes));

    // One that has ended has nothing to lose.
    bed.practice.revoke_all(ALICE);
    assert!(bed.engine.refresh_grant(ALICE).await.is_err());
    bed.practice.faults().next_token_answers(1, less);
    let finished = anew(&bed, &grant, 0).await.unwrap();
    assert_eq!(finished.grant.state.name(), GrantStateName::Active);
    assert!(finished.warning.is_some_and(|warning| warning.contains("mail.imap")));
}

#[tokio::test]
async fn a_token_that_the_mailbox_refuses_does_not_replace_one_that_works() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    bed.mail_server("Inbox", &grant, Take::All).await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::RefuseToken);
    let refused = anew(&bed, &grant, 0).await.unwrap_err().problem();
    assert_eq!(refused.code, "mailbox_refused");
    assert!(refused.message.contains(ALICE), "{refused}");
    let after = bed.engine.grant(ALICE).await.unwrap();
    assert_eq!(after.generation, grant.generation, "the old consent goes on");
    // A server that says nothing proves nothing.
    bed.practice.faults().next_imap_sessions(1, ImapFault::HangAfterLogin);
    assert_eq!(anew(&bed, &grant, 0).await.unwrap().grant.generation, grant.generation + 1);
}

#[tokio::test]
async fn the_earlier_consent_is_put_back_where_the_provider_honours_it() {
    let bed = Bed::new().await;
    link(&bed, |_| {}).await;
    let grant = first(&bed).await.unwrap().grant;
    let name = grant.id.to_string();
    let nothing = bed.engine.restore_grant(&name, &Caller::System).await.unwrap_err().problem();
    assert_eq!(nothing.code, "no_previous_tokens");
    let refresh = async || {
        let tokens = bed.store.tokens(grant.id).await.unwrap().unwrap();
        tokens.refresh.unwrap().expose().to_owned()
    };
    let new = anew(&bed, &grant, 0).await.unwrap().grant;
    assert!(new.has_previous);
    let second = refresh().await;
    let view = bed.engine.restore_grant(&name, &Caller::System).await.unwrap();
    assert_eq!(view.grant.generation, new.generation + 1);
    assert!(view.grant.has_previous, "what it replaced is kept in its turn");
    assert_ne!(refresh().await, second);
    assert!(bed.engine.refresh_grant(&name).await.is_ok(), "it works");

    bed.practice.revoke_all(ALICE);
    let refused = bed.engine.restore_grant(&name, &Caller::System).await.unwrap_err().problem();
    assert_eq!(refused.code, "previous_refused");
    let after = bed.engine.grant(&name).await.unwrap();
    assert_eq!(
        after.generation,
        view.grant.generation + 1,
        "nothing was changed but by the refresh"
    );
    assert!(after.intent.is_none());
}

#[tokio::test]
async fn what_nothing_uses_is_kept_alive_and_no_more() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let day = |days: i64| SignedDuration::from_hours(24 * days);
    let grant = bed.grant(&link, SignedDuration::from_secs(-1)).await;
    let name = grant.id.to_string();
    // Made a moment ago: somebody is about to use it.
    let fresh = bed.engine.refresh_grant(&name).await.unwrap();
    let wait = |next: outlink_model::Timestamp, at| next.duration_since(at);
    assert!(wait(fresh.next_refresh_at.unwrap(), fresh.issued_at) < day(1));
    // Ten days later nothing has used it: its provider does not say how long it may lie, so once a day.
    let later = bed.later_engine(day(10));
    let idle = later.refresh_grant(&name).await.unwrap();
    let next = wait(idle.next_refresh_at.unwrap(), idle.issued_at);
    assert!(next > SignedDuration::from_hours(21) && next <= day(1), "{next:?}");
    // A mailbox that is fetched with it keeps it fresh.
    bed.mail_server("Inbox", &grant, Take::All).await;
    let used = later.refresh_grant(&name).await.unwrap();
    assert!(wait(used.next_refresh_at.unwrap(), used.issued_at) < SignedDuration::from_hours(1));
}
