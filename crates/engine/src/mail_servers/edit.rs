//! Changing a mail server that stands.

use outlink_model::Secret;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::mail_server::{MailServer, ServerHealth, SignIn};

use super::{check_token_host, poll_seconds};
use crate::{Caller, Engine, Error};

/// What an administrator changes about a mail server; what is `None` stays.
#[derive(Debug, Default)]
pub struct MailServerEdit {
    /// Id or address of the grant to sign in with from now on.
    pub grant: Option<String>,
    /// The password to sign in with from now on.
    pub password: Option<Secret>,
    /// Seconds between two polls.
    pub poll_seconds: Option<u32>,
    /// Switched off, or on again.
    pub paused: Option<bool>,
}

impl Engine {
    /// Changes how and how often a mail server is fetched from. It is polled anew soon, so that whoever mended it sees
    /// whether that helped.
    ///
    /// # Errors
    /// A [`Problem`](outlink_model::problem::Problem) at the field that is wrong, or where the name leads to nothing.
    /// Nothing is changed then.
    pub async fn edit_mail_server(
        &self,
        named: &str,
        edit: MailServerEdit,
        by: &Caller,
    ) -> Result<MailServer, Error> {
        let mut server = self.mail_server(named).await?;
        let mut changed = Vec::new();
        let mut link = None;
        let entered = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        if entered(edit.grant.as_deref()) || entered(edit.password.as_ref().map(Secret::expose)) {
            let (sign_in, of) = self.sign_in_of(edit.grant.as_deref(), edit.password).await?;
            if let Some(link) = &of {
                check_token_host(link, &server.host)?;
            }
            if matches!(server.sign_in, SignIn::Missing) {
                // What was wrong was that there was nothing to sign in with.
                server.health = ServerHealth { ok_at: server.health.ok_at, ..Default::default() };
            }
            (server.sign_in, link) = (sign_in, of);
            changed.push("how to sign in");
        }
        if let Some(seconds) = edit.poll_seconds {
            server.poll_seconds = poll_seconds(Some(seconds))?;
            changed.push("how often it is polled");
        }
        if !changed.is_empty() {
            self.allow_token_host(link.as_ref(), &server.host).await?;
            self.store().update_mail_server(&server).await?;
            self.store().set_server_health(server.id, &server.health, self.now()).await?;
            self.record(Event {
                kind: "mail_server.edited".into(),
                subject: format!("mail server {}", server.name),
                message: format!(
                    "{} changed {} of the mail server {}.",
                    by.name(),
                    changed.join(" and "),
                    server.name
                ),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
        if let Some(paused) = edit.paused.filter(|paused| *paused != server.paused) {
            server = self.pause_mail_server(&server.id.to_string(), paused, by).await?;
        }
        self.0.alarm.notify_waiters();
        Ok(server)
    }
}
