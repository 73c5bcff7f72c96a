//! An outlink beside our own practice provider, for what `oidc-provider` does not do or cannot be told to do wrong.

use outlink_model::Secret;
use outlink_practice::{Options, Practice};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::outlink::Outlink;
use super::scratch;

/// The first of the provider's people.
pub(crate) const ALICE: &str = "alice@example.org";
/// What a link asks for.
pub(crate) const SCOPE: &str = "openid email offline_access mail.imap";

/// Both servers. They end before their directory goes: fields are dropped in this order.
pub(crate) struct Bench {
    pub(crate) outlink: Outlink,
    pub(crate) practice: Practice,
    pub(crate) runtime: Runtime,
    dir: TempDir,
}

impl Bench {
    /// Starts both, and sets nothing up.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same; ours with these environment variables.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let dir = scratch();
        let runtime = Runtime::new().expect("a runtime");
        let options = Options::new(dir.path());
        let practice = runtime.block_on(outlink_practice::start(options)).expect("it starts");
        let folder = dir.path().join("outlink");
        let outlink = Outlink::start(&folder, &practice.ca_pem_path, environment);
        Self { outlink, practice, runtime, dir }
    }

    /// Writes a secret where a command can read it.
    pub(crate) fn secret_file(&self, name: &str, secret: &Secret) -> String {
        let path = self.dir.path().join(format!("secret-{name}"));
        std::fs::write(&path, secret.expose()).expect("written");
        path.display().to_string()
    }

    /// Creates a link for the client that the provider knows, with the endpoints that the issuer tells, and further
    /// flags.
    pub(crate) fn create_link(&self, name: &str, more: &[&str]) -> Value {
        let secret = self.secret_file(name, &self.practice.client_secret);
        let flags = [
            "link",
            "create",
            "--name",
            name,
            "--provider",
            "custom",
            "--discover",
            &self.practice.issuer,
            "--client-id",
            &self.practice.client_id,
            "--client-secret-file",
            &secret,
            "--scope",
            SCOPE,
        ];
        self.outlink.json(&[&flags, more].concat())
    }

    /// Makes a grant of Alice's under a link, from a refresh token that the provider gave out elsewhere. Tells its id.
    pub(crate) fn import(&self, link: &str) -> String {
        self.import_with(link, SCOPE)
    }

    /// The same with other scopes than [`SCOPE`].
    pub(crate) fn import_with(&self, link: &str, scope: &str) -> String {
        let scopes: Vec<&str> = scope.split(' ').collect();
        let (_, refresh) = self.practice.issue(ALICE, &scopes).expect("Alice is known");
        let file = self.secret_file("refresh", &refresh.expect("offline access was asked for"));
        let grant = self.outlink.json(&["grant", "create", link, "--refresh-token-file", &file]);
        assert_eq!(grant["state"], "active", "{grant}");
        grant["id"].as_str().expect("an id").to_owned()
    }
}
