//! The one HTTP client: every call goes through the egress guard, follows no redirect, and has a limit of time and size.

mod wire;

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use outlink_model::Secret;
use outlink_model::grant::{Actor, Failure, FailureClass, Trouble};
use outlink_oauth::{Method, Request, Response};
use url::Url;

use crate::Settings;
use crate::egress::Policy;
use crate::tls::Trust;
use wire::{Dialler, Undialled};

const PRODUCT: &str = concat!("outlink/", env!("CARGO_PKG_VERSION"));
/// A connection that nobody has used for so long is given up.
const IDLE: Duration = Duration::from_secs(60);
/// The largest head of an answer.
const HEAD: usize = 64 * 1024;
/// Of an answer to a webhook nobody needs more than this.
const RECEIPT: usize = 64 * 1024;

pub(crate) struct Http {
    client: legacy::Client<Dialler, Full<Bytes>>,
    policy: Policy,
    limit: Duration,
    largest: usize,
}

/// Why there is no answer.
pub(crate) struct NoAnswer {
    pub(crate) trouble: Trouble,
    /// Whether the other side may have heard us: it is certain that it has not only where no connection came about.
    pub(crate) sent: bool,
}

/// What is done with an answer that is longer than it may be.
#[derive(Clone, Copy)]
enum Excess {
    Refused,
    CutOff,
}

impl Http {
    pub(crate) fn new(settings: &Settings, trust: &Trust) -> Self {
        let (policy, limits) = (settings.egress.clone(), settings.limits);
        let dialler = Dialler::new(policy.clone(), trust.config(), limits.connect);
        Self::of(dialler, policy, (limits.token_call, limits.http_body))
    }

    fn of(dialler: Dialler, policy: Policy, (limit, largest): (Duration, usize)) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(HEAD)
            .build(dialler);
        Self { client, policy, limit, largest }
    }

    /// Sends a request that `oauth` made.
    ///
    /// # Errors
    /// A passing failure: nothing that happens on the way to a provider is its word.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let sent = self.send_within(request, self.limit).await;
        sent.map_err(|none| Failure::new(FailureClass::Passing, none.trouble))
    }

    /// The same with a limit of its own, and told whether anything went out.
    pub(crate) async fn send_within(
        &self,
        request: &Request,
        limit: Duration,
    ) -> Result<Response, NoAnswer> {
        let method = match request.method {
            Method::Get => hyper::Method::GET,
            Method::Post => hyper::Method::POST,
        };
        let headers = request.headers.iter().map(|(name, value)| (*name, value));
        let body = request.body.as_ref().map(|body| body.expose().as_bytes());
        let made = self.make(method, &request.url, headers, body.unwrap_or_default());
        let (host, call) = made.map_err(|trouble| NoAnswer { trouble, sent: false })?;
        self.call(&host, call, limit, self.largest, Excess::Refused).await
    }

    /// For one call to a token endpoint.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Fetches a document, like a provider's description of itself.
    ///
    /// # Errors
    /// When the address may not be asked, or does not answer in time and size. Any status is an answer.
    pub(crate) async fn get(&self, url: &str) -> Result<Response, Trouble> {
        let (host, mut call) = self.make(hyper::Method::GET, url, [], &[])?;
        call.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let answered = self.call(&host, call, self.limit, self.largest, Excess::Refused).await;
        answered.map_err(|none| none.trouble)
    }

    /// Tells somebody something, in JSON. Of the answer's body no more than 64 KiB are read; what follows is left.
    ///
    /// # Errors
    /// When the address may not be asked, or does not answer within `limit`. Any status is an answer.
    pub(crate) async fn post_json(
        &self,
        url: &str,
        headers: &[(&str, &Secret)],
        body: &[u8],
        limit: Duration,
    ) -> Result<Response, Trouble> {
        let headers = headers.iter().copied();
        let (host, mut call) = self.make(hyper::Method::POST, url, headers, body)?;
        call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answered = self.call(&host, call, limit, RECEIPT, Excess::CutOff).await;
        answered.map_err(|none| none.trouble)
    }

    /// Puts a request together, with the host that people are told about. Whether its address may be dialled is found
    /// out when it is.
    fn make<'a>(
        &self,
        method: hyper::Method,
        url: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a Secret)>,
        body: &[u8],
    ) -> Result<(String, hyper::Request<Full<Bytes>>), Trouble> {
        let (host, uri) = self.read_url(url)?;
        let mut call = hyper::Request::new(Full::new(Bytes::copy_from_slice(body)));
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        call.headers_mut().insert(USER_AGENT, HeaderValue::from_static(PRODUCT));
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value.expose());
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(unusable(
                    "A header field for it holds characters that HTTP does not know.".into(),
                ));
            };
            value.set_sensitive(true);
            call.headers_mut().insert(name, value);
        }
        Ok((host, call))
    }

    fn read_url(&self, text: &str) -> Result<(String, hyper::Uri), Trouble> {
        let url = Url::parse(text)
            .map_err(|_| unusable("What is written as its address is none.".into()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unusable(format!(
                "The address at {host} holds a user name or a password."
            )));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.policy.permits_plain_http(&host) => {}
            other => {
                return Err(unusable(format!(
                    "The address at {host} begins with {other}://, which nobody secures."
                )));
            }
        }
        let uri = url.as_str().parse();
        let uri = uri.map_err(|_| {
            unusable(format!("The address at {host} holds characters that HTTP does not know."))
        })?;
        Ok((host, uri))
    }

    async fn call(
        &self,
        host: &str,
        call: hyper::Request<Full<Bytes>>,
        limit: Duration,
        largest: usize,
        excess: Excess,
    ) -> Result<Response, NoAnswer> {
        let work = async {
            let answer = self.client.request(call).await.map_err(|error| NoAnswer {
                sent: !error.is_connect(),
                trouble: explain(host, &error),
            })?;
            let read = read(host, answer, largest, excess).await;
            read.map_err(|trouble| NoAnswer { trouble, sent: true })
        };
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let seconds = limit.as_secs_f32().ceil();
            let trouble = on_the_way(format!("{host} did not answer within {seconds} seconds."));
            Err(NoAnswer { trouble, sent: true })
        })
    }
}

