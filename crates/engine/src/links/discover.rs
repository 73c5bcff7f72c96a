//! Discovery: an issuer's metadata fill in the endpoints (RFC 8414, OpenID Connect Discovery 1.0).

use outlink_model::grant::Trouble;
use outlink_model::link::{ClientAuth, GrantType, Link, SigningAlg};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth::{self as oauth, Metadata};

use super::LinkDraft;
use super::fields::words;
use super::secrets::is_pem;
use crate::{Engine, Error};

/// Scopes without which it is not known who consented, or the grant ends within the hour. What else is asked for, only
/// the administrator knows.
const USUAL_SCOPES: [&str; 3] = ["openid", "email", "offline_access"];

/// What an authorization server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// What can be used of it.
    pub metadata: Metadata,
    /// What was left out, one sentence or two each.
    pub warnings: Vec<String>,
}

impl Engine {
    /// What the authorization server of an issuer says of itself. Its addresses are checked like entered ones; one that
    /// is not taken and that a link can be without is left out.
    ///
    /// # Errors
    /// A [`Problem`] where the issuer cannot be asked, speaks for another one, or names a token or authorization
    /// endpoint that is not taken.
    pub async fn discover(&self, issuer: &str) -> Result<Discovered, Error> {
        self.discover_at("issuer", issuer).await
    }

