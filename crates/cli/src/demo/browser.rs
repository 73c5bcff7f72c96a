//! As much of a browser as giving a consent takes: pages, forms, redirects and cookies.
//!
//! `demo --auto` goes through the very pages that a person sees, so that it fails where a person would be stuck.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::form::{self, Form};

/// No consent takes more steps; more would be a loop.
const MOST_REDIRECTS: usize = 10;
/// No page of the demo is larger.
const LARGEST: usize = 1024 * 1024;

/// A browser with nothing but a cookie jar.
pub(crate) struct Browser {
    http: reqwest::Client,
    /// By host, not by port: so browsers do it, and the two servers of the demo share a host.
    cookies: BTreeMap<(String, String), String>,
}

/// A page, and where it was found.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its address, after all redirects.
    pub(crate) url: Url,
    /// Its source.
    pub(crate) html: String,
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .timeout(Duration::from_secs(20))
            .build()
            .context("No HTTP client could be made")?;
        Ok(Self { http, cookies: BTreeMap::new() })
    }

    /// Opens an address.
    pub(crate) async fn open(&mut self, url: Url) -> anyhow::Result<Page> {
        let request = self.http.request(Method::GET, url.clone());
        self.follow(url, request).await
    }

    /// Fills the page's one form in and sends it off.
    pub(crate) async fn submit(
        &mut self,
        page: &Page,
        filled: &[(&str, &str)],
    ) -> anyhow::Result<Page> {
        let Form { action, mut fields } =
            form::first(&page.html).with_context(|| format!("{} has no form", page.url))?;
        let url = page.url.join(&action).context("The form leads nowhere")?;
        for (name, value) in filled {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let request = self
            .http
            .request(Method::POST, url.clone())
            .header("origin", page.url.origin().ascii_serialization())
            .header("sec-fetch-site", "same-origin")
            .form(&fields);
        self.follow(url, request).await
    }

    async fn follow(&mut self, mut url: Url, mut request: RequestBuilder) -> anyhow::Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            if let Some(cookies) = self.cookies_for(&url) {
                request = request.header("cookie", cookies);
            }
            let mut answer =
                request.send().await.with_context(|| format!("{} did not answer", shown(&url)))?;
            self.keep_cookies(&url, answer.headers());
            let status = answer.status();
            if status.is_redirection() {
                let to = answer.headers().get("location").and_then(|to| to.to_str().ok());
                let to = to.with_context(|| format!("{} redirects nowhere", shown(&url)))?;
                url = url
                    .join(to)
                    .with_context(|| format!("{} redirects to no address", shown(&url)))?;
                request = self.http.request(Method::GET, url.clone());
                continue;
            }
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await.context("The page broke off")? {
                body.extend_from_slice(&piece);
                if body.len() > LARGEST {
                    bail!("{} is too large for a page.", shown(&url));
                }
            }
            let html = String::from_utf8_lossy(&body).into_owned();
            if !status.is_success() {
                bail!("{} answered with status {status}: {}", shown(&url), form::words(&html));
            }
            return Ok(Page { url, html });
        }
        bail!("{} redirects without an end.", shown(&url))
    }

    fn cookies_for(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep_cookies(&mut self, url: &Url, headers: &reqwest::header::HeaderMap) {
        let Some(host) = url.host_str() else { return };
        for line in headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()) {
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let key = (host.to_owned(), name.to_owned());
            if parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

/// An address without its query, which may hold a code or a state.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
