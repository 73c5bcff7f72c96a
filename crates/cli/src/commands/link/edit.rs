//! The flags that change a link.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::fields::{CLIENT, Fields};
use crate::client::Refused;
use crate::input;

#[derive(Debug, Args, Serialize)]
pub(crate) struct Edit {
    /// Its name or id
    #[arg(value_name = "NAME")]
    #[serde(skip)]
    pub(super) link: String,
    /// What people shall call it
    #[arg(long = "name", value_name = "NEW_NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Use it again after it was disabled
    #[arg(long, conflicts_with = "disable")]
    #[serde(skip)]
    enable: bool,
    /// Send nothing under it, and keep everything
    #[arg(long)]
    #[serde(skip)]
    disable: bool,
    /// Change it only if nobody else has since: its updated_at, as `outlink link show` printed it
    #[arg(long, value_name = "TIME")]
    #[serde(rename = "updated_at", skip_serializing_if = "Option::is_none")]
    if_updated_at: Option<String>,
    /// The client id that the provider gave out
    #[arg(long, help_heading = CLIENT, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The next JSON key file of its Google service account (`-` for standard input)
    #[arg(long, help_heading = CLIENT, value_name = "FILE", group = "new_secret")]
    #[serde(skip)]
    service_account_file: Option<PathBuf>,
    /// Keep the secret in use beside the new one, so that the provider may know either of them
    #[arg(long, help_heading = CLIENT, requires = "new_secret")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    add: bool,
    /// Which of two secrets --client-secret-expires is said of, by its id in `outlink link show NAME --json`; the one in
    /// use where left out
    #[arg(
        long,
        help_heading = CLIENT,
        value_name = "ID",
        requires = "client_secret_expires",
        conflicts_with = "new_secret"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_id: Option<String>,
    /// Delete the client secret, with --client-auth none: without this, that is refused as long as one is kept
    #[arg(long, help_heading = CLIENT, conflicts_with = "new_secret")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    delete_client_secret: bool,
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
}

impl Edit {
    /// What is sent.
    ///
    /// # Errors
    /// A file that cannot be read; or nothing that shall change, which is more likely a slip than a wish.
    pub(super) fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        if self.enable || self.disable {
            body["enabled"] = json!(self.enable);
        }
        if let Some(path) = &self.service_account_file {
            let key_file = input::secret(path, "service account's key file")?;
            body["service_account"] = json!(key_file.expose());
        }
        self.fields.complete(&mut body)?;
        let changes = |body: &Value| {
            body.as_object().is_some_and(|fields| fields.keys().any(|name| name != "updated_at"))
        };
        if !changes(&body) {
            return Err(nothing_to_change(&self.link).into());
        }
        Ok(body)
    }
}

fn nothing_to_change(link: &str) -> Refused {
    Refused {
        message: format!("There is nothing to change about the link {link:?}: no flag says what."),
        hint: "Name at least one: --name, --scope, --client-secret-file, --token-endpoint, --enable or --disable, for \
               example; `outlink link edit --help` lists them all."
            .into(),
    }
}
