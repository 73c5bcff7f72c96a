//! Handing access tokens to other programs. A program is handed the tokens of the grants that its API token names, never
//! a refresh token, and every hand-out is counted; see `counts`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use outlink_model::grant::{Actor, GrantStateName, Trouble, later};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::user::{ApiToken, HandOut, TokenScope};
use outlink_model::{GrantId, Secret, Timestamp, TokenId};
use outlink_oauth as oauth;
use outlink_store::TokensNow;

use crate::grants::grant_name;
use crate::refresh::{has_moved, stands_in_the_way};
use crate::{Engine, Error, Listed, Page};

mod counts;

pub(crate) use counts::Counts;

/// How long a token that is handed out lives at least, where the program does not say.
pub const MIN_TTL: SignedDuration = SignedDuration::from_secs(60);
/// The longest life that a program may ask for. Providers' tokens live for an hour or a little more; whoever asked for
/// all of that would be handed a new one each time.
pub const LONGEST_MIN_TTL: SignedDuration = SignedDuration::from_secs(3000);

/// What a program is handed.
#[derive(Debug)]
pub struct HandedOut {
    /// The grant that it belongs to.
    pub grant_id: GrantId,
    /// The access token.
    pub access_token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What was granted.
    pub scopes: Vec<String>,
}

/// A hand-out with what people call the two sides.
#[derive(Debug)]
pub struct HandOutView {
    /// How often within which minute.
    pub hand_out: HandOut,
    /// The name of the API token, unless it was deleted.
    pub token_name: Option<String>,
    /// How people call the grant, unless it was deleted.
    pub grant_name: Option<String>,
}

/// A token at hand. What follows from where it came from is worked out once for as long as it is kept, not at every
/// hand-out.
pub(crate) struct AtHand {
    tokens: TokensNow,
    /// Whether the tokens were issued at other addresses than the link's now.
    locked: bool,
}

impl From<TokensNow> for AtHand {
    fn from(tokens: TokensNow) -> Self {
        Self { locked: is_locked(&tokens), tokens }
    }
}

/// What is to be done about the token at hand.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It is answered as it is.
    Answer,
    /// A fresh one is asked for.
    Refresh,
    /// Nothing is handed out.
    Refuse,
}

impl Engine {
    /// An access token of a grant that `token` names, by id or address, which lives for `min_ttl` more. A token that
    /// does is answered without any write; any other is refreshed first. Where the provider gives out no token that
    /// lives so long, or the grant cannot be renewed, the one that there is is handed out while it lives.
    ///
    /// # Errors
    /// A [`Problem`]: `grant_not_named` for every grant that the token does not name, whether it exists or not;
    /// `grant_unusable` with what is wrong with it and who must act.
    pub async fn hand_out(
        &self,
        grant: &str,
        min_ttl: SignedDuration,
        token: &ApiToken,
        address: Option<IpAddr>,
    ) -> Result<HandedOut, Error> {
        if !token.scopes.contains(&TokenScope::HandOut) {
            return Err(Problem::new(
                ProblemKind::Forbidden,
                "scope_missing",
                format!("The API token {} does not have the scope grant_token.", token.name),
                "Make a token with this scope that names the grant: `outlink token create`.",
            )
            .into());
        }
        check_min_ttl(min_ttl)?;
        let id = self.grant_within(grant, token).await?;
        let now = self.now();
        let found = self.tokens_now(id).await?.ok_or_else(|| not_named(token))?;
        let at_hand = match decide(&found, min_ttl, now) {
            Decision::Answer => found,
            Decision::Refuse => return Err(self.why_refused(id).await?.into()),
            Decision::Refresh => {
                self.access_token(id, min_ttl).await.map_err(|trouble| unusable(&trouble))?;
                let fresh = self.tokens_now(id).await?.ok_or_else(|| not_named(token))?;
                // What was refreshed just now is as good as it gets, be it ever so short.
                match decide(&fresh, SignedDuration::ZERO, self.now()) {
                    Decision::Answer => fresh,
                    Decision::Refresh | Decision::Refuse => {
                        return Err(self.why_refused(id).await?.into());
                    }
                }
            }
        };
        // Counted before it leaves: what could not be recorded is not handed out.
        self.0.hand_outs.add(token.id, id, now, address)?;
        Ok(HandedOut {
            grant_id: id,
            access_token: at_hand.tokens.access.clone(),
            expires_at: at_hand.tokens.expires_at,
            scopes: at_hand.tokens.scopes.clone(),
        })
    }

    /// The access token of a grant as it is now, with what decides whether it may be used.
    async fn tokens_now(&self, id: GrantId) -> Result<Option<Arc<AtHand>>, Error> {
        let read = async { Ok(self.store().tokens_now(id).await?.map(AtHand::from)) };
        Ok(self.0.tokens_now.ask(self.store(), id, read).await?)
    }

