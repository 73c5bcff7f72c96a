//! OAuth 2.0 as bytes and meaning: what to send, and what an answer says.
//!
//! Absent on purpose: sockets, the clock, randomness and storage. The caller sends a [`Request`], hands the
//! [`Response`] back, and passes in the time and the random bytes. So every odd answer that a provider has ever given
//! can be tested by a table.

pub mod authorize;
pub mod callback;
mod client_auth;
pub mod endpoint;
pub mod identity;
pub mod pkce;
pub mod providers;
pub mod redact;
pub mod refusal;
pub mod request;
mod retry_after;
pub mod scopes;
pub mod token;

pub use authorize::{Authorize, authorization_url, check_authorization_params};
pub use callback::{CallbackParams, check_issuer, parse_callback};
pub use endpoint::{check_endpoint, redirect_ref, redirect_url};
pub use identity::{identity_from_id_token, identity_from_userinfo, userinfo_request};
pub use pkce::Verifier;
pub use providers::{MailHost, MailSecurity, MailService, PRESETS, Preset, preset};
pub use redact::redact;
pub use refusal::{callback_trouble, certificate_failure, network_failure, without_secrets};
pub use request::{Method, Request, Response};
pub use scopes::missing_scopes;
pub use token::{
    TokenAnswer, code_request, parse_code_response, parse_token_response, refresh_request,
};
