//! Every form in which an address inside can be written or reached, through every use that dials what somebody entered
//! or another server told.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::consents::AskConsent;
use outlink_engine::egress::{Names, Policy};
use outlink_engine::links::NewLink;
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::webhooks::NewWebhook;
use outlink_engine::{Caller, Engine};
use outlink_model::grant::Grant;
use outlink_model::link::{GrantType, Link};
use outlink_model::mail_server::Take;
use outlink_model::step::StepStatus;
use outlink_practice::{Endpoint, Receiver, Reply, TokenFault};
use tokio::net::TcpListener;

use crate::bed::{ALICE, Bed};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// This machine, in forms that name services and URL libraries take for it.
const THIS_MACHINE: [&str; 21] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.01",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0x0.0x0.0x1",
    "127%2e0%2e0%2e1",
    "127。0。0。1",
    "１２７.0.0.1",
    "0",
    "0.0.0.0",
    "localhost",
    "LocalHost.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
];

/// One address of each block that is not the internet's, most at an edge.
const INSIDE: [&str; 38] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "fc00::1",
    "fdff::1",
    "fd00:ec2::254",
    "fe80::1",
    "febf::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
];

/// A node for which nothing is opened, and where names lead.
fn closed(bed: &Bed, names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Engine {
    let policy = Policy::parse(&[], None).unwrap().with_names(Names::Manual(Arc::new(names)));
    bed.engine_that_dials(policy, bed.practice.ca_pem_path.clone())
}

/// Somebody inside, and how often anybody came. Says nothing to whoever comes.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
async fn listener(at: &str) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let (address, came) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = came.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, came)
}

/// The ways to dial a host that somebody has named, each with what it says when it is not dialled.
struct Ways<'a> {
    bed: &'a Bed,
    engine: &'a Engine,
    n: AtomicUsize,
}

impl Ways<'_> {
    fn name(&self) -> String {
        format!("Way {}", self.n.fetch_add(1, Ordering::SeqCst))
    }

    /// A link whose every endpoint but the one for browsers is there.
    async fn link(&self, host: &str, port: u16, grant_type: GrantType) -> Link {
        let at = |path: &str| Some(format!("https://{host}:{port}/{path}"));
        let mut new: NewLink = self.bed.new_link(&self.name());
        new.choice.grant_type = grant_type;
        if grant_type == GrantType::DeviceCode {
            new.draft.authorization_endpoint = None;
            new.draft.device_authorization_endpoint = at("device");
        }
        new.draft.token_endpoint = at("token");
        new.draft.revocation_endpoint = at("revoke");
        self.bed.engine.create_link(new, &Caller::System).await.unwrap().link
    }

    async fn refreshed(&self, grant: &Grant) -> String {
        let name = grant.id.to_string();
        let refused = self.engine.refresh_grant(&name).await.unwrap_err().problem().to_string();
        let kept = self.bed.store.tokens(grant.id).await.unwrap().unwrap();
        assert!(kept.refresh.is_some(), "what happens on the way ends no grant");
        refused
    }

    async fn mailed(&self, host: &str, port: u16) -> String {
        let link = self.bed.link(&self.name()).await;
        let grant = self.bed.grant(&link, HOUR).await;
        let name = self.name();
        let new = MailServerDraft {
            name: Some(name.clone()),
            host: Some(host.into()),
            port: Some(port),
            mailbox: Some(ALICE.into()),
            grant: Some(grant.id.to_string()),
            take: Some(Take::All),
            ..MailServerDraft::default()
        };
        if let Err(refused) = self.engine.create_mail_server(new.into(), &Caller::System).await {
            return refused.problem().to_string();
        }
        let steps = self.engine.test_mail_server(&name).await.unwrap().steps;
        assert!(steps.iter().all(|step| step.id != "tls" || step.status != StepStatus::Ok));
        let fetched = self.engine.fetch_mail_server(&name).await.unwrap_err().problem();
        let failed = steps.iter().find(|step| step.status == StepStatus::Failed).unwrap();
        format!("{} {fetched}", failed.message)
    }

    async fn hooked(&self, host: &str, port: u16) -> String {
        let url = format!("https://{host}:{port}/hook");
        let new = NewWebhook { name: self.name(), url };
        match self.engine.create_webhook(new, &Caller::System).await {
            Err(refused) => refused.problem().to_string(),
            Ok(made) => {
                let sent = self.engine.test_webhook(&made.of.name).await;
                sent.unwrap_err().problem().to_string()
            }
        }
    }

    /// Each way, and what it says.
    async fn all(&self, host: &str, port: u16) -> Vec<(&'static str, String)> {
        let link = self.link(host, port, GrantType::AuthorizationCode).await;
        let grant = self.bed.grant(&link, HOUR).await;
        let device = self.link(host, port, GrantType::DeviceCode).await;
        let (by, ask) = (&Caller::System, AskConsent::default());
        let revoked = self.engine.revoke_grant(&grant.id.to_string(), by).await;
        let device = self.engine.authorize_link(&device.name, ask, by).await;
        let discovered = self.engine.discover(&format!("https://{host}:{port}")).await;
        vec![
            ("token endpoint", self.refreshed(&grant).await),
            ("revocation endpoint", revoked.unwrap_err().problem().to_string()),
            ("device endpoint", device.unwrap_err().problem().to_string()),
            ("issuer", discovered.unwrap_err().problem().to_string()),
            ("webhook", self.hooked(host, port).await),
            ("mail host", self.mailed(host, port).await),
        ]
    }
}

