//! Handlers.

use std::sync::Arc;

use outlink_model::HandlerId;
use outlink_model::handler::{
    AttachmentRules, Bulk, Handler, HandlerSettings, HandlerType, Unauthenticated,
};
use outlink_model::tracker::Project;
use outlink_store::{Error, Store};

use crate::bench::{Bench, on_both, together};
use crate::samples::{at, channel, handler, id, mail_server, page, project, shown};

on_both!(
    handlers_are_kept,
    every_setting_comes_back_as_it_was_written,
    an_edit_undoes_nobody_elses,
    handlers_are_asked_in_the_order_that_was_set,
    the_handlers_of_a_project_are_found,
    a_first_handler_comes_with_its_project_or_not_at_all,
    of_two_first_handlers_one_is_made,
);

async fn a_first_handler_comes_with_its_project_or_not_at_all(Bench { store, .. }: Bench) {
    channel(&store).await;
    let first = Handler { project_id: id(2), ..handler(2) };
    let made = async |project: Option<&Project>, handler: &Handler| {
        store.create_first_handler(project, handler).await
    };
    let new = project(2, "NEW");
    assert!(matches!(made(Some(&new), &first).await, Err(Error::Missing)), "no such server");
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let taken = Handler { name: "handler 1".into(), ..first.clone() };
    assert!(matches!(made(Some(&new), &taken).await, Err(Error::Taken("name"))));
    assert!(store.project_by_key("NEW").await.unwrap().is_none(), "nothing is left of it");
    let clash = project(2, "SUP");
    assert!(matches!(made(Some(&clash), &first).await, Err(Error::Taken("key"))));
    assert!(matches!(made(None, &first).await, Err(Error::Missing)), "no such project");
    made(Some(&new), &first).await.unwrap();
    assert!(store.project_by_key("NEW").await.unwrap().is_some());
    let another = Handler { id: id(3), name: "another".into(), project_id: id(1), ..first };
    assert!(matches!(made(None, &another).await, Err(Error::Stale)));
}

async fn of_two_first_handlers_one_is_made(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let store = Arc::new(store);
    let tabs = (2..=5).map(|n| {
        let store = store.clone();
        async move {
            let handler = Handler { mail_server_id: id(2), ..handler(n) };
            store.create_first_handler(None, &handler).await.is_ok()
        }
    });
    let made = together(tabs).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(store.handlers_of_server(id(2)).await.unwrap().len(), 1);
}

async fn handlers_are_kept(Bench { store, .. }: Bench) {
    channel(&store).await;
    let read = store.handler_by_name("handler 1").await.unwrap().unwrap();
    assert_eq!(shown(&read), shown(&handler(1)));
    assert_eq!(shown(&store.handler(id(1)).await.unwrap().unwrap()), shown(&read));
    let again = Handler { id: id(2), ..handler(1) };
    assert!(matches!(store.create_handler(&again).await, Err(Error::Taken("name"))));
    let orphan = Handler { project_id: id(7), name: "orphan".into(), ..again };
    assert!(matches!(store.create_handler(&orphan).await, Err(Error::Missing)));
    assert_eq!(store.handlers_of_server(id(1)).await.unwrap().len(), 1);
    assert_eq!(store.handlers(&page(5, None)).await.unwrap().items.len(), 1);
    store.delete_handler(id(1)).await.unwrap();
    assert!(store.handler(id(1)).await.unwrap().is_none());
    assert!(matches!(store.delete_handler(id(1)).await, Err(Error::Missing)));
}

/// As no default has it, in every field.
fn settings() -> HandlerSettings {
    let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    HandlerSettings {
        issue_type: "Incident \0".into(),
        strip_quotes: false,
        catch: vec!["support@example.org".into(), "help@example.org".into()],
        bulk: Bulk::Forward,
        bulk_lists: true,
        forward_to: Some("admin@example.org".into()),
        create_persons: false,
        default_reporter: Some("desk@example.org".into()),
        notify: true,
        cc_assignee: true,
        cc_watchers: true,
        split: vec!["^-- \\d+ --$".into()],
        allow: rules(&["ann@example.org", "example.net"]),
        only_allowed: true,
        deny: rules(&["no-reply*@*"]),
        priority: false,
        sub_addresses: true,
        only_involved: false,
        unauthenticated: Unauthenticated::Quarantine,
        attachments: AttachmentRules {
            largest: u64::MAX,
            most: 7,
            deny_types: vec!["video/*".into()],
            deny_names: vec!["*.exe".into()],
            decorations: true,
        },
        reopen: false,
        sender_per_hour: 0,
        issue_per_hour: u32::MAX,
    }
}

