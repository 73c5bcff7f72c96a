//! Staying connected: mail is taken in as it comes, and a session that ends is followed by another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::mail_servers::{MailServerDraft, MailServerEdit};
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::grant::later;
use outlink_model::mail_server::MailServer;
use outlink_practice::ImapFault;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::bed::{ALICE, Bed, now};
use crate::intake::ready;

const SOON: Duration = Duration::from_secs(5);

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn inbox(bed: &Bed) -> MailServer {
    bed.engine.mail_server("Inbox").await.unwrap()
}

/// Changes the mail server as no administrator could, and has it polled at once.
pub(crate) async fn change(bed: &Bed, change: impl FnOnce(&mut MailServer)) {
    let before = inbox(bed).await;
    let mut server = before.clone();
    change(&mut server);
    server.updated_at = later(before.updated_at, SignedDuration::from_micros(1));
    bed.store.update_mail_server(&server, before.updated_at).await.unwrap();
    bed.store.set_server_health(server.id, &server.health, now()).await.unwrap();
}

/// How many messages stand in the ledger.
pub(crate) async fn taken(bed: &Bed) -> usize {
    let page = Page { limit: 1000, after: None };
    bed.engine.messages(MessagesWanted::default(), page).await.unwrap().items.len()
}

async fn taken_soon(bed: &Bed, count: usize, limit: Duration) {
    eventually(&format!("{count} messages"), limit, async || {
        (taken(bed).await == count).then_some(())
    })
    .await;
}

/// Nothing was ever told to be wrong.
async fn nobody_is_alarmed(bed: &Bed) {
    let server = inbox(bed).await;
    assert_eq!((server.health.trouble, server.health.failures), (None, 0));
    let events = bed.engine.events(Page { limit: 1000, after: None }, None).await.unwrap().items;
    let failing = events.iter().find(|event| event.kind == "mail_server.failing");
    assert!(failing.is_none(), "{failing:?}");
    let failed = bed.engine.connections(None, true, Page::default()).await.unwrap().items;
    assert!(failed.is_empty(), "{failed:?}");
}

/// Stands between the engine and the mail server, and counts.
#[derive(Clone)]
struct Relay {
    port: u16,
    open: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    cut: Arc<Notify>,
}

impl Relay {
    #[expect(clippy::disallowed_methods, reason = "it ends with the test, whatever it is doing")]
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            open: Arc::default(),
            made: Arc::default(),
            cut: Arc::default(),
        };
        let relayed = relay.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let Relay { open, made, cut, .. } = relayed.clone();
                open.fetch_add(1, Ordering::SeqCst);
                made.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut to) => {}
                        () = cut.notified() => {}
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        relay
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    async fn becomes(&self, open: usize, limit: Duration) {
        eventually(&format!("{open} connections"), limit, async || {
            (self.open() == open).then_some(())
        })
        .await;
    }
}

/// An engine at work that waits for new mail in one open session, and looks by itself only after so many seconds.
async fn watching(poll_seconds: u32) -> (Bed, Relay) {
    let bed = ready().await;
    let relay = Relay::to(bed.practice.imap).await;
    let port = relay.port;
    change(&bed, |server| {
        (server.port, server.poll_seconds) = (port, poll_seconds);
    })
    .await;
    bed.engine.start();
    eventually("a first fetch", SOON, async || inbox(&bed).await.health.ok_at).await;
    assert_eq!(relay.open(), 1, "the session stays open");
    (bed, relay)
}

const LONG: u32 = 3600;

#[tokio::test]
async fn mail_that_comes_while_connected_is_taken_in_at_once() {
    let (bed, relay) = watching(LONG).await;
    for n in 1..=3 {
        bed.deliver(&format!("m{n}"), "News", "");
        taken_soon(&bed, n, Duration::from_secs(2)).await;
    }
    assert_eq!(relay.made(), 1, "in one session");
    eventually("the flags", SOON, async || {
        let all = bed.practice.messages(ALICE, "INBOX");
        all.iter().all(|entry| entry.flags.contains("\\Seen")).then_some(())
    })
    .await;
    nobody_is_alarmed(&bed).await;
}

