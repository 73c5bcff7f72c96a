//! Links: registering at a provider, and what the registration is called there.

use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::link::{ClientAuth, GrantType, Link, LinkHealth};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{LinkId, Secret};
use outlink_oauth::{self as oauth, Preset};

use crate::{Caller, Engine, Error, Listed, Page, clock, error};

/// What an administrator enters for a new link. What is left out comes from the provider's preset.
#[derive(Debug)]
pub struct NewLink {
    /// Unique.
    pub name: String,
    /// Free text; may be empty.
    pub description: String,
    /// The preset.
    pub provider: ProviderKind,
    /// How it comes by tokens; authorization code where left out.
    pub grant_type: Option<GrantType>,
    /// From the provider.
    pub client_id: String,
    /// From the provider; none for a public client.
    pub client_secret: Option<Secret>,
    /// `client_secret_basic` where left out (`none` without a secret).
    pub client_auth: Option<ClientAuth>,
    /// Where the browser is sent.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from.
    pub token_endpoint: Option<String>,
    /// Compared with `iss`; see [`Link::issuer`].
    pub issuer: Option<String>,
    /// Asked who consented.
    pub userinfo_endpoint: Option<String>,
    /// Separated by spaces.
    pub scope: Option<String>,
    /// Besides the usual ones.
    pub authorization_params: Vec<(String, String)>,
}

