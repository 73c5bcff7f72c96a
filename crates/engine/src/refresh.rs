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
    Actor, Failure, Grant, GrantState, Tokens, Trouble, Verdict, after_failure, later, refresh_at,
};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_oauth::{self as oauth, TokenAnswer};
use outlink_store::{Claim, Error as StoreError, FailedRefresh, NewTokens};
use tokio::time::sleep;

use crate::{Engine, Error, clock};

mod background;
mod marks;

/// How long the right to start a call is held. Longer than the limit of the call itself.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often a caller looks whether another node has finished.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One lane per grant that is being refreshed on this node.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<GrantId, Weak<tokio::sync::Mutex<()>>>>);

impl Flights {
    fn lane(&self, id: GrantId) -> Arc<tokio::sync::Mutex<()>> {
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
    /// Refreshes a grant now, whatever its expiry.
    ///
    /// # Errors
    /// A [`Problem`] with the provider's reason and what to do. Fresh tokens are committed when this returns `Ok`.
    pub async fn refresh_grant(&self, named: &str) -> Result<Grant, Error> {
        let grant = self.grant(named).await?;
        self.refresh(grant.id, grant.generation).await
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
        let grant = self.grant_by_id(id).await.map_err(trouble)?;
        let lives = later(self.now(), min_ttl) < grant.expires_at;
        let usable = lives && !matches!(grant.state, GrantState::Revoked);
        if !usable {
            self.wait_for_nothing(&grant).await?;
            self.refresh(id, grant.generation).await.map_err(trouble)?;
        }
        let tokens = self.store().tokens(id).await.map_err(|error| trouble(error.into()))?;
        tokens.ok_or_else(|| trouble(Problem::not_found("grant", &id.to_string()).into()))
    }

    /// Refuses at once where a call would be one too many: the grant or its link failed a moment ago and the time of
    /// its next try has not come.
    async fn wait_for_nothing(&self, grant: &Grant) -> Result<(), Trouble> {
        let link = self.link_by_id(grant.link_id).await.map_err(trouble)?;
        if let LinkHealth::Marked { trouble, probe_at, .. } = link.health
            && self.now() < probe_at
        {
            return Err(trouble);
        }
        // A call that is under way is worth waiting for, whatever went before.
        let under_way = grant.intent.is_some_and(|intent| self.now() < later(intent.at, LEASE));
        match (grant.state.trouble(), grant.next_refresh_at) {
            (Some(trouble), Some(next)) if self.now() < next && !under_way => Err(trouble.clone()),
            _ => Ok(()),
        }
    }

    /// Refreshes a grant unless somebody has done so since generation `seen`. The work goes on if the caller goes
    /// away: a token that the provider has given out must be kept.
    pub(crate) async fn refresh(&self, id: GrantId, seen: i64) -> Result<Grant, Error> {
        let engine = self.clone();
        let task = self.spawn(async move {
            let lane = engine.0.refreshing.lane(id);
            let _turn = lane.lock().await;
            engine.refresh_in_turn(id, seen).await
        });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    async fn refresh_in_turn(&self, id: GrantId, seen: i64) -> Result<Grant, Error> {
        let (mut confirmed, mut retried) = (false, false);
        loop {
            let grant = self.grant_by_id(id).await?;
            if grant.generation != seen {
                return Ok(grant);
            }
            refreshable(&grant)?;
            if !grant.renewable {
                return self.end_of_life(grant).await;
            }
            let link = self.link_by_id(grant.link_id).await?;
            let call = Call { holder: self.holder()?, grant, link };
            match self.claim(&call).await? {
                // The call before this one was lost on its way: this one is its second try.
                Claim::Won { previous_intent } => retried |= previous_intent.is_some(),
                Claim::Held { .. } => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                Claim::Stale => continue,
            }
            let (failure, answered) = match self.ask(&call).await? {
                Asked::Fresh(answer) => return self.commit(&call, answer).await,
                // While the provider's grace may last, the same token is asked about once more, at once.
                Asked::Lost(_) if !retried => {
                    self.give_back(&call).await?;
                    continue;
                }
                Asked::Lost(failure) => (failure, false),
                Asked::Refused(failure) => (failure, true),
            };
            let state = &call.grant.state;
            match after_failure(state, &failure, confirmed, self.now(), clock::jitter()) {
                Verdict::Confirm { after } => {
                    self.give_back(&call).await?;
                    sleep(after.unsigned_abs()).await;
                    confirmed = true;
                }
                Verdict::Become { state, next_refresh_at } => {
                    self.fail(&call, &state, next_refresh_at, answered).await?;
                    return Err(refused(&failure.trouble).into());
                }
                Verdict::MarkLink => {
                    self.mark_link(&call, &failure).await?;
                    return Err(refused(&failure.trouble).into());
                }
            }
        }
    }

    /// A grant without a refresh token lives as long as its access token. When that is over, only a new consent helps,
    /// and the grant says so.
    async fn end_of_life(&self, grant: Grant) -> Result<Grant, Error> {
        let trouble = not_renewable(&grant);
        let now = self.now();
        if now >= grant.expires_at {
            let state = GrantState::NeedsConsent { trouble: trouble.clone() };
            let failed = FailedRefresh {
                holder: "",
                state: &state,
                next_refresh_at: None,
                clear_intent: false,
            };
            match self.store().fail_refresh(grant.id, grant.generation, &failed, now).await {
                Ok(()) | Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
            let after = self.grant_by_id(grant.id).await?;
            self.tell_change(&grant, &after).await;
        }
        let problem = refused(&trouble);
        Err(Problem { kind: ProblemKind::Conflict, code: "no_refresh_token", ..problem }.into())
    }

    /// Writes the intent and takes the lease.
    async fn claim(&self, call: &Call) -> Result<Claim, Error> {
        let now = self.now();
        let until = later(now, LEASE);
        let (id, seen) = (call.grant.id, call.grant.generation);
        Ok(self.store().claim_refresh(id, seen, &call.holder, now, until).await?)
    }

    async fn ask(&self, call: &Call) -> Result<Asked, Error> {
        let Call { link, grant, .. } = call;
        let tokens = self.store().tokens(grant.id).await?;
        let Some(refresh) = tokens.and_then(|tokens| tokens.refresh) else {
            return Err(refused(&not_renewable(grant)).into());
        };
        let request = oauth::refresh_request(link, &refresh);
        Ok(match self.0.http.send(&request).await {
            Err(failure) => Asked::Lost(failure),
            Ok(response) => {
                match oauth::parse_token_response(link.provider, &response, self.now()) {
                    Ok(answer) => Asked::Fresh(answer),
                    Err(failure) => Asked::Refused(without_secrets(failure, link, &refresh)),
                }
            }
        })
    }

    /// Commits an answer, by compare-and-swap on the generation alone. While the store is away the answer is held and
    /// tried again: it may be the only copy of the new refresh token that there is.
    async fn commit(&self, call: &Call, answer: TokenAnswer) -> Result<Grant, Error> {
        self.failpoint("before_refresh_commit");
        let now = self.now();
        let expires_at = later(now, answer.expires_in);
        let tokens = NewTokens {
            access: answer.access,
            refresh: answer.refresh,
            expires_at,
            issued_at: now,
            scopes: answer.scopes,
        };
        let next = refresh_at(now, expires_at, clock::jitter());
        let (id, seen) = (call.grant.id, call.grant.generation);
        let mut wait = Duration::from_millis(100);
        loop {
            match self.store().commit_refresh(id, seen, &tokens, Some(next), now).await {
                Ok(_) => break,
                Err(StoreError::Stale) => {
                    // A new consent overtook this answer. Its tokens still open the mailbox, so they are kept sealed.
                    self.store().keep_overtaken(id, seen, &tokens).await?;
                    return self.grant_by_id(id).await;
                }
                Err(error) => {
                    tracing::error!(%error, grant = %id, "fresh tokens are held until the store takes them");
                    sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
        self.heal_link(&call.link).await;
        let fresh = self.grant_by_id(id).await?;
        self.tell_change(&call.grant, &fresh).await;
        Ok(fresh)
    }

    async fn fail(
        &self,
        call: &Call,
        state: &GrantState,
        next_refresh_at: Option<Timestamp>,
        answered: bool,
    ) -> Result<(), Error> {
        let grant = &call.grant;
        let failed = FailedRefresh {
            holder: &call.holder,
            state,
            next_refresh_at,
            // Without an answer the provider may have acted: the intent stays, and the next call is its second try.
            clear_intent: answered,
        };
        match self.store().fail_refresh(grant.id, grant.generation, &failed, self.now()).await {
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

/// Cuts what we sent out of what is kept of the answer: some servers repeat the request in their refusal.
fn without_secrets(mut failure: Failure, link: &Link, refresh: &Secret) -> Failure {
    let secrets: Vec<&Secret> = link.client_secret.iter().chain([refresh]).collect();
    let words = failure.trouble.provider_error.take();
    failure.trouble.provider_error = words.map(|words| oauth::redact(&words, &secrets));
    failure
}

fn refreshable(grant: &Grant) -> Result<(), Problem> {
    match &grant.state {
        GrantState::NeedsConsent { trouble } => Err(refused(trouble)),
        GrantState::Revoked => Err(Problem::new(
            ProblemKind::Conflict,
            "grant_revoked",
            "This grant was given back.",
            "Authorise the link anew.",
        )),
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

/// A refusal as the caller is told of it.
fn refused(trouble: &Trouble) -> Problem {
    let words = trouble.provider_error.as_ref().map(|words| format!(" The provider says: {words}"));
    Problem::new(
        ProblemKind::Remote,
        "refresh_failed",
        format!("{}{}", trouble.reason, words.unwrap_or_default()),
        trouble.hint.clone(),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it ends every `map_err`")]
fn trouble(error: Error) -> Trouble {
    let problem = error.problem();
    let actor = match problem.kind {
        ProblemKind::Later => Actor::Nobody,
        _ => Actor::MailboxOwner,
    };
    Trouble { actor, reason: problem.message, hint: problem.hint, provider_error: None }
}
