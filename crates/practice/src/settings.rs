//! What can be set while the servers run.

use std::time::Duration;

use jiff::Timestamp;
use outlink_model::Secret;
use serde_json::{Map, Value};

/// The grant type by which a code that was typed in elsewhere becomes tokens (RFC 8628 §3.4).
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The grant type by which a signed statement becomes an access token (RFC 7523 §2.1).
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What the provider does and knows; [`Practice::set`](crate::Practice::set) changes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How long an access token lives, in whole seconds.
    pub access_ttl: Duration,
    /// For how long a spent refresh token gets the same answer again; zero means that its reuse ends the grant at once.
    pub refresh_grace: Duration,
    /// Whether a refresh gives a new refresh token. If not, the old one stays and the answer has none.
    pub rotate: bool,
    /// How long a refresh token lives, told as `refresh_token_expires_in`. Without end if none, and nothing is told.
    pub refresh_ttl: Option<Duration>,
    /// The answer to a refresh gives only those of the grant's scopes that are named here.
    pub refresh_scope: Option<Vec<String>>,
    /// Whether a code gives a refresh token when `offline_access` was consented to. Google leaves it out where somebody
    /// consented before and was not asked again.
    pub code_gives_refresh: bool,
    /// Whether tokens are revoked as Google does it: the token is enough and the client need not authenticate, a token
    /// that nobody knows is answered by 400, and all grants of the person to the client end at once.
    pub google_revocation: bool,
    /// Whether an authorization request without a code challenge is refused.
    pub require_pkce: bool,
    /// What stands between two scopes, in requests and in answers.
    pub scope_separator: char,
    /// The grant types that are served.
    pub grant_types: Vec<String>,
    /// How the client of the run may authenticate: `client_secret_basic`, `client_secret_post`, `private_key_jwt`, and
    /// `none` if its name alone is enough.
    pub client_auths: Vec<String>,
    /// Whether id and secret in HTTP Basic are read as they are, as servers do that never heard of form-encoding them.
    pub raw_basic: bool,
    /// The secrets of the client of the run. Any one of them opens, until its end.
    pub client_secrets: Vec<ClientSecret>,
    /// The keys of the client of the run, for `private_key_jwt`.
    pub client_keys: Vec<ClientKey>,
    /// Who may sign statements that become access tokens.
    pub service_accounts: Vec<ServiceAccount>,
    /// The provider's name for itself: in `iss` of authorization answers and id tokens, and in the metadata, whose
    /// address follows from it. It may have a path.
    pub issuer: String,
    /// A name that the metadata tells instead: a lie, or a template such as Microsoft's.
    pub metadata_issuer: Option<String>,
    /// Whether metadata is found where RFC 8414 has it.
    pub oauth_metadata: bool,
    /// Whether metadata is found where OpenID Connect Discovery has it.
    pub openid_metadata: bool,
    /// Claims of id tokens that are added, or replaced.
    pub id_token_claims: Map<String, Value>,
    /// Who may register a client.
    pub registration: Registration,
    /// For how long the secret of a registered client lives. Without end if none.
    pub registered_secret_ttl: Option<Duration>,
    /// How long a device and whoever holds it have time.
    pub device_ttl: Duration,
    /// How long a device is to wait between two questions, in whole seconds.
    pub device_interval: Duration,
    /// What the IMAP server says it can do. What is not named here is refused: mechanisms, and commands that are
    /// extensions. Where the connection is in the clear, `STARTTLS` and `LOGINDISABLED` are added and mechanisms left
    /// out. [`Settings::drop_imap_capability`] takes one away.
    pub imap_capabilities: String,
    /// What the POP3 server says it can do, a line each. A mechanism that is not named under `SASL` is refused, and so
    /// are passwords without `USER`. `STLS` is added where the connection is in the clear.
    pub pop3_capabilities: Vec<String>,
    /// What the SMTP server says it can do, a line each. A mechanism that is not named under `AUTH` is refused; it knows
    /// `PLAIN` and `LOGIN` too. `STARTTLS` is added, and `AUTH` left out, where the connection is in the clear.
    pub smtp_capabilities: Vec<String>,
}

/// Who may register a client (RFC 7591 §3).
#[derive(Clone, Debug)]
pub enum Registration {
    /// Nobody; the metadata does not speak of it.
    Off,
    /// Everybody.
    Open,
    /// Whoever has this initial access token.
    Token(Secret),
}

