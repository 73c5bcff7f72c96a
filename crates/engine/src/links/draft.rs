//! What an administrator enters for a link, and what comes back.

use outlink_model::link::{ClientAuth, Link, ScopeSeparator, SigningAlg};
use outlink_model::provider::ProviderKind;
use outlink_model::{ClientSecretId, Secret, Timestamp};
use outlink_oauth::Choice;

/// What becomes of a setting that may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is unset.
    Clear,
    /// It is set to this.
    Set(T),
}

impl<T> Change<T> {
    /// The setting afterwards, where it was `before`.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Every field that an administrator can set. What is `None` stays as it is (edit) or comes from the provider's preset
/// (create); `Some("")` clears an optional text.
#[derive(Clone, Debug, Default)]
pub struct LinkDraft {
    /// Unique.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Whether anything is sent under it.
    pub enabled: Option<bool>,
    /// From the provider.
    pub client_id: Option<String>,
    /// How the client authenticates.
    pub client_auth: Option<ClientAuth>,
    /// How assertions are signed; what fits the key where it is not set.
    pub signing_alg: Change<SigningAlg>,
    /// Where the browser is sent.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from.
    pub token_endpoint: Option<String>,
    /// Where tokens are given back.
    pub revocation_endpoint: Option<String>,
    /// Where a device asks for its code.
    pub device_authorization_endpoint: Option<String>,
    /// See [`Link::issuer`].
    pub issuer: Option<String>,
    /// See [`Link::requires_iss`]. Where it was never set: for the issuer of a custom link that was entered by hand.
    pub requires_iss: Option<bool>,
    /// Asked who consented.
    pub userinfo_endpoint: Option<String>,
    /// Asked who consented, and to what.
    pub introspection_endpoint: Option<String>,
    /// Separated by white space, or as the provider has it.
    pub scope: Option<String>,
    /// What stands between scopes in a request.
    pub scope_separator: Option<ScopeSeparator>,
    /// Whether requests carry a code challenge.
    pub pkce: Option<bool>,
    /// Create: put over the preset's, one by one, and an empty value takes the preset's away. Edit: all of them.
    pub authorization_params: Option<Vec<(String, String)>>,
    /// The same for requests to the token endpoint.
    pub token_params: Option<Vec<(String, String)>>,
    /// Host names. Create: besides the preset's. Edit: all of [`Link::token_hosts`], which may be none.
    pub token_hosts: Option<Vec<String>>,
    /// What proves that we are the client.
    pub secret: Option<NewSecret>,
}

/// A client secret or a private key, as it is entered.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The client secret, or the private key as PEM.
    pub value: Secret,
    /// The key's certificate as PEM, where the provider knows the key by it.
    pub certificate: Option<String>,
    /// The key's name at the provider.
    pub key_id: Option<String>,
    /// When the provider will refuse it. A certificate's end where left out.
    pub expires_at: Option<Timestamp>,
}

impl NewSecret {
    /// A client secret of which no more is known.
    pub fn new(value: Secret) -> Self {
        Self { value, certificate: None, key_id: None, expires_at: None }
    }
}

/// What an administrator enters for a new link.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The preset.
    pub provider: ProviderKind,
    /// What fills it in: cloud, tenant, protocols, grant type, instance.
    pub choice: Choice,
    /// What is put over that.
    pub draft: LinkDraft,
    /// An issuer whose metadata fills in the endpoints (RFC 8414, OpenID Connect Discovery).
    pub discover: Option<String>,
    /// Have the discovered server register us (RFC 7591).
    pub register: Option<Register>,
    /// Google's key file of a service account: fills in the client id, the key and the token endpoint.
    pub service_account: Option<Secret>,
}

/// How we are to be registered.
#[derive(Clone, Debug)]
pub struct Register {
    /// What the server asks of whoever registers (RFC 7591 §3), where it does.
    pub initial_access_token: Option<Secret>,
}

/// What an administrator changes about a link. Its provider and its grant type never change.
#[derive(Clone, Debug, Default)]
pub struct LinkEdit {
    /// The fields.
    pub draft: LinkDraft,
    /// Keep the secret that is in use beside the new one, so that the provider may know either of them.
    pub add_secret: bool,
    /// When a secret that is kept ends. With a new secret it is the end of that one, where its own is not said.
    pub secret_end: Option<SecretEnd>,
    /// Delete what proves that we are the client, since it becomes a public one. Without this it is refused: a secret
    /// is shown nowhere, so nobody could put it back.
    pub delete_secret: bool,
    /// Google's key file of the link's own service account: its key is the new secret.
    pub service_account: Option<Secret>,
    /// [`Link::updated_at`] as whoever makes the change has seen it. Where somebody has changed the link since, nothing
    /// is.
    pub seen: Option<Timestamp>,
}

/// The end of a client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretEnd {
    /// Which one; the one in use where it is left out.
    pub of: Option<ClientSecretId>,
    /// When the provider will refuse it; `None` where nobody knows.
    pub at: Option<Timestamp>,
}

/// A link as it was saved.
#[derive(Debug)]
pub struct SavedLink {
    /// The link.
    pub link: Link,
    /// What the administrator should know, one sentence or two each.
    pub warnings: Vec<String>,
}
