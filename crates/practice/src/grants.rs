//! Grants, and the codes and tokens under them. Pure: the time comes in.

use std::collections::HashMap;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::id_token::Mint;
use crate::random;
use crate::state::{Settings, TokenState, User};

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
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

impl Refusal {
    pub(crate) fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }

    fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
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
    pub(crate) user: User,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
}

struct Code {
    consented: Consented,
    expires_at: Timestamp,
    /// The grant that came of it, once it is used.
    used: Option<usize>,
}

struct Grant {
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
        now: Timestamp,
        settings: &Settings,
        mint: &Mint,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Answer, Refusal> {
        let Some(found) = self.codes.get_mut(code) else {
            return Err(Refusal::grant("The code is not known."));
        };
        if let Some(grant) = found.used {
            self.end(grant);
            return Err(Refusal::grant("The code was used before; what it gave is revoked."));
        }
        let place = self.list.len();
        found.used = Some(place);
        let consented = &found.consented;
        let (user, scopes) = (consented.user.clone(), consented.scopes.clone());
        let nonce = consented.nonce.clone();
        let refused = if found.expires_at <= now {
            Some("The code has expired.")
        } else if consented.redirect_uri != redirect_uri {
            Some("The redirect_uri is not the one that the code was sent to.")
        } else if !verifies(verifier, &consented.challenge) {
            Some("The code_verifier does not match the code_challenge.")
        } else {
            None
        };
        // The grant stands in the list even when it is refused, so that `used` always points at the right one.
        let revoked = refused.is_some();
        self.list.push(Grant { user: Some(user), scopes: scopes.clone(), revoked });
        match refused {
            Some(description) => Err(Refusal::grant(description)),
            None => {
                let offline = scopes.iter().any(|scope| scope == "offline_access");
                Ok(self.issue(now, settings, mint, place, &scopes, nonce.as_deref(), offline))
            }
        }
    }

    /// Spends a refresh token (RFC 6749 §6), for the grant's scopes or some of them.
    pub(crate) fn refresh(
        &mut self,
        now: Timestamp,
        settings: &Settings,
        mint: &Mint,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Refreshed, Refusal> {
        let Some(found) = self.refresh.get(token) else {
            return Err(Refusal::grant("The refresh token is not known."));
        };
        let place = found.grant;
        let Some(grant) = self.list.get(place).filter(|grant| !grant.revoked) else {
            return Err(Refusal::grant("The grant was revoked."));
        };
        if let Some((at, answer)) = &found.spent {
            if now.duration_since(*at).unsigned_abs() < settings.refresh_grace {
                return Ok(Refreshed::Again(answer.clone()));
            }
            self.end(place);
            return Ok(Refreshed::Reused);
        }
        let mut scopes = grant.scopes.clone();
        if let Some(wanted) = scope {
            let wanted: Vec<String> = wanted.split(' ').map(str::to_owned).collect();
            if wanted.iter().any(|scope| !scopes.contains(scope)) {
                let text = "The scope goes beyond what was consented to.";
                return Err(Refusal::new("invalid_scope", text));
            }
            scopes = wanted;
        }
        let answer = self.issue(now, settings, mint, place, &scopes, None, settings.rotate);
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
        now: Timestamp,
        settings: &Settings,
        mint: &Mint,
        user: Option<User>,
        scopes: &[String],
    ) -> Answer {
        let place = self.list.len();
        self.list.push(Grant { user, scopes: scopes.to_vec(), revoked: false });
        let offline = scopes.iter().any(|scope| scope == "offline_access");
        self.issue(now, settings, mint, place, scopes, None, offline)
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where an answer is put together")]
    fn issue(
        &mut self,
        now: Timestamp,
        settings: &Settings,
        mint: &Mint,
        place: usize,
        scopes: &[String],
        nonce: Option<&str>,
        with_refresh: bool,
    ) -> Answer {
        self.forget(now);
        let lifetime = settings.access_ttl.as_secs();
        let expires_at = later(now, SignedDuration::from_secs(lifetime.cast_signed()));
        let access = random::token("pa_");
        let mut answer = Map::new();
        answer.insert("access_token".into(), access.clone().into());
        answer.insert("token_type".into(), "Bearer".into());
        answer.insert("expires_in".into(), lifetime.into());
        answer.insert("scope".into(), scopes.join(" ").into());
        let scopes = scopes.to_vec();
        if with_refresh {
            let refresh = random::token("pr_");
            answer.insert("refresh_token".into(), refresh.clone().into());
            self.refresh.insert(refresh, Refresh { grant: place, spent: None });
        }
        let user = self.list.get(place).and_then(|grant| grant.user.as_ref());
        if let Some(user) = user
            && scopes.iter().any(|scope| scope == "openid")
            && let Some(id_token) = mint.id_token(user, nonce, &scopes, now)
        {
            answer.insert("id_token".into(), id_token.into());
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
            Some(_) => TokenState::Live,
        }
    }

    /// Revokes a token (RFC 7009 §2.1): a refresh token takes its whole grant with it, an access token only itself.
    pub(crate) fn revoke(&mut self, token: &str) {
        if let Some(access) = self.access.get_mut(token) {
            access.revoked = true;
        } else if let Some(refresh) = self.refresh.get(token) {
            self.end(refresh.grant);
        }
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
