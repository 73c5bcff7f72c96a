//! A browser without a screen: keeps cookies, follows redirects, fills in forms. It also speaks to the REST API.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, Method, RequestBuilder, Url};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A browser.
pub(crate) struct Browser {
    runtime: Runtime,
    client: Client,
    /// By origin, then by name. Paths and lifetimes do not matter to the pages that are visited here.
    cookies: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
}

/// What came back, after all redirects.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text of a page says what is wrong; its tags are in the way.
        let content = self.body.find("<main").unwrap_or(0);
        let mut text = String::new();
        for part in self.body[content..].split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "{} {}: {text}", self.status, self.url)
    }
}

impl Page {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The inside of the first form of the page's own content, with its tag: what stands around it, such as the way
    /// out, is not meant.
    pub(crate) fn form(&self) -> Option<&str> {
        let content = self.body.find("<main").unwrap_or(0);
        let start = content + self.body[content..].find("<form")?;
        let length = self.body[start..].find("</form>")?;
        Some(&self.body[start..start + length])
    }
}

impl Browser {
    /// A new browser, with no cookies, that trusts this CA and nobody else.
    pub(crate) fn new(ca: &Path) -> Self {
        let ca = Certificate::from_pem(&std::fs::read(ca).expect("the CA")).expect("a certificate");
        let client = Client::builder()
            .tls_certs_only([ca])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // The server is ended and started again under our hands: no connection to the old one may be kept.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { runtime: runtime.expect("a runtime"), client, cookies: RefCell::default() }
    }

    /// Opens an address and follows where it leads.
    pub(crate) fn get(&self, url: &str) -> Page {
        self.follow(self.once(self.client.get(url), None))
    }

    /// Opens an address and stays there, redirect or not.
    pub(crate) fn get_once(&self, url: &str) -> Page {
        self.once(self.client.get(url), None)
    }

    /// Sends the first form of a page with its hidden fields and these values, and follows where that leads.
    pub(crate) fn submit(&self, page: &Page, values: &[(&str, &str)]) -> Page {
        self.follow(self.submit_once(page, values))
    }

    /// Sends the first form and stays there.
    pub(crate) fn submit_once(&self, page: &Page, values: &[(&str, &str)]) -> Page {
        let form = page.form().unwrap_or_else(|| panic!("a form is wanted: {page:?}"));
        let tag = &form[..form.find('>').expect("the tag ends")];
        let action = attribute(tag, "action").unwrap_or_default();
        let target = page.url.join(&action).expect("an address");
        let mut fields: Vec<(String, String)> = form
            .split("<input")
            .skip(1)
            .map(|rest| &rest[..rest.find('>').expect("the tag ends")])
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| {
                Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
            })
            .collect();
        fields.retain(|(name, _)| values.iter().all(|(given, _)| given != name));
        fields.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.once(self.client.post(target).form(&fields), Some(&origin(&page.url)))
    }

    /// Sends JSON, with a bearer token where one is given.
    pub(crate) fn post_json(&self, url: &str, body: &Value, token: Option<&str>) -> Page {
        let mut request = self.client.post(url).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.once(request, None)
    }

    /// Asks with a bearer token.
    pub(crate) fn get_with_token(&self, url: &str, token: &str) -> Page {
        self.once(self.client.request(Method::GET, url).bearer_auth(token), None)
    }

    fn follow(&self, mut page: Page) -> Page {
        for _ in 0..20 {
            let location = page.header(LOCATION.as_str());
            if !(300..400).contains(&page.status) || location.is_empty() {
                return page;
            }
            let next = page.url.join(location).expect("an address");
            page = self.once(self.client.get(next), None);
        }
        panic!("redirects without end: {page:?}");
    }

    /// Sends one request. With `from`, it is sent as by a form of a page there.
    fn once(&self, request: RequestBuilder, from: Option<&str>) -> Page {
        let mut request = request.build().expect("a request");
        let origin_of_target = origin(request.url());
        if let Some(jar) = self.cookies.borrow().get(&origin_of_target) {
            let all: Vec<String> =
                jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert("cookie", all.join("; ").parse().expect("a header"));
        }
        if let Some(from) = from {
            let site = if from == origin_of_target { "same-origin" } else { "cross-site" };
            request.headers_mut().insert("origin", from.parse().expect("a header"));
            request.headers_mut().insert("sec-fetch-site", site.parse().expect("a header"));
        }
        let url = request.url().clone();
        let (status, headers, bytes) = self.runtime.block_on(async {
            let response = self
                .client
                .execute(request)
                .await
                .unwrap_or_else(|error| panic!("{url}: {error:?}"));
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (status, headers, response.bytes().await.expect("a body").to_vec())
        });
        for cookie in headers.get_all(SET_COOKIE) {
            self.keep(&url, cookie.to_str().expect("plain"));
        }
        Page { url, status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    fn keep(&self, url: &Url, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a name and a value");
        let attributes = attributes.to_ascii_lowercase();
        if name.starts_with("__Host-") {
            // A browser drops a cookie of that name that does not keep to RFC 6265bis §4.1.3.2.
            let host_only = !attributes.contains("domain=");
            let root = attributes.split(';').any(|part| part.trim() == "path=/");
            let secure = attributes.split(';').any(|part| part.trim() == "secure");
            assert!(host_only && root && secure, "a browser would drop this: {cookie}");
        }
        let mut cookies = self.cookies.borrow_mut();
        let jar = cookies.entry(origin(url)).or_default();
        let gone =
            attributes.contains("max-age=0") || attributes.contains("expires=thu, 01 jan 1970");
        if gone || value.is_empty() {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Whether a page is a problem as RFC 9457 has it, and which: its `code`.
pub(crate) fn problem_code(page: &Page) -> String {
    assert_eq!(page.header(CONTENT_TYPE.as_str()), "application/problem+json", "{page:?}");
    let problem = page.json();
    assert_eq!(problem["status"], page.status, "{problem}");
    for field in ["title", "detail", "hint"] {
        let text = problem[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{field} is missing in {problem}");
    }
    problem["code"].as_str().unwrap_or_else(|| panic!("no code in {problem}")).to_owned()
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The value of an attribute in the text of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.match_indices(name).find_map(|(at, _)| {
        let before = tag[..at].chars().next_back();
        let after = &tag[at + name.len()..];
        (before.is_some_and(char::is_whitespace) && after.starts_with('='))
            .then_some(at + name.len() + 1)
    })?;
    let rest = &tag[start..];
    let text = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split_whitespace().next()?,
    };
    let named =
        [("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&#x2f;", "/"), ("&#x3D;", "=")];
    let mut text = text.to_owned();
    for (entity, character) in
        named.into_iter().chain([("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")])
    {
        text = text.replace(entity, character);
    }
    Some(text)
}
