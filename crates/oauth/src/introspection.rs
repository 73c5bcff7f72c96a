//! Asking the provider about a token of ours (RFC 7662): whose it is, what for, and until when.

use outlink_model::grant::{Failure, Identity};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{Secret, Timestamp};
use serde_json::{Map, Value};

use crate::assertion::Fresh;
use crate::client_auth::client_request;
use crate::identity::{address, name, text};
use crate::redact::redact;
use crate::request::Request;
use crate::revocation::TokenHint;
use crate::scopes::read_scopes;

/// What a provider knows about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introspection {
    /// Whether the token works. Where it does not, the rest is empty.
    pub active: bool,
    /// Whose it is.
    pub identity: Identity,
    /// What it is for, where the answer says so.
    pub scopes: Option<Vec<String>>,
    /// When it ends, where the answer says so.
    pub expires_at: Option<Timestamp>,
}

/// Asks about an access token; `None` where the link has no introspection endpoint.
pub fn introspection_request(
    link: &Link,
    fresh: &Fresh,
    token: &Secret,
) -> Option<Result<Request, Failure>> {
    let endpoint = link.introspection_endpoint.as_deref()?;
    let pairs = [("token", token.expose()), ("token_type_hint", TokenHint::Access.name())];
    Some(client_request(link, fresh, endpoint, &pairs))
}

/// Reads the answer to [`introspection_request`].
pub fn parse_introspection(body: &[u8]) -> Result<Introspection, Problem> {
    let text_of_body = String::from_utf8_lossy(body);
    let trimmed = text_of_body.trim_start_matches('\u{feff}').trim();
    let claims: Map<String, Value> = serde_json::from_str(trimmed).map_err(|_| {
        refused(
            "introspection_unreadable",
            "The introspection endpoint's answer is not a JSON object.".to_owned(),
            "Check the link's introspection endpoint, and that the provider does not sign or encrypt its answers.",
        )
    })?;
    let active = match claims.get("active") {
        Some(Value::Bool(active)) => *active,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        _ => {
            let said = match text(&claims, "error") {
                Some(error) => format!(
                    "The introspection endpoint refuses: {}.",
                    redact(
                        &format!(
                            "{error} {}",
                            text(&claims, "error_description").unwrap_or_default()
                        ),
                        &[]
                    )
                ),
                None => {
                    "The introspection endpoint does not say whether the token works.".to_owned()
                }
            };
            return Err(refused(
                "introspection_refused",
                said,
                "Check the link's introspection endpoint, and that the client may introspect tokens at the provider.",
            ));
        }
    };
    if !active {
        // RFC 7662 §2.2: nothing else that is said counts.
        let identity = Identity::default();
        return Ok(Introspection { active, identity, scopes: None, expires_at: None });
    }
    let identity = Identity {
        issuer: name(&claims, "iss").map(str::to_owned),
        subject: name(&claims, "sub").map(str::to_owned),
        email: ["email", "username", "preferred_username"]
            .into_iter()
            .find_map(|name| address(&claims, name)),
    };
    let seconds = match claims.get("exp") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    // What lies beyond all dates, or at none, says nothing.
    let expires_at = seconds
        .filter(|seconds: &f64| *seconds >= 1.0)
        .and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
    let scopes = claims.get("scope").and_then(read_scopes);
    Ok(Introspection { active, identity, scopes, expires_at })
}

fn refused(code: &'static str, message: String, hint: &str) -> Problem {
    Problem::new(ProblemKind::Remote, code, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::tests::fresh;
    use crate::token::tests::link;
    use proptest::prelude::*;

    #[test]
    fn the_request_letter_by_letter() {
        let mut link = link();
        let token = Secret::new("at-1");
        assert!(introspection_request(&link, &fresh(), &token).is_none());
        link.introspection_endpoint = Some("https://as.example/introspect".into());
        let request = introspection_request(&link, &fresh(), &token);
        let request = request.expect("an endpoint").expect("a request");
        assert_eq!(request.url, "https://as.example/introspect");
        assert_eq!(
            request.body.expect("a body").expose(),
            "token=at-1&token_type_hint=access_token&client_id=client-1&client_secret=secret-1"
        );
    }

    #[test]
    fn whose_a_token_is_is_read_leniently() {
        let full = parse_introspection(
            br#"{"active":true,"iss":"https://as.example","sub":"s-1","username":"alice@example.org","scope":"a b","exp":1700000000}"#,
        )
        .expect("an answer");
        assert!(full.active);
        assert_eq!(full.identity.issuer.as_deref(), Some("https://as.example"));
        assert_eq!(full.identity.subject.as_deref(), Some("s-1"));
        assert_eq!(full.identity.email.as_deref(), Some("alice@example.org"));
        assert_eq!(full.scopes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(full.expires_at.map(Timestamp::as_second), Some(1_700_000_000));

        let odd = parse_introspection(
            br#"{"active":"true","username":"alice","email":"a@example.org","scope":["a"],"exp":"1700000000.5"}"#,
        )
        .expect("an answer");
        assert!(odd.active);
        assert_eq!(odd.identity.subject, None);
        assert_eq!(
            odd.identity.email.as_deref(),
            Some("a@example.org"),
            "a bare name is no address"
        );
        let unkept = br#"{"active":true,"iss":"https://as\n","sub":"s\u0000"}"#;
        let unkept = parse_introspection(unkept).expect("an answer");
        assert_eq!(unkept.identity, Identity::default(), "neither can be kept");
        assert_eq!(odd.expires_at.map(Timestamp::as_second), Some(1_700_000_000));

        for exp in ["0", "-5", "1e300", "null", "\"soon\""] {
            let body = format!(r#"{{"active":true,"exp":{exp}}}"#);
            let answer = parse_introspection(body.as_bytes()).expect("an answer");
            assert_eq!(answer.expires_at, None, "{exp}");
        }
    }

    #[test]
    fn nothing_counts_of_a_token_that_does_not_work() {
        let answer = parse_introspection(br#"{"active":false,"sub":"s-1","scope":"a"}"#);
        let answer = answer.expect("an answer");
        assert!(!answer.active && answer.identity == Identity::default());
        assert!(answer.scopes.is_none() && answer.expires_at.is_none());
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for (body, code) in [
            ("", "introspection_unreadable"),
            ("<html>", "introspection_unreadable"),
            ("eyJhbGciOi.e30.c2ln", "introspection_unreadable"),
            ("{}", "introspection_refused"),
            (r#"{"active":1}"#, "introspection_refused"),
        ] {
            assert_eq!(parse_introspection(body.as_bytes()).expect_err(body).code, code, "{body}");
        }
        let problem =
            parse_introspection(br#"{"error":"invalid_client","error_description":"no"}"#)
                .expect_err("refused");
        assert!(problem.message.contains("invalid_client no"), "{problem}");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(name in "(active|exp|scope|sub|iss)", value in "\\PC{0,30}", number in any::<f64>()) {
            let _ = parse_introspection(value.as_bytes());
            let body = serde_json::json!({ "active": true, "exp": number, name: value });
            let _ = parse_introspection(body.to_string().as_bytes());
        }
    }
}