#[tokio::test]
async fn it_is_looked_from_time_to_time_whatever_the_server_tells() {
    // The server tells of the first folder alone.
    let (bed, relay) = watching(2).await;
    change(&bed, |server| server.folders.push("Archive".into())).await;
    let seen = inbox(&bed).await.health.ok_at;
    eventually("the folders as they are now", Duration::from_secs(10), async || {
        (inbox(&bed).await.health.ok_at != seen).then_some(())
    })
    .await;
    assert!(bed.practice.deliver_to(ALICE, "Archive", "Subject: Moved here\r\n\r\nBy a rule.\r\n"));
    taken_soon(&bed, 1, Duration::from_secs(10)).await;
    let made = relay.made();
    let polls = || async {
        let log = bed.engine.connections(Some("Inbox"), false, Page::default()).await.unwrap();
        log.items.iter().map(|view| view.connection.polls).sum::<u64>()
    };
    let before = polls().await;
    eventually("two more looks", Duration::from_secs(10), async || {
        (polls().await >= before + 2).then_some(())
    })
    .await;
    assert_eq!(relay.made(), made, "in the same session");
    nobody_is_alarmed(&bed).await;
}

#[tokio::test]
async fn a_session_that_ends_with_its_token_is_followed_by_another_and_nobody_is_alarmed() {
    let bed = ready().await;
    bed.practice.faults().next_imap_sessions(1, ImapFault::EndsWithToken);
    change(&bed, |server| server.poll_seconds = LONG).await;
    bed.engine.start();
    eventually("a first fetch", SOON, async || inbox(&bed).await.health.ok_at).await;
    bed.practice.advance(Duration::from_secs(2 * 3600));
    bed.deliver("after", "After the token", "");
    taken_soon(&bed, 1, Duration::from_secs(10)).await;
    assert_eq!(bed.practice.counters().refreshes, 1, "with a fresh token");
    bed.deliver("later", "Another", "");
    taken_soon(&bed, 2, Duration::from_secs(2)).await;
    nobody_is_alarmed(&bed).await;
}

#[tokio::test]
async fn a_session_that_is_cut_is_followed_by_another_and_nothing_is_doubled() {
    let (bed, relay) = watching(2).await;
    bed.deliver("a", "One", "");
    bed.deliver("b", "Another", "");
    taken_soon(&bed, 2, SOON).await;
    relay.cut.notify_waiters();
    relay.becomes(0, SOON).await;
    bed.deliver("c", "Meanwhile", "");
    taken_soon(&bed, 3, Duration::from_secs(10)).await;
    bed.practice.renumber(ALICE, "INBOX").unwrap();
    let made = relay.made();
    eventually("another session", Duration::from_secs(10), async || {
        (relay.made() > made && relay.open() == 1).then_some(())
    })
    .await;
    bed.deliver("d", "In the rebuilt folder", "");
    taken_soon(&bed, 4, Duration::from_secs(10)).await;
    nobody_is_alarmed(&bed).await;
}

#[tokio::test]
async fn an_edit_a_pause_and_a_deletion_end_the_session_at_once() {
    let (bed, relay) = watching(LONG).await;
    let draft = MailServerDraft { poll_seconds: Some(LONG + 1), ..MailServerDraft::default() };
    bed.engine.edit_mail_server("Inbox", draft.into(), &Caller::System).await.unwrap();
    eventually("another session", SOON, async || {
        (relay.made() == 2 && relay.open() == 1).then_some(())
    })
    .await;

    let paused = |paused| MailServerEdit { paused: Some(paused), ..MailServerEdit::default() };
    bed.engine.edit_mail_server("Inbox", paused(true), &Caller::System).await.unwrap();
    relay.becomes(0, Duration::from_secs(1)).await;
    bed.deliver("a", "While paused", "");
    sleep(Duration::from_secs(1)).await;
    assert_eq!((taken(&bed).await, relay.made()), (0, 2), "nobody goes there");
    bed.engine.edit_mail_server("Inbox", paused(false), &Caller::System).await.unwrap();
    taken_soon(&bed, 1, SOON).await;

    bed.engine.delete_mail_server("Inbox", true, &Caller::System).await.unwrap();
    relay.becomes(0, Duration::from_secs(1)).await;
}

