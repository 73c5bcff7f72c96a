//! What an endpoint answers to somebody who asks for nothing: whether it is what it is entered as. Pure.

use outlink_model::provider::ProviderKind;
use outlink_oauth::{self as oauth, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::Found;

const COMPARE: &str = "Compare it with the provider's documentation, letter by letter.";

/// What no endpoint of a kind answers, whoever asks; `None` where the answer must be looked at more closely.
fn at_once(what: &str, response: &Response) -> Option<Found> {
    let status = response.status;
    Some(match status {
        404 | 405 | 410 | 501 => Found::failed(
            format!("It answers {status}: there is no {what} at this address."),
            COMPARE,
        ),
        429 => Found::skipped("It answers 429: it wants to rest. Try again in a while."),
        500.. => Found::failed(
            format!("It answers {status}: something is wrong at the provider."),
            "Try again in a while; if it stays so, ask the provider.",
        ),
        _ => return None,
    })
}

/// Only browsers follow redirects.
fn moved(what: &str, response: &Response) -> Option<Found> {
    (300..=399).contains(&response.status).then(|| {
        Found::failed(
            format!(
                "It answers {} and sends us to {}, which is not followed.",
                response.status,
                oauth::redact(response.header("location").unwrap_or("nowhere"), &[])
            ),
            format!("Enter the address that the provider documents for its {what}."),
        )
    })
}

/// A browser is shown a page or sent to one, or told what was wrong with the request.
pub(super) fn authorization_answer(response: &Response) -> Found {
    if let Some(found) = at_once("authorization endpoint", response) {
        return found;
    }
    match (response.status, kind(response)) {
        (status @ 200..=299, Some("application/json")) => Found::failed(
            format!("It answers {status} with JSON, and not with a page for people."),
            COMPARE,
        ),
        (status, _) => Found::ok(format!("It answers {status}.")),
    }
}

/// Whether somebody who was asked for nothing answers as RFC 6749 §5.2 has it. Other servers have an `error` in their
/// answers too, so what the status says comes first.
pub(super) fn token_answer(what: &str, provider: ProviderKind, response: &Response) -> Found {
    if let Some(found) = of_github(provider, response) {
        return found;
    }
    if let Some(found) = at_once(what, response).or_else(|| moved(what, response)) {
        return found;
    }
    let status = response.status;
    if let Some((error, description)) = oauth_error(response) {
        let words = description.map(|words| format!(": {words}")).unwrap_or_default();
        let said = oauth::redact(&format!("{error}{words}"), &[]);
        return Found::ok(format!("It answers like a {what} ({status}, {said})."));
    }
    // RFC 6749 §5.2: a client that must prove itself may be told so in a header alone.
    if status == 401 && response.header("www-authenticate").is_some() {
        return Found::ok(format!(
            "It answers like a {what} ({status}: it wants to know who asks)."
        ));
    }
    let kind =
        oauth::redact(response.header("content-type").unwrap_or("without a content type"), &[]);
    Found::failed(
        format!("It answers {status} ({kind}), which is not how a {what} refuses."),
        "Compare the address with the provider's documentation. A firewall's or a proxy's page looks like this too.",
    )
}

/// GitHub's token endpoint says that it is not found to whoever names no client of its.
fn of_github(provider: ProviderKind, response: &Response) -> Option<Found> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    let said = body.get("error")?.as_str()? == "Not Found" && response.status == 404;
    (said && provider == ProviderKind::Github)
        .then(|| Found::ok("It answers 404, as GitHub does where no client is named."))
}

/// The error of an answer as OAuth 2.0 has it: JSON as a rule, a form at some (old) servers.
fn oauth_error(response: &Response) -> Option<(String, Option<String>)> {
    let pairs: Vec<(String, String)> = match serde_json::from_slice(&response.body) {
        Ok(Value::Object(fields)) => {
            let texts = fields.into_iter();
            texts.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
        }
        Ok(_) => return None,
        Err(_) if kind(response) == Some("application/x-www-form-urlencoded") => {
            form_urlencoded::parse(&response.body).into_owned().collect()
        }
        Err(_) => return None,
    };
    let named = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let (_, error) = named("error")?;
    let is_code = !error.is_empty() && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_code.then(|| (error.clone(), named("error_description").map(|(_, words)| words.clone())))
}

