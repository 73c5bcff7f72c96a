//! The way back from the provider: the callback becomes a grant, or a sentence that says why not.

use outlink_model::Secret;
use outlink_model::grant::{Trouble, later};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth::{self as oauth, CallbackParams, TokenAnswer, Verifier};
use outlink_store::{Consent, ConsentState, Error as StoreError};

use super::{Finished, JOURNEY, switched_on};
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
        let parsed = oauth::parse_callback(pairs);
        let consent = match self.claim_consent(pairs, cookie).await {
            Ok(consent) => consent,
            // What is wrong with the answer itself says more than whose it is not.
            Err(error) => return Err(parsed.err().map_or(error, Error::from)),
        };
        // From here on the answer belongs to a consent of ours, so what goes wrong is kept with it: whoever waits for
        // it is told. It runs to its end even if the browser hangs up, since the code works only once.
        let engine = self.clone();
        let reference = reference.to_owned();
        let task = self.spawn(async move {
            let finished = match parsed {
                Ok(params) => engine.redeem(&reference, params, &consent).await,
                Err(problem) => Err(problem.into()),
            };
            if let Err(error) = &finished {
                let reason = error.problem().to_string();
                match engine.store().fail_consent(consent.id, &reason).await {
                    // It is over already, one way or the other.
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => tracing::error!(%error, "a failed consent could not be recorded"),
                }
            }
            finished
        });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    /// Finds the consent that `state` belongs to, once, and only for the browser that began it.
    async fn claim_consent(
        &self,
        pairs: &[(String, String)],
        cookie: Option<&str>,
    ) -> Result<Consent, Error> {
        let state = clock::fingerprint(state_of(pairs).ok_or_else(unknown)?);
        let browser = cookie.map(clock::fingerprint).ok_or_else(other_browser)?;
        let Some(consent) = self.store().take_consent_by_state(&state, &browser).await? else {
            let known = self.store().is_state_known(&state).await?;
            return Err(if known { other_browser() } else { unknown() }.into());
        };
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
        switched_on(&link)?;
        // The address must be the one that this consent was sent out with: an answer that another provider sends to
        // its own address cannot be passed off as this one's (RFC 9700 §4.4.2.2).
        let redirect_url = consent.redirect_url.as_deref().unwrap_or_default();
        // And the link must still have it: a code goes to no endpoint that was moved after it was asked for.
        let authorization = link.authorization_endpoint.as_deref().unwrap_or_default();
        let still = oauth::redirect_ref(authorization, &link.token_endpoint) == reference;
        if !still || !redirect_url.ends_with(&format!("/{reference}")) {
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
        self.keep_consented(&link, consent, answer).await
    }

    async fn exchange(
        &self,
        link: &Link,
        redirect_url: &str,
        code: &Secret,
        verifier: &Verifier,
    ) -> Result<TokenAnswer, Error> {
        let called = self.call_as_client(link, |link, fresh| {
            oauth::code_request(link, fresh, redirect_url, code, link.pkce.then_some(verifier))
        });
        let answer = called
            .await
            .answer()
            .and_then(|response| oauth::parse_code_response(link.provider, &response, self.now()));
        let secrets: Vec<_> = link.secrets().chain([code, verifier.expose()]).collect();
        answer.map_err(|failure| {
            let failure = oauth::without_secrets(failure, &secrets);
            problem(ProblemKind::Remote, "code_refused", failure.trouble).into()
        })
    }
}

/// Compares `iss` with the link's issuer (RFC 9207 §2.4). Where the link says that the provider always sends it, it must
/// come; where it comes, it must be the right one.
fn check_issuer(link: &Link, got: Option<&str>) -> Result<(), Problem> {
    if got.is_none() && !link.requires_iss {
        return Ok(());
    }
    oauth::check_issuer(link.issuer.as_deref(), got)
}

/// The one `state` of a callback; where it comes twice, none can be trusted (RFC 6749 §3.1).
fn state_of(pairs: &[(String, String)]) -> Option<&str> {
    let mut states = pairs.iter().filter(|(name, _)| name == "state");
    let (_, state) = states.next().filter(|(_, state)| !state.is_empty())?;
    states.next().is_none().then_some(state)
}

fn unknown() -> Problem {
    Problem::new(
        ProblemKind::Forbidden,
        "state_unknown",
        "This answer belongs to no consent that was begun here, or it was used already.",
        "Open the consent page again and press its button once.",
    )
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
pub(super) fn problem(kind: ProblemKind, code: &'static str, trouble: Trouble) -> Problem {
    Problem::new(kind, code, trouble.told("The provider"), trouble.hint)
}