impl Engine {
    /// Registers a link.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken. Nothing is kept then.
    pub async fn create_link(&self, new: NewLink, by: &Caller) -> Result<Link, Error> {
        let link = self.check_link(new)?;
        self.store()
            .create_link(&link)
            .await
            .map_err(|error| error::taken(error, "name", "link", &link.name))?;
        self.record(Event {
            kind: "link.created".into(),
            subject: format!("link {}", link.name),
            message: format!("{} registered the link {}.", by.name(), link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(link)
    }

    /// The links, by the order in which they were made.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn links(&self, page: Page) -> Result<Listed<Link>, Error> {
        Ok(self.store().links(&page).await?)
    }

    /// One link, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn link(&self, named: &str) -> Result<Link, Error> {
        let found = match named.parse::<LinkId>() {
            Ok(id) => self.store().link(id).await?,
            Err(_) => self.store().link_by_name(named).await?,
        };
        found.ok_or_else(|| Problem::not_found("link", named).into())
    }

    pub(crate) async fn link_by_id(&self, id: LinkId) -> Result<Link, Error> {
        let found = self.store().link(id).await?;
        found.ok_or_else(|| Problem::not_found("link", &id.to_string()).into())
    }

    /// The redirect URL to register at the provider; none where the grant type has no redirect.
    pub fn redirect_url_of(&self, link: &Link) -> Option<String> {
        let authorization = link.authorization_endpoint.as_deref()?;
        (link.grant_type == GrantType::AuthorizationCode)
            .then(|| oauth::redirect_url(self.base_url(), authorization, &link.token_endpoint))
    }

    /// The redirect URL that a link to these endpoints would have, before any link stands.
    ///
    /// # Errors
    /// A [`Problem`] where an endpoint is missing or wrong.
    pub fn redirect_url(
        &self,
        provider: Option<ProviderKind>,
        authorization_endpoint: Option<&str>,
        token_endpoint: Option<&str>,
    ) -> Result<String, Error> {
        let preset = oauth::preset(provider.unwrap_or(ProviderKind::Custom));
        let authorization = self.endpoint(
            "authorization_endpoint",
            authorization_endpoint,
            preset.authorization_endpoint,
        )?;
        let token = self.endpoint("token_endpoint", token_endpoint, preset.token_endpoint)?;
        Ok(oauth::redirect_url(self.base_url(), &authorization, &token))
    }

    fn check_link(&self, new: NewLink) -> Result<Link, Problem> {
        let preset = oauth::preset(new.provider);
        let grant_type = new.grant_type.unwrap_or(GrantType::AuthorizationCode);
        let client_secret = new.client_secret.filter(|secret| !secret.is_empty());
        let client_auth = new.client_auth.unwrap_or(match client_secret {
            Some(_) => preset.client_auth,
            None => ClientAuth::None,
        });
        check_secret(client_auth, client_secret.as_ref())?;
        let authorization_endpoint = match grant_type {
            GrantType::AuthorizationCode => Some(self.endpoint(
                "authorization_endpoint",
                new.authorization_endpoint.as_deref(),
                preset.authorization_endpoint,
            )?),
        };
        let token_endpoint =
            self.endpoint("token_endpoint", new.token_endpoint.as_deref(), preset.token_endpoint)?;
        let userinfo = given(new.userinfo_endpoint.as_deref()).or(preset.userinfo_endpoint);
        let userinfo_endpoint = userinfo
            .map(|text| self.endpoint("userinfo_endpoint", Some(text), None))
            .transpose()?;
        let now = self.now();
        Ok(Link {
            id: clock::id(),
            name: name("name", &new.name)?,
            description: new.description.trim().to_owned(),
            provider: new.provider,
            grant_type,
            client_id: required("client_id", "The client ID", &new.client_id)?,
            client_secret,
            client_auth,
            authorization_endpoint,
            token_endpoint,
            issuer: given(new.issuer.as_deref()).or(preset.issuer).map(str::to_owned),
            userinfo_endpoint,
            scope: scope(given(new.scope.as_deref()).unwrap_or(preset.scope))?,
            authorization_params: authorization_params(new.authorization_params, preset)?,
            token_hosts: token_hosts(preset),
            health: LinkHealth::Healthy,
            created_at: now,
            updated_at: now,
        })
    }

    /// An endpoint as it will be saved: what was entered, else the preset's.
    fn endpoint(
        &self,
        field: &'static str,
        entered: Option<&str>,
        preset: Option<&'static str>,
    ) -> Result<String, Problem> {
        let Some(text) = given(entered).or(preset) else {
            return Err(Problem::invalid(
                field,
                "endpoint_missing",
                format!("The {} is missing.", field.replace('_', " ")),
                "The provider's documentation names it; it begins with https://.",
            ));
        };
        let egress = &self.0.settings.egress;
        oauth::check_endpoint(field, text, |host| egress.permits_plain_http(host))?;
        Ok(text.to_owned())
    }
}

/// What was entered, where it is more than white space.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A name that can be listed, typed and looked up: not empty, not long, and not to be taken for an id.
pub(crate) fn name(field: &'static str, text: &str) -> Result<String, Problem> {
    let text = required(field, "The name", text)?;
    let wrong = |what: &str| {
        Problem::invalid(
            field,
            "name_unusable",
            format!("The name {what}."),
            "Choose a name of at most 100 characters, without line breaks.",
        )
    };
    if text.chars().count() > 100 {
        return Err(wrong("is longer than 100 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong("holds a line break or another control character"));
    }
    if text.parse::<LinkId>().is_ok() {
        return Err(wrong("looks like an id, and could not be told from one"));
    }
    Ok(text)
}

/// A field that must not be empty.
pub(crate) fn required(field: &'static str, what: &str, text: &str) -> Result<String, Problem> {
    match given(Some(text)) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Problem::invalid(
            field,
            "missing",
            format!("{what} is missing."),
            format!("Fill in {field}."),
        )),
    }
}

fn check_secret(auth: ClientAuth, secret: Option<&Secret>) -> Result<(), Problem> {
    match secret {
        None if auth != ClientAuth::None => Err(Problem::invalid(
            "client_secret",
            "missing",
            "The client secret is missing.",
            "Copy it from the provider, or choose the client authentication `none` for a public client.",
        )),
        Some(_) if auth == ClientAuth::None => Err(Problem::invalid(
            "client_auth",
            "secret_unused",
            "A client secret was given, but the client authentication is `none`.",
            "Leave the secret out, or choose client_secret_basic or client_secret_post.",
        )),
        _ => Ok(()),
    }
}

/// Scopes as one line: RFC 6749 §3.3 separates them by single spaces.
fn scope(text: &str) -> Result<String, Problem> {
    let tokens: Vec<_> = text.split_whitespace().collect();
    let legal = |token: &&str| token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    match tokens.iter().find(|token| !legal(token)) {
        Some(token) => Err(Problem::invalid(
            "scope",
            "scope_unusable",
            format!("The scope {token:?} holds a character that no scope may hold."),
            "Separate scopes by spaces, and copy each as the provider's documentation prints it.",
        )),
        None => Ok(tokens.join(" ")),
    }
}

/// The preset's parameters, with those entered put over them.
fn authorization_params(
    entered: Vec<(String, String)>,
    preset: &Preset,
) -> Result<Vec<(String, String)>, Problem> {
    oauth::check_authorization_params(&entered)?;
    let own = |name: &str| entered.iter().any(|(key, _)| key == name);
    let kept = preset.authorization_params.iter().filter(|(key, _)| !own(key));
    let mut all: Vec<_> = kept.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    all.extend(entered);
    Ok(all)
}

/// The hosts that the preset's tokens may go to, each once.
fn token_hosts(preset: &Preset) -> Vec<String> {
    let mut hosts: Vec<_> = preset.mail_hosts.iter().map(|mail| mail.host.to_owned()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}