#[tokio::test]
async fn without_a_handler_nothing_is_taken_and_the_session_ends() {
    let (bed, relay) = watching(LONG).await;
    let handler = bed.engine.handler("Support mail").await.unwrap();
    assert!(bed.store.delete_handler(handler.id).await.is_ok());
    bed.deliver("a", "For nobody", "");
    relay.becomes(0, SOON).await;
    assert_eq!(taken(&bed).await, 0);
    let entry = &bed.practice.messages(ALICE, "INBOX")[0];
    assert!(entry.flags.is_empty(), "{entry:?}");
}

#[tokio::test]
async fn a_fetch_on_demand_gets_through_and_the_watch_goes_on() {
    let (bed, relay) = watching(LONG).await;
    let fetched = bed.engine.fetch_mail_server("Inbox");
    timeout(Duration::from_secs(3), fetched).await.unwrap().unwrap();
    assert_eq!(relay.made(), 2);
    eventually("another session", Duration::from_secs(15), async || {
        (relay.made() == 3 && relay.open() == 1).then_some(())
    })
    .await;
    bed.deliver("a", "One", "");
    taken_soon(&bed, 1, Duration::from_secs(3)).await;
    nobody_is_alarmed(&bed).await;
}

#[tokio::test]
async fn a_fetch_on_another_node_gets_through_and_the_watch_goes_on() {
    let (bed, relay) = watching(LONG).await;
    let other = bed.another_engine();
    bed.deliver("a", "One", "");
    taken_soon(&bed, 1, Duration::from_secs(2)).await;
    let fetched = other.fetch_mail_server("Inbox");
    timeout(Duration::from_secs(6), fetched).await.unwrap().unwrap();
    assert_eq!(relay.made(), 2);
    eventually("another session", Duration::from_secs(15), async || {
        (relay.made() == 3 && relay.open() == 1).then_some(())
    })
    .await;
    bed.deliver("b", "Another", "");
    taken_soon(&bed, 2, Duration::from_secs(3)).await;
    nobody_is_alarmed(&bed).await;
    other.stop().await;
}

#[tokio::test]
async fn a_stop_is_quick_while_sessions_wait() {
    let (bed, relay) = watching(LONG).await;
    timeout(Duration::from_secs(1), bed.engine.stop()).await.unwrap();
    relay.becomes(0, Duration::from_secs(1)).await;
    let soon = later(now(), SignedDuration::from_secs(1));
    let server = inbox(&bed).await;
    assert!(bed.store.claim_server(server.id, "next", now(), soon).await.unwrap());
}

#[tokio::test]
async fn a_server_that_does_not_keep_its_word_is_asked_from_time_to_time() {
    let liars = [ImapFault::Without("IDLE"), ImapFault::HangAt("IDLE"), ImapFault::FloodIdle];
    for fault in liars {
        let bed = ready().await;
        bed.practice.faults().next_imap_sessions(usize::MAX, fault);
        change(&bed, |server| server.poll_seconds = 2).await;
        bed.engine.start();
        eventually("a first fetch", SOON, async || inbox(&bed).await.health.ok_at).await;
        bed.deliver("a", "One", "");
        taken_soon(&bed, 1, Duration::from_secs(15)).await;
        let began = Instant::now();
        let before = bed.practice.counters().imap_logins;
        sleep(Duration::from_secs(3)).await;
        let logins = bed.practice.counters().imap_logins - before;
        let most = began.elapsed().as_secs() / 2 + 1;
        assert!(logins <= most, "{fault:?}: {logins} sessions in {:?}", began.elapsed());
        nobody_is_alarmed(&bed).await;
    }
}
