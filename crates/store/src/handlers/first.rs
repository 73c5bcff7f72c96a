//! The first handler of a mail server, which makes a channel of it.

use outlink_model::handler::Handler;
use outlink_model::tracker::Project;

use super::{IDS_OF_SERVER, LOCK_SERVER, insert_handler};
use crate::db::{executing_within, found, within};
use crate::projects::insert_project;
use crate::{Error, Store};

impl Store {
    /// Adds a handler to a mail server that has none, and before it the project that it names, where that is new. Both are
    /// written, or neither.
    ///
    /// # Errors
    /// [`Error::Stale`] if the mail server has a handler by now; [`Error::Taken`] with `key` of the project or `name` of the
    /// handler; [`Error::Missing`] if there is no such mail server or project.
    pub async fn create_first_handler(
        &self,
        project: Option<&Project>,
        handler: &Handler,
    ) -> Result<(), Error> {
        let server = handler.mail_server_id.to_string();
        let mut tx = self.db.begin().await?;
        // Of two who come together the second waits here, and then finds what the first has written.
        found(executing_within!(tx, on => sqlx::query(LOCK_SERVER).bind(&server).execute(on))?)?;
        let others: Vec<String> = within!(tx, on =>
            sqlx::query_scalar(IDS_OF_SERVER).bind(&server).fetch_all(on))?;
        if !others.is_empty() {
            return Err(Error::Stale);
        }
        if let Some(project) = project {
            insert_project(&mut tx, project).await?;
        }
        insert_handler(&mut tx, handler).await?;
        tx.commit().await
    }
}
