//! What proves that we are the client: client secrets and signing keys, at most two of them, the new one first.

use outlink_model::grant::later;
use outlink_model::link::{ClientAuth, ClientSecret, GrantType, Link};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{ClientSecretId, Secret, Timestamp};
use outlink_oauth as oauth;
use uuid::Uuid;

use super::fields::Entered;
use super::{NewSecret, given};

const FIELD: &str = "client_secret";
/// No client secret comes near this many octets, and no key of a sensible size.
const LONGEST: usize = 16 * 1024;

/// Whether what proves us is a private key, which never leaves, and not a secret, which is sent.
pub(super) fn signs(link: &Link) -> bool {
    link.grant_type == GrantType::JwtBearer || link.client_auth == ClientAuth::PrivateKeyJwt
}

/// Whether a text is a key or a certificate as PEM.
pub(super) fn is_pem(value: &Secret) -> bool {
    value.expose().trim_start().starts_with("-----BEGIN ")
}

/// Lays what was entered over the secrets of a link, whose other fields are laid already.
pub(super) fn lay(
    link: &mut Link,
    before: &Link,
    entered: &Entered,
    warnings: &mut Vec<String>,
) -> Result<(), Problem> {
    let new = entered.draft.secret.as_ref();
    let new = new.filter(|new| given(Some(new.value.expose())).is_some());
    let unproven = link.client_auth == ClientAuth::None && !signs(link);
    if entered.delete_secret && !unproven {
        return Err(still_needed(link));
    }
    match new {
        Some(_) if unproven => return Err(unused()),
        Some(new) => put(link, before, new, entered, warnings)?,
        None if entered.add_secret => return Err(nothing_to_add()),
        None if unproven => {
            if entered.secret_end.is_some_and(|end| end.at.is_some()) {
                return Err(no_secret());
            }
            if !link.client_secrets.is_empty() {
                if !entered.delete_secret {
                    return Err(would_be_deleted(link));
                }
                link.client_secrets.clear();
                warnings
                    .push("The client secret was deleted, since a public client has none.".into());
            }
        }
        None => keep(link, before, entered)?,
    }
    if link.client_secrets.is_empty() && !unproven {
        return Err(missing(link));
    }
    for secret in link.client_secrets.iter().filter(|_| signs(link)) {
        oauth::check_signing_key(FIELD, &secret.value, link.signing_alg)?;
    }
    Ok(())
}

/// A new secret takes the place of the one before, or the first place beside it.
fn put(
    link: &mut Link,
    before: &Link,
    new: &NewSecret,
    entered: &Entered,
    warnings: &mut Vec<String>,
) -> Result<(), Problem> {
    if entered.secret_end.is_some_and(|end| end.of.is_some()) {
        return Err(Problem::invalid(
            "client_secret_id",
            "secret_end_unclear",
            "A new client secret was entered together with the end of one that is kept.",
            "Make two edits of it: the new secret first, then the end of the other one.",
        ));
    }
    let expires_at = new.expires_at.or_else(|| entered.secret_end?.at);
    let mut made = check(link, new, expires_at, entered.secret_id, entered.now, warnings)?;
    // One that was entered again, because an address moved, is the one that was known.
    let known =
        before.client_secrets.iter().find(|kept| kept.value.expose() == made.value.expose());
    if let Some(known) = known.filter(|_| signs(link) == signs(before)) {
        made.certificate = made.certificate.or_else(|| known.certificate.clone());
        made.key_id = made.key_id.or_else(|| known.key_id.clone());
        made.expires_at = made.expires_at.or(known.expires_at);
    }
    if expires_at.is_none() && entered.secret_end.is_some() {
        made.expires_at = None;
    }
    if before.client_secrets.len() > 1 && !entered.add_secret {
        warnings.push("The second client secret was deleted; one is kept now.".into());
    }
    let old = entered.add_secret.then(|| before.client_secrets.first()).flatten().cloned();
    if let Some(old) = &old {
        if signs(link) != signs(before) {
            return Err(Problem::invalid(
                FIELD,
                "secret_kinds_mixed",
                "A client secret and a private key cannot stand beside each other.",
                "Enter the new one without --add: it takes the place of the old one.",
            ));
        }
        if old.value.expose() == made.value.expose() {
            return Err(Problem::invalid(
                FIELD,
                "secret_known",
                "This is the secret that is in use already.",
                "Enter the one that the provider has just made.",
            ));
        }
    }
    link.client_secrets = [Some(made), old].into_iter().flatten().collect();
    Ok(())
}

/// No new secret: those at hand go on being used as they were meant to be.
fn keep(link: &mut Link, before: &Link, entered: &Entered) -> Result<(), Problem> {
    // A private key would be sent as if it were a password, or the other way round.
    if !link.client_secrets.is_empty() && signs(link) != signs(before) {
        return Err(Problem::invalid(
            FIELD,
            "secret_needed",
            "The new client authentication needs another kind of secret than the one that is kept.",
            "Enter the client secret, or the private key, in the same edit.",
        ));
    }
    let Some(end) = entered.secret_end else { return Ok(()) };
    let of = match end.of {
        Some(id) => link.client_secrets.iter_mut().find(|secret| secret.id == id),
        None => link.client_secrets.first_mut(),
    };
    match of {
        Some(secret) => secret.expires_at = end.at,
        None if end.of.is_some() => return Err(unknown()),
        None if end.at.is_some() => return Err(no_secret()),
        None => {}
    }
    Ok(())
}

