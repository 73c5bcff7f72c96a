//! **Secrets stay in**: one whole life of links and grants, with everything that is ever printed, answered, shown, sent
//! out or written kept aside; and then each secret that was used is looked for in all of it, in whatever form.

mod mail_out;
mod needles;

use std::process::Command;
use std::time::Duration;

use outlink_model::Secret;
use outlink_practice::{
    ClientKey, ClientSecret, Endpoint, Options, Practice, Receiver, Registration, Reply,
    ServiceAccount, TokenFault,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::rig::browser::{Browser, Page};
use super::rig::outlink::{Outlink, Ran, command};
use super::rig::{eventually, scratch};
use mail_out::mail_out;
use needles::Needles;

const ALICE: &str = "alice@example.org";
const SCOPE: &str = "openid email offline_access mail.imap";
const ROBOT: &str = "robot@project.example";
/// A secret that looks like none, so that only who knows it can cut it out.
const SECOND: &str = "winter & spring/are coming";
const ENVIRONMENT: [(&str, &str); 3] = [
    ("OUTLINK_LOG__LEVEL", "debug"),
    ("OUTLINK_LOG__FORMAT", "json"),
    ("OUTLINK_MAIL__UNENCRYPTED_HOSTS", "localhost"),
];

/// What runs, what was seen of it, and what must not be in there. The servers end before their directory goes.
struct Life {
    outlink: Outlink,
    practice: Practice,
    receiver: Receiver,
    runtime: Runtime,
    dir: TempDir,
    /// What came out, and where.
    seen: Vec<(String, Vec<u8>)>,
    secrets: Needles,
    /// A token of our own for the API.
    token: String,
}

impl Life {
    fn start() -> Self {
        let dir = scratch();
        let runtime = Runtime::new().expect("a runtime");
        let practice = runtime.block_on(outlink_practice::start(Options::new(dir.path())));
        let practice = practice.expect("it starts");
        let receiver = runtime.block_on(Receiver::start()).expect("it starts");
        let outlink =
            Outlink::start(&dir.path().join("outlink"), &practice.ca_pem_path, &ENVIRONMENT);
        let mut secrets = Needles::default();
        secrets.add("client secret", practice.client_secret.expose());
        let (seen, token) = (Vec::new(), String::new());
        Self { outlink, practice, receiver, runtime, dir, seen, secrets, token }
    }

    fn keep(&mut self, place: impl Into<String>, what: impl Into<Vec<u8>>) {
        self.seen.push((place.into(), what.into()));
    }

    /// A secret in a file, as commands read it.
    fn file(&mut self, label: &str, secret: &str) -> String {
        self.secrets.add(label, secret);
        let path = self.dir.path().join(label.replace(' ', "-"));
        std::fs::write(&path, secret).expect("written");
        path.display().to_string()
    }

    /// Runs a command, and keeps all that it says.
    fn run(&mut self, arguments: &[&str]) -> Ran {
        let ran = self.outlink.run(arguments);
        self.keep(format!("{arguments:?}"), format!("{}\n{}", ran.stdout, ran.stderr));
        ran
    }

    /// The same for one that must succeed, with what it told.
    fn json(&mut self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(ran.succeeded()).expect("JSON")
    }

    /// Runs a command whose answer shows a secret once.
    fn once(&mut self, arguments: &[&str]) -> Value {
        let ran = self.outlink.run(&[arguments, &["--json"]].concat());
        self.keep(format!("{arguments:?}, on standard error"), ran.stderr.clone());
        serde_json::from_str(ran.succeeded()).expect("JSON")
    }

    fn looked_at(&mut self, page: &Page) {
        let headers: Vec<_> =
            page.headers.iter().filter(|(name, _)| *name != "set-cookie").collect();
        let headers = format!("{headers:?}\n");
        self.keep(page.url.path().to_owned(), [headers.as_bytes(), &page.bytes].concat());
    }

    /// What a cookie that was set holds is the browser's secret.
    fn learn_cookies(&mut self, page: &Page) {
        for set in page.headers.get_all("set-cookie") {
            let value = set.to_str().expect("plain").split(';').next().unwrap_or_default();
            let (name, value) = value.split_once('=').expect("a cookie");
            if !name.contains("outcome") && !value.is_empty() {
                self.secrets.add(&format!("cookie {name}"), value);
            }
        }
    }

    /// Asks the API, and keeps the answer.
    fn get(&mut self, path: &str) -> Page {
        let url = format!("{}{path}", self.outlink.base_url);
        let page = self.outlink.browser.get_with_token(&url, &self.token);
        assert_ne!(page.status, 500, "{page:?}");
        self.looked_at(&page);
        page
    }

    fn post(&mut self, path: &str, body: &Value) -> Page {
        let url = format!("{}{path}", self.outlink.base_url);
        let page = self.outlink.browser.post_json(&url, body, Some(&self.token));
        assert_ne!(page.status, 500, "{page:?}");
        self.looked_at(&page);
        page
    }

    /// Opens a page of the console, and keeps it.
    fn page(&mut self, path: &str) -> Page {
        let page = self.outlink.browser.get(&format!("{}{path}", self.outlink.base_url));
        assert_eq!(page.status, 200, "{path}: {page:?}");
        self.looked_at(&page);
        page
    }

    /// Everything that can be read of what stands now.
    fn look_at_everything(&mut self) {
        let named = |life: &mut Self, noun: &str, field: &str| -> Vec<String> {
            let listed = life.get(&format!("/api/v1/{noun}?limit=500")).json();
            let items = listed["items"].as_array().expect("items").clone();
            items.iter().map(|item| item[field].as_str().expect("a text").to_owned()).collect()
        };
        for noun in ["links", "grants", "webhooks", "mail-servers"] {
            for id in named(self, noun, "id") {
                self.get(&format!("/api/v1/{noun}/{id}"));
                self.page(&format!("/{noun}/{id}"));
                if noun == "links" {
                    self.page(&format!("/{noun}/{id}/edit"));
                    self.page(&format!("/{noun}/{id}/delete"));
                }
            }
            self.page(&format!("/{noun}"));
        }
        for noun in
            ["tokens", "events", "hand-outs", "messages", "deliveries", "providers", "projects"]
        {
            self.get(&format!("/api/v1/{noun}?limit=500"));
        }
        for path in ["/", "/events", "/tokens", "/hand-outs", "/links/new", "/webhooks/new"] {
            self.page(path);
        }
        for path in ["/api/openapi.json", "/metrics", "/healthz", "/readyz", "/no/such/page"] {
            self.get(path);
        }
        for noun in ["link", "grant", "token", "event", "hand-out", "webhook", "mail-server"] {
            self.run(&[noun, "list"]);
            self.json(&[noun, "list"]);
        }
    }

    /// The provider has seen them all: what came to it in requests is learnt as secret.
    fn learn_from_provider(&mut self) {
        for endpoint in [
            Endpoint::Token,
            Endpoint::Device,
            Endpoint::Introspection,
            Endpoint::Userinfo,
            Endpoint::Revocation,
            Endpoint::Registration,
        ] {
            for request in self.practice.requests(endpoint) {
                for name in [
                    "code",
                    "code_verifier",
                    "refresh_token",
                    "token",
                    "client_secret",
                    "client_assertion",
                    "assertion",
                    "device_code",
                ] {
                    // A test of the link shows a code and a token that are made up and open nothing.
                    if let Some(value) = request.parameter(name).filter(|value| value.len() >= 8) {
                        self.secrets.add(&format!("{name} in a request"), &value);
                    }
                }
                if let Some((_, value)) =
                    request.header("authorization").and_then(|value| value.split_once(' '))
                {
                    self.secrets.add("credentials in a request", value);
                    self.secrets.add_password(value);
                }
            }
        }
    }
}

fn openssl(arguments: &[&str]) -> String {
    let made = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("PEM")
}

/// A new private key and its public half, in PEM.
fn key_pair(life: &Life, label: &str, algorithm: &[&str]) -> (String, String) {
    let private = openssl(&[&["genpkey"], algorithm].concat());
    let path = life.dir.path().join(label);
    std::fs::write(&path, &private).expect("written");
    let public = openssl(&["pkey", "-pubout", "-in", &path.display().to_string()]);
    (private, public)
}

#[test]
fn no_secret_is_ever_seen_again() {
    let mut life = Life::start();
    people_and_tokens(&mut life);
    let links = links(&mut life);
    let grants = grants(&mut life, &links);
    slips(&mut life);
    refusals_that_repeat_secrets(&mut life, &grants);
    hand_outs(&mut life, &grants);
    mail_out(&mut life, &grants[0]);
    life.look_at_everything();
    life.learn_from_provider();
    while_it_runs(&mut life);
    ends(&mut life, &grants);
    life.look_at_everything();
    life.learn_from_provider();

    let log = life.outlink.log();
    assert_eq!(life.outlink.stop().code(), Some(0), "{log}");
    let log = life.outlink.log();
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
    assert!(log.contains("\"DEBUG\""), "everything is logged that can be: {log}");
    life.keep("the log", log);
    for (n, sent) in life.receiver.received().into_iter().enumerate() {
        let text = format!("{:?}\n{}", sent.headers, sent.text());
        life.keep(format!("notice {n}"), text);
    }
    written(&mut life, "after the end");

    assert!(life.secrets.count() > 40, "only {} secrets were used", life.secrets.count());
    let size: usize = life.seen.iter().map(|(_, seen)| seen.len()).sum();
    assert!(life.seen.len() > 100 && size > 1_000_000, "{} of {size} octets", life.seen.len());
    let forms = life.secrets.in_all_forms();
    let found: Vec<_> = life
        .seen
        .iter()
        .flat_map(|(place, seen)| {
            let found = forms.found_in(seen);
            found.into_iter().map(move |what| format!("{what}, in {place}"))
        })
        .collect();
    assert!(found.is_empty(), "secrets were seen:\n{}", found.join("\n"));
}

/// The files that hold everything, as they are now.
fn written(life: &mut Life, when: &str) {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(life.outlink.dir().join("data")).expect("readable").flatten() {
        let bytes = std::fs::read(entry.path()).expect("readable");
        all.extend_from_slice(&bytes);
        life.keep(format!("{} {when}", entry.path().display()), bytes);
    }
    let has = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("SQLite format 3") && has(ROBOT), "what is no secret is found");
}

