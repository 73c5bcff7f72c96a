//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core 1.0 §3.1.2.1) and its answer.

use std::collections::BTreeSet;

use url::Url;

use super::SCOPES;
use super::form::Form;
use crate::client::Client;
use crate::settings::Settings;

/// How the client learns of the decision.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// The browser takes a code there.
    Back { redirect_uri: String, state: Option<String>, challenge: Option<String> },
    /// A device asks for itself; it showed this code.
    Device { user_code: String },
}

/// A request that is in order.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) client: String,
    /// The client as people know it.
    pub(crate) client_name: String,
    pub(crate) way: Way,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) login_hint: Option<String>,
    prompt: Vec<String>,
}

/// A request that is not.
#[derive(Debug)]
pub(crate) enum Bad {
    /// It is not safe to send the browser anywhere (RFC 6749 §4.1.2.1): the person is told.
    Page(&'static str),
    /// The client is told, at this address.
    Redirect(String),
}

impl Asked {
    /// What a device asks for. Whoever holds it is always asked: the code may have come from a stranger (RFC 8628 §5.4).
    pub(crate) fn by_device(client: &Client, scopes: Vec<String>, user_code: &str) -> Self {
        Self {
            client: client.id.clone(),
            client_name: client.name.clone(),
            way: Way::Device { user_code: user_code.to_owned() },
            scopes,
            nonce: None,
            login_hint: None,
            prompt: vec!["consent".to_owned()],
        }
    }

    /// Whether the one who is signed in must sign in once more.
    pub(crate) fn wants_login(&self) -> bool {
        self.prompts("login") || self.prompts("select_account")
    }

    /// Whether this value is in `prompt`.
    pub(crate) fn prompts(&self, value: &str) -> bool {
        self.prompt.iter().any(|one| one == value)
    }

    /// Whether the person must be asked, given what they consented to before.
    pub(crate) fn wants_consent(&self, before: Option<&BTreeSet<String>>) -> bool {
        let known = |scope: &String| before.is_some_and(|before| before.contains(scope));
        self.prompts("consent") || !self.scopes.iter().all(known)
    }

    /// Where to send the browser with a code; nowhere if a device asked.
    pub(crate) fn granted(&self, code: &str, issuer: &str) -> Option<String> {
        self.back(issuer, &[("code", code)])
    }

    /// Where to send the browser with a refusal; nowhere if a device asked.
    pub(crate) fn refused(&self, error: &str, description: &str, issuer: &str) -> Option<String> {
        self.back(issuer, &[("error", error), ("error_description", description)])
    }

