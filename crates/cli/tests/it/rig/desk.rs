//! A whole help desk: provider, mailbox, and an outlink between them, as far set up as a test wants it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::browser::{Browser, Page};
use super::dovecot::{Dovecot, Setup};
use super::outlink::Outlink;
use super::provider::{Client, Provider};
use super::{eventually, make_certificates, scratch};

/// Whose mailbox it is, and who consents.
pub(crate) const ALICE: &str = "alice@example.org";

/// What the link asks for.
pub(crate) const SCOPE: &str = "openid email offline_access mail.imap";

/// Everything that runs. The servers end before their directory goes: fields are dropped in this order.
pub(crate) struct Desk {
    pub(crate) outlink: Outlink,
    pub(crate) dovecot: Dovecot,
    pub(crate) provider: Provider,
    pub(crate) alice: Browser,
    dir: TempDir,
}

/// What differs between desks.
pub(crate) struct Options<'a> {
    pub(crate) mechanisms: &'a str,
    pub(crate) certificate: &'a str,
    pub(crate) environment: &'a [(&'a str, &'a str)],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { mechanisms: "xoauth2 oauthbearer", certificate: "server", environment: &[] }
    }
}

impl Desk {
    /// Starts the servers, and sets nothing up.
    pub(crate) fn start(options: &Options<'_>) -> Self {
        let dir = scratch();
        let certs = dir.path().join("certs");
        make_certificates(&certs);
        let provider = Provider::start(dir.path(), &certs);
        let setup = Setup {
            mechanisms: options.mechanisms,
            certificate: options.certificate,
            provider_port: provider.port(),
        };
        let dovecot = Dovecot::start(&dir.path().join("dovecot"), &certs, &setup);
        let ca = certs.join("ca.crt");
        let outlink = Outlink::start(&dir.path().join("outlink"), &ca, options.environment);
        Self { outlink, dovecot, provider, alice: Browser::new(&ca), dir }
    }

    /// The certificates of this run.
    pub(crate) fn certs(&self) -> PathBuf {
        self.dir.path().join("certs")
    }

    /// A directory of this run.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Registers a client for the redirect URL that outlink tells, before any link stands.
    pub(crate) fn register(&self, access_ttl: u32, client_auth: &str) -> Client {
        let (authorization, token) =
            (self.provider.authorization_endpoint(), self.provider.token_endpoint());
        let ran = self.outlink.run(&[
            "link",
            "redirect-url",
            "--authorization-endpoint",
            &authorization,
            "--token-endpoint",
            &token,
        ]);
        self.provider.register(ran.succeeded().trim(), access_ttl, client_auth)
    }

    /// Creates a link for a client, with further flags.
    pub(crate) fn create_link(&self, name: &str, client: &Client, more: &[&str]) -> Value {
        let (authorization, token) =
            (self.provider.authorization_endpoint(), self.provider.token_endpoint());
        let userinfo = format!("{}/me", self.provider.issuer());
        // In one word: an id that begins with a hyphen would be taken for a flag.
        let client_id = format!("--client-id={}", client.id);
        let secret = self.secret_file(name, &client.secret);
        let flags = [
            "link",
            "create",
            "--name",
            name,
            "--provider",
            "custom",
            "--grant-type",
            "authorization_code",
            "--authorization-endpoint",
            &authorization,
            "--token-endpoint",
            &token,
            &client_id,
            "--userinfo-endpoint",
            &userinfo,
            "--client-secret-file",
            &secret,
            "--scope",
            SCOPE,
        ];
        self.outlink.json(&with(&flags, more))
    }

    /// Writes a secret where a command can read it.
    pub(crate) fn secret_file(&self, name: &str, secret: &str) -> String {
        let path = self.dir.path().join(format!("secret-{name}"));
        std::fs::write(&path, secret).expect("written");
        path.display().to_string()
    }

