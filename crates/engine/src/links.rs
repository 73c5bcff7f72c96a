//! Links: registering at a provider, and what the registration is called there.

use outlink_model::LinkId;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::link::{Link, LinkDirection, LinkHealth};
use outlink_model::problem::Problem;
use outlink_model::provider::{MailService, ProviderKind};
use outlink_oauth::{self as oauth, Choice, Filled};

use crate::{Caller, Engine, Error, Listed, Page, clock, error};

mod delete;
mod dependants;
mod discover;
mod draft;
mod edit;
mod fields;
mod register;
mod report;
mod secrets;
mod service_account;
mod watch;

pub use delete::{DeleteLink, DeletedLink};
pub use dependants::Dependants;
pub use discover::Discovered;
pub use draft::{Change, LinkDraft, LinkEdit, NewLink, NewSecret, Register, SavedLink, SecretEnd};
pub use report::LinkReport;

use fields::{Entered, Laid};

/// The end of a secret is shown beside its link from so many days before on.
const SECRET_SHOWN: i64 = 30;

/// The redirect URL to register at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUrl {
    /// The address, letter by letter.
    pub url: String,
    /// What the provider is known to refuse about it.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Registers a link.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken. Nothing is kept then.
    pub async fn create_link(&self, new: NewLink, by: &Caller) -> Result<SavedLink, Error> {
        let NewLink { provider, choice, mut draft, discover, register, service_account } = new;
        let filled = oauth::fill(provider, &choice)?;
        let mut base = self.base(provider, &choice, filled);
        if let Some(json) = service_account.filter(|json| !json.is_empty()) {
            service_account::fill_in(&mut base, &mut draft, &json)?;
        }
        // An issuer without endpoints is meant to be asked for them.
        let bare = provider == ProviderKind::Custom
            && draft.token_endpoint.is_none()
            && draft.authorization_endpoint.is_none();
        let issuer = given(discover.as_deref())
            .or_else(|| draft.issuer.as_deref().filter(|_| bare))
            .map(str::to_owned);
        let issuer = issuer.as_deref();
        let discovered = match issuer {
            Some(issuer) => Some(self.discover_at("discover", issuer).await?),
            None => None,
        };
        let metadata = discovered.as_ref().map(|discovered| &discovered.metadata);
        if let Some(metadata) = metadata {
            discover::lay_metadata(&mut base, &draft, metadata);
        }
        let mut warnings = Vec::new();
        let saved = match register {
            None => self.save_new(&base, draft).await?,
            Some(register) => {
                let registered = self.register(&base, draft, &register, metadata).await?;
                warnings.extend(registered.warnings);
                let client_id = registered.draft.client_id.clone().unwrap_or_default();
                let saved = self.save_new(&base, registered.draft).await;
                saved.map_err(|error| register::left_behind(&error.problem(), &client_id))?
            }
        };
        let Laid { link, warnings: laid } = saved;
        self.record(Event {
            kind: "link.created".into(),
            subject: format!("link {}", link.name),
            message: format!("{} registered the link {}.", by.name(), link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.look_at_secrets().await;
        if let Some(discovered) = discovered {
            warnings.extend(discover::warnings(&link, &discovered.metadata));
            warnings.extend(discovered.warnings);
        }
        warnings.extend(laid);
        warnings.extend(self.link_warnings(&link));
        Ok(SavedLink { link, warnings })
    }

    /// Lays the draft of a new link over its base, and keeps it.
    async fn save_new(&self, base: &Link, draft: LinkDraft) -> Result<Laid, Error> {
        let laid = self.lay_over(base, &self.creating(draft))?;
        let saved = self.store().create_link(&laid.link).await;
        saved.map_err(|error| error::taken(error, "name", "link", &laid.link.name))?;
        Ok(laid)
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
        let has_redirect = link.grant_type.has_redirect();
        has_redirect
            .then(|| oauth::redirect_url(self.base_url(), authorization, &link.token_endpoint))
    }

    /// The redirect URL that a link to these endpoints would have, before any link stands. What is left out comes from
    /// the preset.
    ///
    /// # Errors
    /// A [`Problem`] where an endpoint is missing or wrong, or the grant type has no redirect.
    pub fn redirect_url(
        &self,
        provider: ProviderKind,
        choice: &Choice,
        authorization_endpoint: Option<&str>,
        token_endpoint: Option<&str>,
    ) -> Result<RedirectUrl, Error> {
        if !choice.grant_type.has_redirect() {
            return Err(Problem::invalid(
                "grant_type",
                "no_redirect_url",
                format!("The grant type {} has no redirect URL.", choice.grant_type),
                "Nothing is to be registered for it at the provider.",
            )
            .into());
        }
        let filled = oauth::fill(provider, choice)?;
        let authorization = self.endpoint(
            "authorization_endpoint",
            authorization_endpoint,
            filled.authorization_endpoint,
        )?;
        let token = self.endpoint("token_endpoint", token_endpoint, filled.token_endpoint)?;
        let url = oauth::redirect_url(self.base_url(), &authorization, &token);
        let warnings = oauth::redirect_warnings(provider, &url);
        Ok(RedirectUrl { url, warnings })
    }

    /// What an administrator should know about a link as it stands: scopes and a redirect URL that are known to make
    /// trouble, a secret that ends soon.
    pub fn link_warnings(&self, link: &Link) -> Vec<String> {
        let mut warnings = fields::warnings_of(link, self.redirect_url_of(link).as_deref());
        let first = link.client_secrets.first();
        if let Some(first) =
            first.filter(|first| secrets::ends_soon(first, self.now(), SECRET_SHOWN))
            && let Some(ends) = first.expires_at
        {
            let (tense, date) = watch::tense(ends, self.now());
            warnings.push(format!("The client secret of this link {tense} on {date}."));
        }
        warnings
    }

    /// A new link as its preset has it, before anything is entered.
    fn base(&self, provider: ProviderKind, choice: &Choice, filled: Filled) -> Link {
        let now = self.now();
        Link {
            id: clock::id(),
            name: String::new(),
            description: String::new(),
            direction: LinkDirection::Outgoing,
            provider,
            enabled: true,
            grant_type: choice.grant_type,
            client_id: String::new(),
            client_secrets: Vec::new(),
            client_auth: filled.client_auth,
            signing_alg: None,
            authorization_endpoint: filled.authorization_endpoint,
            token_endpoint: filled.token_endpoint.unwrap_or_default(),
            revocation_endpoint: filled.revocation_endpoint,
            device_authorization_endpoint: filled.device_authorization_endpoint,
            issuer: filled.issuer,
            requires_iss: false,
            userinfo_endpoint: filled.userinfo_endpoint,
            introspection_endpoint: filled.introspection_endpoint,
            scope: filled.scope,
            scope_separator: filled.scope_separator,
            pkce: filled.pkce,
            authorization_params: filled.authorization_params,
            token_params: filled.token_params,
            token_hosts: token_hosts(provider, choice),
            health: LinkHealth::Healthy,
            created_at: now,
            updated_at: now,
        }
    }

    fn creating(&self, draft: LinkDraft) -> Entered {
        Entered {
            draft,
            add_secret: false,
            secret_end: None,
            delete_secret: false,
            creating: true,
            secret_id: clock::id(),
            now: self.now(),
        }
    }

    fn lay_over(&self, before: &Link, entered: &Entered) -> Result<Laid, Problem> {
        let egress = &self.0.settings.egress;
        fields::lay_over(before, entered, &|host| egress.permits_plain_http(host))
    }

    /// An endpoint as it would be saved: what was entered, else the preset's.
    fn endpoint(
        &self,
        field: &'static str,
        entered: Option<&str>,
        preset: Option<String>,
    ) -> Result<String, Problem> {
        let text = given(entered).map(str::to_owned).or(preset).unwrap_or_default();
        let egress = &self.0.settings.egress;
        oauth::check_endpoint(field, &text, |host| egress.permits_plain_http(host))?;
        Ok(text)
    }
}

/// The hosts that a preset's tokens may go to, whatever they are for at first: scopes can be added later.
///
/// Each protocol by itself: a provider may have no scope for one of them.
fn token_hosts(provider: ProviderKind, choice: &Choice) -> Vec<String> {
    let filled = MailService::ALL.iter().filter_map(|protocol| {
        oauth::fill(provider, &Choice { protocols: vec![*protocol], ..choice.clone() }).ok()
    });
    let mut hosts: Vec<_> =
        filled.flat_map(|filled| filled.mail_hosts).map(|mail| mail.host.to_owned()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
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

/// Keeps a word that stands at the place of a name in an address of the API from being one: what is called so could not be
/// reached by it.
///
/// # Errors
/// A [`Problem`] at `field`.
pub(crate) fn not_reserved(field: &'static str, name: &str, reserved: &str) -> Result<(), Problem> {
    if name != reserved {
        return Ok(());
    }
    Err(Problem::invalid(
        field,
        "name_reserved",
        format!("The name {name:?} means something else in the addresses of the API."),
        "Choose another name; it may begin with this word.",
    ))
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
