//! A link as it is entered: all of it for a new one, and what shall change for one that stands.

use std::collections::BTreeMap;

use outlink_engine::links::{LinkDraft, LinkEdit, NewLink, NewSecret, Register};
use outlink_model::Secret;
use outlink_model::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::choice::{ChoiceWords, choice, optional_choice};
use crate::extract::{moment, secret};

/// Declares a body of its own fields and of those that can be set and changed alike. Two lists that should be one would
/// drift apart, and serde cannot refuse unknown fields of a body whose parts are flattened into it.
macro_rules! link_body {
    ($(#[$about:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty,)* }) => {
        // No `Debug`: it holds secrets.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(super) struct $name {
            $($(#[$meta])* $field: $kind,)*
            /// Free text.
            description: Option<String>,
            /// Whether anything is sent under it; `true` where it was never said.
            enabled: Option<bool>,
            /// What the provider gave out.
            client_id: Option<String>,
            /// The client secret, or the private key as PEM. Kept sealed and never shown again.
            #[serde(default, deserialize_with = "secret")]
            #[schema(value_type = Option<String>, format = Password)]
            client_secret: Option<Secret>,
            /// When the provider will refuse the secret: a date or a time. A certificate's end where left out.
            client_secret_expires_at: Option<String>,
            /// The private key's certificate as PEM, where the provider knows the key by it.
            client_certificate: Option<String>,
            /// The private key's name at the provider.
            client_key_id: Option<String>,
            /// `client_secret_basic`, `client_secret_post`, `client_secret_basic_raw`, `private_key_jwt` or `none`.
            client_auth: Option<String>,
            /// `RS256`, `PS256` or `ES256`; what fits the key where it was never said.
            signing_alg: Option<String>,
            /// Where the browser is sent (RFC 6749 §3.1).
            authorization_endpoint: Option<String>,
            /// Where tokens come from (RFC 6749 §3.2).
            token_endpoint: Option<String>,
            /// Where tokens are given back (RFC 7009).
            revocation_endpoint: Option<String>,
            /// Where a device asks for its code (RFC 8628).
            device_authorization_endpoint: Option<String>,
            /// Compared with the provider's answers (RFC 9207).
            issuer: Option<String>,
            /// Whether a callback must name the issuer (RFC 9207). Where it was never said: for an issuer of a custom
            /// link that was entered by hand. One that names another is refused in any case.
            requires_iss: Option<bool>,
            /// Asked who consented (OpenID Connect).
            userinfo_endpoint: Option<String>,
            /// Asked who consented, and to what (RFC 7662).
            introspection_endpoint: Option<String>,
            /// Separated by spaces.
            scope: Option<String>,
            /// `space`, `comma` or `plus`: what stands between scopes in a request.
            scope_separator: Option<String>,
            /// Whether requests carry a code challenge (RFC 7636).
            pkce: Option<bool>,
            /// Parameters besides the usual ones in the authorization request. For a new link they are put over the
            /// preset's, and an empty value takes one away; in a change they are all there shall be.
            authorization_params: Option<BTreeMap<String, String>>,
            /// The same for requests to the token endpoint.
            token_params: Option<BTreeMap<String, String>>,
            /// Names of hosts that tokens may be shown to. For a new link they come besides the preset's; in a change they
            /// are all there shall be, and one that is added asks for the client secret again.
            token_hosts: Option<Vec<String>>,
        }

        impl $name {
            /// What was entered, but for the name.
            fn draft(&self) -> Result<LinkDraft, Problem> {
                let pairs = |params: &Option<BTreeMap<String, String>>| {
                    params.clone().map(|params| params.into_iter().collect())
                };
                let separator = self.scope_separator.as_deref();
                Ok(LinkDraft {
                    name: None,
                    description: self.description.clone(),
                    enabled: self.enabled,
                    client_id: self.client_id.clone(),
                    client_auth: optional_choice("client_auth", self.client_auth.as_deref())?,
                    signing_alg: optional_choice("signing_alg", self.signing_alg.as_deref())?,
                    authorization_endpoint: self.authorization_endpoint.clone(),
                    token_endpoint: self.token_endpoint.clone(),
                    revocation_endpoint: self.revocation_endpoint.clone(),
                    device_authorization_endpoint: self.device_authorization_endpoint.clone(),
                    issuer: self.issuer.clone(),
                    requires_iss: self.requires_iss,
                    userinfo_endpoint: self.userinfo_endpoint.clone(),
                    introspection_endpoint: self.introspection_endpoint.clone(),
                    scope: self.scope.clone(),
                    scope_separator: optional_choice("scope_separator", separator)?,
                    pkce: self.pkce,
                    authorization_params: pairs(&self.authorization_params),
                    token_params: pairs(&self.token_params),
                    token_hosts: self.token_hosts.clone(),
                    secret: self.new_secret()?,
                })
            }

            /// The secret with what belongs to it. Nothing that belongs to a secret stands without one.
            fn new_secret(&self) -> Result<Option<NewSecret>, Problem> {
                let expires_at =
                    moment("client_secret_expires_at", self.client_secret_expires_at.as_deref())?;
                let certificate = text(self.client_certificate.as_deref());
                let key_id = text(self.client_key_id.as_deref());
                match self.client_secret.clone().filter(|value| !value.is_empty()) {
                    Some(value) => {
                        Ok(Some(NewSecret { value, certificate, key_id, expires_at }))
                    }
                    None if certificate.is_some() => Err(without_secret("client_certificate")),
                    None if key_id.is_some() => Err(without_secret("client_key_id")),
                    None => Ok(None),
                }
            }
        }
    };
}

link_body! {
    /// What a new link is made of. What is left out comes from the provider's preset, or from what its server says of
    /// itself; an empty text leaves a preset's out.
    #[schema(as = NewLink)]
    NewLinkBody {
        /// Unique, chosen by you.
        name: String,
        /// Which preset fills it in: `google`, `microsoft`, `custom` or another of `/providers`.
        provider: String,
        /// Microsoft's cloud: `worldwide` (where left out), `gcc`, `gcc_high`, `dod` or `china`.
        cloud: Option<String>,
        /// Microsoft's tenant: `common`, `organizations`, `consumers`, an id or a domain.
        tenant: Option<String>,
        /// What its tokens are for: `imap` (where left out), `pop3`, `smtp`.
        protocols: Option<Vec<String>>,
        /// The address of a self-hosted GitLab, Forgejo, Gitea or GitHub Enterprise Server.
        instance: Option<String>,
        /// `authorization_code` (where left out), `client_credentials`, `jwt_bearer` or `device_code`. It never
        /// changes afterwards.
        grant_type: Option<String>,
        /// An issuer whose metadata fill in the endpoints (RFC 8414, OpenID Connect Discovery).
        discover: Option<String>,
        /// Have the discovered server register this one as its client (RFC 7591).
        register: Option<RegisterBody>,
        /// The text of Google's key file of a service account: fills in the client id, the key and the token endpoint.
        #[serde(default, deserialize_with = "secret")]
        #[schema(value_type = Option<String>, format = Password)]
        service_account: Option<Secret>,
    }
}

link_body! {
    /// What changes about a link. What is left out (or `null`) stays; an empty text clears what may be empty. Its
    /// provider and its grant type never change.
    #[schema(as = LinkEdit)]
    LinkEditBody {
        /// Unique, chosen by you.
        name: Option<String>,
        /// Keep the secret in use beside the new one, so that the provider may know either of them.
        #[serde(default)]
        add: bool,
    }
}

/// How this server is to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Register)]
pub(super) struct RegisterBody {
    /// What the server asks of whoever registers, where it does.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, format = Password)]
    initial_access_token: Option<Secret>,
}

impl NewLinkBody {
    pub(super) fn read(self) -> Result<NewLink, Problem> {
        let mut draft = self.draft()?;
        // An edit can say when the secret in use ends; here there is none yet.
        let ends = text(self.client_secret_expires_at.as_deref());
        if draft.secret.is_none() && ends.is_some() {
            return Err(without_secret("client_secret_expires_at"));
        }
        draft.name = Some(self.name);
        let protocols = self.protocols.as_deref();
        let chosen = ChoiceWords {
            cloud: self.cloud.as_deref(),
            tenant: self.tenant.as_deref(),
            protocols: protocols.map(|words| words.iter().map(String::as_str).collect()),
            grant_type: self.grant_type.as_deref(),
            instance: self.instance.as_deref(),
        };
        Ok(NewLink {
            provider: choice("provider", &self.provider)?,
            choice: chosen.read()?,
            draft,
            discover: text(self.discover.as_deref()),
            register: self
                .register
                .map(|register| Register { initial_access_token: register.initial_access_token }),
            service_account: self.service_account,
        })
    }
}

impl LinkEditBody {
    pub(super) fn read(self) -> Result<LinkEdit, Problem> {
        let mut draft = self.draft()?;
        let expires_at =
            moment("client_secret_expires_at", self.client_secret_expires_at.as_deref())?;
        draft.name = self.name;
        let secret_expires_at = expires_at.filter(|_| draft.secret.is_none());
        Ok(LinkEdit { draft, add_secret: self.add, secret_expires_at })
    }
}

/// A text, where there is one.
fn text(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn without_secret(field: &'static str) -> Problem {
    Problem::invalid(
        field,
        "client_secret_missing",
        format!("{field} was given without the client secret that it belongs to."),
        "Enter the client secret (or the private key) in the same request, or leave it out.",
    )
}
