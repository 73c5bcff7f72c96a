//! What became of the mail, as it comes in.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::bail;
use serde_json::Value;
use tokio::time::Instant;

use crate::client::Client;
use crate::print;

/// How often it is looked.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// Remembers which messages were told already.
#[derive(Default)]
pub(crate) struct Feed {
    told: HashSet<String>,
}

impl Feed {
    /// The messages that were dealt with since the last call, the oldest first.
    pub(crate) async fn news(&mut self, client: &Client) -> anyhow::Result<Vec<Value>> {
        let page = client.get(&["messages"], &[("limit", "100")]).await?.value;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let news = items
            .into_iter()
            .rev()
            .filter(|message| !message["outcome"].is_null())
            .filter(|message| self.told.insert(print::cell(&message["id"])));
        Ok(news.collect())
    }

    /// Waits until `count` more messages were dealt with, and calls `tell` for each.
    pub(crate) async fn wait_for(
        &mut self,
        client: &Client,
        count: usize,
        limit: Duration,
        mut tell: impl FnMut(&Value),
    ) -> anyhow::Result<Vec<Value>> {
        let end = Instant::now() + limit;
        let mut all = Vec::new();
        loop {
            for message in self.news(client).await? {
                tell(&message);
                all.push(message);
            }
            if all.len() >= count {
                return Ok(all);
            }
            if Instant::now() >= end {
                bail!(
                    "{} of {count} messages were dealt with in {} s.",
                    all.len(),
                    limit.as_secs()
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What became of a message, on one line.
pub(crate) fn line(message: &Value) -> String {
    let text = |field: &str| print::cell(&message[field]);
    let became = match text("outcome").as_str() {
        "created" => format!("new issue {}", text("issue")),
        "commented" => format!("comment on {}", text("issue")),
        other => format!("{other}: {}", text("reason")),
    };
    format!("{became}  <-  \"{}\" from {}", text("subject"), text("from"))
}
