//! What a consent that was given leaves behind: a new grant, or new tokens for the one it was to renew. Keeps **No lost
//! grant**: the code is spent by now, so the answer is held until the store takes it.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, GrantState, Identity, Tokens, later, renew_at};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Timestamp};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Consent, ConsentState, Error as StoreError, NewConsent, NewTokens};

use super::Finished;
use super::identity::is_same_person;
use crate::grants::{grant_name, lasts};
use crate::refresh::{held, held_read, new_tokens};
use crate::{Engine, Error, clock};

/// How long a token is taken to last that has no end.
const LASTING: SignedDuration = SignedDuration::from_hours(24 * 366);

impl Engine {
    pub(super) async fn keep_consented(
        &self,
        link: &Link,
        consent: &Consent,
        mut answer: TokenAnswer,
    ) -> Result<Finished, Error> {
        let nonce = consent.nonce.as_deref();
        let id_token = answer.id_token.as_ref();
        let identity = self.identify(link, nonce, id_token, &answer.access).await?;
        let now = self.now();
        let expires_at = later(now, lifetime(&answer));
        let scopes = Some(answer.scopes.take().unwrap_or_else(|| words(&link.scope)));
        let tokens = NewTokens { expires_at, scopes, ..new_tokens(link, answer, now) };
        let id = match consent.grant_id {
            None => self.create_consented(consent, identity, tokens).await?,
            Some(id) => self.replace_consented(link, consent, id, &identity, &tokens).await?,
        };
        let grant = held_read(|| self.store().grant(id)).await?;
        let grant = grant.ok_or_else(|| Problem::not_found("grant", &id.to_string()))?;
        // The provider has just accepted the client: whatever was held against the link is over.
        self.heal_link(link).await;
        if let Err(error) = self.store().wake_mail_servers(id, now).await {
            tracing::error!(%error, "mail servers of a renewed grant could not be woken");
        }
        self.record(Event {
            kind: "consent.given".into(),
            subject: format!("grant {}", grant_name(&grant)),
            state: Some("active".into()),
            message: format!("A consent under the link {} was given.", link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        let unattached = self.attach_consented(consent, &grant).await;
        self.0.alarm.notify_waiters();
        let warning = warning(link, &grant, consent.login_hint.as_deref(), now);
        let said: Vec<String> = warning.into_iter().chain(unattached).collect();
        let warning = (!said.is_empty()).then(|| said.join(" "));
        Ok(Finished { link_name: link.name.clone(), grant, warning })
    }

    async fn create_consented(
        &self,
        consent: &Consent,
        identity: Identity,
        new: NewTokens,
    ) -> Result<GrantId, Error> {
        let renewable = new.refresh.is_some();
        let grant = Grant {
            id: clock::id(),
            link_id: consent.link_id,
            identity,
            scopes: new.scopes.clone().unwrap_or_default(),
            generation: 1,
            state: GrantState::Active,
            since: new.issued_at,
            expires_at: new.expires_at,
            issued_at: new.issued_at,
            renewable,
            subject: None,
            refresh_expires_at: new.refresh_expires_at,
            bound_to: new.bound_to.clone(),
            has_previous: false,
            next_refresh_at: Some(due(&new, renewable)),
            intent: None,
            created_at: new.issued_at,
        };
        let NewTokens { access, refresh, expires_at, .. } = new;
        let tokens = Tokens { generation: 1, access, expires_at, refresh };
        match held(|| self.store().create_consented_grant(consent.id, &grant, &tokens)).await {
            Ok(()) => Ok(grant.id),
            Err(StoreError::Stale) => {
                self.done_already(consent).await?.ok_or_else(|| over().into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts new tokens in the place of a grant's old ones, unless somebody else consented or they do not work. The old
    /// ones are kept, and are never given back at the provider: some end the new ones with them.
    async fn replace_consented(
        &self,
        link: &Link,
        consent: &Consent,
        id: GrantId,
        identity: &Identity,
        tokens: &NewTokens,
    ) -> Result<GrantId, Error> {
        let mut proven = false;
        loop {
            let old = held_read(|| self.store().grant(id)).await?;
            let old = old.ok_or_else(|| Problem::not_found("grant", &id.to_string()))?;
            let same_person = is_same_person(&old.identity, identity)?;
            if !proven {
                self.prove(link, &old, tokens).await?;
                proven = true;
            }
            // A provider that gives no new refresh token to the same person means the old one to be kept.
            let renewable = tokens.refresh.is_some() || (same_person && old.renewable);
            // Whoever was told that a consent is needed is told that it came.
            let event = self.change(&old, &GrantState::Active);
            let new = NewConsent {
                event: event.as_ref(),
                identity,
                same_person,
                tokens,
                next_refresh_at: due(tokens, renewable),
            };
            let (seen, now) = (old.generation, self.now());
            let written =
                held(|| self.store().replace_consented_grant(consent.id, id, seen, &new, now))
                    .await;
            match written {
                Ok(()) => {
                    event.iter().for_each(|event| self.recorded(event));
                    return Ok(id);
                }
                // A refresh came between the reading and the writing, which a new consent outdoes: read again. Unless
                // it was written already, or the consent is over.
                Err(StoreError::Stale) => {
                    if let Some(id) = self.done_already(consent).await? {
                        return Ok(id);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The grant that this very consent led to, where the store took it and could not say so.
    ///
    /// # Errors
    /// A [`Problem`] where the consent can no longer be given.
    async fn done_already(&self, consent: &Consent) -> Result<Option<GrantId>, Error> {
        let found = held_read(|| self.store().consent(consent.id)).await?;
        match found.map(|consent| consent.state) {
            Some(ConsentState::Done { grant_id }) => Ok(Some(grant_id)),
            Some(ConsentState::Begun { .. }) => Ok(None),
            Some(ConsentState::Offered | ConsentState::Failed { .. }) | None => Err(over().into()),
        }
    }
}

/// How long the access token is used. One that comes without an end and without a refresh token is one that lasts, as
/// Git hosts give them: it is used until it is refused.
fn lifetime(answer: &TokenAnswer) -> SignedDuration {
    match answer.lifetime_told || answer.refresh.is_some() {
        true => answer.expires_in,
        false => LASTING,
    }
}

/// When the background refresh is due. Where nothing can be renewed, that it is over must be noticed all the same.
fn due(tokens: &NewTokens, renewable: bool) -> Timestamp {
    match renewable {
        true => {
            let ends = tokens.refresh_expires_at;
            renew_at(tokens.issued_at, tokens.expires_at, ends, clock::jitter())
        }
        false => tokens.expires_at,
    }
}

fn over() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "consent_over",
        "This consent was over before its answer could be kept.",
        "Ask whoever sent it to you for a new one.",
    )
}

/// What a person should know although all went well.
fn warning(link: &Link, grant: &Grant, hint: Option<&str>, now: Timestamp) -> Option<String> {
    let mut said = Vec::new();
    if !grant.renewable && !lasts(grant) {
        let left: SignedDuration = grant.expires_at.duration_since(now);
        said.push(format!(
            "The provider gave no refresh token, so this grant ends in {} minutes. \
             Ask for the scope that lets it be renewed (often offline_access) and consent again.",
            left.as_mins()
        ));
    }
    let missing = oauth::missing_scopes(&link.scope, &grant.scopes);
    if !missing.is_empty() {
        said.push(format!("{}.", oauth::missing_scope_words(&missing).join("; ")));
    }
    if let (Some(hint), Some(email)) = (hint, grant.identity.email.as_deref())
        && !hint.eq_ignore_ascii_case(email)
    {
        said.push(format!("The consent was asked of {hint}, and {email} gave it."));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn words(scope: &str) -> Vec<String> {
    scope.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