    /// The grant of this name among those that the token names. Every other name gets one and the same answer, so that
    /// nothing can be learnt about what else there is.
    async fn grant_within(&self, named: &str, token: &ApiToken) -> Result<GrantId, Error> {
        if let Ok(id) = named.parse::<GrantId>() {
            return token.grants.contains(&id).then_some(id).ok_or_else(|| not_named(token).into());
        }
        let mut found = self.store().grants_by_email(named).await?;
        found.retain(|grant| token.grants.contains(&grant.id));
        match &found[..] {
            [] => Err(not_named(token).into()),
            [grant] => Ok(grant.id),
            [_, _, ..] => Err(Problem::new(
                ProblemKind::Conflict,
                "name_ambiguous",
                format!("The API token {} names several grants of {named}.", token.name),
                "Name the one that is meant by its id.",
            )
            .into()),
        }
    }

    /// What is wrong with a grant of which nothing is handed out.
    async fn why_refused(&self, id: GrantId) -> Result<Problem, Error> {
        let grant = self.grant_by_id(id).await?;
        let link = self.link_by_id(grant.link_id).await?;
        let known = stands_in_the_way(&link, &grant).or_else(|| grant.state.trouble().cloned());
        Ok(unusable(&known.unwrap_or_else(|| Trouble {
            actor: Actor::MailboxOwner,
            reason: match grant.state.name() {
                GrantStateName::Revoked => "This grant was given back.".into(),
                _ => format!("The access token of this grant ended at {}.", grant.expires_at),
            },
            hint: "Authorise the grant anew.".into(),
            provider_error: None,
        })))
    }

    /// The hand-outs, the newest first; of one grant, if one is named.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an address that no grant has.
    pub async fn hand_outs(
        &self,
        grant: Option<&str>,
        page: Page,
    ) -> Result<Listed<HandOutView>, Error> {
        let grant = match grant {
            None => None,
            // The record outlives the grant, so an id is looked for whether the grant still stands or not.
            Some(named) => Some(match named.parse::<GrantId>() {
                Ok(id) => id,
                Err(_) => self.grant(named).await?.id,
            }),
        };
        let listed = self.store().hand_outs(grant, &page).await?;
        let mut tokens: HashMap<TokenId, Option<String>> = HashMap::new();
        let mut grants: HashMap<GrantId, Option<String>> = HashMap::new();
        let mut items = Vec::with_capacity(listed.items.len());
        for hand_out in listed.items {
            let token_name = match tokens.entry(hand_out.token_id) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => {
                    let token = self.store().token(hand_out.token_id).await?;
                    new.insert(token.map(|token| token.name)).clone()
                }
            };
            let grant_name = match grants.entry(hand_out.grant_id) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => {
                    let grant = self.store().grant(hand_out.grant_id).await?;
                    new.insert(grant.as_ref().map(grant_name)).clone()
                }
            };
            items.push(HandOutView { hand_out, token_name, grant_name });
        }
        Ok(Listed { items, next: listed.next })
    }
}

/// What is to be done about a token that should live for `min_ttl` more. Keeps **A moved endpoint locks its secrets**.
fn decide(at_hand: &AtHand, min_ttl: SignedDuration, now: Timestamp) -> Decision {
    let AtHand { tokens, locked } = at_hand;
    let usable = match tokens.state {
        GrantStateName::Active | GrantStateName::Degraded | GrantStateName::Blocked => true,
        GrantStateName::NeedsConsent | GrantStateName::Revoked => false,
    };
    if !usable || !tokens.link_enabled || *locked {
        return Decision::Refuse;
    }
    // A provider that has answered a refresh with a shorter life than that would be asked at every hand-out: half of
    // what it gives must do.
    let life = tokens.expires_at.duration_since(tokens.issued_at);
    let wanted = if tokens.generation > 1 && life <= min_ttl { life / 2 } else { min_ttl };
    let is_there = !tokens.access.is_empty() && now < tokens.expires_at;
    match is_there && later(now, wanted) < tokens.expires_at {
        true => Decision::Answer,
        false => Decision::Refresh,
    }
}

/// [`is_locked`](crate::refresh::is_locked), of what was read.
fn is_locked(tokens: &TokensNow) -> bool {
    has_moved(tokens.bound_to.as_ref(), || {
        let [a, b, c, d] = &tokens.shown_to;
        let (client, token) = (&tokens.client_id, &tokens.token_endpoint);
        oauth::bound_to_addresses(client, token, tokens.issuer.as_deref(), [a, b, c, d])
    })
}

