//! Misbehaviour of the IMAP server.

use std::time::Duration;

/// What is wrong with one IMAP session. Those that show only once a mailbox is known can be set for one mailbox among
/// many, by [`Faults::next_imap_sign_ins`](crate::Faults::next_imap_sign_ins).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImapFault {
    /// Signing in works, and then nothing is ever said again.
    HangAfterLogin,
    /// The connection is cut half-way through the first literal.
    DropMidLiteral,
    /// Every answer waits for this long.
    Slow(Duration),
    /// Signing in is answered by `NO [UNAVAILABLE]`, with no challenge, whatever the token.
    Unavailable,
    /// Signing in is refused as with a token that is no good, whatever the token.
    RefuseToken,
    /// Each answer to FETCH is preceded by an untagged line that no grammar knows.
    Garbage,
    /// Signing in works, and then the server says without end that it is still there, and nothing else.
    Chatter,
    /// The folder opens for reading only, whatever was asked for.
    ReadOnly,
    /// STORE is answered by `NO`.
    RefuseStore,
    /// The body of the message with this UID ends the connection half-way; every other message comes.
    DropAtUid(u32),
    /// The bodies of messages from this UID on are refused, by `NO` without a code; the others come.
    RefuseFromUid(u32),
    /// The bodies of messages from this UID on end the session, with Gmail's farewell to whoever has fetched too much.
    ExhaustedFromUid(u32),
    /// The body of the message with this UID is left out of an answer that is `OK` all the same.
    OmitUid(u32),
    /// Every size is told as this many octets.
    Sizes(u32),
    /// Signing in is answered as Exchange does where somebody asks too often, with so many milliseconds to stay away.
    Throttled(u32),
    /// These bytes come in place of the greeting. After them the session goes on as ever.
    Greeting(&'static [u8]),
    /// The connection is taken, and nothing is ever said.
    NoGreeting,
    /// The greeting is one line that never ends.
    EndlessGreeting,
    /// These bytes stand behind the answer to STARTTLS, in the clear and in the same write, as somebody on the way puts
    /// them there to be taken for answers under TLS (RFC 3501 §11.1).
    InjectAfterStartTls(&'static [u8]),
    /// This capability is not told, and what it stands for is not taken: `IDLE`, `MOVE`, `UIDPLUS`, `SASL-IR`.
    Without(&'static str),
    /// The command of this name, in upper case (`UID FETCH`), is read, and nothing is ever said again. `DONE` is the end
    /// of an IDLE.
    HangAt(&'static str),
    /// Signing in is refused without a reason, as where the mailbox was moved to another server.
    MovedAway,
    /// Signing in works, and then no folder can be opened or asked about, as where the mailbox was moved meanwhile.
    Nonexistent,
    /// Signing in is answered as Gmail does where a mailbox has too many sessions, and the session ends.
    TooManyConnections,
    /// Signing in works, and then every command is answered as Exchange does where the mailbox's own server cannot be
    /// reached.
    NotConnected,
    /// Signing in works, and the first command after it ends the session as Exchange does where somebody asks too often,
    /// with so many milliseconds to stay away.
    ThrottledBye(u32),
    /// The session ends within FETCH (after a message) or IDLE once the access token that opened it is over, as at
    /// Exchange Online.
    EndsWithToken,
    /// The first folder that the session opens was made anew just before: another UIDVALIDITY, the same messages, other
    /// UIDs.
    Rebuilt,
    /// APPEND, COPY and MOVE are refused, since the mailbox is full (RFC 9208 §4.3).
    OverQuota,
    /// IDLE is answered by untagged lines without end, as fast as they are taken. `DONE` works.
    FloodIdle,
    /// EXISTS tells this number, however many messages there are.
    Exists(u32),
    /// The body of the message with this UID is answered by `NO [SERVERBUG]`; other messages of the same FETCH come.
    ServerBug(u32),
    /// The connection is cut after so many octets of the first literal that is longer.
    DropAfter(usize),
    /// Whoever asks for nothing but UIDs (`UID FETCH 1 (UID)`) is refused.
    RefuseUids,
    /// The same, and the connection is cut.
    CutAtUids,
}
