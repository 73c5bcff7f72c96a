//! What is dialled and by which way, seen from the use cases: every path takes the proxy, and none leads inside.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use outlink_engine::egress::{Names, Policy};
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::{Caller, Engine};
use outlink_model::grant::Grant;
use outlink_model::mail_server::Take;
use outlink_model::step::{Step, StepStatus};
use outlink_practice::{Proxy, ProxyAnswer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::bed::{ALICE, Bed};

const IDP: &str = "idp.mail.example";
const IMAP: &str = "imap.mail.example";

/// A provider and a mail server under names that only a proxy knows.
struct Outside {
    bed: Bed,
    proxy: Proxy,
    ca: std::path::PathBuf,
}

impl Outside {
    async fn new() -> Self {
        let bed = Bed::new().await;
        let proxy = Proxy::start().await.unwrap();
        let (server, pem) = certificates();
        let ca = bed.dir().join("both-ca.pem");
        let practice = std::fs::read_to_string(&bed.practice.ca_pem_path).unwrap();
        std::fs::write(&ca, format!("{practice}{pem}")).unwrap();
        let token = url::Url::parse(&bed.practice.token_endpoint).unwrap().port().unwrap();
        for (target, port) in [(IDP, token), (IMAP, bed.practice.imap.port())] {
            let at = rename(&bed, server.clone(), port).await;
            proxy.route(&format!("{target}:{}", if target == IDP { 443 } else { 993 }), at);
        }
        Self { bed, proxy, ca }
    }

    /// A node that goes by the proxy. The name server leads it astray, should it ever ask.
    fn engine(&self, credentials: &str) -> Engine {
        let proxy = format!("http://{credentials}{}", self.proxy.address);
        // The consent page of the practice provider is on this machine, by plain http.
        let policy = Policy::parse(&["localhost".to_owned()], Some(&proxy)).unwrap();
        let astray = |name: &str| panic!("{name} is the proxy's to resolve");
        let policy = policy.with_names(Names::Manual(Arc::new(astray)));
        self.bed.engine_that_dials(policy, self.ca.clone())
    }

    async fn set_up(&self, engine: &Engine) -> Grant {
        let path = url::Url::parse(&self.bed.practice.token_endpoint).unwrap().path().to_owned();
        let mut new = self.bed.new_link("Outside");
        new.draft.token_endpoint = Some(format!("https://{IDP}{path}"));
        let link = engine.create_link(new, &Caller::System).await.unwrap().link;
        let grant = self.bed.grant(&link, SignedDuration::from_hours(1)).await;
        engine
            .create_mail_server(mail_server(IMAP, 993, &grant).into(), &Caller::System)
            .await
            .unwrap();
        grant
    }
}

fn mail_server(host: &str, port: u16, grant: &Grant) -> MailServerDraft {
    MailServerDraft {
        name: Some("Inbox".into()),
        host: Some(host.into()),
        port: Some(port),
        mailbox: Some(ALICE.into()),
        grant: Some(grant.id.to_string()),
        take: Some(Take::All),
        ..MailServerDraft::default()
    }
}

#[tokio::test]
async fn with_a_proxy_everything_goes_through_it() {
    let outside = Outside::new().await;
    outside.proxy.set_credentials(Some(("out", "link@ & co")));
    let engine = outside.engine("out:link%40%20&%20co@");
    let grant = outside.set_up(&engine).await;

    let before = outside.bed.practice.counters();
    engine.refresh_grant(&grant.id.to_string()).await.unwrap();
    assert_ne!(outside.bed.practice.counters(), before, "the provider was asked");
    let steps = engine.test_mail_server("Inbox").await.unwrap().steps;
    for id in ["resolve", "connect", "tls", "greeting", "token", "sign_in", "folder"] {
        let step = step(&steps, id);
        assert_eq!(step.status, StepStatus::Ok, "{id}: {}", step.message);
    }
    let (resolve, connect) = (step(&steps, "resolve"), step(&steps, "connect"));
    assert!(resolve.message.contains("left to the proxy 127.0.0.1:"), "{}", resolve.message);
    assert!(connect.message.contains("by way of the proxy"), "{}", connect.message);

    let counters = outside.proxy.counters();
    assert_eq!((counters.to("idp.mail.example:443"), counters.to("imap.mail.example:993")), (1, 1));
    assert_eq!((counters.unreachable, counters.unauthenticated), (0, 0));
    assert!(counters.forwards.is_empty(), "only tunnels are asked for: {counters:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_blamed_on_nobody_else() {
    let outside = Outside::new().await;
    let engine = outside.engine("");
    let grant = outside.set_up(&engine).await;
    let told = async || {
        let steps = engine.test_mail_server("Inbox").await.unwrap().steps;
        let connect = step(&steps, "connect");
        assert_eq!(connect.status, StepStatus::Failed);
        format!("{} {}", connect.message, connect.hint)
    };
    outside.proxy.set_credentials(Some(("out", "hunter2")));
    let words = told().await;
    assert!(words.contains("asks for a user name and a password: 407"), "{words}");
    outside.proxy.set_credentials(None);
    for (answer, expected) in [
        (ProxyAnswer::Refuse(403), "does not let this server out to imap.mail.example:993: 403"),
        (ProxyAnswer::Refuse(502), "cannot reach imap.mail.example:993: 502"),
        (ProxyAnswer::Silence, "within 2 seconds"),
        (ProxyAnswer::Cut, "hung up"),
    ] {
        outside.proxy.answer(answer);
        let words = told().await;
        assert!(words.contains(expected), "{answer:?}: {words}");
    }
    // What happens on the way to a provider is not its word: the grant lives on.
    let failed = engine.refresh_grant(&grant.id.to_string()).await.unwrap_err();
    assert!(failed.problem().message.contains("The proxy"), "{}", failed.problem().message);
    outside.proxy.answer(ProxyAnswer::Pass);
    engine.refresh_grant(&grant.id.to_string()).await.unwrap();
}

#[tokio::test]
async fn a_name_server_that_changes_its_mind_leads_nowhere_else() {
    let bed = Bed::new().await;
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    // Public when it is checked (an address that nobody has, RFC 5737), and inside ever after.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let rebinding = move |_: &str| -> Vec<IpAddr> {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if first { [192, 0, 2, 1].into() } else { [127, 0, 0, 1].into() }]
    };
    let policy = Policy::parse(&[], None).unwrap();
    let policy = policy.with_names(Names::Manual(Arc::new(rebinding)));
    let engine = bed.engine_that_dials(policy, bed.practice.ca_pem_path.clone());
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    let new = mail_server("rebound.mail.example", port, &grant);
    engine.create_mail_server(new.into(), &Caller::System).await.unwrap();

    let steps = engine.test_mail_server("Inbox").await.unwrap().steps;
    assert_eq!(step(&steps, "resolve").message, "rebound.mail.example is 192.0.2.1.");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a second question would be a second answer");
    let steps = engine.test_mail_server("Inbox").await.unwrap().steps;
    let resolve = step(&steps, "resolve");
    assert!(resolve.message.contains("127.0.0.1, an address that is not public"));
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), inside.accept());
    assert!(accepted.await.is_err(), "nobody may have come here");
}

fn step<'a>(steps: &'a [Step], id: &str) -> &'a Step {
    steps.iter().find(|step| step.id == id).unwrap()
}

/// A certificate for the names outside, and the PEM of the authority behind it.
fn certificates() -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Outside");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![IDP.to_owned(), IMAP.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (Arc::new(config), authority.pem())
}

/// Stands before a practice server, whose certificate is for this machine, and shows one for the names outside.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
async fn rename(bed: &Bed, server: Arc<ServerConfig>, port: u16) -> SocketAddr {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(&bed.practice.ca_pem_path).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (acceptor, connector) = (TlsAcceptor::from(server), TlsConnector::from(Arc::new(client)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, connector) = (acceptor.clone(), connector.clone());
            tokio::spawn(async move {
                let mut here = acceptor.accept(stream).await.unwrap();
                let there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let name = "localhost".try_into().unwrap();
                let mut there = connector.connect(name, there).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
    at
}
