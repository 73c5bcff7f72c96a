//! The one HTTP client: every call goes through the egress guard, follows no redirect, and has a limit of time and size.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::grant::{Actor, Failure, FailureClass, Trouble};
use outlink_oauth::{Method, Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::egress::{self, Policy};
use crate::{Error, Settings};

/// Hosts that a proxy is never asked for.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

pub(crate) struct Http {
    client: reqwest::Client,
    policy: Policy,
    limit: Duration,
    largest: usize,
}

impl Http {
    pub(crate) fn new(settings: &Settings, tls: &Arc<rustls::ClientConfig>) -> Result<Self, Error> {
        let policy = settings.egress.clone();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.as_ref().clone())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.limits.connect)
            .user_agent(concat!("outlink/", env!("CARGO_PKG_VERSION")));
        builder = builder.no_proxy().dns_resolver(Arc::new(Guard {
            policy: policy.clone(),
            limit: settings.limits.connect,
        }));
        if let Some(proxy) = policy.proxy() {
            let proxy = reqwest::Proxy::all(proxy.as_str());
            let proxy = proxy.map_err(|error| Error::Broken(error.to_string()))?;
            // "localhost" means another machine there than here, and plain http is for this machine alone.
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(LOOPBACK)));
        }
        let client = builder.build().map_err(|error| Error::Broken(error.to_string()))?;
        let limits = settings.limits;
        Ok(Self { client, policy, limit: limits.token_call, largest: limits.http_body })
    }

    /// Sends a request that `oauth` made.
    ///
    /// # Errors
    /// A passing failure: nothing that happens on the way to a provider is its word.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let url = url::Url::parse(&request.url)
            .map_err(|error| passing(Actor::LinkAdministrator, format!("{error}"), ""))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        self.check_literal(&url, &host)?;
        let call = async {
            let mut call = match request.method {
                Method::Get => self.client.get(url),
                Method::Post => self.client.post(url),
            };
            for (name, value) in &request.headers {
                call = call.header(*name, value.expose());
            }
            if let Some(body) = &request.body {
                call = call.body(body.expose().to_owned());
            }
            let answer = call.send().await.map_err(|error| explain(&host, &error))?;
            self.read(&host, answer).await
        };
        match tokio::time::timeout(self.limit, call).await {
            Ok(answer) => answer,
            Err(_) => Err(passing(
                Actor::Nobody,
                format!("{host} did not answer within {} seconds.", self.limit.as_secs()),
                "It is tried again by itself. If it lasts, check the way from this server to the provider.",
            )),
        }
    }

    /// A client asks its resolver for names only, so an address in the URL is checked here.
    fn check_literal(&self, url: &url::Url, host: &str) -> Result<(), Failure> {
        let address = match url.host() {
            Some(url::Host::Ipv4(v4)) => Some(v4.into()),
            Some(url::Host::Ipv6(v6)) => Some(v6.into()),
            Some(url::Host::Domain(_)) | None => None,
        };
        match address {
            Some(address) if !self.policy.permits(host, address) => Err(passing(
                Actor::Operator,
                format!("{host} is an address that is not public, and is not dialled."),
                "If that is meant, add it to egress.allow in the configuration file.",
            )),
            _ => Ok(()),
        }
    }

    async fn read(&self, host: &str, mut answer: reqwest::Response) -> Result<Response, Failure> {
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| explain(host, &error))? {
            if body.len() + chunk.len() > self.largest {
                return Err(passing(
                    Actor::LinkAdministrator,
                    format!("{host} answered with more than {} octets.", self.largest),
                    "That is no token endpoint's answer: check the address.",
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body })
    }
}

/// The resolver that reqwest asks: it hands out permitted addresses alone, so the checked address is the dialled one.
struct Guard {
    policy: Policy,
    limit: Duration,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, limit) = (self.policy.clone(), self.limit);
        Box::pin(async move {
            // The proxy's own name comes from the configuration file, which may name any machine.
            let proxy = policy.proxy().and_then(url::Url::host_str);
            if proxy == Some(name.as_str()) {
                let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            match egress::permitted(&policy, name.as_str(), 0, limit).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(trouble) => {
                    Err(Box::new(Closed(trouble)) as Box<dyn std::error::Error + Send + Sync>)
                }
            }
        })
    }
}

/// Carries the guard's own words through the HTTP client, so that they reach the person.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.reason)]
struct Closed(Trouble);

fn passing(actor: Actor, reason: impl Into<String>, hint: &str) -> Failure {
    let trouble =
        Trouble { actor, reason: reason.into(), hint: hint.to_owned(), provider_error: None };
    Failure::new(FailureClass::Passing, trouble)
}

/// Finds the cause that a person can act on in the chain of causes.
fn explain(host: &str, error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(current) = cause {
        if let Some(Closed(trouble)) = current.downcast_ref::<Closed>() {
            return Failure::new(FailureClass::Passing, trouble.clone());
        }
        last = current.to_string();
        cause = current.source();
    }
    if last.contains("certificate") {
        return passing(
            Actor::Operator,
            format!("The certificate of {host} is not trusted: {last}."),
            "Name its authority in tls.extra_ca of the configuration file, or renew the certificate.",
        );
    }
    passing(
        Actor::Nobody,
        format!("{host} cannot be reached: {last}."),
        "It is tried again by itself. If it lasts, check the way from this server to the provider.",
    )
}
