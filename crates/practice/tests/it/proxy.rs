//! The proxy: tunnels and plain requests, with and without credentials.

use outlink_practice::{Proxy, ProxyAnswer, Receiver};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::kit::{Kit, kit};

/// An HTTP client that goes through the proxy for everything.
fn client(kit: &Kit, proxy: &Proxy, credentials: Option<(&str, &str)>) -> reqwest::Client {
    let ca = std::fs::read(&kit.practice.ca_pem_path).unwrap();
    let mut through = reqwest::Proxy::all(proxy.url()).unwrap();
    if let Some((name, password)) = credentials {
        through = through.basic_auth(name, password);
    }
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .proxy(through)
        .timeout(std::time::Duration::from_secs(20))
        .build()
        .unwrap()
}

fn jwks(kit: &Kit) -> (String, String) {
    let url = format!("{}/jwks", kit.practice.issuer);
    let target = kit.practice.issuer.strip_prefix("https://").unwrap().to_owned();
    (url, target)
}

#[tokio::test]
async fn tunnels_and_plain_requests_go_through_and_are_counted() {
    let kit = kit().await;
    let proxy = Proxy::start().await.unwrap();
    let (url, target) = jwks(&kit);
    assert_eq!(client(&kit, &proxy, None).get(&url).send().await.unwrap().status(), 200);
    let receiver = Receiver::start().await.unwrap();
    let plain = client(&kit, &proxy, None).post(receiver.url("/hook?a=1")).body("hello");
    assert_eq!(plain.send().await.unwrap().status(), 204);
    let came = receiver.received();
    assert_eq!((came[0].path.as_str(), came[0].text()), ("/hook?a=1", "hello".to_owned()));
    let counters = proxy.counters();
    assert_eq!((counters.to(&target), counters.tunnels.len()), (1, 1));
    assert_eq!(counters.forwards[&receiver.address.to_string()], 1);
    proxy.stop().await;
    receiver.stop().await;
}

#[tokio::test]
async fn credentials_are_asked_for() {
    let kit = kit().await;
    let proxy = Proxy::start().await.unwrap();
    proxy.set_credentials(Some(("user", "p:w")));
    let (url, target) = jwks(&kit);
    assert!(client(&kit, &proxy, None).get(&url).send().await.is_err());
    assert!(client(&kit, &proxy, Some(("user", "x"))).get(&url).send().await.is_err());
    let good = client(&kit, &proxy, Some(("user", "p:w")));
    assert_eq!(good.get(&url).send().await.unwrap().status(), 200);
    let counters = proxy.counters();
    assert_eq!((counters.unauthenticated, counters.to(&target)), (2, 1));
}

#[tokio::test]
async fn a_proxy_can_refuse_cut_and_know_names_of_its_own() {
    let kit = kit().await;
    let proxy = Proxy::start().await.unwrap();
    let ask = async |target: &str| {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let all = stream.read_exact(&mut answer).await.is_ok();
        if all { String::from_utf8_lossy(&answer).into_owned() } else { String::new() }
    };
    assert_eq!(ask("mail.practice.invalid:993").await, "HTTP/1.1 502");
    proxy.route("mail.practice.invalid:993", kit.practice.imap);
    assert_eq!(ask("Mail.practice.invalid:993").await, "HTTP/1.1 200");
    assert_eq!(ask("no-port").await, "HTTP/1.1 400");
    proxy.answer(ProxyAnswer::Refuse(403));
    assert_eq!(ask("mail.practice.invalid:993").await, "HTTP/1.1 403");
    proxy.answer(ProxyAnswer::Cut);
    assert_eq!(ask("mail.practice.invalid:993").await, "");
    let counters = proxy.counters();
    assert_eq!((counters.refusals, counters.unreachable), (1, 1));
    assert_eq!(counters.to("Mail.practice.invalid:993"), 1);
}

#[tokio::test]
async fn nothing_but_loopback_is_dialled() {
    let proxy = Proxy::start().await.unwrap();
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(b"CONNECT 192.0.2.1:80 HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 502");
}