#[tokio::test]
async fn no_form_of_this_machine_is_dialled_by_any_use() {
    let bed = Bed::new().await;
    let (at, came) = listener("127.0.0.1:0").await;
    let engine = closed(&bed, |_| vec![[127, 0, 0, 1].into()]);
    let ways = Ways { bed: &bed, engine: &engine, n: AtomicUsize::new(0) };
    for host in THIS_MACHINE {
        for (way, said) in ways.all(host, at.port()).await {
            let refused = said.contains("not public") || said.contains("is no host name");
            assert!(refused, "{way} at {host}: {said}");
        }
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "nobody came here");
}

#[tokio::test]
async fn no_name_leads_inside_by_any_use() {
    let bed = Bed::new().await;
    let address = Arc::new(Mutex::new(IpAddr::from([127, 0, 0, 1])));
    let told = address.clone();
    let engine = closed(&bed, move |_| vec![*told.lock().unwrap()]);
    let ways = Ways { bed: &bed, engine: &engine, n: AtomicUsize::new(0) };
    for inside in INSIDE {
        *address.lock().unwrap() = inside.parse().unwrap();
        for (way, said) in ways.all("trap.provider.example", 443).await {
            let named = said.contains("trap.provider.example") && said.contains("not public");
            assert!(named, "{way} at {inside}: {said}");
        }
    }
}

#[tokio::test]
async fn a_name_that_moves_inside_after_the_check_is_not_followed_by_any_use() {
    let bed = Bed::new().await;
    let (good, welcome) = listener("127.0.0.2:0").await;
    let (_, came) = listener(&format!("127.0.0.1:{}", good.port())).await;
    // What is opened is asked for first, and what is closed ever after.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names = move |_: &str| -> Vec<IpAddr> {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        vec![if first { [127, 0, 0, 2].into() } else { [127, 0, 0, 1].into() }]
    };
    let policy = Policy::parse(&["127.0.0.2".to_owned()], None).unwrap();
    let policy = policy.with_names(Names::Manual(Arc::new(names)));
    let engine = bed.engine_that_dials(policy, bed.practice.ca_pem_path.clone());
    let ways = Ways { bed: &bed, engine: &engine, n: AtomicUsize::new(0) };
    let (host, port) = ("rebound.provider.example", good.port());
    let again = || asked.store(0, Ordering::SeqCst);

    let link = ways.link(host, port, GrantType::AuthorizationCode).await;
    let grant = bed.grant(&link, HOUR).await;
    let (first, second) = (ways.refreshed(&grant).await, ways.refreshed(&grant).await);
    assert!(!first.contains("not public"), "{first}");
    assert!(second.contains("not public"), "each call is checked anew: {second}");
    again();
    engine.revoke_grant(&grant.id.to_string(), &Caller::System).await.unwrap_err();
    again();
    engine.discover(&format!("https://{host}:{port}")).await.unwrap_err();
    again();
    ways.hooked(host, port).await;
    again();
    ways.mailed(host, port).await;
    assert_eq!(welcome.load(Ordering::SeqCst), 5, "each use dialled what it had checked");
    assert_eq!(came.load(Ordering::SeqCst), 0, "and nothing else");
}

