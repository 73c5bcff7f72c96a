//! Whether the provider accepts the client, found out without a person and without a token of anybody's.

use outlink_model::grant::{Failure, FailureClass, Trouble};
use outlink_model::link::{ClientAuth, ClientSecret, GrantType, Link};
use outlink_model::provider::{Cloud, ProviderKind};
use outlink_model::step::StepStatus;
use outlink_oauth::{
    self as oauth, CredentialProbe, DevicePoll, Fresh, Request, Response, Verifier,
};
use serde_json::Value;

use super::Found;
use crate::{Engine, Error, clock};

/// A question that shows whether the client is known and its secret is right.
enum Probe {
    /// A token for the client itself, under this link: the one that is tested, or one made up for the question.
    Credentials(Box<Link>),
    /// Tokens for a code that nobody gave out. A server that looks at the client first says of the right one that the
    /// code is wrong.
    Code,
    /// The same with a device code.
    DeviceCode,
    /// A token for an assertion that names nobody.
    Assertion,
    /// There is none, for this reason.
    Nothing(String),
}

/// What an answer shows.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Accepted,
    Refused(Trouble),
    /// Neither; in words.
    Nothing(String),
}

impl Engine {
    pub(super) async fn try_client(&self, link: &Link) -> Found {
        let probe = probe_of(link);
        if let Probe::Nothing(why) = probe {
            return Found::skipped(why);
        }
        if link.client_secrets.is_empty() {
            return found(link.client_auth, vec![self.probe(link, &probe).await]);
        }
        let mut shown = Vec::new();
        for secret in &link.client_secrets {
            shown.push(self.probe(&with_only(link, secret), &probe_with(&probe, secret)).await);
        }
        found(link.client_auth, shown)
    }

    async fn probe(&self, link: &Link, probe: &Probe) -> Shown {
        let request = match self.question(link, probe) {
            Ok(Ok(request)) => request,
            Ok(Err(failure)) => return Shown::Refused(failure.trouble),
            Err(error) => return Shown::Nothing(error.problem().message),
        };
        match self.0.http.send(&request).await {
            Err(failure) => Shown::Nothing(failure.trouble.reason),
            Ok(response) => self.read_answer(link, probe, &response),
        }
    }

    fn question(&self, link: &Link, probe: &Probe) -> Result<Result<Request, Failure>, Error> {
        let fresh = Fresh { now: self.now(), jti: clock::random_text()?.expose().to_owned() };
        let nobodys = clock::random_text()?;
        Ok(match probe {
            Probe::Credentials(asked) => oauth::client_credentials_request(asked, &fresh),
            Probe::Assertion => oauth::jwt_bearer_request(link, &fresh, None),
            Probe::DeviceCode => oauth::device_token_request(link, &fresh, &nobodys),
            Probe::Code | Probe::Nothing(_) => {
                let redirect = self.redirect_url_of(link).unwrap_or_default();
                let verifier = Verifier::from_random(clock::random()?);
                let verifier = link.pkce.then_some(&verifier);
                oauth::code_request(link, &fresh, &redirect, &nobodys, verifier)
            }
        })
    }

    fn read_answer(&self, link: &Link, probe: &Probe, response: &Response) -> Shown {
        let (provider, now) = (link.provider, self.now());
        let failure = match probe {
            Probe::Credentials(_) | Probe::Assertion => {
                oauth::parse_token_response(provider, response, now).err()
            }
            Probe::Code | Probe::Nothing(_) => {
                oauth::parse_code_response(provider, response, now).err()
            }
            Probe::DeviceCode => match oauth::parse_device_response(provider, response, now) {
                Ok(_) => None,
                Err(DevicePoll::Failed(failure)) => Some(failure),
                Err(DevicePoll::Over(trouble)) => Some(Failure::new(FailureClass::Ended, trouble)),
                Err(DevicePoll::Pending | DevicePoll::SlowDown) => return Shown::Accepted,
            },
        };
        let secrets: Vec<_> = link.secrets().collect();
        let failure = failure.map(|failure| oauth::without_secrets(failure, &secrets));
        let error = error_code(response);
        shown(probe, link.grant_type, error.as_deref(), failure)
    }
}

