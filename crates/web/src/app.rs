//! The router, and what every handler shares.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use ipnet::IpNet;
use outlink_engine::Engine;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::health::Readiness;
use crate::page::Pages;
use crate::{api, assets, consent, console, error, fallback, guard, health};

/// The largest body that is read. Nothing that people send here is large.
const LARGEST_BODY: usize = 256 * 1024;
/// How long a client may take between two parts of a body.
const BODY_PAUSE: Duration = Duration::from_secs(20);

/// What the web layer is told at the start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The version that `/metrics` and the API description tell; may be empty.
    pub version: String,
}

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    engine: Engine,
    options: Options,
    pages: Pages,
    origin: String,
    https: bool,
    readiness: Readiness,
}

impl App {
    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn pages(&self) -> &Pages {
        &self.0.pages
    }

    /// `scheme://host[:port]` of the base URL, as browsers write it.
    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Whether people reach us by https.
    pub(crate) fn is_https(&self) -> bool {
        self.0.https
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(crate) fn version(&self) -> &str {
        &self.0.options.version
    }

    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        &self.0.options.trusted_proxies
    }
}

/// Everything that is served.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: the limit on sign-ins counts by address.
pub fn app(engine: Engine, options: Options) -> Router {
    let origin = url::Url::parse(engine.base_url())
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default();
    let https = origin.starts_with("https:");
    let pages = Pages::new();
    let readiness = Readiness::default();
    let app = App(Arc::new(Inner { engine, options, pages, origin, https, readiness }));
    Router::new()
        .merge(api::routes(app.version()))
        .merge(console::routes())
        .merge(consent::routes())
        .merge(health::routes())
        .route("/assets/{name}", get(assets::asset))
        .fallback(fallback::missing)
        .method_not_allowed_fallback(fallback::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(CatchPanicLayer::custom(error::after_panic))
        .with_state(app)
}
