//! The test of a link: one report of named steps. It sends nothing that changes anything, and what it finds is held
//! against no grant.

use std::time::Instant;

use outlink_model::Secret;
use outlink_model::grant::Trouble;
use outlink_model::link::{GrantType, Link};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::step::{Step, StepStatus};
use outlink_oauth::{self as oauth, Method, Request};
use url::Url;

use super::fields::words;
use crate::inspect::{self, clock_skew};
use crate::{Engine, Error};

mod answers;
mod client;

use answers::{authorization_answer, other_answer, token_answer};

/// The steps in the order of the report.
const STEPS: [&str; 14] = [
    "base_url",
    "clock",
    "resolve",
    "connect",
    "tls",
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "client",
    "scope",
    "redirect_url",
];

/// Signed assertions are refused by most providers when the clocks are further apart than this.
const MOST_SKEW: i64 = 60;

/// What a test found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkReport {
    /// Whether no step failed.
    pub ok: bool,
    /// The steps in their order.
    pub steps: Vec<Step>,
}

/// How a step went: what was found, and what to do.
struct Found {
    status: StepStatus,
    message: String,
    hint: String,
}

impl Found {
    fn ok(message: impl Into<String>) -> Self {
        Self { status: StepStatus::Ok, message: message.into(), hint: String::new() }
    }

    fn skipped(message: impl Into<String>) -> Self {
        Self { status: StepStatus::Skipped, ..Self::ok(message) }
    }

    fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status: StepStatus::Failed, message: message.into(), hint: hint.into() }
    }

    fn trouble(trouble: Trouble) -> Self {
        Self::failed(trouble.told("It"), trouble.hint)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    fn step(self, id: &'static str, begun: Instant) -> Step {
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Step { id, status: self.status, message: self.message, hint: self.hint, ms }
    }
}

impl Engine {
    /// Tests a link, step by step. Nothing here or at the provider is changed, and no grant is touched.
    ///
    /// # Errors
    /// [`Problem::not_found`](outlink_model::problem::Problem::not_found). What does not work stands in the report.
    pub async fn test_link(&self, named: &str) -> Result<LinkReport, Error> {
        let link = self.link(named).await?;
        let mut steps = vec![base_url(self.base_url()).step("base_url", Instant::now())];
        steps.extend(self.look_at_way(&link.token_endpoint).await);
        let reached = steps.iter().all(|step| step.status != StepStatus::Failed);
        let begun = Instant::now();
        steps.push(self.try_authorization(&link).await.step("authorization_endpoint", begun));
        let unreached = || Found::skipped("Not tried, since the token endpoint cannot be reached.");
        let begun = Instant::now();
        let (token, clock) = match reached {
            true => self.try_token_endpoint(&link).await,
            false => (unreached(), unreached()),
        };
        let answers = token.status == StepStatus::Ok;
        steps.push(token.step("token_endpoint", begun));
        steps.push(clock.step("clock", Instant::now()));
        for (id, endpoint) in others(&link) {
            let begun = Instant::now();
            // What the token endpoint's host has not answered needs no second time limit.
            let found = match endpoint {
                Some(url) if reached || oauth::is_elsewhere(url, &link.token_endpoint) => {
                    self.try_other(&link, id, url).await
                }
                Some(_) => unreached(),
                None => Found::skipped(match id {
                    "device_authorization_endpoint" => {
                        format!("The grant type {} has no use for one.", link.grant_type)
                    }
                    _ => "The link names none.".to_owned(),
                }),
            };
            steps.push(found.step(id, begun));
        }
        let begun = Instant::now();
        let client = match (reached, answers) {
            (true, true) => self.try_client(&link).await,
            (true, false) => {
                Found::skipped("Not tried, since the token endpoint does not answer like one.")
            }
            (false, _) => unreached(),
        };
        steps.push(client.step("client", begun));
        let begun = Instant::now();
        steps.push(self.look_at_scope(&link).await.step("scope", begun));
        let url = self.redirect_url_of(&link);
        let redirect = redirect_url(link.provider, link.grant_type, url.as_deref());
        steps.push(redirect.step("redirect_url", Instant::now()));
        steps.sort_by_key(|step| STEPS.iter().position(|id| *id == step.id));
        Ok(LinkReport {
            ok: steps.iter().all(|step| step.status != StepStatus::Failed),
            steps: without_secrets(steps, &link),
        })
    }

