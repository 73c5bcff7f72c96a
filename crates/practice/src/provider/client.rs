//! Who calls: client authentication (RFC 6749 §2.3, RFC 7523 §2.2).

use aws_lc_rs::{constant_time, digest};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::form::{self, Form};
use crate::assertions;
use crate::client::Client;
use crate::grants::Refusal;
use crate::jwt::Jwt;
use crate::state::{Fixed, World};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request shows of its client.
#[derive(Debug, PartialEq, Eq)]
enum Shown<'a> {
    /// A secret, and the way it came.
    Secret { id: String, secret: String, way: &'static str },
    /// A signed assertion.
    Assertion(&'a str),
    /// A name and nothing else.
    Name(&'a str),
    /// Nothing.
    Nothing,
}

/// The client of a request, if it has shown that it is the one.
pub(crate) fn authenticate(
    world: &mut World,
    fixed: &Fixed,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Client, Refusal> {
    let refuse = |words: &'static str| Refusal::new("invalid_client", words);
    let now = world.now();
    let (client, way) = match shown(headers, form, world.settings.raw_basic)? {
        Shown::Nothing => return Err(refuse("The client did not authenticate.")),
        Shown::Name(id) => (known(world, fixed, id)?, "none"),
        Shown::Secret { id, secret, way } => {
            let client = known(world, fixed, &id)?;
            let checked = check_secret(&client, &secret, now);
            let ended = |refusal: &Refusal| refusal.number == Some(ENDED);
            world.counters.ended_secrets += u64::from(checked.as_ref().is_err_and(ended));
            checked?;
            (client, way)
        }
        Shown::Assertion(text) => {
            let jwt = Jwt::read(text).ok_or_else(|| refuse("The assertion is no signed JWT."))?;
            let named = form.get("client_id").or(jwt.text("sub")).unwrap_or_default();
            let client = known(world, fixed, named)?;
            // RFC 7523 §3 has the token endpoint; what superseded it has the issuer. Both are for us.
            let audiences = [format!("{}/token", fixed.origin), world.settings.issuer.clone()];
            assertions::check_client(&client, &jwt, &audiences, now)?;
            if !world.seen.first(now, &jwt) {
                world.counters.replays += 1;
                return Err(refuse("The assertion was used before (jti)."));
            }
            world.counters.assertions += 1;
            (client, "private_key_jwt")
        }
    };
    if client.auths.iter().any(|allowed| allowed == way) {
        return Ok(client);
    }
    Err(Refusal::new("invalid_client", format!("This client may not authenticate by {way}.")))
}

/// The client of a request that need not show anything: a device has nothing to show (RFC 8628 §3.1). What it does show
/// must be right all the same.
pub(crate) fn identify(
    world: &mut World,
    fixed: &Fixed,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Client, Refusal> {
    match shown(headers, form, world.settings.raw_basic)? {
        Shown::Name(id) => known(world, fixed, id),
        _ => authenticate(world, fixed, headers, form),
    }
}

fn known(world: &World, fixed: &Fixed, id: &str) -> Result<Client, Refusal> {
    let unknown = || Refusal::new("invalid_client", "The client is not known.");
    world.client(fixed, id).ok_or_else(unknown)
}

fn shown<'a>(headers: &HeaderMap, form: &'a Form, raw: bool) -> Result<Shown<'a>, Refusal> {
    let refuse = |words| Err(Refusal::new("invalid_client", words));
    let (authorization, posted) = (headers.get(header::AUTHORIZATION), form.get("client_secret"));
    let assertion = form.get("client_assertion");
    let ways = [authorization.is_some(), posted.is_some(), assertion.is_some()];
    if ways.iter().filter(|shown| **shown).count() > 1 {
        // RFC 6749 §2.3: not more than one in each request.
        let words = "The client authenticates in two ways at once.";
        return Err(Refusal::new("invalid_request", words));
    }
    let named = form.get("client_id");
    if let Some(value) = authorization {
        let Some((id, secret)) = value.to_str().ok().and_then(|value| basic(value, raw)) else {
            return refuse("The Authorization header is not well-formed.");
        };
        if named.is_some_and(|named| named != id) {
            return refuse("The client_id in the body is another than that in the header.");
        }
        return Ok(Shown::Secret { id, secret, way: "client_secret_basic" });
    }
    if let Some(assertion) = assertion {
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return refuse("The client_assertion_type is missing, or not jwt-bearer.");
        }
        return Ok(Shown::Assertion(assertion));
    }
    Ok(match (named, posted) {
        (Some(id), Some(secret)) => Shown::Secret {
            id: id.to_owned(),
            secret: secret.to_owned(),
            way: "client_secret_post",
        },
        (Some(id), None) => Shown::Name(id),
        (None, _) => Shown::Nothing,
    })
}

/// Entra's number for a secret whose time is over.
const ENDED: u32 = 7_000_222;
/// Entra's number for a secret that is not one.
const WRONG: u32 = 7_000_215;

fn check_secret(client: &Client, shown: &str, now: Timestamp) -> Result<(), Refusal> {
    let mut fitting = client.secrets.iter().filter(|one| same(shown, one.secret.expose()));
    let live = fitting.clone().any(|one| one.ends_at.is_none_or(|end| end > now));
    if live {
        return Ok(());
    }
    let id = &client.id;
    Err(match fitting.next() {
        Some(_) => Refusal::entra(
            ENDED,
            &format!(
                "The provided client secret keys for app '{id}' are expired. Visit the Azure portal to create new \
                 keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for \
                 added security: https://aka.ms/certCreds."
            ),
        ),
        None => Refusal::entra(
            WRONG,
            &format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{id}'."
            ),
        ),
    })
}

