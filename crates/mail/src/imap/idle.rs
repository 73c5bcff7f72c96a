//! Waiting for new mail (RFC 2177).

use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};

use super::refusal::{self, Asked};
use super::reply::{Reply, Status, Text};
use super::session::Session;
use crate::error::Error;

/// How a wait for new mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// There are messages that no listing has told of.
    News,
    /// There are none.
    Quiet,
}

/// RFC 2177 §3: a server may take a client for gone after half an hour.
const LONGEST: Duration = Duration::from_secs(29 * 60);
/// A server that ends the waiting by itself in less than this does not mean it.
const HASTY: Duration = Duration::from_secs(60);
/// Responses without news in one wait. A folder that somebody empties meanwhile brings one for each message.
const IDLE_TALK: u32 = 100_000;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Waits for new mail in the open folder, for `limit` (29 minutes are the most) or until `until` is done; the session
    /// can be used on, or left, after it. News that came since the last [`Session::metadata`] end the wait before it
    /// begins. Meanwhile the session holds next to no memory.
    ///
    /// [`Error::NoIdle`] where the server cannot do this, or does not keep what it promises: ask from time to time
    /// instead.
    pub async fn idle(
        &mut self,
        limit: Duration,
        until: impl Future<Output = ()>,
    ) -> Result<Idle, Error> {
        self.doing = "waiting for new mail";
        if self.watch.has_news() {
            return Ok(Idle::News);
        }
        if !self.capabilities().await?.has("IDLE") {
            return Err(Error::NoIdle { text: String::new() });
        }
        let tag = self.send("IDLE").await?;
        if let Some((status, text)) = self.go_ahead(&tag).await? {
            return Err(self.no_idle(status, text));
        }
        let began = Instant::now();
        self.wire.rest();
        let early = self.wait(&tag, limit.min(LONGEST), until).await?;
        let is_hasty = early.is_some() && began.elapsed() < HASTY.min(limit);
        let (status, text) = match early {
            Some(answer) => answer,
            None => self.done(&tag).await?,
        };
        self.wire.wake();
        if self.watch.has_news() {
            Ok(Idle::News)
        } else if status != Status::Ok || is_hasty {
            Err(self.no_idle(status, text))
        } else {
            Ok(Idle::Quiet)
        }
    }

    /// Listens until there are news, or until it is time. The command's answer where the server ends the waiting.
    async fn wait(
        &mut self,
        tag: &str,
        limit: Duration,
        until: impl Future<Output = ()>,
    ) -> Result<Option<(Status, Text)>, Error> {
        let end = Instant::now() + limit;
        let mut time = pin!(timeout_at(end, until));
        let mut talk = 0;
        while !self.watch.has_news() {
            let reply = tokio::select! {
                biased;
                _ = &mut time => break,
                // Silence is what is hoped for, so that only `time` ends it. What is cut off here is read on by the
                // next read: nothing that has arrived is lost.
                reply = self.heard(end + self.limits.time) => reply?,
            };
            match reply {
                Reply::Tagged(told, status, text) if told == tag => {
                    return Ok(Some((status, text)));
                }
                _ => talk += 1,
            }
            if talk > IDLE_TALK {
                let text = format!("more than {IDLE_TALK} responses");
                return Err(Error::TooLarge { doing: self.doing, text });
            }
        }
        Ok(None)
    }

    /// Ends the waiting, and takes the command's answer.
    async fn done(&mut self, tag: &str) -> Result<(Status, Text), Error> {
        self.write(b"DONE\r\n").await?;
        let (doing, time) = (self.doing, self.limits.time);
        let answer = async {
            loop {
                match self.reply().await? {
                    Reply::Tagged(told, status, text) if told == tag => return Ok((status, text)),
                    _ => {}
                }
            }
        };
        // One limit for all of it: a server that goes on talking is left.
        timeout(time, answer).await.unwrap_or(Err(Error::TimedOut { doing, time }))
    }

    fn no_idle(&mut self, status: Status, text: Text) -> Error {
        if status == Status::Ok {
            return Error::NoIdle { text: text.shown };
        }
        match refusal::refusal(Asked::Command("IDLE"), status, text) {
            Error::Command { text, .. } => Error::NoIdle { text },
            error => self.note_wait(error),
        }
    }
}
