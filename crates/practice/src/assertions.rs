//! Assertions that stand for a client's secret (RFC 7523 §2.2), and statements of service accounts (§2.1).

use std::collections::HashMap;

use jiff::Timestamp;

use crate::client::Client;
use crate::grants::Refusal;
use crate::jwt::{Jwt, Key};
use crate::settings::ServiceAccount;

/// A client's assertion is for one request; whoever makes it last longer invites its theft.
const ASSERTION_SECONDS: i64 = 600;
/// Google's limit, to the second.
const STATEMENT_SECONDS: i64 = 3600;

/// What came before, by its maker and its `jti`, until it is over anyway.
#[derive(Default)]
pub(crate) struct Seen(HashMap<(String, String), i64>);

impl Seen {
    /// Notes that something came; false if it came before. What has no `jti` cannot be told from another.
    pub(crate) fn first(&mut self, now: Timestamp, jwt: &Jwt) -> bool {
        self.0.retain(|_, end| *end > now.as_second());
        let (Some(maker), Some(id)) = (jwt.text("iss"), jwt.text("jti")) else { return true };
        let end = jwt.seconds("exp").unwrap_or(i64::MAX);
        self.0.insert((maker.to_owned(), id.to_owned()), end).is_none()
    }
}

/// Whether an assertion was signed for this client, for these endpoints and for now.
pub(crate) fn check_client(
    client: &Client,
    jwt: &Jwt,
    audiences: &[String],
    now: Timestamp,
) -> Result<(), Refusal> {
    let refuse = |words: &'static str| Err(Refusal::new("invalid_client", words));
    let signer = client.keys.iter().find(|key| {
        let live = key.ends_at.is_none_or(|end| end > now);
        live && signed_by(jwt, &key.pem, key.key_id.as_deref())
    });
    if signer.is_none() {
        let words = "The certificate with identifier used to sign the client assertion is not registered on \
            application, or its signature is not valid.";
        return Err(Refusal::entra(700_027, words));
    }
    if jwt.text("iss") != Some(&client.id) || jwt.text("sub") != Some(&client.id) {
        return refuse("In the assertion, iss and sub must both be the client_id.");
    }
    if !jwt.is_for(audiences) {
        return refuse("The assertion is for somebody else: aud must be the token endpoint.");
    }
    if jwt.text("jti").is_none_or(str::is_empty) {
        return refuse("The assertion has no jti.");
    }
    if !jwt.holds(now, ASSERTION_SECONDS) {
        let words = "Client assertion is not within its valid time range.";
        return Err(Refusal::entra(700_024, words));
    }
    Ok(())
}

/// The account behind a statement, if it signed it for this endpoint and for now. The words are Google's.
pub(crate) fn check_account<'a>(
    accounts: &'a [ServiceAccount],
    jwt: &Jwt,
    audience: &str,
    now: Timestamp,
) -> Result<&'a ServiceAccount, Refusal> {
    let refuse = |words: &'static str| Refusal::new("invalid_grant", words);
    let maker = jwt.text("iss").unwrap_or_default();
    let account = accounts.iter().find(|account| account.client_email == maker);
    let account = account.ok_or_else(|| refuse("Invalid grant: account not found"))?;
    if !signed_by(jwt, &account.public_key, account.key_id.as_deref()) {
        return Err(refuse("Invalid JWT Signature."));
    }
    if !jwt.is_for(&[audience.to_owned()]) {
        return Err(refuse("Invalid JWT: Failed audience check."));
    }
    if jwt.seconds("iat").is_none() || !jwt.holds(now, STATEMENT_SECONDS) {
        return Err(refuse(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
             iat and exp values in the JWT claim.",
        ));
    }
    if let Some(subject) = jwt.text("sub")
        && subject != account.client_email
        && !account.subjects.iter().any(|known| known.eq_ignore_ascii_case(subject))
    {
        let words = "Client is unauthorized to retrieve access tokens using this method, or client not authorized \
            for any of the scopes requested.";
        return Err(Refusal { status: 401, ..Refusal::new("unauthorized_client", words) });
    }
    Ok(account)
}

/// Whether this key signed it. What the header says about the key must be true as far as we know its name, and it must
/// say something if we do.
fn signed_by(jwt: &Jwt, pem: &str, key_id: Option<&str>) -> bool {
    let Some(key) = Key::read(pem) else { return false };
    let (named, printed) = (jwt.header_text("kid"), jwt.header_text("x5t#S256"));
    let name_fits = named.is_none() || key_id.is_none() || named == key_id;
    let print_fits = printed.is_none() || printed == key.thumbprint.as_deref();
    let said = named.is_some() || printed.is_some() || key_id.is_none();
    name_fits && print_fits && said && jwt.signed_by(&key)
}
