//! What becomes of mail that a mail server does not take at once: refusals are the mail's, all else is the server's, and
//! nothing is lost.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::deliveries::DeliveryView;
use outlink_engine::handlers::SettingsDraft;
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::{Caller, Clock, Engine, Page};
use outlink_model::Secret;
use outlink_model::delivery::DeliveryState;
use outlink_model::event::EventClass;
use outlink_model::grant::later;
use outlink_model::handler::HandlerType;
use outlink_model::mail_server::{MailServer, Protocol, Security};

use crate::bed::{ALICE, Bed, now};
use crate::deliveries::{deliveries, none_waits, through, until};
use crate::handlers::{set, set_type};
use crate::handlers_at_work::{Letter, take};
use crate::intake::{fetch, ready};
use crate::submission::{Play, Submission};

const OPS: &str = "ops@example.com";

/// A mailbox whose handler sends on what belongs to no issue, through a server that goes by a script, and a node that may
/// speak to it in the clear.
struct Post {
    bed: Bed,
    node: Engine,
    peer: Submission,
}

impl Post {
    async fn new() -> Self {
        let (bed, peer) = (ready().await, Submission::start().await);
        let node = clear(&bed, Clock::System);
        let draft = MailServerDraft {
            name: Some("Out".into()),
            protocol: Some(Protocol::Smtp),
            security: Some(Security::None),
            host: Some("localhost".into()),
            port: Some(peer.port),
            mailbox: Some(ALICE.into()),
            password: Some(Secret::new("correct horse")),
            ..MailServerDraft::default()
        };
        node.create_mail_server(draft.into(), &Caller::System).await.unwrap();
        through(&bed, "Out").await;
        set_type(&bed, HandlerType::CommentWhole, forward_to(OPS)).await;
        bed.engine.pause_mail_server("Inbox", true, &Caller::System).await.unwrap();
        Self { bed, node, peer }
    }

    /// Takes a mail in that is to be sent on.
    async fn forward(&self, id: &str) {
        take(&self.bed, Letter { id, ..Letter::default() }).await;
    }

    async fn server(&self) -> MailServer {
        self.node.mail_server("Out").await.unwrap()
    }

    /// The newest delivery.
    async fn newest(&self) -> DeliveryView {
        deliveries(&self.node).await.swap_remove(0)
    }

    async fn until_failing(&self) {
        for _ in 0..400 {
            if self.server().await.health.trouble.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it does not fail: {:?}", self.server().await.health);
    }

    /// The kinds of the events of health about mail that is sent, oldest first.
    async fn told(&self) -> Vec<String> {
        let page = Page { limit: 100, after: None };
        let events = self.node.events(page, Some(EventClass::Health)).await.unwrap().items;
        events.into_iter().rev().map(|event| event.kind).collect()
    }
}

fn clear(bed: &Bed, clock: Clock) -> Engine {
    bed.engine_with(|settings| {
        settings.unencrypted_hosts = vec!["localhost".into()];
        settings.clock = clock;
    })
}

/// A node whose clock stands at a later time.
fn later_node(bed: &Bed, by: SignedDuration) -> Engine {
    let at = later(now(), by).as_microsecond();
    clear(bed, Clock::Manual(Arc::new(at.into())))
}

fn forward_to(address: &str) -> SettingsDraft {
    SettingsDraft { forward_to: Some(address.into()), ..SettingsDraft::default() }
}

fn attempted(all: &[DeliveryView]) -> bool {
    all.iter().all(|view| view.delivery.attempts > 0)
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_as_the_same_mail() {
    let post = Post::new().await;
    post.peer.next(&[Play::Say("RCPT", "451 4.7.1 Greylisted, come back later")]);
    post.forward("a").await;
    post.node.start();
    until(&post.node, attempted).await;
    let waiting = post.newest().await.delivery;
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Waiting, 1));
    let wait = waiting.next_at.duration_since(now()).as_secs();
    assert!((30..=80).contains(&wait), "in about a minute: {wait}");
    let trouble = waiting.trouble.unwrap();
    assert!(trouble.provider_error.unwrap().contains("Greylisted"));
    assert_eq!(post.server().await.health.trouble, None, "the server itself is well");

