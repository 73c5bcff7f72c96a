//! The way back from the provider: the callback becomes a grant, or a sentence that says why not.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{
    Actor, Grant, GrantState, Identity, Tokens, Trouble, later, refresh_at,
};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::provider::ProviderKind;
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_oauth::{self as oauth, CallbackParams, TokenAnswer, Verifier};
use outlink_store::{self as store, Consent, ConsentState, NewTokens};

use super::{Finished, JOURNEY, is_somebody_else};
use crate::grants::grant_name;
use crate::{Engine, Error, clock};

impl Engine {
    /// The provider sent the browser back. `reference` is the part of the path that the redirect URL ends with,
    /// `cookie` what the browser holds since [`Engine::begin_consent`].
    ///
    /// # Errors
    /// A [`Problem`] that says what went wrong and what to do. The consent is used up in every case but these: the
    /// `state` is unknown, or it was begun in another browser.
    pub async fn finish_consent(
        &self,
        reference: &str,
        pairs: &[(String, String)],
        cookie: Option<&str>,
    ) -> Result<Finished, Error> {
        let params = oauth::parse_callback(pairs)?;
        let consent = self.claim_consent(&params, cookie).await?;
        // From here on the answer belongs to a consent of ours, so what goes wrong is kept with it: whoever waits for
        // it is told. It runs to its end even if the browser hangs up, since the code works only once.
        let engine = self.clone();
        let reference = reference.to_owned();
        let task = self.spawn(async move {
            let finished = engine.redeem(&reference, params, &consent).await;
            if let Err(error) = &finished {
                let reason = error.problem().to_string();
                if let Err(error) = engine.store().fail_consent(consent.id, &reason).await {
                    tracing::error!(%error, "a failed consent could not be recorded");
                }
            }
            finished
        });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    /// Finds the consent that `state` belongs to, once, and only for the browser that began it.
    async fn claim_consent(
        &self,
        params: &CallbackParams,
        cookie: Option<&str>,
    ) -> Result<Consent, Error> {
        let unknown = || {
            Problem::new(
                ProblemKind::Forbidden,
                "state_unknown",
                "This answer belongs to no consent that was begun here, or it was used already.",
                "Open the consent page again and press its button once.",
            )
        };
        let state = params.state.as_deref().ok_or_else(unknown)?;
        let browser = cookie.map(clock::fingerprint).ok_or_else(other_browser)?;
        let hash = clock::fingerprint(state);
        let taken = self.store().take_consent_by_state(&hash).await?;
        let (consent, bound_to) = taken.ok_or_else(unknown)?;
        if bound_to != browser {
            return Err(other_browser().into());
        }
        match consent.state {
            ConsentState::Begun { at } if later(at, JOURNEY) >= self.now() => Ok(consent),
            _ => Err(unknown().into()),
        }
    }

    async fn redeem(
        &self,
        reference: &str,
        params: CallbackParams,
        consent: &Consent,
    ) -> Result<Finished, Error> {
        let link = self.link_by_id(consent.link_id).await?;
        // The address must be the one that this consent was sent out with: an answer that another provider sends to
        // its own address cannot be passed off as this one's (RFC 9700 §4.4.2.2).
        let redirect_url = consent.redirect_url.as_deref().unwrap_or_default();
        if !redirect_url.ends_with(&format!("/{reference}")) {
            return Err(wrong_address().into());
        }
        check_issuer(&link, params.iss.as_deref())?;
        if let Some(trouble) = oauth::callback_trouble(link.provider, &params) {
            return Err(problem(ProblemKind::Forbidden, "consent_refused", trouble).into());
        }
        let code = params.code.ok_or_else(|| {
            Problem::new(
                ProblemKind::Remote,
                "code_missing",
                "The provider sent neither a code nor an error.",
                "Check that the link's authorization endpoint is one, then try again.",
            )
        })?;
        let verifier = consent.verifier.clone().ok_or_else(wrong_address)?;
        let verifier = Verifier::from_secret(verifier);
        let answer = self.exchange(&link, redirect_url, &Secret::new(code), &verifier).await?;
        self.keep(&link, consent, answer).await
    }

    async fn exchange(
        &self,
        link: &Link,
        redirect_url: &str,
        code: &Secret,
        verifier: &Verifier,
    ) -> Result<TokenAnswer, Error> {
        let request = oauth::code_request(link, redirect_url, code, verifier);
        let answer = match self.0.http.send(&request).await {
            Ok(response) => oauth::parse_code_response(link.provider, &response, self.now()),
            Err(failure) => Err(failure),
        };
        answer
            .map_err(|failure| problem(ProblemKind::Remote, "code_refused", failure.trouble).into())
    }

    async fn keep(
        &self,
        link: &Link,
        consent: &Consent,
        answer: TokenAnswer,
    ) -> Result<Finished, Error> {
        let now = self.now();
        let identity = self.identify(link, consent, &answer).await?;
        let expires_at = later(now, answer.expires_in);
        let scopes = answer.scopes.clone().unwrap_or_else(|| words(&link.scope));
        let mut grant = Grant {
            id: clock::id(),
            link_id: link.id,
            identity,
            scopes,
            generation: 1,
            state: GrantState::Active,
            since: now,
            expires_at,
            issued_at: now,
            renewable: answer.refresh.is_some(),
            next_refresh_at: Some(match answer.refresh {
                Some(_) => refresh_at(now, expires_at, clock::jitter()),
                // Nothing can be renewed; that it is over must be noticed all the same.
                None => expires_at,
            }),
            intent: None,
            created_at: now,
        };
        let tokens =
            Tokens { generation: 1, access: answer.access, expires_at, refresh: answer.refresh };
        match consent.grant_id {
            None => self.store().create_grant(&grant, &tokens).await?,
            Some(id) => grant = self.replace(id, grant, tokens).await?,
        }
        self.store().finish_consent(consent.id, grant.id).await?;
        // The provider has just accepted the client: whatever was held against the link is over.
        self.store().set_link_health(link.id, &LinkHealth::Healthy).await?;
        self.record(Event {
            kind: "grant.active".into(),
            subject: format!("grant {}", grant_name(&grant)),
            state: Some("active".into()),
            message: format!("A consent under the link {} was given.", link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.0.alarm.notify_waiters();
        let warning = warning(link, &grant, consent.login_hint.as_deref(), now);
        Ok(Finished { link_name: link.name.clone(), grant, warning })
    }

    /// Puts new tokens in the place of a grant's old ones, unless somebody else consented.
    async fn replace(&self, id: GrantId, given: Grant, tokens: Tokens) -> Result<Grant, Error> {
        let tokens = NewTokens {
            access: tokens.access,
            refresh: tokens.refresh,
            expires_at: tokens.expires_at,
            issued_at: given.issued_at,
            scopes: Some(given.scopes.clone()),
        };
        loop {
            let old = self.grant_by_id(id).await?;
            if is_somebody_else(&old.identity, &given.identity) {
                return Err(somebody_else(&given.identity, &old.identity).into());
            }
            // A provider that gives no new refresh token to the same person means the old one to be kept.
            let next = match tokens.refresh.is_some() || old.renewable {
                true => refresh_at(given.issued_at, given.expires_at, clock::jitter()),
                false => given.expires_at,
            };
            let (seen, now) = (old.generation, self.now());
            let replaced = self
                .store()
                .replace_grant_tokens(id, seen, &given.identity, &tokens, Some(next), now)
                .await;
            match replaced {
                Ok(()) => {
                    self.store().wake_mail_servers(id, now).await?;
                    return self.grant_by_id(id).await;
                }
                // A refresh came between the reading and the writing. A new consent outdoes it: read again.
                Err(store::Error::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Who consented, as far as the provider tells. A provider that tells nothing is no error.
    async fn identify(
        &self,
        link: &Link,
        consent: &Consent,
        answer: &TokenAnswer,
    ) -> Result<Identity, Error> {
        let mut identity = Identity::default();
        if let Some(token) = &answer.id_token {
            let nonce = consent.nonce.as_deref();
            identity = oauth::identity_from_id_token(token, link, nonce, self.now())?;
        }
        let userinfo = oauth::userinfo_request(link, &answer.access);
        if let Some(request) = userinfo.filter(|_| identity.email.is_none()) {
            identity = self.ask_userinfo(&request, identity).await;
        }
        Ok(identity)
    }

    /// The address is for display, so a userinfo endpoint that does not answer costs nobody their grant.
    async fn ask_userinfo(&self, request: &oauth::Request, known: Identity) -> Identity {
        let told = match self.0.http.send(request).await {
            Ok(response) if response.status == 200 => oauth::identity_from_userinfo(&response.body),
            Ok(_) | Err(_) => return known,
        };
        match told {
            // OpenID Connect Core §5.3.2: an answer about another person must not be used.
            Ok(told) if known.subject.is_some() && told.subject != known.subject => known,
            Ok(told) => Identity {
                issuer: known.issuer,
                subject: known.subject.or(told.subject),
                email: told.email,
            },
            Err(_) => known,
        }
    }
}

/// Compares `iss` with the link's issuer (RFC 9207 §2.4). An administrator who enters an issuer has seen that the
/// provider sends `iss`, so there it must come. Of the presets nobody promises it: Google sends it without announcing
/// it, so there it is compared where it comes.
fn check_issuer(link: &Link, got: Option<&str>) -> Result<(), Problem> {
    if got.is_none() && link.provider != ProviderKind::Custom {
        return Ok(());
    }
    oauth::check_issuer(link.issuer.as_deref(), got)
}

/// What a person should know although all went well.
fn warning(link: &Link, grant: &Grant, hint: Option<&str>, now: Timestamp) -> Option<String> {
    let mut said = Vec::new();
    if !grant.renewable {
        let left: SignedDuration = grant.expires_at.duration_since(now);
        said.push(format!(
            "The provider gave no refresh token, so this grant ends in {} minutes. \
             Ask for the scope that lets it be renewed (often offline_access) and consent again.",
            left.as_mins()
        ));
    }
    let missing = oauth::missing_scopes(&link.scope, &grant.scopes);
    if !missing.is_empty() {
        said.push(format!("Not granted: {}.", missing.join(", ")));
    }
    if let (Some(hint), Some(email)) = (hint, grant.identity.email.as_deref())
        && !hint.eq_ignore_ascii_case(email)
    {
        said.push(format!("The consent was asked of {hint}, and {email} gave it."));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn somebody_else(given: &Identity, known: &Identity) -> Problem {
    let name =
        |identity: &Identity| identity.email.clone().unwrap_or_else(|| "somebody else".into());
    Problem::new(
        ProblemKind::Conflict,
        "somebody_else",
        format!("{} consented, but this grant belongs to {}.", name(given), name(known)),
        "Nothing was changed. Sign in at the provider with the right account and try again.",
    )
}

fn words(scope: &str) -> Vec<String> {
    scope.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn other_browser() -> Problem {
    Problem::new(
        ProblemKind::Forbidden,
        "other_browser",
        "This consent was begun in another browser, or this one keeps no cookies.",
        "Open the consent page here and press its button; allow cookies for this site.",
    )
}

fn wrong_address() -> Problem {
    Problem::new(
        ProblemKind::Forbidden,
        "wrong_redirect",
        "The answer came to another address than it was asked to.",
        "Open the consent page again. If it happens again, register the link's redirect URL anew at the provider.",
    )
}

/// A trouble as the person at the browser is told of it.
fn problem(kind: ProblemKind, code: &'static str, trouble: Trouble) -> Problem {
    let words = trouble.provider_error.map(|words| format!(" The provider says: {words}"));
    let message = format!("{}{}", trouble.reason, words.unwrap_or_default());
    Problem::new(kind, code, message, trouble.hint)
}
