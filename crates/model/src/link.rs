//! Links: our registrations at providers.

use crate::grant::Trouble;
use crate::provider::ProviderKind;
use crate::{LinkId, Secret, Timestamp};

/// How a link comes by tokens (RFC 6749 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A person consents in a browser (RFC 6749 §4.1, with PKCE).
    AuthorizationCode,
}

crate::names!(GrantType, "grant_type", {
    AuthorizationCode => "authorization_code",
});

/// How we prove at the token endpoint that we are the client (RFC 6749 §2.3, and the registry of RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// HTTP Basic; id and secret are form-encoded first, as RFC 6749 §2.3.1 says.
    Basic,
    /// In the body, beside the other parameters.
    Post,
    /// HTTP Basic with id and secret as they are, for servers that do not decode them.
    BasicRaw,
    /// A public client: the id alone.
    None,
}

crate::names!(ClientAuth, "client_auth", {
    Basic => "client_secret_basic",
    Post => "client_secret_post",
    BasicRaw => "client_secret_basic_raw",
    None => "none",
});

/// Our registration at one provider.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The preset that it was made from.
    pub provider: ProviderKind,
    /// How it comes by tokens.
    pub grant_type: GrantType,
    /// The client identifier that the provider gave out (RFC 6749 §2.2).
    pub client_id: String,
    /// The client secret; absent for a public client.
    pub client_secret: Option<Secret>,
    /// How the client authenticates at the token endpoint.
    pub client_auth: ClientAuth,
    /// Where the browser is sent (RFC 6749 §3.1), as saved, byte for byte; absent with client credentials.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from (RFC 6749 §3.2), as saved, byte for byte.
    pub token_endpoint: String,
    /// Compared byte for byte with `iss` of the callback (RFC 9207). Where it is absent, `iss` is ignored.
    pub issuer: Option<String>,
    /// Asked who consented, where it is known (OpenID Connect Core §5.3).
    pub userinfo_endpoint: Option<String>,
    /// What is asked for, separated by single spaces.
    pub scope: String,
    /// Parameters besides the usual ones in the authorization request.
    pub authorization_params: Vec<(String, String)>,
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