    let again = post.node.retry_delivery(&waiting.id.to_string(), &Caller::System).await.unwrap();
    assert_eq!((again.delivery.attempts, again.delivery.mail_id), (0, waiting.mail_id.clone()));
    until(&post.node, none_waits).await;
    post.node.stop().await;
    let [taken] = &post.peer.taken()[..] else { panic!("one is taken") };
    assert_eq!(taken.to, [OPS]);
    assert!(taken.text.contains(&format!("<{}>", waiting.mail_id)));
    assert!(post.told().await.is_empty(), "{:?}", post.told().await);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_told() {
    let post = Post::new().await;
    post.peer.next(&[Play::Say("RCPT", "550 5.1.1 No such user here")]);
    post.forward("a").await;
    post.forward("b").await;
    post.node.start();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    let all = deliveries(&post.node).await;
    let (b, a) = (&all[0].delivery, &all[1].delivery);
    assert_eq!((a.state, b.state), (DeliveryState::Failed, DeliveryState::Sent), "only that one");
    assert!(a.trouble.as_ref().unwrap().provider_error.as_ref().unwrap().contains("No such user"));
    assert_eq!(post.told().await, ["delivery.failed"]);
    let told = post.node.events(Page::default(), Some(EventClass::Health)).await.unwrap().items;
    let message = a.message_id.unwrap();
    assert!(told[0].hint.ends_with(&format!("outlink message replay {message}")), "{told:?}");
    assert!(!told[0].hint.contains("delivery retry"), "the address would be the same: {told:?}");
    assert!(told[0].message.contains("No such user"), "{told:?}");
    assert_eq!(post.peer.sessions(), 1, "the session goes on");
}

#[tokio::test]
async fn mail_waits_for_a_server_that_is_away() {
    let Post { bed, node, peer } = Post::new().await;
    let port = peer.port;
    drop(peer);
    // Whoever is asked meanwhile finds nobody there.
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let post = Post { peer: Submission::start().await, bed, node };
    post.forward("a").await;
    post.node.start();
    post.until_failing().await;
    let server = post.server().await;
    assert_eq!(server.health.failures, 1);
    let waiting = post.newest().await.delivery;
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Waiting, 0));
    let next = post.bed.store.next_sending_at().await.unwrap().unwrap();
    assert!(next.duration_since(now()).as_secs() >= 30, "it is left alone for a while");

    let back = Submission::at(port).await;
    post.node.retry_delivery(&waiting.id.to_string(), &Caller::System).await.unwrap();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    assert_eq!(back.taken().len(), 1);
    assert_eq!(post.told().await, ["mail_server.failing", "mail_server.recovered"]);
    let connections = post.node.connections(Some("Out"), false, Page::default()).await.unwrap();
    let of: Vec<_> = connections.items.iter().map(|one| one.connection.messages).collect();
    assert_eq!(of, [1, 0], "both stretches are kept");
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is_and_no_mail_is_to_blame() {
    let post = Post::new().await;
    post.peer
        .next(&[Play::Take, Play::Say("MAIL", "421 4.7.0 Too many messages, try again later")]);
    post.forward("a").await;
    post.forward("b").await;
    post.node.start();
    post.until_failing().await;
    post.node.stop().await;
    let b = post.newest().await.delivery;
    assert_eq!((b.state, b.attempts, b.trouble), (DeliveryState::Waiting, 0, None));
    assert_eq!(post.peer.taken().len(), 1);
}

#[tokio::test]
async fn a_mail_that_was_not_answered_for_is_sent_again_octet_for_octet() {
    let post = Post::new().await;
    post.peer.next(&[Play::CutAfterText]);
    post.forward("a").await;
    post.node.start();
    post.until_failing().await;
    let id = post.newest().await.delivery.id.to_string();
    post.node.retry_delivery(&id, &Caller::System).await.unwrap();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    let handed = post.peer.handed();
    assert_eq!(handed.iter().map(|one| one.taken).collect::<Vec<_>>(), [false, true]);
    let id =
        |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert!(id(&handed[0].text).is_some());
    assert_eq!(id(&handed[0].text), id(&handed[1].text));
}

