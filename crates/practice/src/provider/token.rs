//! The token endpoint (RFC 6749 §3.2).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::form::Form;
use super::{APPLICATION_SCOPES, answers, client};
use crate::assertions;
use crate::grants::{Answer, Exchange, Means, Refreshed, Refusal};
use crate::jwt::Jwt;
use crate::settings::{DEVICE_CODE, JWT_BEARER};
use crate::state::{Shared, User, World};

/// `POST /token`.
pub(crate) async fn token(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = shared.lock();
    let answer = decide(&mut world, &shared, &headers, &body);
    world.counters.refusals += u64::from(answer.is_err());
    drop(world);
    answers::given(answer)
}

fn decide(
    world: &mut World,
    shared: &Shared,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let fixed = shared.fixed();
    let form = answers::form(headers, body)?;
    let unserved = || Refusal::new("unsupported_grant_type", "The grant_type is not served here.");
    // The signature is all that a service account has to show: there is no client beside it.
    if form.get("grant_type") == Some(JWT_BEARER) {
        let served = world.settings.serves(JWT_BEARER);
        return if served { statement(world, shared, &form) } else { Err(unserved()) };
    }
    let client = client::authenticate(world, fixed, headers, &form)?.id;
    let now = world.now();
    let grant_type = required(&form, "grant_type")?;
    if !world.settings.serves(grant_type) {
        return Err(unserved());
    }
    let World { settings, grants, devices, counters, .. } = world;
    let means = Means { now, settings, mint: &fixed.mint };
    match grant_type {
        "authorization_code" => {
            let exchange = Exchange {
                client: &client,
                code: required(&form, "code")?,
                redirect_uri: required(&form, "redirect_uri")?,
                verifier: form.get("code_verifier"),
            };
            let answer = grants.exchange(means, &exchange)?;
            counters.code_exchanges += 1;
            Ok(answer)
        }
        "refresh_token" => {
            let token = required(&form, "refresh_token")?;
            match grants.refresh(means, &client, token, form.get("scope"))? {
                Refreshed::Anew(answer) => {
                    counters.refreshes += 1;
                    Ok(answer)
                }
                Refreshed::Again(answer) => {
                    counters.repeated_refreshes += 1;
                    Ok(answer)
                }
                Refreshed::Reused => {
                    counters.reuses += 1;
                    let text = "The refresh token was used before; the grant is revoked.";
                    Err(Refusal::new("invalid_grant", text))
                }
            }
        }
        "client_credentials" => {
            let scopes =
                application_scopes(settings.scopes(form.get("scope").unwrap_or_default()))?;
            counters.client_credentials += 1;
            Ok(grants.grant(means, &client, None, &scopes))
        }
        DEVICE_CODE => {
            let polled = devices.poll(now, required(&form, "device_code")?, &client);
            if let Err(refusal) = &polled {
                let slower = refusal.error == "slow_down";
                let waits = slower || refusal.error == "authorization_pending";
                counters.device_waits += u64::from(waits);
                counters.device_slow_downs += u64::from(slower);
            }
            let (user, scopes) = polled?;
            counters.device_grants += 1;
            Ok(grants.grant(means, &client, Some(user), &scopes))
        }
        _ => Err(unserved()),
    }
}

/// A service account's statement becomes an access token (RFC 7523 §2.1), for somebody else or for itself.
fn statement(world: &mut World, shared: &Shared, form: &Form) -> Result<Answer, Refusal> {
    let refuse = |words: &'static str| Refusal::new("invalid_grant", words);
    let (fixed, now) = (shared.fixed(), world.now());
    let jwt = Jwt::read(required(form, "assertion")?);
    let jwt = jwt.ok_or_else(|| refuse("The assertion is no signed JWT."))?;
    let audience = format!("{}/token", fixed.origin);
    let World { settings, grants, seen, counters, .. } = world;
    let account = assertions::check_account(&settings.service_accounts, &jwt, &audience, now)?;
    let user = match jwt.text("sub").filter(|subject| *subject != account.client_email) {
        Some(subject) => {
            shared.user(subject).cloned().ok_or_else(|| refuse("Invalid email or User ID"))?
        }
        None => itself(&account.client_email),
    };
    let scopes = application_scopes(settings.scopes(jwt.text("scope").unwrap_or_default()))?;
    if !seen.first(now, &jwt) {
        counters.replays += 1;
        return Err(refuse("The assertion was used before (jti)."));
    }
    counters.jwt_bearers += 1;
    let means = Means { now, settings, mint: &fixed.mint };
    Ok(grants.grant(means, &account.client_email, Some(user), &scopes))
}

/// A service account that acts for nobody: it has a name, and no mailbox.
fn itself(client_email: &str) -> User {
    User {
        address: client_email.to_owned(),
        name: client_email.to_owned(),
        subject: client_email.to_owned(),
        password: outlink_model::Secret::new(""),
    }
}

/// What a program may ask for on its own. `/.default` at the end means all that it was ever given.
fn application_scopes(asked: Vec<String>) -> Result<Vec<String>, Refusal> {
    let all = || APPLICATION_SCOPES.map(str::to_owned).to_vec();
    if asked.iter().any(|scope| scope.ends_with("/.default")) {
        return Ok(all());
    }
    if asked.iter().any(|scope| !APPLICATION_SCOPES.contains(&scope.as_str())) {
        let text = "An application on its own may only ask for mail.imap and mail.smtp.";
        return Err(Refusal::new("invalid_scope", text));
    }
    Ok(if asked.is_empty() { vec!["mail.imap".to_owned()] } else { asked })
}

/// A parameter that must be there.
pub(crate) fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new("invalid_request", format!("The parameter {name} is missing."));
    form.get(name).ok_or_else(missing)
}
