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
    Actor, Failure, Grant, GrantState, Tokens, Trouble, Verdict, after_failure, later,
};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Claim, Error as StoreError, FailedRefresh};
use tokio::time::{Instant, sleep};

use crate::{Engine, Error, clock};

mod admit;
mod background;
mod commit;
mod held;
mod marks;
mod unrefreshed;

pub(crate) use held::{held, held_read};
pub(crate) use unrefreshed::Unrefreshed;

/// How long the right to start a call is held. Longer than the limit of the call itself.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
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
    /// The refresh token that is sent.
    refresh: Secret,
}

/// What came back from a token endpoint.
enum Asked {
    Fresh(TokenAnswer),
    /// The provider said no.
    Refused(Failure),
    /// No answer reached us. The provider may have acted all the same, and put a new refresh token in the old one's
    /// place.
    Lost(Failure),
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
    async fn refresh(&self, id: GrantId, seen: i64) -> Result<Grant, Unrefreshed> {
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
        let (mut confirmed, mut retried) = (false, false);
        loop {
            let grant = self.grant_by_id(id).await?;
            if grant.generation != seen {
                return Ok(grant);
            }
            refreshable(&grant)?;
            let tokens = self.store().tokens(id).await?;
            let Some(tokens) = tokens.filter(|tokens| tokens.generation == seen) else { continue };
            let Some(refresh) = tokens.refresh else {
                return Err(self.end_of_life(grant).await?);
            };
            let link = self.link_by_id(grant.link_id).await?;
            let mut call = Call { holder: self.holder()?, grant, link, refresh };
            match self.claim(&call).await? {
                // The call before this one was lost on its way: this one is its second try.
                Claim::Won { previous_intent } => retried |= previous_intent.is_some(),
                Claim::Held { .. } => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                Claim::Stale => continue,
            }
            let (failure, answered) = match self.ask(&call).await {
                Asked::Fresh(answer) => return Ok(self.commit(&call, answer).await?),
                // While the provider's grace may last, the same token is asked about once more, at once.
                Asked::Lost(_) if !retried => {
                    self.give_back(&call).await?;
                    continue;
                }
                Asked::Lost(failure) => (failure, false),
                Asked::Refused(failure) => (failure, true),
            };
            if let Some(rotated) = &failure.rotated {
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
                    self.fail(&call, &state, next_refresh_at, answered).await?;
                    if self.blames_link(&call, &failure).await? {
                        self.mark_link(&call.link, &failure).await?;
                    }
                    return Err(failure.trouble.into());
                }
                Verdict::MarkLink => {
                    let probe_at = self.mark_link(&call.link, &failure).await?;
                    // The grant keeps its state: it is not its fault.
                    self.fail(&call, state, Some(probe_at), answered).await?;
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
        // The store may have let us wait. A lease that would lapse during the call is no lease.
        let call_limit = SignedDuration::try_from(self.0.settings.limits.token_call);
        let ends = later(self.now(), call_limit.unwrap_or(LEASE));
        if matches!(claim, Claim::Won { .. }) && ends > until {
            self.give_back(call).await?;
            return Ok(Claim::Held { until });
        }
        Ok(claim)
    }

    async fn ask(&self, call: &Call) -> Asked {
        let Call { link, refresh, .. } = call;
        match self.0.http.send(&oauth::refresh_request(link, refresh)).await {
            Err(failure) => Asked::Lost(failure),
            Ok(response) => {
                match oauth::parse_token_response(link.provider, &response, self.now()) {
                    Ok(answer) => Asked::Fresh(answer),
                    Err(failure) => {
                        let secrets: Vec<_> = link.client_secret.iter().chain([refresh]).collect();
                        Asked::Refused(oauth::without_secrets(failure, &secrets))
                    }
                }
            }
        }
    }

    async fn fail(
        &self,
        call: &Call,
        state: &GrantState,
        next_refresh_at: Option<Timestamp>,
        answered: bool,
    ) -> Result<(), Error> {
        let failed = FailedRefresh {
            holder: &call.holder,
            state,
            next_refresh_at,
            // Without an answer the provider may have acted: the intent stays, and the next call is its second try.
            clear_intent: answered,
        };
        self.write_failure(&call.grant, &failed).await
    }

    async fn write_failure(&self, grant: &Grant, failed: &FailedRefresh<'_>) -> Result<(), Error> {
        match self.store().fail_refresh(grant.id, grant.generation, failed, self.now()).await {
            // Overtaken by new tokens: the failure is about old ones and no longer of interest.
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
        let after = self.grant_by_id(grant.id).await?;
        self.tell_change(grant, &after).await;
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
