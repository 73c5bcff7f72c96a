//! Work on the data of this machine without a server: for the first administrator and the first token.
//!
//! It goes beside a running server, whose lock it does not take: one short transaction at a time is what the database
//! is there for. Nothing is started, so no token is refreshed and no mail is fetched from here.

use std::path::Path;

use outlink_engine::Engine;

use super::open;
use crate::config;

/// Opens the store that the configuration names, and an engine that does nothing by itself.
pub(crate) async fn open(file: Option<&Path>) -> anyhow::Result<Engine> {
    let config = config::load(file)?;
    if config.database_url.is_none() {
        open::make_data_dir(&config)?;
    }
    open::engine(open::store(&config).await?, &config)
}
