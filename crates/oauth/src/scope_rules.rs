//! Scope lists that cannot work, told before a link is saved instead of after a consent.
//!
//! Only what is known to fail is refused. What is odd but may work is warned of.

use outlink_model::link::GrantType;
use outlink_model::problem::Problem;
use outlink_model::provider::{Cloud, ProviderKind};

use crate::providers::{check_grant_type, cloud_of, is_tenant_alias};

const FIELD: &str = "scope";

/// Scopes of OpenID Connect, which belong to no resource.
const OF_NO_RESOURCE: [&str; 4] = ["offline_access", "openid", "profile", "email"];

/// Checks the scopes of a link, separated by white space, against what its provider is known to refuse. The answer is
/// sentences to warn with.
///
/// # Errors
/// A [`Problem`] where the list cannot work, with the reason.
pub fn check_scopes(
    kind: ProviderKind,
    grant_type: GrantType,
    token_endpoint: &str,
    scope: &str,
) -> Result<Vec<String>, Problem> {
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    let named = cloud_of(token_endpoint);
    if kind == ProviderKind::Microsoft || named.is_some() {
        return microsoft(grant_type, named, &scopes);
    }
    if kind == ProviderKind::Google {
        check_grant_type(kind, grant_type)?;
        return google(&scopes);
    }
    Ok(Vec::new())
}

fn google(scopes: &[&str]) -> Result<Vec<String>, Problem> {
    not_empty("Google", "https://mail.google.com/", scopes)?;
    let cut = scopes.contains(&"https://mail.google.com");
    Ok(cut
        .then(|| {
            "Google's scope for mail ends with a slash: https://mail.google.com/. Without it, Google may refuse the \
             consent, or grant nothing that a mail server takes."
                .to_owned()
        })
        .into_iter()
        .collect())
}