#[tokio::test]
async fn no_answer_leads_a_request_elsewhere() {
    let bed = Bed::new().await;
    let receiver = Receiver::start().await.unwrap();
    let inside = Receiver::start().await.unwrap();
    let elsewhere = format!("http://localhost:{}/inside", inside.address.port());
    let here = format!("http://localhost:{}", receiver.address.port());
    let mut new = bed.new_link("Away");
    new.draft.token_endpoint = Some(format!("{here}/token"));
    new.draft.revocation_endpoint = Some(format!("{here}/revoke"));
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    let hook = NewWebhook { name: "Pager".into(), url: format!("{here}/hook") };
    bed.engine.create_webhook(hook, &Caller::System).await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        receiver.always(Reply::redirect(status, &elsewhere));
        let grant = bed.grant(&link, HOUR).await;
        let before = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
        let name = grant.id.to_string();
        let refused = bed.engine.refresh_grant(&name).await.unwrap_err().problem();
        let view = bed.engine.link("Away").await.unwrap();
        let told = format!("{refused} {:?}", view.health);
        assert!(told.contains(&elsewhere), "{status}: it says where it was sent: {told}");
        let after = bed.store.tokens(grant.id).await.unwrap().unwrap().refresh.unwrap();
        assert_eq!(before.expose(), after.expose(), "{status}");
        bed.engine.revoke_grant(&name, &Caller::System).await.unwrap_err();
        bed.engine.test_webhook("Pager").await.unwrap_err();
        bed.engine.discover(&here).await.unwrap_err();
    }
    assert!(receiver.received().len() >= 20, "{} requests", receiver.received().len());
    assert!(inside.received().is_empty(), "{:?}", inside.received());
}

#[tokio::test]
async fn addresses_that_metadata_name_are_checked_like_entered_ones() {
    let bed = Bed::new().await;
    let issuer = bed.practice.issuer.clone();
    for (field, address) in [
        ("token_endpoint", "http://10.0.0.1/token"),
        ("token_endpoint", "http://169.254.169.254/latest/meta-data"),
        ("token_endpoint", "file:///etc/passwd"),
        ("token_endpoint", "https://user:hunter2@localhost/token"),
        ("token_endpoint", "https://localhost/token#x"),
        ("token_endpoint", "https:///token"),
        ("authorization_endpoint", "javascript://x/%0aalert(1)"),
        ("revocation_endpoint", "http://127.0.0.9/"),
        ("registration_endpoint", "gopher://localhost/"),
    ] {
        let token = "https://localhost/token";
        let mut metadata = serde_json::json!({"issuer": issuer, "token_endpoint": token});
        metadata[field] = address.into();
        let fault = TokenFault::Body {
            status: 200,
            content_type: "application/json".into(),
            body: metadata.to_string().into_bytes(),
        };
        bed.practice.faults().clear();
        bed.practice.faults().next_answers(Endpoint::Metadata, 4, fault);
        match bed.engine.discover(&issuer).await {
            Err(error) => {
                let problem = error.problem();
                assert!(!problem.to_string().contains("hunter2"), "{problem:?}");
                assert!(!problem.hint.is_empty(), "{address}: {problem:?}");
            }
            // What a link can do without is left out, and said.
            Ok(told) => {
                assert!(field != "token_endpoint", "{address}: {told:?}");
                assert!(!format!("{:?}", told.metadata).contains(address), "{told:?}");
                assert!(told.warnings[0].contains("is not taken"), "{told:?}");
            }
        }
    }
    // An https address inside is taken, since its name may be opened for it, and then not dialled.
    let engine = closed(&bed, |_| vec![[127, 0, 0, 1].into()]);
    let ways = Ways { bed: &bed, engine: &engine, n: AtomicUsize::new(0) };
    let (at, came) = listener("127.0.0.1:0").await;
    let metadata = serde_json::json!({
        "issuer": issuer,
        "authorization_endpoint": "https://localhost/authorize",
        "token_endpoint": format!("https://[::ffff:127.0.0.1]:{}/token", at.port()),
    });
    let body = metadata.to_string().into_bytes();
    let content_type = "application/json".into();
    let fault = TokenFault::Body { status: 200, content_type, body };
    bed.practice.faults().clear();
    bed.practice.faults().next_answers(Endpoint::Metadata, 1, fault);
    let mut new = bed.new_link("Told");
    new.discover = Some(issuer);
    new.draft.authorization_endpoint = None;
    new.draft.token_endpoint = None;
    new.draft.issuer = None;
    let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
    assert!(link.token_endpoint.contains("::ffff:"), "{}", link.token_endpoint);
    let said = ways.refreshed(&bed.grant(&link, HOUR).await).await;
    assert!(said.contains("not public"), "{said}");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(came.load(Ordering::SeqCst), 0);
}
