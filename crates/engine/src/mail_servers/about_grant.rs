//! What a grant is good for at a mail server, as far as it can be told without asking anybody.

use outlink_model::grant::Grant;
use outlink_model::link::{GrantType, Link};
use outlink_model::mail_server::{MailServer, Protocol};
use outlink_model::provider::{MailService, ProviderKind};
use outlink_model::step::{Step, StepStatus};
use outlink_oauth as oauth;

/// Whether what was granted covers the protocol.
pub(super) fn scopes(server: &MailServer, link: &Link, grant: &Grant) -> Step {
    let step = |status, message, hint| Step { id: "scopes", status, message, hint, ms: 0 };
    let granted = &grant.scopes;
    if granted.is_empty() {
        let message = "The provider did not say what it granted.".to_owned();
        return step(StepStatus::Ok, message, String::new());
    }
    let service = match server.protocol {
        Protocol::Imap => MailService::Imap,
        Protocol::Pop3 => MailService::Pop3,
        Protocol::Smtp => MailService::Smtp,
    };
    let mut serves = granted.iter().map(|scope| oauth::mail_services(scope));
    let known = granted.iter().any(|scope| !oauth::mail_services(scope).is_empty());
    let covers = serves.any(|services| services.contains(&service));
    let mut message = format!("Granted: {}.", granted.join(" "));
    let missing = oauth::missing_scopes(&link.scope, granted);
    if !missing.is_empty() {
        message.push_str(&format!(" Asked for and not granted: {}.", missing.join(" ")));
    }
    // What the scopes of a custom provider mean is its own to say.
    if covers || !known || link.provider == ProviderKind::Custom {
        let hint = match missing.is_empty() {
            true => String::new(),
            false => "If the sign-in fails, have the missing scopes allowed at the provider, and consent again.".into(),
        };
        return step(StepStatus::Ok, message, hint);
    }
    message.push_str(&format!(" None of this is for {}.", server.protocol.as_str().to_uppercase()));
    let hint = format!(
        "Add the scope for {} to the link {} (`outlink provider show {}` names it), and have the grant consented to anew.",
        server.protocol.as_str().to_uppercase(),
        link.name,
        link.provider
    );
    step(StepStatus::Failed, message, hint)
}

/// Whose grant opens whose mailbox. A shared mailbox is nothing wrong.
pub(super) fn identity(server: &MailServer, link: &Link, grant: &Grant) -> Step {
    let step = |message: String, hint: &str| Step {
        id: "identity",
        status: StepStatus::Ok,
        message,
        hint: hint.to_owned(),
        ms: 0,
    };
    let mailbox = &server.mailbox;
    if link.grant_type == GrantType::ClientCredentials {
        return step(
            format!("The application itself signs in to {mailbox}."),
            "If the sign-in fails, have the mailbox opened to the application by an administrator of the mail service.",
        );
    }
    let owner = grant.identity.email.as_deref().or(grant.subject.as_deref());
    match owner {
        Some(owner) if owner.eq_ignore_ascii_case(mailbox) => {
            step(format!("The grant is {owner}'s own."), "")
        }
        Some(owner) => step(
            format!("The grant of {owner} opens {mailbox}, as for a shared mailbox."),
            "If the sign-in fails: is the mailbox shared with whoever consented, with full access?",
        ),
        None => {
            step(format!("The provider did not say whose grant it is that opens {mailbox}."), "")
        }
    }
}