#[tokio::test]
async fn a_mail_at_which_every_session_ends_holds_back_no_other() {
    let post = Post::new().await;
    post.peer.always("poison@example.com", Play::CutAfterText);
    set(&post.bed, forward_to("poison@example.com")).await;
    post.forward("p").await;
    set(&post.bed, forward_to(OPS)).await;
    for id in ["a", "b", "c"] {
        post.forward(id).await;
    }
    // The first session ends at once, which is the server's fault as far as anybody knows.
    post.node.start();
    post.until_failing().await;
    assert_eq!(deliveries(&post.node).await[3].delivery.attempts, 1, "it was given whole");
    post.node.stop().await;
    let node = later_node(&post.bed, SignedDuration::from_mins(10));
    node.start();
    until(&node, |all| all[..3].iter().all(|one| one.delivery.state == DeliveryState::Sent)).await;
    until(&node, |all| all[3].delivery.attempts == 2).await;
    node.stop().await;
    let poison = deliveries(&node).await.pop().unwrap().delivery;
    assert_eq!((poison.state, poison.unanswered), (DeliveryState::Waiting, 2), "{poison:?}");
    assert_eq!(post.server().await.health.trouble, None, "others were taken beside it");
    assert_eq!(post.peer.taken().len(), 3, "each once");
}

#[tokio::test]
async fn a_session_that_ends_with_its_token_at_every_mail_is_a_failure() {
    let post = Post::new().await;
    let over = Play::Say("RCPT", "550 5.2.0 Session invalidated - AccessTokenExpired");
    post.peer.always(OPS, over);
    post.forward("a").await;
    post.forward("b").await;
    post.node.start();
    post.until_failing().await;
    post.node.stop().await;
    let health = post.server().await.health;
    assert_eq!((health.failures, post.peer.sessions()), (1, 1), "{health:?}");
    assert_eq!(post.told().await, ["mail_server.failing"]);
    let connections = post.node.connections(Some("Out"), true, Page::default()).await.unwrap();
    assert_eq!(connections.items.len(), 1, "the log says so, too");
}

#[tokio::test]
async fn a_session_that_ends_with_its_token_behind_a_mail_is_followed_by_the_next() {
    let post = Post::new().await;
    let over = Play::Say("RCPT", "550 5.2.0 Session invalidated - AccessTokenExpired");
    post.peer.next(&[Play::Take, over]);
    post.forward("a").await;
    post.forward("b").await;
    post.node.start();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    assert_eq!((post.peer.taken().len(), post.peer.sessions()), (2, 2));
    assert!(post.told().await.is_empty(), "nothing was wrong");
}

#[tokio::test]
async fn a_mail_that_is_never_answered_for_is_given_up_and_nobody_knows() {
    let post = Post::new().await;
    post.peer.always(OPS, Play::CutAfterText);
    post.forward("a").await;
    for n in 1..=5 {
        let node = later_node(&post.bed, SignedDuration::from_hours(3 * n));
        node.start();
        until(&node, |all| all[0].delivery.unanswered == u32::try_from(n).unwrap()).await;
        node.stop().await;
    }
    let failed = post.newest().await.delivery;
    assert_eq!((failed.state, failed.attempts), (DeliveryState::Failed, 5));
    let trouble = failed.trouble.unwrap();
    assert!(trouble.reason.contains("nobody knows whether it arrived"), "{}", trouble.reason);
    assert!(trouble.hint.contains(&format!("Look in the mailbox of {OPS}")), "{}", trouble.hint);
    assert_eq!(post.peer.handed().len(), 5);
    assert!(post.server().await.health.trouble.is_some(), "the server fails, too");
}