    /// Opens the start page, presses its button, signs in and agrees, as `login`. Tells the page at the end.
    pub(crate) fn consent(&self, start_url: &str, login: &str) -> Page {
        let mut page = self.alice.get(start_url);
        assert_eq!(page.status, 200, "{page:?}");
        for _ in 0..4 {
            let here = page.url.as_str();
            let at_provider = here.starts_with(self.provider.issuer());
            page = match page.form() {
                Some(form) if at_provider && form.contains("name=\"login\"") => {
                    self.alice.submit(&page, &[("login", login), ("password", "whatever")])
                }
                Some(_) if at_provider || here == start_url => self.alice.submit(&page, &[]),
                _ => return page,
            };
        }
        page
    }

    /// Asks for a consent to a link, gives it, and tells the grant.
    pub(crate) fn grant(&self, link: &str, login: &str) -> Value {
        let before: Vec<Value> =
            self.outlink.list("grant").iter().map(|grant| grant["id"].clone()).collect();
        let offer = self.outlink.json(&["link", "authorize", link, "--login-hint", login]);
        let page = self.consent(offer["url"].as_str().expect("an address"), login);
        assert_eq!(page.status, 200, "{page:?}");
        let grants = self.outlink.list("grant");
        let new = grants.into_iter().find(|grant| !before.contains(&grant["id"]));
        new.unwrap_or_else(|| panic!("no grant after {page:?}"))
    }

    /// Creates a mail server on our Dovecot, with further flags.
    pub(crate) fn create_server(
        &self,
        name: &str,
        mailbox: &str,
        grant: &str,
        more: &[&str],
    ) -> Value {
        let port = self.dovecot.port.to_string();
        let flags = [
            "mail-server",
            "create",
            "--name",
            name,
            "--direction",
            "incoming",
            "--protocol",
            "imap",
            "--security",
            "tls",
            "--host",
            "localhost",
            "--port",
            &port,
            "--mailbox",
            mailbox,
            "--grant",
            grant,
            "--take",
            "all",
        ];
        self.outlink.json(&with(&flags, more))
    }

    /// A handler for a server, into a project that is there.
    pub(crate) fn create_handler(&self, name: &str, server: &str, project: &str) -> Value {
        self.outlink.json(&[
            "handler",
            "create",
            "--name",
            name,
            "--mail-server",
            server,
            "--project",
            project,
            "--type",
            "create_or_comment",
        ])
    }

    /// Everything: link, Alice's consent, mail server `Inbox`, project `SUP` and its handler. Tells the grant's id.
    pub(crate) fn set_up(&self, access_ttl: u32) -> String {
        let client = self.register(access_ttl, "client_secret_basic");
        self.create_link("Work", &client, &[]);
        let grant = self.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
        self.create_server("Inbox", ALICE, &grant, &[]);
        self.outlink.json(&["project", "create", "SUP", "--name", "Support"]);
        self.create_handler("Support mail", "Inbox", "SUP");
        grant
    }

    /// Waits until the grant is in this state, and tells it.
    pub(crate) fn grant_becomes(&self, id: &str, state: &str, limit: Duration) -> Value {
        eventually(&format!("grant {id} being {state}"), limit, || {
            let grant = self.outlink.json(&["grant", "show", id]);
            (grant["state"] == state).then_some(grant)
        })
    }

    /// Fetches until there are so many issues; the background may have been quicker.
    pub(crate) fn fetch_until_issues(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} issues"), Duration::from_secs(30), || {
            self.outlink.run(&["mail-server", "fetch", "Inbox"]);
            let issues = self.outlink.list("issue");
            (issues.len() >= count).then_some(issues)
        })
    }
}

/// Flags, with those in `more` in the place of the same ones.
fn with<'a>(flags: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let mut all = flags.to_vec();
    for pair in more.chunks_exact(2) {
        match all.iter().position(|flag| *flag == pair[0]) {
            Some(at) => all[at + 1] = pair[1],
            None => all.extend(pair),
        }
    }
    all
}
