//! The client against the practice server, which was written apart from it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outlink_mail::pop3::Session;
use outlink_mail::sasl::Mechanism;
use outlink_mail::tls::connect_tls;
use outlink_mail::{Body, Error, Limits};
use outlink_model::Secret;
use outlink_practice::{Options, Pop3Fault, Practice, samples};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const ALICE: &str = "alice@example.org";
const PASSWORD: &str = "two-wheels-good";

/// A running server with the samples in Alice's mailbox.
struct Kit {
    practice: Practice,
    config: Arc<ClientConfig>,
    _directory: TempDir,
}

async fn kit() -> Kit {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { seed: true, ..Options::new(directory.path()) };
    let practice = outlink_practice::start(options).await.unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&practice.ca_pem_path).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Kit { practice, config: Arc::new(config), _directory: directory }
}

fn limits() -> Limits {
    Limits { time: Duration::from_secs(10), ..Limits::default() }
}

impl Kit {
    async fn greeted(&self) -> Session<TlsStream<TcpStream>> {
        let stream = dial(self.practice.pop3).await;
        let stream = connect_tls(stream, "localhost", Arc::clone(&self.config)).await.unwrap();
        Session::start(stream, limits()).await.unwrap()
    }

    fn token(&self) -> Secret {
        self.practice.issue(ALICE, &["mail.imap"]).unwrap().0
    }

    async fn show(
        &self,
        session: &mut Session<TlsStream<TcpStream>>,
        token: &Secret,
        mechanism: Mechanism,
    ) -> Result<(), Error> {
        session.authenticate(ALICE, "localhost", self.practice.pop3.port(), token, mechanism).await
    }

