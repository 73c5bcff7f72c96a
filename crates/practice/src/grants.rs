//! Grants, and the codes and tokens under them. Pure: the time comes in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::id_token::{self, Mint};
use crate::random;
use crate::settings::Settings;
use crate::state::{TokenState, User};

/// A code lives for a minute (RFC 6749 §4.1.2 allows ten).
const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// What is over is remembered for this long, so that reuse is noticed and an expired token is not called unknown.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// Past this many entries, a table forgets what is over.
const TABLE_CAP: usize = 4096;

/// A successful token answer (RFC 6749 §5.1).
pub(crate) type Answer = Map<String, Value>;

/// A refusal by the token endpoint (RFC 6749 §5.2).
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) description: Cow<'static, str>,
    /// The number that Entra would have for it; the answer then looks like Entra's.
    pub(crate) number: Option<u32>,
}

impl Refusal {
    /// 401 if the client is what is wrong, else 400.
    pub(crate) fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, description: description.into(), number: None }
    }

    /// The client is what is wrong, in Entra's words.
    pub(crate) fn entra(number: u32, words: &str) -> Self {
        let description = format!("AADSTS{number}: {words}");
        Self { number: Some(number), ..Self::new("invalid_client", description) }
    }

    fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
}

/// What an answer is made with.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) now: Timestamp,
    pub(crate) settings: &'a Settings,
    pub(crate) mint: &'a Mint,
}

/// What comes with a code that is to be exchanged.
pub(crate) struct Exchange<'a> {
    pub(crate) client: &'a str,
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
}

/// What a token is (RFC 7662 §2.2).
pub(crate) struct Facts<'a> {
    pub(crate) user: Option<&'a User>,
    pub(crate) client: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) is_access: bool,
}

/// Why a bearer token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is unknown, over or revoked.
    Invalid,
    /// It was given for other things.
    Scope,
}

/// What a code will be exchanged for, and what must come with it.
pub(crate) struct Consented {
    pub(crate) client: String,
    pub(crate) user: User,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
}

struct Code {
    consented: Consented,
    expires_at: Timestamp,
    /// The grant that came of it, once it is used.
    used: Option<usize>,
}

struct Grant {
    client: String,
    /// Whose it is; none for the client's own.
    user: Option<User>,
    scopes: Vec<String>,
    revoked: bool,
}

struct Access {
    grant: usize,
    scopes: Vec<String>,
    expires_at: Timestamp,
    revoked: bool,
}

struct Refresh {
    grant: usize,
    expires_at: Option<Timestamp>,
    /// When it was used, and what it got.
    spent: Option<(Timestamp, Answer)>,
}

/// All grants, by their place in the list; codes and tokens by their text.
#[derive(Default)]
pub(crate) struct Grants {
    list: Vec<Grant>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

/// How a refresh went.
pub(crate) enum Refreshed {
    /// New tokens.
    Anew(Answer),
    /// The token was spent, within the grace: its answer once more.
    Again(Answer),
    /// The token was spent, too long ago: the grant is over.
    Reused,
}

impl Grants {
    /// A code for what was just consented to.
    pub(crate) fn offer_code(&mut self, now: Timestamp, consented: Consented) -> String {
        let code = random::token("pc_");
        let expires_at = later(now, CODE_LIFETIME);
        self.forget(now);
        self.codes.insert(code.clone(), Code { consented, expires_at, used: None });
        code
    }

    /// Exchanges a code (RFC 6749 §4.1.3, RFC 7636 §4.6). Any attempt uses the code up; a second one ends the grant.
    pub(crate) fn exchange(
        &mut self,
        means: Means<'_>,
        exchange: &Exchange<'_>,
    ) -> Result<Answer, Refusal> {
        let Some(found) = self.codes.get_mut(exchange.code) else {
            return Err(Refusal::grant("The code is not known."));
        };
        if let Some(grant) = found.used {
            self.end(grant);
            return Err(Refusal::grant("The code was used before; what it gave is revoked."));
        }
        let place = self.list.len();
        found.used = Some(place);
        let consented = &found.consented;
        let nonce = consented.nonce.clone();
        let refused = if found.expires_at <= means.now {
            Some("The code has expired.")
        } else if consented.client != exchange.client {
            Some("The code was given to another client.")
        } else if consented.redirect_uri != exchange.redirect_uri {
            Some("The redirect_uri is not the one that the code was sent to.")
        } else {
            proof_fault(exchange.verifier, consented.challenge.as_deref())
        };
        // The grant stands in the list even when it is refused, so that `used` always points at the right one.
        let grant = Grant {
            client: consented.client.clone(),
            user: Some(consented.user.clone()),
            scopes: consented.scopes.clone(),
            revoked: refused.is_some(),
        };
        let scopes = grant.scopes.clone();
        self.list.push(grant);
        match refused {
            Some(description) => Err(Refusal::grant(description)),
            None => {
                let with_refresh = means.settings.code_gives_refresh && is_offline(&scopes);
                Ok(self.issue(means, place, &scopes, nonce.as_deref(), with_refresh))
            }
        }
    }