#[tokio::test]
async fn what_somebody_pauses_on_another_node_is_not_sent_in_a_session_that_stands() {
    let post = Post::new().await;
    post.peer.next(&[Play::TakeLate]);
    post.forward("a").await;
    post.forward("b").await;
    post.node.start();
    tokio::time::timeout(Duration::from_secs(10), post.peer.came.notified()).await.unwrap();
    post.bed.engine.pause_mail_server("Out", true, &Caller::System).await.unwrap();
    until(&post.node, |all| all[1].delivery.state == DeliveryState::Sent).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    post.node.stop().await;
    assert_eq!(post.peer.handed().len(), 1, "the second waits");
    assert_eq!(post.newest().await.delivery.state, DeliveryState::Waiting);
    assert_eq!(post.server().await.health.trouble, None);
}

#[tokio::test]
async fn a_notice_that_waited_for_days_is_not_sent_any_more_and_a_forward_is() {
    let post = Post::new().await;
    post.forward("a").await;
    let notify = SettingsDraft { notify: Some(true), ..SettingsDraft::default() };
    set_type(&post.bed, HandlerType::Create, notify).await;
    take(&post.bed, Letter { id: "n", ..Letter::default() }).await;
    assert_eq!(deliveries(&post.node).await.len(), 2);
    let late = later_node(&post.bed, SignedDuration::from_hours(5 * 24 + 1));
    late.start();
    until(&late, none_waits).await;
    late.stop().await;
    let all = deliveries(&post.node).await;
    let states: Vec<_> =
        all.iter().map(|one| (one.delivery.state, one.delivery.attempts)).collect();
    assert_eq!(states, [(DeliveryState::Failed, 0), (DeliveryState::Sent, 1)]);
    let trouble = all[0].delivery.trouble.as_ref().unwrap();
    assert!(trouble.reason.contains("too late"), "{}", trouble.reason);
    assert_eq!(post.peer.taken().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_sent_on_is_replayed_by_the_handler_as_it_is_then() {
    let post = Post::new().await;
    post.peer.next(&[Play::Say("RCPT", "550 5.1.1 No such user here")]);
    post.forward("a").await;
    let id = post.newest().await.delivery.message_id.unwrap().to_string();
    let early = post.bed.engine.replay_message(&id, &Caller::System).await;
    assert_eq!(early.unwrap_err().problem().code, "message_counted", "it waits");
    post.node.start();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    assert!(post.bed.engine.message(&id).await.unwrap().may_replay());
    set(&post.bed, forward_to("bob@example.com")).await;
    post.bed.engine.replay_message(&id, &Caller::System).await.unwrap();
    let all = deliveries(&post.node).await;
    let to: Vec<_> = all.iter().map(|one| one.delivery.to.as_str()).collect();
    assert_eq!(to, ["bob@example.com"], "the one that failed is gone");
    let again = clear(&post.bed, Clock::System);
    again.start();
    until(&again, none_waits).await;
    again.stop().await;
    assert_eq!(post.peer.taken().len(), 1);
    let sent = post.bed.engine.replay_message(&id, &Caller::System).await;
    assert_eq!(sent.unwrap_err().problem().code, "message_counted", "it was sent");
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_of_a_mail_loses_nothing() {
    let post = Post::new().await;
    post.peer.next(&[Play::HangAfterText]);
    for id in ["a", "b", "c"] {
        post.forward(id).await;
    }
    post.node.start();
    tokio::time::timeout(Duration::from_secs(10), post.peer.came.notified()).await.unwrap();
    let began = std::time::Instant::now();
    post.node.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10), "it is not waited for without end");
    assert_eq!(post.server().await.health.trouble, None, "nothing is wrong with the server");
    assert!(
        deliveries(&post.node).await.iter().all(|one| one.delivery.state == DeliveryState::Waiting)
    );
    let next = clear(&post.bed, Clock::System);
    next.start();
    until(&next, none_waits).await;
    next.stop().await;
    assert_eq!(post.peer.handed().len(), 4);
    assert_eq!(post.peer.taken().len(), 3, "and each is taken once");
}

#[test]
fn a_kill_in_the_middle_of_a_mail_loses_nothing() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ours = runtime();
    let post = ours.block_on(async {
        let post = Post::new().await;
        post.peer.next(&[Play::Take, Play::HangAfterText]);
        for id in ["a", "b", "c"] {
            post.forward(id).await;
        }
        post
    });
    // A node of its own, whose tasks end where they are.
    let killed = runtime();
    let node = clear(&post.bed, Clock::System);
    killed.block_on(async { node.start() });
    ours.block_on(async {
        while post.peer.handed().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    drop(node);
    killed.shutdown_background();
    ours.block_on(async {
        // Its lease lapses; until then nobody sends.
        let next = later_node(&post.bed, SignedDuration::from_mins(3));
        next.start();
        until(&next, none_waits).await;
        next.stop().await;
        assert!(
            deliveries(&next).await.iter().all(|one| one.delivery.state == DeliveryState::Sent)
        );
        let taken = post.peer.taken();
        assert_eq!(taken.len(), 3, "each is taken once: {taken:?}");
        assert_eq!(post.peer.handed().len(), 4);
    });
}

#[tokio::test]
async fn what_cannot_be_sent_at_all_is_given_up_with_its_reason() {
    let post = Post::new().await;
    let body = "More than it takes.\r\n".repeat(6000);
    take(&post.bed, Letter { id: "large", body: &body, ..Letter::default() }).await;
    post.forward("gone").await;
    let gone = post.newest().await.delivery.message_id.unwrap();
    let address = format!("sqlite://{}", post.bed.dir().join("outlink.db").display());
    let pool = sqlx::SqlitePool::connect(&address).await.unwrap();
    let emptied = sqlx::query(
        "UPDATE raws SET packed = x'' WHERE sha256 = (SELECT sha256 FROM messages WHERE id = ?)",
    );
    assert_eq!(emptied.bind(gone.to_string()).execute(&pool).await.unwrap().rows_affected(), 1);
    pool.close().await;
    post.forward("fine").await;
    post.node.start();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    let all = deliveries(&post.node).await;
    let states: Vec<_> = all.iter().map(|one| one.delivery.state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Failed]);
    let reason = |n: usize| all[n].delivery.trouble.as_ref().unwrap().reason.clone();
    assert!(reason(1).contains("not kept any more"), "{}", reason(1));
    assert!(all[2].delivery.trouble.is_some(), "it is too large: {}", reason(2));
    assert_eq!(post.peer.handed().len(), 1, "they were not even begun");
    assert_eq!(post.told().await, ["delivery.failed", "delivery.failed"]);
}

#[tokio::test]
async fn what_has_waited_for_days_for_a_server_that_fails_is_given_up() {
    let post = Post::new().await;
    post.peer.always(OPS, Play::Say("MAIL", "421 4.3.0 Out of order"));
    post.peer.next(&[
        Play::Say("MAIL", "421 4.3.0 Out of order"),
        Play::Say("MAIL", "421 4.3.0 Out of order"),
    ]);
    post.forward("a").await;
    let early = later_node(&post.bed, SignedDuration::from_hours(4 * 24));
    early.start();
    post.until_failing().await;
    early.stop().await;
    assert_eq!(post.newest().await.delivery.state, DeliveryState::Waiting);
    let late = later_node(&post.bed, SignedDuration::from_hours(5 * 24 + 1));
    late.start();
    until(&late, none_waits).await;
    late.stop().await;
    assert_eq!(post.newest().await.delivery.state, DeliveryState::Failed);
    assert!(post.told().await.contains(&"delivery.failed".to_owned()));
}

#[tokio::test]
async fn many_go_through_in_sessions_of_fifty_one_at_a_time() {
    let post = Post::new().await;
    for n in 0..60 {
        post.bed.deliver(&format!("m{n}"), "A matter", "");
    }
    assert_eq!(fetch(&post.bed).await.fetched, 60);
    let other = clear(&post.bed, Clock::System);
    post.node.start();
    other.start();
    until(&post.node, none_waits).await;
    post.node.stop().await;
    other.stop().await;
    let taken = post.peer.taken();
    assert_eq!(taken.len(), 60, "each once, whoever sends");
    for session in 1..=post.peer.sessions() {
        assert!(taken.iter().filter(|one| one.session == session).count() <= 50);
    }
    assert_eq!(post.peer.sessions(), 2);
    assert!(taken.iter().all(|one| one.to.len() == 1), "one recipient to a mail");
}