fn check_min_ttl(min_ttl: SignedDuration) -> Result<(), Problem> {
    if (SignedDuration::ZERO..=LONGEST_MIN_TTL).contains(&min_ttl) {
        return Ok(());
    }
    Err(Problem::invalid(
        "min_ttl",
        "min_ttl_unusable",
        format!("{} seconds is no time that a token can be asked to live.", min_ttl.as_secs()),
        format!("Ask for between 0 and {} seconds.", LONGEST_MIN_TTL.as_secs()),
    ))
}

fn not_named(token: &ApiToken) -> Problem {
    Problem::new(
        ProblemKind::Forbidden,
        "grant_not_named",
        format!("The API token {} names no such grant.", token.name),
        "Make a token that names it: `outlink token create --scope grant_token --grant ID`.",
    )
}

/// A fault that passes by itself is worth another try; for any other somebody must act.
fn unusable(trouble: &Trouble) -> Problem {
    let kind = match trouble.actor {
        Actor::Nobody => ProblemKind::Remote,
        _ => ProblemKind::Conflict,
    };
    Problem { kind, ..crate::mail_servers::problem("grant_unusable", trouble) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::grant::BoundTo;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn tokens(expires: i64) -> TokensNow {
        TokensNow {
            generation: 2,
            access: Secret::new("at"),
            issued_at: at(expires - 3600),
            expires_at: at(expires),
            scopes: Vec::new(),
            state: GrantStateName::Active,
            bound_to: None,
            link_enabled: true,
            client_id: "client".into(),
            token_endpoint: "https://as.example/token".into(),
            issuer: None,
            shown_to: [None, None, None, None],
        }
    }

    #[test]
    fn a_token_is_answered_refreshed_or_refused() {
        use Decision::{Answer, Refresh, Refuse};
        use GrantStateName::{Active, Blocked, Degraded, NeedsConsent, Revoked};
        let table = [
            (Active, 301, 300, Answer),
            (Active, 300, 300, Refresh),
            (Active, 0, 0, Refresh),
            (Active, -10, 0, Refresh),
            (Active, 1, 0, Answer),
            (Degraded, 301, 300, Answer),
            (Blocked, 301, 300, Answer),
            (Blocked, 10, 300, Refresh),
            (NeedsConsent, 301, 300, Refuse),
            (Revoked, 301, 300, Refuse),
        ];
        for (state, expires, min_ttl, expected) in table {
            let tokens = TokensNow { state, ..tokens(expires) };
            let decided = decide(&tokens.into(), SignedDuration::from_secs(min_ttl), at(0));
            assert_eq!(decided, expected, "{state} {expires} {min_ttl}");
        }
    }

    #[test]
    fn a_provider_of_short_lives_is_not_asked_each_time() {
        let decide_at = |generation: i64, left: i64| {
            let tokens = TokensNow { generation, issued_at: at(left - 120), ..tokens(left) };
            decide(&tokens.into(), SignedDuration::from_secs(300), at(0))
        };
        assert_eq!(decide_at(1, 110), Decision::Refresh, "perhaps it gives more");
        assert_eq!(decide_at(2, 110), Decision::Answer);
        assert_eq!(decide_at(2, 61), Decision::Answer);
        assert_eq!(decide_at(2, 59), Decision::Refresh);
    }

    #[test]
    fn a_disabled_link_and_a_moved_endpoint_hand_out_nothing() {
        let decide = |tokens: &TokensNow| decide(&tokens.clone().into(), MIN_TTL, at(0));
        assert_eq!(decide(&TokensNow { link_enabled: false, ..tokens(1000) }), Decision::Refuse);
        let bound = |token: &str| BoundTo {
            client_id: "client".into(),
            token_endpoint: token.into(),
            issuer: None,
            origins: Vec::new(),
        };
        let bound_to = Some(bound("https://as.example/token"));
        assert_eq!(decide(&TokensNow { bound_to, ..tokens(1000) }), Decision::Answer);
        let bound_to = Some(bound("https://other.example/token"));
        assert_eq!(decide(&TokensNow { bound_to, ..tokens(1000) }), Decision::Refuse);
        let mut shown = tokens(1000);
        shown.bound_to = Some(bound("https://as.example/token"));
        shown.shown_to[1] = Some("https://evil.example/me".into());
        assert_eq!(decide(&shown), Decision::Refuse);
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_in_words() {
        for (seconds, ok) in [(0, true), (60, true), (3000, true), (3001, false), (-1, false)] {
            let checked = check_min_ttl(SignedDuration::from_secs(seconds));
            assert_eq!(checked.is_ok(), ok, "{seconds}");
        }
    }
}