fn while_it_runs(life: &mut Life) {
    written(life, "while it runs");
}

fn people_and_tokens(life: &mut Life) {
    let config = life.outlink.dir().join("outlink.toml").display().to_string();
    let key = std::fs::read_to_string(life.outlink.dir().join("key")).expect("readable");
    life.secrets.add("the server's key", key.trim());
    let password = life.file("admin password", "Eight-thousand-848-metres");
    let local = |arguments: &[&str]| {
        let ran = command().args(arguments).args(["--json", "--config", &config]).output();
        Ran::of(&ran.expect("it runs"))
    };
    let ran = local(&["user", "create-admin", "--name", "boss", "--password-file", &password]);
    ran.succeeded();
    life.keep("user create-admin", format!("{ran:?}"));
    let ran = local(&["user", "create-admin", "--name", "other"]);
    let told: Value = serde_json::from_str(ran.succeeded()).expect("JSON");
    let once = told["sign_in_url"].as_str().expect("an address").rsplit('/').next();
    life.secrets.add("one-time sign-in", once.expect("a token"));

    let form = life.outlink.browser.get(&format!("{}/sign-in", life.outlink.base_url));
    let mistyped = "Eight-thousand-849-metres";
    life.secrets.add("a password that was mistyped", mistyped);
    let values = [("name", "boss"), ("password", mistyped)];
    let refused = life.outlink.browser.submit(&form, &values);
    life.looked_at(&refused);
    let values = [("name", "boss"), ("password", "Eight-thousand-848-metres")];
    let signed_in = life.outlink.browser.submit_once(&form, &values);
    assert_eq!(signed_in.status, 303, "{signed_in:?}");
    life.learn_cookies(&signed_in);
    life.looked_at(&signed_in);

    let made = life.once(&["token", "create", "--name", "looker", "--scope", "admin"]);
    life.token = made["token"].as_str().expect("its text").to_owned();
    life.secrets.add("API token", &life.token.clone());

    let to = life.receiver.url("/in");
    let hook = life.once(&["webhook", "create", "--name", "ops", "--to", &to]);
    let secret = hook["secret"].as_str().expect("its secret").to_owned();
    life.secrets.add("webhook secret", &secret);
    life.secrets.add_base64("webhook key", secret.strip_prefix("whsec_").expect("its form"));
    life.receiver.next_replies(1, &Reply::Status(500));
    life.run(&["webhook", "test", "ops"]);
    life.run(&["webhook", "test", "ops"]);
}

