//! Parameters that are set here and by nobody else: another value would break the flow or its protection.

use outlink_model::problem::Problem;
use url::Url;

/// Set in requests to whatever endpoint, by what is asked for or by how the client authenticates.
const EVERYWHERE: [&str; 14] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "redirect_uri",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "device_code",
    "assertion",
    "token",
    "token_type_hint",
    "request_uri",
];

/// Set in requests that a browser carries, and those for a device code; elsewhere a provider may want them from the
/// link.
const WHERE_PEOPLE_CONSENT: [&str; 8] = [
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
];

/// Endpoints to whose requests parameters are added.
const ENDPOINTS: [&str; 5] = [
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
];

/// What a parameter is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The authorization request, and the one for a device code.
    Consent,
    /// A request to any other endpoint.
    Token,
}

/// Whether a parameter is set here. Some servers do not tell letter cases apart, so neither does this.
pub(crate) fn is_reserved(place: Place, name: &str) -> bool {
    let is = |known: &str| known.eq_ignore_ascii_case(name.trim());
    EVERYWHERE.iter().any(|known| is(known))
        || (place == Place::Consent && WHERE_PEOPLE_CONSENT.iter().any(|known| is(known)))
}

/// Checks additional parameters of a link: none may be empty, and none may be one that is set here.
pub(crate) fn check_params(
    field: &'static str,
    place: Place,
    params: &[(String, String)],
) -> Result<(), Problem> {
    for (name, _) in params {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Problem::invalid(
                field,
                "parameter_invalid",
                format!("{name:?} cannot be the name of a parameter."),
                "Write each parameter as name=value, without spaces in the name.",
            ));
        }
        if is_reserved(place, name) {
            return Err(Problem::invalid(
                field,
                "parameter_reserved",
                format!("The parameter {name} is set for every request and cannot be set again."),
                "Remove it. Scopes, the client id and the secret have fields of their own.",
            ));
        }
    }
    Ok(())
}

/// Checks the query of an endpoint before it is saved: it is kept in every request (RFC 6749 §3.1 and §3.2), so a
/// parameter that is set here would be sent twice. `field` is the endpoint's; of other fields nothing is held.
///
/// # Errors
/// A [`Problem`] that names the parameter.
pub fn check_endpoint_query(field: &'static str, text: &str) -> Result<(), Problem> {
    let Some(url) = Url::parse(text.trim()).ok().filter(|_| ENDPOINTS.contains(&field)) else {
        return Ok(());
    };
    let consent = matches!(field, "authorization_endpoint" | "device_authorization_endpoint");
    let place = if consent { Place::Consent } else { Place::Token };
    for (name, value) in url.query_pairs() {
        // The one value that it can have here; some providers print their address with it.
        let usual = field == "authorization_endpoint" && name == "response_type" && value == "code";
        if is_reserved(place, &name) && !usual {
            let name = name.trim();
            return Err(Problem::invalid(
                field,
                "parameter_reserved",
                format!(
                    "The query of the {} sets {name}, which is set for every request.",
                    field.replace('_', " ")
                ),
                format!("Remove {name} from the address."),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_here_is_reserved_in_whatever_letters() {
        for name in EVERYWHERE {
            assert!(is_reserved(Place::Token, name) && is_reserved(Place::Consent, name), "{name}");
            assert!(is_reserved(Place::Token, &name.to_uppercase()), "{name}");
        }
        for name in WHERE_PEOPLE_CONSENT {
            assert!(is_reserved(Place::Consent, &name.to_uppercase()), "{name}");
            assert!(!is_reserved(Place::Token, name), "{name}");
        }
        assert!(!is_reserved(Place::Consent, "prompt") && !is_reserved(Place::Token, "resource"));
    }

    #[test]
    fn a_query_sets_nothing_that_is_set_for_every_request() {
        let table = [
            ("authorization_endpoint", "?client_id=x", false),
            ("authorization_endpoint", "?Client_ID=x", false),
            ("authorization_endpoint", "?a=b&redirect%5Furi=https://evil.example", false),
            ("authorization_endpoint", "?scope=mail", false),
            ("authorization_endpoint", "?response_type=token", false),
            ("authorization_endpoint", "?response_type=code&p=policy", true),
            ("authorization_endpoint", "", true),
            ("token_endpoint", "?grant_type=password", false),
            ("token_endpoint", "?GRANT_TYPE=x", false),
            ("token_endpoint", "?client_assertion=x", false),
            ("token_endpoint", "?tenant=x&scope=mail", true),
            ("device_authorization_endpoint", "?scope=mail", false),
            ("revocation_endpoint", "?token=x", false),
            ("introspection_endpoint", "?token_type_hint=x", false),
            ("userinfo_endpoint", "?client_id=x", true),
            ("issuer", "?client_id=x", true),
        ];
        for (field, query, taken) in table {
            let checked = check_endpoint_query(field, &format!(" https://as.example/x{query}"));
            assert_eq!(checked.is_ok(), taken, "{field} {query}");
            if let Err(problem) = checked {
                assert_eq!((problem.code, problem.field), ("parameter_reserved", Some(field)));
                assert!(problem.message.contains(&field.replace('_', " ")), "{problem}");
            }
        }
        assert!(check_endpoint_query("token_endpoint", "nonsense").is_ok(), "told elsewhere");
    }
}