    /// Spends a refresh token (RFC 6749 §6), for the grant's scopes or some of them.
    pub(crate) fn refresh(
        &mut self,
        means: Means<'_>,
        client: &str,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Refreshed, Refusal> {
        let Means { now, settings, .. } = means;
        let Some(found) = self.refresh.get(token) else {
            return Err(Refusal::grant("The refresh token is not known."));
        };
        let place = found.grant;
        let Some(grant) = self.list.get(place).filter(|grant| !grant.revoked) else {
            return Err(Refusal::grant("The grant was revoked."));
        };
        if grant.client != client {
            return Err(Refusal::grant("The refresh token was given to another client."));
        }
        if found.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::grant("The refresh token has expired."));
        }
        if let Some((at, answer)) = &found.spent {
            if now.duration_since(*at).unsigned_abs() < settings.refresh_grace {
                return Ok(Refreshed::Again(answer.clone()));
            }
            self.end(place);
            return Ok(Refreshed::Reused);
        }
        let mut scopes = grant.scopes.clone();
        if let Some(wanted) = scope {
            let wanted = settings.scopes(wanted);
            if wanted.iter().any(|scope| !scopes.contains(scope)) {
                let text = "The scope goes beyond what was consented to.";
                return Err(Refusal::new("invalid_scope", text));
            }
            scopes = wanted;
        }
        if let Some(left) = &settings.refresh_scope {
            scopes.retain(|scope| left.contains(scope));
        }
        let answer = self.issue(means, place, &scopes, None, settings.rotate);
        if settings.rotate
            && let Some(spent) = self.refresh.get_mut(token)
        {
            spent.spent = Some((now, answer.clone()));
        }
        Ok(Refreshed::Anew(answer))
    }

    /// Makes a grant without asking anybody, with tokens under it. `None` as the user: the client's own grant.
    pub(crate) fn grant(
        &mut self,
        means: Means<'_>,
        client: &str,
        user: Option<User>,
        scopes: &[String],
    ) -> Answer {
        let place = self.list.len();
        let (client, granted) = (client.to_owned(), scopes.to_vec());
        self.list.push(Grant { client, user, scopes: granted, revoked: false });
        self.issue(means, place, scopes, None, is_offline(scopes))
    }

    fn issue(
        &mut self,
        means: Means<'_>,
        place: usize,
        scopes: &[String],
        nonce: Option<&str>,
        with_refresh: bool,
    ) -> Answer {
        let Means { now, settings, mint } = means;
        self.forget(now);
        let seconds = |time: Duration| SignedDuration::from_secs(time.as_secs().cast_signed());
        let expires_at = later(now, seconds(settings.access_ttl));
        let access = random::token("pa_");
        let mut answer = Map::new();
        answer.insert("access_token".into(), access.clone().into());
        answer.insert("token_type".into(), "Bearer".into());
        answer.insert("expires_in".into(), settings.access_ttl.as_secs().into());
        answer.insert("scope".into(), settings.joined(scopes).into());
        let scopes = scopes.to_vec();
        if with_refresh {
            let refresh = random::token("pr_");
            answer.insert("refresh_token".into(), refresh.clone().into());
            if let Some(lifetime) = settings.refresh_ttl {
                answer.insert("refresh_token_expires_in".into(), lifetime.as_secs().into());
            }
            let expires_at = settings.refresh_ttl.map(|lifetime| later(now, seconds(lifetime)));
            self.refresh.insert(refresh, Refresh { grant: place, expires_at, spent: None });
        }
        if let Some(Grant { client, user: Some(user), .. }) = self.list.get(place)
            && scopes.iter().any(|scope| scope == "openid")
        {
            let request = id_token::Request { client, nonce, scopes: &scopes };
            if let Some(id_token) = mint.id_token(user, &request, settings, now) {
                answer.insert("id_token".into(), id_token.into());
            }
        }
        self.access.insert(access, Access { grant: place, scopes, expires_at, revoked: false });
        answer
    }

    /// Whose access token this is (none: the client's own) and its scopes, if it is live and has `scope`.
    pub(crate) fn open(
        &self,
        now: Timestamp,
        token: &str,
        scope: &str,
    ) -> Result<(Option<&User>, &[String]), Denied> {
        if self.state(now, token) != TokenState::Live {
            return Err(Denied::Invalid);
        }
        let access = self.access.get(token).ok_or(Denied::Invalid)?;
        let grant = self.list.get(access.grant).ok_or(Denied::Invalid)?;
        if !access.scopes.iter().any(|has| has == scope) {
            return Err(Denied::Scope);
        }
        Ok((grant.user.as_ref(), &access.scopes))
    }

