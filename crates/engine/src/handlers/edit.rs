//! Changing, switching off and deleting a handler that stands.

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::handler::{Handler, HandlerType};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use super::{RESERVED, SettingsDraft, at, check, last, subject};
use crate::{Caller, Engine, Error, error, links};

/// What an administrator changes about a handler; what is `None` stays.
#[derive(Debug, Default)]
pub struct HandlerEdit {
    /// Another name.
    pub name: Option<String>,
    /// Id or name of another incoming mail server, whose last handler it becomes.
    pub mail_server: Option<String>,
    /// Id or key of another project.
    pub project: Option<String>,
    /// What it does from now on.
    pub kind: Option<HandlerType>,
    /// Whether it is at work.
    pub enabled: Option<bool>,
    /// How it does it from now on.
    pub settings: SettingsDraft,
    /// Id or name of the outgoing mail server that sends what it sends; empty for none.
    pub outgoing: Option<String>,
    /// [`Handler::updated_at`] as it was seen: an edit on top of somebody else's is refused.
    pub seen: Option<Timestamp>,
}

impl Engine {
    /// Changes a handler. Messages that have become something stay what they are.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong; `changed_meanwhile` where somebody else's edit came first. Nothing is
    /// changed then.
    pub async fn edit_handler(
        &self,
        named: &str,
        edit: HandlerEdit,
        by: &Caller,
    ) -> Result<Handler, Error> {
        let before = self.handler(named).await?;
        if edit.seen.is_some_and(|seen| seen != before.updated_at) {
            return Err(changed_meanwhile(&before).into());
        }
        let mut handler = before.clone();
        if let Some(name) = &edit.name {
            handler.name = links::name("name", name)?;
            if handler.name != before.name {
                links::not_reserved("name", &handler.name, RESERVED)?;
            }
        }
        let of = edit.mail_server.unwrap_or_else(|| before.mail_server_id.to_string());
        let server = self.server_to_handle(&of).await?;
        if server.id != before.mail_server_id {
            let others = self.store().handlers_of_server(server.id).await?;
            (handler.mail_server_id, handler.position) = (server.id, last(&server, &others)?);
        }
        if let Some(project) = &edit.project {
            let project = self.project(project).await.map_err(|error| at("project", error))?;
            handler.project_id = project.id;
        }
        handler.kind = edit.kind.unwrap_or(before.kind);
        handler.enabled = edit.enabled.unwrap_or(before.enabled);
        handler.settings = edit.settings.over(before.settings.clone())?;
        if let Some(outgoing) = &edit.outgoing {
            handler.outgoing_id = self.server_to_send(outgoing).await?.map(|server| server.id);
        }
        check::handler(&handler, &server)?;
        check::sending(&handler, Some(&before))?;
        self.check_forward(&handler).await?;
        if handler == before {
            return Ok(before);
        }
        // Two edits within one tick of the clock are two all the same.
        let tick = later(before.updated_at, SignedDuration::from_micros(1));
        handler.updated_at = self.now().max(tick);
        let saved = self.store().update_handler(&handler, before.updated_at).await;
        saved.map_err(|error| match error {
            StoreError::Stale => changed_meanwhile(&before).into(),
            StoreError::Missing => Problem::not_found("handler", named).into(),
            error => error::taken(error, "name", "handler", &handler.name),
        })?;
        self.tell_edit_of_handler(&before, &handler, by).await;
        self.after_change(&before).await?;
        Ok(handler)
    }

    /// Deletes a handler. What it made stays, and so does what the ledger says of its messages.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn delete_handler(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let handler = self.handler(named).await?;
        self.store().delete_handler(handler.id).await.map_err(|error| match error {
            StoreError::Missing => Problem::not_found("handler", named).into(),
            error => Error::from(error),
        })?;
        self.record(Event {
            kind: "handler.deleted".into(),
            subject: subject(&handler),
            message: format!("{} deleted the handler {}.", by.name(), handler.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.after_change(&handler).await
    }

    /// Wakes the polling, since a server may have a handler now; and where one has none any more, whoever waits there for
    /// new mail leaves.
    async fn after_change(&self, before: &Handler) -> Result<(), Error> {
        let left = self.store().handlers_of_server(before.mail_server_id).await?;
        if !left.iter().any(|handler| handler.enabled) {
            self.ask_watchers_to_leave(before.mail_server_id);
        }
        self.0.alarm.notify_waiters();
        Ok(())
    }

    async fn tell_edit_of_handler(&self, before: &Handler, after: &Handler, by: &Caller) {
        let switched = before.enabled != after.enabled;
        let only_switched =
            Handler { enabled: before.enabled, updated_at: before.updated_at, ..after.clone() };
        if switched {
            let (kind, did) = match after.enabled {
                true => ("handler.enabled", "set the handler"),
                false => ("handler.disabled", "switched off the handler"),
            };
            let end = if after.enabled { " to work" } else { "" };
            self.record(Event {
                kind: kind.into(),
                subject: subject(after),
                message: format!("{} {did} {}{end}.", by.name(), after.name),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
        if only_switched != *before {
            self.record(Event {
                kind: "handler.edited".into(),
                subject: subject(after),
                message: format!(
                    "{} changed {} of the handler {}.",
                    by.name(),
                    changed(before, after).join(", "),
                    before.name
                ),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
    }
}

/// The names of what differs, as the API has them.
fn changed(before: &Handler, after: &Handler) -> Vec<&'static str> {
    let mut changed = Vec::new();
    let (a, b) = (&before.settings, &after.settings);
    let mut note = |name: &'static str, differs: bool| {
        if differs {
            changed.push(name);
        }
    };
    note("name", before.name != after.name);
    note("mail_server", before.mail_server_id != after.mail_server_id);
    note("outgoing", before.outgoing_id != after.outgoing_id);
    note("project", before.project_id != after.project_id);
    note("type", before.kind != after.kind);
    note("issue_type", a.issue_type != b.issue_type);
    note("strip_quotes", a.strip_quotes != b.strip_quotes);
    note("catch", a.catch != b.catch);
    note("bulk", a.bulk != b.bulk);
    note("bulk_lists", a.bulk_lists != b.bulk_lists);
    note("forward_to", a.forward_to != b.forward_to);
    note("create_persons", a.create_persons != b.create_persons);
    note("default_reporter", a.default_reporter != b.default_reporter);
    note("notify", a.notify != b.notify);
    note("cc_assignee", a.cc_assignee != b.cc_assignee);
    note("cc_watchers", a.cc_watchers != b.cc_watchers);
    note("split", a.split != b.split);
    note("allow", a.allow != b.allow);
    note("only_allowed", a.only_allowed != b.only_allowed);
    note("deny", a.deny != b.deny);
    note("priority", a.priority != b.priority);
    note("sub_addresses", a.sub_addresses != b.sub_addresses);
    note("only_involved", a.only_involved != b.only_involved);
    note("unauthenticated", a.unauthenticated != b.unauthenticated);
    note("attachments", a.attachments != b.attachments);
    note("reopen", a.reopen != b.reopen);
    note("sender_per_hour", a.sender_per_hour != b.sender_per_hour);
    note("issue_per_hour", a.issue_per_hour != b.issue_per_hour);
    changed
}

fn changed_meanwhile(handler: &Handler) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "changed_meanwhile",
        format!("The handler {} has been changed since it was read.", handler.name),
        "Look at it as it is now, and make the change again.",
    )
}
