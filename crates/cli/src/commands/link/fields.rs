//! The flags that make and change a link, and the JSON that they become.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use crate::input;

/// Where `--help` lists them.
const CHOSEN: &str = "What the provider's preset fills in";
pub(super) const CLIENT: &str = "The client";
const ENDPOINTS: &str = "Endpoints; those of known and discovered providers are filled in";
const ASKED: &str = "What is asked for, and how";

/// What is chosen before a link is filled in.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Choice {
    /// Microsoft's cloud: worldwide (where left out), gcc, gcc_high, dod or china
    #[arg(long, help_heading = CHOSEN)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloud: Option<String>,
    /// Microsoft's tenant: common, organizations, consumers, an id or a domain
    #[arg(long, help_heading = CHOSEN)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// What tokens are for: imap (where left out), pop3 and smtp, separated by commas
    #[arg(long = "protocol", help_heading = CHOSEN, value_name = "PROTOCOLS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) protocols: Vec<String>,
    /// How it comes by tokens: authorization_code (a person consents; where left out), device_code (a person consents
    /// on another machine), client_credentials or jwt_bearer (nobody does)
    #[arg(long, help_heading = CHOSEN)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant_type: Option<String>,
    /// Address of a GitLab, Forgejo, Gitea or GitHub Enterprise Server of your own
    #[arg(long, help_heading = CHOSEN, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance: Option<String>,
}

impl Choice {
    /// As the query of an address.
    pub(crate) fn query(&self) -> Vec<(&'static str, String)> {
        let protocols = (!self.protocols.is_empty()).then(|| self.protocols.join(","));
        let all = [
            ("cloud", self.cloud.clone()),
            ("tenant", self.tenant.clone()),
            ("protocol", protocols),
            ("grant_type", self.grant_type.clone()),
            ("instance", self.instance.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// What proves that we are the client: one of the two.
#[derive(Debug, Args)]
#[group(id = "new_secret", multiple = false)]
pub(crate) struct SecretFile {
    /// File that holds the client secret (`-` for standard input); none for a public client
    #[arg(long, help_heading = CLIENT, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// File that holds a private key as PEM (`-` for standard input), for private_key_jwt and jwt_bearer
    #[arg(long, help_heading = CLIENT, value_name = "FILE")]
    private_key_file: Option<PathBuf>,
}

/// What a link is made of and can be changed in.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Fields {
    /// Free text
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    secret: SecretFile,
    /// When the provider will refuse the secret: a date (until its end, UTC) or an RFC 3339 time; an edit without a new
    /// secret says it of the one in use, and an empty text unsets it
    #[arg(long, help_heading = CLIENT, value_name = "DATE", value_parser = moment_or_none)]
    #[serde(rename = "client_secret_expires_at", skip_serializing_if = "Option::is_none")]
    client_secret_expires: Option<String>,
    /// File that holds the private key's certificate as PEM, where the provider knows the key by it
    // The conflict says more than the requirement does: clap waives what is required and conflicts with what is there.
    #[arg(
        long,
        help_heading = CLIENT,
        value_name = "FILE",
        requires = "private_key_file",
        conflicts_with = "client_secret_file"
    )]
    #[serde(skip)]
    certificate_file: Option<PathBuf>,
    /// The private key's name at the provider
    #[arg(
        long,
        help_heading = CLIENT,
        allow_hyphen_values = true,
        requires = "private_key_file",
        conflicts_with = "client_secret_file"
    )]
    #[serde(rename = "client_key_id", skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// How the client authenticates: client_secret_basic, client_secret_post, client_secret_basic_raw, private_key_jwt
    /// or none
    #[arg(long, help_heading = CLIENT)]
    #[serde(skip_serializing_if = "Option::is_none")]
    client_auth: Option<String>,
    /// How assertions are signed: RS256, PS256 or ES256; what fits the key where never said, or set to an empty text
    #[arg(long, help_heading = CLIENT)]
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_alg: Option<String>,
    /// Where the browser is sent
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<String>,
    /// Where tokens come from
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<String>,
    /// Where tokens are given back
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<String>,
    /// Where a device asks for its code
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    /// The issuer that callbacks and ID tokens are compared with; of a new custom link without endpoints, it is asked for
    /// them
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// Whether callbacks must name the issuer (true or false); where it comes it must be right in any case
    #[arg(long, help_heading = ENDPOINTS, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_iss: Option<bool>,
    /// A host that tokens may be shown to, such as a mail server; can be given several times. A new link has them
    /// besides the preset's; an edit puts them in the place of all that stand, and an empty text leaves none
    #[arg(long = "token-host", help_heading = ENDPOINTS, value_name = "HOST")]
    #[serde(skip)]
    token_hosts: Vec<String>,
    /// Asked who consented, where no ID token says so
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
    /// Asked who consented, and to what, where nothing else says so
    #[arg(long, help_heading = ENDPOINTS, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint: Option<String>,
    /// What is asked for, separated by spaces
    #[arg(long, help_heading = ASKED)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// What stands between scopes in a request: space, comma or plus
    #[arg(long, help_heading = ASKED)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope_separator: Option<String>,
    /// Send code challenges (PKCE), as is usual
    #[arg(long, help_heading = ASKED, conflicts_with = "no_pkce")]
    #[serde(skip)]
    pkce: bool,
    /// Send no code challenges (PKCE), for servers that refuse what they do not know
    #[arg(long, help_heading = ASKED)]
    #[serde(skip)]
    no_pkce: bool,
    /// A further parameter of the authorization request; can be given several times, with one name as well. A new link
    /// has them besides the preset's; an edit puts them in the place of all that stand, and an empty text leaves none
    #[arg(
        long = "authorization-param",
        help_heading = ASKED,
        alias = "param",
        value_name = "NAME=VALUE",
        value_parser = input::parameter
    )]
    #[serde(skip)]
    authorization_params: Vec<(String, String)>,
    /// The same for requests to the token endpoint
    #[arg(
        long = "token-param",
        help_heading = ASKED,
        value_name = "NAME=VALUE",
        value_parser = input::parameter
    )]
    #[serde(skip)]
    token_params: Vec<(String, String)>,
}

