//! A mail server that says whatever a fuzzer makes up.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::shown::{SECRET, SECRET_MARK};

/// Stands for the line that the client said last: some servers repeat what they refuse.
const ECHO_MARK: u8 = 0x02;
/// At the beginning of a line, stands for the tag of the oldest command without an answer.
const TAG_MARK: u8 = b'$';
/// The client's octets that a session may take.
const MOST_SAID: usize = 1024 * 1024;

/// What follows the last octet.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// The connection is closed.
    Closed,
    /// Nothing, for ever.
    Silent,
    /// The connection breaks.
    Broken,
}

/// The server, as the stream that the client has.
#[derive(Debug)]
pub struct Server {
    /// What it will say.
    script: VecDeque<u8>,
    /// What it says now, marks replaced.
    now: VecDeque<u8>,
    /// Octets that it says at once.
    at_once: usize,
    /// How long it waits before each piece.
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    end: End,
    /// Tags of commands without an answer.
    tags: VecDeque<Vec<u8>>,
    /// The last tag of all.
    last_tag: Vec<u8>,
    /// The client's line that is not yet whole, and the last whole one.
    heard: Vec<u8>,
    last_heard: Vec<u8>,
    said: usize,
    /// Whether the client has shown the secret, in whatever form.
    knows_secret: bool,
}

impl Server {
    /// A server that follows a script. `manner` says how: in drops or at once, slowly or not, and what comes at the end.
    pub fn new(manner: u8, script: &[u8]) -> Self {
        let at_once = [usize::MAX, 1, 7, 100][usize::from(manner & 3)];
        let pause = [0, 1, 50, 3600][usize::from(manner >> 2 & 3)];
        let end =
            [End::Closed, End::Silent, End::Broken, End::Silent][usize::from(manner >> 4 & 3)];
        Self {
            script: script.iter().copied().collect(),
            now: VecDeque::new(),
            at_once,
            pause: Duration::from_secs(pause),
            waiting: None,
            end,
            tags: VecDeque::new(),
            last_tag: b"a0".to_vec(),
            heard: Vec::new(),
            last_heard: Vec::new(),
            said: 0,
            knows_secret: false,
        }
    }

    /// Takes the next line of the script, no more: what it answers to must have been said before.
    fn next_line(&mut self) {
        let mut is_first = true;
        while let Some(octet) = self.script.pop_front() {
            match octet {
                TAG_MARK if is_first => {
                    let tag = self.tags.pop_front().unwrap_or_else(|| self.last_tag.clone());
                    self.now.extend(tag);
                }
                SECRET_MARK if self.knows_secret => self.now.extend(SECRET.bytes()),
                ECHO_MARK => self.now.extend(&self.last_heard),
                octet => self.now.push_back(octet),
            }
            is_first = false;
            if octet == b'\n' {
                break;
            }
        }
    }

    fn hear(&mut self, octets: &[u8]) {
        for &octet in octets {
            if octet != b'\n' {
                self.heard.push(octet);
                continue;
            }
            self.last_heard = std::mem::take(&mut self.heard);
            self.last_heard.pop();
            let says =
                |word: &str| self.last_heard.windows(word.len()).any(|at| at == word.as_bytes());
            self.knows_secret |= says(SECRET) || says("AUTHENTICATE ") || says("AUTH ");
            let tag: Vec<u8> =
                self.last_heard.iter().copied().take_while(|&octet| octet != b' ').collect();
            let is_tag = matches!(tag.as_slice(), [b'a', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit));
            if is_tag && self.last_heard.len() > tag.len() {
                self.last_tag.clone_from(&tag);
                self.tags.push_back(tag);
            }
        }
    }
}

impl AsyncRead for Server {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.pause.is_zero() {
            let pause = self.pause;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
            if waiting.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
        }
        if self.now.is_empty() {
            self.next_line();
        }
        if self.now.is_empty() {
            return match self.end {
                End::Closed => Poll::Ready(Ok(())),
                End::Silent => Poll::Pending,
                End::Broken => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            };
        }
        let octets = self.at_once.min(into.remaining()).min(self.now.len());
        for octet in self.now.drain(..octets) {
            into.put_slice(&[octet]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.said += octets.len();
        assert!(self.said <= MOST_SAID, "the client talks on and on");
        self.hear(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
