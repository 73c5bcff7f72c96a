//! The REST API as a client sees it.
//!
//! Answers are kept as the text that came, so that `--json` prints exactly what the server said. The token goes to the
//! one server that was named: redirects are not followed.

mod address;
mod refusal;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use outlink_model::Secret;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use crate::args::Shared;
use crate::{config, input};
use address::{is_loopback, server_address};
pub(crate) use refusal::Refused;
use refusal::{broken_off, no_answer, no_token, refused};

/// No answer of the API is larger, but for raw messages.
const LARGEST: usize = 64 * 1024 * 1024;

/// Longer than anything takes that is answered at once.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(120);

/// For what goes on until a whole mailbox is through, or each step of a mail server's test within its own time limit, or the last of many grants is given back.
pub(crate) const LONG_TIME_LIMIT: Duration = Duration::from_secs(60 * 60);

/// A server that has not even taken the connection by then is not there.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(20);

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
        let base = server_address(url)?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIME_LIMIT)
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
        let mut url = self.address(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        json(self.send(self.http.request(Method::GET, url)).await?)
    }

    /// Sends `body` to `path`.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Answer> {
        self.post_within(TIME_LIMIT, path, body).await
    }

    /// Sends `body` to `path`, and waits as long as `limit` for the answer.
    pub(crate) async fn post_within(
        &self,
        limit: Duration,
        path: &[&str],
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let request = self.http.request(Method::POST, self.address(path)?).json(body);
        json(self.send(request.timeout(limit)).await?)
    }

    /// Sends the bytes of a mail to `path`.
    pub(crate) async fn post_mail(&self, path: &[&str], raw: Vec<u8>) -> anyhow::Result<Answer> {
        let request = self.http.request(Method::POST, self.address(path)?);
        json(self.send(request.header("content-type", "message/rfc822").body(raw)).await?)
    }

    /// Changes what lies at `path`.
    pub(crate) async fn patch(&self, path: &[&str], body: &Value) -> anyhow::Result<Answer> {
        json(self.send(self.http.request(Method::PATCH, self.address(path)?).json(body)).await?)
    }

    /// Deletes what lies at `path`, in the way that `query` says.
    pub(crate) async fn delete(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        self.delete_within(TIME_LIMIT, path, query).await
    }

    /// Deletes what lies at `path`, and waits as long as `limit` for the answer.
    pub(crate) async fn delete_within(
        &self,
        limit: Duration,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut url = self.address(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        json(self.send(self.http.request(Method::DELETE, url).timeout(limit)).await?)
    }

    /// The bytes at `path`.
    pub(crate) async fn bytes(&self, path: &[&str]) -> anyhow::Result<Vec<u8>> {
        self.send(self.http.request(Method::GET, self.address(path)?)).await
    }

    fn address(&self, path: &[&str]) -> anyhow::Result<Url> {
        // Addresses lose such a part, and would lead to something else.
        if let Some(name) = path.iter().find(|part| matches!(**part, "" | "." | "..")) {
            bail!("{name:?} is no name or id. The lists show the names and ids that exist.");
        }
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        Ok(url)
    }

    async fn send(&self, mut request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let mut response = request.send().await.map_err(|error| no_answer(&self.base, &error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| broken_off(&self.base, error))?
        {
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

/// What an answer means. One without a body (204) means that it is done, and says nothing else.
fn json(body: Vec<u8>) -> anyhow::Result<Answer> {
    let text = String::from_utf8(body).context("The server's answer is no text")?;
    if text.is_empty() {
        return Ok(Answer { text, value: Value::Null });
    }
    let value = serde_json::from_str(&text)
        .context("The server's answer is no JSON. Is this the address of an outlink server?")?;
    Ok(Answer { text, value })
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
            let address = client(base).address(&["links", "a b/c?", "authorize"]);
            assert_eq!(address.expect("an address").as_str(), expected);
        }
        for lost in ["", ".", ".."] {
            assert!(client("http://localhost:1").address(&["links", lost]).is_err(), "{lost:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_takes_long_is_not_called_unreachable() {
        // The system takes the connection; nobody ever answers on it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let limit = Duration::from_millis(200);
        let client = client(&url);
        let fetched = client.post_within(limit, &["mail-servers", "a", "fetch"], &Value::Null);
        let deleted = client.delete_within(limit, &["links", "a"], &[]);
        for asked in [fetched.await, deleted.await] {
            let said = asked.err().expect("no answer came");
            let said = said.downcast_ref::<Refused>().expect("with a hint");
            assert!(said.message.contains("still working"), "{}", said.message);
            assert!(said.hint.contains("outlink message list"), "{}", said.hint);
        }
    }
}
