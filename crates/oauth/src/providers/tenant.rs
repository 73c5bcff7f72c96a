//! Microsoft's clouds and tenants, and which of them an endpoint names.

use outlink_model::problem::Problem;
use outlink_model::provider::Cloud;
use url::Url;

/// Names that stand for tenants of many organisations or for personal accounts, and for no one tenant.
const ALIASES: [&str; 3] = ["common", "organizations", "consumers"];

/// Where people of a cloud sign in.
pub(super) fn login_host(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide | Cloud::Gcc => "login.microsoftonline.com",
        Cloud::GccHigh | Cloud::Dod => "login.microsoftonline.us",
        Cloud::China => "login.partner.microsoftonline.cn",
    }
}

/// The cloud and the tenant that an endpoint of Microsoft names; `None` for any other address. GCC shares its hosts
/// with the worldwide cloud, and DoD with GCC High, so those two are what is answered.
pub fn cloud_of(endpoint: &str) -> Option<(Cloud, String)> {
    let url = Url::parse(endpoint.trim()).ok()?;
    let cloud = match url.host_str()? {
        "login.microsoftonline.com" => Cloud::Worldwide,
        "login.microsoftonline.us" => Cloud::GccHigh,
        // The second is an older name that still answers.
        "login.partner.microsoftonline.cn" | "login.chinacloudapi.cn" => Cloud::China,
        _ => return None,
    };
    let tenant = url.path_segments()?.next().filter(|segment| !segment.is_empty())?;
    Some((cloud, tenant.to_ascii_lowercase()))
}

/// The issuer that an id_token for an account of `tenant` names, where the token endpoint is Microsoft's: Entra's of that
/// cloud, in the form of the endpoint's version. `None` for any other endpoint.
pub(crate) fn issuer_of(token_endpoint: &str, tenant: &str) -> Option<String> {
    let (cloud, _) = cloud_of(token_endpoint)?;
    Some(match (token_endpoint.contains("/v2.0/"), cloud) {
        (true, _) => format!("https://{}/{tenant}/v2.0", login_host(cloud)),
        (false, Cloud::China) => format!("https://sts.chinacloudapi.cn/{tenant}/"),
        (false, _) => format!("https://sts.windows.net/{tenant}/"),
    })
}

/// Whether this names many tenants, or none.
pub(crate) fn is_alias(tenant: &str) -> bool {
    ALIASES.contains(&tenant)
}

/// Whether this is the id of a tenant.
pub(crate) fn is_id(tenant: &str) -> bool {
    let parts: Vec<&str> = tenant.split('-').collect();
    parts.len() == 5
        && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| {
            part.len() == length && part.bytes().all(|octet| octet.is_ascii_hexdigit())
        })
}

/// A tenant as it stands in an endpoint: one of the aliases, an id, or a domain. Anything else is refused, since it
/// becomes a part of an address.
pub(super) fn check_tenant(text: &str) -> Result<String, Problem> {
    let tenant = text.trim().to_ascii_lowercase();
    if is_alias(&tenant) || is_id(&tenant) || is_domain(&tenant) {
        return Ok(tenant);
    }
    Err(Problem::invalid(
        "tenant",
        "tenant_invalid",
        format!("{:?} is no tenant of Microsoft.", text.trim()),
        "Enter common, organizations, consumers, the tenant's id (Directory ID, such as \
         72f988bf-0000-0000-0000-2d7cd011db47) or one of its domains, such as contoso.onmicrosoft.com.",
    ))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        // What ends in digits is an IP address.
        && !last.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_taken_or_refused() {
        for good in [
            "common",
            " Organizations ",
            "consumers",
            "11111111-2222-3333-4444-5555abcdef00",
            "contoso.onmicrosoft.com",
            "xn--bcher-kva.example",
        ] {
            assert!(check_tenant(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "contoso",
            "common/oauth2",
            "contoso.com/..",
            "a..b",
            "-a.example",
            "10.0.0.1",
            "11111111-2222-3333-4444",
            "contoso.com?x=1",
            "münchen.example",
        ] {
            let problem = check_tenant(bad).expect_err(bad);
            assert_eq!((problem.field, problem.code), (Some("tenant"), "tenant_invalid"), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_names_its_cloud() {
        let table = [
            (
                "https://login.microsoftonline.com/common/oauth2/v2.0/token",
                Some((Cloud::Worldwide, "common")),
            ),
            (
                "https://login.microsoftonline.us/Contoso.US/oauth2/v2.0/token",
                Some((Cloud::GccHigh, "contoso.us")),
            ),
            ("https://login.chinacloudapi.cn/common/", Some((Cloud::China, "common"))),
            ("https://login.microsoftonline.com/", None),
            ("https://login.microsoftonline.com.evil.example/common/", None),
            ("https://as.example/common/oauth2/v2.0/token", None),
            ("nonsense", None),
        ];
        for (endpoint, expected) in table {
            let expected = expected.map(|(cloud, tenant)| (cloud, tenant.to_owned()));
            assert_eq!(cloud_of(endpoint), expected, "{endpoint}");
        }
    }
}
