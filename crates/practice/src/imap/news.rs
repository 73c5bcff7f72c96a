//! What a client hears of what others do: IDLE (RFC 2177), and the untagged lines before an answer.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Command;
use super::session::{End, IDLE_TIME, LINE_CAP, Reply, Session};
use crate::faults::ImapFault;

/// How often a session that ends with its token looks at the clock.
const TICK: Duration = Duration::from_millis(50);
/// What a flood consists of. None of it is news.
const FLOOD: &str =
    "* OK Still here\r\n* 0 RECENT\r\n* OK [NOTICE] Nothing new\r\n* FLAGS (\\Seen)\r\n";
/// So often it stands in one write.
const FLOOD_LENGTH: usize = 64;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Waits for news until the client has had enough.
    pub(super) async fn idle(&mut self, command: &Command) -> Result<(), End> {
        let mut news = self.shared.watch_mail();
        let tick = match self.fault {
            Some(ImapFault::FloodIdle) => Duration::ZERO,
            Some(ImapFault::EndsWithToken) => TICK,
            _ => IDLE_TIME,
        };
        self.wire.put("+ Idling\r\n");
        loop {
            self.tell_news(true).await?;
            self.end_with_token().await?;
            if self.fault == Some(ImapFault::FloodIdle) {
                self.wire.put(FLOOD.repeat(FLOOD_LENGTH));
            }
            self.flush().await?;
            tokio::select! {
                biased;
                line = self.wire.line(LINE_CAP, IDLE_TIME) => {
                    let done = line?.eq_ignore_ascii_case(b"DONE");
                    if done && self.fault == Some(ImapFault::HangAt("DONE")) {
                        return self.hang().await;
                    }
                    let reply = if done { Reply::Ok("Done") } else { Reply::Bad("DONE was expected") };
                    self.reply(&command.tag, &reply);
                    return Ok(());
                }
                changed = news.changed() => if changed.is_err() { return Err(End::Cut) },
                () = tokio::time::sleep(tick) => {}
            }
        }
    }

    /// Tells of messages that have come in since the client last heard, and, where its numbers may move, of those that
    /// are gone.
    pub(super) async fn tell_news(&mut self, may_renumber: bool) -> Result<(), End> {
        let Some(selected) = &mut self.selected else { return Ok(()) };
        let mailbox = self.mailbox.as_deref().unwrap_or_default();
        let mut lines = String::new();
        let is_same = {
            let world = self.shared.lock();
            let folder = world.mail.folder(mailbox, &selected.folder);
            let folder = folder.filter(|folder| folder.uid_validity == selected.uid_validity);
            if let Some(folder) = folder {
                if may_renumber {
                    for number in selected.view.expunge(|uid| folder.entry(uid).is_some()) {
                        let _ = write!(lines, "* {number} EXPUNGE\r\n");
                    }
                }
                if selected.view.add(folder.entries.iter().map(|entry| entry.uid)) {
                    let count = told_count(selected.view.count(), self.fault);
                    let _ = write!(lines, "* {count} EXISTS\r\n");
                }
            }
            folder.is_some()
        };
        if !is_same {
            return self.bye("The folder was made anew").await;
        }
        self.wire.put(lines);
        Ok(())
    }
}

/// How many messages EXISTS tells of.
pub(super) fn told_count(count: usize, fault: Option<ImapFault>) -> usize {
    match fault {
        Some(ImapFault::Exists(told)) => told as usize,
        _ => count,
    }
}
