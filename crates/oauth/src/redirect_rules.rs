//! Redirect URLs that a provider is known to refuse, told while they can still be changed.
//!
//! Nothing is refused here: the address follows from this server's base URL, and what a provider takes may change.

use outlink_model::provider::ProviderKind;
use url::{Host, Url};

/// Octets of the longest redirect URL that Microsoft takes.
const LONGEST_AT_MICROSOFT: usize = 256;

/// Why the provider would refuse this redirect URL, one or two sentences each; none where nothing is known against it.
pub fn redirect_warnings(kind: ProviderKind, redirect_url: &str) -> Vec<String> {
    let Ok(url) = Url::parse(redirect_url) else {
        return vec![format!(
            "The redirect URL {redirect_url:?} is not a web address; check the base URL of this server."
        )];
    };
    match kind {
        ProviderKind::Google => google(&url, redirect_url),
        ProviderKind::Microsoft => microsoft(&url, redirect_url),
        ProviderKind::Custom
        | ProviderKind::Yahoo
        | ProviderKind::Aol
        | ProviderKind::Fastmail
        | ProviderKind::Yandex
        | ProviderKind::Github
        | ProviderKind::Gitlab
        | ProviderKind::Bitbucket
        | ProviderKind::Forgejo => anybody(&url),
    }
}

/// Where a host is, as far as it can be told without asking anybody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// This machine, by its name.
    Localhost,
    /// This machine, by its address.
    Loopback,
    /// Another address.
    Address,
    /// A name.
    Name(&'a str),
}

fn place(url: &Url) -> Place<'_> {
    match url.host() {
        Some(Host::Ipv4(address)) if address.is_loopback() => Place::Loopback,
        Some(Host::Ipv6(address)) if address.is_loopback() => Place::Loopback,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Place::Address,
        Some(Host::Domain(name)) => match name.trim_end_matches('.') {
            "localhost" => Place::Localhost,
            name => Place::Name(name),
        },
        None => Place::Name(""),
    }
}

fn anybody(url: &Url) -> Vec<String> {
    let local = matches!(place(url), Place::Localhost | Place::Loopback);
    let plain = url.scheme() != "https" && !local;
    plain
        .then(|| {
            "Most providers take only redirect URLs that begin with https://; give this server's base URL https."
                .to_owned()
        })
        .into_iter()
        .collect()
}

fn google(url: &Url, text: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |text: String| warnings.push(text);
    let place = place(url);
    let local = matches!(place, Place::Localhost | Place::Loopback);
    if url.scheme() != "https" && !local {
        warn(
            "Google takes only redirect URLs that begin with https:// (except for localhost); give this server's base \
             URL https."
                .to_owned(),
        );
    }
    match place {
        Place::Address => warn(
            "Google takes no IP address as the host of a redirect URL; give this server a name under a public top-level \
             domain. It need not be reachable from outside."
                .to_owned(),
        ),
        Place::Name(name) if !under_public_suffix(name) => warn(format!(
            "Google takes only hosts under a public top-level domain, and {name} is not; names such as .local, .lan, \
             .internal or a bare host name are refused. The name need not be reachable from outside."
        )),
        Place::Name(name)
            if name == "googleusercontent.com" || name.ends_with(".googleusercontent.com") =>
        {
            warn("Google takes no redirect URL on googleusercontent.com; use another host name.".to_owned());
        }
        Place::Localhost | Place::Loopback | Place::Name(_) => {}
    }
    if !url.username().is_empty() || url.password().is_some() {
        warn("Google takes no redirect URL with a user name or password in it; remove them from the base URL.".to_owned());
    }
    if url.fragment().is_some() {
        warn("Google takes no redirect URL with a fragment (a part after #); remove it from the base URL.".to_owned());
    }
    if climbs(text) {
        warn(
            "Google takes no redirect URL with /.. in its path; remove it from the base URL."
                .to_owned(),
        );
    }
    if text.contains('*') {
        warn(
            "Google takes no redirect URL with a * in it; remove it from the base URL.".to_owned(),
        );
    }
    if !well_encoded(text) {
        warn(
            "Google takes no redirect URL with unprintable characters or broken percent-encoding; correct the base URL."
                .to_owned(),
        );
    }
    warnings
}