/// The question that fits a link.
fn probe_of(link: &Link) -> Probe {
    let nothing = |why: &str| Probe::Nothing(why.to_owned());
    if !link.enabled {
        return nothing("The link is disabled, so its client is not shown to anybody.");
    }
    match link.grant_type {
        GrantType::ClientCredentials => return Probe::Credentials(Box::new(link.clone())),
        GrantType::JwtBearer => return Probe::Assertion,
        GrantType::AuthorizationCode | GrantType::DeviceCode => {}
    }
    match oauth::preset(link.provider).credential_probe {
        CredentialProbe::None => {
            nothing("No way is known to ask this provider about a client without a person.")
        }
        CredentialProbe::BogusCode if link.grant_type == GrantType::DeviceCode => Probe::DeviceCode,
        CredentialProbe::BogusCode => Probe::Code,
        CredentialProbe::ClientCredentials if link.client_auth == ClientAuth::None => {
            nothing("A public client has nothing that could be refused.")
        }
        CredentialProbe::ClientCredentials => {
            let mut asked = link.clone();
            asked.grant_type = GrantType::ClientCredentials;
            if link.provider == ProviderKind::Microsoft {
                match graph_of(&link.token_endpoint) {
                    Ok(scope) => asked.scope = scope,
                    Err(why) => return Probe::Nothing(why),
                }
            }
            Probe::Credentials(Box::new(asked))
        }
    }
}

/// What every application of a tenant may ask a token for, whatever it was allowed. It opens nothing by that.
fn graph_of(token_endpoint: &str) -> Result<String, String> {
    let Some((cloud, tenant)) = oauth::cloud_of(token_endpoint) else {
        return Err(
            "The token endpoint is not one of Microsoft's, so it is not known how to ask it."
                .into(),
        );
    };
    if ["common", "organizations", "consumers"].contains(&tenant.as_str()) {
        return Err(format!(
            "With the tenant {tenant} Microsoft tells nobody about a client before a person consents; with the \
             tenant's own id it would."
        ));
    }
    let host = match cloud {
        Cloud::Worldwide | Cloud::Gcc => "graph.microsoft.com",
        Cloud::GccHigh => "graph.microsoft.us",
        Cloud::Dod => "dod-graph.microsoft.us",
        Cloud::China => "microsoftgraph.chinacloudapi.cn",
    };
    Ok(format!("https://{host}/.default"))
}

fn with_only(link: &Link, secret: &ClientSecret) -> Link {
    Link { client_secrets: vec![secret.clone()], ..link.clone() }
}

fn probe_with(probe: &Probe, secret: &ClientSecret) -> Probe {
    match probe {
        Probe::Credentials(asked) => Probe::Credentials(Box::new(with_only(asked, secret))),
        Probe::Code => Probe::Code,
        Probe::DeviceCode => Probe::DeviceCode,
        Probe::Assertion => Probe::Assertion,
        Probe::Nothing(why) => Probe::Nothing(why.clone()),
    }
}

/// The `error` of an answer (RFC 6749 §5.2).
fn error_code(response: &Response) -> Option<String> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    Some(body.get("error")?.as_str()?.to_owned())
}

/// What an answer shows of the client. Nothing is made of answers that could mean either.
fn shown(
    probe: &Probe,
    grant_type: GrantType,
    error: Option<&str>,
    failure: Option<Failure>,
) -> Shown {
    let Some(failure) = failure else {
        return match probe {
            Probe::Credentials(_) | Probe::Assertion => Shown::Accepted,
            _ => Shown::Nothing("It gave tokens for a code that nobody had given out.".into()),
        };
    };
    let words =
        failure.trouble.provider_error.clone().unwrap_or_else(|| failure.trouble.reason.clone());
    let refused = failure.class == FailureClass::Link || error == Some("invalid_client");
    match (probe, error) {
        _ if refused => Shown::Refused(failure.trouble),
        // The second is GitHub's, the third is of RFC 8628 §3.5.
        (
            Probe::Code | Probe::DeviceCode,
            Some("invalid_grant" | "bad_verification_code" | "expired_token"),
        ) => Shown::Accepted,
        (Probe::Code | Probe::DeviceCode, Some("unauthorized_client")) => {
            Shown::Refused(failure.trouble)
        }
        // Here the grant is the assertion itself: its signature, its times, its issuer.
        (Probe::Assertion, Some("invalid_grant")) => Shown::Refused(failure.trouble),
        _ if failure.class == FailureClass::Passing => Shown::Nothing(words),
        // What is really meant to be asked for, so any refusal is one.
        (Probe::Credentials(_), Some(_)) if grant_type == GrantType::ClientCredentials => {
            Shown::Refused(failure.trouble)
        }
        _ => Shown::Nothing(words),
    }
}

