//! A provider, a store and an engine, fresh for each test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::consents::{Offer, OfferKind};
use outlink_engine::egress::Policy;
use outlink_engine::handlers::NewHandler;
use outlink_engine::links::{LinkDraft, NewLink, NewSecret};
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::{Caller, Clock, Engine, Limits, Retention, Settings};
use outlink_model::grant::{Grant, GrantState, Identity, Tokens, later};
use outlink_model::handler::{HandlerSettings, HandlerType};
use outlink_model::link::Link;
use outlink_model::mail_server::{MailServer, Take};
use outlink_model::provider::ProviderKind;
use outlink_model::{GrantId, Timestamp};
use outlink_oauth::Choice;
use outlink_practice::{Options, Practice};
use outlink_store::{Store, Vault};
use uuid::Uuid;

pub(crate) const ALICE: &str = "alice@example.org";
pub(crate) const SCOPES: [&str; 4] = ["openid", "email", "offline_access", "mail.imap"];

pub(crate) struct Bed {
    pub(crate) practice: Practice,
    pub(crate) store: Arc<Store>,
    pub(crate) engine: Engine,
    dir: tempfile::TempDir,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let practice = outlink_practice::start(Options::new(dir.path())).await.unwrap();
        let vault = Vault::new(&[7; 32]).unwrap();
        let store = Store::open_sqlite(&dir.path().join("outlink.db"), vault).await.unwrap();
        let store = Arc::new(store);
        let engine = engine(&store, &practice, Clock::System);
        Self { practice, store, engine, dir }
    }

    /// A second node on the same store, as after a restart.
    pub(crate) fn another_engine(&self) -> Engine {
        engine(&self.store, &self.practice, Clock::System)
    }

    /// The same store as it will be looked at after so much time.
    pub(crate) fn later_engine(&self, by: SignedDuration) -> Engine {
        let at = later(now(), by).as_microsecond();
        engine(&self.store, &self.practice, Clock::Manual(Arc::new(at.into())))
    }

    /// The same store as a node will look at it after so much time that keeps things no longer than this.
    pub(crate) fn later_engine_that_keeps(
        &self,
        by: SignedDuration,
        retention: Retention,
    ) -> Engine {
        let at = later(now(), by).as_microsecond();
        let egress = Policy::parse(&["localhost".to_owned()], None).unwrap();
        let clock = Clock::Manual(Arc::new(at.into()));
        let settings = settings(egress, self.practice.ca_pem_path.clone(), clock);
        Engine::new(self.store.clone(), Settings { retention, ..settings }).unwrap()
    }

    /// A node on the same store that dials by other rules, and trusts the authorities of another file.
    pub(crate) fn engine_that_dials(&self, egress: Policy, ca: PathBuf) -> Engine {
        engine_that_dials(&self.store, egress, ca, Clock::System)
    }

    /// A node on the same store whose settings differ.
    pub(crate) fn engine_with(&self, change: impl FnOnce(&mut Settings)) -> Engine {
        let egress = Policy::parse(&["localhost".to_owned()], None).unwrap();
        let mut settings = settings(egress, self.practice.ca_pem_path.clone(), Clock::System);
        change(&mut settings);
        Engine::new(self.store.clone(), settings).unwrap()
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) async fn link(&self, name: &str) -> Link {
        let new = self.new_link(name);
        self.engine.create_link(new, &Caller::System).await.unwrap().link
    }

    /// What an administrator enters for a custom link to the practice provider.
    pub(crate) fn new_link(&self, name: &str) -> NewLink {
        let practice = &self.practice;
        self.preset_link(
            name,
            ProviderKind::Custom,
            LinkDraft {
                authorization_endpoint: Some(practice.authorization_endpoint.clone()),
                token_endpoint: Some(practice.token_endpoint.clone()),
                issuer: Some(practice.issuer.clone()),
                scope: Some(SCOPES.join(" ")),
                ..LinkDraft::default()
            },
        )
    }

    /// A link by a preset, with the practice provider's client, and what is put over the preset.
    pub(crate) fn preset_link(
        &self,
        name: &str,
        provider: ProviderKind,
        draft: LinkDraft,
    ) -> NewLink {
        NewLink {
            provider,
            choice: Choice::default(),
            draft: LinkDraft {
                name: Some(name.into()),
                client_id: Some(self.practice.client_id.clone()),
                secret: Some(NewSecret::new(self.practice.client_secret.clone())),
                ..draft
            },
            discover: None,
            register: None,
            service_account: None,
        }
    }

    /// A grant of Alice's with tokens that the provider has given out and that have this long to live.
    pub(crate) async fn grant(&self, link: &Link, lives: SignedDuration) -> Grant {
        self.grant_of(link, lives, true, &SCOPES).await
    }

    /// The same without a refresh token.
    pub(crate) async fn unrenewable_grant(&self, link: &Link, lives: SignedDuration) -> Grant {
        self.grant_of(link, lives, false, &SCOPES).await
    }

    /// The same, with a token that mail can be sent with too.
    pub(crate) async fn sending_grant(&self, link: &Link, lives: SignedDuration) -> Grant {
        let scopes = [SCOPES.as_slice(), &["mail.smtp"]].concat();
        self.grant_of(link, lives, true, &scopes).await
    }

    /// The same with tokens for these scopes, with a refresh token or without.
    pub(crate) async fn grant_of(
        &self,
        link: &Link,
        lives: SignedDuration,
        renewable: bool,
        scopes: &[&str],
    ) -> Grant {
        let (access, refresh) = self.practice.issue(ALICE, scopes).unwrap();
        let refresh = refresh.filter(|_| renewable);
        let now = now();
        let expires_at = later(now, lives);
        let grant = Grant {
            id: GrantId(new_id()),
            link_id: link.id,
            identity: Identity { email: Some(ALICE.into()), ..Identity::default() },
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            generation: 1,
            state: GrantState::Active,
            since: now,
            expires_at,
            issued_at: now,
            renewable,
            subject: None,
            refresh_expires_at: None,
            bound_to: Some(outlink_oauth::bound_to(link)),
            has_previous: false,
            next_refresh_at: Some(expires_at),
            intent: None,
            created_at: now,
        };
        let tokens = Tokens { generation: 1, access, expires_at, refresh };
        self.store.create_grant(&grant, &tokens).await.unwrap();
        grant
    }

    /// A mail server on Alice's practice mailbox with a handler into the project SUP.
    pub(crate) async fn inbox(&self, grant: &Grant) -> MailServer {
        self.inbox_that_takes(grant, Take::All).await
    }

    pub(crate) async fn inbox_that_takes(&self, grant: &Grant, take: Take) -> MailServer {
        let server = self.mail_server("Inbox", grant, take).await;
        self.engine.create_project("SUP", "Support", &Caller::System).await.unwrap();
        let handler = NewHandler {
            outgoing: None,
            name: "Support mail".into(),
            mail_server: "Inbox".into(),
            project: "SUP".into(),
            kind: HandlerType::CreateOrComment,
            settings: HandlerSettings::default(),
            enabled: true,
        };
        self.engine.create_handler(handler, &Caller::System).await.unwrap();
        server
    }

    /// A mail server on Alice's practice mailbox, without a handler.
    pub(crate) async fn mail_server(&self, name: &str, grant: &Grant, take: Take) -> MailServer {
        let new = MailServerDraft {
            name: Some(name.into()),
            host: Some("localhost".into()),
            port: Some(self.practice.imap.port()),
            mailbox: Some(ALICE.into()),
            grant: Some(grant.id.to_string()),
            take: Some(take),
            ..MailServerDraft::default()
        };
        self.engine.create_mail_server(new.into(), &Caller::System).await.unwrap().server
    }

    /// Sends a request as a node would that does not live to see the answer; its status.
    pub(crate) async fn send(&self, request: &outlink_oauth::Request) -> u16 {
        let ca = std::fs::read(&self.practice.ca_pem_path).unwrap();
        let ca = reqwest::Certificate::from_pem(&ca).unwrap();
        let client = reqwest::Client::builder().tls_certs_merge([ca]).no_proxy().build().unwrap();
        let mut call =
            client.post(&request.url).body(request.body.clone().unwrap().expose().to_owned());
        for (name, value) in &request.headers {
            call = call.header(*name, value.expose());
        }
        call.send().await.unwrap().status().as_u16()
    }

    /// A mail of this subject, in Alice's INBOX.
    pub(crate) fn deliver(&self, id: &str, subject: &str, more: &str) {
        assert!(self.practice.deliver(ALICE, mail(id, subject, more)));
    }

    /// The same, as if it had arrived so long ago.
    pub(crate) fn deliver_late(&self, id: &str, ago: SignedDuration) {
        let at = later(now(), -ago);
        assert!(self.practice.deliver_at(ALICE, mail(id, "Late", ""), at));
    }
}

