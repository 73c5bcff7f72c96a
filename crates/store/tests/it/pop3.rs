//! **A message counts once**, by POP3.

use std::collections::HashMap;

use outlink_model::message::{Message, Outcome, Place};
use outlink_store::{Error, KnownUidl, Store, Untold};

use crate::bench::{Bench, on_both};
use crate::samples::{at, channel, id, mail_server, message, sha, taken};

on_both!(
    a_unique_id_is_taken_in_once,
    numbers_are_counted_up_for_each_server,
    a_reused_unique_id_goes_to_the_new_message,
    the_same_bytes_are_found_under_whatever_unique_id,
    what_the_ledger_knows_is_told_by_unique_ids,
    what_was_passed_over_is_known_and_not_in_the_ledger,
);

/// Message `n`, with the number `n` and this UIDL.
fn popped(n: u128, uidl: Option<&str>) -> Message {
    let place = Place { uid_validity: 0, uidl: uidl.map(str::to_owned), ..message(n).place };
    Message { place, ..message(n) }
}

async fn two_servers(store: &Store) {
    channel(store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
}

async fn a_unique_id_is_taken_in_once(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    taken(&store, &popped(1, Some("a")), 1).await;
    taken(&store, &popped(2, None), 2).await;
    taken(&store, &popped(3, None), 3).await;
    assert_eq!(store.message(id(1)).await.unwrap().unwrap().place, popped(1, Some("a")).place);
    let mut intake = store.intake().await.unwrap();
    assert_eq!(intake.known_uidl(id(1), "a").await.unwrap(), Some((id(1), 100)));
    assert_eq!(intake.known_uidl(id(1), "A").await.unwrap(), None);
    assert_eq!(intake.known_uidl(id(2), "a").await.unwrap(), None, "another server's");

    // Whoever forgets to ask is refused all the same.
    intake.savepoint().await.unwrap();
    let twin = Message { sha256: None, ..popped(4, Some("a")) };
    assert!(matches!(intake.put_message(&twin).await, Err(Error::Taken(_))));
    intake.rollback_to_savepoint().await.unwrap();
    let elsewhere = Place { mail_server_id: id(2), ..twin.place.clone() };
    intake.put_message(&Message { place: elsewhere, ..twin }).await.unwrap();
    intake.commit().await.unwrap();
}

async fn numbers_are_counted_up_for_each_server(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    taken(&store, &message(90), 90).await;
    let mut intake = store.intake().await.unwrap();
    assert_eq!(intake.next_number(id(1)).await.unwrap(), 1, "UIDs are no numbers of ours");
    intake.put_raw(&sha(7), &crate::samples::packed(7)).await.unwrap();
    intake.put_message(&popped(7, Some("a"))).await.unwrap();
    assert_eq!(intake.next_number(id(1)).await.unwrap(), 8, "within the same transaction");
    assert_eq!(intake.next_number(id(2)).await.unwrap(), 1);
}

async fn a_reused_unique_id_goes_to_the_new_message(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    taken(&store, &popped(1, Some("a")), 1).await;
    taken(&store, &popped(2, Some("b")), 2).await;
    let mut intake = store.intake().await.unwrap();
    intake.savepoint().await.unwrap();
    assert!(matches!(intake.set_uidl(id(2), Some("a")).await, Err(Error::Taken("uidl"))));
    intake.rollback_to_savepoint().await.unwrap();
    intake.forget_uidl(id(1)).await.unwrap();
    assert_eq!(intake.known_uidl(id(1), "a").await.unwrap(), None);
    intake.set_uidl(id(2), Some("a")).await.unwrap();
    assert_eq!(intake.known_uidl(id(1), "a").await.unwrap(), Some((id(2), 100)));
    let place = Place { uid: 9, uidl: Some("c".into()), ..popped(1, None).place };
    intake.move_message(id(1), &place).await.unwrap();
    assert_eq!(intake.known_uidl(id(1), "c").await.unwrap(), Some((id(1), 100)));
    assert!(matches!(intake.set_uidl(id(8), None).await, Err(Error::Missing)));
    intake.commit().await.unwrap();
}

async fn the_same_bytes_are_found_under_whatever_unique_id(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    taken(&store, &popped(1, Some("a")), 1).await;
    taken(&store, &Message { message_id: None, ..popped(2, None) }, 2).await;
    let mut intake = store.intake().await.unwrap();
    let id1 = Some("1@example.org");
    for (server, message_id, hash, expected) in [
        (1, id1, sha(1), Some(id(1))),
        (1, Some("other"), sha(1), None),
        (1, None, sha(1), None),
        (1, id1, sha(3), None),
        (2, id1, sha(1), None),
        (1, None, sha(2), Some(id(2))),
        (1, Some("could not be kept"), sha(2), Some(id(2))),
    ] {
        let same = intake.same_bytes(id(server), message_id, &hash).await.unwrap();
        assert_eq!(same, expected, "{server} {message_id:?}");
    }
}

async fn what_the_ledger_knows_is_told_by_unique_ids(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    taken(&store, &popped(1, Some("told")), 1).await;
    store.mark_flagged(id(1), "INBOX", 0, &[1]).await.unwrap();
    taken(&store, &popped(2, Some("untold")), 2).await;
    taken(&store, &Message { delete: true, ..popped(3, Some("doomed")) }, 3).await;
    let unhandled = Message { outcome: Outcome::Unhandled, ..popped(4, Some("unhandled")) };
    taken(&store, &unhandled, 4).await;
    taken(&store, &popped(5, None), 5).await;
    let known = |untold, delete| KnownUidl { size: 100, untold, delete };
    let expected: HashMap<String, KnownUidl> = [
        ("told", known(false, false)),
        ("untold", known(true, false)),
        ("doomed", known(true, true)),
        ("unhandled", known(false, false)),
    ]
    .map(|(uidl, known)| (uidl.to_owned(), known))
    .into();
    assert_eq!(store.uidls(id(1)).await.unwrap(), expected);
    assert!(store.uidls(id(2)).await.unwrap().is_empty());
    let untold =
        |uid, uidl: Option<&str>, delete| Untold { uid, uidl: uidl.map(str::to_owned), delete };
    let expected =
        [untold(2, Some("untold"), false), untold(3, Some("doomed"), true), untold(5, None, false)];
    assert_eq!(store.unflagged(id(1), "INBOX", 0).await.unwrap(), expected);
}

async fn what_was_passed_over_is_known_and_not_in_the_ledger(Bench { store, place }: Bench) {
    two_servers(&store).await;
    let mut passed: Vec<(String, u64)> = (0..120).map(|n| (format!("old {n}"), n)).collect();
    passed.push(("old 7".into(), 70));
    let mut intake = store.intake().await.unwrap();
    intake.pass_over(id(1), &[]).await.unwrap();
    intake.pass_over(id(1), &passed).await.unwrap();
    intake.pass_over(id(1), &[("old 8".into(), 80), ("o\0d".into(), 1)]).await.unwrap();
    assert_eq!(intake.known_uidl(id(1), "old 8").await.unwrap(), None);
    intake.commit().await.unwrap();
    taken(&store, &popped(9, Some("old 9")), 9).await;
    let known = store.uidls(id(1)).await.unwrap();
    assert_eq!(known.len(), 121);
    for (uidl, size, untold) in
        [("old 0", 0, false), ("old 7", 70, false), ("old 8", 80, false), ("old 9", 100, true)]
    {
        assert_eq!(known[uidl], KnownUidl { size, untold, delete: false }, "{uidl}");
    }
    assert!(store.uidls(id(2)).await.unwrap().is_empty());
    assert_eq!(place.count("messages").await, 1);

    let mut intake = store.intake().await.unwrap();
    let nowhere = intake.pass_over(id(7), &[("old".into(), 1)]).await;
    assert!(matches!(nowhere, Err(Error::Missing)));
    drop(intake);
    store.delete_mail_server(id(1), at(9)).await.unwrap();
    assert_eq!(place.count("passed_over").await, 0);
}
