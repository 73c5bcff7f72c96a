use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::*;
use crate::egress::kit::{Asked, PATIENCE, changing, policy, proxy};
use crate::tls::kit::{Authority, serve, serve_tls};

fn http(policy: Policy, trust: &Trust) -> Http {
    let dialler = Dialler::new(policy.clone(), trust.config(), PATIENCE);
    let limits = (PATIENCE, 1024 * 1024);
    Http::of(dialler, policy, limits)
}

/// Answers one request and hangs up; notes what it was asked, with the body.
async fn answer<S>(mut stream: S, asked: Asked, answer: String)
where
    S: tokio::io::AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                break;
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    asked.lock().unwrap().push(String::from_utf8(request).unwrap());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A server for `idp.example.org` that always gives this answer.
async fn idp(authority: &Authority, text: String) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let log = asked.clone();
    let server = authority.server(&["idp.example.org"], |_| ());
    let at = serve_tls(server, move |stream| answer(stream, log.clone(), text.clone())).await;
    (at, asked)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_document_is_fetched() {
    let authority = Authority::new("House");
    let (at, asked) = idp(&authority, ok("{}")).await;
    let (names, _) = changing(&[&["127.0.0.1"]]);
    let http = http(policy(&["idp.example.org"], None).with_names(names), &authority.trusted());
    let url = format!("https://idp.example.org:{}/.well-known/x?a=b#c", at.port());
    let response = http.get(&url).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, &b"{}"[..]));
    let request = asked.lock().unwrap().remove(0);
    assert!(request.starts_with("GET /.well-known/x?a=b HTTP/1.1\r\n"), "{request}");
    let host = format!("host: idp.example.org:{}\r\n", at.port());
    assert!(request.contains(&host) && request.contains("user-agent: outlink/"), "{request}");
}

#[tokio::test]
async fn a_webhook_is_posted_and_its_answer_cut_off() {
    let authority = Authority::new("House");
    let (at, asked) = idp(&authority, ok(&"x".repeat(200_000))).await;
    let (names, _) = changing(&[&["127.0.0.1"]]);
    let http = http(policy(&["idp.example.org"], None).with_names(names), &authority.trusted());
    let url = format!("https://idp.example.org:{}/hook", at.port());
    let signature = Secret::new("sha256=00");
    let headers = [("X-Signature", &signature)];
    let response = http.post_json(&url, &headers, b"{\"a\":1}", PATIENCE).await.unwrap();
    assert_eq!((response.status, response.body.len()), (200, RECEIPT));
    let request = asked.lock().unwrap().remove(0);
    assert!(request.contains("x-signature: sha256=00\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    let evil = Secret::new("a\r\nX-Evil: 1");
    let trouble = http.post_json(&url, &[("X", &evil)], b"", PATIENCE).await.unwrap_err();
    assert!(!format!("{trouble:?}").contains("Evil"));
}

#[tokio::test]
async fn an_answer_has_its_limits() {
    let authority = Authority::new("House");
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n";
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(2 * HEAD));
    for (text, expected) in [
        (redirect.to_owned(), Ok(302)),
        (ok(&"x".repeat(2 * 1024 * 1024)), Err("more than 1048576 octets")),
        (endless, Err("cannot be reached")),
        ("SSH-2.0-x\r\n".into(), Err("cannot be reached")),
    ] {
        let (at, asked) = idp(&authority, text).await;
        let (names, _) = changing(&[&["127.0.0.1"]]);
        let http = http(policy(&["idp.example.org"], None).with_names(names), &authority.trusted());
        let got = http.get(&format!("https://idp.example.org:{}", at.port())).await;
        match (got, expected) {
            (Ok(response), Ok(status)) => assert_eq!(response.status, status),
            (Err(trouble), Err(words)) => {
                assert!(trouble.reason.contains(words), "{}", trouble.reason)
            }
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
        assert_eq!(asked.lock().unwrap().len(), 1, "no redirect is followed");
    }
}

#[tokio::test]
async fn addresses_that_are_not_asked() {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let at = serve(move |_| {
        *count.lock().unwrap() += 1;
        std::future::ready(())
    })
    .await;
    let port = at.port();
    let trust = Authority::new("House").trusted();
    let (names, _) = changing(&[&["127.0.0.1"]]);
    let closed = http(policy(&[], None).with_names(names), &trust);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "0",
        "127%2e0.0.1",
        "127。0。0。1",
    ] {
        let trouble = closed.get(&format!("https://{host}:{port}/")).await.unwrap_err();
        assert!(trouble.reason.contains("not public"), "{host}: {}", trouble.reason);
    }
    let open = http(policy(&["idp.intern"], None), &trust);
    for (url, words) in [
        (format!("http://idp.intern:{port}/"), "begins with http://"),
        (format!("http://127.0.0.1:{port}/"), "begins with http://"),
        ("ftp://idp.intern/".into(), "begins with ftp://"),
        ("file:///etc/passwd".into(), "begins with file://"),
        ("https://user:hunter2@idp.intern/".into(), "user name"),
        ("https://us er:hunter2@".into(), "none"),
    ] {
        let trouble = open.get(&url).await.unwrap_err();
        assert!(trouble.reason.contains(words), "{url}: {}", trouble.reason);
        assert!(!format!("{trouble:?}").contains("hunter2"));
    }
    assert_eq!(*asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn an_answer_that_changes_between_check_and_connect_changes_nothing() {
    let authority = Authority::new("House");
    let (at, asked) = idp(&authority, ok("{}")).await;
    let (names, lookups) = changing(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]]);
    let http = http(policy(&["127.0.0.1"], None).with_names(names), &authority.trusted());
    let url = format!("https://idp.example.org:{}/", at.port());
    assert_eq!(http.get(&url).await.unwrap().status, 200);
    assert_eq!(lookups.lock().unwrap().len(), 1);
    // The next connection is checked anew.
    let trouble = http.get(&url).await.unwrap_err();
    assert!(trouble.reason.contains("leads to 127.0.0.2"), "{}", trouble.reason);
    assert_eq!(http.get(&url).await.unwrap().status, 200);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_proxy_is_taken_and_believed_in_nothing() {
    let authority = Authority::new("House");
    let (there, asked) = idp(&authority, ok("{}")).await;
    let targets = Arc::new(HashMap::from([("idp.example.org:443", there)]));
    let log = Asked::default();
    let heads = log.clone();
    let at = serve(move |stream| proxy(stream, targets.clone(), heads.clone())).await;
    let address = format!("http://user:pass@{at}");
    let by_proxy = http(policy(&[], Some(&address)), &authority.trusted());
    let response = by_proxy.get("https://idp.example.org/x").await.unwrap();
    assert_eq!(response.status, 200);
    let request = asked.lock().unwrap().remove(0);
    assert!(!request.to_ascii_lowercase().contains("proxy-authorization"), "{request}");
    assert!(log.lock().unwrap()[0].contains("Proxy-Authorization: Basic dXNlcjpwYXNz"));

    let trouble = by_proxy.get("https://elsewhere.example.org/").await.unwrap_err();
    assert!(trouble.reason.contains("502 Never heard of it"), "{}", trouble.reason);
    let trouble = by_proxy.get("https://10.0.0.1/").await.unwrap_err();
    assert!(trouble.reason.contains("not public"), "{}", trouble.reason);
    // Whoever sits in the middle cannot pass for the target.
    let others = http(policy(&[], Some(&address)), &Authority::new("Other").trusted());
    let trouble = others.get("https://idp.example.org/x").await.unwrap_err();
    assert!(trouble.reason.contains("certificate of idp.example.org"), "{}", trouble.reason);
}
