//! A client that does nothing but ask: the same requests to the same endpoint, as many at once, and nothing is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use tokio::task::JoinSet;

use crate::Error;
use crate::provider::{BASIC, refresh_token};

/// Asks once for each grant, `at_once` at a time.
pub(crate) async fn ask(
    client: &Client,
    origin: &str,
    grants: usize,
    at_once: usize,
) -> Result<(), Error> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut askers = JoinSet::new();
    for _ in 0..at_once {
        let (client, url, next) = (client.clone(), format!("{origin}/token"), next.clone());
        askers.spawn(async move {
            loop {
                let grant = next.fetch_add(1, Ordering::Relaxed);
                if grant >= grants {
                    return Ok(());
                }
                let token = refresh_token(grant, 0);
                let answer = client
                    .post(&url)
                    .header(ACCEPT, "application/json")
                    .header(AUTHORIZATION, BASIC)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(format!("grant_type=refresh_token&refresh_token={token}"))
                    .send()
                    .await?
                    .error_for_status()?;
                answer.bytes().await?;
            }
        });
    }
    while let Some(ended) = askers.join_next().await {
        ended?.map_err(|error: reqwest::Error| error)?;
    }
    Ok(())
}
