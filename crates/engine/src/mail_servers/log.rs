//! The connectivity log: how fetching and sending went, stretch by stretch.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use outlink_model::mail_server::Connection;
use outlink_store::ConnectionFilter;

use crate::{Engine, Error, Listed, Page};

/// A line of the connectivity log.
#[derive(Debug)]
pub struct ConnectionView {
    /// The stretch.
    pub connection: Connection,
    /// The name of its mail server, with a mark where that was deleted.
    pub mail_server: String,
    /// Whether that mail server was deleted.
    pub mail_server_deleted: bool,
}

impl Engine {
    /// The connectivity log of one mail server or of all, the newest stretch first; on demand those alone in which
    /// something was wrong.
    ///
    /// # Errors
    /// [`Problem::not_found`](outlink_model::problem::Problem::not_found) for an unknown mail server.
    pub async fn connections(
        &self,
        mail_server: Option<&str>,
        failed_only: bool,
        page: Page,
    ) -> Result<Listed<ConnectionView>, Error> {
        let mail_server = match mail_server {
            Some(named) => Some(self.mail_server(named).await?.id),
            None => None,
        };
        let filter = ConnectionFilter { mail_server, failed_only };
        let listed = self.store().connections(&filter, &page).await?;
        let mut names = HashMap::new();
        let mut items = Vec::with_capacity(listed.items.len());
        for connection in listed.items {
            let (name, deleted): &mut (String, bool) = match names.entry(connection.mail_server_id)
            {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let known = self.store().known_mail_server(connection.mail_server_id).await?;
                    let known = known.map(|known| (known.shown_name(), known.deleted));
                    unknown.insert(known.unwrap_or_default())
                }
            };
            items.push(ConnectionView {
                mail_server: name.clone(),
                mail_server_deleted: *deleted,
                connection,
            });
        }
        Ok(Listed { items, next: listed.next })
    }
}
