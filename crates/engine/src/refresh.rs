//! Refreshing grants. Keeps **No lost grant**, **Only the provider's word ends a grant**, **A link's fault stays on the
//! link** and **One refresh at a time**.
//!
//! What a failure means is decided by [`after_failure`], a table. What stands here is the order of events: claim, ask,
//! commit; and who is woken when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::grant::{
    Actor, BoundTo, Failure, FailureClass, Grant, GrantState, Tokens, Trouble, Verdict,
    after_failure, later,
};
use outlink_model::link::{GrantType, Link};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Claim, Error as StoreError, FailedRefresh};
use tokio::time::{Instant, sleep};

use crate::provider_calls::Called;
use crate::{Engine, Error, clock};

mod admit;
mod background;
mod commit;
mod held;
mod hold;
mod marks;
mod overtaken;
mod unrefreshed;

pub(crate) use commit::new_tokens;
pub(crate) use held::{held, held_read};
pub(crate) use hold::Held;
pub(crate) use unrefreshed::Unrefreshed;

/// How long the right to start a call is held. Longer than the limit of the call itself.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often a caller looks whether another node has finished.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One lane per grant that is being refreshed on this node.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<GrantId, Weak<Lane>>>);

/// Whoever wants the grant refreshed stands in this line. It holds when the last refresh failed and why: those who
/// stood in line meanwhile are told the same, and do not ask the provider once each.
type Lane = tokio::sync::Mutex<Option<(Instant, Trouble)>>;

impl Flights {
    fn lane(&self, id: GrantId) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&id).and_then(Weak::upgrade) {
            return lane;
        }
        lanes.retain(|_, lane| lane.strong_count() > 0);
        let lane = Arc::default();
        lanes.insert(id, Arc::downgrade(&lane));
        lane
    }
}

/// One call to a token endpoint.
struct Call {
    holder: String,
    grant: Grant,
    link: Link,
    by: By,
}

/// What a new access token is asked for by.
enum By {
    /// The refresh token that is sent (RFC 6749 §6).
    RefreshToken(Secret),
    /// What the client itself may have (RFC 6749 §4.4).
    Credentials,
    /// An assertion that names the grant's subject (RFC 7523 §2.1).
    Assertion,
}

impl Call {
    /// The refresh token that is spent by this call, where one is.
    fn spends(&self) -> Option<&Secret> {
        match &self.by {
            By::RefreshToken(refresh) => Some(refresh),
            By::Credentials | By::Assertion => None,
        }
    }
}

/// What came back from a token endpoint.
enum Asked {
    Fresh(TokenAnswer),
    /// The provider said no.
    Refused(Failure),
    /// No answer reached us. The provider may have acted all the same, and put a new refresh token in the old one's
    /// place.
    Lost(Failure),
    /// Nothing was sent.
    Unsent(Failure),
}

impl Engine {
    /// Refreshes a grant now, whatever its expiry. For people: neither a back-off nor a mark on the link stands in the
    /// way.
    ///
    /// # Errors
    /// A [`Problem`] with the provider's reason and what to do. Fresh tokens are committed when this returns `Ok`.
    pub async fn refresh_grant(&self, named: &str) -> Result<Grant, Error> {
        let grant = self.grant(named).await?;
        self.refresh(grant.id, grant.generation).await.map_err(|failed| failed.error)
    }

    /// An access token that lives for at least `min_ttl` more, refreshed first where it must be.
    ///
    /// # Errors
    /// What is wrong with the grant or its link, in words.
    pub(crate) async fn access_token(
        &self,
        id: GrantId,
        min_ttl: SignedDuration,
    ) -> Result<Tokens, Trouble> {
        let told = |failed: Unrefreshed| *failed.trouble;
        let grant = self.grant_by_id(id).await.map_err(Unrefreshed::from).map_err(told)?;
        let link = self.link_by_id(grant.link_id).await.map_err(Unrefreshed::from).map_err(told)?;
        if let Some(trouble) = stands_in_the_way(&link, &grant) {
            return Err(trouble);
        }
        let lives = later(self.now(), min_ttl) < grant.expires_at;
        // What cannot be renewed is used to its end.
        let lasts = lives || (!grant.renewable && self.now() < grant.expires_at);
        let usable = lasts && !matches!(grant.state, GrantState::Revoked);
        if !usable {
            self.refresh_if_admitted(&grant).await.map_err(told)?;
        }
        let tokens = self.store().tokens(id).await.map_err(Unrefreshed::from).map_err(told)?;
        tokens.ok_or_else(|| told(Error::from(Problem::not_found("grant", &id.to_string())).into()))
    }

