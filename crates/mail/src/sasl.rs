//! SASL with OAuth 2.0 tokens: XOAUTH2, and OAUTHBEARER (RFC 7628). Bytes only; base64 and the exchange itself belong to
//! the session of the protocol that carries them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use outlink_model::Secret;

use crate::imap::Capabilities;

/// How a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// The older one, which Google and Microsoft made up.
    XOAuth2,
    /// RFC 7628.
    OAuthBearer,
}

impl Mechanism {
    /// The registered name, as it goes over the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }
}

/// Why no initial response was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is empty or has characters that no token has (RFC 6750 §2.1).
    #[error("The access token is empty or has characters that cannot be sent.")]
    Token,
    /// The user's name is empty or has control characters.
    #[error("The mailbox name is empty or has control characters, which cannot be sent.")]
    User,
    /// The host's name has characters that cannot be sent.
    #[error("The host name is empty or has characters that cannot be sent.")]
    Host,
}

/// Chooses by what the server offers. Ask only with the capabilities that were told after TLS: what is told before can
/// be forged. There is no fall-back to a mechanism made for passwords.
pub fn choose(capabilities: &Capabilities) -> Option<Mechanism> {
    [Mechanism::OAuthBearer, Mechanism::XOAuth2]
        .into_iter()
        .find(|mechanism| capabilities.mechanisms().any(|offered| offered == mechanism.as_str()))
}

/// What the client says first, not yet in base64.
///
/// The parts are separated by control characters, so a token or a name that holds one could add parts of its own; both
/// are refused.
pub fn initial_response(
    mechanism: Mechanism,
    user: &str,
    host: &str,
    port: u16,
    token: &Secret,
) -> Result<Secret, Error> {
    let bearer = token.expose();
    if bearer.is_empty() || !bearer.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token);
    }
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(Error::User);
    }
    Ok(Secret::new(match mechanism {
        Mechanism::XOAuth2 => format!("user={user}\x01auth=Bearer {bearer}\x01\x01"),
        Mechanism::OAuthBearer => {
            if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::Host);
            }
            // RFC 5801 §4: `,` would end the name and `=` would begin an escape.
            let name = user.replace('=', "=3D").replace(',', "=2C");
            format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {bearer}\x01\x01")
        }
    }))
}

/// What the client answers to an error challenge, not yet in base64. A server that waits for it says nothing more until
/// it comes.
pub fn error_answer(mechanism: Mechanism) -> &'static [u8] {
    match mechanism {
        Mechanism::XOAuth2 => b"",
        // RFC 7628 §3.2.3: a single %x01.
        Mechanism::OAuthBearer => b"\x01",
    }
}

/// What a server says about a token that it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// `401`, or `invalid_token` and its kin.
    pub status: Option<String>,
    /// The scope that the server wants.
    pub scope: Option<String>,
    /// All of it, as text for people.
    pub text: String,
}

/// Octets of a challenge that are kept. It is shown to people, and no honest one is longer.
const CHALLENGE_KEPT: usize = 2048;

