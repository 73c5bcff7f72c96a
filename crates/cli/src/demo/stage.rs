//! What the demo is played on: the practice servers, this server, and what an administrator sets up before any mail
//! comes.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use outlink_engine::Caller;
use outlink_model::user::TokenScope;
use outlink_practice::{Options, Practice, User};
use serde_json::{Value, json};
use tracing::Level;

use super::place::Place;
use crate::client::Client;
use crate::config::{Config, LogFormat};
use crate::serve::{self, Server};

/// Short enough that the background refresh can be watched.
const ACCESS_TTL: Duration = Duration::from_secs(120);
/// What is asked for: who it is, a lasting permission, and the mail, in and out.
const SCOPE: &str = "openid email offline_access mail.imap mail.smtp";
/// The names of what is set up.
pub(crate) const LINK: &str = "Practice";
/// See [`LINK`].
pub(crate) const PROJECT: &str = "DEMO";
const MAIL_SERVER: &str = "Practice inbox";
const OUTGOING: &str = "Practice outbox";
const ADMINISTRATOR: &str = "demo";

/// Everything that runs, and the ways to it.
pub(crate) struct Stage {
    /// The provider with its mail servers.
    pub(crate) practice: Practice,
    /// This server.
    pub(crate) server: Server,
    /// Its API.
    pub(crate) client: Client,
    /// Where people reach it.
    pub(crate) base_url: String,
    /// Its files.
    pub(crate) place: Place,
}

impl Stage {
    /// Starts everything, and sets up a project and a link.
    pub(crate) async fn set(data_dir: Option<&Path>, port: u16) -> anyhow::Result<Self> {
        let mut place = match data_dir {
            Some(path) => Place::named(path)?,
            None => Place::temporary()?,
        };
        let options = Options { seed: true, access_ttl: ACCESS_TTL, ..Options::new(place.path()) };
        let practice =
            outlink_practice::start(options).await.context("The practice servers did not start")?;
        let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let port = listener.local_addr().context("The listener has no address")?.port();
        let config = config(&place, &practice, port);
        let base_url = config.base_url.clone();
        let server = serve::start(&config, listener, place.take_lock())
            .await
            .context("The server did not start")?;
        let scopes = vec![TokenScope::Admin];
        let token = server.engine.create_token("demo", scopes, &[], &Caller::System).await?;
        let token_file = place.path().join("token");
        write_private(&token_file, token.text.expose())
            .with_context(|| format!("{} cannot be written", token_file.display()))?;
        let client = Client::with_token(&base_url, Some(token.text), None)?;
        let stage = Self { practice, server, client, base_url, place };
        stage.set_up().await.context("The demo could not be set up")?;
        Ok(stage)
    }

    async fn set_up(&self) -> anyhow::Result<()> {
        self.client.post(&["projects"], &json!({ "key": PROJECT, "name": "Demo" })).await?;
        let link = json!({
            "name": LINK,
            "description": "The practice provider of the demo.",
            "provider": "custom",
            "grant_type": "authorization_code",
            "client_id": self.practice.client_id,
            "client_secret": self.practice.client_secret.expose(),
            "authorization_endpoint": self.practice.authorization_endpoint,
            "token_endpoint": self.practice.token_endpoint,
            "issuer": self.practice.issuer,
            "userinfo_endpoint": self.practice.userinfo_endpoint,
            "scope": SCOPE,
        });
        let link = self.client.post(&["links"], &link).await?;
        let redirect_url =
            link.value["redirect_url"].as_str().context("The link has no redirect URL")?;
        self.practice.register_redirect(redirect_url);
        Ok(())
    }

    /// Whose mailbox it is that has mail in it.
    pub(crate) fn owner(&self) -> anyhow::Result<&User> {
        self.practice.users.first().context("The practice provider knows nobody")
    }

    /// Asks for the owner's consent: the answer names the consent and the start page.
    pub(crate) async fn ask_for_consent(&self) -> anyhow::Result<Value> {
        let body = json!({ "login_hint": self.owner()?.address });
        Ok(self.client.post(&["links", LINK, "authorize"], &body).await?.value)
    }

    /// An address that signs the administrator of the demo in, once.
    pub(crate) async fn sign_in_url(&self) -> anyhow::Result<String> {
        let engine = &self.server.engine;
        let user = engine.create_user(ADMINISTRATOR, None, &Caller::System).await?;
        Ok(engine.create_sign_in(&user).await?)
    }

    /// Puts a grant to use: the mailbox of whoever consented, a handler for what lies in it, and the way out for what new
    /// persons are told.
    pub(crate) async fn attach(&self, grant: &Value) -> anyhow::Result<()> {
        let mailbox = grant["identity"].as_str().unwrap_or(&self.owner()?.address);
        let server = json!({
            "name": MAIL_SERVER,
            "direction": "incoming",
            "protocol": "imap",
            "security": "tls",
            "host": "localhost",
            "port": self.practice.imap.port(),
            "mailbox": mailbox,
            "grant": grant["id"],
            "take": "all",
            "poll_seconds": 2,
        });
        self.client.post(&["mail-servers"], &server).await?;
        let outgoing = json!({
            "name": OUTGOING,
            "protocol": "smtp",
            "host": "localhost",
            "port": self.practice.smtp.port(),
            "mailbox": mailbox,
            "grant": grant["id"],
        });
        self.client.post(&["mail-servers"], &outgoing).await?;
        let handler = json!({
            "name": "Practice mail",
            "mail_server": MAIL_SERVER,
            "project": PROJECT,
            "type": "create_or_comment",
            "outgoing": OUTGOING,
            "notify": true,
        });
        self.client.post(&["handlers"], &handler).await?;
        Ok(())
    }

    /// Tests the mail server: the steps as they went.
    pub(crate) async fn test(&self) -> anyhow::Result<Value> {
        Ok(self.client.post(&["mail-servers", MAIL_SERVER, "test"], &json!({})).await?.value)
    }

    /// Stops everything, this server first, so that it finds its peers alive to the end.
    pub(crate) async fn strike(self) {
        self.server.stop().await;
        self.practice.stop().await;
    }
}

/// What an operator's file would say. Plain http is for `localhost` alone, so that no certificate warning greets anybody;
/// tokens and mail go by TLS under the authority of the run.
fn config(place: &Place, practice: &Practice, port: u16) -> Config {
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        base_url: format!("http://localhost:{port}"),
        data_dir: place.path().to_path_buf(),
        database_url: None,
        tls: None,
        extra_ca: Some(practice.ca_pem_path.clone()),
        key_file: place.path().join("key"),
        trusted_proxies: Vec::new(),
        egress_allow: vec!["localhost".into()],
        egress_proxy: None,
        unencrypted_hosts: Vec::new(),
        retention: outlink_engine::Retention::default(),
        log_format: LogFormat::Text,
        log_level: Level::INFO,
    }
}

/// For its owner alone, as any file with a secret in it.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