/// An endpoint that nothing is known of but that it is there: every refusal will do, and a web page will not.
pub(super) fn other_answer(what: &str, response: &Response) -> Found {
    if let Some(found) = at_once(what, response).or_else(|| moved(what, response)) {
        return found;
    }
    let status = response.status;
    let is_page = response.body.trim_ascii_start().starts_with(b"<");
    match (status, kind(response)) {
        (200..=299, Some("text/html")) if is_page => Found::failed(
            format!("It answers {status} with a web page, which no {what} does."),
            COMPARE,
        ),
        _ => Found::ok(format!("It answers {status}.")),
    }
}

/// The media type alone.
fn kind(response: &Response) -> Option<&str> {
    let kind = response.header("content-type")?;
    Some(kind.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::step::StepStatus::{Failed, Ok, Skipped};

    const JSON: &str = "application/json";
    const HTML: &str = "text/html; charset=utf-8";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn answer(status: u16, kind: &str, body: &str) -> Response {
        Response {
            status,
            headers: vec![("content-type".into(), kind.into())],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_a_token_endpoint_says_to_nothing() {
        let challenge = Response {
            headers: vec![("www-authenticate".into(), "Basic".into())],
            ..answer(401, HTML, "")
        };
        let table = [
            (answer(400, JSON, r#"{"error":"invalid_request"}"#), Ok),
            (answer(401, JSON, r#"{"error":"invalid_client"}"#), Ok),
            // GitHub.
            (answer(200, JSON, r#"{"error":"bad_verification_code"}"#), Ok),
            (answer(400, FORM, "error=invalid_request&error_description=No"), Ok),
            (challenge, Ok),
            (answer(401, HTML, ""), Failed),
            (answer(200, HTML, "<html>Log in</html>"), Failed),
            (answer(400, JSON, "[]"), Failed),
            (answer(400, JSON, r#"{"error":{"code":400}}"#), Failed),
            (answer(400, JSON, r#"{"status":400,"error":"Bad Request"}"#), Failed),
            (answer(400, HTML, "error=invalid_request"), Failed),
            (answer(302, HTML, ""), Failed),
            (answer(404, HTML, ""), Failed),
            // Whatever else speaks JSON there.
            (answer(404, JSON, r#"{"status":404,"error":"Not Found"}"#), Failed),
            (answer(404, JSON, r#"{"error":"not_found"}"#), Failed),
            (answer(405, JSON, r#"{"error":"method_not_allowed"}"#), Failed),
            (answer(503, JSON, r#"{"error":"temporarily_unavailable"}"#), Failed),
            (answer(429, JSON, r#"{"error":"slow_down"}"#), Skipped),
        ];
        for (response, expected) in table {
            let found = token_answer("token endpoint", ProviderKind::Custom, &response);
            assert_eq!(found.status, expected, "{response:?}: {}", found.message);
            assert_eq!(found.status == Failed, !found.hint.is_empty());
        }
        let not_found = answer(404, JSON, r#"{"error":"Not Found"}"#);
        let found = token_answer("token endpoint", ProviderKind::Github, &not_found);
        assert_eq!(found.status, Ok, "{}", found.message);
    }

    #[test]
    fn what_a_browser_is_not_sent_to() {
        let table = [
            (answer(200, HTML, "<html>"), Ok),
            (answer(302, HTML, ""), Ok),
            (answer(400, JSON, r#"{"error":"invalid_request"}"#), Ok),
            (answer(200, "application/json; charset=utf-8", "{}"), Failed),
            (answer(404, HTML, ""), Failed),
            (answer(405, HTML, ""), Failed),
            (answer(410, HTML, ""), Failed),
            (answer(501, HTML, ""), Failed),
            (answer(503, HTML, ""), Failed),
        ];
        for (response, expected) in table {
            let found = authorization_answer(&response);
            assert_eq!(found.status, expected, "{response:?}: {}", found.message);
        }
    }

    #[test]
    fn whether_there_is_anything_at_another_endpoint() {
        let table = [
            (answer(401, JSON, "{}"), Ok),
            (answer(400, HTML, ""), Ok),
            (answer(403, HTML, "<html>"), Ok),
            (answer(200, JSON, r#"{"active":false}"#), Ok),
            (answer(200, HTML, ""), Ok),
            (answer(200, HTML, "\n<!doctype html>"), Failed),
            (answer(302, HTML, ""), Failed),
            (answer(404, JSON, "{}"), Failed),
            (answer(405, JSON, "{}"), Failed),
            (answer(502, HTML, ""), Failed),
            (answer(429, HTML, ""), Skipped),
        ];
        for (response, expected) in table {
            let found = other_answer("revocation endpoint", &response);
            assert_eq!(found.status, expected, "{response:?}: {}", found.message);
        }
    }
}
