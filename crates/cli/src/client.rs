//! The REST API as a client sees it.
//!
//! Answers are kept as the text that came, so that `--json` prints exactly what the server said. The token goes to the
//! one server that was named: redirects are not followed.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use outlink_model::Secret;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use crate::args::Shared;
use crate::{config, input};

/// No answer of the API is larger, but for raw messages.
const LARGEST: usize = 64 * 1024 * 1024;

/// Longer than any command of the API takes: a test of a mail server goes through several time limits of its own.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A server, and the right to ask it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<Secret>,
}

/// What the server answered.
pub(crate) struct Answer {
    /// As it came.
    pub(crate) text: String,
    /// What it means.
    pub(crate) value: Value,
}

/// A refusal by the server, in its own words.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What was wrong.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) hint: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl Client {
    /// A client for the server that the flags and the environment name.
    pub(crate) fn new(shared: &Shared) -> anyhow::Result<Self> {
        let token = match &shared.token_file {
            Some(path) => Some(input::secret(path, "API token")?),
            None => config::variable("OUTLINK_TOKEN").map(Secret::new),
        };
        Self::with_token(&shared.url, token, shared.ca.as_deref())
    }

    /// A client for the server at `url`.
    pub(crate) fn with_token(
        url: &str,
        token: Option<Secret>,
        ca: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let base = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .with_context(|| {
                format!("{url:?} is no address of a server. It should look like https://outlink.example.org")
            })?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIME_LIMIT)
            .user_agent(concat!("outlink/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            // A proxy set for the outside world must not be asked for this machine.
            builder = builder.no_proxy();
        }
        let own = match ca {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        builder = if base.scheme() == "http" {
            // Without TLS the system's authorities are not needed, and a bare machine has none.
            builder.tls_certs_only(own)
        } else {
            builder.tls_certs_merge(own)
        };
        let http = builder.build().context(
            "No HTTPS client could be made. Install the system's certificate authorities (Debian: ca-certificates), \
             or name a file of them with --ca",
        )?;
        Ok(Self { http, base, token })
    }

    /// Asks for what lies at `path`, whose parts are taken as they are: a name may hold any character.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut url = self.address(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        json(self.send(self.http.request(Method::GET, url)).await?)
    }

    /// Sends `body` to `path`.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Answer> {
        json(self.send(self.http.request(Method::POST, self.address(path)).json(body)).await?)
    }

    /// Deletes what lies at `path`.
    pub(crate) async fn delete(&self, path: &[&str]) -> anyhow::Result<()> {
        self.send(self.http.request(Method::DELETE, self.address(path))).await.map(drop)
    }

    /// The bytes at `path`.
    pub(crate) async fn bytes(&self, path: &[&str]) -> anyhow::Result<Vec<u8>> {
        self.send(self.http.request(Method::GET, self.address(path))).await
    }

    fn address(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        url
    }

    async fn send(&self, mut request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let mut response =
            request.send().await.map_err(|error| unreachable_server(&self.base, &error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.context("The answer broke off")? {
            if body.len() + piece.len() > LARGEST {
                bail!("The answer of {} is larger than anything this API says.", self.base);
            }
            body.extend_from_slice(&piece);
        }
        if status.as_u16() == 401 && self.token.is_none() {
            return Err(no_token().into());
        }
        if status.is_success() {
            Ok(body)
        } else {
            Err(refused(&self.base, status.as_u16(), &body).into())
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(path).with_context(|| {
        format!("The certificate authorities in {} cannot be read", path.display())
    })?;
    let found = reqwest::Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("{} is no file of PEM certificates", path.display()))?;
    if found.is_empty() {
        bail!("{} holds no PEM certificate.", path.display());
    }
    Ok(found)
}

fn json(body: Vec<u8>) -> anyhow::Result<Answer> {
    let text = String::from_utf8(body).context("The server's answer is no text")?;
    let value = serde_json::from_str(&text)
        .context("The server's answer is no JSON. Is this the address of an outlink server?")?;
    Ok(Answer { text, value })
}

/// The words for a server that did not answer: the innermost cause is the one that helps.
fn unreachable_server(base: &Url, error: &reqwest::Error) -> anyhow::Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let what =
        if error.is_timeout() { "It did not answer in time".into() } else { cause.to_string() };
    let hint = if what.contains("UnknownIssuer") || what.contains("certificate") {
        "Its certificate is not trusted: name the authority's file with --ca or OUTLINK_CA."
    } else {
        "Is it running, and is --url or OUTLINK_URL its address?"
    };
    Refused { message: format!("{base} cannot be reached: {what}."), hint: hint.into() }.into()
}

fn no_token() -> Refused {
    Refused {
        message: "The server wants to know who asks, and there is no API token to tell it.".into(),
        hint: "Set OUTLINK_TOKEN or --token-file; `outlink token create --local` on the server's machine makes one."
            .into(),
    }
}

/// Reads RFC 9457 `application/problem+json`; anything else is told by its status.
fn refused(base: &Url, status: u16, body: &[u8]) -> Refused {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let message = [text("detail"), text("title")].into_iter().find(|text| !text.is_empty());
    Refused {
        message: message.unwrap_or_else(|| format!("{base} answered with status {status}.")),
        hint: text("hint"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Client {
        Client::with_token(url, None, None).expect("a client")
    }

    #[test]
    fn names_are_put_into_the_path_whole() {
        for (base, expected) in [
            ("http://localhost:1", "http://localhost:1/api/v1/links/a%20b%2Fc%3F/authorize"),
            ("http://localhost:1/", "http://localhost:1/api/v1/links/a%20b%2Fc%3F/authorize"),
        ] {
            assert_eq!(client(base).address(&["links", "a b/c?", "authorize"]).as_str(), expected);
        }
    }

    #[test]
    fn a_problem_is_told_in_the_servers_words_and_anything_else_by_its_status() {
        let base = Url::parse("http://localhost:1").expect("a URL");
        let problem =
            br#"{"title":"Conflict","detail":"It is taken.","hint":"Choose another.","code":"x"}"#;
        let told = refused(&base, 409, problem);
        assert_eq!(
            (told.message.as_str(), told.hint.as_str()),
            ("It is taken.", "Choose another.")
        );
        let odd = refused(&base, 502, b"<html>");
        assert_eq!(odd.message, "http://localhost:1/ answered with status 502.");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "localhost:8080", "ftp://a", "/x"] {
            let said = Client::with_token(url, None, None).err().expect(url).to_string();
            assert!(said.contains("is no address of a server"), "{said}");
        }
    }
}