async fn read(
    host: &str,
    answer: hyper::Response<Incoming>,
    largest: usize,
    excess: Excess,
) -> Result<Response, Trouble> {
    let (head, mut incoming) = answer.into_parts();
    let fields = head.headers.iter();
    let headers = fields
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(chunk) = frame.map_err(|error| explain(host, &error))?.into_data() else { continue };
        let room = largest - body.len();
        match excess {
            Excess::Refused if chunk.len() > room => {
                return Err(Trouble {
                    actor: Actor::LinkAdministrator,
                    reason: format!("{host} answered with more than {largest} octets."),
                    hint: "Nothing that is asked for here is so long: check the address.".into(),
                    provider_error: None,
                });
            }
            Excess::CutOff if chunk.len() > room => {
                body.extend_from_slice(&chunk[..room]);
                break;
            }
            Excess::Refused | Excess::CutOff => body.extend_from_slice(&chunk),
        }
    }
    Ok(Response { status: head.status.as_u16(), headers, body })
}

fn unusable(reason: String) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason,
        hint: "Write an address that begins with https:// and a host, like https://idp.example.org/path."
            .into(),
        provider_error: None,
    }
}

fn on_the_way(reason: String) -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason,
        hint:
            "It is tried again by itself. If it lasts, check the way from this server to that one."
                .into(),
        provider_error: None,
    }
}

/// Finds the cause that a person can act on in the chain of causes.
fn explain(host: &str, error: &(dyn std::error::Error + 'static)) -> Trouble {
    let mut cause = Some(error);
    let mut last = String::new();
    while let Some(current) = cause {
        if let Some(Undialled(trouble)) = current.downcast_ref::<Undialled>() {
            return trouble.clone();
        }
        last = current.to_string();
        cause = current.source();
    }
    on_the_way(format!("{host} cannot be reached: {last}."))
}

#[cfg(test)]
mod tests;
