//! Who consented, and whether it is the person whose grant it is to renew.

use outlink_model::Secret;
use outlink_model::grant::Identity;
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth as oauth;

use crate::provider_calls::not_named;
use crate::{Engine, Error};

impl Engine {
    /// Who consented, as far as the provider tells. A provider that tells nothing is no error.
    pub(crate) async fn identify(
        &self,
        link: &Link,
        nonce: Option<&str>,
        id_token: Option<&Secret>,
        access: &Secret,
    ) -> Result<Identity, Error> {
        let mut identity = Identity::default();
        if let Some(token) = id_token {
            identity = oauth::identity_from_id_token(token, link, nonce, self.now())?;
        }
        let userinfo = oauth::userinfo_request(link, access);
        if let Some(request) = userinfo.filter(|_| identity.email.is_none()) {
            identity = self.ask_userinfo(&request, identity).await;
        }
        if identity.email.is_none() && identity.subject.is_none() {
            identity = self.ask_introspection(link, access).await.unwrap_or(identity);
        }
        Ok(identity)
    }

    /// Whom the provider's introspection endpoint says the token is of (RFC 7662 §2.2), where the link names one.
    async fn ask_introspection(&self, link: &Link, access: &Secret) -> Option<Identity> {
        link.introspection_endpoint.as_ref()?;
        let called = self.call_as_client(link, |link, fresh| {
            oauth::introspection_request(link, fresh, access)
                .unwrap_or_else(|| Err(not_named(link, "introspection")))
        });
        let response = called.await.answer().ok()?;
        let told = oauth::parse_introspection(&response.body).ok()?;
        told.active.then_some(told.identity)
    }

    /// The address is for display, so a userinfo endpoint that does not answer costs nobody their grant.
    async fn ask_userinfo(&self, request: &oauth::Request, known: Identity) -> Identity {
        let told = match self.0.http.send(request).await {
            Ok(response) if response.status == 200 => oauth::identity_from_userinfo(&response.body),
            Ok(_) | Err(_) => return known,
        };
        match told {
            // OpenID Connect Core §5.3.2: an answer about another person must not be used.
            Ok(told) if known.subject.is_some() && told.subject != known.subject => known,
            Ok(told) => Identity {
                issuer: known.issuer,
                subject: known.subject.or(told.subject),
                email: told.email,
            },
            Err(_) => known,
        }
    }
}

/// Whether the person who consented is the one whose grant it is to renew: yes, or not known since nothing was ever
/// known of that one. Compared by the provider's lasting name for a person, since an address can change hands; by
/// address only where one side lacks that name.
///
/// # Errors
/// A [`Problem`] where it is somebody else, or where nobody can tell.
pub(super) fn is_same_person(known: &Identity, given: &Identity) -> Result<bool, Problem> {
    let differ = |known: &Option<String>, given: &Option<String>| {
        known.is_some() && given.is_some() && known != given
    };
    let folded = |email: &Option<String>| email.as_ref().map(|email| email.to_lowercase());
    let same = match (&known.subject, &given.subject) {
        // One subject means one person at one issuer, and not every answer names it.
        (Some(known_sub), Some(sub)) => {
            Some(known_sub == sub && !differ(&known.issuer, &given.issuer))
        }
        _ => match (folded(&known.email), folded(&given.email)) {
            (Some(known), Some(given)) => Some(known == given),
            _ => None,
        },
    };
    match same {
        Some(true) => Ok(true),
        Some(false) => Err(somebody_else(given, known)),
        None if known.subject.is_none() && known.email.is_none() => Ok(false),
        None => Err(nobody_knows()),
    }
}

fn somebody_else(given: &Identity, known: &Identity) -> Problem {
    let name =
        |identity: &Identity| identity.email.clone().unwrap_or_else(|| "somebody else".into());
    Problem::new(
        ProblemKind::Conflict,
        "somebody_else",
        format!("{} consented, but this grant belongs to {}.", name(given), name(known)),
        "Nothing was changed. Sign in at the provider with the right account and try again.",
    )
}

fn nobody_knows() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "person_unknown",
        "The provider did not say who consented, so nobody can tell whether it is the person whose grant this is.",
        "Nothing was changed. Add openid and email to the link's scopes, or authorise the link for a new grant.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(issuer: &str, subject: &str, email: &str) -> Identity {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Identity { issuer: some(issuer), subject: some(subject), email: some(email) }
    }

    #[test]
    fn a_person_is_known_by_the_subject_and_else_by_the_address() {
        let (same, unheard) = (Ok(true), Ok(false));
        let (other, untold) = (Err("somebody_else"), Err("person_unknown"));
        let table = [
            (("i", "s", "a@x"), ("i", "s", "b@x"), same),
            (("i", "s", "a@x"), ("", "s", ""), same),
            (("", "s", ""), ("i", "s", ""), same),
            (("i", "s", ""), ("j", "s", ""), other),
            (("i", "s", "a@x"), ("i", "t", "a@x"), other),
            (("i", "s", "A@x"), ("", "", "a@X"), same),
            (("", "", "a@x"), ("i", "s", "a@x"), same),
            (("", "", "a@x"), ("i", "s", "b@x"), other),
            (("i", "s", ""), ("", "", "a@x"), untold),
            (("i", "s", "a@x"), ("", "", ""), untold),
            (("", "", "a@x"), ("i", "s", ""), untold),
            (("", "", ""), ("i", "s", "a@x"), unheard),
            (("", "", ""), ("", "", ""), unheard),
        ];
        for (known, given, expected) in table {
            let (known, given) =
                (person(known.0, known.1, known.2), person(given.0, given.1, given.2));
            let said = is_same_person(&known, &given).map_err(|problem| problem.code);
            assert_eq!(said, expected, "{known:?} and {given:?}");
        }
    }
}