/// A link of each way to show who we are; their names.
fn links(life: &mut Life) -> Vec<&'static str> {
    let (id, issuer) = (life.practice.client_id.clone(), life.practice.issuer.clone());
    let secret = life.practice.client_secret.expose().to_owned();
    let secret = life.file("client secret", &secret);
    life.practice.set(|settings| settings.client_secrets.push(ClientSecret::new(SECOND)));
    let second = life.file("second client secret", SECOND);
    let custom = ["link", "create", "--provider", "custom", "--discover", &issuer];
    let client = ["--client-id", &id, "--scope", SCOPE];

    let basic = [&custom[..], &client, &["--client-secret-file", &secret]].concat();
    let work = life.json(&[&basic[..], &["--name", "Work"]].concat());
    assert!(life.practice.register_redirect(work["redirect_url"].as_str().expect("an address")));
    life.json(&["link", "edit", "Work", "--client-secret-file", &second, "--add"]);
    let post = ["--name", "Posted", "--client-auth", "client_secret_post"];
    life.json(&[&basic[..], &post].concat());
    life.practice.set(|settings| settings.device_interval = Duration::from_secs(1));
    let device = ["--name", "Rack", "--grant-type", "device_code"];
    life.json(&[&basic[..], &device].concat());

    let (private, public) =
        key_pair(life, "k1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    life.practice.set(|settings| settings.client_keys.push(ClientKey::new(public).named("k1")));
    life.secrets.add_pem("private key", &private);
    let key = life.file("private key", &private);
    let signed = ["--private-key-file", &key, "--key-id", "k1", "--client-auth", "private_key_jwt"];
    life.json(&[&custom[..], &client, &signed, &["--name", "Signed"]].concat());

    let (private, public) = key_pair(life, "k2", &["-algorithm", "RSA"]);
    life.practice.set(|settings| {
        settings.service_accounts.push(ServiceAccount {
            client_email: ROBOT.into(),
            public_key: public,
            key_id: Some("k2".into()),
            subjects: vec![ALICE.into()],
        });
    });
    life.secrets.add_pem("service account key", &private);
    let account = json!({
        "type": "service_account",
        "client_email": ROBOT,
        "private_key": private,
        "private_key_id": "k2",
        "token_uri": life.practice.token_endpoint,
    });
    let account = life.file("service account", &account.to_string());
    let robot = ["link", "create", "--provider", "custom", "--grant-type", "jwt_bearer"];
    let robot = [&robot[..], &["--name", "Robot", "--scope", "mail.imap"]].concat();
    life.json(&[&robot[..], &["--service-account-file", &account]].concat());

    let initial = "initial-access-token-0123456789";
    life.practice.set(|settings| {
        settings.registration = Registration::Token(Secret::new(initial));
    });
    let initial = life.file("initial access token", initial);
    let register = ["--name", "Registered", "--register", "--initial-access-token-file", &initial];
    life.json(&[&custom[..], &register, &["--scope", SCOPE]].concat());
    vec!["Work", "Posted", "Rack", "Signed", "Robot", "Registered"]
}

