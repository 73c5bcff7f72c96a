//! **A message counts once**, by POP3.

use std::collections::HashMap;

use outlink_model::mail_server::Cursor;
use outlink_model::message::{Message, Outcome, Place};
use outlink_store::{Error, KnownUidl, Store, Untold};

use crate::bench::{Bench, on_both};
use crate::samples::{at, channel, ended, id, mail_server, message, sha, taken, trouble};

on_both!(
    a_unique_id_is_taken_in_once,
    numbers_are_counted_up_for_each_server,
    a_reused_unique_id_goes_to_the_new_message,
    the_same_bytes_are_found_under_whatever_unique_id,
    what_the_ledger_knows_is_told_by_unique_ids,
    what_was_passed_over_is_known_and_not_in_the_ledger,
    only_the_names_that_are_asked_for_are_told,
    a_server_was_read_once_anything_of_it_is_known,
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
    let put = intake.put_message(&twin).await;
    assert!(matches!(ended(&mut intake, put).await, Err(Error::Taken(_))));
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
    intake.put_raws(&[(&sha(7), &crate::samples::packed(7))]).await.unwrap();
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
    let known = KnownUidl { size: 100, is_passed_over: false };
    let asked = ["told", "untold", "doomed", "unhandled", "unheard of", "Told"];
    let expected: HashMap<String, KnownUidl> =
        asked[..4].iter().map(|uidl| ((*uidl).to_owned(), known)).collect();
    assert_eq!(store.known_uidls(id(1), asked).await.unwrap(), expected);
    assert!(store.known_uidls(id(2), asked).await.unwrap().is_empty());
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
    let names: Vec<String> = (0..130).map(|n| format!("old {n}")).collect();
    let names = || names.iter().map(String::as_str);
    let known = store.known_uidls(id(1), names()).await.unwrap();
    assert_eq!(known.len(), 120);
    for (uidl, size, is_passed_over) in
        [("old 0", 0, true), ("old 7", 70, true), ("old 8", 80, true), ("old 9", 100, false)]
    {
        assert_eq!(known[uidl], KnownUidl { size, is_passed_over }, "{uidl}");
    }
    assert!(store.known_uidls(id(2), names()).await.unwrap().is_empty());
    let has = [store.has_passed_over(id(1)).await, store.has_passed_over(id(2)).await];
    assert_eq!(has.map(Result::unwrap), [true, false]);
    assert_eq!(place.count("messages").await, 1);

    let mut intake = store.intake().await.unwrap();
    let nowhere = intake.pass_over(id(7), &[("old".into(), 1)]).await;
    assert!(matches!(nowhere, Err(Error::Missing)));
    drop(intake);
    store.delete_mail_server(id(1), at(9), &trouble("deleted")).await.unwrap();
    assert_eq!(place.count("passed_over").await, 0);
}

async fn only_the_names_that_are_asked_for_are_told(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    let mut intake = store.intake().await.unwrap();
    let passed: Vec<_> = (0..3000).map(|n| (format!("{n}"), n)).collect();
    intake.pass_over(id(1), &passed).await.unwrap();
    intake.commit().await.unwrap();
    // Around the sizes of what is asked at once.
    for count in [0, 1, 7, 8, 9, 511, 512, 513, 1040, 3000] {
        let names: Vec<String> = (0..count).map(|n| (2 * n).to_string()).collect();
        let known = store.known_uidls(id(1), names.iter().map(String::as_str)).await.unwrap();
        assert_eq!(known.len(), count.min(1500), "of {count}");
        assert!(known.iter().all(|(uidl, known)| *uidl == known.size.to_string()));
    }
    let twice = store.known_uidls(id(1), ["2", "2", "nobody"]).await.unwrap();
    assert_eq!(twice, HashMap::from([("2".into(), KnownUidl { size: 2, is_passed_over: true })]));
}

async fn a_server_was_read_once_anything_of_it_is_known(Bench { store, .. }: Bench) {
    two_servers(&store).await;
    store.create_mail_server(&mail_server(3)).await.unwrap();
    for n in 1..=3 {
        assert!(!store.was_read(id(n)).await.unwrap(), "{n}");
    }
    let mut intake = store.intake().await.unwrap();
    intake.put_raws(&[(&sha(1), &crate::samples::packed(1))]).await.unwrap();
    intake.put_message(&popped(1, Some("a"))).await.unwrap();
    intake.pass_over(id(2), &[("old".into(), 1)]).await.unwrap();
    let cursor = Cursor { uid_validity: 7, last_uid: 0, first_uid: 1 };
    intake.set_cursor(id(3), "A folder that is read no more", &cursor).await.unwrap();
    intake.commit().await.unwrap();
    for n in 1..=3 {
        assert!(store.was_read(id(n)).await.unwrap(), "{n}");
    }
    assert!(!store.was_read(id(9)).await.unwrap());
}