impl Fields {
    /// Puts in what is not sent as it was typed.
    pub(super) fn complete(&self, body: &mut Value) -> anyhow::Result<()> {
        let secret = match (&self.secret.client_secret_file, &self.secret.private_key_file) {
            (Some(path), _) => Some(input::secret(path, "client secret")?),
            (None, Some(path)) => Some(input::secret(path, "private key")?),
            (None, None) => None,
        };
        if let Some(secret) = secret {
            body["client_secret"] = json!(secret.expose());
        }
        if let Some(path) = &self.certificate_file {
            body["client_certificate"] = json!(input::secret(path, "certificate")?.expose());
        }
        if self.pkce || self.no_pkce {
            body["pkce"] = json!(self.pkce);
        }
        for (name, params) in [
            ("authorization_params", &self.authorization_params),
            ("token_params", &self.token_params),
        ] {
            if !params.is_empty() {
                body[name] = Value::Object(by_name(params));
            }
        }
        if !self.token_hosts.is_empty() {
            let hosts: Vec<_> = self.token_hosts.iter().filter(|host| !host.is_empty()).collect();
            body["token_hosts"] = json!(hosts);
        }
        Ok(())
    }
}

/// Parameters as the API takes them: a text for each name, and a list of texts for one that is sent several times.
fn by_name(params: &[(String, String)]) -> Map<String, Value> {
    let mut named = Map::new();
    for (name, value) in params.iter().filter(|(name, _)| !name.is_empty()) {
        match named.entry(name.as_str()) {
            Entry::Vacant(entry) => {
                entry.insert(json!(value));
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(values) => values.push(json!(value)),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    named
}

/// Reads a moment, or an empty text, which stands for none.
fn moment_or_none(text: &str) -> Result<String, String> {
    if text.is_empty() { Ok(String::new()) } else { input::moment(text) }
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// Who it is with: google, microsoft, custom, or another one of `outlink provider list`
    #[arg(long)]
    provider: String,
    #[command(flatten)]
    #[serde(flatten)]
    choice: Choice,
    /// Fill in the endpoints from what the server of this issuer says of itself
    #[arg(long, help_heading = CHOSEN, value_name = "ISSUER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    discover: Option<String>,
    /// Have the discovered server register this one as its client, where it offers that
    #[arg(long, help_heading = CLIENT, requires = "discover", conflicts_with = "new_secret")]
    #[serde(skip)]
    register: bool,
    /// File that holds what the server asks of whoever registers (`-` for standard input)
    #[arg(long, help_heading = CLIENT, value_name = "FILE", requires = "register")]
    #[serde(skip)]
    initial_access_token_file: Option<PathBuf>,
    /// The JSON key file of a Google service account (`-` for standard input): fills in the client
    #[arg(long, help_heading = CLIENT, value_name = "FILE", conflicts_with_all = ["new_secret", "register"])]
    #[serde(skip)]
    service_account_file: Option<PathBuf>,
    /// The client id that the provider gave out
    // Some providers give out ids that begin with a hyphen.
    #[arg(
        long,
        help_heading = CLIENT,
        allow_hyphen_values = true,
        required_unless_present_any = ["register", "service_account_file"]
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
}

impl Create {
    /// What is sent.
    pub(super) fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        if self.register {
            let mut register = json!({});
            if let Some(path) = &self.initial_access_token_file {
                let token = input::secret(path, "initial access token")?;
                register["initial_access_token"] = json!(token.expose());
            }
            body["register"] = register;
        }
        if let Some(path) = &self.service_account_file {
            let key_file = input::secret(path, "service account's key file")?;
            body["service_account"] = json!(key_file.expose());
        }
        self.fields.complete(&mut body)?;
        Ok(body)
    }
}

#[cfg(test)]
mod tests;
