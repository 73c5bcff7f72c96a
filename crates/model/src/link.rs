//! Links: our registrations at providers.

use crate::grant::Trouble;
use crate::provider::ProviderKind;
use crate::{ClientSecretId, LinkId, Secret, Timestamp};

/// Which side of OAuth 2.0 we are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkDirection {
    /// We are the client: we ask a provider for tokens.
    Outgoing,
}

crate::names!(LinkDirection, "direction", { Outgoing => "outgoing" });

/// How a link comes by tokens (RFC 6749 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A person consents in a browser (RFC 6749 §4.1, with PKCE).
    AuthorizationCode,
    /// The application itself, without a person (RFC 6749 §4.4).
    ClientCredentials,
    /// A signed assertion that names the person (RFC 7523 §2.1); Google's service accounts.
    JwtBearer,
    /// A person consents on another machine, by a code that is typed there (RFC 8628).
    DeviceCode,
}

crate::names!(GrantType, "grant_type", {
    AuthorizationCode => "authorization_code",
    ClientCredentials => "client_credentials",
    JwtBearer => "jwt_bearer",
    DeviceCode => "device_code",
});

impl GrantType {
    /// Whether somebody consents. Where nobody does, tokens are asked for anew each time and there is no refresh token.
    pub fn has_consent(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => true,
            Self::ClientCredentials | Self::JwtBearer => false,
        }
    }

    /// Whether the provider sends a browser back to us, so that there is an authorization endpoint and a redirect URL.
    pub fn has_redirect(self) -> bool {
        self == Self::AuthorizationCode
    }
}

/// How we prove at the token endpoint that we are the client (RFC 6749 §2.3, and the registry of RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// HTTP Basic; id and secret are form-encoded first, as RFC 6749 §2.3.1 says.
    Basic,
    /// In the body, beside the other parameters.
    Post,
    /// HTTP Basic with id and secret as they are, for servers that do not decode them.
    BasicRaw,
    /// A short-lived token that our private key signs (RFC 7523 §2.2, OpenID Connect Core §9).
    PrivateKeyJwt,
    /// A public client: the id alone.
    None,
}

crate::names!(ClientAuth, "client_auth", {
    Basic => "client_secret_basic",
    Post => "client_secret_post",
    BasicRaw => "client_secret_basic_raw",
    PrivateKeyJwt => "private_key_jwt",
    None => "none",
});

/// How a token of ours is signed (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

crate::names!(SigningAlg, "signing_alg", { Rs256 => "RS256", Ps256 => "PS256", Es256 => "ES256" });

/// What stands between two scopes in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeSeparator {
    /// As RFC 6749 §3.3 says.
    Space,
    /// Some providers' own way.
    Comma,
    /// Some providers' own way.
    Plus,
}

crate::names!(ScopeSeparator, "scope_separator", {
    Space => "space",
    Comma => "comma",
    Plus => "plus",
});