    /// From the name of the token endpoint's host to a secure connection.
    async fn look_at_way(&self, endpoint: &str) -> Vec<Step> {
        let url = Url::parse(endpoint).ok();
        let Some((host, port)) =
            url.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)))
        else {
            let found = Found::failed("The token endpoint is not a web address.", "Correct it.");
            return vec![found.step("resolve", Instant::now())];
        };
        if url.as_ref().is_some_and(|url| url.scheme() == "https") {
            return self.inspect(host, port).await;
        }
        // Plain http is for this machine alone, and has nothing to look at after the connection.
        let settings = &self.0.settings;
        let limit = settings.limits.connect;
        let found = inspect::resolve(&settings.egress, host, port, limit).await;
        let mut steps = vec![found.step("resolve", |route| route.found())];
        if let Ok(route) = found.went {
            let opened = inspect::connect(&route, &self.0.tls, limit).await;
            steps.push(opened.step("connect", |_| route.answered()));
        } else {
            steps.push(
                Found::skipped("Not tried, since an earlier step failed.")
                    .step("connect", Instant::now()),
            );
        }
        let plain = Found::skipped("The token endpoint is plain http on this machine.");
        steps.push(plain.step("tls", Instant::now()));
        steps
    }

    async fn try_authorization(&self, link: &Link) -> Found {
        let Some(endpoint) = &link.authorization_endpoint else {
            return Found::skipped(format!(
                "With the grant type {} no browser is sent anywhere.",
                link.grant_type
            ));
        };
        match self.0.http.get(endpoint).await {
            Err(trouble) => Found::trouble(trouble),
            Ok(response) => authorization_answer(&response),
        }
    }

    /// Asks the token endpoint for nothing at all. What it answers to that shows whether it is one, and what its clock
    /// says.
    async fn try_token_endpoint(&self, link: &Link) -> (Found, Found) {
        match self.0.http.send(&nothing_at_all(&link.token_endpoint)).await {
            Err(failure) => (
                Found::trouble(failure.trouble),
                Found::skipped("There was no answer to take the time from."),
            ),
            Ok(response) => {
                let skew = clock_skew(&response, self.now()).map(|skew| skew.as_secs());
                (token_answer("token endpoint", link.provider, &response), clock(skew))
            }
        }
    }

    /// Asks another endpoint for nothing at all, without showing it anything.
    async fn try_other(&self, link: &Link, id: &'static str, url: &str) -> Found {
        let answer = match id {
            "userinfo_endpoint" => self.0.http.get(url).await,
            _ => {
                let sent = self.0.http.send(&nothing_at_all(url)).await;
                sent.map_err(|failure| failure.trouble)
            }
        };
        match (answer, id) {
            (Err(trouble), _) => Found::trouble(trouble),
            (Ok(response), "device_authorization_endpoint") => {
                token_answer("device authorization endpoint", link.provider, &response)
            }
            (Ok(response), id) => other_answer(&words(id), &response),
        }
    }

    async fn look_at_scope(&self, link: &Link) -> Found {
        let checked =
            oauth::check_scopes(link.provider, link.grant_type, &link.token_endpoint, &link.scope);
        let warnings = match checked {
            Ok(warnings) => warnings,
            Err(problem) => return Found::failed(problem.message, problem.hint),
        };
        let count = link.scope.split_whitespace().count();
        let asked = match count {
            0 => "No scope is asked for; the provider decides.".to_owned(),
            1 => format!("{} is asked for.", link.scope),
            count => format!("{count} scopes are asked for: {}.", link.scope),
        };
        let compared = match &link.issuer {
            None => String::new(),
            Some(issuer) => match self.discover(issuer).await {
                Ok(found) => {
                    format!(" {}", compare(&link.scope, &found.metadata.scopes_supported))
                }
                Err(error) => uncompared(&error.problem()),
            },
        };
        Found::ok(format!("{asked}{compared}")).hint(warnings.join(" "))
    }
}