/// One of a client's secrets.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// The secret.
    pub secret: Secret,
    /// From when on it opens nothing any more.
    pub ends_at: Option<Timestamp>,
}

impl ClientSecret {
    /// A secret without an end.
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: Secret::new(secret), ends_at: None }
    }

    /// The same with an end.
    #[must_use]
    pub fn ending(self, at: Timestamp) -> Self {
        Self { ends_at: Some(at), ..self }
    }
}

/// One of a client's public keys.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// The key as `PUBLIC KEY`, or a `CERTIFICATE` with it, in PEM. Assertions may name the latter by `x5t#S256`.
    pub pem: String,
    /// What assertions name it by, in `kid`.
    pub key_id: Option<String>,
    /// From when on it opens nothing any more.
    pub ends_at: Option<Timestamp>,
}

impl ClientKey {
    /// A key without an end and without a name.
    pub fn new(pem: impl Into<String>) -> Self {
        Self { pem: pem.into(), key_id: None, ends_at: None }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(self, key_id: impl Into<String>) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }
}

/// An account that is a program's own and may act for people (RFC 7523 §2.1, as Google has it).
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its name, in `iss`.
    pub client_email: String,
    /// Its key as `PUBLIC KEY` or `CERTIFICATE` in PEM.
    pub public_key: String,
    /// What statements name the key by, in `kid`.
    pub key_id: Option<String>,
    /// For whom it may act, in `sub`.
    pub subjects: Vec<String>,
}

impl Settings {
    pub(crate) fn new(access_ttl: Duration, secret: &Secret, issuer: String) -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            access_ttl,
            refresh_grace: Duration::ZERO,
            rotate: true,
            refresh_ttl: None,
            refresh_scope: None,
            code_gives_refresh: true,
            google_revocation: false,
            require_pkce: true,
            scope_separator: ' ',
            grant_types: texts(&[
                "authorization_code",
                "refresh_token",
                "client_credentials",
                DEVICE_CODE,
                JWT_BEARER,
            ]),
            client_auths: texts(&["client_secret_basic", "client_secret_post", "private_key_jwt"]),
            raw_basic: false,
            client_secrets: vec![ClientSecret { secret: secret.clone(), ends_at: None }],
            client_keys: Vec::new(),
            service_accounts: Vec::new(),
            issuer,
            metadata_issuer: None,
            oauth_metadata: true,
            openid_metadata: true,
            id_token_claims: Map::new(),
            registration: Registration::Open,
            registered_secret_ttl: None,
            device_ttl: Duration::from_secs(600),
            device_interval: Duration::from_secs(5),
            imap_capabilities:
                "IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER IDLE UNSELECT MOVE UIDPLUS ENABLE UTF8=ACCEPT LOGINDISABLED".into(),
            pop3_capabilities: texts(&[
                "TOP",
                "UIDL",
                "PIPELINING",
                "RESP-CODES",
                "AUTH-RESP-CODE",
                "USER",
                "SASL XOAUTH2 OAUTHBEARER",
            ]),
            smtp_capabilities: texts(&[
                "PIPELINING",
                "8BITMIME",
                "SMTPUTF8",
                "SIZE 26214400",
                "AUTH XOAUTH2 OAUTHBEARER",
                "ENHANCEDSTATUSCODES",
            ]),
        }
    }

    /// The IMAP server can do this no more: `IDLE`, `MOVE`, `UIDPLUS`, `SASL-IR`, `UTF8=ACCEPT`; without
    /// `LOGINDISABLED` it takes passwords.
    pub fn drop_imap_capability(&mut self, capability: &str) {
        let words = self.imap_capabilities.split(' ');
        let left = words.filter(|word| !word.eq_ignore_ascii_case(capability));
        self.imap_capabilities = left.collect::<Vec<_>>().join(" ");
    }

    /// Whether this grant type is served.
    pub(crate) fn serves(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|served| served == grant_type)
    }

    /// The scopes in a text, each once.
    pub(crate) fn scopes(&self, text: &str) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split(self.scope_separator).filter(|scope| !scope.is_empty()) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes
    }

    /// The text for scopes.
    pub(crate) fn joined(&self, scopes: &[String]) -> String {
        scopes.join(self.scope_separator.encode_utf8(&mut [0; 4]))
    }
}