/// A grant under each link; their ids.
fn grants(life: &mut Life, links: &[&str]) -> Vec<String> {
    // By consent, in a browser of Alice's.
    let offer = life.once(&["link", "authorize", "Work", "--login-hint", ALICE]);
    let start = offer["url"].as_str().expect("an address").to_owned();
    let token = start.rsplit('/').next().expect("a token");
    life.secrets.add("consent page", token);
    let alice = Browser::new(&life.practice.ca_pem_path);
    let begun = alice.submit_once(&alice.get(&start), &[]);
    assert_eq!(begun.status, 303, "{begun:?}");
    life.learn_cookies(&begun);
    let to = begun.headers["location"].to_str().expect("plain").to_owned();
    let url = reqwest::Url::parse(&to).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
    life.secrets.add("state", &state);
    let user = life.practice.users[0].clone();
    let values = [("username", user.address.as_str()), ("password", user.password.expose())];
    let asked = alice.submit(&alice.get(&to), &values);
    let done = alice.submit(&asked, &[("decision", "allow")]);
    assert_eq!((done.status, done.url.path()), (200, "/consent/done"), "{done:?}");
    life.looked_at(&done);
    let consent = offer["consent"].as_str().expect("an id");
    life.get(&format!("/api/v1/consents/{consent}"));
    life.page(&format!("/consents/{consent}"));

    // By device code.
    let offer = life.json(&["link", "authorize", "Rack"]);
    let code = offer["device"]["user_code"].as_str().expect("a code");
    assert!(life.practice.approve_device(code, ALICE), "{offer}");
    // From refresh tokens that were given out elsewhere, which a provider that does not rotate leaves as they are.
    life.practice.set(|settings| settings.rotate = false);
    for link in links.iter().filter(|link| ["Work", "Posted", "Signed"].contains(link)) {
        let scopes: Vec<&str> = SCOPE.split(' ').collect();
        let (access, refresh) = life.practice.issue(ALICE, &scopes).expect("Alice is known");
        life.secrets.add("access token of elsewhere", access.expose());
        let refresh = life.file("imported", refresh.expect("it was asked for").expose());
        life.json(&["grant", "create", link, "--refresh-token-file", &refresh]);
    }
    life.practice.set(|settings| settings.rotate = true);
    life.json(&["grant", "create", "Robot", "--subject", ALICE]);
    let listed = eventually("a grant by device code", Duration::from_secs(15), || {
        let grants = life.outlink.list("grant");
        (grants.len() == 6).then_some(grants)
    });
    let ids = listed.iter().map(|grant| grant["id"].as_str().expect("an id").to_owned());
    ids.collect()
}

