//! npm's `oidc-provider`; see `tests/rig/provider/provider.mjs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::browser::Browser;
use super::process::Process;
use super::{eventually, repository};

/// A provider that runs.
pub(crate) struct Provider {
    process: Process,
    issuer: String,
    browser: Browser,
}

/// A client that it knows.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Where `scripts/test --install` puts what comes from npm.
fn installed() -> PathBuf {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
    let rig = target.join("rig");
    assert!(
        rig.join("node_modules").exists(),
        "first run scripts/test --install; {rig:?} is empty"
    );
    rig
}

impl Provider {
    /// Starts one in `dir`, with the certificates in `certs`. It runs on npm's node with an empty environment, so that
    /// no other node can be found.
    pub(crate) fn start(dir: &Path, certs: &Path) -> Self {
        let home = dir.join("provider");
        fs::create_dir(&home).expect("a directory");
        let script = home.join("provider.mjs");
        fs::copy(repository().join("tests/rig/provider/provider.mjs"), &script)
            .expect("the script");
        let modules = installed().join("node_modules");
        std::os::unix::fs::symlink(&modules, home.join("node_modules"))
            .expect("a link to the packages");
        let mut command = Command::new(modules.join("node/bin/node"));
        command.arg(script).arg(certs).env_clear();
        let mut process = Process::start(&mut command, &home.join("log"));
        let issuer = eventually("the provider's address", Duration::from_secs(30), || {
            assert!(process.ended().is_none(), "the provider ended: {}", process.log());
            let log = process.log();
            let line = log.lines().find(|line| line.starts_with('{'))?;
            let told: Value = serde_json::from_str(line).ok()?;
            Some(told["issuer"].as_str()?.to_owned())
        });
        Self { process, issuer, browser: Browser::new(&certs.join("ca.crt")) }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn port(&self) -> u16 {
        self.issuer
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("the issuer has a port")
    }

    pub(crate) fn authorization_endpoint(&self) -> String {
        format!("{}/auth", self.issuer)
    }

    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/token", self.issuer)
    }

    /// Registers a client (RFC 7591) whose access tokens live for so many seconds.
    pub(crate) fn register(
        &self,
        redirect_url: &str,
        access_ttl: u32,
        client_auth: &str,
    ) -> Client {
        let metadata = json!({
            "redirect_uris": [redirect_url],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": client_auth,
            "access_ttl": access_ttl,
        });
        let page = self.browser.post_json(&format!("{}/reg", self.issuer), &metadata, None);
        assert_eq!(page.status, 201, "{}", page.body);
        let told = page.json();
        let text = |field: &str| told[field].as_str().expect("it is told").to_owned();
        Client { id: text("client_id"), secret: text("client_secret") }
    }

    /// The person takes back every consent.
    pub(crate) fn revoke(&self, login: &str) {
        let page = self.browser.post_json(
            &format!("{}/rig/revoke?login={}", self.issuer, login.replace('@', "%40")),
            &Value::Null,
            None,
        );
        assert_eq!(page.status, 204, "{}", page.body);
    }

    /// How many token requests of this kind there were: a grant type, or a grant type and " refused".
    pub(crate) fn count(&self, kind: &str) -> u64 {
        self.browser.get(&format!("{}/rig/counts", self.issuer)).json()[kind].as_u64().unwrap_or(0)
    }

    /// Every token that it has handed out.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let told = self.browser.get(&format!("{}/rig/tokens", self.issuer)).json();
        let tokens = told.as_array().expect("a list").iter();
        tokens.map(|token| token.as_str().expect("a text").to_owned()).collect()
    }

    /// What it has printed.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }
}
