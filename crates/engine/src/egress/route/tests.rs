use std::collections::HashMap;

use super::super::kit::{Asked, PATIENCE, changing, policy, proxy as serve_proxy};
use super::*;
use crate::tls::Trust;
use crate::tls::kit::{Authority, serve, serve_tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn nobody() -> Arc<ClientConfig> {
    Authority::new("Nobody").trusted().config()
}

/// Somebody who says who he is.
async fn greeter(at: &str, word: &'static str) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(word.as_bytes()).await;
        }
    });
    address
}

async fn heard(route: &Route) -> String {
    let mut stream = open(route, &nobody(), PATIENCE).await.unwrap();
    let mut word = String::new();
    stream.read_to_string(&mut word).await.unwrap();
    word
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_dialled() {
    let direct = policy(&[], None);
    let by_proxy = policy(&[], Some("http://proxy.example.org:3128"));
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "10.1",
        "192.168.257",
        "169.254.169.254",
        "0251.0376.0251.0376",
        "2852039166",
        "[::1]",
        "::1",
        "::",
        "[::ffff:127.0.0.1]",
        "::ffff:a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fe80::1",
        "１６９.254.169.254",
    ] {
        for policy in [&direct, &by_proxy] {
            let trouble = route(policy, host, 443, PATIENCE).await.unwrap_err();
            assert!(trouble.reason.contains("not public"), "{host}: {}", trouble.reason);
            assert!(trouble.hint.contains("egress.allow"), "{host}: {}", trouble.hint);
        }
    }
    for host in ["", "1.2.3.256", "fe80::1%lo", "a b", "host\r\nX: y"] {
        for policy in [&direct, &by_proxy] {
            assert!(route(policy, host, 443, PATIENCE).await.is_err(), "{host:?}");
        }
    }
}