    /// Signed in. A session before may need a moment until the server sees that it is gone.
    async fn signed_in(&self) -> Session<TlsStream<TcpStream>> {
        for _ in 0..200 {
            let mut session = self.greeted().await;
            match self.show(&mut session, &self.token(), Mechanism::XOAuth2).await {
                Ok(()) => return session,
                Err(Error::Unavailable { .. }) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("the mailbox stays in use");
    }
}

async fn dial(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_mailbox_is_read_and_emptied() {
    let kit = kit().await;
    let mut session = kit.signed_in().await;
    let all = samples();
    let stat = session.stat().await.unwrap();
    assert_eq!(stat.messages as usize, all.len());
    let sizes = session.list().await.unwrap();
    assert_eq!(sizes.iter().map(|(_, octets)| octets).sum::<u64>(), stat.octets);
    let names = session.uidl().await.unwrap();
    assert!(names.iter().zip(1..).all(|((number, _), at)| *number == at), "{names:?}");

    let numbers: Vec<u32> = names.iter().map(|(number, _)| *number).collect();
    let mut got = Vec::new();
    session.bodies(&numbers, |number, body| got.push((number, body))).await.unwrap();
    let expected: Vec<_> = numbers
        .iter()
        .zip(&all)
        .map(|(&number, one)| (number, Body::Raw(one.raw.clone())))
        .collect();
    assert!(got == expected, "every octet comes through");
    let mut tops = Vec::new();
    session.tops(&numbers, 0, |_, body| tops.push(body)).await.unwrap();
    assert_eq!(tops.len(), all.len());
    for (top, one) in tops.iter().zip(&all) {
        let Body::Raw(top) = top else { panic!("no top: {top:?}") };
        assert!(one.raw.starts_with(top) && top.len() < one.raw.len(), "the header alone");
    }

    assert_eq!(session.delete(&[1, 2, 2, 99]).await, Ok(vec![1, 2]));
    session.reset().await.unwrap();
    assert_eq!(session.delete(&numbers[1..]).await.unwrap(), numbers[1..]);
    session.quit().await.unwrap();
    assert_eq!(kit.practice.messages(ALICE, "INBOX").len(), 1);
    let mut session = kit.signed_in().await;
    assert_eq!(session.uidl().await.unwrap(), names[..1]);
    session.quit().await.unwrap();
}

#[tokio::test]
async fn messages_with_dots_and_without_an_end_come_through() {
    let kit = kit().await;
    kit.practice.add_mailbox("dots@example.org", &[ALICE]);
    for raw in ["", ".", "Subject: x\r\n\r\n.\r\n..\r\na\n.\n\r\n.", "\r\n.\r\n"] {
        assert!(kit.practice.deliver("dots@example.org", raw));
    }
    let mut session = kit.greeted().await;
    let (token, port) = (kit.token(), kit.practice.pop3.port());
    let shown =
        session.authenticate("dots@example.org", "localhost", port, &token, Mechanism::OAuthBearer);
    shown.await.unwrap();
    let mut got = Vec::new();
    session.bodies(&[1, 2, 3, 4], |_, body| got.push(body)).await.unwrap();
    // The protocol ends every last line.
    let raw = |text: &str| Body::Raw(text.as_bytes().to_vec());
    let sent = ["", ".\r\n", "Subject: x\r\n\r\n.\r\n..\r\na\n.\n\r\n.\r\n", "\r\n.\r\n"];
    assert_eq!(got, sent.map(raw));
}

#[tokio::test]
async fn every_way_in_works_and_refusals_are_explained() {
    let kit = kit().await;
    for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
        let mut session = kit.greeted().await;
        let error = kit.show(&mut session, &Secret::new("stale"), mechanism).await.unwrap_err();
        let Error::Refused { challenge: Some(told), .. } = &error else { panic!("{error:?}") };
        assert!(matches!(told.status.as_deref(), Some("401" | "invalid_token")), "{told:?}");
        assert!(error.is_token_refused());
        let narrow = kit.practice.issue(ALICE, &["mail.smtp"]).unwrap().0;
        let error = kit.show(&mut session, &narrow, mechanism).await.unwrap_err();
        assert!(error.trouble().hint.contains("scope for POP3"), "{}", error.trouble().hint);
        kit.show(&mut session, &kit.token(), mechanism).await.unwrap();
        session.quit().await.unwrap();
    }
    let mut session = kit.greeted().await;
    let error = session.login(ALICE, &Secret::new("wrong")).await.unwrap_err();
    assert!(matches!(error, Error::Refused { mechanism: "USER", .. }), "{error:?}");
    session.login(ALICE, &Secret::new(PASSWORD)).await.unwrap();

    // One session at a time.
    let mut second = kit.greeted().await;
    let error = kit.show(&mut second, &kit.token(), Mechanism::XOAuth2).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    session.quit().await.unwrap();

    kit.practice.set(|settings| settings.pop3_capabilities = vec!["SASL PLAIN".into()]);
    let mut session = kit.greeted().await;
    session.capabilities().await.unwrap();
    let error = kit.show(&mut session, &kit.token(), Mechanism::XOAuth2).await.unwrap_err();
    assert_eq!(error, Error::NoMechanism { offered: vec!["PLAIN".into()] });
    session.login(ALICE, &Secret::new(PASSWORD)).await.unwrap();
    session.quit().await.unwrap();
}

#[tokio::test]
async fn a_connection_in_the_clear_is_made_secure_first() {
    let kit = kit().await;
    let clear = dial(kit.practice.pop3_clear).await;
    let mut clear = Session::start(clear, limits()).await.unwrap();
    let told = clear.capabilities().await.unwrap();
    assert!(told.has("STLS") && told.mechanisms().next().is_none(), "{told:?}");
    let stream = clear.upgrade().await.unwrap();
    let stream = connect_tls(stream, "localhost", Arc::clone(&kit.config)).await.unwrap();
    let mut session = Session::resume(stream, limits());
    assert_eq!(session.capabilities().await.unwrap().mechanism(), Mechanism::OAuthBearer);
    kit.show(&mut session, &kit.token(), Mechanism::OAuthBearer).await.unwrap();
    assert!(session.stat().await.unwrap().messages > 0);
    session.quit().await.unwrap();
}

#[tokio::test]
async fn a_capa_that_is_silent_or_away_stops_nobody() {
    let kit = kit().await;
    for fault in [Pop3Fault::NoCapa, Pop3Fault::CapaWithoutSasl, Pop3Fault::RefuseOneLine] {
        kit.practice.faults().next_pop3_sessions(1, fault);
        let mut session = kit.greeted().await;
        let mechanism = session.capabilities().await.unwrap().mechanism();
        kit.show(&mut session, &kit.token(), mechanism).await.unwrap();
        let mut got = 0;
        session.bodies(&[1, 2, 3], |_, _| got += 1).await.unwrap();
        assert_eq!((got, session.delete(&[1, 2]).await), (3, Ok(vec![1, 2])), "{fault:?}");
        session.reset().await.unwrap();
        session.quit().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_name() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    let long = Secret::new("x".repeat(5000));
    for (fault, token) in [
        (Pop3Fault::TokenLimit(4096), &long),
        (Pop3Fault::Unavailable, &kit.token()),
        (Pop3Fault::RefuseToken, &kit.token()),
    ] {
        faults.next_pop3_sessions(1, fault);
        let mut session = kit.greeted().await;
        let error = kit.show(&mut session, token, Mechanism::XOAuth2).await.unwrap_err();
        let is_as_told = match fault {
            Pop3Fault::TokenLimit(_) => matches!(error, Error::TokenTooLong { octets: 5000, .. }),
            Pop3Fault::Unavailable => matches!(error, Error::Unavailable { .. }),
            _ => error.is_token_refused(),
        };
        assert!(is_as_told, "{fault:?}: {error:?}");
    }

    faults.next_pop3_sessions(1, Pop3Fault::NoUidl);
    let mut session = kit.signed_in().await;
    assert!(matches!(session.uidl().await, Err(Error::NoUidl { .. })));
    assert_eq!(session.list().await.unwrap().len(), samples().len());
    session.quit().await.unwrap();
    faults.next_pop3_sessions(1, Pop3Fault::NumberedUidl);
    let mut session = kit.signed_in().await;
    assert_eq!(session.uidl().await.unwrap()[..2], [(1, "1".into()), (2, "2".into())]);
    session.quit().await.unwrap();

    faults.next_pop3_sessions(1, Pop3Fault::RefuseDeletions);
    let mut session = kit.signed_in().await;
    session.delete(&[1]).await.unwrap();
    assert!(matches!(session.quit().await, Err(Error::NotDeleted { .. })));
    assert_eq!(kit.practice.messages(ALICE, "INBOX").len(), samples().len());

    faults.next_pop3_sessions(1, Pop3Fault::Exhausted);
    let mut session = kit.signed_in().await;
    let error = session.bodies(&[1], |_, _| panic!("nothing comes")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    drop(session);
}

#[tokio::test]
async fn a_server_that_breaks_off_or_hangs_costs_no_half_message() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_pop3_sessions(1, Pop3Fault::DropMidMessage);
    let mut session = kit.signed_in().await;
    let error = session.bodies(&[1, 2], |_, _| panic!("half a message")).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");

    faults.next_pop3_sessions(1, Pop3Fault::HangAfterLogin);
    let stream = dial(kit.practice.pop3).await;
    let stream = connect_tls(stream, "localhost", Arc::clone(&kit.config)).await.unwrap();
    let hurried = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let mut session = Session::start(stream, hurried).await.unwrap();
    let error = loop {
        // The session before may still have the mailbox.
        match kit.show(&mut session, &kit.token(), Mechanism::XOAuth2).await {
            Ok(()) => break session.stat().await.unwrap_err(),
            Err(Error::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error:?}"),
        }
    };
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    drop(session);
    kit.signed_in().await.quit().await.unwrap();
}
