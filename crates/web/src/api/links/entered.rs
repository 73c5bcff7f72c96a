//! A link as it is entered: all of it for a new one, and what shall change for one that stands.

use outlink_engine::links::{Change, LinkDraft, LinkEdit, NewLink, NewSecret, Register, SecretEnd};
use outlink_model::problem::Problem;
use outlink_model::{ClientSecretId, Secret, Timestamp};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::params::{Params, Values};
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
            /// When the provider will refuse the secret: a date or a time. A certificate's end where left out with a new
            /// secret; `null` or empty where there is no such day.
            #[serde(default, deserialize_with = "unsettable")]
            #[schema(value_type = Option<String>)]
            client_secret_expires_at: Change<String>,
            /// The private key's certificate as PEM, where the provider knows the key by it.
            client_certificate: Option<String>,
            /// The private key's name at the provider.
            client_key_id: Option<String>,
            /// `client_secret_basic`, `client_secret_post`, `client_secret_basic_raw`, `private_key_jwt` or `none`.
            client_auth: Option<String>,
            /// `RS256`, `PS256` or `ES256`; `null` or empty for what fits the key, as where it was never said.
            #[serde(default, deserialize_with = "unsettable")]
            #[schema(value_type = Option<String>)]
            signing_alg: Change<String>,
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
            /// preset's, and an empty value takes one away; in a change they are all there shall be. Each has a text, or a
            /// list of texts where it is to be sent several times.
            #[schema(value_type = Option<BTreeMap<String, Values<'_>>>)]
            authorization_params: Option<Params>,
            /// The same for requests to the token endpoint.
            #[schema(value_type = Option<BTreeMap<String, Values<'_>>>)]
            token_params: Option<Params>,
            /// Names of hosts that tokens may be shown to. For a new link they come besides the preset's; in a change they
            /// are all there shall be (an empty list: none), and one that is added asks for the client secret again.
            token_hosts: Option<Vec<String>>,
        }

        impl $name {
            /// What was entered, but for the name.
            fn draft(&self) -> Result<LinkDraft, Problem> {
                let pairs = |params: &Option<Params>| params.clone().map(|Params(pairs)| pairs);
                let separator = self.scope_separator.as_deref();
                Ok(LinkDraft {
                    name: None,
                    description: self.description.clone(),
                    enabled: self.enabled,
                    client_id: self.client_id.clone(),
                    client_auth: optional_choice("client_auth", self.client_auth.as_deref())?,
                    signing_alg: match &self.signing_alg {
                        Change::Keep => Change::Keep,
                        Change::Clear => Change::Clear,
                        Change::Set(text) => Change::Set(choice("signing_alg", text)?),
                    },
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
                let expires_at = self.secret_ends()?.over(None);
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

            /// When the secret ends.
            fn secret_ends(&self) -> Result<Change<Timestamp>, Problem> {
                match &self.client_secret_expires_at {
                    Change::Keep => Ok(Change::Keep),
                    Change::Clear => Ok(Change::Clear),
                    Change::Set(text) => {
                        let at = moment("client_secret_expires_at", Some(text))?;
                        Ok(at.map_or(Change::Clear, Change::Set))
                    }
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
    /// What changes about a link. What is left out stays, and so does what is `null`, but for `signing_alg` and
    /// `client_secret_expires_at`, which it unsets; an empty text clears whatever may be empty. Its provider and its grant
    /// type never change.
    #[schema(as = LinkEdit)]
    LinkEditBody {
        /// Unique, chosen by you.
        name: Option<String>,
        /// Keep the secret in use beside the new one, so that the provider may know either of them.
        #[serde(default)]
        add: bool,
        /// `updated_at` of the link as you have seen it. Where somebody has changed it since, nothing is changed (409,
        /// `changed_meanwhile`).
        #[schema(format = DateTime)]
        updated_at: Option<String>,
        /// Which of the kept secrets `client_secret_expires_at` is said of, by its id in `client_secrets`; the one in use
        /// where left out.
        client_secret_id: Option<String>,
        /// Delete the client secret, since the link becomes one of a public client: `client_auth` is `none`. Without
        /// this that is refused as long as a secret is kept.
        #[serde(default)]
        delete_client_secret: bool,
        /// The text of Google's key file of the link's own service account: its key is the new one. Only with the grant
        /// type `jwt_bearer`.
        #[serde(default, deserialize_with = "secret")]
        #[schema(value_type = Option<String>, format = Password)]
        service_account: Option<Secret>,
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
        let ends = self.secret_ends()?.over(None);
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
        let of = self.client_secret_id.as_deref().map(secret_id).transpose()?;
        let ends = self.secret_ends()?;
        if of.is_some() && ends == Change::Keep {
            return Err(Problem::invalid(
                "client_secret_id",
                "secret_end_missing",
                "A client secret was named, but not what shall change about it.",
                "Say when it ends, as client_secret_expires_at; or leave client_secret_id out.",
            ));
        }
        draft.name = self.name;
        Ok(LinkEdit {
            draft,
            add_secret: self.add,
            secret_end: (ends != Change::Keep).then(|| SecretEnd { of, at: ends.over(None) }),
            delete_secret: self.delete_client_secret,
            service_account: self.service_account,
            seen: self.updated_at.as_deref().map(seen).transpose()?,
        })
    }
}

/// Reads a text that can be unset: left out it stays, `null` or empty it goes.
fn unsettable<'de, D: Deserializer<'de>>(reader: D) -> Result<Change<String>, D::Error> {
    let text = Option::<String>::deserialize(reader)?;
    Ok(text.filter(|text| !text.trim().is_empty()).map_or(Change::Clear, Change::Set))
}

/// Reads which secret is meant.
fn secret_id(text: &str) -> Result<ClientSecretId, Problem> {
    text.trim().parse().map_err(|_| {
        Problem::invalid(
            "client_secret_id",
            "id_unusable",
            format!("{text:?} is no id of a client secret."),
            "Copy it from client_secrets of the link.",
        )
    })
}

/// Reads when a link was last edited, as it was shown. An empty text is refused: a guard that is not there guards nothing.
fn seen(text: &str) -> Result<Timestamp, Problem> {
    text.trim().parse().map_err(|_| {
        Problem::invalid(
            "updated_at",
            "moment_unusable",
            format!("{text:?} is not a time."),
            "Copy updated_at from the link as it was shown, such as 2027-01-31T12:00:00Z.",
        )
    })
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

#[cfg(test)]
mod tests {
    use outlink_model::link::SigningAlg;
    use serde_json::json;

    use super::*;

    fn read(body: serde_json::Value) -> Result<LinkEdit, Problem> {
        serde_json::from_value::<LinkEditBody>(body).unwrap().read()
    }

    #[test]
    fn what_is_null_is_unset_where_it_can_be() {
        let alg = |body| read(body).unwrap().draft.signing_alg;
        assert_eq!(alg(json!({})), Change::Keep);
        assert_eq!(alg(json!({"signing_alg": null})), Change::Clear);
        assert_eq!(alg(json!({"signing_alg": ""})), Change::Clear);
        assert_eq!(alg(json!({"signing_alg": "ES256"})), Change::Set(SigningAlg::Es256));
        let end = |body| read(body).unwrap().secret_end;
        let unset = Some(SecretEnd { of: None, at: None });
        assert_eq!(end(json!({})), None);
        assert_eq!(end(json!({"client_secret_expires_at": null})), unset);
        assert_eq!(end(json!({"client_secret_expires_at": " "})), unset);
        let dated = end(json!({"client_secret_expires_at": "2027-01-31"})).unwrap();
        assert_eq!(dated.at, Some("2027-01-31T23:59:59Z".parse().unwrap()));
    }

    #[test]
    fn a_new_secret_has_the_end_that_is_said_with_it() {
        let said = json!({"client_secret": "s", "client_secret_expires_at": "2027-01-31"});
        let edit = read(said).unwrap();
        assert_eq!(edit.draft.secret.unwrap().expires_at, edit.secret_end.unwrap().at);
        let unset = read(json!({"client_secret": "s", "client_secret_expires_at": null})).unwrap();
        assert_eq!(unset.draft.secret.unwrap().expires_at, None);
        assert_eq!(unset.secret_end, Some(SecretEnd { of: None, at: None }));
    }

    #[test]
    fn a_guard_that_cannot_be_read_is_refused() {
        for (body, field) in [
            (json!({"updated_at": ""}), "updated_at"),
            (json!({"updated_at": "2027-01-31"}), "updated_at"),
            (json!({"client_secret_id": "first"}), "client_secret_id"),
            (
                json!({"client_secret_id": "01980000-0000-7000-8000-000000000001"}),
                "client_secret_id",
            ),
        ] {
            assert_eq!(read(body.clone()).unwrap_err().field, Some(field), "{body}");
        }
    }
}