/// The endpoints that are not needed for every token.
fn others(link: &Link) -> [(&'static str, Option<&String>); 4] {
    [
        ("device_authorization_endpoint", link.device_authorization_endpoint.as_ref()),
        ("revocation_endpoint", link.revocation_endpoint.as_ref()),
        ("introspection_endpoint", link.introspection_endpoint.as_ref()),
        ("userinfo_endpoint", link.userinfo_endpoint.as_ref()),
    ]
}

/// A form with nothing in it.
fn nothing_at_all(url: &str) -> Request {
    Request {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![
            ("Accept", Secret::new("application/json")),
            ("Content-Type", Secret::new("application/x-www-form-urlencoded")),
        ],
        body: Some(Secret::new("")),
    }
}

/// Why the scopes could not be compared. That an issuer publishes nothing is no fault; anything else is worth a look,
/// and breaks nothing by itself.
fn uncompared(problem: &Problem) -> String {
    match problem.code {
        "metadata_absent" => " The issuer publishes no metadata to compare them with.".into(),
        _ => {
            let said = oauth::redact(&problem.message, &[]);
            format!(
                " They could not be compared with the issuer's metadata: {said} {}",
                problem.hint
            )
        }
    }
}

/// How people reach this server: providers send browsers back to it.
fn base_url(base_url: &str) -> Found {
    let url = Url::parse(base_url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok();
    let loopback = host == "localhost"
        || host.ends_with(".localhost")
        || address.is_some_and(|address| address.is_loopback());
    let https = url.as_ref().is_some_and(|url| url.scheme() == "https");
    match (https, loopback) {
        (true, false) => Found::ok(format!("People reach this server at {base_url}.")),
        (_, true) => Found::ok(format!("{base_url} is reached from this machine alone.")).hint(
            "Only somebody who sits at this machine can consent. Set base_url to a public https address for others.",
        ),
        (false, false) => Found::failed(
            format!("People reach this server at {base_url}, which is not https."),
            "Set base_url to an https address.",
        ),
    }
}

fn clock(skew: Option<i64>) -> Found {
    let Some(skew) = skew else {
        return Found::skipped("The token endpoint does not tell the time.");
    };
    let apart = skew.unsigned_abs();
    if skew.abs() <= MOST_SKEW {
        return Found::ok(match apart {
            0..=1 => "Both clocks agree.".to_owned(),
            _ => format!("The clocks are {apart} seconds apart."),
        });
    }
    let side = if skew > 0 { "behind" } else { "ahead of" };
    Found::failed(
        format!("This server's clock is {apart} seconds {side} the provider's."),
        "Have this machine's clock set by NTP: signed assertions are refused, and tokens are renewed too early or too \
         late.",
    )
}

fn compare(scope: &str, supported: &[String]) -> String {
    if supported.is_empty() {
        return "The issuer's metadata list no scopes.".into();
    }
    let unknown = |scope: &&str| !supported.iter().any(|known| known == scope);
    let unknown: Vec<_> = scope.split_whitespace().filter(unknown).collect();
    match unknown.as_slice() {
        [] => "The issuer's metadata list all of them.".into(),
        unknown => format!(
            "The issuer's metadata do not list {}, though a server need not list all that it knows.",
            unknown.join(", ")
        ),
    }
}

fn redirect_url(provider: ProviderKind, grant_type: GrantType, url: Option<&str>) -> Found {
    let Some(url) = url else {
        return Found::skipped(format!("The grant type {grant_type} has no redirect URL."));
    };
    let warnings = oauth::redirect_warnings(provider, url).join(" ");
    let registered = format!("To be registered at the provider, letter by letter: {url}");
    // Of these two the rules are known; of the others it is known what most do.
    let known = matches!(provider, ProviderKind::Google | ProviderKind::Microsoft);
    match (known, warnings.is_empty()) {
        (true, false) => Found::failed(
            format!("The provider refuses the redirect URL {url}. {warnings}"),
            "Change base_url of this server, and register the redirect URL that comes of it.",
        ),
        _ => Found::ok(registered).hint(warnings),
    }
}

/// A provider may repeat what it was sent. Keeps **Secrets stay in**.
fn without_secrets(steps: Vec<Step>, link: &Link) -> Vec<Step> {
    let cut = |text: String| {
        let mut secrets = link.secrets().map(Secret::expose).filter(|secret| secret.len() >= 4);
        if secrets.any(|secret| text.contains(secret)) {
            oauth::redact(&text, &link.secrets().collect::<Vec<_>>())
        } else {
            text
        }
    };
    let cut = |step: Step| Step { message: cut(step.message), hint: cut(step.hint), ..step };
    steps.into_iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_a_minute_apart() {
        use StepStatus::{Failed, Ok, Skipped};
        for (skew, expected) in [
            (None, Skipped),
            (Some(0), Ok),
            (Some(-60), Ok),
            (Some(61), Failed),
            (Some(-3600), Failed),
        ] {
            assert_eq!(clock(skew).status, expected, "{skew:?}");
        }
        assert!(clock(Some(100)).message.contains("behind"));
        assert!(clock(Some(-100)).message.contains("ahead of"));
    }

    #[test]
    fn where_people_reach_us() {
        use StepStatus::{Failed, Ok};
        for (url, status, hinted) in [
            ("https://outlink.example.org", Ok, false),
            ("http://localhost:8080", Ok, true),
            ("https://127.0.0.1", Ok, true),
            ("http://[::1]:1", Ok, true),
            ("http://outlink.example.org", Failed, true),
        ] {
            let found = base_url(url);
            assert_eq!((found.status, !found.hint.is_empty()), (status, hinted), "{url}");
        }
    }

    #[test]
    fn a_redirect_url_that_the_provider_refuses_is_no_good() {
        use ProviderKind::{Custom, Google, Microsoft};
        use StepStatus::{Failed, Ok, Skipped};
        let code = GrantType::AuthorizationCode;
        for (provider, grant_type, url, expected) in [
            (Google, code, Some("https://outlink.example.org/oauth/callback/x"), Ok),
            (Google, code, Some("https://outlink.internal/oauth/callback/x"), Failed),
            (Microsoft, code, Some("http://outlink.example.org/oauth/callback/x"), Failed),
            // Most refuse it, and it is not known whether this one does.
            (Custom, code, Some("http://outlink.example.org/oauth/callback/x"), Ok),
            (Google, GrantType::DeviceCode, None, Skipped),
        ] {
            let found = redirect_url(provider, grant_type, url);
            assert_eq!(found.status, expected, "{provider} {url:?}: {}", found.message);
            assert!(found.status != Failed || !found.hint.is_empty());
        }
        let told = redirect_url(Custom, code, Some("http://outlink.example.org/x"));
        assert!(told.hint.contains("https"), "{}", told.hint);
    }
}