fn microsoft(
    grant_type: GrantType,
    named: Option<(Cloud, String)>,
    scopes: &[&str],
) -> Result<Vec<String>, Problem> {
    not_empty(
        "Microsoft",
        "offline_access https://outlook.office.com/IMAP.AccessAsUser.All",
        scopes,
    )?;
    let resources: Vec<(&str, Resource<'_>)> = scopes
        .iter()
        .filter(|scope| !OF_NO_RESOURCE.iter().any(|known| known.eq_ignore_ascii_case(scope)))
        .map(|scope| (*scope, Resource::of(scope)))
        .collect();
    one_resource(&resources)?;
    outlook_by_name(&resources)?;
    if grant_type.has_consent() {
        default_alone(&resources)?;
    } else {
        application(named.as_ref(), scopes)?;
    }
    Ok(warnings(grant_type, named, scopes, &resources))
}

/// The resource that a scope of Microsoft belongs to: what stands before its last slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource<'a> {
    /// Exchange Online, in one of the clouds.
    Outlook(Cloud),
    /// Microsoft Graph, in whichever cloud. Scopes without a resource are of it too.
    Graph,
    /// Something else.
    Other(&'a str),
}

impl<'a> Resource<'a> {
    fn of(scope: &'a str) -> Self {
        let Some((scheme, rest)) = scope.split_once("://") else { return Self::Graph };
        let host = rest.split('/').next().unwrap_or_default();
        match host.to_ascii_lowercase().as_str() {
            "outlook.office.com" | "outlook.office365.com" | "ps.outlook.com" => {
                Self::Outlook(Cloud::Worldwide)
            }
            "outlook.office365.us" => Self::Outlook(Cloud::GccHigh),
            "dod-outlook.office365.us" | "outlook-dod.office365.us" => Self::Outlook(Cloud::Dod),
            "partner.outlook.cn" => Self::Outlook(Cloud::China),
            "graph.microsoft.com"
            | "graph.microsoft.us"
            | "dod-graph.microsoft.us"
            | "microsoftgraph.chinacloudapi.cn" => Self::Graph,
            _ => Self::Other(&scope[..scheme.len() + 3 + host.len()]),
        }
    }
}

fn not_empty(provider: &str, example: &str, scopes: &[&str]) -> Result<(), Problem> {
    if !scopes.is_empty() {
        return Ok(());
    }
    Err(Problem::invalid(
        FIELD,
        "scope_missing",
        format!("{provider} refuses requests without scopes."),
        format!("Enter what is to be asked for, such as {example}."),
    ))
}

/// Entra hands out a token for one resource. It refuses several, or silently serves the first one alone.
fn one_resource(resources: &[(&str, Resource<'_>)]) -> Result<(), Problem> {
    let Some((first, rest)) = resources.split_first() else { return Ok(()) };
    let Some(other) = rest.iter().find(|(_, resource)| *resource != first.1) else {
        return Ok(());
    };
    let (a, b) = (first.0, other.0);
    match (first.1, other.1) {
        (Resource::Outlook(_), Resource::Outlook(_)) => Err(Problem::invalid(
            FIELD,
            "scope_clouds_mixed",
            format!(
                "{a} and {b} belong to different clouds of Microsoft, and no account is in both."
            ),
            "Keep the scopes of the cloud that the mailboxes are in, and remove the others.",
        )),
        (Resource::Outlook(_), Resource::Graph) | (Resource::Graph, Resource::Outlook(_)) => {
            Err(Problem::invalid(
                FIELD,
                "scope_resources_mixed",
                format!(
                    "{a} and {b} belong to different resources (Outlook and Microsoft Graph), and a token is for one \
                     resource alone."
                ),
                "Remove the scopes of Microsoft Graph; mail servers take those of Outlook. Scopes without https:// \
                 before them are Microsoft Graph's. For both, make two links.",
            ))
        }
        _ => Err(Problem::invalid(
            FIELD,
            "scope_resources_mixed",
            format!(
                "{a} and {b} belong to different resources, and a token is for one resource alone."
            ),
            "Keep the scopes of one resource, besides offline_access openid email profile, and make another link for \
             the others.",
        )),
    }
}

/// Graph has permissions of the same names, and Entra grants them; mail servers then refuse the token.
fn outlook_by_name(resources: &[(&str, Resource<'_>)]) -> Result<(), Problem> {
    let protocols = ["imap.accessasuser.all", "pop.accessasuser.all", "smtp.send"];
    let wrong = resources.iter().find(|(scope, resource)| {
        let name = scope.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        *resource == Resource::Graph && protocols.contains(&name.as_str())
    });
    let Some((scope, _)) = wrong else { return Ok(()) };
    let name = scope.rsplit('/').next().unwrap_or_default();
    Err(Problem::invalid(
        FIELD,
        "scope_resource_wrong",
        format!(
            "{scope} gives a token for Microsoft Graph, which mail servers refuse although the consent succeeds."
        ),
        format!(
            "Write it with Outlook's address before it: https://outlook.office.com/{name} (in other clouds, their own \
             address)."
        ),
    ))
}

fn is_default(scope: &str) -> bool {
    scope.ends_with("/.default")
}

fn default_alone(resources: &[(&str, Resource<'_>)]) -> Result<(), Problem> {
    let default = resources.iter().find(|(scope, _)| is_default(scope));
    let single = resources.iter().find(|(scope, _)| !is_default(scope));
    let (Some((default, _)), Some((single, _))) = (default, single) else { return Ok(()) };
    Err(Problem::invalid(
        FIELD,
        "scope_default_mixed",
        format!("Microsoft refuses {default} together with single permissions such as {single}."),
        "Keep the single permissions, or .default alone.",
    ))
}

/// Client credentials: one `.default`, and a tenant.
fn application(named: Option<&(Cloud, String)>, scopes: &[&str]) -> Result<(), Problem> {
    if let Some(odd) = scopes.iter().find(|scope| !is_default(scope)) {
        return Err(Problem::invalid(
            FIELD,
            "scope_default_missing",
            format!(
                "With client credentials Microsoft takes only a scope that ends with /.default, and {odd} does not."
            ),
            "Enter https://outlook.office365.com/.default alone (in other clouds, their own address); the permissions \
             themselves stand in the app registration.",
        ));
    }
    match named {
        Some((_, tenant)) if is_tenant_alias(tenant) => Err(Problem::invalid(
            "token_endpoint",
            "tenant_needed",
            format!(
                "With client credentials nobody signs in, so Microsoft cannot work with {tenant} as the tenant in the token \
                 endpoint."
            ),
            format!(
                "Replace {tenant} in the token endpoint by the tenant's id (Directory ID) or one of its domains."
            ),
        )),
        _ => Ok(()),
    }
}

fn warnings(
    grant_type: GrantType,
    named: Option<(Cloud, String)>,
    scopes: &[&str],
    resources: &[(&str, Resource<'_>)],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let begins =
        |start: &str| scopes.iter().any(|scope| scope.to_ascii_lowercase().starts_with(start));
    if begins("https://outlook.office.com/") && begins("https://outlook.office365.com/") {
        warnings.push(
            "The scopes name both outlook.office.com and outlook.office365.com. They are two names of one resource, but \
             Microsoft may refuse them together; keep one of them."
                .to_owned(),
        );
    }
    let is_offline = |scope: &&str| scope.eq_ignore_ascii_case("offline_access");
    if grant_type.has_consent() && !scopes.iter().any(is_offline) {
        warnings.push(
            "Without offline_access Microsoft hands out no refresh token, and the grant ends within the hour; add it."
                .to_owned(),
        );
    }
    let outlook = resources.iter().find_map(|(scope, resource)| match resource {
        Resource::Outlook(cloud) => Some((*scope, *cloud)),
        Resource::Graph | Resource::Other(_) => None,
    });
    if let (Some((cloud, _)), Some((scope, of))) = (named, outlook) {
        // GCC High and DoD sign in at the same host.
        let same = cloud == of || (cloud == Cloud::GccHigh && of == Cloud::Dod);
        if !same {
            warnings.push(format!(
                "{scope} seems to belong to another cloud of Microsoft than the token endpoint; compare both with the cloud \
                 that the mailboxes are in."
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests;