    /// Refreshes a grant unless something stands against asking: for whatever asks again and again.
    pub(crate) async fn refresh_if_admitted(&self, grant: &Grant) -> Result<Grant, Unrefreshed> {
        match self.stands_against(grant).await? {
            Some(trouble) => Err(trouble.into()),
            None => self.refresh(grant.id, grant.generation).await,
        }
    }

    /// Refreshes a grant unless somebody has done so since generation `seen`. The work goes on if the caller goes
    /// away: a token that the provider has given out must be kept.
    pub(crate) async fn refresh(&self, id: GrantId, seen: i64) -> Result<Grant, Unrefreshed> {
        let engine = self.clone();
        let wanted = Instant::now();
        let task = self.spawn(async move {
            let lane = engine.0.refreshing.lane(id);
            let mut last = lane.lock().await;
            if let Some((_, trouble)) = last.as_ref().filter(|(failed, _)| *failed > wanted) {
                return Err(trouble.clone().into());
            }
            let refreshed = engine.refresh_in_turn(id, seen).await;
            let failed = refreshed.as_ref().err();
            *last = failed.map(|failed| (Instant::now(), (*failed.trouble).clone()));
            refreshed
        });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    async fn refresh_in_turn(&self, id: GrantId, mut seen: i64) -> Result<Grant, Unrefreshed> {
        let (mut confirmed, mut retried, mut has_turn) = (false, false, false);
        loop {
            let grant = self.grant_by_id(id).await?;
            if grant.generation != seen {
                return Ok(grant);
            }
            refreshable(&grant)?;
            let link = self.link_by_id(grant.link_id).await?;
            if let Some(trouble) = stands_in_the_way(&link, &grant) {
                return Err(Unrefreshed::coded(trouble, ProblemKind::Conflict, "link_unusable"));
            }
            let by = match link.grant_type {
                GrantType::ClientCredentials => By::Credentials,
                GrantType::JwtBearer => By::Assertion,
                GrantType::AuthorizationCode | GrantType::DeviceCode => {
                    let tokens = self.store().tokens(id).await?;
                    let Some(tokens) = tokens.filter(|tokens| tokens.generation == seen) else {
                        continue;
                    };
                    let Some(refresh) = tokens.refresh else {
                        return Err(self.end_of_life(grant).await?);
                    };
                    By::RefreshToken(refresh)
                }
            };
            if !has_turn {
                self.turn(&link)
                    .await
                    .map_err(|not_yet| Unrefreshed::not_before(not_yet.at, not_yet.trouble))?;
                has_turn = true;
            }
            let mut call = Call { holder: self.holder()?, grant, link, by };
            let unanswered = match self.claim(&call).await? {
                Claim::Won { previous_intent } => previous_intent.is_some(),
                Claim::Held { .. } => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                Claim::Stale => continue,
            };
            // The call before this one was lost on its way: this one is its second try.
            retried |= unanswered;
            has_turn = false;
            let (failure, settled) = match self.ask(&call).await {
                Asked::Fresh(answer) => return Ok(self.commit(&call, answer).await?),
                // While the provider's grace may last, the same token is asked about once more, at once.
                Asked::Lost(_) if !retried => {
                    self.give_back(&call).await?;
                    continue;
                }
                Asked::Lost(failure) => (failure, false),
                Asked::Refused(failure) => (failure, true),
                // The intent that this call has written is void, but not one that it took the place of.
                Asked::Unsent(failure) => (failure, !unanswered),
            };
            if let Some(rotated) = &failure.held.rotated {
                self.keep_rotated(&mut call, rotated).await?;
                seen = call.grant.generation;
            }
            let state = &call.grant.state;
            match after_failure(state, &failure, confirmed, self.now(), clock::jitter()) {
                Verdict::Confirm { after } => {
                    self.give_back(&call).await?;
                    sleep(after.unsigned_abs()).await;
                    confirmed = true;
                }
                Verdict::Become { state, next_refresh_at } => {
                    self.fail(&call, &state, next_refresh_at, settled).await?;
                    if self.blames_link(&call, &failure).await? {
                        self.mark_link(&call.link, &failure).await?;
                    }
                    return Err(failure.trouble.into());
                }
                Verdict::MarkLink => {
                    let probe_at = self.mark_link(&call.link, &failure).await?;
                    // The grant keeps its state: it is not its fault.
                    self.fail(&call, state, Some(probe_at), settled).await?;
                    return Err(failure.trouble.into());
                }
            }
        }
    }

    /// A grant without a refresh token lives as long as its access token. When that is over, only a new consent helps,
    /// and the grant says so; until then there is nothing to be due for.
    async fn end_of_life(&self, grant: Grant) -> Result<Unrefreshed, Error> {
        let trouble = not_renewable(&grant);
        let now = self.now();
        let (state, next_refresh_at) = match now >= grant.expires_at {
            true => (GrantState::NeedsConsent { trouble: trouble.clone() }, None),
            false => (grant.state.clone(), Some(grant.expires_at)),
        };
        let failed =
            FailedRefresh { holder: "", state: &state, next_refresh_at, clear_intent: false };
        self.write_failure(&grant, &failed).await?;
        Ok(Unrefreshed::coded(trouble, ProblemKind::Conflict, "no_refresh_token"))
    }

    /// Writes the intent and takes the lease.
    async fn claim(&self, call: &Call) -> Result<Claim, Error> {
        let now = self.now();
        let until = later(now, LEASE);
        let (id, seen) = (call.grant.id, call.grant.generation);
        let claim = self.store().claim_refresh(id, seen, &call.holder, now, until).await?;
        if matches!(claim, Claim::Won { .. }) && !self.outlasts_a_call(until) {
            self.give_back(call).await?;
            return Ok(Claim::Held { until });
        }
        Ok(claim)
    }

    /// Whether a lease that was asked for until then is worth having: the store may have let us wait, and one that would
    /// lapse during the call is no lease.
    fn outlasts_a_call(&self, until: Timestamp) -> bool {
        let call = SignedDuration::try_from(self.0.settings.limits.token_call).unwrap_or(LEASE);
        later(self.now(), call) <= until
    }

    async fn ask(&self, call: &Call) -> Asked {
        let link = &call.link;
        let called = self.call_as_client(link, |link, fresh| match &call.by {
            By::RefreshToken(refresh) => oauth::refresh_request(link, fresh, refresh),
            By::Credentials => oauth::client_credentials_request(link, fresh),
            By::Assertion => oauth::jwt_bearer_request(link, fresh, call.grant.subject.as_deref()),
        });
        let response = match called.await {
            Called::Lost(failure) => return Asked::Lost(failure),
            Called::Unsent(failure) => return Asked::Unsent(failure),
            Called::Answered(response) => response,
        };
        match oauth::parse_token_response(link.provider, &response, self.now()) {
            Ok(answer) => Asked::Fresh(answer),
            Err(failure) => {
                if let Some(wait) = failure.retry_after {
                    self.rest(link, wait).await;
                }
                let secrets: Vec<_> = link.secrets().chain(call.spends()).collect();
                let failure = oauth::without_secrets(failure, &secrets);
                Asked::Refused(without_a_consent(link, failure))
            }
        }
    }

    async fn fail(
        &self,
        call: &Call,
        state: &GrantState,
        next_refresh_at: Option<Timestamp>,
        settled: bool,
    ) -> Result<(), Error> {
        let failed = FailedRefresh {
            holder: &call.holder,
            state,
            next_refresh_at,
            // Without an answer the provider may have acted: the intent stays, and the next call is its second try.
            clear_intent: settled,
        };
        self.write_failure(&call.grant, &failed).await
    }

    async fn write_failure(&self, grant: &Grant, failed: &FailedRefresh<'_>) -> Result<(), Error> {
        let (id, seen, now) = (grant.id, grant.generation, self.now());
        let event = self.change(grant, failed.state);
        match self.store().fail_refresh(id, seen, failed, now, event.as_ref()).await {
            Ok(()) => event.iter().for_each(|event| self.recorded(event)),
            // Overtaken by new tokens: the failure is about old ones and no longer of interest.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Lets go of the lease without a word about the state.
    async fn give_back(&self, call: &Call) -> Result<(), Error> {
        Ok(self.store().release_lease(call.grant.id, &call.holder).await?)
    }
}

fn refreshable(grant: &Grant) -> Result<(), Unrefreshed> {
    match &grant.state {
        GrantState::NeedsConsent { trouble } => Err(trouble.clone().into()),
        GrantState::Revoked => {
            let trouble = Trouble {
                actor: Actor::MailboxOwner,
                reason: "This grant was given back.".into(),
                hint: "Authorise the link anew.".into(),
                provider_error: None,
            };
            Err(Unrefreshed::coded(trouble, ProblemKind::Conflict, "grant_revoked"))
        }
        GrantState::Active | GrantState::Degraded { .. } | GrantState::Blocked { .. } => Ok(()),
    }
}

/// Where nobody consents, nobody can consent anew: what a provider says of an assertion or a client in the words that end a
/// consent (RFC 7521 §4.1.1) is for the link's administrator to mend, and is tried again.
fn without_a_consent(link: &Link, failure: Failure) -> Failure {
    if link.grant_type.has_consent() || failure.class != FailureClass::Ended {
        return failure;
    }
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        hint: "Check that the mailbox exists and that the application may act for it, and that the link's client id \
               and key are those that the provider knows."
            .into(),
        ..failure.trouble
    };
    Failure { class: FailureClass::Blocked, trouble, ..failure }
}

/// What on our own side forbids to ask for this grant, whatever the provider would say: its link is switched off, or an
/// endpoint was moved. Keeps **A moved endpoint locks its secrets**.
pub(crate) fn stands_in_the_way(link: &Link, grant: &Grant) -> Option<Trouble> {
    let trouble = |actor, reason: String, hint: String| {
        Some(Trouble { actor, reason, hint, provider_error: None })
    };
    if !link.enabled {
        return trouble(
            Actor::LinkAdministrator,
            format!("The link {} is switched off.", link.name),
            format!("Switch it on: outlink link edit {:?} --enable", link.name),
        );
    }
    if is_locked(link, grant) {
        return trouble(
            Actor::MailboxOwner,
            format!(
                "An endpoint of the link {} was moved, or its client ID changed, after this grant was given; its tokens \
                 are not sent to another address or under another client.",
                link.name
            ),
            "Authorise the grant anew; or, if the change was a mistake, put the old address or client ID back."
                .into(),
        );
    }
    None
}

/// Whether the tokens of a grant were issued at other addresses than the link's now, or to another client.
pub(crate) fn is_locked(link: &Link, grant: &Grant) -> bool {
    has_moved(grant.bound_to.as_ref(), || oauth::bound_to(link))
}

/// Whether tokens that are bound to this may not go where they would go `now`. Those that are bound to nothing may.
/// Keeps **A moved endpoint locks its secrets**.
pub(crate) fn has_moved(bound_to: Option<&BoundTo>, now: impl FnOnce() -> BoundTo) -> bool {
    bound_to.is_some_and(|bound| !bound.permits(&now()))
}

/// What is wrong with a grant that came without a refresh token, before its end and after it.
pub(crate) fn not_renewable(grant: &Grant) -> Trouble {
    Trouble {
        actor: Actor::MailboxOwner,
        reason: format!(
            "The provider gave no refresh token with this grant, so it ends with its access token, at {}.",
            grant.expires_at
        ),
        hint: "Add the scope that lets it be renewed to the link (often offline_access), then \
               authorise the grant anew."
            .into(),
        provider_error: None,
    }
}
