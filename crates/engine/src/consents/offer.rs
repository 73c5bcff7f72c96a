//! Asking for a consent: what is handed to whoever shall give it.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::link::{GrantType, Link};
use outlink_model::problem::Problem;
use outlink_model::{ConsentId, GrantId, MailServerId, Secret, Timestamp};
use outlink_store::{Consent, ConsentState, DeviceConsent};

use super::{no_consent_needed, switched_on};
use crate::{Caller, Engine, Error, clock};

/// How long a start page works unless it is said otherwise.
const USUAL: SignedDuration = SignedDuration::from_hours(72);
/// How long a start page may work at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Of whom a consent is asked, and for how long.
#[derive(Debug, Default)]
pub struct AskConsent {
    /// The address of the expected mailbox; suggests the account at the provider.
    pub login_hint: Option<String>,
    /// How long the start page works: 72 hours where left out, 30 days at most. A device code's end is the provider's
    /// to say.
    pub expires_in: Option<SignedDuration>,
}

/// A consent that is asked for.
#[derive(Debug)]
pub struct Offer {
    /// Its id: asked for how it went.
    pub consent: ConsentId,
    /// How it is given.
    pub how: OfferKind,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// How a consent is given.
#[derive(Debug)]
pub enum OfferKind {
    /// By the one-time start page at this address.
    Page(Secret),
    /// By a code that is typed at the provider, on any machine.
    Device(DeviceOffer),
}

/// What somebody does on another machine (RFC 8628 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceOffer {
    /// What is typed there.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same address with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
}

impl From<&DeviceConsent> for DeviceOffer {
    fn from(device: &DeviceConsent) -> Self {
        Self {
            user_code: device.user_code.clone(),
            verification_uri: device.verification_uri.clone(),
            verification_uri_complete: device.verification_uri_complete.clone(),
        }
    }
}

impl Engine {
    /// Asks for a new grant under a link.
    ///
    /// # Errors
    /// [`Problem::not_found`], or when the link is switched off or its grant type needs no consent.
    pub async fn authorize_link(
        &self,
        named: &str,
        ask: AskConsent,
        by: &Caller,
    ) -> Result<Offer, Error> {
        let link = self.link(named).await?;
        self.offer(&link, None, None, ask, by).await
    }

    /// Asks for the same grant anew.
    ///
    /// # Errors
    /// As [`Engine::authorize_link`].
    pub async fn authorize_grant(
        &self,
        named: &str,
        expires_in: Option<SignedDuration>,
        by: &Caller,
    ) -> Result<Offer, Error> {
        let grant = self.grant(named).await?;
        let link = self.link_by_id(grant.link_id).await?;
        let ask = AskConsent { login_hint: grant.identity.email, expires_in };
        self.offer(&link, Some(grant.id), None, ask, by).await
    }

    /// Asks for a consent: for a new grant or for this one anew, and for a mail server that is to sign in with it.
    pub(crate) async fn offer(
        &self,
        link: &Link,
        grant_id: Option<GrantId>,
        mail_server: Option<MailServerId>,
        ask: AskConsent,
        by: &Caller,
    ) -> Result<Offer, Error> {
        switched_on(link)?;
        let lasts = lasts(ask.expires_in)?;
        let login_hint = ask.login_hint.filter(|hint| !hint.trim().is_empty());
        let now = self.now();
        let mut consent = Consent {
            id: clock::id(),
            link_id: link.id,
            grant_id,
            login_hint,
            state: ConsentState::Offered,
            verifier: None,
            nonce: None,
            redirect_url: None,
            device: None,
            mail_server,
            created_at: now,
            expires_at: later(now, lasts),
        };
        let how = match link.grant_type {
            GrantType::AuthorizationCode => {
                let token = clock::random_text()?;
                self.store().create_consent(&consent, &clock::fingerprint(token.expose())).await?;
                let page = format!("{}/consent/{}", self.base_url(), token.expose());
                OfferKind::Page(Secret::new(page))
            }
            GrantType::DeviceCode => {
                let device = self.ask_for_device(link, &mut consent).await?;
                OfferKind::Device(device)
            }
            GrantType::ClientCredentials | GrantType::JwtBearer => {
                return Err(no_consent_needed(link).into());
            }
        };
        self.record(Event {
            kind: "consent.offered".into(),
            subject: format!("link {}", link.name),
            message: format!("{} asked for a consent under the link {}.", by.name(), link.name),
            ..self.event(Actor::MailboxOwner)
        })
        .await;
        Ok(Offer { consent: consent.id, how, expires_at: consent.expires_at })
    }
}

fn lasts(asked: Option<SignedDuration>) -> Result<SignedDuration, Problem> {
    match asked.unwrap_or(USUAL) {
        lasts if lasts >= SignedDuration::from_mins(1) && lasts <= LONGEST => Ok(lasts),
        _ => Err(Problem::invalid(
            "expires_in_hours",
            "expires_in_unusable",
            "A consent page can work for an hour at least and 30 days at most.",
            "Choose between 1 and 720 hours; 72 is usual.",
        )),
    }
}
