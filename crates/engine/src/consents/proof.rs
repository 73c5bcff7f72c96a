//! What a new consent must prove before it takes the place of one that works: at least what the old one gave, and a
//! token that opens the mailboxes which live on it.

use std::time::Duration;

use futures_util::future::join_all;
use outlink_model::Secret;
use outlink_model::grant::{Grant, GrantState};
use outlink_model::link::Link;
use outlink_model::mail_server::MailServer;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth as oauth;
use outlink_store::NewTokens;

use crate::mail_servers::Opens;
use crate::{Engine, Error};

/// Mail servers that a new token is tried at. The others are taken to be like these.
const TRIED: usize = 4;
/// For all of them together; somebody waits in front of a browser.
const LIMIT: Duration = Duration::from_secs(20);

impl Engine {
    /// Tries a new consent beside the one that stands, if that one works.
    ///
    /// # Errors
    /// A [`Problem`] that says what the new one lacks. Nothing is changed then.
    pub(super) async fn prove(
        &self,
        link: &Link,
        old: &Grant,
        new: &NewTokens,
    ) -> Result<(), Error> {
        if !is_worth_keeping(old) {
            return Ok(());
        }
        let lost = lost_scopes(link, &old.scopes, new.scopes.as_deref().unwrap_or_default());
        if !lost.is_empty() {
            return Err(less_granted(&lost).into());
        }
        let mut servers = self.store().mail_servers_of_grant(old.id).await?;
        // One that does not work with the old consent proves nothing against the new one.
        servers.retain(|server| !server.paused && server.health.trouble.is_none());
        servers.truncate(TRIED);
        let tries = servers.iter().map(|server| self.prove_at(link, server, &new.access));
        match tokio::time::timeout(LIMIT, join_all(tries)).await {
            Ok(tried) => tried.into_iter().collect(),
            // Nobody said no.
            Err(_) => Ok(()),
        }
    }

    async fn prove_at(
        &self,
        link: &Link,
        server: &MailServer,
        access: &Secret,
    ) -> Result<(), Error> {
        match self.try_token(link, server, access).await {
            Opens::Yes | Opens::Unknown => Ok(()),
            Opens::Refused(trouble) => Err(Problem::new(
                ProblemKind::Conflict,
                "mailbox_refused",
                format!(
                    "The new consent does not open the mailbox {} at {}: {}",
                    server.mailbox, server.host, trouble.reason
                ),
                format!("Nothing was changed, and the old consent goes on. {}", trouble.hint),
            )
            .into()),
        }
    }
}

/// Whether a grant still gives tokens, as far as anybody knows.
fn is_worth_keeping(old: &Grant) -> bool {
    match old.state {
        GrantState::Active | GrantState::Degraded { .. } => old.renewable,
        GrantState::Blocked { .. } | GrantState::NeedsConsent { .. } | GrantState::Revoked => false,
    }
}

/// What the link asks for, the old consent has and the new one lacks.
fn lost_scopes(link: &Link, old: &[String], new: &[String]) -> Vec<String> {
    let lacked = oauth::missing_scopes(&link.scope, old);
    let mut lost = oauth::missing_scopes(&link.scope, new);
    lost.retain(|scope| !lacked.contains(scope));
    lost
}

fn less_granted(lost: &[String]) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "less_granted",
        format!(
            "The new consent grants less than the old one: {}.",
            oauth::missing_scope_words(lost).join(", ")
        ),
        "Nothing was changed, and the old consent goes on. Consent again and leave every box ticked.",
    )
}
