//! Consents: from the one-time start page, by way of the provider, to a grant.
//!
//! What `authorize` hands out is a page of our own. Looking at it changes nothing, since mail scanners follow every
//! link they see; its button binds the consent to that browser by a cookie and goes on to the provider.

use jiff::SignedDuration;
use outlink_model::grant::{Grant, later};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{ConsentId, GrantId, LinkId, MailServerId, Secret, Timestamp};
use outlink_oauth::{self as oauth, Authorize, Verifier};
use outlink_store::{BeginConsent, Consent, ConsentState};

use crate::{Engine, Error, clock};

mod device;
mod finish;
mod identity;
mod keep;
mod offer;
mod proof;

pub use offer::{AskConsent, DeviceOffer, Offer, OfferKind};

/// How long somebody may take at the provider.
const JOURNEY: SignedDuration = SignedDuration::from_mins(60);

/// What the start page shows.
#[derive(Debug)]
pub struct ConsentPage {
    /// The link's name.
    pub link_name: String,
    /// What the provider is called.
    pub provider_name: String,
    /// Where the button leads: `scheme://host[:port]`.
    pub provider_origin: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Whose mailbox it is meant to be.
    pub login_hint: Option<String>,
    /// When the page ends.
    pub expires_at: Timestamp,
}

/// Where the browser goes next.
#[derive(Debug)]
pub struct Begun {
    /// The provider's authorization endpoint with our request.
    pub location: Secret,
    /// The value of the cookie that binds the consent to this browser.
    pub cookie: Secret,
    /// How long that cookie is needed.
    pub max_age: SignedDuration,
}

/// A consent that was given.
#[derive(Debug)]
pub struct Finished {
    /// The link's name.
    pub link_name: String,
    /// The grant that came of it.
    pub grant: Grant,
    /// What the person should know: the grant ends soon, something was not granted.
    pub warning: Option<String>,
}

/// How a consent stands.
#[derive(Debug)]
pub enum ConsentStatus {
    /// Nobody has come back from the provider yet. Where the consent is given by device code, what is to be typed there.
    Waiting(Option<DeviceOffer>),
    /// It was given.
    Done(Box<Grant>),
    /// It was not given, or something went wrong.
    Failed(String),
}

/// For what a consent was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedFor {
    /// For a new grant under this link.
    Link(LinkId),
    /// For this grant, anew.
    Grant(GrantId),
    /// For what this mail server signs in with, wherever that comes from.
    MailServer(MailServerId),
}

