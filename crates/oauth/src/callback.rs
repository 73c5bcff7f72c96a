//! The authorization response: what the browser brings back (RFC 6749 §4.1.2, RFC 9207).

use std::fmt;

use outlink_model::problem::{Problem, ProblemKind};

/// The parameters of a callback that mean something here. Anything else (`scope`, `authuser`, `session_state`) is
/// ignored, as RFC 6749 §4.1.2 has it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CallbackParams {
    /// The authorization code. Secret: whoever has it and the verifier has the tokens.
    pub code: Option<String>,
    /// What was sent along with the request.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same in words.
    pub error_description: Option<String>,
    /// Where to read more.
    pub error_uri: Option<String>,
}

impl fmt::Debug for CallbackParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackParams")
            .field("code", &self.code.as_ref().map(|_| "[secret]"))
            .field("state", &self.state.as_ref().map(|_| "[secret]"))
            .field("iss", &self.iss)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Reads the decoded parameters of a callback. Refuses one that says a thing twice (RFC 6749 §3.1), that says yes and no
/// at once, or that says neither. A parameter without a value counts as absent (RFC 6749 §3.1).
pub fn parse_callback(pairs: &[(String, String)]) -> Result<CallbackParams, Problem> {
    let mut params = CallbackParams::default();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in pairs {
        let place = match name.as_str() {
            "code" => &mut params.code,
            "state" => &mut params.state,
            "iss" => &mut params.iss,
            "error" => &mut params.error,
            "error_description" => &mut params.error_description,
            "error_uri" => &mut params.error_uri,
            _ => continue,
        };
        if seen.contains(&name.as_str()) {
            return Err(refused(
                "callback_repeated",
                format!("The answer holds the parameter {name} twice, so it cannot be trusted."),
            ));
        }
        seen.push(name);
        *place = Some(value.clone()).filter(|value| !value.is_empty());
    }
    match (&params.code, &params.error) {
        (Some(_), Some(_)) => Err(refused(
            "callback_contradicts_itself",
            "The answer holds both a code and an error, so it cannot be trusted.".to_owned(),
        )),
        (None, None) => Err(refused(
            "callback_empty",
            "The answer holds neither a code nor an error. A provider's answer has one of them."
                .to_owned(),
        )),
        _ => Ok(params),
    }
}

fn refused(code: &'static str, message: String) -> Problem {
    Problem::new(
        ProblemKind::Invalid,
        code,
        message,
        "Begin the consent again from its start page.",
    )
}

/// Checks who answers (RFC 9207 §2.4): where an issuer is `expected`, the answer must name the same one, byte for byte,
/// on error answers too; where none is, `iss` is ignored. The defence against a provider that passes another one's
/// answers off as its own.
pub fn check_issuer(expected: Option<&str>, got: Option<&str>) -> Result<(), Problem> {
    let problem = |message: String, hint: String| {
        Err(Problem::new(ProblemKind::Forbidden, "issuer_mismatch", message, hint))
    };
    match (expected, got) {
        (None, _) => Ok(()),
        (Some(expected), Some(got)) if expected == got => Ok(()),
        (Some(expected), Some(got)) => problem(
            format!("The answer comes from {got:?}, but the link's issuer is {expected:?}."),
            "If the two are the same provider, enter the first one as the link's issuer, letter by letter. \
             Otherwise somebody may be tampering with the consent: do not go on."
                .to_owned(),
        ),
        (Some(expected), None) => problem(
            format!("The answer does not say who sends it, but the link's issuer is {expected:?}."),
            "If this provider sends no iss parameter (RFC 9207), switch requires_iss off in the link and begin again."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(query: &str) -> Result<CallbackParams, &'static str> {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        parse_callback(&pairs).map_err(|problem| problem.code)
    }

    #[test]
    fn what_providers_send_is_read() {
        let params = parse(
            "state=s1&iss=https%3A%2F%2Faccounts.google.com&code=4%2F0Ab%2Bc&scope=email&authuser=0&prompt=none",
        )
        .expect("Google's answer");
        assert_eq!(params.code.as_deref(), Some("4/0Ab+c"));
        assert_eq!(params.iss.as_deref(), Some("https://accounts.google.com"));
        assert!(!format!("{params:?}").contains("4/0A"), "a code does not print");

        let denied = parse("error=access_denied&error_description=no&state=s1").expect("a denial");
        assert_eq!((denied.error.as_deref(), denied.code), (Some("access_denied"), None));

        let long = format!("code=c&state={}", "s".repeat(4096));
        assert_eq!(parse(&long).expect("a long state").state.map(|s| s.len()), Some(4096));
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        let table = [
            ("code=a&code=b&state=s", "callback_repeated"),
            ("code=a&code=a&state=s", "callback_repeated"),
            ("code=&code=a&state=s", "callback_repeated"),
            ("code=a&state=s&state=t", "callback_repeated"),
            ("code=a&state=s&iss=x&iss=y", "callback_repeated"),
            ("code=a&error=access_denied&state=s", "callback_contradicts_itself"),
            ("state=s", "callback_empty"),
            ("code=&state=s", "callback_empty"),
            ("", "callback_empty"),
        ];
        for (query, expected) in table {
            assert_eq!(parse(query), Err(expected), "{query}");
        }
        assert!(parse("code=a&x=1&x=2").is_ok(), "what means nothing here may be repeated");
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        let table = [
            (None, None, true),
            (None, Some("https://as.example"), true),
            (Some("https://as.example"), Some("https://as.example"), true),
            (Some("https://as.example"), Some("https://as.example/"), false),
            (Some("https://as.example"), Some("https://AS.example"), false),
            (Some("https://as.example"), None, false),
        ];
        for (expected, got, ok) in table {
            assert_eq!(check_issuer(expected, got).is_ok(), ok, "{expected:?} {got:?}");
        }
    }

    proptest! {
        #[test]
        fn no_callback_makes_it_panic(query in proptest::collection::vec(any::<u8>(), 0..300)) {
            let pairs: Vec<_> = url::form_urlencoded::parse(&query).into_owned().collect();
            let read = parse_callback(&pairs);
            prop_assert!(read.is_err() || read.is_ok_and(|p| p.code.is_some() != p.error.is_some()));
        }

        #[test]
        fn no_parameters_make_it_panic(
            pairs in proptest::collection::vec(("(code|state|iss|error|.{0,8})", ".{0,20}"), 0..8),
        ) {
            if let Ok(params) = parse_callback(&pairs) {
                prop_assert!(params.code.is_some() != params.error.is_some());
            }
        }
    }
}