async fn every_setting_comes_back_as_it_was_written(Bench { store, place }: Bench) {
    channel(&store).await;
    let written = Handler {
        kind: HandlerType::CommentBeforeMarker,
        mail_server_id: id(1),
        position: 3,
        settings: settings(),
        ..handler(2)
    };
    store.create_handler(&written).await.unwrap();
    assert_eq!(store.handler(id(2)).await.unwrap(), Some(written));
    let edited = Handler { settings: settings(), updated_at: at(5), ..handler(1) };
    store.update_handler(&edited, at(1)).await.unwrap();
    assert_eq!(store.handler(id(1)).await.unwrap(), Some(edited));
    place.tamper("UPDATE handlers SET settings = '{}'").await;
    let bare = store.handler(id(1)).await.unwrap().unwrap();
    assert_eq!(bare.settings, HandlerSettings::default());
}

async fn an_edit_undoes_nobody_elses(Bench { store, .. }: Bench) {
    channel(&store).await;
    let first = Handler { enabled: false, updated_at: at(10), ..handler(1) };
    store.update_handler(&first, at(1)).await.unwrap();
    let second = Handler { name: "late".into(), updated_at: at(11), ..handler(1) };
    assert!(matches!(store.update_handler(&second, at(1)).await, Err(Error::Stale)));
    assert_eq!(store.handler(id(1)).await.unwrap(), Some(first));
    store.update_handler(&second, at(10)).await.unwrap();
    let unknown = Handler { mail_server_id: id(1), ..handler(9) };
    assert!(matches!(store.update_handler(&unknown, at(1)).await, Err(Error::Missing)));
    let astray = Handler { mail_server_id: id(9), ..second };
    assert!(matches!(store.update_handler(&astray, at(11)).await, Err(Error::Missing)));
}

async fn handlers_are_asked_in_the_order_that_was_set(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&mail_server(4)).await.unwrap();
    for n in [2, 3] {
        let next = Handler { mail_server_id: id(1), position: 9, ..handler(n) };
        store.create_handler(&next).await.unwrap();
    }
    store.create_handler(&handler(4)).await.unwrap();
    let order = async |store: &Store| {
        let handlers = store.handlers_of_server(id(1)).await.unwrap();
        handlers.iter().map(|handler| handler.id).collect::<Vec<HandlerId>>()
    };
    assert_eq!(order(&store).await, [id(1), id(2), id(3)]);
    store.order_handlers(id(1), &[id(3), id(1), id(2)]).await.unwrap();
    assert_eq!(order(&store).await, [id(3), id(1), id(2)]);
    let positions: Vec<u32> = store
        .handlers_of_server(id(1))
        .await
        .unwrap()
        .iter()
        .map(|handler| handler.position)
        .collect();
    assert_eq!(positions, [0, 1, 2]);

    for wrong in [&[3, 1][..], &[3, 1, 1], &[3, 1, 2, 2], &[3, 1, 4], &[3, 1, 2, 4]] {
        let wrong: Vec<HandlerId> = wrong.iter().map(|n| id(*n)).collect();
        let result = store.order_handlers(id(1), &wrong).await;
        assert!(matches!(result, Err(Error::Missing)), "{wrong:?}");
    }
    assert!(matches!(store.order_handlers(id(9), &[]).await, Err(Error::Missing)));
    assert_eq!(order(&store).await, [id(3), id(1), id(2)]);

    // Whoever began an edit before does not put a handler back where it was.
    let old = Handler { mail_server_id: id(1), position: 9, ..handler(3) };
    assert!(matches!(store.update_handler(&old, at(1)).await, Err(Error::Stale)));
}

async fn the_handlers_of_a_project_are_found(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_project(&project(2, "OPS")).await.unwrap();
    let other = Handler { mail_server_id: id(1), project_id: id(2), ..handler(2) };
    store.create_handler(&other).await.unwrap();
    assert_eq!(store.handlers_of_project(id(1)).await.unwrap(), [handler(1)]);
    assert_eq!(store.handlers_of_project(id(2)).await.unwrap(), [other]);
    assert_eq!(store.handlers_of_project(id(3)).await.unwrap(), []);
}
