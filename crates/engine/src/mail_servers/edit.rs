//! Changing a mail server that stands. Keeps the invariant **A moved endpoint locks its secrets**.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::link::Link;
use outlink_model::mail_server::{Direction, MailServer, ServerHealth, SignIn};
use outlink_model::problem::{Problem, ProblemKind};

use super::MailServerEdit;
use super::authorize::waits_for_consent;
use super::fields::{changed, lay_over};
use super::sign_in::{check_not_moved, check_tokens_may_go, sign_in_twice};
use crate::consents::switched_on;
use crate::{Caller, Engine, Error, error};

/// A server as an edit would leave it.
pub(super) struct Edited {
    pub(super) server: MailServer,
    /// Whether a grant or a password was entered.
    pub(super) sign_in_entered: bool,
    /// The link of the grant that was entered.
    pub(super) of: Option<Link>,
    /// The link whose consent it waits for, since what it signed in with was for the old address alone.
    pub(super) waits_for: Option<Link>,
}

impl Engine {
    /// Changes a mail server. Whoever fetches or sends there leaves, and it is tried anew soon, so that whoever mended it
    /// sees whether that helped. One that was without a way to sign in and is given one goes to work again.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or where the name leads to nothing; `sign_in_needed` where host, port or
    /// security move and neither password nor grant was entered again; `mailbox_is_read` where another mailbox would be
    /// read on from where this one was left, and `protocol_fixed` where a mailbox that was read would be read by the
    /// other protocol; `direction_fixed` where one that mail is fetched from would send, or the other way round;
    /// `changed_meanwhile` where somebody else's edit came first. Nothing is
    /// changed then.
    pub async fn edit_mail_server(
        &self,
        named: &str,
        edit: MailServerEdit,
        by: &Caller,
    ) -> Result<MailServer, Error> {
        let before = self.mail_server(named).await?;
        let Edited { mut server, sign_in_entered, of, waits_for } =
            self.lay_edit(&before, &edit).await?;
        let mut fields = changed(&before, &server);
        if sign_in_entered {
            fields.push("sign-in");
        }
        if !fields.is_empty() {
            server.health = match &waits_for {
                Some(link) => ServerHealth {
                    ok_at: before.health.ok_at,
                    trouble: Some(waits_for_consent(&server, &link.name)),
                    failing_since: Some(self.now()),
                    ..ServerHealth::default()
                },
                None => health_after(&before, sign_in_entered),
            };
            self.save_edited(&before, &mut server, of.as_ref()).await?;
            self.record(Event {
                kind: "mail_server.edited".into(),
                subject: format!("mail server {}", server.name),
                message: format!(
                    "{} changed {} of the mail server {}.",
                    by.name(),
                    fields.join(", "),
                    server.name
                ),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
        let was_missing = matches!(before.sign_in, SignIn::Missing);
        let paused = match edit.paused {
            None if was_missing && sign_in_entered => false,
            paused => paused.unwrap_or(before.paused),
        };
        if paused != before.paused {
            server = self.pause_mail_server(&server.id.to_string(), paused, by).await?;
        }
        self.0.alarm.notify_waiters();
        Ok(server)
    }

    /// Lays an edit over a server and checks it; changes nothing.
    pub(super) async fn lay_edit(
        &self,
        before: &MailServer,
        edit: &MailServerEdit,
    ) -> Result<Edited, Error> {
        if edit.seen.is_some_and(|seen| seen != before.updated_at) {
            return Err(changed_meanwhile(before).into());
        }
        let mut server = lay_over(before, &edit.draft, &self.0.settings, self.now())?;
        let (another, other_protocol) =
            (is_another_mailbox(before, &server), before.protocol != server.protocol);
        // Nothing is known of what lies in a mailbox that is only sent from.
        let is_fetched = before.direction == Direction::Incoming;
        if is_fetched && (another || other_protocol) && self.was_read(before).await? {
            if other_protocol {
                return Err(protocol_fixed(before).into());
            }
            if !edit.mailbox_renamed {
                return Err(mailbox_is_read(before, &server).into());
            }
        }
        let entered = self.entered_sign_in(&edit.draft).await?;
        let mut sign_in_entered = entered.is_some();
        let named = edit.link.as_deref().filter(|named| !named.is_empty());
        let (mut of, mut waits_for) = (None, None);
        match (entered, named) {
            (Some(_), Some(_)) => return Err(sign_in_twice().into()),
            (Some((sign_in, link)), None) => (server.sign_in, of) = (sign_in, link),
            (None, Some(named)) => {
                let link = self.link_to_sign_in_with(named).await?;
                switched_on(&link).map_err(|problem| Problem { field: Some("link"), ..problem })?;
                check_tokens_may_go(&link, &server)?;
                let moves = check_not_moved(before, &server).is_err();
                if moves && self.has_grant_of(before, &link).await? {
                    // Whoever names the link of its grant attaches that grant to the new address.
                    (sign_in_entered, of) = (true, Some(link));
                } else if moves {
                    server.sign_in = SignIn::Missing;
                    waits_for = Some(link);
                }
            }
            (None, None) => check_not_moved(before, &server)?,
        }
        if let Some(link) = &of {
            check_tokens_may_go(link, &server)?;
        }
        Ok(Edited { server, sign_in_entered, of, waits_for })
    }

    async fn has_grant_of(&self, server: &MailServer, link: &Link) -> Result<bool, Error> {
        match &server.sign_in {
            SignIn::Grant(id) => Ok(self.grant_by_id(*id).await?.link_id == link.id),
            SignIn::Password(_) | SignIn::Missing => Ok(false),
        }
    }

    /// Whether anything is known of the mailbox that another one must not be read by. A poll that failed, or a folder that
    /// is read no more, may have left something of which the health says nothing.
    async fn was_read(&self, server: &MailServer) -> Result<bool, Error> {
        Ok(server.health.ok_at.is_some() || self.store().was_read(server.id).await?)
    }

    /// Writes a server that was changed, if nobody has changed it since it was read, and has it polled soon. Tokens of
    /// the link `of` may go to its host from then on.
    pub(super) async fn save_edited(
        &self,
        before: &MailServer,
        server: &mut MailServer,
        of: Option<&Link>,
    ) -> Result<(), Error> {
        // Two edits within one tick of the clock are two all the same.
        let tick = later(before.updated_at, SignedDuration::from_micros(1));
        server.updated_at = self.now().max(tick);
        let saved = self.store().update_mail_server(server, before.updated_at).await;
        saved.map_err(|error| match error {
            outlink_store::Error::Stale => changed_meanwhile(before).into(),
            outlink_store::Error::Missing => {
                Problem::not_found("mail server or grant", &before.name).into()
            }
            error => error::taken(error, "name", "mail server", &server.name),
        })?;
        self.allow_token_host(of, &server.host).await?;
        self.drop_held(server.id);
        self.store().set_server_health(server.id, &server.health, self.now()).await?;
        self.0.alarm.notify_waiters();
        Ok(())
    }
}

/// What is still known of a server after an edit. Whether what was wrong is mended, the next poll tells; only that there
/// was nothing to sign in with is over for certain.
fn health_after(before: &MailServer, sign_in_entered: bool) -> ServerHealth {
    match before.sign_in {
        SignIn::Missing if sign_in_entered => {
            ServerHealth { ok_at: before.health.ok_at, ..ServerHealth::default() }
        }
        _ => ServerHealth { note: None, ..before.health.clone() },
    }
}

fn is_another_mailbox(before: &MailServer, after: &MailServer) -> bool {
    !before.mailbox.eq_ignore_ascii_case(&after.mailbox)
}

/// Where we are in a folder, and which messages are known, belongs to the mailbox: another one that counts in the same
/// way (Gmail gives every INBOX the same UIDVALIDITY) would be read on from there, and its mail passed over.
fn mailbox_is_read(before: &MailServer, after: &MailServer) -> Problem {
    Problem::invalid(
        "mailbox",
        "mailbox_is_read",
        format!("Mail of {} was fetched already, and this server knows how far.", before.mailbox),
        format!(
            "Add another mail server for {}. If it is the same mailbox under another address, say so in the same edit: \
             mailbox_renamed (on the command line --mailbox-renamed).",
            after.mailbox
        ),
    )
}

/// IMAP and POP3 have names of their own for the same message: what was taken in would be taken in anew.
fn protocol_fixed(before: &MailServer) -> Problem {
    Problem::invalid(
        "protocol",
        "protocol_fixed",
        format!(
            "Mail of {} was fetched already, and is known by the names that it has by {}.",
            before.mailbox, before.protocol
        ),
        "Leave the protocol as it is, or add another mail server for the other one.",
    )
}

fn changed_meanwhile(server: &MailServer) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "changed_meanwhile",
        format!("The mail server {} has been changed since it was read.", server.name),
        "Look at it as it is now, and make the change again.",
    )
}