/// Secrets in the wrong place, and secrets that are refused.
fn slips(life: &mut Life) {
    let slip = "slip-of-the-pen-0123456789";
    life.secrets.add("a secret in the wrong place", slip);
    for body in [
        json!({"name": "", "provider": "custom", "client_secret": slip}),
        json!({"name": "Slip", "provider": "custom", "client_secret": [slip]}),
        json!({"name": "Slip", "provider": "custom", "client_secret": {"value": slip}}),
        json!({"name": "Slip", "provider": "google", "service_account": slip}),
        json!({"name": "Slip", "provider": "google", "grant_type": "jwt_bearer",
               "service_account": format!("{{\"private_key\": \"{slip}\"}}")}),
        json!({"name": "Slip", "provider": "custom", "client_auth": "private_key_jwt",
               "client_id": "c", "client_secret": slip,
               "token_endpoint": life.practice.token_endpoint,
               "authorization_endpoint": life.practice.authorization_endpoint}),
    ] {
        let refused = life.post("/api/v1/links", &body);
        assert!((400..500).contains(&refused.status), "{refused:?}");
    }
    for body in [
        json!({"link": "Work", "refresh_token": slip}),
        json!({"link": "Work", "refresh_token": [slip]}),
        json!({"link": "No such link", "refresh_token": slip}),
    ] {
        life.post("/api/v1/grants", &body);
    }
    let file = life.file("slip", slip);
    life.run(&["grant", "create", "Posted", "--refresh-token-file", &file]);
    let key = ["--private-key-file", &file, "--client-auth", "private_key_jwt"];
    life.run(&[&["link", "edit", "Signed"], &key[..]].concat());
    // A form that is refused comes back without the secret in it.
    let page = life.page("/links/Work/secret");
    let values = [("client_secret", slip), ("client_secret_expires_at", "soon"), ("how", "add")];
    let again = life.outlink.browser.submit_once(&page, &values);
    assert_ne!(again.status, 500, "{again:?}");
    life.looked_at(&again);
    // Somebody else's token, and a mailbox with a password of its own.
    let bare = format!("olk_{slip}");
    let url = format!("{}/api/v1/links", life.outlink.base_url);
    let refused = life.outlink.browser.get_with_token(&url, &bare);
    assert_eq!(refused.status, 401);
    life.looked_at(&refused);
    let password = life.file("mailbox password", "Mailbox-password-0123456789");
    let port = life.practice.imap.port().to_string();
    let server = ["mail-server", "create", "--name", "Inbox", "--direction", "incoming"];
    let at = ["--protocol", "imap", "--security", "tls", "--host", "localhost", "--port", &port];
    let who = ["--mailbox", ALICE, "--password-file", &password, "--take", "all"];
    life.json(&[&server[..], &at, &who].concat());
    life.run(&["mail-server", "test", "Inbox"]);
    life.run(&["mail-server", "fetch", "Inbox"]);
}

