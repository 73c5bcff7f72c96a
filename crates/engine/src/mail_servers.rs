//! Mail servers: setting them up, testing them, fetching from them and sending through them.

use outlink_model::MailServerId;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::MailServer;
use outlink_model::problem::{Problem, ProblemKind};

use crate::{Caller, Engine, Error, Listed, Page};

mod about_grant;
mod authorize;
mod delete;
mod draft;
mod edit;
mod fields;
mod log;
mod new;
mod preset;
mod report;
mod session;
mod sign_in;
mod walk;
mod wire;

pub use delete::DeletedMailServer;
pub use draft::{
    AuthorizeMailServer, Authorized, MailServerDraft, MailServerEdit, NewMailServer,
    SavedMailServer,
};
pub(crate) use fields::host;
pub use log::ConnectionView;
pub use outlink_store::KnownMailServer;
pub use report::MailServerReport;
pub(crate) use session::MailSession;
pub(crate) use walk::{ANSWERS_IN_A_STEP, Opens, Report, endless, no_handler};
pub(crate) use wire::Wire;

impl Engine {
    /// One mail server, by id or name; by its id also what is left of one that was deleted, which says where messages came
    /// from and is good for nothing else.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn known_mail_server(&self, named: &str) -> Result<KnownMailServer, Error> {
        let found = match named.parse::<MailServerId>() {
            Ok(id) => self.store().known_mail_server(id).await?,
            Err(_) => {
                let server = self.store().mail_server_by_name(named).await?;
                server.map(|server| KnownMailServer { server, deleted: false })
            }
        };
        found.ok_or_else(|| Problem::not_found("mail server", named).into())
    }

    /// The mail servers, by the order in which they were added.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn mail_servers(&self, page: Page) -> Result<Listed<MailServer>, Error> {
        Ok(self.store().mail_servers(&page).await?)
    }

    /// One mail server, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn mail_server(&self, named: &str) -> Result<MailServer, Error> {
        let found = match named.parse::<MailServerId>() {
            Ok(id) => self.store().mail_server(id).await?,
            Err(_) => self.store().mail_server_by_name(named).await?,
        };
        found.ok_or_else(|| Problem::not_found("mail server", named).into())
    }

    /// Stops or resumes fetching from it, or sending through it.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn pause_mail_server(
        &self,
        named: &str,
        paused: bool,
        by: &Caller,
    ) -> Result<MailServer, Error> {
        let server = self.mail_server(named).await?;
        let set = self.store().set_paused(server.id, paused).await;
        set.map_err(|error| match error {
            outlink_store::Error::Missing => Problem::not_found("mail server", named).into(),
            other => Error::from(other),
        })?;
        if paused {
            self.drop_held(server.id);
        }
        let did = if paused { "paused" } else { "resumed" };
        self.record(Event {
            kind: format!("mail_server.{did}"),
            subject: format!("mail server {}", server.name),
            message: format!("{} {did} the mail server {}.", by.name(), server.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.0.alarm.notify_waiters();
        Ok(MailServer { paused, ..server })
    }
}

/// A trouble as a problem for whoever asked.
pub(crate) fn problem(code: &'static str, trouble: &Trouble) -> Problem {
    Problem::new(ProblemKind::Remote, code, trouble.told("It"), trouble.hint.clone())
}