/// Reads an error challenge. Never fails: what is neither base64 nor JSON is kept as text.
pub fn parse_challenge(base64: &str) -> Challenge {
    let given = base64.trim();
    let decoded = STANDARD_PAD_INDIFFERENT.decode(given).unwrap_or_else(|_| given.into());
    let json = serde_json::from_slice::<serde_json::Value>(&decoded).unwrap_or_default();
    let field = |name| match json.get(name) {
        Some(serde_json::Value::String(text)) => Some(crate::words::plain(text.as_bytes(), 200)),
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    Challenge {
        status: field("status"),
        scope: field("scope"),
        text: crate::words::plain(&decoded, CHALLENGE_KEPT),
    }
}

/// In base64, as it goes over the wire.
pub(crate) fn encode(raw: &[u8]) -> Secret {
    Secret::new(STANDARD.encode(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(mechanism: Mechanism, user: &str, token: &str) -> Result<String, Error> {
        initial_response(mechanism, user, "server.example.com", 143, &Secret::new(token))
            .map(|raw| encode(raw.expose().as_bytes()).expose().to_owned())
    }

    #[test]
    fn xoauth2_is_as_its_makers_write_it() {
        assert_eq!(
            made(Mechanism::XOAuth2, "user@example.com", "tok").unwrap(),
            "dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHRvawEB"
        );
        assert_eq!(
            made(
                Mechanism::XOAuth2,
                "someuser@example.com",
                "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
            )
            .unwrap(),
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmh\
             kSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }

    #[test]
    fn oauthbearer_is_as_rfc_7628_writes_it() {
        assert_eq!(
            made(
                Mechanism::OAuthBearer,
                "user@example.com",
                "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
            )
            .unwrap(),
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmV\
             yIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        );
    }

    #[test]
    fn commas_and_equal_signs_in_a_name_are_escaped() {
        let raw = initial_response(
            Mechanism::OAuthBearer,
            "a=b,c@example.org",
            "h",
            993,
            &Secret::new("t"),
        )
        .unwrap();
        assert_eq!(
            raw.expose(),
            "n,a=a=3Db=2Cc@example.org,\x01host=h\x01port=993\x01auth=Bearer t\x01\x01"
        );
    }

    #[test]
    fn nothing_that_could_add_a_part_is_let_in() {
        for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
            for token in ["", "a\r\nb", "a\nb", "a\x01b", "a\0b", "a b", "é", "a\x7f"] {
                assert_eq!(made(mechanism, "u", token), Err(Error::Token), "{token:?}");
            }
            for user in ["", "a\r\nb", "a\x01auth=Bearer x", "a\0"] {
                assert_eq!(made(mechanism, user, "t"), Err(Error::User), "{user:?}");
            }
        }
        let host = |host| {
            initial_response(Mechanism::OAuthBearer, "u", host, 1, &Secret::new("t")).map(|_| ())
        };
        assert_eq!(host("h\x01auth=Bearer x"), Err(Error::Host));
    }

    #[test]
    fn the_better_mechanism_wins_and_a_password_mechanism_never_does() {
        let chosen = |told: &str| choose(&Capabilities::parse(told));
        assert_eq!(chosen("IMAP4rev1 AUTH=XOAUTH2 AUTH=OAUTHBEARER"), Some(Mechanism::OAuthBearer));
        assert_eq!(chosen("IMAP4rev1 auth=xoauth2 AUTH=PLAIN"), Some(Mechanism::XOAuth2));
        assert_eq!(chosen("IMAP4rev1 AUTH=PLAIN AUTH=LOGIN XOAUTH2"), None);
    }

    #[test]
    fn challenges_are_read_and_never_fail() {
        let challenge = parse_challenge(
            "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=",
        );
        assert_eq!(challenge.status.as_deref(), Some("invalid_token"));
        assert_eq!(challenge.scope.as_deref(), Some("example_scope"));
        assert!(challenge.text.contains("openid-configuration"));

        // {"status":401,"schemes":"bearer mac"} with a line feed, and without padding.
        let number = parse_challenge("eyJzdGF0dXMiOjQwMSwic2NoZW1lcyI6ImJlYXJlciBtYWMifQo");
        assert_eq!((number.status.as_deref(), number.scope), (Some("401"), None));

        let odd = parse_challenge(" what is this? ");
        assert_eq!((odd.status, odd.text.as_str()), (None, "what is this?"));
        assert!(parse_challenge(&"QUFB".repeat(10_000)).text.len() <= CHALLENGE_KEPT + 8);
    }

    #[test]
    fn an_error_challenge_has_its_own_answer() {
        assert_eq!(encode(error_answer(Mechanism::XOAuth2)).expose(), "");
        assert_eq!(encode(error_answer(Mechanism::OAuthBearer)).expose(), "AQ==");
    }
}