/// Name and password of HTTP Basic. Both are form-encoded before they are joined, which many clients forget.
fn basic(header: &str, raw: bool) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    if raw {
        return Some((id.to_owned(), secret.to_owned()));
    }
    Some((form::decode(id.as_bytes())?, form::decode(secret.as_bytes())?))
}

/// Compares secrets by their digests, in a time that tells nothing about them.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    constant_time::verify_slices_are_equal(hash(one).as_ref(), hash(other).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ClientSecret;

    fn attempt(header: Option<&str>, body: &str, raw: bool) -> Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        if let Some(pair) = header {
            let value = format!("Basic {}", STANDARD.encode(pair));
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let form = Form::read(body.as_bytes()).unwrap();
        let text = match shown(&headers, &form, raw).map_err(|refusal| refusal.error)? {
            Shown::Secret { id, secret, way } => format!("{id} {secret} {way}"),
            Shown::Assertion(text) => format!("assertion {text}"),
            Shown::Name(id) => format!("name {id}"),
            Shown::Nothing => "nothing".to_owned(),
        };
        Ok(text)
    }

    #[test]
    fn every_way_to_show_something_is_read() {
        let assertion = format!("client_assertion=a.b.c&client_assertion_type={ASSERTION_TYPE}");
        let twice = format!("{assertion}&client_id=c&client_secret=s");
        let (basic, post) = ("c a+b % client_secret_basic", "c a+b % client_secret_post");
        let cases = [
            (Some("c:a%2Bb+%25"), "", false, Ok(basic)),
            (Some("c:a%2Bb%20%25"), "client_id=c", false, Ok(basic)),
            (Some("c:a+b %"), "", true, Ok(basic)),
            (None, "client_id=c&client_secret=a%2Bb+%25", false, Ok(post)),
            (None, &assertion, false, Ok("assertion a.b.c")),
            (None, "client_id=c", false, Ok("name c")),
            (None, "client_secret=s", false, Ok("nothing")),
            (Some("c:a+b %"), "", false, Err("invalid_client")),
            (Some("c:a%2Bb+%25"), "client_id=d", false, Err("invalid_client")),
            (Some("c:a%2Bb+%25"), "client_secret=s", false, Err("invalid_request")),
            (None, &twice, false, Err("invalid_request")),
            (None, "client_assertion=a.b.c", false, Err("invalid_client")),
        ];
        for (header, body, raw, expected) in cases {
            let expected = expected.map(str::to_owned);
            assert_eq!(attempt(header, body, raw), expected, "{header:?} {body}");
        }
    }

    #[test]
    fn any_live_secret_opens_and_an_ended_one_is_told_from_a_wrong_one() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let client = Client {
            id: "c".into(),
            name: "c".into(),
            auths: Vec::new(),
            secrets: vec![
                ClientSecret::new("old").ending(at(10)),
                ClientSecret::new("new"),
                ClientSecret::new("newest").ending(at(30)),
            ],
            keys: Vec::new(),
            redirects: Default::default(),
        };
        for (secret, second, number) in [
            ("old", 9, None),
            ("old", 10, Some(ENDED)),
            ("new", 10, None),
            ("newest", 10, None),
            ("newest", 30, Some(ENDED)),
            ("newer", 10, Some(WRONG)),
        ] {
            let refused = check_secret(&client, secret, at(second)).err();
            assert_eq!(refused.and_then(|one| one.number), number, "{secret} at {second}");
        }
    }
}
