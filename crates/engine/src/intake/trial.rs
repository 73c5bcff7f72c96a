//! Trying handlers: what would become of a mail, and why. Everything is done as it would be, in a transaction that is taken
//! back.

use outlink_mail::message::parse;
use outlink_mail::{Body, Error as MailError};
use outlink_model::handler::Handler;
use outlink_model::mail_server::{Direction, MailServer};
use outlink_model::message::{Authentication, Outcome, Place};
use outlink_model::{HandlerId, Timestamp};

use super::become_of::become_of;
use super::facts::Arrival;
use super::handling::Handling;
use super::row::blank;
use crate::mail_servers::{MailSession, Report, no_handler, problem};
use crate::{Engine, Error};

/// Messages that are tried at once.
const MOST: usize = 50;

/// What is tried.
#[derive(Debug)]
pub enum TrialOf {
    /// This mail.
    Mail(Vec<u8>),
    /// So many of the newest messages in the mail server's first folder. Nothing there is changed.
    Newest(usize),
}

/// What would become of one mail.
#[derive(Debug)]
pub struct Trial {
    /// When it arrived, or was written.
    pub date: Option<Timestamp>,
    /// The sender, as written.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// What would become of it.
    pub outcome: Outcome,
    /// The key of the issue that it would make or belong to.
    pub issue: Option<String>,
    /// The handler that would take it.
    pub handler: Option<HandlerId>,
    /// Why, as a sentence; may be empty.
    pub reason: String,
    /// The handlers that would be asked before and not take it: their names, and why.
    pub left: Vec<(String, String)>,
    /// Whether the sender's domain stands behind it.
    pub authentication: Authentication,
    /// The text that the issue or the comment would have.
    pub text: String,
    /// The names of the files that would be attached.
    pub attachments: Vec<String>,
}

impl Engine {
    /// Says what a handler would do with mail, by itself, whether it is switched on or not.
    ///
    /// # Errors
    /// Where there is no such handler, the mail cannot be read or the mail server not be reached.
    pub async fn try_handler(&self, named: &str, of: TrialOf) -> Result<Vec<Trial>, Error> {
        let handler = self.handler(named).await?;
        let server = self.mail_server(&handler.mail_server_id.to_string()).await?;
        let alone = vec![Handler { enabled: true, ..handler }];
        let handling = self.handling_by(alone).await?;
        self.try_handling(&server, &handling, of).await
    }

    /// Says what the handlers of a mail server would do with mail, in their order.
    ///
    /// # Errors
    /// As [`Engine::try_handler`]; `mail_server_outgoing` where nothing is fetched from it.
    pub async fn try_mail_server(&self, named: &str, of: TrialOf) -> Result<Vec<Trial>, Error> {
        let server = self.mail_server(named).await?;
        if server.direction == Direction::Outgoing {
            return Err(no_handler(&server).into());
        }
        let handling = self.handling(&server).await?;
        self.try_handling(&server, &handling, of).await
    }

    async fn try_handling(
        &self,
        server: &MailServer,
        handling: &Handling,
        of: TrialOf,
    ) -> Result<Vec<Trial>, Error> {
        let count = match of {
            TrialOf::Mail(raw) => {
                return Ok(vec![self.try_mail(server, handling, None, raw).await?]);
            }
            TrialOf::Newest(count) => count,
        };
        let mut report = Report::default();
        let session = self.walk(server, &mut report).await;
        let mut session = session.map_err(|trouble| problem("try_failed", &trouble))?;
        let tried = self.try_newest_by(server, handling, &mut session, count.min(MOST)).await;
        session.leave().await;
        tried
    }

    /// What would become of the newest messages that a session finds. Nothing is changed.
    pub(crate) async fn try_newest(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        count: usize,
    ) -> Result<Vec<Trial>, Error> {
        let handling = self.handling(server).await?;
        self.try_newest_by(server, &handling, session, count).await
    }