#[tokio::test]
async fn names_that_lead_inside_are_closed_whatever_else_they_lead_to() {
    for (answers, ok) in [
        (&["10.0.0.1"][..], false),
        (&["::ffff:127.0.0.1", "169.254.169.254"], false),
        (&["10.0.0.1", "1.1.1.1"], true),
        (&[], false),
    ] {
        let (names, _) = changing(&[answers]);
        let policy = policy(&[], None).with_names(names);
        let found = route(&policy, "trap.example.org.", 443, PATIENCE).await;
        assert_eq!(found.is_ok(), ok, "{answers:?}");
        if let Ok(found) = found {
            assert_eq!(found.found(), "trap.example.org. is 1.1.1.1.");
        }
    }
    // This machine's own names are checked here even if all else is left to a proxy.
    for host in ["localhost", "LOCALHOST.", "db.localhost"] {
        let (names, _) = changing(&[&["127.0.0.1"]]);
        let policy = policy(&[], Some("http://localhost:3128")).with_names(names);
        let trouble = route(&policy, host, 5432, PATIENCE).await.unwrap_err();
        assert!(trouble.reason.contains("not public"), "{}", trouble.reason);
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let good = greeter("127.0.0.2:0", "good").await;
    let evil = format!("127.0.0.1:{}", good.port());
    let _evil = greeter(&evil, "evil").await;
    // The name server changes its mind as soon as it was asked once.
    let (names, asked) = changing(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let policy = policy(&["127.0.0.2"], None).with_names(names);
    let found = route(&policy, "rebound.example.org", good.port(), PATIENCE).await.unwrap();
    assert_eq!(heard(&found).await, "good");
    assert_eq!(heard(&found).await, "good");
    assert_eq!(asked.lock().unwrap().len(), 1, "a second question would be a second answer");
    let trouble = route(&policy, "rebound.example.org", good.port(), PATIENCE).await.unwrap_err();
    assert!(trouble.reason.contains("127.0.0.1"), "{}", trouble.reason);
}

/// A proxy that knows one target, and what it was asked.
async fn proxied(target: &'static str, there: SocketAddr) -> (SocketAddr, Asked) {
    let targets = Arc::new(HashMap::from([(target, there)]));
    let asked = Asked::default();
    let log = asked.clone();
    let at = serve(move |stream| serve_proxy(stream, targets.clone(), log.clone())).await;
    (at, asked)
}

#[tokio::test]
async fn with_a_proxy_names_are_resolved_by_it_alone() {
    let there = echo().await;
    let (at, asked) = proxied("imap.example.org:993", there).await;
    let (names, lookups) = changing(&[&["127.0.0.1"]]);
    let proxy = format!("http://user:pa%20ss@proxy.example.org:{}", at.port());
    let policy = policy(&[], Some(&proxy)).with_names(names);
    let found = route(&policy, "IMAP.example.org.", 993, PATIENCE).await.unwrap();
    assert!(found.found().contains("left to the proxy proxy.example.org:"), "{}", found.found());
    let mut stream = open(&found, &nobody(), PATIENCE).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
    assert_eq!(*lookups.lock().unwrap(), ["proxy.example.org"]);
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("CONNECT imap.example.org:993 HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("\r\nProxy-Authorization: Basic dXNlcjpwYSBzcw==\r\n"));
}

#[tokio::test]
async fn what_means_this_machine_is_not_asked_of_a_proxy() {
    let good = greeter("127.0.0.1:0", "here").await;
    let (at, asked) = proxied("unused", good).await;
    let policy = policy(&["127.0.0.0/8"], Some(&format!("http://{at}")));
    for host in ["127.0.0.1", "localhost", "2130706433", "::ffff:127.0.0.1"] {
        let found = route(&policy, host, good.port(), PATIENCE).await.unwrap();
        assert_eq!(heard(&found).await, "here", "{host}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_proxy_is_told_the_spelling_that_was_checked() {
    let (at, asked) = proxied("unused", ([127, 0, 0, 1], 1).into()).await;
    let policy = policy(&["10.0.0.0/8"], Some(&format!("http://{at}")));
    for (host, target) in [
        ("0x0a000001", "10.0.0.1:443"),
        ("::ffff:10.0.0.1", "10.0.0.1:443"),
        ("2606:4700::1111", "[2606:4700::1111]:443"),
        ("Büro.example.", "xn--bro-hoa.example:443"),
    ] {
        let found = route(&policy, host, 443, PATIENCE).await.unwrap();
        let trouble = open(&found, &nobody(), PATIENCE).await.unwrap_err();
        let expected = format!("cannot reach {target}: 502 Never heard of it.");
        assert!(trouble.reason.contains(&expected), "{}", trouble.reason);
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        assert_eq!(asked.lock().unwrap().pop(), Some(head));
    }
}

#[tokio::test]
async fn a_proxy_may_be_reached_by_tls() {
    let there = echo().await;
    let targets = Arc::new(HashMap::from([("imap.example.org:993", there)]));
    let authority = Authority::new("House");
    let server = authority.server(&["proxy.example.org"], |_| ());
    let at =
        serve_tls(server, move |stream| serve_proxy(stream, targets.clone(), Asked::default()))
            .await;
    let dial = async |proxy: &str, trust: Trust| {
        let (names, _) = changing(&[&["127.0.0.1"]]);
        let proxy = format!("https://{proxy}:{}", at.port());
        let policy = policy(&[], Some(&proxy)).with_names(names);
        let found = route(&policy, "imap.example.org", 993, PATIENCE).await?;
        open(&found, &trust.config(), PATIENCE).await
    };
    let mut stream = dial("proxy.example.org", authority.trusted()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
    let trouble = dial("other.example.org", authority.trusted()).await.unwrap_err();
    assert!(
        trouble.reason.contains("The proxy other.example.org")
            && trouble.reason.contains("made out to proxy.example.org"),
        "{}",
        trouble.reason
    );
    assert!(dial("proxy.example.org", Authority::new("Other").trusted()).await.is_err());
}

#[tokio::test]
async fn a_proxy_that_is_away_or_says_nothing() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mute = serve(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    for (at, words) in
        [(free, "cannot be reached: the connection was refused"), (mute, "did not open a way to")]
    {
        let policy = policy(&[], Some(&format!("http://{at}")));
        let found = route(&policy, "imap.example.org", 993, PATIENCE).await.unwrap();
        let trouble = open(&found, &nobody(), Duration::from_millis(200)).await.unwrap_err();
        assert!(trouble.reason.contains(words), "{}", trouble.reason);
    }
}

async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await
}