fn mail(id: &str, subject: &str, more: &str) -> String {
    format!(
        "Return-Path: <carla@example.net>\r\nMessage-ID: <{id}@example.net>\r\nFrom: Carla <carla@example.net>\r\nTo: {ALICE}\r\n\
         Subject: {subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n{more}\r\nHello {id}\r\n"
    )
}

/// What the address of a consent's start page ends with.
pub(crate) fn start_page(offer: &Offer) -> String {
    let OfferKind::Page(page) = &offer.how else { panic!("a page is offered: {offer:?}") };
    page.expose().rsplit('/').next().unwrap().to_owned()
}

fn engine(store: &Arc<Store>, practice: &Practice, clock: Clock) -> Engine {
    let egress = Policy::parse(&["localhost".to_owned()], None).unwrap();
    engine_that_dials(store, egress, practice.ca_pem_path.clone(), clock)
}

fn engine_that_dials(store: &Arc<Store>, egress: Policy, ca: PathBuf, clock: Clock) -> Engine {
    Engine::new(store.clone(), settings(egress, ca, clock)).unwrap()
}

fn settings(egress: Policy, ca: PathBuf, clock: Clock) -> Settings {
    let limits = Limits {
        token_call: Duration::from_secs(2),
        connect: Duration::from_secs(2),
        mail_read: Duration::from_secs(3),
        mail_look: Duration::from_millis(500),
        ..Limits::default()
    };
    Settings {
        base_url: "http://localhost:8080".into(),
        egress,
        extra_ca: Some(ca),
        node: new_id().to_string(),
        clock,
        limits,
        unencrypted_hosts: Vec::new(),
        retention: Retention::default(),
        failpoint: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "each test needs ids of its own")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the provider's clock is the machine's")]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap()
}
