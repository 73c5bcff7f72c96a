//! Discovery: from an issuer to its endpoints (RFC 8414, OpenID Connect Discovery 1.0).

use outlink_model::link::{ClientAuth, GrantType, SigningAlg};
use outlink_model::problem::{Problem, ProblemKind};
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::check_endpoint;
use crate::providers::{cloud_of, is_tenant_alias, is_tenant_id};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const FIELD: &str = "issuer";

/// More scopes than this are not listed.
const MOST_SCOPES: usize = 500;

/// What an authorization server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// As the server writes it. Microsoft's for several tenants holds `{tenantid}`, which stands for the tenant of
    /// whoever signs in.
    pub issuer: String,
    /// Where the browser is sent; absent where the server has no such flow.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from.
    pub token_endpoint: String,
    /// Where tokens are given back (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where to ask what a token is good for (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// Where to ask who consented (OpenID Connect Core §5.3).
    pub userinfo_endpoint: Option<String>,
    /// Where a device asks for its code (RFC 8628 §4).
    pub device_authorization_endpoint: Option<String>,
    /// Where a client can register itself (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// The scopes that it names; it may know more.
    pub scopes_supported: Vec<String>,
    /// How clients may authenticate, as far as it can be done here, in the server's order.
    pub client_auths: Vec<ClientAuth>,
    /// The ways of getting tokens, as far as they are known here.
    pub grant_types: Vec<GrantType>,
    /// How a client's assertions may be signed, as far as it can be done here.
    pub signing_algs: Vec<SigningAlg>,
    /// Whether it takes S256 code challenges (RFC 7636); `None` where it does not say.
    pub pkce_s256: Option<bool>,
    /// Whether its callbacks carry `iss` (RFC 9207 §3).
    pub sends_issuer: bool,
}

/// Where the metadata of an issuer may be, in the order of asking: the name inserted between host and path (RFC 8414
/// §3.1), and the name after the path (OpenID Connect Discovery §4). Whoever enters the address of a metadata document
/// gets that one alone.
pub fn metadata_urls(issuer: &str) -> Result<Vec<String>, Problem> {
    let issuer = issuer.trim();
    // Whether plain http may be dialled is decided by whoever dials.
    let url = check_endpoint(FIELD, issuer, |_| true)?;
    if url.query().is_some() {
        return Err(Problem::invalid(
            FIELD,
            "issuer_invalid",
            "The issuer has a query (a part after ?), which RFC 8414 does not allow.",
            "Enter the issuer as the provider documents it, for example https://provider.example.",
        ));
    }
    if is_document(&url) {
        return Ok(vec![issuer.to_owned()]);
    }
    let (origin, path) = split(issuer);
    let path = path.trim_end_matches('/');
    let mut urls = vec![format!("{origin}{OAUTH}{path}"), format!("{origin}{path}{OPENID}")];
    if !path.is_empty() {
        // RFC 8414 §5: some servers put the name of OpenID Connect where RFC 8414 puts its own.
        urls.push(format!("{origin}{OPENID}{path}"));
    }
    Ok(urls)
}

fn is_document(url: &Url) -> bool {
    url.path().starts_with("/.well-known/") || url.path().ends_with(OPENID)
}

/// Origin and path of a checked address, as typed.
fn split(text: &str) -> (&str, &str) {
    let authority = text.find("://").map_or(0, |at| at + 3);
    let path = text[authority..].find('/').map_or(text.len(), |at| authority + at);
    text.split_at(path)
}

/// Reads a metadata document. `issuer` is what was asked for; the document must name the same, byte for byte, so that a
/// server cannot speak for another one (RFC 8414 §3.3).
pub fn parse_metadata(issuer: &str, body: &[u8]) -> Result<Metadata, Problem> {
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| {
        remote(
            "metadata_unreadable",
            "What was found at the issuer is not a JSON object.",
            "Check the issuer, or enter the endpoints by hand.",
        )
    })?;
    let named = text(&fields, "issuer").ok_or_else(|| {
        remote(
            "metadata_without_issuer",
            "The metadata do not name their issuer, so it is not known whose they are.",
            "Check the issuer, or enter the endpoints by hand.",
        )
    })?;
    if !is_same(issuer.trim(), named) {
        return Err(remote(
            "metadata_of_another",
            format!("The metadata are those of {named:?}, and not of {:?}.", issuer.trim()),
            if cloud_of(issuer).is_some() && !issuer.trim().ends_with("/v2.0") {
                "Enter Microsoft's issuer with /v2.0 at its end, such as https://login.microsoftonline.com/common/v2.0."
            } else {
                "Enter the issuer letter by letter as the provider documents it; mind the slash at the end."
            },
        ));
    }
    let endpoint = |name: &str| text(&fields, name).map(str::to_owned);
    let token_endpoint = endpoint("token_endpoint").ok_or_else(|| {
        remote(
            "metadata_without_token_endpoint",
            "The metadata name no token endpoint, so no tokens can be had from this issuer.",
            "Check the issuer, or enter the endpoints by hand.",
        )
    })?;
    Ok(Metadata {
        issuer: named.to_owned(),
        authorization_endpoint: endpoint("authorization_endpoint"),
        token_endpoint,
        revocation_endpoint: endpoint("revocation_endpoint"),
        introspection_endpoint: endpoint("introspection_endpoint"),
        userinfo_endpoint: endpoint("userinfo_endpoint"),
        device_authorization_endpoint: endpoint("device_authorization_endpoint"),
        registration_endpoint: endpoint("registration_endpoint"),
        scopes_supported: scopes(&fields),
        client_auths: client_auths(&fields),
        grant_types: grant_types(&fields),
        signing_algs: known(&fields, "token_endpoint_auth_signing_alg_values_supported"),
        pkce_s256: list(&fields, "code_challenge_methods_supported")
            .map(|methods| methods.contains(&"S256")),
        sends_issuer: fields
            .get("authorization_response_iss_parameter_supported")
            .and_then(Value::as_bool)
            .unwrap_or(false),
    })
}