    fn back(&self, issuer: &str, pairs: &[(&str, &str)]) -> Option<String> {
        match &self.way {
            Way::Back { redirect_uri, state, .. } => {
                Some(answer(redirect_uri, state.as_deref(), issuer, pairs))
            }
            Way::Device { .. } => None,
        }
    }
}

/// Reads a request, given what finds a registered client.
pub(crate) fn read(
    query: &[u8],
    settings: &Settings,
    find: impl FnOnce(&str) -> Option<Client>,
) -> Result<Asked, Bad> {
    let issuer = &settings.issuer;
    let form = Form::read(query).map_err(Bad::Page)?;
    let Some(client) = form.get("client_id").and_then(find) else {
        return Err(Bad::Page("No such application is registered here."));
    };
    // Compared as a string (RFC 9700 §4.1.3): anything cleverer is how open redirectors are made.
    let uri = form.get("redirect_uri").filter(|uri| client.redirects.contains(*uri));
    let Some(redirect_uri) = uri else {
        return Err(Bad::Page(
            "The address to come back to (redirect_uri) is not one that the application registered.",
        ));
    };
    let state = form.get("state").map(str::to_owned);
    let prompt = form.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let prompt: Vec<String> = prompt.map(str::to_owned).collect();
    let scopes = settings.scopes(form.get("scope").unwrap_or_default());
    if let Some((error, description)) = fault(&form, settings, &prompt, &scopes) {
        let pairs = [("error", error), ("error_description", description)];
        return Err(Bad::Redirect(answer(redirect_uri, state.as_deref(), issuer, &pairs)));
    }
    let redirect_uri = redirect_uri.to_owned();
    let challenge = form.get("code_challenge").map(str::to_owned);
    Ok(Asked {
        client: client.id,
        client_name: client.name,
        way: Way::Back { redirect_uri, state, challenge },
        scopes,
        nonce: form.get("nonce").map(str::to_owned),
        login_hint: form.get("login_hint").map(str::to_owned),
        prompt,
    })
}

fn fault(
    form: &Form,
    settings: &Settings,
    prompt: &[String],
    scopes: &[String],
) -> Option<(&'static str, &'static str)> {
    let known = |scope: &String| SCOPES.iter().any(|(name, _)| name == scope);
    let word =
        |prompt: &String| ["none", "login", "consent", "select_account"].contains(&prompt.as_str());
    let challenge = form.get("code_challenge");
    let method = form.get("code_challenge_method");
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if form.get("response_type") != Some("code") {
        Some(("unsupported_response_type", "Only response_type=code is served."))
    } else if challenge.is_none() && settings.require_pkce {
        Some(("invalid_request", "PKCE is required: code_challenge is missing."))
    } else if challenge.is_some() && method != Some("S256") {
        Some(("invalid_request", "Only code_challenge_method=S256 is served."))
    } else if challenge.is_some_and(|text| text.len() != 43 || !text.bytes().all(base64url)) {
        Some(("invalid_request", "The code_challenge is no SHA-256 in base64url."))
    } else if scopes.is_empty() || !scopes.iter().all(known) {
        Some(("invalid_scope", "The scope is missing, or names something unknown."))
    } else if !prompt.iter().all(word) || (prompt.len() > 1 && prompt.iter().any(|p| p == "none")) {
        Some(("invalid_request", "The prompt is not one that is known."))
    } else {
        None
    }
}

/// The redirect URL with the answer in its query, which it may have had before (RFC 6749 §3.1.2). `iss` always comes
/// with it, with errors too (RFC 9207 §2).
fn answer(redirect_uri: &str, state: Option<&str>, issuer: &str, pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        // Registered addresses were parsed when they were registered.
        return redirect_uri.to_owned();
    };
    url.query_pairs_mut()
        .extend_pairs(pairs)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", issuer);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "client_id=c&redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fx%3D1&response_type=code&state=s+1\
        &scope=openid+mail.imap&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
        &code_challenge_method=S256&prompt=consent";

    fn settings() -> Settings {
        let secret = outlink_model::Secret::new("s");
        Settings::new(std::time::Duration::ZERO, &secret, "https://i.example".to_owned())
    }

    fn try_read(query: &str) -> Result<Asked, Bad> {
        let settings = settings();
        let client = Client {
            id: "c".into(),
            name: "C".into(),
            auths: Vec::new(),
            secrets: Vec::new(),
            keys: Vec::new(),
            redirects: BTreeSet::from(["https://a.example/cb?x=1".to_owned()]),
        };
        read(query.as_bytes(), &settings, |id| (id == client.id).then_some(client))
    }

    #[test]
    fn a_good_request_is_read_and_answered() {
        let asked = try_read(GOOD).unwrap();
        assert_eq!(asked.scopes, ["openid", "mail.imap"]);
        assert!(asked.prompts("consent") && !asked.wants_login());
        let there = asked.granted("c&d", "https://i.example").unwrap();
        let query = "x=1&code=c%26d&state=s+1&iss=https%3A%2F%2Fi.example";
        assert_eq!(there, format!("https://a.example/cb?{query}"));
    }

    #[test]
    fn what_cannot_be_trusted_goes_nowhere() {
        for (from, to) in
            [("client_id=c", "client_id=d"), ("x%3D1", "x%3D2"), ("x%3D1", "x%3D1%26y")]
        {
            assert!(matches!(try_read(&GOOD.replace(from, to)), Err(Bad::Page(_))), "{to}");
        }
        assert!(matches!(try_read(&format!("{GOOD}&state=2")), Err(Bad::Page(_))));
    }

    #[test]
    fn what_is_wrong_is_told_to_the_client() {
        for (from, to, error) in [
            ("response_type=code", "response_type=token", "unsupported_response_type"),
            ("code_challenge=E9", "x=", "invalid_request"),
            ("S256", "plain", "invalid_request"),
            ("mail.imap", "mail.everything", "invalid_scope"),
            ("prompt=consent", "prompt=none+login", "invalid_request"),
        ] {
            let Err(Bad::Redirect(there)) = try_read(&GOOD.replace(from, to)) else {
                panic!("{to} was not refused");
            };
            assert!(there.contains(&format!("error={error}&")), "{there}");
            assert!(there.contains("state=s+1&iss=https"), "{there}");
        }
    }
}
