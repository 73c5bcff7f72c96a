//! Misbehaviour on demand: what the next answers get wrong.

mod imap;
mod smtp;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

pub use imap::ImapFault;
pub use smtp::SmtpFault;

/// An endpoint for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Codes and the like become tokens (RFC 6749 §3.2).
    Token,
    /// A device gets its codes (RFC 8628 §3.1).
    Device,
    /// What a token is (RFC 7662).
    Introspection,
    /// Whose a token is (OpenID Connect Core 1.0 §5.3).
    Userinfo,
    /// Tokens end (RFC 7009).
    Revocation,
    /// The provider about itself (RFC 8414, OpenID Connect Discovery 1.0), at each of its addresses.
    Metadata,
    /// The keys that id tokens are signed with (RFC 7517 §5).
    Keys,
    /// Clients make themselves known (RFC 7591).
    Registration,
}

impl Endpoint {
    /// The endpoint with this path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/token" => Some(Self::Token),
            "/device_authorization" => Some(Self::Device),
            "/introspect" => Some(Self::Introspection),
            "/userinfo" => Some(Self::Userinfo),
            "/revoke" => Some(Self::Revocation),
            "/jwks" => Some(Self::Keys),
            "/register" => Some(Self::Registration),
            _ => path.contains("/.well-known/").then_some(Self::Metadata),
        }
    }
}

/// What is wrong with one answer of the token endpoint, or of another endpoint for programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenFault {
    /// The request lies about for this long before anything is done with it. A client that hangs up meanwhile was
    /// never heard.
    Stall(Duration),
    /// The request is carried out at once (a refresh token is spent), and the answer comes this late.
    Delay(Duration),
    /// The request is carried out, then the connection is cut: the answer is lost.
    LoseAnswer,
    /// Nothing is carried out; an empty answer with this status, and `Retry-After` in seconds where told.
    Status {
        /// The HTTP status: 429, 500, 503.
        status: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u32>,
    },
    /// Nothing is carried out; a web page with status 200, as captive portals and maintenance pages have it.
    Html,
    /// Nothing is carried out; this very answer.
    Body {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The bytes.
        body: Vec<u8>,
    },
    /// Nothing is carried out; refused with this `error` code (RFC 6749 §5.2): 401 for `invalid_client`, else 400.
    Refuse {
        /// The code, registered or a vendor's own.
        error: String,
        /// The words beside it.
        description: String,
    },
    /// Carried out, and the answer, if it is good, is changed on its way: a member left out, a number turned into text.
    Edit(fn(&mut Map<String, Value>)),
}

impl TokenFault {
    /// A refusal with this `error` code.
    pub fn refuse(error: impl Into<String>) -> Self {
        let description = "The practice provider was told to refuse this.".to_owned();
        Self::Refuse { error: error.into(), description }
    }

    /// 429, with `Retry-After` in seconds.
    pub fn too_many(retry_after: u32) -> Self {
        Self::Status { status: 429, retry_after: Some(retry_after) }
    }

    /// An answer with this status and nothing in it.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }
}

/// What is wrong with one POP3 session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pop3Fault {
    /// CAPA is no command here; everything else is as ever.
    NoCapa,
    /// CAPA does not speak of SASL; the mechanisms are taken all the same.
    CapaWithoutSasl,
    /// UIDL is no command here.
    NoUidl,
    /// TOP is no command here.
    NoTop,
    /// UIDL gives the messages' numbers out for their names, so that names are used again once messages are deleted.
    NumberedUidl,
    /// AUTH with a response in the same line ends the session, as at Exchange Online.
    RefuseOneLine,
    /// A response of more octets than this, before base64, ends the session in the same way.
    TokenLimit(usize),
    /// Signing in is answered by `-ERR [SYS/TEMP]`, with no challenge, whatever the token.
    Unavailable,
    /// Signing in is refused as with a token that is no good, whatever the token.
    RefuseToken,
    /// Signing in works, and then nothing is ever said again.
    HangAfterLogin,
    /// The connection is cut half-way through the first message.
    DropMidMessage,
    /// The connection is cut where this message of the INBOX (its UID by IMAP) is asked for, whole or its header alone.
    CutAtUid(u32),
    /// The same, and meanwhile another client deletes the first message of the INBOX: in the next session each message has
    /// another number.
    CutAtUidAndShift(u32),
    /// Messages are refused, with Gmail's words to whoever has fetched too much.
    Exhausted,
    /// QUIT is answered by `-ERR` where something was to be deleted, and nothing is.
    RefuseDeletions,
}

/// A handle on the faults; clones share them. A fault serves so many answers (or sessions), then the next one in line,
/// then all is well.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Queues>>);

#[derive(Debug, Default)]
struct Queues {
    answers: Vec<(Endpoint, VecDeque<(usize, TokenFault)>)>,
    imap: VecDeque<(usize, ImapFault)>,
    /// By mailbox, in lower case.
    imap_mailboxes: BTreeMap<String, VecDeque<(usize, ImapFault)>>,
    pop3: VecDeque<(usize, Pop3Fault)>,
    smtp: VecDeque<(usize, SmtpFault)>,
    /// By recipient, in lower case.
    smtp_recipients: BTreeMap<String, VecDeque<(usize, SmtpFault)>>,
}

impl Faults {
    /// The next `count` answers of the token endpoint go wrong like this, after those already in line.
    pub fn next_token_answers(&self, count: usize, fault: TokenFault) {
        self.next_answers(Endpoint::Token, count, fault);
    }

