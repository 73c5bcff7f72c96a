//! Dynamic client registration (RFC 7591): a server that allows it makes the client itself.

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{Secret, Timestamp};
use serde_json::{Map, Value, json};

use crate::redact::redact;
use crate::request::{Method, Request, Response};

/// No id or secret of a real server comes near this many octets.
const LONGEST: usize = 4096;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// What people are shown when they consent.
    pub client_name: &'a str,
    /// Where the server may send browsers back to.
    pub redirect_uris: &'a [String],
    /// How tokens will be asked for.
    pub grant_type: GrantType,
    /// How the client will authenticate.
    pub client_auth: ClientAuth,
    /// What it will ask for, separated by spaces.
    pub scope: &'a str,
    /// What lets us register, where the server demands it.
    pub initial_access_token: Option<&'a Secret>,
}

/// The client that the server made.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub client_id: String,
    /// Its secret, where it has one.
    pub client_secret: Option<Secret>,
    /// When the secret ends; absent where it does not.
    pub client_secret_expires_at: Option<Timestamp>,
    /// How the client authenticates, where the server says so; it may differ from what was asked for.
    pub client_auth: Option<ClientAuth>,
    /// What the server says instead, where that is not known here.
    pub unknown_auth: Option<String>,
}

/// Asks the server to make a client (RFC 7591 §3.1).
pub fn registration_request(endpoint: &str, registration: &Registration<'_>) -> Request {
    let mut grant_types = vec![match registration.grant_type {
        GrantType::AuthorizationCode => "authorization_code",
        GrantType::ClientCredentials => "client_credentials",
        GrantType::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        GrantType::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
    }];
    if registration.grant_type.has_consent() {
        grant_types.push("refresh_token");
    }
    let mut body = json!({
        "client_name": registration.client_name,
        "application_type": "web",
        "grant_types": grant_types,
        "response_types": [],
        "token_endpoint_auth_method": method(registration.client_auth),
    });
    if registration.grant_type.has_redirect() {
        body["redirect_uris"] = json!(registration.redirect_uris);
        body["response_types"] = json!(["code"]);
    }
    if !registration.scope.is_empty() {
        body["scope"] = json!(registration.scope);
    }
    let mut headers = vec![
        ("Accept", Secret::new("application/json")),
        ("Content-Type", Secret::new("application/json")),
    ];
    if let Some(token) = registration.initial_access_token {
        headers.push(("Authorization", Secret::new(format!("Bearer {}", token.expose().trim()))));
    }
    Request {
        method: Method::Post,
        url: endpoint.trim().to_owned(),
        headers,
        body: Some(Secret::new(body.to_string())),
    }
}

/// Servers know no name for credentials that are sent as they are: to them it is HTTP Basic.
fn method(client_auth: ClientAuth) -> &'static str {
    match client_auth {
        ClientAuth::BasicRaw => ClientAuth::Basic.as_str(),
        other => other.as_str(),
    }
}

/// Reads the answer (RFC 7591 §3.2). 200 is taken for 201, since some servers say so. `sent` are the secrets of the
/// request, which some servers repeat.
///
/// # Errors
/// A [`Problem`] with the server's own words, secrets cut out.
pub fn parse_registration(response: &Response, sent: &[&Secret]) -> Result<Registered, Problem> {
    let fields: Option<Map<String, Value>> = serde_json::from_slice(&response.body).ok();
    match (response.status, fields) {
        (200 | 201, Some(fields)) => registered(fields),
        (200 | 201, None) => Err(refused(
            "registration_unreadable",
            "The registration endpoint's answer is not a JSON object.".to_owned(),
            "Check the registration endpoint, or register the client by hand.",
        )),
        (status, fields) => Err(explain(status, &fields.unwrap_or_default(), sent)),
    }
}

fn registered(mut fields: Map<String, Value>) -> Result<Registered, Problem> {
    let usable = |text: &str| {
        !text.is_empty() && text.len() <= LONGEST && text.chars().all(|c| !c.is_control())
    };
    let client_id = fields.get("client_id").and_then(Value::as_str).filter(|id| usable(id));
    let client_id = client_id.map(str::to_owned).ok_or_else(|| {
        refused(
            "registration_without_id",
            "The registration endpoint's answer holds no client id.".to_owned(),
            "Register the client by hand, at the provider's own page.",
        )
    })?;
    let client_secret = match fields.remove("client_secret") {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    };
    if client_secret.as_ref().is_some_and(|secret| !usable(secret.expose())) {
        return Err(refused(
            "registration_secret_unusable",
            format!(
                "The registration endpoint made the client {:?} with a client secret that cannot be used.",
                client_id.chars().take(200).collect::<String>()
            ),
            "Delete that client at the provider, and register one by hand.",
        ));
    }
    // 0 means that it does not end (RFC 7591 §3.2.1).
    let ends = fields.get("client_secret_expires_at").and_then(Value::as_i64).filter(|at| *at > 0);
    let method = fields.get("token_endpoint_auth_method").and_then(Value::as_str);
    Ok(Registered {
        client_id,
        client_secret_expires_at: ends
            .filter(|_| client_secret.is_some())
            .and_then(|at| Timestamp::from_second(at).ok()),
        client_secret,
        client_auth: method.and_then(|name| name.parse().ok()),
        unknown_auth: method
            .filter(|name| name.parse::<ClientAuth>().is_err())
            .map(|name| redact(name, &[])),
    })
}

fn explain(status: u16, fields: &Map<String, Value>, sent: &[&Secret]) -> Problem {
    let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (error, description) = (text("error"), text("error_description"));
    let quoted = match (error, description) {
        ("", "") => format!("HTTP {status}"),
        (error, "") => format!("HTTP {status}, {error}"),
        (error, description) => format!("HTTP {status}, {error}: {description}"),
    };
    let quoted = redact(&quoted, sent);
    let (code, message, hint) = match (status, error) {
        (_, "invalid_redirect_uri") => (
            "registration_redirect",
            "The server does not take this link's redirect URL",
            "Read the server's own words; often it wants an https address with a public name.",
        ),
        (_, "invalid_software_statement" | "unapproved_software_statement") => (
            "registration_statement",
            "The server registers only software that it has approved",
            "Register the client by hand, at the provider's own page.",
        ),
        (_, "invalid_client_metadata") => (
            "registration_metadata",
            "The server does not take what the client is to be like",
            "Choose another client authentication, grant type or scope, or register the client by hand.",
        ),
        (401 | 403, _) => (
            "registration_forbidden",
            "The server does not let everybody register clients",
            "Enter an initial access token that the provider has handed out, or register the client by hand.",
        ),
        (404 | 405, _) => (
            "registration_absent",
            "There is no registration endpoint at this address",
            "Check the registration endpoint, or register the client by hand.",
        ),
        (300..=399, _) => (
            "registration_moved",
            "The registration endpoint answers with a redirect, which is not followed",
            "Check the registration endpoint.",
        ),
        (429 | 500.., _) => (
            "registration_fault",
            "The server cannot register the client now",
            "Try again later, or register the client by hand.",
        ),
        _ => (
            "registration_refused",
            "The server does not register the client",
            "Read the server's own words, or register the client by hand.",
        ),
    };
    refused(code, format!("{message} ({quoted})."), hint)
}

fn refused(code: &'static str, message: String, hint: &str) -> Problem {
    Problem::new(ProblemKind::Remote, code, message, hint)
}

#[cfg(test)]
mod tests;
