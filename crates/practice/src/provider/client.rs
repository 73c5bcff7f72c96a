//! Who calls: client authentication (RFC 6749 §2.3.1).

use aws_lc_rs::{constant_time, digest};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::form::{self, Form};
use crate::grants::Refusal;
use crate::state::Client;

/// Checks `client_secret_basic` or `client_secret_post`; not both at once (RFC 6749 §2.3).
pub(crate) fn authenticate(
    client: &Client,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(), Refusal> {
    let refuse = |description| Refusal::new("invalid_client", description);
    let posted = form.get("client_secret");
    let (id, secret) = match (headers.get(header::AUTHORIZATION), posted) {
        (Some(_), Some(_)) => {
            let text = "The client authenticates in two ways at once.";
            return Err(Refusal::new("invalid_request", text));
        }
        (Some(value), None) => {
            let pair = value.to_str().ok().and_then(basic);
            pair.ok_or_else(|| refuse("The Authorization header is not well-formed."))?
        }
        (None, Some(secret)) => {
            let id = form.get("client_id").unwrap_or_default();
            (id.to_owned(), secret.to_owned())
        }
        (None, None) => return Err(refuse("The client did not authenticate.")),
    };
    let named = form.get("client_id").is_none_or(|named| named == id);
    if named && id == client.id && same(&secret, client.secret.expose()) {
        Ok(())
    } else {
        Err(refuse("The client is not known, or its secret is wrong."))
    }
}

/// Name and password of HTTP Basic. Both are form-encoded before they are joined, which many clients forget.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
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
    use outlink_model::Secret;

    fn attempt(header: Option<&str>, body: &str) -> Result<(), &'static str> {
        let client = Client { id: "c".into(), secret: Secret::new("a+b %") };
        let mut headers = HeaderMap::new();
        if let Some(pair) = header {
            let value = format!("Basic {}", STANDARD.encode(pair));
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let form = Form::read(body.as_bytes()).unwrap();
        authenticate(&client, &headers, &form).map_err(|refusal| refusal.error)
    }

    #[test]
    fn both_ways_work_and_the_wrong_ones_do_not() {
        let cases = [
            (Some("c:a%2Bb+%25"), "", Ok(())),
            (Some("c:a%2Bb%20%25"), "client_id=c", Ok(())),
            (None, "client_id=c&client_secret=a%2Bb+%25", Ok(())),
            (Some("c:a+b %"), "", Err("invalid_client")),
            (Some("c:a%2Bb+%25"), "client_id=d", Err("invalid_client")),
            (Some("c:a%2Bb+%25"), "client_secret=a%2Bb+%25", Err("invalid_request")),
            (None, "client_id=c", Err("invalid_client")),
            (None, "client_secret=a%2Bb+%25", Err("invalid_client")),
        ];
        for (header, body, expected) in cases {
            assert_eq!(attempt(header, body), expected, "{header:?} {body}");
        }
    }
}
