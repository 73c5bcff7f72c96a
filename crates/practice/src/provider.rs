//! The OAuth 2.0 provider: pages for people over plain http on localhost, endpoints for programs over https.

mod answers;
pub(crate) mod authorize;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod cut;
mod device;
mod faulty;
pub(crate) mod form;
mod html;
mod pages;
mod registration;
mod resources;
mod token;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::timeout::TimeoutLayer;

use crate::state::Shared;

/// No form and no token request comes near this.
const BODY_CAP: usize = 64 * 1024;
/// Longer than any fault that a test would order.
const REQUEST_TIME: Duration = Duration::from_secs(300);

/// The scopes that can be asked for, with what they mean for whoever is asked.
pub(crate) const SCOPES: [(&str, &str); 6] = [
    ("openid", "Know that it is you"),
    ("email", "See your e-mail address"),
    ("profile", "See your name"),
    ("mail.imap", "Read your mail, and mark it as read"),
    ("mail.smtp", "Send mail in your name"),
    ("offline_access", "Do all this while you are away, until you take it back"),
];

/// The scopes that a program can have on its own.
pub(crate) const APPLICATION_SCOPES: [&str; 2] = ["mail.imap", "mail.smtp"];

/// What a browser opens. Plain http, so that no certificate warning greets anybody.
pub(crate) fn pages(shared: Shared) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/style.css", get(pages::style))
        .route("/authorize", get(pages::authorize))
        .route("/login", get(pages::login_form).post(pages::login))
        .route("/consent", get(pages::consent_form).post(pages::consent))
        .route("/device", get(device::code_form).post(device::enter))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(BODY_CAP))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .with_state(shared)
}

/// What programs call, over TLS.
pub(crate) fn endpoints(shared: Shared) -> Router {
    Router::new()
        .route("/token", post(token::token))
        .route("/revoke", post(resources::revoke))
        .route("/userinfo", get(resources::userinfo).post(resources::userinfo))
        .route("/jwks", get(resources::key_set))
        .route("/introspect", post(resources::introspect))
        .route("/device_authorization", post(device::begin))
        .route("/register", post(registration::register))
        .fallback(resources::metadata)
        .layer(middleware::from_fn_with_state(shared.clone(), faulty::pass))
        .layer(DefaultBodyLimit::max(BODY_CAP))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .with_state(shared)
}
