//! What the tests share: a running practice server, a browser, a token client, and TLS lines.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outlink_model::Secret;
use outlink_practice::{Options, Practice};
use reqwest::{Certificate, Client, Response, redirect::Policy};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/callback?x=1";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Nothing on loopback takes longer, so a test that hangs is red and not slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server and its clients.
pub(crate) struct Kit {
    pub(crate) practice: Practice,
    pub(crate) http: Client,
    _directory: TempDir,
}

pub(crate) async fn kit() -> Kit {
    kit_with(|_| {}).await
}

pub(crate) async fn kit_with(change: impl FnOnce(&mut Options)) -> Kit {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::new(directory.path());
    change(&mut options);
    let practice = outlink_practice::start(options).await.unwrap();
    assert!(practice.register_redirect(REDIRECT));
    let http = client(&practice);
    Kit { practice, http, _directory: directory }
}

/// An HTTP client that trusts the run's authority and nobody else, and follows nothing.
pub(crate) fn client(practice: &Practice) -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = std::fs::read(&practice.ca_pem_path).unwrap();
    Client::builder()
        .tls_certs_only([Certificate::from_pem(&ca).unwrap()])
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

impl Kit {
    pub(crate) fn authorize_url(&self, scope: &str, more: &[(&str, &str)]) -> String {
        let pairs = [
            ("response_type", "code"),
            ("client_id", &self.practice.client_id),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("state", "st&te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.iter().chain(more))
            .finish();
        format!("{}?{query}", self.practice.authorization_endpoint)
    }

    /// The whole consent by Alice; the code.
    pub(crate) async fn code(&self, scope: &str, more: &[(&str, &str)]) -> String {
        Browser::new(self).sign_in_and_allow(&self.authorize_url(scope, more)).await
    }

    /// A token request with `client_secret_post`.
    pub(crate) async fn try_token(&self, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        let client = [
            ("client_id", self.practice.client_id.as_str()),
            ("client_secret", self.practice.client_secret.expose()),
        ];
        let form: Vec<_> = form.iter().chain(&client).collect();
        self.http.post(&self.practice.token_endpoint).form(&form).send().await
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let response = self.try_token(form).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn exchange(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// An access token of Alice's, without the consent.
    pub(crate) fn access(&self, scopes: &[&str]) -> Secret {
        self.practice.issue("alice@example.org", scopes).unwrap().0
    }
}

/// A browser that keeps one cookie.
pub(crate) struct Browser<'a> {
    kit: &'a Kit,
    origin: String,
    pub(crate) cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(kit: &'a Kit) -> Self {
        let origin = kit.practice.authorization_endpoint.strip_suffix("/authorize").unwrap();
        Self { kit, origin: origin.to_owned(), cookie: None }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Response {
        let url =
            if url.starts_with('/') { format!("{}{url}", self.origin) } else { url.to_owned() };
        self.send(self.kit.http.get(url)).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send(self.kit.http.post(format!("{}{path}", self.origin)).form(form)).await
    }

    /// The whole consent by Alice; the code.
    pub(crate) async fn sign_in_and_allow(&mut self, url: &str) -> String {
        let practice = &self.kit.practice;
        let request = query(&location(&self.get(url).await), "request").unwrap();
        let password = practice.users[0].password.expose();
        let form =
            [("request", &*request), ("username", "alice@example.org"), ("password", password)];
        let there = self.post("/login", &form).await;
        assert_eq!(location(&there), format!("/consent?request={request}"));
        let there = self.post("/consent", &[("request", &*request), ("decision", "allow")]).await;
        let back = location(&there);
        assert!(back.starts_with(REDIRECT), "{back}");
        assert_eq!(query(&back, "state").as_deref(), Some("st&te"));
        assert_eq!(query(&back, "iss").as_ref(), Some(&practice.issuer));
        query(&back, "code").unwrap()
    }

    /// A second consent, by whoever is signed in already and is not asked again; the code.
    pub(crate) async fn allow_again(&mut self, url: &str) -> String {
        let there = location(&self.get(url).await);
        query(&location(&self.get(&there).await), "code").unwrap()
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", format!("theme=dark; {cookie}")),
            None => request,
        };
        let response = request.send().await.unwrap();
        if let Some(set) = response.headers().get("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        response
    }
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn query(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A TLS connection that is read by the line.
pub(crate) struct Lines(BufReader<TlsStream<TcpStream>>);

impl Lines {
    pub(crate) async fn connect(kit: &Kit, address: SocketAddr) -> Self {
        Self::secure(kit, TcpStream::connect(address).await.unwrap()).await
    }

    /// The same over a connection that stands already.
    pub(crate) async fn secure(kit: &Kit, stream: TcpStream) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&kit.practice.ca_pem_path).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next line without its CRLF; empty at the end of the connection, however that came about.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line);
        let _ = tokio::time::timeout(PATIENCE, read).await.expect("a line in time");
        String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()
    }

    pub(crate) async fn bytes(&mut self, count: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// The lines up to the one that starts like this, that one included.
    pub(crate) async fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line().await);
            let last = lines.last().unwrap();
            if last.starts_with(start) {
                return lines;
            }
            assert!(!last.is_empty() || lines.len() < 100, "{start} did not come: {lines:?}");
        }
    }

    /// Says something and takes the lines up to the one that starts like this.
    pub(crate) async fn ask(&mut self, text: &str, start: &str) -> Vec<String> {
        self.send(&format!("{text}\r\n")).await;
        self.until(start).await
    }
}
