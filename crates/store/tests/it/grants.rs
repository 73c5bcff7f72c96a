use outlink_model::grant::{Grant, GrantState, Identity, Intent, Tokens};
use outlink_model::mail_server::{MailServer, SignIn};
use outlink_model::user::HandOut;
use outlink_store::{ConsentState, Error};

use crate::bench::{Bench, on_both};
use crate::samples::{
    answer, at, grant, granted, held, id, link, mail_server, page, replace, shown, tokens, trouble,
};

on_both!(
    a_grant_comes_back_as_it_was_written,
    grants_are_found_by_link_and_by_address,
    a_new_consent_writes_everything_anew,
    a_new_consent_without_a_refresh_token_keeps_that_of_the_same_person,
    a_new_consent_drops_a_refresh_token_that_may_be_another_persons,
    of_two_new_consents_the_second_is_stale,
    a_grant_whose_link_asks_on_its_own_is_renewable,
    a_grant_is_in_use_while_something_signs_in_with_it,
);

async fn a_grant_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let states = [
        GrantState::Active,
        GrantState::Degraded { trouble: trouble("slow"), failures: 2 },
        GrantState::NeedsConsent { trouble: trouble("over") },
        GrantState::Blocked { trouble: trouble("policy"), failures: 4 },
        GrantState::Revoked,
    ];
    for (n, state) in (1..).zip(states) {
        let intent = Some(Intent { at: at(7), retried: n % 2 == 0 });
        let written = Grant { state, intent, ..grant(n) };
        store.create_grant(&written, &tokens(n)).await.unwrap();
        let read = store.grant(written.id).await.unwrap().unwrap();
        assert_eq!(shown(&read), shown(&written));
    }
    let first = (1, "access-1-first".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, id(1)).await, first);
    assert!(store.grant(id(99)).await.unwrap().is_none());
    assert!(store.tokens(id(99)).await.unwrap().is_none());

    let bare = Grant {
        identity: Identity::default(),
        next_refresh_at: None,
        renewable: false,
        refresh_expires_at: None,
        bound_to: None,
        ..grant(9)
    };
    store.create_grant(&bare, &Tokens { refresh: None, ..tokens(9) }).await.unwrap();
    let read = store.grant(id(9)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&bare));
    let orphan = Grant { link_id: id(5), ..grant(10) };
    assert!(matches!(store.create_grant(&orphan, &tokens(10)).await, Err(Error::Missing)));
}

async fn grants_are_found_by_link_and_by_address(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    store.create_link(&link(2)).await.unwrap();
    store.create_grant(&grant(1), &tokens(1)).await.unwrap();
    let elsewhere = Grant { link_id: id(2), identity: grant(1).identity, ..grant(2) };
    store.create_grant(&elsewhere, &tokens(2)).await.unwrap();

    let found = store.grants_by_email("alice1@example.ORG").await.unwrap();
    assert_eq!(found.iter().map(|grant| grant.id).collect::<Vec<_>>(), [id(1), id(2)]);
    let found = store.grants_of_link(id(2)).await.unwrap();
    assert_eq!(found.iter().map(|grant| grant.id).collect::<Vec<_>>(), [id(2)]);
    let listed = store.grants(&page(1, None)).await.unwrap();
    let rest = store.grants(&page(1, listed.next.as_deref())).await.unwrap();
    assert_eq!((listed.items[0].id, rest.items[0].id), (id(1), id(2)));
    assert_eq!(rest.next, None);
}

async fn a_new_consent_writes_everything_anew(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let over = GrantState::NeedsConsent { trouble: trouble("over") };
    let dead = Grant { state: over, next_refresh_at: None, ..grant(1) };
    store.create_grant(&dead, &tokens(1)).await.unwrap();

    let identity = Identity { email: Some("new@example.org".into()), ..dead.identity };
    let mut consent = answer("access-new", Some("refresh-new"));
    consent.scopes = Some(vec!["mail".into()]);
    replace(&store, 1, 1, &identity, true, &consent).await.unwrap();

    let read = store.grant(id(1)).await.unwrap().unwrap();
    assert_eq!((read.generation, read.state, read.since), (2, GrantState::Active, at(3600)));
    assert_eq!((read.identity, read.scopes), (identity, vec!["mail".to_owned()]));
    assert_eq!((read.expires_at, read.issued_at), (at(7200), at(3600)));
    assert_eq!(read.next_refresh_at, Some(at(6000)));
    let new = (2, "access-new".to_owned(), Some("refresh-new".to_owned()));
    assert_eq!(held(&store, id(1)).await, new);
    assert_eq!(store.grants_by_email("NEW@example.org").await.unwrap().len(), 1);
}

