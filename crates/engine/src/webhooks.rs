//! Webhooks: places that health events are sent to, by the conventions of Standard Webhooks
//! (<https://www.standardwebhooks.com>). What is sent stands in `message`; when, in `deliver`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::Problem;
use outlink_model::webhook::Webhook;
use outlink_model::{Secret, WebhookDeliveryId, WebhookId};
use outlink_oauth as oauth;

use crate::{Caller, Engine, Error, Listed, Page, ShownOnce, clock, error, links};

mod deliver;
mod message;

/// What every secret begins with, as the conventions have it.
const PREFIX: &str = "whsec_";

/// So many webhooks may stand: every health event is written once for each of them.
const MOST: usize = 100;

/// What an administrator enters for a new webhook.
#[derive(Debug)]
pub struct NewWebhook {
    /// Unique.
    pub name: String,
    /// Where events are posted.
    pub url: String,
}

/// What an administrator changes about a webhook; what is `None` stays.
#[derive(Debug, Default)]
pub struct WebhookEdit {
    /// Where events are posted from now on.
    pub url: Option<String>,
    /// Switched off, or on again.
    pub enabled: Option<bool>,
}

impl Engine {
    /// Adds a webhook. The secret that signs what is sent is shown here and never again.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken.
    pub async fn create_webhook(
        &self,
        new: NewWebhook,
        by: &Caller,
    ) -> Result<ShownOnce<Webhook>, Error> {
        let key = clock::random::<32>()?;
        let webhook = Webhook {
            id: clock::id(),
            name: links::name("name", &new.name)?,
            url: self.webhook_url(&new.url)?,
            secret: Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(key))),
            enabled: true,
            ok_at: None,
            trouble: None,
            created_at: self.now(),
        };
        let all = Page { limit: 1000, after: None };
        if self.store().webhooks(&all).await?.items.len() >= MOST {
            return Err(Problem::invalid(
                "name",
                "webhooks_too_many",
                format!("There are {MOST} webhooks, and no more are possible."),
                "Delete one that is not needed, or let one receiver pass events on to others.",
            )
            .into());
        }
        self.store()
            .create_webhook(&webhook)
            .await
            .map_err(|error| error::taken(error, "name", "webhook", &webhook.name))?;
        self.tell_of(&webhook, "created", by, "added").await;
        Ok(ShownOnce { text: webhook.secret.clone(), of: webhook })
    }

    /// The webhooks, by the order in which they were added.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn webhooks(&self, page: Page) -> Result<Listed<Webhook>, Error> {
        Ok(self.store().webhooks(&page).await?)
    }

    /// One webhook, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn webhook(&self, named: &str) -> Result<Webhook, Error> {
        let found = match named.parse::<WebhookId>() {
            Ok(id) => self.store().webhook(id).await?,
            Err(_) => self.store().webhook_by_name(named).await?,
        };
        found.ok_or_else(|| Problem::not_found("webhook", named).into())
    }

    /// Changes where events go, and whether they do. What is on its way to a webhook that is switched off waits for it
    /// to be switched on again; what happens meanwhile is not sent to it.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, [`Problem::not_found`].
    pub async fn edit_webhook(
        &self,
        named: &str,
        edit: WebhookEdit,
        by: &Caller,
    ) -> Result<Webhook, Error> {
        let mut webhook = self.webhook(named).await?;
        let before = (webhook.url.clone(), webhook.enabled);
        if let Some(url) = &edit.url {
            webhook.url = self.webhook_url(url)?;
        }
        webhook.enabled = edit.enabled.unwrap_or(webhook.enabled);
        if before == (webhook.url.clone(), webhook.enabled) {
            return Ok(webhook);
        }
        self.store().update_webhook(&webhook).await?;
        let did = match (before.1, webhook.enabled) {
            (true, false) => "switched off",
            (false, true) => "switched on",
            _ => "changed the address of",
        };
        self.tell_of(&webhook, "edited", by, did).await;
        self.0.deliver.notify_one();
        Ok(webhook)
    }

    /// Deletes a webhook, and what is on its way to it.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn delete_webhook(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let webhook = self.webhook(named).await?;
        self.store().delete_webhook(webhook.id).await?;
        self.tell_of(&webhook, "deleted", by, "deleted").await;
        Ok(())
    }

    /// Sends an event of kind `webhook.test` at once, also to a webhook that is switched off.
    ///
    /// # Errors
    /// A [`Problem`] with the receiver's words where it does not take the event.
    pub async fn test_webhook(&self, named: &str) -> Result<(), Error> {
        let webhook = self.webhook(named).await?;
        let event = Event {
            kind: "webhook.test".into(),
            subject: format!("webhook {}", webhook.name),
            message: "This is a test: nothing has happened.".into(),
            hint: "Nothing is to be done.".into(),
            ..self.health_event(Actor::Nobody)
        };
        let id: WebhookDeliveryId = clock::id();
        self.send_event(&webhook, &event, id).await.map_err(|failed| {
            crate::mail_servers::problem("webhook_failed", &failed.trouble).into()
        })
    }

    /// The address as it will be saved: https, or http to a loopback host that the configuration names.
    fn webhook_url(&self, text: &str) -> Result<String, Problem> {
        let egress = &self.0.settings.egress;
        let checked = oauth::check_endpoint("url", text, |host| egress.permits_plain_http(host));
        checked.map(|_| text.trim().to_owned())
    }

    async fn tell_of(&self, webhook: &Webhook, kind: &str, by: &Caller, did: &str) {
        self.record(Event {
            kind: format!("webhook.{kind}"),
            subject: format!("webhook {}", webhook.name),
            state: Some(if webhook.enabled { "enabled" } else { "disabled" }.into()),
            message: format!("{} {did} the webhook {}.", by.name(), webhook.name),
            ..self.event(Actor::Nobody)
        })
        .await;
    }
}