    async fn try_newest_by(
        &self,
        server: &MailServer,
        handling: &Handling,
        session: &mut MailSession,
        count: usize,
    ) -> Result<Vec<Trial>, Error> {
        let failed = |error: MailError| Error::from(problem("try_failed", &error.trouble()));
        let newest = self.newest(server, session, count).await.map_err(failed)?;
        let mut trials = Vec::with_capacity(newest.len());
        // One after the other: all of them together may be more than the memory holds.
        for (number, date) in newest {
            let mut raw = None;
            let asked = [number];
            let body = session.bodies(&asked, |_, body| {
                if let Body::Raw(octets) = body {
                    raw = Some(octets);
                }
            });
            self.in_time(body).await.map_err(failed)?;
            if let Some(raw) = raw {
                trials.push(self.try_mail(server, handling, date, raw).await?);
            }
        }
        Ok(trials)
    }

    /// The newest messages of the first folder, the newest first: their numbers, and when they arrived where the server
    /// tells.
    async fn newest(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        count: usize,
    ) -> Result<Vec<(u32, Option<Timestamp>)>, MailError> {
        let listed: Vec<(u32, Option<Timestamp>)> = match session {
            MailSession::Imap(imap) => {
                let folder = server.folders.first().map_or("INBOX", String::as_str);
                let selected = self.in_time(imap.examine(folder)).await?;
                // The UIDs have gaps, so that some more are listed than are wanted.
                let span = u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(20);
                let from = selected.uid_next.unwrap_or(1).saturating_sub(span).max(1);
                let mut metas = self.in_time(imap.metadata(from)).await?;
                if metas.len() < count && from > 1 {
                    metas = self.in_time(imap.metadata(1)).await?;
                }
                metas.into_iter().map(|meta| (meta.uid, Some(meta.internal_date))).collect()
            }
            MailSession::Pop3(pop3) => {
                let listed = self.in_time(pop3.list()).await?;
                listed.into_iter().map(|(number, _)| (number, None)).collect()
            }
            MailSession::Smtp(_) => Vec::new(),
        };
        Ok(listed.into_iter().rev().take(count).collect())
    }

    async fn try_mail(
        &self,
        server: &MailServer,
        handling: &Handling,
        date: Option<Timestamp>,
        raw: Vec<u8>,
    ) -> Result<Trial, Error> {
        let parsed = tokio::task::spawn_blocking(move || parse(&raw))
            .await
            .map_err(|error| Error::Broken(error.to_string()))?;
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Ok(unreadable(date, &error.to_string())),
        };
        let now = self.now();
        let place = Place {
            mail_server_id: server.id,
            folder: String::new(),
            uid_validity: 0,
            uid: 0,
            uidl: None,
        };
        let row = blank(place, None, Some(&parsed), now);
        let arrival = Arrival { server, at: date.unwrap_or(now), is_replay: false };
        // Never committed: dropped, it is taken back.
        let mut tx = self.store().intake().await?;
        let became = become_of(&mut tx, handling, &arrival, &parsed, row, now).await?;
        drop(tx);
        let name = |id: HandlerId| {
            let handler = handling.handlers.iter().find(|handler| handler.id == id);
            handler.map(|handler| handler.name.clone()).unwrap_or_default()
        };
        let left = became.verdict.left.iter();
        Ok(Trial {
            date: date.or(parsed.date),
            from: became.row.from,
            subject: became.row.subject,
            outcome: became.row.outcome,
            issue: became.key,
            handler: became.row.handler_id,
            reason: became.row.reason.unwrap_or_default(),
            left: left.map(|left| (name(left.handler), left.why.clone())).collect(),
            authentication: became.row.authentication,
            text: became.text,
            attachments: became.attached,
        })
    }
}

fn unreadable(date: Option<Timestamp>, why: &str) -> Trial {
    Trial {
        date,
        from: String::new(),
        subject: String::new(),
        outcome: Outcome::Quarantined,
        issue: None,
        handler: None,
        reason: why.to_owned(),
        left: Vec::new(),
        authentication: Authentication::None,
        text: String::new(),
        attachments: Vec::new(),
    }
}