fn remote(code: &'static str, message: impl Into<String>, hint: &str) -> Problem {
    Problem { field: Some(FIELD), ..Problem::new(ProblemKind::Remote, code, message, hint) }
}

/// Byte for byte, with two exceptions: whoever entered the address of the document has named the issuer that it belongs
/// to, and Microsoft writes its tenants in a way of its own.
fn is_same(asked: &str, named: &str) -> bool {
    asked == named
        || is_same_at_microsoft(asked, named)
        || (Url::parse(asked).is_ok_and(|url| is_document(&url))
            && (metadata_urls(named).is_ok_and(|urls| urls.iter().any(|url| url == asked))
                || asked
                    .strip_suffix(OPENID)
                    .is_some_and(|issuer| is_same_at_microsoft(issuer, named))))
}

/// At Microsoft the issuer of `common` and the like is a template, and that of a domain names the tenant's id. A tenant
/// that was asked for by its id must come back, in whatever letter case.
fn is_same_at_microsoft(asked: &str, named: &str) -> bool {
    let (Some((cloud, tenant)), Some((of, got))) = (cloud_of(asked), cloud_of(named)) else {
        return false;
    };
    let rest = |text: &str| -> Option<String> {
        let (origin, path) = split(text);
        let (_, after) = path.strip_prefix('/')?.split_once('/')?;
        Some(format!("{origin}/{after}"))
    };
    // A brace is percent-encoded when an address is parsed.
    let template = matches!(got.as_str(), "{tenantid}" | "%7btenantid%7d");
    let fits = if is_tenant_id(&tenant) {
        // Both are in small letters here, however they were written.
        tenant == got
    } else {
        is_tenant_id(&got) || (is_tenant_alias(&tenant) && template)
    };
    cloud == of && fits && rest(asked).is_some() && rest(asked) == rest(named)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<Vec<&'a str>> {
    let items = fields.get(name)?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).collect())
}

/// The values of a list that are known here, each once.
fn known<T: std::str::FromStr + PartialEq>(fields: &Map<String, Value>, name: &str) -> Vec<T> {
    let mut found = Vec::new();
    for item in list(fields, name).unwrap_or_default() {
        if let Ok(value) = item.parse()
            && !found.contains(&value)
        {
            found.push(value);
        }
    }
    found
}

fn scopes(fields: &Map<String, Value>) -> Vec<String> {
    let scopes = list(fields, "scopes_supported").unwrap_or_default();
    let scopes = scopes.into_iter().filter(|scope| {
        !scope.is_empty() && scope.len() <= 500 && scope.chars().all(|c| c.is_ascii_graphic())
    });
    scopes.take(MOST_SCOPES).map(str::to_owned).collect()
}

fn client_auths(fields: &Map<String, Value>) -> Vec<ClientAuth> {
    const NAME: &str = "token_endpoint_auth_methods_supported";
    // What is not said means HTTP Basic (RFC 8414 §2).
    if !fields.contains_key(NAME) {
        return vec![ClientAuth::Basic];
    }
    let mut methods: Vec<ClientAuth> = known(fields, NAME);
    // A name of our own, which no server means.
    methods.retain(|method| *method != ClientAuth::BasicRaw);
    methods
}

fn grant_types(fields: &Map<String, Value>) -> Vec<GrantType> {
    // What is not said means authorization codes, and a flow that nobody should use (RFC 8414 §2).
    let Some(names) = list(fields, "grant_types_supported") else {
        return vec![GrantType::AuthorizationCode];
    };
    let mut found = Vec::new();
    for name in names {
        let grant_type = match name {
            "authorization_code" => GrantType::AuthorizationCode,
            "client_credentials" => GrantType::ClientCredentials,
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => GrantType::JwtBearer,
            // The short name is GitLab's.
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => GrantType::DeviceCode,
            _ => continue,
        };
        if !found.contains(&grant_type) {
            found.push(grant_type);
        }
    }
    found
}

#[cfg(test)]
mod tests;
