//! More than anybody would make by hand, written beside the server into its file.

use std::fmt::Debug;
use std::str::FromStr;

use jiff::SignedDuration;
use outlink_model::grant::{Actor, BoundTo, Grant, GrantState, Identity, Tokens, Trouble};
use outlink_model::mail_server::{MailServer, ServerHealth};
use outlink_model::{MailServerId, Secret, Timestamp};
use outlink_store::{Store, Vault};
use serde_json::json;

use crate::app::TestApp;

/// The file of a server, opened a second time.
pub(crate) struct Crowd {
    store: Store,
    now: Timestamp,
}

/// The id with this number.
pub(crate) fn id<T: FromStr<Err: Debug>>(n: u128) -> T {
    format!("00000000-0000-7000-8000-{n:012x}").parse().unwrap()
}

pub(crate) fn trouble(actor: Actor, reason: &str) -> Trouble {
    Trouble { actor, reason: reason.into(), hint: "Do it.".into(), provider_error: None }
}

pub(crate) fn needs_consent() -> GrantState {
    GrantState::NeedsConsent { trouble: trouble(Actor::MailboxOwner, "It is over.") }
}

impl Crowd {
    pub(crate) async fn of(app: &TestApp) -> Self {
        let vault = Vault::new(&[7; 32]).unwrap();
        let file = app.folder.path().join("outlink.db");
        Self { store: Store::open_sqlite(&file, vault).await.unwrap(), now: app.engine.now() }
    }

    /// A grant of `n@example.org` under the link, that works.
    pub(crate) fn grant(&self, link: &str, n: u128) -> Grant {
        let now = self.now;
        Grant {
            id: id(n),
            link_id: link.parse().unwrap(),
            identity: Identity { email: Some(format!("{n}@example.org")), ..Identity::default() },
            scopes: vec!["mail".into()],
            generation: 1,
            state: GrantState::Active,
            since: now,
            expires_at: now + SignedDuration::from_hours(1),
            issued_at: now,
            renewable: true,
            subject: None,
            refresh_expires_at: None,
            bound_to: None,
            has_previous: false,
            next_refresh_at: None,
            intent: None,
            created_at: now,
        }
    }

    /// Lets go of the bytes of every message but those that are needed, as after their time.
    pub(crate) async fn let_raws_go(&self) {
        let later = self.now + SignedDuration::from_hours(1);
        assert!(self.store.sweep_raws(later, 1000).await.unwrap() > 0);
    }

    pub(crate) async fn add(&self, grant: &Grant) {
        let tokens = Tokens {
            generation: 1,
            access: Secret::new("access"),
            expires_at: grant.expires_at,
            refresh: grant.renewable.then(|| Secret::new("refresh")),
        };
        self.store.create_grant(grant, &tokens).await.unwrap();
    }

    /// A mail server `server n` that is like another one, and how it fares.
    pub(crate) async fn add_server(&self, like: MailServerId, n: u128, trouble: Option<Trouble>) {
        let like = self.store.mail_server(like).await.unwrap().unwrap();
        let health = ServerHealth { trouble, ..ServerHealth::default() };
        let server = MailServer { id: id(n), name: format!("server {n}"), health, ..like };
        self.store.create_mail_server(&server).await.unwrap();
    }
}

/// A mail server that signs in with a grant: its id.
pub(crate) async fn server(app: &TestApp, name: &str, grant: &Grant) -> MailServerId {
    let server = json!({
        "name": name, "host": "imap.example.org", "port": 993, "mailbox": "box@example.org",
        "grant": grant.id.to_string(),
    });
    app.make("/api/v1/mail-servers", server).await["id"].as_str().unwrap().parse().unwrap()
}

/// Tokens that came from somewhere else than a link sends them.
pub(crate) fn elsewhere() -> BoundTo {
    BoundTo {
        client_id: "c".into(),
        token_endpoint: "https://old.example/token".into(),
        issuer: None,
        origins: vec![],
    }
}

/// A link: its id.
pub(crate) async fn link(app: &TestApp, name: &str) -> String {
    let link = json!({
        "name": name, "provider": "custom", "client_id": "c", "client_secret": "hunter2-secret",
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token", "scope": "mail",
    });
    app.make("/api/v1/links", link).await["id"].as_str().unwrap().to_owned()
}