/// What proves that we are the client: a client secret, or the private key that signs our assertions.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// The secret as the provider showed it, or the private key as PEM (PKCS#8).
    pub value: Secret,
    /// The certificate of the key as PEM, where the provider knows the key by it (`x5t#S256`, RFC 7515 §4.1.8).
    pub certificate: Option<String>,
    /// The key's name at the provider (`kid`, RFC 7515 §4.1.4).
    pub key_id: Option<String>,
    /// When the provider will refuse it, as far as an administrator has told us.
    pub expires_at: Option<Timestamp>,
    /// Since when the provider has refused it, while another one was accepted.
    pub refused_at: Option<Timestamp>,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// Our registration at one provider.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Which side we are on.
    pub direction: LinkDirection,
    /// The preset that it was made from.
    pub provider: ProviderKind,
    /// Switched off by an administrator: nothing is sent under it, and everything is kept.
    pub enabled: bool,
    /// How it comes by tokens.
    pub grant_type: GrantType,
    /// The client identifier that the provider gave out (RFC 6749 §2.2); the service account's address for a JWT
    /// bearer.
    pub client_id: String,
    /// What proves that we are the client, the one to be used first; none for a public client, and two while one takes
    /// over from the other.
    pub client_secrets: Vec<ClientSecret>,
    /// How the client authenticates at the token endpoint.
    pub client_auth: ClientAuth,
    /// How our assertions are signed; what fits the key where it is absent.
    pub signing_alg: Option<SigningAlg>,
    /// Where the browser is sent (RFC 6749 §3.1), as saved, byte for byte; absent where no browser is.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from (RFC 6749 §3.2), as saved, byte for byte.
    pub token_endpoint: String,
    /// Where tokens are given back (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where a device asks for its code (RFC 8628 §3.1).
    pub device_authorization_endpoint: Option<String>,
    /// Compared byte for byte with `iss` of the callback (RFC 9207) and of ID tokens. Where it is absent, `iss` is
    /// ignored.
    pub issuer: Option<String>,
    /// Whether a callback without `iss` is refused: the provider is known to send it always.
    pub requires_iss: bool,
    /// Asked who consented, where it is known (OpenID Connect Core §5.3).
    pub userinfo_endpoint: Option<String>,
    /// Asked who consented, and to what (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// What is asked for, separated by single spaces.
    pub scope: String,
    /// What stands between scopes in a request.
    pub scope_separator: ScopeSeparator,
    /// Whether requests carry a code challenge (RFC 7636). Off only for servers that refuse unknown parameters.
    pub pkce: bool,
    /// Parameters besides the usual ones in the authorization request, and in the device authorization request.
    pub authorization_params: Vec<(String, String)>,
    /// Parameters besides the usual ones in every request to the token endpoint.
    pub token_params: Vec<(String, String)>,
    /// Hosts that tokens of this link may be shown to: mail hosts of the preset, and those that an administrator
    /// attached a grant to.
    pub token_hosts: Vec<String>,
    /// Whether the provider refuses the link itself. Keeps **A link's fault stays on the link**.
    pub health: LinkHealth,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

impl Link {
    /// What proves that we are the client, where anything does.
    pub fn client_secret(&self) -> Option<&Secret> {
        self.client_secrets.first().map(|secret| &secret.value)
    }

    /// Every value that must not be seen.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.client_secrets.iter().map(|secret| &secret.value)
    }
}

/// Whether a link works, apart from any one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkHealth {
    /// Nothing is known against it.
    Healthy,
    /// The provider refuses the client itself. One grant at a time probes it again, no sooner than `probe_at`.
    Marked {
        /// What is wrong and who must act.
        trouble: Trouble,
        /// How many probes have failed in a row.
        failures: u32,
        /// The next moment at which one grant may try.
        probe_at: Timestamp,
    },
}

/// The days before the end of a client secret at which an administrator is told.
pub const SECRET_WARNINGS: [i64; 4] = [30, 14, 7, 1];

/// Which warning about the end of a secret is due: the smallest of [`SECRET_WARNINGS`] that has been reached, `0` once
/// it is over; `None` where nothing new is to be said. `warned` is what was said last.
pub fn secret_warning(expires_at: Timestamp, warned: Option<i64>, now: Timestamp) -> Option<i64> {
    let left = expires_at.duration_since(now).as_secs();
    let reached = match left {
        ..=0 => Some(0),
        _ => SECRET_WARNINGS.into_iter().rev().find(|days| left <= days * 86_400),
    };
    reached.filter(|days| warned.is_none_or(|warned| *days < warned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::later;
    use jiff::SignedDuration;

    #[test]
    fn each_warning_about_a_secret_comes_once() {
        let end = later(Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24 * 100));
        let at = |hours_left: i64| later(end, SignedDuration::from_hours(-hours_left));
        let table = [
            (31 * 24, None, None),
            (30 * 24, None, Some(30)),
            (29 * 24, Some(30), None),
            (14 * 24, Some(30), Some(14)),
            (20, Some(7), Some(1)),
            // Entered late: what is past is not made up for.
            (20, None, Some(1)),
            (0, Some(1), Some(0)),
            (-5, Some(0), None),
        ];
        for (hours_left, warned, expected) in table {
            assert_eq!(
                secret_warning(end, warned, at(hours_left)),
                expected,
                "{hours_left} h left"
            );
        }
    }
}