fn microsoft(url: &Url, text: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |text: String| warnings.push(text);
    if url.host() == Some(Host::Ipv6(std::net::Ipv6Addr::LOCALHOST)) {
        warn("Microsoft does not take [::1] in a redirect URL; use localhost.".to_owned());
    } else if url.scheme() != "https" && place(url) != Place::Localhost {
        warn(
            "Microsoft takes only redirect URLs that begin with https:// (except for localhost); give this server's base \
             URL https."
                .to_owned(),
        );
    }
    if text.len() > LONGEST_AT_MICROSOFT {
        warn(format!(
            "Microsoft takes redirect URLs of at most {LONGEST_AT_MICROSOFT} characters, and this one has {}; shorten the \
             base URL.",
            text.len()
        ));
    }
    let refused: Vec<String> = "!$'(),;"
        .chars()
        .filter(|character| text.contains(*character))
        .map(|character| character.to_string())
        .collect();
    if !refused.is_empty() {
        warn(format!(
            "Microsoft takes no redirect URL with the characters {}; remove them from the base URL.",
            refused.join(" ")
        ));
    }
    if url.query().is_some() {
        warn(
            "Microsoft takes no query (a part after ?) in a redirect URL of an application for personal accounts; remove it \
             from the base URL."
                .to_owned(),
        );
    }
    warnings
}

/// Whether the name lies below a suffix of the Public Suffix List, and is none itself. The list answers an unknown
/// top-level domain with the domain itself, which counts as unknown here.
fn under_public_suffix(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    psl::suffix(lower.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < lower.len())
}

/// `/..` and `\..`, also percent-encoded. Looked for in the text, since parsing resolves it.
fn climbs(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plain = lower.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    plain.contains("/..") || plain.contains("\\..")
}

fn well_encoded(text: &str) -> bool {
    let octets = text.as_bytes();
    octets.iter().enumerate().all(|(at, octet)| match octet {
        b'%' => match octets.get(at + 1..at + 3) {
            Some(b"00") => false,
            Some(pair) => pair.iter().all(u8::is_ascii_hexdigit),
            None => false,
        },
        octet => octet.is_ascii_graphic(),
    }) && !text.to_ascii_lowercase().contains("%c0%80")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_refusals_are_warned_of() {
        use ProviderKind::{Custom, Github, Google, Microsoft};
        let long = format!("https://outlink.example.com/{}", "a".repeat(300));
        let table = [
            (Google, "https://outlink.example.com/oauth2/callback/x", vec![]),
            (Google, "http://localhost:8080/oauth2/callback/x", vec![]),
            (Google, "http://127.0.0.1:8080/oauth2/callback/x", vec![]),
            (Google, "http://[::1]:8080/oauth2/callback/x", vec![]),
            (Google, "http://outlink.example.com/x", vec!["https"]),
            (Google, "https://10.1.2.3/x", vec!["IP address"]),
            (Google, "https://[2001:db8::1]/x", vec!["IP address"]),
            (Google, "http://192.168.1.2/x", vec!["https", "IP address"]),
            (Google, "https://outlink.local/x", vec![".local"]),
            (Google, "https://outlink.corp.internal/x", vec![".internal"]),
            (Google, "https://outlink/x", vec!["bare host name"]),
            (Google, "https://co.uk/x", vec!["top-level"]),
            (Google, "https://outlink.co.uk/x", vec![]),
            (Google, "https://OUTLINK.example.COM/x", vec![]),
            (Google, "https://a.googleusercontent.com/x", vec!["googleusercontent"]),
            (Google, "https://u:p@outlink.example.com/x", vec!["user name"]),
            (Google, "https://outlink.example.com/x#y", vec!["fragment"]),
            (Google, "https://outlink.example.com/a/%2E%2e/x", vec!["/.."]),
            (Google, "https://outlink.example.com/*", vec!["*"]),
            (Google, "https://outlink.example.com/%zz", vec!["percent"]),
            (Google, "https://outlink.example.com/%00", vec!["percent"]),
            (Microsoft, "https://outlink.internal/oauth2/callback/x", vec![]),
            (Microsoft, "https://10.1.2.3/x", vec![]),
            (Microsoft, "http://localhost:8080/x", vec![]),
            (Microsoft, "http://127.0.0.1:8080/x", vec!["https"]),
            (Microsoft, "http://[::1]:8080/x", vec!["[::1]"]),
            (Microsoft, "https://outlink.example.com/(x)", vec!["( )"]),
            (Microsoft, "https://outlink.example.com/x?y=1", vec!["query"]),
            (Microsoft, long.as_str(), vec!["256"]),
            (Custom, "https://outlink.internal/x", vec![]),
            (Custom, "http://127.0.0.1/x", vec![]),
            (Github, "http://outlink.example.com/x", vec!["https"]),
            (Custom, "nonsense", vec!["web address"]),
        ];
        for (kind, url, expected) in table {
            let warnings = redirect_warnings(kind, url);
            assert_eq!(warnings.len(), expected.len(), "{kind} {url}: {warnings:?}");
            for (warning, words) in warnings.iter().zip(expected) {
                assert!(
                    warning.contains(words) && warning.ends_with('.'),
                    "{kind} {url}: {warning}"
                );
            }
        }
    }
}