/// One line for one secret or two.
fn found(auth: ClientAuth, shown: Vec<Shown>) -> Found {
    let what = match auth {
        ClientAuth::None => "The provider knows the client",
        _ => "The provider accepts the client",
    };
    let mut shown = shown.into_iter();
    let (first, second) = (shown.next(), shown.next());
    match (first, second) {
        (Some(Shown::Accepted), None) => Found::ok(format!("{what}.")),
        (Some(Shown::Accepted), Some(Shown::Accepted)) => {
            Found::ok(format!("{what} with either of its two secrets."))
        }
        (Some(Shown::Accepted), Some(other)) => Found::ok(format!(
            "{what}. With the second secret it says: {}",
            words(other)
        ))
        .hint("Nothing depends on the second secret while the first one is accepted."),
        (Some(other), Some(Shown::Accepted)) => {
            Found::ok(format!("{what} with the second secret. With the first it says: {}", words(other)))
                .hint("The second one is used from the next refusal on; make sure that the first one was entered whole.")
        }
        (Some(Shown::Refused(trouble)), _) | (_, Some(Shown::Refused(trouble))) => {
            Found::trouble(trouble)
        }
        (Some(Shown::Nothing(words)), _) => {
            Found::skipped(format!("The answer proves nothing about the client: {words}"))
        }
        (None, _) => Found { status: StepStatus::Skipped, ..Found::ok("Nothing was asked.") },
    }
}

fn words(shown: Shown) -> String {
    match shown {
        Shown::Accepted => "accepted".into(),
        Shown::Refused(trouble) => trouble.provider_error.unwrap_or(trouble.reason),
        Shown::Nothing(words) => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::grant::Actor;

    fn failure(class: FailureClass) -> Option<Failure> {
        Some(Failure::new(
            class,
            Trouble {
                actor: Actor::LinkAdministrator,
                reason: "No.".into(),
                hint: "Do.".into(),
                provider_error: Some("words".into()),
            },
        ))
    }

    #[test]
    fn what_an_answer_shows_of_the_client() {
        use FailureClass::{Blocked, Ended, Link, Passing};
        let code = || Probe::Code;
        let table: [(fn() -> Probe, _, _, _); 9] = [
            (code, Some("invalid_grant"), Ended, "accepted"),
            (code, Some("bad_verification_code"), Passing, "accepted"),
            (code, Some("invalid_client"), Link, "refused"),
            (code, Some("unauthorized_client"), Blocked, "refused"),
            (code, Some("invalid_request"), Blocked, "nothing"),
            (code, None, Passing, "nothing"),
            (|| Probe::DeviceCode, Some("expired_token"), Ended, "accepted"),
            (|| Probe::Assertion, Some("invalid_grant"), Ended, "refused"),
            (|| Probe::Assertion, Some("invalid_scope"), Blocked, "nothing"),
        ];
        for (probe, error, class, expected) in table {
            let shown = shown(&probe(), GrantType::AuthorizationCode, error, failure(class));
            let name = match shown {
                Shown::Accepted => "accepted",
                Shown::Refused(_) => "refused",
                Shown::Nothing(_) => "nothing",
            };
            assert_eq!(name, expected, "{error:?}");
        }
    }

    #[test]
    fn microsoft_is_asked_only_where_the_tenant_is_named() {
        let at = |host: &str, tenant: &str| {
            graph_of(&format!("https://{host}/{tenant}/oauth2/v2.0/token"))
        };
        let scope = at("login.microsoftonline.com", "contoso.example").unwrap();
        assert_eq!(scope, "https://graph.microsoft.com/.default");
        assert!(at("login.microsoftonline.us", "contoso.example").unwrap().contains(".us/"));
        assert!(at("login.microsoftonline.com", "common").is_err());
        assert!(at("login.example.org", "contoso.example").is_err());
    }

    #[test]
    fn two_secrets_make_one_line() {
        let refused = || Shown::Refused(failure(FailureClass::Link).unwrap().trouble);
        let status = |shown| found(ClientAuth::Basic, shown).status;
        assert_eq!(status(vec![Shown::Accepted, refused()]), StepStatus::Ok);
        assert_eq!(status(vec![refused(), Shown::Accepted]), StepStatus::Ok);
        assert_eq!(status(vec![refused(), refused()]), StepStatus::Failed);
        assert_eq!(status(vec![Shown::Nothing("x".into())]), StepStatus::Skipped);
    }
}
