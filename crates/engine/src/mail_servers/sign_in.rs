//! How a mail server signs in. Keeps the invariant **A moved endpoint locks its secrets**: a password goes to the host
//! that it was entered for, and a grant's tokens go to hosts that its link names.

use outlink_model::Secret;
use outlink_model::link::Link;
use outlink_model::mail_server::{MailServer, Security, SignIn};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;

use super::MailServerDraft;
use crate::{Engine, Error};

impl Engine {
    /// How a server shall sign in by what was entered, with the grant's link; `None` where nothing was entered.
    pub(super) async fn entered_sign_in(
        &self,
        draft: &MailServerDraft,
    ) -> Result<Option<(SignIn, Option<Link>)>, Error> {
        let grant = draft.grant.as_deref().filter(|named| !named.is_empty());
        let password = draft.password.clone().filter(|text| !text.is_empty());
        match (grant, password) {
            (Some(named), None) => {
                let grant = self.grant(named).await.map_err(|error| match error {
                    Error::Problem(problem) => Problem { field: Some("grant"), ..problem }.into(),
                    other => other,
                })?;
                let link = self.link_by_id(grant.link_id).await?;
                Ok(Some((SignIn::Grant(grant.id), Some(link))))
            }
            (None, Some(password)) => {
                signs_in_by("password", &password)?;
                Ok(Some((SignIn::Password(password), None)))
            }
            (Some(_), Some(_)) => Err(Problem::invalid(
                "password",
                "sign_in_twice",
                "Both a grant and a password were given.",
                "Give the grant alone; the password is then not needed.",
            )
            .into()),
            (None, None) => Ok(None),
        }
    }

    /// For a custom provider, an administrator who attaches a grant to a mail server says by that act that its tokens
    /// may be shown to this host. A preset's link has them all: see [`check_token_host`].
    pub(super) async fn allow_token_host(
        &self,
        link: Option<&Link>,
        host: &str,
    ) -> Result<(), Error> {
        if let Some(link) = link.filter(|link| !link.token_hosts.iter().any(|known| known == host))
        {
            self.store().add_token_host(link.id, host).await?;
        }
        Ok(())
    }
}

fn signs_in_by(field: &'static str, password: &Secret) -> Result<(), Problem> {
    let text = password.expose();
    if text.len() <= 4096 && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::invalid(
        field,
        "password_unusable",
        "The password is too long or holds a control character.",
        "Enter it as one line.",
    ))
}

/// More than one way to sign in was entered.
pub(super) fn sign_in_twice() -> Problem {
    Problem::invalid(
        "link",
        "sign_in_twice",
        "Both a link and a grant or password were given.",
        "Name the link alone to have a consent asked for; or the grant, or the password.",
    )
}

/// What forbids a link's tokens to go to a server, if anything does.
pub(super) fn check_tokens_may_go(link: &Link, server: &MailServer) -> Result<(), Problem> {
    check_token_host(link, &server.host)?;
    if server.security != Security::None {
        return Ok(());
    }
    Err(Problem::invalid(
        "security",
        "unencrypted_with_grant",
        "A grant's tokens are never sent over a connection that is not encrypted.",
        "Choose tls or starttls, or sign in with a password.",
    ))
}

/// A token may go only where the link says: nobody can have a preset's tokens sent to a host of their own by naming it
/// as a mail server.
fn check_token_host(link: &Link, host: &str) -> Result<(), Problem> {
    let known = link.token_hosts.iter().any(|known| known == host);
    if known || link.provider == ProviderKind::Custom {
        return Ok(());
    }
    Err(Problem::invalid(
        "host",
        "host_not_of_provider",
        format!("Tokens of the link {} are not sent to {host}.", link.name),
        format!(
            "Use one of the hosts that it has: {}. If {host} is the provider's too, add it to the link's token hosts \
             (token_hosts) together with them; the client secret is then asked for again.",
            link.token_hosts.join(", ")
        ),
    ))
}

/// What must be entered again, since the server that it was entered for has moved.
pub(super) fn check_not_moved(before: &MailServer, after: &MailServer) -> Result<(), Problem> {
    let moves = [
        ("host", before.host != after.host),
        ("port", before.port != after.port),
        ("security", before.security != after.security),
    ];
    let Some((moved, _)) = moves.into_iter().find(|(_, moves)| *moves) else { return Ok(()) };
    let (field, what, hint) = match before.sign_in {
        SignIn::Missing => return Ok(()),
        SignIn::Password(_) => (
            "password",
            "password was entered",
            "Once you are sure of the new address, enter the password again in the same edit; or name a link, and a consent \
             is asked for.",
        ),
        SignIn::Grant(_) => (
            "grant",
            "grant was attached",
            "Once you are sure of the new address, name the grant again in the same edit; or name a link, and a consent is \
             asked for.",
        ),
    };
    Err(Problem::invalid(
        field,
        "sign_in_needed",
        format!("The {moved} changes, and the {what} for the old address alone."),
        hint,
    ))
}
