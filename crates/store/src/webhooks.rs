//! Webhooks: places that health events are sent to, and what is on its way there.

use outlink_model::webhook::Webhook;
use outlink_model::{Secret, WebhookId};

use crate::cell::{micros, parse, plain, time, time_some, trouble, trouble_cell};
use crate::db::{executing, found, reading};
use crate::{Error, Listed, Page, Store, Vault};

mod deliveries;

pub use deliveries::Due;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, url, secret, enabled, ok_at, trouble, created_at FROM webhooks ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const ENABLED: &str = select!("WHERE enabled = 1 ORDER BY id");

const INSERT: &str = "
    INSERT INTO webhooks (id, name, url, secret, enabled, ok_at, trouble, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const UPDATE: &str =
    "UPDATE webhooks SET name = $2, url = $3, secret = $4, enabled = $5 WHERE id = $1";

const DELETE: &str = "DELETE FROM webhooks WHERE id = $1";

const SECRET: &str = "webhooks.secret";

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: String,
    name: String,
    url: String,
    secret: Vec<u8>,
    enabled: i64,
    ok_at: Option<i64>,
    trouble: Option<String>,
    created_at: i64,
}

impl WebhookRow {
    fn model(self, vault: &Vault) -> Result<Webhook, Error> {
        Ok(Webhook {
            secret: vault.open(SECRET, &self.id, self.secret)?,
            id: parse("webhooks.id", &self.id)?,
            name: self.name,
            url: self.url,
            enabled: self.enabled != 0,
            ok_at: time_some("webhooks.ok_at", self.ok_at)?,
            trouble: trouble("webhooks.trouble", self.trouble.as_deref())?,
            created_at: time("webhooks.created_at", self.created_at)?,
        })
    }
}

impl Store {
    /// Adds a webhook. It is sent the events that are written from here on.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`.
    pub async fn create_webhook(&self, webhook: &Webhook) -> Result<(), Error> {
        let secret = self.seal_webhook_secret(webhook.id, &webhook.secret)?;
        let trouble = trouble_cell(webhook.trouble.as_ref())?;
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(webhook.id.to_string())
            .bind(plain(&webhook.name))
            .bind(plain(&webhook.url))
            .bind(&secret)
            .bind(i64::from(webhook.enabled))
            .bind(webhook.ok_at.map(micros))
            .bind(&trouble)
            .bind(micros(webhook.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        Ok(())
    }

    /// The webhook with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, Error> {
        let row: Option<WebhookRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// The webhook of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn webhook_by_name(&self, name: &str) -> Result<Option<Webhook>, Error> {
        let row: Option<WebhookRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// Webhooks, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn webhooks(&self, page: &Page) -> Result<Listed<Webhook>, Error> {
        let rows: Vec<WebhookRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, |row| row.model(&self.vault), |webhook| webhook.id)
    }

    /// Every webhook that is switched on.
    async fn enabled_webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let rows: Vec<WebhookRow> = reading!(self.db, on => sqlx::query_as(ENABLED).fetch_all(on))?;
        rows.into_iter().map(|row| row.model(&self.vault)).collect()
    }

    /// Writes every field but the time of making and how the last attempt went. What is on its way to one that is
    /// switched off waits until it is switched on again; what happens meanwhile is not sent to it.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`].
    pub async fn update_webhook(&self, webhook: &Webhook) -> Result<(), Error> {
        let secret = self.seal_webhook_secret(webhook.id, &webhook.secret)?;
        let done = executing!(self.db, on => sqlx::query(UPDATE)
            .bind(webhook.id.to_string())
            .bind(plain(&webhook.name))
            .bind(plain(&webhook.url))
            .bind(&secret)
            .bind(i64::from(webhook.enabled))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        found(done)
    }

    /// Deletes a webhook, and what is on its way to it.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_webhook(&self, id: WebhookId) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?)
    }

    fn seal_webhook_secret(&self, id: WebhookId, secret: &Secret) -> Result<Vec<u8>, Error> {
        self.vault.seal(SECRET, id, secret)
    }
}
