use rcgen::{CertificateParams, date_time_ymd};
use rustls::ServerConfig;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

use super::*;
use crate::egress::kit::{PATIENCE, changing, policy};
use crate::tls::kit::{Authority, self_signed, serve, serve_tls};

const HOST: &str = "idp.example.org";

fn now() -> Timestamp {
    "2026-02-20T12:00:00Z".parse().unwrap()
}

async fn report(trust: &Trust, server: Arc<ServerConfig>) -> Vec<Step> {
    let at = serve_tls(server, |mut stream| async move {
        let _ = stream.read_u8().await;
    })
    .await;
    let (names, _) = changing(&[&["127.0.0.1"]]);
    let policy = policy(&[HOST], None).with_names(names);
    look(&policy, trust, (HOST, at.port()), PATIENCE, now()).await
}

fn until_2100(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2100, 1, 1);
}

#[tokio::test]
async fn what_is_well_is_told_with_its_facts() {
    let authority = Authority::new("House CA");
    let steps = report(&authority.trusted(), authority.server(&[HOST], until_2100)).await;
    let told: Vec<_> = steps.iter().map(|step| (step.id, step.status, &*step.message)).collect();
    assert_eq!(told[0], ("resolve", StepStatus::Ok, "idp.example.org is 127.0.0.1."));
    assert_eq!((told[1].0, told[1].1), ("connect", StepStatus::Ok));
    assert_eq!((told[2].0, told[2].1), ("tls", StepStatus::Ok));
    assert_eq!(
        told[2].2,
        "TLS 1.3. The certificate for idp.example.org is issued by CN=House CA and valid until 2100-01-01."
    );
    assert_eq!(steps[2].hint, "");
}

#[test]
fn a_certificate_that_ends_soon_is_a_hint_and_no_failure() {
    let certificate = Certificate {
        subject: "CN=x".into(),
        issuer: "CN=y".into(),
        names: vec![HOST.into()],
        not_before: now(),
        not_after: "2026-02-25T12:00:00Z".parse().unwrap(),
        chain: Vec::new(),
        self_signed: false,
    };
    let handshake = Handshake {
        version: Some("TLS 1.2"),
        certificate: Some(certificate),
        trusted: Timed { went: Ok(()), ms: 7 },
    };
    let step = handshake.step(now());
    assert_eq!((step.status, step.ms), (StepStatus::Ok, 7));
    assert!(step.hint.contains("ends in 5 days"), "{}", step.hint);
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_in_plain_words() {
    let house = Authority::new("House CA");
    let other = Authority::new("Corporate CA");
    let expired = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 6, 1));
    };
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(2090, 1, 1);
    let authority_itself = |params: &mut CertificateParams| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    };
    for (server, reason, hint) in [
        (house.server(&[HOST], expired), "it expired on 2020-06-01.", "renews"),
        (house.server(&[HOST], future), "valid only from 2090-01-01 on.", "clock"),
        (
            house.server(&["a.example", "b.example"], |_| ()),
            "made out to a.example, b.example.",
            "host name",
        ),
        (house.server(&[], |_| ()), "made out to others.", "host name"),
        (
            other.server(&[HOST], |_| ()),
            "issued it, CN=Corporate CA, is not known here.",
            "tls.extra_ca",
        ),
        (self_signed(&[HOST], |_| ()), "signed by nobody but itself.", "this very certificate"),
        (
            self_signed(&[HOST], authority_itself),
            "signed by nobody but itself.",
            "this very certificate",
        ),
    ] {
        let steps = report(&house.trusted(), server).await;
        let step = steps.last().unwrap();
        assert_eq!((step.id, step.status), ("tls", StepStatus::Failed), "{reason}");
        assert!(step.message.starts_with("The certificate of idp.example.org is not trusted: "));
        assert!(step.message.ends_with(reason), "{}", step.message);
        assert!(step.hint.contains(hint), "{}", step.hint);
    }
}

#[tokio::test]
async fn a_watched_handshake_is_as_strict_and_shows_what_was_refused() {
    let house = Authority::new("House CA");
    let server = Authority::new("Corporate CA").server(&[HOST], until_2100);
    let at = serve_tls(server, |_| std::future::ready(())).await;
    let policy = policy(&["127.0.0.1"], None);
    let trust = house.trusted();
    let route = resolve(&policy, "127.0.0.1", at.port(), PATIENCE).await.went.unwrap();
    let stream = connect(&route, &trust, PATIENCE).await.went.unwrap();
    let handshake = secure(stream, HOST, &trust, PATIENCE).await;
    assert!(handshake.trusted.went.is_err() && handshake.version.is_none());
    let shown = handshake.certificate.unwrap();
    assert_eq!(
        (shown.issuer.as_str(), shown.names.as_slice()),
        ("CN=Corporate CA", &[HOST.to_owned()][..])
    );
}

#[tokio::test]
async fn what_follows_a_failure_is_skipped() {
    let trust = Authority::new("House CA").trusted();
    let closed = look(&policy(&[], None), &trust, ("127.0.0.1", 1), PATIENCE, now()).await;
    let told: Vec<_> = closed.iter().map(|step| (step.id, step.status)).collect();
    let (failed, skipped) = (StepStatus::Failed, StepStatus::Skipped);
    assert_eq!(told, [("resolve", failed), ("connect", skipped), ("tls", skipped)]);

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let open = policy(&["127.0.0.1"], None);
    let refused = look(&open, &trust, ("127.0.0.1", free.port()), PATIENCE, now()).await;
    assert_eq!((refused[1].status, refused[2].status), (failed, skipped));
    assert!(refused[1].message.contains("refused"), "{}", refused[1].message);

    let mute = serve(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let plain = serve(|mut stream| async move {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"* OK IMAP4rev1 ready\r\n").await;
        let _ = stream.read_u8().await;
    })
    .await;
    let gone = serve(|_| std::future::ready(())).await;
    for (at, words) in [(mute, "took longer"), (plain, "does not speak TLS"), (gone, "127.0.0.1")] {
        let limit = Duration::from_millis(500);
        let steps = look(&open, &trust, ("127.0.0.1", at.port()), limit, now()).await;
        assert_eq!(steps[2].status, failed);
        assert!(steps[2].message.contains(words), "{}", steps[2].message);
        assert!(!steps[2].hint.is_empty());
    }
}

#[test]
fn clocks_that_differ() {
    let skew = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let response = Response { status: 200, headers, body: Vec::new() };
        clock_skew(&response, now()).map(|skew| skew.as_secs())
    };
    assert_eq!(skew(&[("Date", "Fri, 20 Feb 2026 12:00:00 GMT")]), Some(0));
    assert_eq!(skew(&[("date", "Fri, 20 Feb 2026 12:05:00 GMT"), ("Age", "0")]), Some(300));
    assert_eq!(skew(&[("date", "Fri, 20 Feb 2026 10:00:00 GMT")]), Some(-7200));
    // The weekday is decoration.
    assert_eq!(skew(&[("date", "Mon, 20 Feb 2026 12:00:01 GMT")]), Some(1));
    for nothing in [
        &[][..],
        &[("date", "yesterday")],
        &[("date", "Fri, 20 Feb 2026 10:00:00 GMT"), ("age", "7200")],
    ] {
        assert_eq!(skew(nothing), None, "{nothing:?}");
    }
}