/// A provider that says in its refusals what it was sent, in one form or another.
fn refusals_that_repeat_secrets(life: &mut Life, grants: &[String]) {
    life.learn_from_provider();
    let requests = life.practice.requests(Endpoint::Token);
    for id in grants {
        let sent = requests.iter().filter_map(|request| request.parameter("refresh_token"));
        let mut echoes: Vec<String> = sent.collect();
        echoes.sort();
        echoes.dedup();
        let secret = life.practice.client_secret.expose();
        let basic = requests.iter().find_map(|request| request.header("authorization"));
        let form: String = reqwest::Url::parse_with_params("http://x/", [("s", secret)])
            .expect("an address")
            .query()
            .unwrap_or_default()
            .to_owned();
        echoes.extend([secret.to_owned(), form, basic.unwrap_or_default().to_owned()]);
        if life.json(&["grant", "show", id])["link"] == "Work" {
            echoes.extend([SECOND.to_owned(), "winter+%26+spring%2Fare+coming".to_owned()]);
        }
        let said = format!("I was sent {} and did not like it.", echoes.join(" and "));
        let told = json!({"error": "server_error", "error_description": said, "error_uri": said});
        for fault in [
            TokenFault::Refuse {
                error: "temporarily_unavailable".into(),
                description: said.clone(),
            },
            TokenFault::Body {
                status: 500,
                content_type: "text/html".into(),
                body: format!("<html><title>{said}</title></html>").into_bytes(),
            },
            TokenFault::Body {
                status: 400,
                content_type: "application/json".into(),
                body: told.to_string().into_bytes(),
            },
            TokenFault::Refuse { error: "invalid_client".into(), description: said.clone() },
        ] {
            life.practice.faults().next_token_answers(2, fault);
            let ran = life.run(&["grant", "refresh", id]);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            life.practice.faults().clear();
            assert!(
                ran.stderr.contains("I was sent"),
                "its words are told, but for these: {ran:?}"
            );
            life.json(&["grant", "show", id]);
            life.page(&format!("/grants/{id}"));
        }
        let ran = life.run(&["grant", "refresh", id]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let fault = TokenFault::Refuse { error: "invalid_client".into(), description: said };
        life.practice.faults().next_token_answers(1, fault);
        life.run(&["link", "test", "Work", "--json"]);
        life.practice.faults().clear();
    }
    for link in ["Work", "Posted", "Rack", "Signed", "Robot", "Registered"] {
        life.run(&["link", "test", link]);
    }
}

/// A program is handed tokens: that one answer holds one, and no other.
fn hand_outs(life: &mut Life, grants: &[String]) {
    let scope = ["token", "create", "--name", "program", "--scope", "grant_token", "--grant"];
    let made = life.once(&[&scope[..], &[grants[0].as_str()]].concat());
    let program = made["token"].as_str().expect("its text").to_owned();
    life.secrets.add("API token for hand-outs", &program);
    for id in grants {
        let url = format!("{}/api/v1/grants/{id}/token?min_ttl=60", life.outlink.base_url);
        let answer = life.outlink.browser.get_with_token(&url, &program);
        if *id == grants[0] {
            assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
            let access = answer.json()["access_token"].as_str().expect("a token").to_owned();
            life.secrets.add("access token that was handed out", &access);
        } else {
            assert!((400..500).contains(&answer.status), "{answer:?}");
            life.looked_at(&answer);
        }
        // An administrator's token is handed nothing.
        life.get(&format!("/api/v1/grants/{id}/token"));
    }
}

/// Everything is given back and deleted, and each of that is told.
fn ends(life: &mut Life, grants: &[String]) {
    life.practice.revoke_all("bob@example.org");
    life.run(&["grant", "revoke", &grants[1]]);
    life.run(&["grant", "delete", &grants[2], "--revoke"]);
    life.run(&["mail-server", "edit", "Inbox", "--pause"]);
    // The provider ends one by itself: whoever listens is told.
    life.practice.revoke_all(ALICE);
    let ran = life.run(&["grant", "refresh", &grants[0]]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = life.runtime.block_on(life.receiver.wait_for(4, Duration::from_secs(10)));
    assert!(told.len() >= 4, "the webhook was told of troubles: {}", told.len());
    for link in ["Posted", "Signed", "Registered"] {
        life.run(&["link", "delete", link, "--with-grants", "--revoke"]);
    }
    life.run(&["token", "delete", "program"]);
    life.run(&["webhook", "edit", "ops", "--disable"]);
}
