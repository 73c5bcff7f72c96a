//! Giving tokens back (RFC 7009).

use outlink_model::grant::{Actor, Failure, FailureClass};
use outlink_model::link::Link;
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use url::Url;

use crate::assertion::Fresh;
use crate::client_auth::{client_request, open_request};
use crate::refusal::{self, Asked};
use crate::request::{Request, Response};
use crate::token::fields::Fields;

/// Which token is given back (RFC 7009 §2.1). A server looks there first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenHint {
    /// An access token.
    Access,
    /// A refresh token: the consent ends with it.
    Refresh,
}

impl TokenHint {
    /// Its name in a request.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        }
    }
}

/// Gives a token back; `None` where the link has no revocation endpoint.
///
/// Google wants the token alone, and no client authentication. There, and at many others, either token ends the whole
/// consent, for every client of the project and for grants that were given again since.
pub fn revocation_request(
    link: &Link,
    fresh: &Fresh,
    token: &Secret,
    hint: TokenHint,
) -> Option<Result<Request, Failure>> {
    let endpoint = link.revocation_endpoint.as_deref()?;
    let token = ("token", token.expose());
    Some(if is_google(link, endpoint) {
        Ok(open_request(endpoint, &[token]))
    } else {
        client_request(link, fresh, endpoint, &[token, ("token_type_hint", hint.name())])
    })
}

/// Reads the answer to [`revocation_request`]. A token that the provider does not know is revoked: RFC 7009 §2.2 says so,
/// and those that refuse it, as Google does, say the same in other words.
///
/// A failure says nothing about the link or the grant; it is for whoever asked for the revocation.
pub fn parse_revocation_response(
    provider: ProviderKind,
    response: &Response,
    now: Timestamp,
) -> Result<(), Failure> {
    let fields = Fields::read(&response.body);
    let error = fields.as_ref().and_then(|fields| fields.text("error"));
    match (response.status, error) {
        (200..=299, None) => return Ok(()),
        (200..=299 | 400..=499, Some("invalid_token" | "invalid_grant"))
            if response.status != 429 =>
        {
            return Ok(());
        }
        _ => {}
    }
    let unsupported = error == Some("unsupported_token_type");
    let mut failure =
        refusal::classify(provider, Asked::Revocation, response, fields.as_ref(), now);
    if unsupported && response.status < 500 {
        failure.class = FailureClass::Blocked;
        failure.trouble.actor = Actor::MailboxOwner;
        failure.trouble.reason = "The provider does not take tokens of this kind back.".to_owned();
        failure.trouble.hint =
            "Withdraw the consent in the account's settings at the provider.".to_owned();
    }
    Err(failure)
}

/// By the preset, or by a custom link to Google's endpoint.
fn is_google(link: &Link, endpoint: &str) -> bool {
    let host = Url::parse(endpoint.trim()).ok().and_then(|url| url.host_str().map(str::to_owned));
    match host.as_deref() {
        Some("oauth2.googleapis.com" | "accounts.google.com") => true,
        // The preset's endpoints are editable: a server that stands in for Google is spoken to as Google is.
        _ => link.provider == ProviderKind::Google,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::tests::fresh;
    use crate::token::tests::link;
    use outlink_model::link::ClientAuth;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn sent(link: &Link, hint: TokenHint) -> Option<(String, String)> {
        let request = revocation_request(link, &fresh(), &Secret::new("t-1"), hint)?;
        let request = request.expect("a request");
        let authorization = request.headers.iter().any(|(name, _)| *name == "Authorization");
        assert_eq!(
            authorization,
            link.client_auth == ClientAuth::Basic && request.url.contains("as.")
        );
        Some((request.url, request.body.expect("a body").expose().to_owned()))
    }

    #[test]
    fn requests_letter_by_letter() {
        let mut link = link();
        assert_eq!(sent(&link, TokenHint::Access), None, "there is no endpoint");
        link.revocation_endpoint = Some("https://as.example/revoke?x=1".into());
        link.token_params = vec![("audience".into(), "a".into())];
        let expected =
            "token=t-1&token_type_hint=refresh_token&client_id=client-1&client_secret=secret-1";
        assert_eq!(
            sent(&link, TokenHint::Refresh),
            Some(("https://as.example/revoke?x=1".into(), expected.into())),
            "without the parameters of token requests"
        );
        link.client_auth = ClientAuth::Basic;
        let (_, body) = sent(&link, TokenHint::Access).expect("a request");
        assert_eq!(body, "token=t-1&token_type_hint=access_token");
        link.revocation_endpoint = Some("https://oauth2.googleapis.com/revoke".into());
        assert_eq!(sent(&link, TokenHint::Refresh).expect("a request").1, "token=t-1");
    }

    #[test]
    fn what_answers_mean() {
        use FailureClass::{Blocked, Link, Passing};
        let read = |status, body: &str| {
            let response = Response { status, headers: Vec::new(), body: body.into() };
            parse_revocation_response(ProviderKind::Custom, &response, NOW)
        };
        for (status, body) in [
            (200, ""),
            (200, "{}"),
            (204, ""),
            (200, "<html>ok</html>"),
            (400, r#"{"error":"invalid_token","error_description":"Token expired or revoked"}"#),
            (400, r#"{"error":"invalid_grant"}"#),
            (200, r#"{"error":"invalid_token"}"#),
        ] {
            assert!(read(status, body).is_ok(), "{status} {body}");
        }
        for (status, body, class, words) in [
            (400, r#"{"error":"unsupported_token_type"}"#, Blocked, "of this kind"),
            (401, r#"{"error":"invalid_client"}"#, Link, "client id and secret"),
            (404, "<html>", Link, "no revocation endpoint"),
            (302, "", Link, "The revocation endpoint answers with a redirect"),
            (503, r#"{"error":"invalid_token"}"#, Passing, "fault of its own"),
            (503, r#"{"error":"unsupported_token_type"}"#, Passing, "fault of its own"),
            (429, r#"{"error":"invalid_token"}"#, Passing, "slow down"),
            (400, "<html>", Passing, "The revocation endpoint's answer"),
            (200, r#"{"error":"server_error"}"#, Passing, "fault of its own"),
        ] {
            let failure = read(status, body).expect_err(body);
            assert_eq!(failure.class, class, "{status} {body}: {failure:?}");
            assert!(failure.trouble.reason.contains(words), "{status} {body}: {failure:?}");
        }
    }
}
