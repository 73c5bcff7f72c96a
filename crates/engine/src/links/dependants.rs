//! What hangs on a link, and would be lost with it.

use std::collections::BTreeSet;

use outlink_model::grant::{Grant, Identity};
use outlink_model::link::Link;
use outlink_model::mail_server::MailServer;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::provider::ProviderKind;
use outlink_model::user::ApiToken;

use crate::grants::grant_name;
use crate::{Engine, Error, Page};

/// So many dependants are named in a refusal; of the others, their number.
pub(super) const NAMED: usize = 10;

/// What hangs on a link.
#[derive(Debug)]
pub struct Dependants {
    /// The grants under it.
    pub grants: Vec<Grant>,
    /// The mail servers that sign in by one of these.
    pub mail_servers: Vec<MailServer>,
    /// The API tokens that are handed access tokens of these.
    pub tokens: Vec<ApiToken>,
    /// Which grants of other links the provider ends as well when these are given back to it, a sentence for each link.
    pub also_ended: Vec<String>,
}

impl Engine {
    /// What would be lost with a link.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn link_dependants(&self, link: &Link) -> Result<Dependants, Error> {
        let grants = self.store().grants_of_link(link.id).await?;
        let mail_servers = self.store().mail_servers_of_link(link.id).await?;
        let tokens = self.tokens_of(&grants).await?;
        let also_ended = self.also_ended(link, &grants).await?;
        Ok(Dependants { grants, mail_servers, tokens, also_ended })
    }

    async fn tokens_of(&self, grants: &[Grant]) -> Result<Vec<ApiToken>, Error> {
        let mut found = Vec::new();
        if grants.is_empty() {
            return Ok(found);
        }
        let has_one =
            |token: &ApiToken| token.grants.iter().any(|id| grants.iter().any(|g| g.id == *id));
        let mut page = Page { limit: 1000, ..Page::default() };
        loop {
            let listed = self.store().api_tokens(&page).await?;
            found.extend(listed.items.into_iter().filter(has_one));
            match listed.next {
                next @ Some(_) => page.after = next,
                None => return Ok(found),
            }
        }
    }

    /// At some providers one consent of a person stands behind the grants of several links.
    async fn also_ended(&self, link: &Link, grants: &[Grant]) -> Result<Vec<String>, Error> {
        let mut said = Vec::new();
        if link.revocation_endpoint.is_none() || grants.is_empty() {
            return Ok(said);
        }
        let mut page = Page { limit: 1000, ..Page::default() };
        loop {
            let listed = self.store().links(&page).await?;
            for other in listed.items.iter().filter(|other| share_consents(link, other)) {
                let theirs = self.store().grants_of_link(other.id).await?;
                let ended: BTreeSet<_> = theirs
                    .iter()
                    .filter(|theirs| grants.iter().any(|own| is_same(own, theirs)))
                    .map(grant_name)
                    .collect();
                if !ended.is_empty() {
                    let names: Vec<_> = ended.into_iter().collect();
                    said.push(ends_too(link, other, &names));
                }
            }
            match listed.next {
                next @ Some(_) => page.after = next,
                None => return Ok(said),
            }
        }
    }
}

/// Whether tokens that are given back under one link may be those of the other as well. Google ends whatever a person has
/// granted to a project, and two links can be two clients of one project; other servers may end what stands behind one
/// client (RFC 7009 §2.1).
fn share_consents(link: &Link, other: &Link) -> bool {
    let same_client =
        link.client_id == other.client_id && link.token_endpoint == other.token_endpoint;
    let both_google =
        link.provider == ProviderKind::Google && other.provider == ProviderKind::Google;
    link.id != other.id && (same_client || both_google)
}

/// Whether two grants are of one person, as far as that is known.
fn is_same(one: &Grant, other: &Grant) -> bool {
    let lasting = |identity: &Identity| identity.issuer.clone().zip(identity.subject.clone());
    match (lasting(&one.identity), lasting(&other.identity)) {
        (Some(one), Some(other)) => one == other,
        _ => {
            let emails = one.identity.email.as_deref().zip(other.identity.email.as_deref());
            emails.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        }
    }
}

fn ends_too(link: &Link, other: &Link, names: &[String]) -> String {
    let why = match link.client_id == other.client_id {
        true => "is of the same client",
        false => "may be of the same project",
    };
    format!(
        "Once the tokens of {} are given back, the provider may end the grants of {} under the link {} as well, since that \
         {why}.",
        link.name,
        listed(names),
        other.name
    )
}

pub(super) fn in_use(link: &Link, dependants: &Dependants) -> Problem {
    let Dependants { grants, mail_servers, tokens, also_ended } = dependants;
    let grants: Vec<_> = grants.iter().map(grant_name).collect();
    let servers: Vec<_> = mail_servers.iter().map(|server| server.name.clone()).collect();
    let tokens: Vec<_> = tokens.iter().map(|token| token.name.clone()).collect();
    let mut message = format!("The link {} has grants: {}.", link.name, listed(&grants));
    for (what, names) in [
        ("Mail servers that use them", servers),
        ("API tokens that are handed access tokens of them", tokens),
    ] {
        if !names.is_empty() {
            message.push_str(&format!(" {what}: {}.", listed(&names)));
        }
    }
    for sentence in also_ended.iter().take(NAMED) {
        message.push_str(&format!(" {sentence}"));
    }
    Problem::new(
        ProblemKind::Conflict,
        "link_in_use",
        message,
        "Delete the grants first; or delete the link with them (--with-grants): its mail servers are then paused and \
         keep everything that they have received. To stop all use and keep all data, disable it instead.",
    )
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_some_and_counts_the_rest() {
        let names: Vec<_> = (0..12).map(|n| format!("g{n}")).collect();
        assert_eq!(listed(&names[..2]), "g0, g1");
        assert!(listed(&names).ends_with("g9 and 2 more"));
    }
}
