//! Grants without a consent of ours: a refresh token that exists already, and links that ask for tokens on their own.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, GrantState, Identity, Tokens, later};
use outlink_model::link::{GrantType, Link};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::provider::ProviderKind;
use outlink_model::{GrantId, Secret};
use outlink_oauth as oauth;

use super::{GrantView, grant_name};
use crate::refresh::{LEASE, Unrefreshed, stands_in_the_way};
use crate::{Caller, Engine, Error, clock, links};

/// What a grant is made of that nobody consents to here.
#[derive(Debug, Default)]
pub struct NewGrant {
    /// A refresh token that the provider has given to this client before. Needed where people consent.
    pub refresh_token: Option<Secret>,
    /// The mailbox whose tokens are asked for; for the grant type `jwt_bearer`.
    pub subject: Option<String>,
}

impl Engine {
    /// Makes a grant and asks the provider for its tokens at once.
    ///
    /// # Errors
    /// A [`Problem`] where a field is missing or does not belong, or with the provider's reason. Then nothing is kept,
    /// unless the provider's answer was lost: it may have put a new refresh token in the place of the one that was
    /// sent, so the grant stands and is tried again.
    pub async fn create_grant(
        &self,
        link: &str,
        new: NewGrant,
        by: &Caller,
    ) -> Result<GrantView, Error> {
        let link = self.link(link).await?;
        let NewGrant { refresh_token, subject } = check(&link, new)?;
        let now = self.now();
        let identity = match link.grant_type {
            // The application itself is whose grant it is.
            GrantType::ClientCredentials => {
                Identity { subject: Some(link.client_id.clone()), ..Identity::default() }
            }
            _ => Identity { email: subject.clone(), ..Identity::default() },
        };
        let grant = Grant {
            id: clock::id(),
            link_id: link.id,
            identity,
            scopes: link.scope.split_whitespace().map(str::to_owned).collect(),
            generation: 1,
            state: GrantState::Active,
            since: now,
            // There is no access token yet.
            expires_at: now,
            issued_at: now,
            renewable: true,
            subject,
            refresh_expires_at: None,
            bound_to: Some(oauth::bound_to(&link)),
            has_previous: false,
            // Should this process end in the middle, the background takes over.
            next_refresh_at: Some(later(now, LEASE)),
            intent: None,
            created_at: now,
        };
        if let Some(trouble) = stands_in_the_way(&link, &grant) {
            return Err(Unrefreshed::from(trouble).error);
        }
        let access = Secret::new("");
        let tokens = Tokens { generation: 1, access, expires_at: now, refresh: refresh_token };
        let (engine, by) = (self.clone(), by.clone());
        self.to_the_end(async move { engine.begin(&link, &grant, &tokens, &by).await }).await
    }

    /// Writes a grant and asks for its first tokens.
    async fn begin(
        &self,
        link: &Link,
        grant: &Grant,
        tokens: &Tokens,
        by: &Caller,
    ) -> Result<GrantView, Error> {
        self.store().create_grant(grant, tokens).await?;
        let fresh = match self.refresh(grant.id, 1).await {
            Ok(fresh) => fresh,
            Err(failed) => return Err(self.undo(grant.id, failed).await),
        };
        let name = grant_name(&fresh);
        self.record(Event {
            kind: "grant.created".into(),
            subject: format!("grant {name}"),
            state: Some("active".into()),
            message: format!("{} made the grant {name} under the link {}.", by.name(), link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.view_grant(fresh).await
    }

    /// Takes a grant away again whose first tokens were refused, unless their answer may only have been lost.
    async fn undo(&self, id: GrantId, failed: Unrefreshed) -> Error {
        let stands = self.store().grant(id).await;
        match stands {
            Ok(Some(grant)) if grant.intent.is_none() && grant.generation == 1 => {
                match self.store().discard_grant(id).await {
                    Ok(()) => failed.error,
                    Err(error) => error.into(),
                }
            }
            Ok(None) => failed.error,
            Ok(Some(_)) | Err(_) => match failed.error {
                Error::Problem(problem) => Problem {
                    hint: format!(
                        "The grant {id} was kept and is tried again by itself, since the provider may have acted all \
                         the same. {}",
                        problem.hint
                    ),
                    ..problem
                }
                .into(),
                other => other,
            },
        }
    }
}

/// What was entered, if it fits the link's grant type.
fn check(link: &Link, new: NewGrant) -> Result<NewGrant, Problem> {
    let refresh_token = new.refresh_token.map(trimmed).filter(|token| !token.is_empty());
    let subject = new.subject.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let unused = |field: &'static str, what: &str| {
        Problem::invalid(
            field,
            "field_unused",
            format!("The link {} works with {}, which uses no {what}.", link.name, link.grant_type),
            format!("Leave {field} out."),
        )
    };
    match link.grant_type {
        GrantType::AuthorizationCode | GrantType::DeviceCode => {
            if subject.is_some() {
                return Err(unused("subject", "subject"));
            }
            let Some(token) = &refresh_token else {
                return Err(Problem::invalid(
                    "refresh_token",
                    "missing",
                    format!("Under the link {} a grant begins with somebody's consent.", link.name),
                    format!(
                        "Ask for one: outlink link authorize {:?}. Or name a refresh token that exists already.",
                        link.name
                    ),
                ));
            };
            printable(token)?;
        }
        GrantType::ClientCredentials | GrantType::JwtBearer if refresh_token.is_some() => {
            return Err(unused("refresh_token", "refresh token"));
        }
        GrantType::ClientCredentials if subject.is_some() => {
            return Err(unused("subject", "subject"));
        }
        GrantType::JwtBearer if subject.is_none() && link.provider == ProviderKind::Google => {
            return Err(Problem::invalid(
                "subject",
                "missing",
                "A service account alone has no mailbox.",
                "Name the mailbox that it shall act for: --subject support@example.org.",
            ));
        }
        GrantType::ClientCredentials | GrantType::JwtBearer => {}
    }
    if let Some(subject) = &subject {
        links::required("subject", "The subject", subject)?;
        if subject.len() > 320 || subject.chars().any(char::is_control) {
            return Err(Problem::invalid(
                "subject",
                "subject_unusable",
                "The subject is no mailbox.",
                "Write its address, like support@example.org.",
            ));
        }
    }
    Ok(NewGrant { refresh_token, subject })
}

/// A file that was written by an editor ends with a line feed.
fn trimmed(token: Secret) -> Secret {
    let text = token.expose().trim();
    if text.len() == token.expose().len() { token } else { Secret::new(text) }
}

fn printable(token: &Secret) -> Result<(), Problem> {
    let text = token.expose();
    if text.len() <= 16 * 1024 && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Invalid,
        "refresh_token_unusable",
        "This is no refresh token: it holds characters that none may hold, or is longer than 16 KiB.",
        "Give the refresh token alone, as one line: not the whole answer, not the access token.",
    ))
}
