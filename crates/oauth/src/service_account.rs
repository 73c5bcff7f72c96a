//! The JSON key file of a Google service account, which holds all that a link for it needs.

use outlink_model::Secret;
use outlink_model::problem::Problem;
use serde_json::{Map, Value};

use crate::endpoint::check_endpoint;
use crate::keys::check_signing_key;

const FIELD: &str = "service_account";

/// No key file comes near this many octets; they are about 2,400.
const LONGEST: usize = 64 * 1024;

/// Where tokens come from, for the odd file that does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What a key file says.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Who it is: the client id of the link.
    pub client_email: String,
    /// What signs, as PEM.
    pub private_key: Secret,
    /// The key's name at Google (`kid`).
    pub private_key_id: Option<String>,
    /// The token endpoint.
    pub token_uri: String,
}

/// Reads a key file, and checks that its key signs.
pub fn parse_service_account(json: &Secret) -> Result<ServiceAccount, Problem> {
    const HINT: &str = "In the Google Cloud console, open the service account, choose Keys, Add key, Create new key, JSON, \
                        and enter the whole of the file that is downloaded.";
    let refused =
        |message: String| Problem::invalid(FIELD, "service_account_invalid", message, HINT);
    let text = json.expose().trim().trim_start_matches('\u{feff}');
    let parsed: Option<Map<String, Value>> =
        Some(text).filter(|text| text.len() <= LONGEST).and_then(|t| serde_json::from_str(t).ok());
    let Some(mut members) = parsed else {
        return Err(refused("This is not the JSON key file of a service account.".into()));
    };
    let key = match members.remove("private_key") {
        Some(Value::String(key)) if !key.is_empty() => Some(Secret::new(key)),
        _ => None,
    };
    let member = |name: &str| {
        let text = members.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    match member("type").as_deref() {
        Some("service_account") => {}
        _ if members.contains_key("web") || members.contains_key("installed") => {
            return Err(refused(
                "This is the file of an OAuth client, not of a service account.".into(),
            ));
        }
        Some(other) => {
            return Err(refused(format!(
                "This is a file of the type {other:?}, not of a service account."
            )));
        }
        None => {
            return Err(refused("The file does not say that it is of a service account.".into()));
        }
    }
    let missing = |name: &str| refused(format!("The file has no {name}."));
    let client_email = member("client_email").ok_or_else(|| missing("client_email"))?;
    let private_key = key.ok_or_else(|| missing("private_key"))?;
    check_signing_key(FIELD, &private_key, None)?;
    let token_uri = member("token_uri").unwrap_or_else(|| TOKEN_URI.to_owned());
    check_endpoint(FIELD, &token_uri, |_| false)?;
    Ok(ServiceAccount {
        client_email,
        private_key,
        private_key_id: member("private_key_id"),
        token_uri,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{pem, rsa};
    use serde_json::json;

    fn file() -> Value {
        json!({
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "abc123",
            "private_key": pem(rsa()),
            "client_email": "robot@p.iam.gserviceaccount.com",
            "client_id": "1234567890",
            "token_uri": "https://oauth2.googleapis.com/token",
        })
    }

    #[test]
    fn a_key_file_fills_in_a_link() {
        let account = parse_service_account(&Secret::new(file().to_string())).expect("an account");
        assert_eq!(account.client_email, "robot@p.iam.gserviceaccount.com");
        assert_eq!(account.private_key_id.as_deref(), Some("abc123"));
        assert_eq!(account.token_uri, "https://oauth2.googleapis.com/token");
        assert!(account.private_key.expose().starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(!format!("{account:?}").contains("BEGIN"), "the key does not print");
    }

    #[test]
    fn other_files_are_told_apart() {
        let with = |name: &str, value: Value| {
            let mut file = file();
            file[name] = value;
            file.to_string()
        };
        let table = [
            ("nonsense".to_owned(), "not the JSON key file"),
            ("[]".to_owned(), "not the JSON key file"),
            (r#"{"web":{"client_id":"x","client_secret":"y"}}"#.to_owned(), "OAuth client"),
            (r#"{"installed":{}}"#.to_owned(), "OAuth client"),
            (with("type", json!("authorized_user")), "authorized_user"),
            (with("type", json!(null)), "does not say"),
            (with("client_email", json!("")), "no client_email"),
            (with("private_key", json!(null)), "no private_key"),
            (with("private_key", json!("-----BEGIN PRIVATE KEY-----\nMII")), "cut off"),
            (with("token_uri", json!("http://oauth2.googleapis.com/token")), "not https"),
            (" ".repeat(LONGEST + 1) + "{", "not the JSON key file"),
        ];
        for (text, expected) in table {
            let problem = parse_service_account(&Secret::new(text.clone())).expect_err(expected);
            assert!(problem.message.contains(expected), "{problem}");
            assert_eq!(problem.field, Some(FIELD));
            assert!(!problem.hint.is_empty());
        }
    }
}