    /// How a token stands, access or refresh.
    pub(crate) fn state(&self, now: Timestamp, token: &str) -> TokenState {
        let over = |place: usize| self.list.get(place).is_none_or(|grant| grant.revoked);
        if let Some(access) = self.access.get(token) {
            return match access {
                _ if access.revoked || over(access.grant) => TokenState::Revoked,
                _ if access.expires_at <= now => TokenState::Expired,
                _ => TokenState::Live,
            };
        }
        match self.refresh.get(token) {
            None => TokenState::Unknown,
            Some(refresh) if over(refresh.grant) => TokenState::Revoked,
            Some(refresh) if refresh.spent.is_some() => TokenState::Spent,
            Some(refresh) if refresh.expires_at.is_some_and(|end| end <= now) => {
                TokenState::Expired
            }
            Some(_) => TokenState::Live,
        }
    }

    /// What a token is, if it works.
    pub(crate) fn facts(&self, now: Timestamp, token: &str) -> Option<Facts<'_>> {
        if self.state(now, token) != TokenState::Live {
            return None;
        }
        let access = self.access.get(token);
        let refresh = self.refresh.get(token);
        let place = access.map(|one| one.grant).or(refresh.map(|one| one.grant))?;
        let grant = self.list.get(place)?;
        Some(Facts {
            user: grant.user.as_ref(),
            client: &grant.client,
            scopes: access.map_or(&grant.scopes, |access| &access.scopes),
            expires_at: match access {
                Some(access) => Some(access.expires_at),
                None => refresh?.expires_at,
            },
            is_access: access.is_some(),
        })
    }

    /// Revokes a token of this client (RFC 7009 §2.1): a refresh token takes its whole grant with it, an access token
    /// only itself.
    pub(crate) fn revoke(&mut self, client: &str, token: &str) {
        let theirs = |place: usize| self.list.get(place).is_some_and(|one| one.client == client);
        if let Some(access) = self.access.get_mut(token) {
            access.revoked |= theirs(access.grant);
        } else if let Some(refresh) = self.refresh.get(token)
            && theirs(refresh.grant)
        {
            self.end(refresh.grant);
        }
    }

    /// Revokes a token as Google does: every grant of the person to the client is over. False if the token was over
    /// already, or nobody knows it.
    pub(crate) fn revoke_person(&mut self, now: Timestamp, token: &str) -> bool {
        let Some(facts) = self.facts(now, token) else { return false };
        let (client, user) = (facts.client.to_owned(), facts.user.map(|one| one.subject.clone()));
        for grant in &mut self.list {
            let subject = grant.user.as_ref().map(|one| &one.subject);
            grant.revoked |= grant.client == client && subject == user.as_ref();
        }
        true
    }

    /// Ends every grant of a user; how many there were.
    pub(crate) fn revoke_all(&mut self, address: &str) -> usize {
        let theirs = |grant: &&mut Grant| {
            let user = grant.user.as_ref();
            !grant.revoked && user.is_some_and(|user| user.address.eq_ignore_ascii_case(address))
        };
        self.list.iter_mut().filter(theirs).map(|grant| grant.revoked = true).count()
    }

    fn end(&mut self, place: usize) {
        if let Some(grant) = self.list.get_mut(place) {
            grant.revoked = true;
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let recent = |at: Timestamp| now.duration_since(at) < MEMORY;
        if self.codes.len() > TABLE_CAP {
            self.codes.retain(|_, code| code.expires_at > now);
        }
        if self.access.len() > TABLE_CAP {
            self.access.retain(|_, access| access.expires_at > now);
        }
        if self.refresh.len() > TABLE_CAP {
            self.refresh.retain(|_, one| one.spent.as_ref().is_none_or(|(at, _)| recent(*at)));
        }
    }
}

fn is_offline(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == "offline_access")
}

/// What is wrong with the proof that whoever has the code also asked for it.
fn proof_fault(verifier: Option<&str>, challenge: Option<&str>) -> Option<&'static str> {
    match (verifier, challenge) {
        (None, None) => None,
        (Some(verifier), Some(challenge)) if verifies(verifier, challenge) => None,
        (Some(_), Some(_)) => Some("The code_verifier does not match the code_challenge."),
        (None, Some(_)) => Some("The code_verifier is missing."),
        (Some(_), None) => Some("There is a code_verifier, but there was no code_challenge."),
    }
}

/// RFC 7636 §4.6 with S256; the verifier's own form (§4.1) is checked too, so that a client with short ones is told.
fn verifies(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())) == challenge
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
