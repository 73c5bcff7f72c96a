//! Which fields a link has, and what can be chosen in them.

use outlink_model::link::{ClientAuth, GrantType, ScopeSeparator, SigningAlg};
use outlink_model::provider::ProviderKind;
use serde::Serialize;

use super::asked::Proof;
use crate::form::{Choice, choice};

/// The fields that the forms of a new link and of one that stands have in common.
#[derive(Debug, Serialize)]
pub(crate) struct LinkFields {
    pub(crate) custom: bool,
    pub(crate) creating: bool,
    /// `secret`, `key` or `nothing`.
    pub(crate) proof: &'static str,
    /// Whether the key comes in a key file of Google's.
    pub(crate) service_account: bool,
    pub(crate) has_redirect: bool,
    pub(crate) has_consent: bool,
    pub(crate) is_device: bool,
    /// Empty where there is nothing to choose.
    pub(crate) client_auths: Vec<Choice>,
    pub(crate) signing_algs: Vec<Choice>,
    pub(crate) scope_separators: Vec<Choice>,
    pub(crate) pkce: [Choice; 2],
    pub(crate) requires_iss: Vec<Choice>,
}

impl LinkFields {
    pub(crate) fn new(
        kind: ProviderKind,
        grant_type: GrantType,
        client_auth: Option<ClientAuth>,
        creating: bool,
    ) -> Self {
        let jwt_bearer = grant_type == GrantType::JwtBearer;
        let custom = kind == ProviderKind::Custom;
        let unset = choice("", "what fits: seen from what is entered below");
        let fits = unset_first(custom && creating, unset);
        let auths = ClientAuth::ALL.into_iter().filter(|auth| match auth {
            ClientAuth::None => grant_type.has_consent(),
            _ => true,
        });
        let auths =
            fits.into_iter().chain(auths.map(|auth| choice(auth.as_str(), auth_words(auth))));
        let algs = SigningAlg::ALL.into_iter().map(|alg| choice(alg.as_str(), alg.as_str()));
        let seen =
            creating.then(|| choice("", "what fits: yes for an issuer that is entered by hand"));
        let iss = [choice("yes", "yes: an answer without it is refused"), choice("no", "no")];
        Self {
            custom,
            creating,
            proof: Proof::of(grant_type, client_auth).as_str(),
            service_account: jwt_bearer && kind == ProviderKind::Google,
            has_redirect: grant_type.has_redirect(),
            has_consent: grant_type.has_consent(),
            is_device: grant_type == GrantType::DeviceCode,
            client_auths: if jwt_bearer { Vec::new() } else { auths.collect() },
            signing_algs: std::iter::once(choice("", "what fits the key")).chain(algs).collect(),
            scope_separators: ScopeSeparator::ALL
                .into_iter()
                .map(|separator| choice(separator.as_str(), separator_words(separator)))
                .collect(),
            requires_iss: seen.into_iter().chain(iss).collect(),
            pkce: [
                choice("on", "on"),
                choice("off", "off: the server refuses what it does not know"),
            ],
        }
    }
}

fn unset_first(first: bool, unset: Choice) -> Option<Choice> {
    first.then_some(unset)
}

fn auth_words(auth: ClientAuth) -> String {
    let note = match auth {
        ClientAuth::Basic => "the secret in the Authorization header",
        ClientAuth::Post => "the secret in the body",
        ClientAuth::BasicRaw => "in the header, not encoded",
        ClientAuth::PrivateKeyJwt => "signed by a private key",
        ClientAuth::None => "a public client, without a secret",
    };
    format!("{auth} ({note})")
}

fn separator_words(separator: ScopeSeparator) -> &'static str {
    match separator {
        ScopeSeparator::Space => "spaces, as the standard has it",
        ScopeSeparator::Comma => "commas",
        ScopeSeparator::Plus => "plus signs",
    }
}