    /// The same; `field` is where the issuer was entered.
    pub(super) async fn discover_at(
        &self,
        field: &'static str,
        issuer: &str,
    ) -> Result<Discovered, Error> {
        let issuer = issuer.trim();
        let egress = &self.0.settings.egress;
        let http_allowed = |host: &str| egress.permits_plain_http(host);
        oauth::check_endpoint(field, issuer, http_allowed)?;
        let mut first = None;
        let mut tried = Vec::new();
        for url in oauth::metadata_urls(issuer)? {
            let read = match self.0.http.get(&url).await {
                Err(trouble) => Err(unreachable(field, &trouble)),
                Ok(response) if response.status == 200 => {
                    oauth::parse_metadata(issuer, &response.body)
                        .and_then(|metadata| with_good_addresses(metadata, &http_allowed))
                        .map_err(|problem| Problem { field: Some(field), ..problem })
                }
                Ok(response) => {
                    tried.push(format!("{url} answers {}", response.status));
                    continue;
                }
            };
            match read {
                Ok(discovered) => return Ok(discovered),
                // A server may answer one of the two addresses with a page of its own; what it said first is told.
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        Err(first.unwrap_or_else(|| absent(field, &tried)).into())
    }
}

/// The metadata without those addresses that are not taken. Nobody has entered them, so what is wrong with one is told
/// with its name, and not at its field.
fn with_good_addresses(
    mut metadata: Metadata,
    http_allowed: &dyn Fn(&str) -> bool,
) -> Result<Discovered, Problem> {
    let check = |name: &'static str, url: &str| {
        oauth::check_endpoint(name, url, http_allowed).map(|_| ()).map_err(|problem| {
            let message = format!(
                "The metadata name a {} that is not taken. {}",
                words(name),
                problem.message
            );
            Problem { message, ..problem }
        })
    };
    check("token_endpoint", &metadata.token_endpoint)?;
    if let Some(url) = &metadata.authorization_endpoint {
        check("authorization_endpoint", url)?;
    }
    let mut warnings = Vec::new();
    for (name, stands) in [
        ("revocation_endpoint", &mut metadata.revocation_endpoint),
        ("introspection_endpoint", &mut metadata.introspection_endpoint),
        ("userinfo_endpoint", &mut metadata.userinfo_endpoint),
        ("device_authorization_endpoint", &mut metadata.device_authorization_endpoint),
        ("registration_endpoint", &mut metadata.registration_endpoint),
    ] {
        if let Some(Err(problem)) = stands.as_deref().map(|url| check(name, url)) {
            *stands = None;
            warnings.push(format!("{} It was left out.", problem.message));
        }
    }
    Ok(Discovered { metadata, warnings })
}

/// Lays what a server says of itself over a link that is being made. What the administrator should know about that is
/// told of the link as it has become: see [`warnings`].
pub(super) fn lay_metadata(base: &mut Link, draft: &LinkDraft, metadata: &Metadata) {
    let lay = |stands: &mut Option<String>, told: &Option<String>| {
        if told.is_some() {
            stands.clone_from(told);
        }
    };
    // What the grant type has no use for is left out when the draft is laid over this.
    if base.grant_type.has_redirect() {
        lay(&mut base.authorization_endpoint, &metadata.authorization_endpoint);
    }
    metadata.token_endpoint.clone_into(&mut base.token_endpoint);
    lay(&mut base.revocation_endpoint, &metadata.revocation_endpoint);
    lay(&mut base.device_authorization_endpoint, &metadata.device_authorization_endpoint);
    lay(&mut base.userinfo_endpoint, &metadata.userinfo_endpoint);
    lay(&mut base.introspection_endpoint, &metadata.introspection_endpoint);
    // ID tokens are compared with it, and callbacks where they name one. Microsoft's template for several tenants is
    // nobody's name.
    let is_name = !metadata.issuer.contains(['{', '}']);
    if is_name && base.grant_type.has_consent() {
        base.issuer = Some(metadata.issuer.clone());
        base.requires_iss = metadata.sends_issuer && base.grant_type.has_redirect();
    }
    if !metadata.client_auths.is_empty() && !metadata.client_auths.contains(&base.client_auth) {
        let fits = |auth: &&ClientAuth| matches!(auth, ClientAuth::Basic | ClientAuth::Post);
        base.client_auth = *metadata.client_auths.iter().find(fits).unwrap_or(&base.client_auth);
    }
    base.signing_alg = signing_alg(draft, &metadata.signing_algs).or(base.signing_alg);
    if base.scope.is_empty() && draft.scope.is_none() && base.grant_type.has_consent() {
        let known = |scope: &&str| metadata.scopes_supported.iter().any(|told| told == scope);
        let usual: Vec<_> = USUAL_SCOPES.into_iter().filter(known).collect();
        base.scope = usual.join(" ");
    }
}

/// The way of signing that the server takes and the key can, where it is another than what the key would be used with
/// by itself.
fn signing_alg(draft: &LinkDraft, taken: &[SigningAlg]) -> Option<SigningAlg> {
    let key = draft.secret.as_ref().map(|new| &new.value).filter(|value| is_pem(value))?;
    let by_itself = oauth::check_signing_key("client_secret", key, None).ok()?;
    let mut fitting = taken
        .iter()
        .filter(|alg| oauth::check_signing_key("client_secret", key, Some(**alg)).is_ok());
    (!taken.contains(&by_itself)).then(|| fitting.next()).flatten().copied()
}

/// What the administrator should know about a new link, by what its server says of itself.
pub(super) fn warnings(link: &Link, metadata: &Metadata) -> Vec<String> {
    let mut warnings = Vec::new();
    let offered = &metadata.grant_types;
    if !offered.is_empty() && !offered.contains(&link.grant_type) {
        warnings.push(format!(
            "The server says that it offers the grant types {}, and not {}.",
            listed(offered),
            link.grant_type
        ));
    }
    // Where an assertion proves everything, the client does not authenticate.
    let authenticates = link.grant_type != GrantType::JwtBearer;
    // Servers know no name for credentials that are sent as they are.
    let auth = match link.client_auth {
        ClientAuth::BasicRaw => ClientAuth::Basic,
        auth => auth,
    };
    let known = &metadata.client_auths;
    if authenticates && !known.is_empty() && !known.contains(&auth) {
        warnings.push(format!(
            "The server says that clients authenticate by {}, and not by {}.",
            listed(known),
            link.client_auth
        ));
    }
    let algs = &metadata.signing_algs;
    let alg = link.client_secrets.first().filter(|_| auth == ClientAuth::PrivateKeyJwt);
    let alg = alg.and_then(|key| {
        oauth::check_signing_key("client_secret", &key.value, link.signing_alg).ok()
    });
    if let Some(alg) = alg.filter(|alg| !algs.is_empty() && !algs.contains(alg)) {
        warnings.push(format!(
            "The server says that it takes client assertions signed by {}, and this key signs by {alg}.",
            listed(algs)
        ));
    }
    if metadata.pkce_s256 == Some(false) && link.pkce && link.grant_type.has_redirect() {
        warnings.push(
            "The server does not say that it knows PKCE with S256. Most servers ignore what they do not know; if this \
             one refuses the request, switch PKCE off."
                .into(),
        );
    }
    warnings
}

fn listed<T: std::fmt::Display>(things: &[T]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn unreachable(field: &'static str, trouble: &Trouble) -> Problem {
    let message = format!("The issuer's metadata cannot be had: {}", trouble.told("It"));
    Problem {
        field: Some(field),
        ..Problem::new(ProblemKind::Remote, "issuer_unreachable", message, trouble.hint.clone())
    }
}

fn absent(field: &'static str, tried: &[String]) -> Problem {
    Problem {
        field: Some(field),
        ..Problem::new(
            ProblemKind::Remote,
            "metadata_absent",
            format!("There are no metadata at this issuer: {}.", tried.join("; ")),
            "Check the issuer; where the provider publishes none, enter the endpoints by hand.",
        )
    }
}
