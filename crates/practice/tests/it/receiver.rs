//! The receiver of webhooks.

use std::time::{Duration, Instant};

use outlink_practice::{Receiver, Reply};

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.timeout(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test]
async fn requests_are_kept_and_answered_as_ordered() {
    let receiver = Receiver::start().await.unwrap();
    let client = client();
    receiver.next_replies(1, &Reply::Status(500));
    receiver.next_replies(1, &Reply::later(503, 7));
    receiver.next_replies(1, &Reply::redirect(302, "http://127.0.0.1:1/"));
    receiver.next_replies(1, &Reply::Cut);
    let post = || client.post(receiver.url("/hook?x=1")).header("X-Sign", "abc").body("{}");
    assert_eq!(post().send().await.unwrap().status(), 500);
    let busy = post().send().await.unwrap();
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    assert_eq!(post().send().await.unwrap().status(), 302);
    assert!(post().send().await.is_err());
    receiver.always(Reply::Status(200));
    assert_eq!(post().send().await.unwrap().status(), 200);

    let received = receiver.received();
    assert!(received.len() >= 5, "a client may try again by itself when it is cut off");
    for request in &received {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook?x=1"));
        assert_eq!((request.header("x-sign"), request.text()), (Some("abc"), "{}".to_owned()));
    }
}

#[tokio::test]
async fn one_can_wait_for_a_request() {
    let receiver = Receiver::start().await.unwrap();
    receiver.always(Reply::Late(Duration::from_millis(300)));
    let post = client().post(receiver.url("/")).send();
    let (began, patience) = (Instant::now(), Duration::from_secs(10));
    let (answer, received) = tokio::join!(post, receiver.wait_for(1, patience));
    assert_eq!((answer.unwrap().status().as_u16(), received.len()), (204, 1));
    assert!(began.elapsed() >= Duration::from_millis(300));
    let none = receiver.wait_for(2, Duration::from_millis(20)).await;
    assert_eq!(none.len(), 1);
    receiver.stop().await;
}
