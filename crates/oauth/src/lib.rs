//! OAuth 2.0 as bytes and meaning: what to send, and what an answer says.
//!
//! Absent on purpose: sockets, the clock, randomness and storage. The caller sends a [`Request`], hands the
//! [`Response`] back, and passes in the time and the random bytes. So every odd answer that a provider has ever given
//! can be tested by a table.

pub mod assertion;
pub mod authorize;
pub mod bound_to;
pub mod callback;
pub mod client_auth;
pub mod device;
pub mod discovery;
pub mod endpoint;
pub mod identity;
pub mod introspection;
pub mod keys;
pub mod pkce;
pub mod providers;
pub mod redact;
pub mod redirect_rules;
pub mod refusal;
mod refused_client;
pub mod registration;
pub mod request;
pub mod reserved;
mod retry_after;
pub mod revocation;
pub mod scope_rules;
pub mod scopes;
pub mod service_account;
pub mod token;

pub use assertion::Fresh;
pub use authorize::{Authorize, authorization_url, check_authorization_params};
pub use bound_to::{bound_to, bound_to_addresses, is_elsewhere};
pub use callback::{CallbackParams, check_issuer, parse_callback};
pub use client_auth::check_token_params;
pub use device::{
    DeviceAuthorization, DevicePoll, device_authorization_request, device_token_request,
    parse_device_authorization, parse_device_response,
};
pub use discovery::{Metadata, metadata_urls, parse_metadata};
pub use endpoint::{check_endpoint, redirect_ref, redirect_url};
pub use identity::{identity_from_id_token, identity_from_userinfo, userinfo_request};
pub use introspection::{Introspection, introspection_request, parse_introspection};
pub use keys::{certificate_ends, check_certificate, check_signing_key};
pub use pkce::Verifier;
pub use providers::{
    Choice, CredentialProbe, Filled, MailHost, MailSecurity, MailService, PRESETS, Preset,
    check_grant_type, cloud_of, fill, preset,
};
pub use redact::redact;
pub use redirect_rules::redirect_warnings;
pub use refusal::{callback_trouble, certificate_failure, network_failure, without_secrets};
pub use refused_client::is_client_refused;
pub use registration::{Registered, Registration, parse_registration, registration_request};
pub use request::{Method, Request, Response};
pub use reserved::check_endpoint_query;
pub use revocation::{TokenHint, parse_revocation_response, revocation_request};
pub use scope_rules::check_scopes;
pub use scopes::{mail_services, missing_scope_words, missing_scopes};
pub use service_account::{ServiceAccount, parse_service_account};
pub use token::{
    TokenAnswer, client_credentials_request, code_request, jwt_bearer_request, parse_code_response,
    parse_token_response, refresh_request,
};