fn check(
    link: &Link,
    new: &NewSecret,
    expires_at: Option<Timestamp>,
    id: ClientSecretId,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<ClientSecret, Problem> {
    let text = new.value.expose();
    let trimmed = text.trim();
    // The line feed at the end of a file is nobody's slip, and a PEM text ends with one.
    if trimmed.len() != text.trim_end_matches(['\r', '\n']).len() && !signs(link) {
        warnings.push(
            "White space around the client secret was cut off; check that it was copied whole."
                .into(),
        );
    }
    if trimmed.len() > LONGEST {
        return Err(unusable(
            "The client secret is longer than 16 KiB.",
            "Enter the secret alone.",
        ));
    }
    let value = Secret::new(trimmed);
    let certificate = given(new.certificate.as_deref()).map(str::to_owned);
    let key_id = given(new.key_id.as_deref()).map(str::to_owned);
    let mut made = ClientSecret {
        id,
        value,
        certificate: None,
        key_id: None,
        expires_at,
        refused_at: None,
        created_at: now,
    };
    if signs(link) {
        oauth::check_signing_key(FIELD, &made.value, link.signing_alg)?;
        if let Some(pem) = &certificate {
            let ends = oauth::certificate_ends("client_certificate", pem)?;
            oauth::check_certificate("client_certificate", pem, &made.value)?;
            made.expires_at = expires_at.or(Some(ends));
        }
        if certificate.is_none() && key_id.is_none() && link.provider == ProviderKind::Microsoft {
            warnings.push(
                "Microsoft knows a key by its certificate, and none was entered: it will refuse what is signed.".into(),
            );
        }
        (made.certificate, made.key_id) = (certificate, key_id);
    } else {
        check_text(link, &made.value, warnings)?;
        if certificate.is_some() || key_id.is_some() {
            warnings.push(
                "A certificate and a key ID belong to a private key; they were left out.".into(),
            );
        }
    }
    if made.expires_at.is_some_and(|ends| ends <= now) {
        warnings
            .push("By the date that is kept with it, the client secret has ended already.".into());
    }
    Ok(made)
}

/// A secret that is sent: not a key by mistake, and nothing that would end a header early.
fn check_text(link: &Link, value: &Secret, warnings: &mut Vec<String>) -> Result<(), Problem> {
    if is_pem(value) {
        return Err(unusable(
            "This is a private key or a certificate, which must never be sent to the provider as a client secret.",
            "Choose the client authentication private_key_jwt, or enter the client secret.",
        ));
    }
    if value.expose().chars().any(char::is_control) {
        return Err(unusable(
            "The client secret holds a line break or another control character.",
            "Enter the secret alone, on one line.",
        ));
    }
    // The most common slip at Microsoft: both stand side by side in its portal.
    if link.provider == ProviderKind::Microsoft && value.expose().parse::<Uuid>().is_ok() {
        warnings.push(
            "The client secret looks like the ID of a secret. Microsoft's portal shows the ID and the value side by \
             side; the value is the one to enter."
                .into(),
        );
    }
    Ok(())
}

/// When a secret is worth a look: it ends within so many days.
pub(super) fn ends_soon(secret: &ClientSecret, now: Timestamp, days: i64) -> bool {
    let soon = later(now, jiff::SignedDuration::from_hours(24 * days));
    secret.expires_at.is_some_and(|ends| ends <= soon)
}

fn unusable(message: &str, hint: &str) -> Problem {
    Problem::invalid(FIELD, "secret_unusable", message, hint)
}

fn missing(link: &Link) -> Problem {
    if signs(link) {
        return Problem::invalid(
            FIELD,
            "missing",
            "The private key that signs is missing.",
            "Enter it as PEM; at Google, the service account's JSON key file holds it.",
        );
    }
    let public = match link.grant_type.has_consent() {
        true => ", or choose the client authentication `none` for a public client",
        false => "",
    };
    Problem::invalid(
        FIELD,
        "missing",
        "The client secret is missing.",
        format!("Copy it from the provider{public}."),
    )
}

fn unused() -> Problem {
    Problem::invalid(
        "client_auth",
        "secret_unused",
        "A client secret was given, but the client authentication is `none`.",
        "Leave the secret out, or choose client_secret_basic or client_secret_post.",
    )
}

fn no_secret() -> Problem {
    Problem::invalid(
        "client_secret_expires_at",
        "no_secret",
        "There is no client secret that could end.",
        "Leave the date out, or enter the secret as well.",
    )
}

fn unknown() -> Problem {
    Problem::invalid(
        "client_secret_id",
        "secret_unknown",
        "The link keeps no client secret of this id.",
        "`outlink link show NAME --json` names those that it keeps, under client_secrets.",
    )
}

fn would_be_deleted(link: &Link) -> Problem {
    let what = match link.client_secrets.len() {
        1 => "the one that is kept would be deleted",
        _ => "those that are kept would be deleted",
    };
    Problem::invalid(
        "delete_client_secret",
        "secret_would_be_deleted",
        format!("With the client authentication `none` a link has no client secret, and {what}."),
        "If the provider takes this client without one, say that it shall be deleted: delete_client_secret, or \
         --delete-client-secret. It is shown nowhere, so only the provider could tell it again.",
    )
}

fn still_needed(link: &Link) -> Problem {
    let why = match link.grant_type {
        GrantType::JwtBearer => "the grant type jwt_bearer signs with it".to_owned(),
        _ => format!("the client authentication {} needs it", link.client_auth),
    };
    Problem::invalid(
        "delete_client_secret",
        "secret_in_use",
        format!("The client secret was to be deleted, but {why}."),
        "Choose the client authentication `none` in the same edit, or leave delete_client_secret out.",
    )
}

fn nothing_to_add() -> Problem {
    Problem::invalid(
        FIELD,
        "missing",
        "No client secret was entered that could be added.",
        "Enter the new secret; the one in use stays beside it.",
    )
}
