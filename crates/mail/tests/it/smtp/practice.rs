//! The client against the practice server, which was written apart from it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outlink_mail::compose::{Mail, compose};
use outlink_mail::message::{decode_part, parse};
use outlink_mail::sasl::Mechanism;
use outlink_mail::smtp::{Sent, Session};
use outlink_mail::tls::connect_tls;
use outlink_mail::{Error, Limits, SendingFault, StartTlsFault};
use outlink_model::Secret;
use outlink_practice::{Options, Practice, SmtpFault, samples};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const ALICE: &str = "alice@example.org";
const FAR: &str = "customer@far.example";
const PASSWORD: &str = "two-wheels-good";
const MAIL: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

struct Kit {
    practice: Practice,
    config: Arc<ClientConfig>,
    _directory: TempDir,
}

async fn kit() -> Kit {
    let directory = tempfile::tempdir().unwrap();
    let practice = outlink_practice::start(Options::new(directory.path())).await.unwrap();
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

async fn dial(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

impl Kit {
    async fn meet(&self) -> Result<Session<TlsStream<TcpStream>>, Error> {
        let stream = dial(self.practice.smtp).await;
        let stream = connect_tls(stream, "localhost", Arc::clone(&self.config)).await.unwrap();
        Session::start(stream, limits()).await
    }

    fn token(&self) -> Secret {
        self.practice.issue(ALICE, &["mail.smtp"]).unwrap().0
    }

    async fn show(
        &self,
        session: &mut Session<TlsStream<TcpStream>>,
        token: &Secret,
        mechanism: Mechanism,
    ) -> Result<(), Error> {
        session.authenticate(ALICE, "localhost", self.practice.smtp.port(), token, mechanism).await
    }

    async fn signed_in(&self) -> Session<TlsStream<TcpStream>> {
        let mut session = self.meet().await.unwrap();
        self.show(&mut session, &self.token(), Mechanism::XOAuth2).await.unwrap();
        session
    }

    /// What a session with this fault says of a mail.
    async fn sent_under(&self, fault: SmtpFault) -> Result<Sent, Error> {
        self.practice.faults().next_smtp_sessions(1, fault);
        let mut session = self.meet().await?;
        self.show(&mut session, &self.token(), Mechanism::XOAuth2).await?;
        session.send(ALICE, FAR, MAIL).await
    }
}

#[tokio::test]
async fn mail_comes_through_octet_for_octet() {
    let kit = kit().await;
    let mut session = kit.signed_in().await;
    let dots = ".\r\n..\r\n.x\r\n\r\n.".repeat(20_000);
    let mut mails = vec![dots.into_bytes()];
    for sample in samples().into_iter().take(5) {
        mails.push(sample.raw);
    }
    for mail in &mails {
        let sent = session.send(ALICE, FAR, mail).await;
        assert!(matches!(sent, Ok(Sent::Taken { .. })), "{sent:?}");
    }
    session.quit().await;
    let outgoing = kit.practice.outgoing();
    assert_eq!(outgoing.len(), mails.len());
    for (taken, mail) in outgoing.iter().zip(&mails) {
        assert_eq!((&*taken.from, &*taken.to), (ALICE, &[FAR.to_owned()][..]));
        let mut mail = String::from_utf8_lossy(mail).into_owned();
        if !mail.ends_with('\n') {
            mail.push_str("\r\n");
        }
        let taken = String::from_utf8_lossy(&taken.raw).into_owned();
        assert!(taken.replace("\r\n", "\n").ends_with(&mail.replace("\r\n", "\n")));
    }
}

#[tokio::test]
async fn a_mail_that_is_sent_on_arrives_with_the_one_that_it_carries() {
    let kit = kit().await;
    let received = &samples()[0].raw;
    let raw = compose(&Mail {
        from_name: "Support",
        from: ALICE,
        to: FAR,
        subject: "Fwd: Grüße",
        date: "2026-11-22T09:30:00Z".parse().unwrap(),
        mail_id: "1@example.org",
        in_reply_to: None,
        fingerprint: "f1",
        auto_submitted: "auto-generated",
        text: "This was sent on.",
        attached: Some(received),
    })
    .unwrap();
    let mut session = kit.signed_in().await;
    assert!(matches!(session.send(ALICE, FAR, &raw).await, Ok(Sent::Taken { .. })));
    let taken = &kit.practice.outgoing()[0].raw;
    let parsed = parse(taken).unwrap();
    assert_eq!((&*parsed.subject, &*parsed.text), ("Fwd: Grüße", "This was sent on."));
    assert_eq!(&decode_part(taken, parsed.attachments[0].range), received);
}

#[tokio::test]
async fn every_way_in_works_and_refusals_are_explained() {
    let kit = kit().await;
    for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
        let mut session = kit.meet().await.unwrap();
        for token in ["stale".to_owned(), "t".repeat(12 * 1024)] {
            let shown = kit.show(&mut session, &Secret::new(token), mechanism).await;
            let error = shown.unwrap_err();
            let Error::Refused { challenge: Some(told), .. } = &error else { panic!("{error:?}") };
            assert!(matches!(told.status.as_deref(), Some("401" | "invalid_token")), "{told:?}");
        }
        let narrow = kit.practice.issue(ALICE, &["mail.imap"]).unwrap().0;
        let error = kit.show(&mut session, &narrow, mechanism).await.unwrap_err();
        assert!(error.trouble().reason.contains("sending mail"), "{}", error.trouble().reason);
        assert!(error.trouble().hint.contains("scope for SMTP"), "{}", error.trouble().hint);
        kit.show(&mut session, &kit.token(), mechanism).await.unwrap();
        session.quit().await;
    }
    for way in ["PLAIN", "LOGIN"] {
        let line = format!("AUTH {way}");
        kit.practice.set(|settings| settings.smtp_capabilities = vec![line]);
        let mut session = kit.meet().await.unwrap();
        let error = session.login(ALICE, &Secret::new("wrong")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { mechanism, .. } if mechanism == way), "{error:?}");
        assert!(!error.is_token_refused());
        session.login(ALICE, &Secret::new(PASSWORD)).await.unwrap();
        assert!(matches!(session.send(ALICE, FAR, MAIL).await, Ok(Sent::Taken { .. })));
        session.quit().await;
    }
    assert_eq!(kit.practice.counters().smtp_logins, 4);
}

