//! Trying handlers: what would become of a mail, and why. Everything is done as it would be, in a transaction that is taken
//! back.

use outlink_mail::Body;
use outlink_mail::message::parse;
use outlink_model::handler::Handler;
use outlink_model::mail_server::MailServer;
use outlink_model::message::{Authentication, Outcome, Place};
use outlink_model::{HandlerId, Timestamp};

use super::become_of::become_of;
use super::commit::blank;
use super::facts::Arrival;
use super::handling::Handling;
use crate::mail_servers::{MailSession, Report, problem};
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
    /// As [`Engine::try_handler`].
    pub async fn try_mail_server(&self, named: &str, of: TrialOf) -> Result<Vec<Trial>, Error> {
        let server = self.mail_server(named).await?;
        let handling = self.handling(&server).await?;
        self.try_handling(&server, &handling, of).await
    }

    async fn try_handling(
        &self,
        server: &MailServer,
        handling: &Handling,
        of: TrialOf,
    ) -> Result<Vec<Trial>, Error> {
        let mails = match of {
            TrialOf::Mail(raw) => vec![(None, raw)],
            TrialOf::Newest(count) => {
                let mut report = Report::default();
                let session = self.walk(server, &mut report).await;
                let mut session = session.map_err(|trouble| problem("try_failed", &trouble))?;
                let newest = self.newest(server, &mut session, count.min(MOST)).await;
                session.leave().await;
                newest?
            }
        };
        let mut trials = Vec::with_capacity(mails.len());
        for (date, raw) in mails {
            trials.push(self.try_mail(server, handling, date, raw).await?);
        }
        Ok(trials)
    }

    /// What would become of the newest messages that a session finds. Nothing is changed.
    pub(crate) async fn try_newest(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        count: usize,
    ) -> Result<Vec<Trial>, Error> {
        let handling = self.handling(server).await?;
        let mut trials = Vec::new();
        for (date, raw) in self.newest(server, session, count).await? {
            trials.push(self.try_mail(server, &handling, date, raw).await?);
        }
        Ok(trials)
    }

    /// The newest messages of the first folder, the newest first, with when they arrived.
    async fn newest(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        count: usize,
    ) -> Result<Vec<(Option<Timestamp>, Vec<u8>)>, Error> {
        let went = async {
            let metas = match session {
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
                    listed.into_iter().map(|(number, _)| (number, None)).collect::<Vec<_>>()
                }
            };
            let newest: Vec<_> = metas.into_iter().rev().take(count).collect();
            let mut asked: Vec<u32> = newest.iter().map(|(number, _)| *number).collect();
            asked.sort_unstable();
            let mut mails = Vec::new();
            let bodies = session.bodies(&asked, |number, body| {
                if let Body::Raw(raw) = body {
                    let date = newest.iter().find(|(told, _)| *told == number);
                    mails.push((number, date.and_then(|(_, date)| *date), raw));
                }
            });
            self.in_time(bodies).await?;
            mails.sort_by_key(|(number, ..)| std::cmp::Reverse(*number));
            Ok(mails.into_iter().map(|(_, date, raw)| (date, raw)).collect())
        };
        went.await
            .map_err(|error: outlink_mail::Error| problem("try_failed", &error.trouble()).into())
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
        let arrival = Arrival { server, at: date.unwrap_or(now) };
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
