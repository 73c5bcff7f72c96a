//! Whether an answer refuses the client itself: then another client secret may do.

use outlink_model::provider::ProviderKind;

use crate::refusal;
use crate::request::Response;
use crate::token::fields::Fields;

/// Whether the endpoint says that the client is not who it says it is: `invalid_client` (RFC 6749 §5.2), with whatever
/// status, what this provider says instead by the tables of refusals, or 401 without a word.
pub fn is_client_refused(provider: ProviderKind, response: &Response) -> bool {
    let fields = Fields::read(&response.body);
    let said = fields.as_ref().and_then(|fields| Some((fields, fields.text("error")?)));
    match said {
        Some((_, "invalid_client")) => true,
        Some((fields, _)) => refusal::refuses_client(provider, response, fields),
        None => response.status == 401,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::provider::ProviderKind::{Custom, Github, Google, Microsoft};

    #[test]
    fn only_a_refused_client_is_worth_another_secret() {
        let google = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
        let keycloak = r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#;
        let github = r#"{"error":"incorrect_client_credentials"}"#;
        let entra = r#"{"error":"unauthorized_client","error_codes":[7000222]}"#;
        let table = [
            (Custom, 401, r#"{"error":"invalid_client"}"#, true),
            (Custom, 400, r#"{"error":"invalid_client","error_codes":[7000222]}"#, true),
            (Custom, 200, r#"{"error":"invalid_client"}"#, true),
            (Custom, 401, "", true),
            // What providers say instead.
            (Google, 400, google, true),
            (Custom, 400, google, false),
            (Custom, 401, keycloak, true),
            (Github, 200, github, true),
            (Microsoft, 400, entra, true),
            (Custom, 503, keycloak, false),
            (Custom, 429, github, false),
            // About something else than the secret.
            (
                Google,
                400,
                r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be short-lived"}"#,
                false,
            ),
            (
                Google,
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                false,
            ),
            (Custom, 400, r#"{"error":"unauthorized_client"}"#, false),
            (Microsoft, 400, r#"{"error":"unauthorized_client","error_codes":[700016]}"#, false),
            (Custom, 400, r#"{"error":"invalid_grant"}"#, false),
            (Custom, 401, r#"{"error":"invalid_grant"}"#, false),
            (Custom, 200, r#"{"access_token":"t"}"#, false),
            (Custom, 503, "<html>", false),
        ];
        for (provider, status, body, refused) in table {
            let response = Response { status, headers: Vec::new(), body: body.into() };
            assert_eq!(is_client_refused(provider, &response), refused, "{status} {body}");
        }
    }
}