#[tokio::test]
async fn a_connection_in_the_clear_is_made_secure_first() {
    let kit = kit().await;
    let clear = dial(kit.practice.smtp_clear).await;
    let mut clear = Session::start(clear, limits()).await.unwrap();
    let told = clear.capabilities().await.unwrap();
    assert!(told.starttls && told.mechanisms().next().is_none(), "{told:?}");
    let stream = clear.upgrade().await.unwrap();
    let stream = connect_tls(stream, "localhost", Arc::clone(&kit.config)).await.unwrap();
    let mut session = Session::resume(stream, limits());
    let told = session.capabilities().await.unwrap();
    assert_eq!(told.mechanism(), Some(Mechanism::OAuthBearer));
    assert!(!told.starttls && told.size == Some(26_214_400));
    kit.show(&mut session, &kit.token(), Mechanism::OAuthBearer).await.unwrap();
    assert!(matches!(session.send(ALICE, FAR, MAIL).await, Ok(Sent::Taken { .. })));
    session.quit().await;

    for (fault, spoke_ahead) in [
        (SmtpFault::InjectAfterStartTls(b"250 forged\r\n"), true),
        (SmtpFault::Without("STARTTLS"), false),
        (SmtpFault::NoExtensions, false),
    ] {
        kit.practice.faults().next_smtp_sessions(1, fault);
        let clear = dial(kit.practice.smtp_clear).await;
        let error = Session::start(clear, limits()).await.unwrap().upgrade().await.unwrap_err();
        let Error::StartTls { fault, .. } = error else { panic!("{error:?}") };
        let expected =
            if spoke_ahead { StartTlsFault::SpokeAhead } else { StartTlsFault::NotOffered };
        assert_eq!(fault, expected);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_name() {
    let kit = kit().await;
    let fault_of = |sent| match sent {
        Err(Error::Sending { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    let off = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    let sent = kit.sent_under(SmtpFault::SignIn(off)).await;
    assert_eq!(fault_of(sent), SendingFault::SwitchedOff);
    let not_ours = "550 5.7.60 SMTP; Client does not have permissions to send as this sender";
    let sent = kit.sent_under(SmtpFault::Sender(not_ours)).await;
    assert_eq!(fault_of(sent), SendingFault::SenderRefused);
    let quota = "550 5.4.5 Daily sending quota exceeded";
    for fault in [SmtpFault::Recipient(quota), SmtpFault::Data(quota), SmtpFault::Text(quota)] {
        assert_eq!(fault_of(kit.sent_under(fault).await), SendingFault::LimitReached);
    }
    let busy = "432 4.3.2 Concurrent connections limit exceeded.";
    for fault in [
        SmtpFault::Greeting("421 4.7.0 Try again later"),
        SmtpFault::SignIn(busy),
        SmtpFault::Sender(busy),
        SmtpFault::Text(busy),
    ] {
        let sent = kit.sent_under(fault).await;
        assert!(matches!(sent, Err(Error::Unavailable { .. })), "{sent:?}");
    }
    let sent = kit.sent_under(SmtpFault::RefuseToken).await;
    assert!(sent.unwrap_err().is_token_refused());
    assert_eq!(kit.practice.counters().smtp_mails, 0);
}

#[tokio::test]
async fn a_connection_that_is_cut_leaves_open_whether_the_mail_was_taken() {
    let kit = kit().await;
    for (fault, taken) in [
        (SmtpFault::DropMidText(5), 0),
        (SmtpFault::DropBeforeTaking, 0),
        (SmtpFault::DropAfterTaking, 1),
    ] {
        let sent = kit.sent_under(fault).await;
        assert!(matches!(sent, Err(Error::Closed { .. } | Error::Io { .. })), "{sent:?}");
        assert!(sent.unwrap_err().is_passing());
        assert_eq!(kit.practice.counters().smtp_mails, taken, "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_one_recipient_does_not_cost_the_others() {
    let kit = kit().await;
    let faults = kit.practice.faults();
    faults.next_smtp_mails_to("gone@far.example", 1, SmtpFault::Recipient("550 5.1.1 nobody"));
    faults.next_smtp_mails_to("later@far.example", 1, SmtpFault::Recipient("450 4.2.0 Greylisted"));
    faults.next_smtp_mails_to("spam@far.example", 1, SmtpFault::Text("554 5.7.1 spam"));
    let mut session = kit.signed_in().await;
    for (to, refusal) in [
        ("gone@far.example", Some(true)),
        (FAR, None),
        ("later@far.example", Some(false)),
        ("later@far.example", None),
        ("spam@far.example", Some(true)),
        (FAR, None),
    ] {
        match session.send(ALICE, to, MAIL).await.unwrap() {
            Sent::Taken { .. } => assert_eq!(refusal, None, "{to}"),
            Sent::Refused { is_for_good, .. } => assert_eq!(refusal, Some(is_for_good), "{to}"),
        }
    }
    session.quit().await;
    assert_eq!(kit.practice.counters().smtp_mails, 3);
    assert_eq!(kit.practice.counters().smtp_sessions, 1);
}

#[tokio::test]
async fn what_is_not_offered_is_not_used() {
    let kit = kit().await;
    for keyword in ["SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING"] {
        let sent = kit.sent_under(SmtpFault::Without(keyword)).await;
        assert!(matches!(sent, Ok(Sent::Taken { .. })), "{keyword}: {sent:?}");
    }
    let mut session = kit.signed_in().await;
    let sent = session.send(ALICE, "jörg@far.example", "ä\r\n".as_bytes()).await;
    assert!(matches!(sent, Ok(Sent::Taken { .. })), "{sent:?}");
}
