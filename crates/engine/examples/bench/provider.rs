//! A token endpoint that rotates and keeps count, and does nothing else: it must be far faster than what is measured.
//!
//! A token says for which grant it is and the how-manieth: `rt.17.0.…` is the first refresh token of grant 17. It is good
//! as long as no later one was given out. So whoever fills a store needs nothing from here but [`refresh_token`].

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;

use crate::{Error, served};

pub(crate) const CLIENT_ID: &str = "bench";
pub(crate) const CLIENT_SECRET: &str = "bench-secret";
/// `bench:bench-secret`, as HTTP Basic has it.
pub(crate) const BASIC: &str = "Basic YmVuY2g6YmVuY2gtc2VjcmV0";
/// About as long as the tokens of large providers are.
const ACCESS_OCTETS: usize = 1000;
const REFRESH_OCTETS: usize = 300;

/// What the provider knows, anew for each thing that is measured.
#[derive(Default)]
struct World {
    /// For each grant, how many refresh tokens were spent.
    spent: Vec<AtomicU32>,
    calls: AtomicU64,
    refused: AtomicU64,
}

#[derive(Clone, Default)]
struct Provider(Arc<RwLock<Arc<World>>>);

impl Provider {
    fn world(&self) -> Arc<World> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The refresh token of a grant, after so many were spent.
pub(crate) fn refresh_token(grant: usize, spent: u32) -> String {
    padded(format!("rt.{grant}.{spent}."), REFRESH_OCTETS)
}

/// The access token that came with it.
pub(crate) fn access_token(grant: usize, spent: u32) -> String {
    padded(format!("at.{grant}.{spent}."), ACCESS_OCTETS)
}

fn padded(text: String, octets: usize) -> String {
    let missing = octets.saturating_sub(text.len());
    text + &"x".repeat(missing)
}

/// Serves until the process ends; says where, in JSON, on its first line.
pub(crate) async fn run(directory: &str) -> Result<(), Error> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&key)?;
    let ca = std::path::Path::new(directory).join("provider-ca.pem");
    std::fs::write(&ca, certificate.pem())?;
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let tls = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    let router = Router::new()
        .route("/token", post(token))
        .route("/reset", post(reset))
        .route("/calls", get(calls))
        .route("/stats", get(stats))
        .route("/accepts", post(accepts))
        .with_state(Provider::default());
    let (listener, address) = served::listen()?;
    println!("{}", json!({ "origin": format!("https://localhost:{}", address.port()), "ca": ca }));
    served::serve(listener, router, Some(Arc::new(tls))).await
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let world = provider.world();
    world.calls.fetch_add(1, Ordering::Relaxed);
    let known = headers.get(AUTHORIZATION).is_some_and(|sent| sent == BASIC);
    let sent = body.split('&').find_map(|pair| pair.strip_prefix("refresh_token="));
    let refreshed = sent.filter(|_| known).and_then(|sent| rotate(&world, sent));
    let Some((grant, spent)) = refreshed else {
        world.refused.fetch_add(1, Ordering::Relaxed);
        let error = r#"{"error":"invalid_grant"}"#;
        return (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], error)
            .into_response();
    };
    let answer = format!(
        r#"{{"access_token":"{}","token_type":"Bearer","expires_in":3599,"refresh_token":"{}","scope":"mail offline_access"}}"#,
        access_token(grant, spent),
        refresh_token(grant, spent),
    );
    ([(CONTENT_TYPE, "application/json")], answer).into_response()
}

/// Spends a refresh token, if it is the newest of its grant.
fn rotate(world: &World, token: &str) -> Option<(usize, u32)> {
    let (grant, spent) = read(token, "rt")?;
    let next = spent + 1;
    let counted = world.spent.get(grant)?;
    let swapped = counted.compare_exchange(spent, next, Ordering::AcqRel, Ordering::Acquire);
    swapped.is_ok().then_some((grant, next))
}

fn read(token: &str, kind: &str) -> Option<(usize, u32)> {
    let mut parts = token.split('.');
    let is_kind = parts.next()? == kind;
    let (grant, spent) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    is_kind.then_some((grant, spent))
}

/// Forgets everything, and knows this many grants.
async fn reset(State(provider): State<Provider>, grants: String) -> StatusCode {
    let Ok(grants) = grants.parse() else { return StatusCode::BAD_REQUEST };
    let spent = std::iter::repeat_with(AtomicU32::default).take(grants).collect();
    let world = World { spent, ..World::default() };
    *provider.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(world);
    StatusCode::NO_CONTENT
}

async fn calls(State(provider): State<Provider>) -> String {
    provider.world().calls.load(Ordering::Relaxed).to_string()
}

async fn stats(State(provider): State<Provider>) -> String {
    let world = provider.world();
    let spent = || world.spent.iter().map(|spent| spent.load(Ordering::Acquire));
    json!({
        "calls": world.calls.load(Ordering::Relaxed),
        "refused": world.refused.load(Ordering::Relaxed),
        "fewest": spent().min(),
        "most": spent().max(),
    })
    .to_string()
}

/// How many of these access tokens, one a line, are the newest of their grant.
async fn accepts(State(provider): State<Provider>, tokens: String) -> String {
    let world = provider.world();
    let good = |token: &&str| {
        let Some((grant, spent)) = read(token, "at") else { return false };
        let newest = world.spent.get(grant).map(|newest| newest.load(Ordering::Acquire));
        newest == Some(spent) && **token == access_token(grant, spent)
    };
    tokens.lines().filter(good).count().to_string()
}