    /// The next `count` answers of this endpoint go wrong like this, after those already in line.
    pub fn next_answers(&self, endpoint: Endpoint, count: usize, fault: TokenFault) {
        let mut queues = self.lock();
        match queues.answers.iter_mut().find(|(known, _)| *known == endpoint) {
            Some((_, queue)) => queue.push_back((count, fault)),
            None => queues.answers.push((endpoint, VecDeque::from([(count, fault)]))),
        }
    }

    /// The next `count` IMAP connections go wrong like this, after those already in line.
    pub fn next_imap_sessions(&self, count: usize, fault: ImapFault) {
        self.lock().imap.push_back((count, fault));
    }

    /// The next `count` sign-ins to this mailbox over IMAP go wrong like this, after those already in line, and the
    /// sessions that follow from them; other mailboxes are well. `usize::MAX` is as good as for ever. A connection that
    /// has a fault of its own keeps that one, and uses up none of these.
    pub fn next_imap_sign_ins(&self, mailbox: &str, count: usize, fault: ImapFault) {
        let mut queues = self.lock();
        let queue = queues.imap_mailboxes.entry(mailbox.to_ascii_lowercase()).or_default();
        queue.push_back((count, fault));
    }

    /// All is well with this mailbox from its next sign-in over IMAP on.
    pub fn heal_mailbox(&self, mailbox: &str) {
        self.lock().imap_mailboxes.remove(&mailbox.to_ascii_lowercase());
    }

    /// The next `count` POP3 connections go wrong like this, after those already in line.
    pub fn next_pop3_sessions(&self, count: usize, fault: Pop3Fault) {
        self.lock().pop3.push_back((count, fault));
    }

    /// The next `count` SMTP connections go wrong like this, after those already in line.
    pub fn next_smtp_sessions(&self, count: usize, fault: SmtpFault) {
        self.lock().smtp.push_back((count, fault));
    }

    /// The next `count` mails to this recipient go wrong like this, after those already in line; mails to others are well,
    /// in the same session too. Of the faults, those count that come with RCPT or later. A connection that has a fault of
    /// its own keeps that one, and uses up none of these.
    pub fn next_smtp_mails_to(&self, recipient: &str, count: usize, fault: SmtpFault) {
        let mut queues = self.lock();
        let queue = queues.smtp_recipients.entry(recipient.to_ascii_lowercase()).or_default();
        queue.push_back((count, fault));
    }

    /// All is well from now on.
    pub fn clear(&self) {
        *self.lock() = Queues::default();
    }

    pub(crate) fn take_answer(&self, endpoint: Endpoint) -> Option<TokenFault> {
        let mut queues = self.lock();
        let queue = queues.answers.iter_mut().find(|(known, _)| *known == endpoint);
        queue.and_then(|(_, queue)| take(queue))
    }

    pub(crate) fn take_imap(&self) -> Option<ImapFault> {
        take(&mut self.lock().imap)
    }

    pub(crate) fn take_imap_of(&self, mailbox: &str) -> Option<ImapFault> {
        take(self.lock().imap_mailboxes.get_mut(&mailbox.to_ascii_lowercase())?)
    }

    pub(crate) fn take_pop3(&self) -> Option<Pop3Fault> {
        take(&mut self.lock().pop3)
    }

    pub(crate) fn take_smtp(&self) -> Option<SmtpFault> {
        take(&mut self.lock().smtp)
    }

    pub(crate) fn take_smtp_to(&self, recipient: &str) -> Option<SmtpFault> {
        take(self.lock().smtp_recipients.get_mut(&recipient.to_ascii_lowercase())?)
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        // A queue is whole after every statement, so a panic elsewhere has not broken it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take<F: Clone>(queue: &mut VecDeque<(usize, F)>) -> Option<F> {
    loop {
        let (left, fault) = queue.front_mut()?;
        if *left == 0 {
            queue.pop_front();
            continue;
        }
        *left -= 1;
        return Some(fault.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_in_order() {
        let faults = Faults::default();
        faults.next_imap_sessions(2, ImapFault::HangAfterLogin);
        faults.next_imap_sessions(0, ImapFault::Garbage);
        faults.next_imap_sessions(1, ImapFault::Unavailable);
        let taken: Vec<_> = (0..4).map(|_| faults.take_imap()).collect();
        let (hang, away) = (Some(ImapFault::HangAfterLogin), Some(ImapFault::Unavailable));
        assert_eq!(taken, [hang, hang, away, None]);
    }

    #[test]
    fn a_mailbox_has_faults_of_its_own() {
        let faults = Faults::default();
        faults.next_imap_sign_ins("Bad@example.org", usize::MAX, ImapFault::OverQuota);
        assert_eq!(faults.take_imap_of("good@example.org"), None);
        let taken: Vec<_> = (0..3).filter_map(|_| faults.take_imap_of("bad@example.org")).collect();
        assert_eq!(taken, [ImapFault::OverQuota; 3]);
        faults.heal_mailbox("bad@Example.org");
        assert_eq!(faults.take_imap_of("bad@example.org"), None);
    }

    #[test]
    fn a_recipient_has_faults_of_its_own() {
        let faults = Faults::default();
        faults.next_smtp_mails_to("Bad@example.org", 1, SmtpFault::DropAfterTaking);
        assert_eq!(faults.take_smtp_to("good@example.org"), None);
        assert_eq!(faults.take_smtp_to("bad@example.org"), Some(SmtpFault::DropAfterTaking));
        assert_eq!(faults.take_smtp_to("bad@example.org"), None);
        assert_eq!(faults.take_smtp(), None);
    }

    #[test]
    fn clearing_reaches_every_handle() {
        let faults = Faults::default();
        faults.clone().next_token_answers(5, TokenFault::Html);
        faults.clear();
        assert!(faults.take_answer(Endpoint::Token).is_none());
    }
}