async fn a_new_consent_without_a_refresh_token_keeps_that_of_the_same_person(
    Bench { store, .. }: Bench,
) {
    let grant_id = granted(&store).await;
    let same = grant(1).identity;
    let consent = answer("access-new", None);
    // What the answer does not tell of the person stays as it is known.
    let told = Identity { issuer: None, email: None, ..same.clone() };
    replace(&store, 1, 1, &told, true, &consent).await.unwrap();
    assert_eq!(store.grant(grant_id).await.unwrap().unwrap().identity, same);
    assert_eq!(store.grants_by_email("alice1@example.org").await.unwrap().len(), 1);
    let kept = (2, "access-new".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, grant_id).await, kept);
}

async fn a_new_consent_drops_a_refresh_token_that_may_be_another_persons(
    Bench { store, .. }: Bench,
) {
    let grant_id = granted(&store).await;
    let consent = answer("access-new", None);
    replace(&store, 1, 1, &Identity::default(), false, &consent).await.unwrap();
    assert_eq!(held(&store, grant_id).await.2, None);
}

async fn of_two_new_consents_the_second_is_stale(Bench { store, .. }: Bench) {
    let grant_id = granted(&store).await;
    let same = grant(1).identity;
    let first = answer("access-a", Some("refresh-a"));
    let second = answer("access-b", Some("refresh-b"));
    replace(&store, 1, 1, &same, true, &first).await.unwrap();
    let late = replace(&store, 2, 1, &same, true, &second).await;
    assert!(matches!(late, Err(Error::Stale)));
    let consent = store.consent(id(2)).await.unwrap().unwrap();
    assert!(
        matches!(consent.state, ConsentState::Begun { .. }),
        "neither stands without the other"
    );
    assert_eq!(held(&store, grant_id).await.1, "access-a");
}

async fn a_grant_whose_link_asks_on_its_own_is_renewable(Bench { store, .. }: Bench) {
    store.create_link(&link(1)).await.unwrap();
    let asked = Grant { subject: Some("box@example.org".into()), ..grant(1) };
    store.create_grant(&asked, &Tokens { refresh: None, ..tokens(1) }).await.unwrap();
    let read = store.grant(id(1)).await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&asked));
    store.commit_refresh(id(1), 1, &answer("second", None), None, at(9), None).await.unwrap();
    let read = store.grant(id(1)).await.unwrap().unwrap();
    assert!(read.renewable, "and stays so");
    assert_eq!(read.subject.as_deref(), Some("box@example.org"));
    assert_eq!(held(&store, id(1)).await.2, None);
}

async fn a_grant_is_in_use_while_something_signs_in_with_it(Bench { store, .. }: Bench) {
    granted(&store).await;
    store.create_grant(&grant(2), &tokens(2)).await.unwrap();
    let used = async |since| store.grant_in_use(id(1), at(since)).await.unwrap();
    assert!(!used(0).await);
    let server = MailServer { sign_in: SignIn::Grant(id(1)), ..mail_server(1) };
    store.create_mail_server(&server).await.unwrap();
    assert!(used(0).await);
    assert!(!store.grant_in_use(id(2), at(0)).await.unwrap(), "another one");
    assert_eq!(store.mail_servers_of_grant(id(1)).await.unwrap()[0].id, server.id);
    assert!(store.mail_servers_of_grant(id(2)).await.unwrap().is_empty());
    assert_eq!(store.mail_servers_of_link(id(1)).await.unwrap()[0].id, server.id);
    assert!(store.mail_servers_of_link(id(2)).await.unwrap().is_empty());
    store.set_paused(server.id, true).await.unwrap();
    assert!(!used(0).await);

    let handed = HandOut {
        token_id: id(1),
        grant_id: id(1),
        minute: at(0),
        count: 1,
        first_at: at(10),
        last_at: at(59),
        addresses: vec!["192.0.2.1".into()],
    };
    store.add_hand_outs(&[handed]).await.unwrap();
    assert_eq!((used(59).await, used(60).await), (true, false));
}