impl Engine {
    /// For what a consent was asked, and so where it can be asked again.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn consent_asked_for(&self, id: ConsentId) -> Result<AskedFor, Error> {
        let consent = self.store().consent(id).await?;
        let consent = consent.ok_or_else(|| Problem::not_found("consent", &id.to_string()))?;
        Ok(match (consent.mail_server, consent.grant_id) {
            (Some(server), _) => AskedFor::MailServer(server),
            (None, Some(grant)) => AskedFor::Grant(grant),
            (None, None) => AskedFor::Link(consent.link_id),
        })
    }

    /// How a consent stands.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn consent_status(&self, id: ConsentId) -> Result<ConsentStatus, Error> {
        let consent = self.store().consent(id).await?;
        let consent = consent.ok_or_else(|| Problem::not_found("consent", &id.to_string()))?;
        Ok(match consent.state {
            ConsentState::Done { grant_id } => {
                let grant = self.store().grant(grant_id).await?;
                let gone = || Problem::not_found("grant", &grant_id.to_string());
                ConsentStatus::Done(Box::new(grant.ok_or_else(gone)?))
            }
            ConsentState::Failed { reason } => ConsentStatus::Failed(reason),
            // The provider has answered, and the tokens are about to be kept.
            ConsentState::Begun { .. } if is_being_kept(&consent, self.now()) => {
                ConsentStatus::Waiting(consent.device.as_ref().map(DeviceOffer::from))
            }
            ConsentState::Offered | ConsentState::Begun { .. }
                if consent.expires_at < self.now() =>
            {
                ConsentStatus::Failed("Nobody gave the consent in time.".into())
            }
            ConsentState::Begun { at }
                if consent.device.is_none() && later(at, JOURNEY) < self.now() =>
            {
                ConsentStatus::Failed(
                    "Whoever began it did not come back from the provider within an hour.".into(),
                )
            }
            ConsentState::Offered | ConsentState::Begun { .. } => {
                ConsentStatus::Waiting(consent.device.as_ref().map(DeviceOffer::from))
            }
        })
    }

    /// What the start page shows. Changes nothing.
    ///
    /// # Errors
    /// A [`Problem`] when the page is unknown, over or used.
    pub async fn consent_page(&self, token: &str) -> Result<ConsentPage, Error> {
        let (consent, link) = self.open_consent(token).await?;
        let endpoint = link.authorization_endpoint.as_deref().unwrap_or_default();
        let origin = url::Url::parse(endpoint)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default();
        Ok(ConsentPage {
            provider_name: oauth::preset(link.provider).display_name.to_owned(),
            provider_origin: origin,
            scopes: link.scope.split(' ').map(str::to_owned).collect(),
            link_name: link.name,
            login_hint: consent.login_hint,
            expires_at: consent.expires_at,
        })
    }

    /// The button on the start page: binds the consent to this browser and sends it to the provider.
    ///
    /// # Errors
    /// As [`Engine::consent_page`].
    pub async fn begin_consent(&self, token: &str) -> Result<Begun, Error> {
        let (consent, link) = self.open_consent(token).await?;
        let Some(redirect_url) = self.redirect_url_of(&link) else {
            return Err(no_consent_needed(&link).into());
        };
        let state = clock::random_text()?;
        let cookie = clock::random_text()?;
        let nonce = clock::random_text()?;
        let verifier = Verifier::from_random(clock::random()?);
        let asks_identity = link.scope.split(' ').any(|scope| scope == "openid");
        let nonce = asks_identity.then(|| nonce.expose());
        let challenge = link.pkce.then(|| verifier.challenge());
        let location = oauth::authorization_url(&Authorize {
            link: &link,
            redirect_url: &redirect_url,
            state: state.expose(),
            challenge: challenge.as_deref(),
            nonce,
            login_hint: consent.login_hint.as_deref(),
        })?;
        let begin = BeginConsent {
            state_hash: &clock::fingerprint(state.expose()),
            browser_hash: &clock::fingerprint(cookie.expose()),
            verifier: verifier.expose(),
            nonce,
            redirect_url: &redirect_url,
        };
        self.store().begin_consent(consent.id, &begin, self.now()).await?;
        Ok(Begun { location: Secret::new(location), cookie, max_age: JOURNEY })
    }

    async fn open_consent(&self, token: &str) -> Result<(Consent, Link), Error> {
        let over = |message: &str| {
            let hint = "Ask whoever sent it to you for a new one.";
            Problem::new(ProblemKind::NotFound, "consent_over", message, hint)
        };
        let found = self.store().consent_by_start(&clock::fingerprint(token)).await?;
        let consent = found.ok_or_else(|| over("This consent page does not exist."))?;
        match consent.state {
            ConsentState::Offered | ConsentState::Begun { .. } => {}
            ConsentState::Done { .. } => return Err(over("This consent was given already.").into()),
            ConsentState::Failed { .. } => {
                return Err(over("This consent page was used up.").into());
            }
        }
        if consent.expires_at < self.now() {
            return Err(over("This consent page is over: it was not used in time.").into());
        }
        let link = self.link_by_id(consent.link_id).await?;
        switched_on(&link)?;
        Ok((consent, link))
    }
}

/// Whether a device code was answered whose tokens are not kept yet. After an hour, whoever was to keep them is gone.
fn is_being_kept(consent: &Consent, now: Timestamp) -> bool {
    let answered = consent.device.as_ref().is_some_and(|device| device.next_poll_at.is_none());
    answered && now <= later(consent.expires_at, JOURNEY)
}

/// Nothing is asked for under a link that an administrator has switched off.
pub(crate) fn switched_on(link: &Link) -> Result<(), Problem> {
    match link.enabled {
        true => Ok(()),
        false => Err(Problem::new(
            ProblemKind::Conflict,
            "link_disabled",
            format!("The link {} is switched off.", link.name),
            format!(
                "An administrator can switch it on: outlink link edit {:?} --enable",
                link.name
            ),
        )),
    }
}

fn no_consent_needed(link: &Link) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "no_consent_needed",
        format!("The link {} works with {}, where nobody consents.", link.name, link.grant_type),
        format!("Make a grant at once: outlink grant create {:?}", link.name),
    )
}
