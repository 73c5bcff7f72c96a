//! Who sits at which browser, and what they were asked. Pure: the time comes in.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::authorize::Asked;
use crate::random;

/// The session cookie. Cookies know no ports, so the name must not be one that others on localhost use.
pub(crate) const COOKIE: &str = "outlink_practice";

/// A request to consent is answered within this time, or it is over.
const REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// A session is forgotten after this time.
const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// Past this many entries, a table drops its oldest ones.
const TABLE_CAP: usize = 1024;

struct Session {
    user: Option<String>,
    expires_at: Timestamp,
}

struct Pending {
    session: String,
    asked: Asked,
    /// Whether somebody signed in for this very request.
    fresh: bool,
    expires_at: Timestamp,
}

#[derive(Default)]
pub(crate) struct Browsers {
    sessions: HashMap<String, Session>,
    pending: HashMap<String, Pending>,
}

impl Browsers {
    /// Notes what a browser was sent here for; its session (the one it has, or a new one) and the request's name.
    pub(crate) fn ask(
        &mut self,
        now: Timestamp,
        cookie: Option<&str>,
        asked: Asked,
    ) -> (String, String) {
        self.forget(now);
        let known = cookie.filter(|cookie| self.sessions.contains_key(*cookie));
        let session = known.map_or_else(|| random::token("ps_"), str::to_owned);
        let fresh = Session { user: None, expires_at: later(now, SESSION_LIFETIME) };
        self.sessions.entry(session.clone()).or_insert(fresh);
        let request = random::token("rq_");
        let expires_at = later(now, REQUEST_LIFETIME);
        let pending = Pending { session: session.clone(), asked, fresh: false, expires_at };
        self.pending.insert(request.clone(), pending);
        (session, request)
    }

    /// What a request asks for, if it is this browser's and its time is not over.
    pub(crate) fn asked(
        &self,
        now: Timestamp,
        cookie: Option<&str>,
        request: &str,
    ) -> Option<&Asked> {
        self.find(now, cookie, request).map(|pending| &pending.asked)
    }

    fn find(&self, now: Timestamp, cookie: Option<&str>, request: &str) -> Option<&Pending> {
        let pending = self.pending.get(request)?;
        (Some(pending.session.as_str()) == cookie && pending.expires_at > now).then_some(pending)
    }

    /// Who is signed in and may answer this request; nobody if it wants a sign-in of its own.
    pub(crate) fn user(
        &self,
        now: Timestamp,
        cookie: Option<&str>,
        request: &str,
    ) -> Option<String> {
        let pending = self.find(now, cookie, request)?;
        let session = self.sessions.get(&pending.session).filter(|one| one.expires_at > now)?;
        let counts = pending.fresh || !pending.asked.wants_login();
        session.user.clone().filter(|_| counts)
    }

    /// Somebody signed in. The session gets a new name, so that one planted beforehand is worth nothing.
    pub(crate) fn sign_in(
        &mut self,
        now: Timestamp,
        cookie: &str,
        request: &str,
        user: &str,
    ) -> String {
        self.sessions.remove(cookie);
        let session = random::token("ps_");
        let expires_at = later(now, SESSION_LIFETIME);
        self.sessions.insert(session.clone(), Session { user: Some(user.into()), expires_at });
        for pending in self.pending.values_mut().filter(|pending| pending.session == cookie) {
            pending.session.clone_from(&session);
        }
        if let Some(pending) = self.pending.get_mut(request) {
            pending.fresh = true;
        }
        session
    }

    /// Nobody is signed in at this browser any more; its requests stand.
    pub(crate) fn sign_out(&mut self, cookie: &str) {
        if let Some(session) = self.sessions.get_mut(cookie) {
            session.user = None;
        }
    }

    /// The request is answered and gone.
    pub(crate) fn done(&mut self, request: &str) -> Option<Asked> {
        self.pending.remove(request).map(|pending| pending.asked)
    }

    fn forget(&mut self, now: Timestamp) {
        self.sessions.retain(|_, session| session.expires_at > now);
        self.pending.retain(|_, pending| pending.expires_at > now);
        drop_oldest(&mut self.sessions, |session| session.expires_at);
        drop_oldest(&mut self.pending, |pending| pending.expires_at);
    }
}

fn drop_oldest<T>(table: &mut HashMap<String, T>, end: impl Fn(&T) -> Timestamp) {
    while table.len() >= TABLE_CAP {
        let oldest = table.iter().min_by_key(|(_, one)| end(one)).map(|(name, _)| name.clone());
        oldest.and_then(|name| table.remove(&name));
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
