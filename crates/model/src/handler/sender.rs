//! Rules about senders: an address, a domain with its subdomains, or a pattern.

use std::fmt;
use std::str::FromStr;

use crate::{SenderRuleId, Timestamp};

/// Octets of a rule. An address is not longer (RFC 5321 §4.5.3.1).
const LONGEST: usize = 320;

/// A rule about senders, in lower case.
///
/// | written | means |
/// |---|---|
/// | `ann@example.org` | this address |
/// | `example.org`, `@example.org` | every address there and at its subdomains |
/// | `*@example.org`, `no-reply*@*` | every address that fits, `*` being anything |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SenderRule {
    /// This address.
    Address(String),
    /// Every address at this domain and at its subdomains.
    Domain(String),
    /// Every address that fits, `*` being anything.
    Pattern(String),
}

/// Why a text is no rule about senders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither an address (ann@example.org), nor a domain (example.org), nor a pattern (*@example.org)"
)]
pub struct BadRule(pub String);

impl SenderRule {
    /// Whether it is about this address, which is in lower case.
    pub fn matches(&self, address: &str) -> bool {
        match self {
            Self::Address(own) => own == address,
            Self::Domain(domain) => address.rsplit_once('@').is_some_and(|(_, of)| {
                of == domain
                    || of.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }),
            Self::Pattern(pattern) => fits(pattern, address),
        }
    }
}

impl fmt::Display for SenderRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(text) | Self::Domain(text) | Self::Pattern(text) => f.write_str(text),
        }
    }
}

impl FromStr for SenderRule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let rule = text.trim().to_lowercase();
        let bad = || BadRule(text.trim().chars().take(80).collect());
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c);
        if rule.is_empty() || rule.len() > LONGEST || rule.chars().any(odd) {
            return Err(bad());
        }
        if rule.contains('*') {
            return Ok(Self::Pattern(rule));
        }
        let is_domain =
            |domain: &str| !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.');
        match rule.rsplit_once('@') {
            None | Some(("", _)) => {
                let domain = rule.trim_start_matches('@');
                (is_domain(domain) && domain.contains('.'))
                    .then(|| Self::Domain(domain.to_owned()))
                    .ok_or_else(bad)
            }
            Some((_, domain)) if is_domain(domain) => Ok(Self::Address(rule)),
            Some(_) => Err(bad()),
        }
    }
}

/// Whether a text fits a pattern in which `*` is anything. Linear in practice, and bounded by the product of both lengths:
/// the last star alone is ever tried again.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// One of the two lists that hold for every handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SenderList {
    /// Senders who are trusted.
    Allow,
    /// Senders whose mail is refused.
    Deny,
}

crate::names!(SenderList, "list", { Allow => "allow", Deny => "deny" });

/// A rule that holds for every handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRule {
    /// Its id.
    pub id: SenderRuleId,
    /// On which list it stands.
    pub list: SenderList,
    /// What it says.
    pub rule: SenderRule,
    /// When it was added.
    pub created_at: Timestamp,
}

/// The rules about senders that hold for every handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderLists {
    /// Senders who are trusted: filters for machine-made mail and limits do not hold for them.
    pub allow: Vec<SenderRule>,
    /// Senders whose mail is refused.
    pub deny: Vec<SenderRule>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(rule: &str, address: &str) -> bool {
        rule.parse::<SenderRule>().is_ok_and(|rule| rule.matches(address))
    }

    #[test]
    fn rules_are_addresses_domains_or_patterns() {
        for (rule, address, expected) in [
            ("ann@example.org", "ann@example.org", true),
            ("Ann@Example.org", "ann@example.org", true),
            ("ann@example.org", "joann@example.org", false),
            ("example.org", "ann@example.org", true),
            ("@example.org", "ann@mail.example.org", true),
            ("example.org", "ann@notexample.org", false),
            ("example.org", "ann@example.org.evil.example", false),
            ("*@example.org", "ann@example.org", true),
            ("*@example.org", "ann@mail.example.org", false),
            ("no-reply*@*", "no-reply+1@shop.example", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b", "xbxa", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(rule, address), expected, "{rule} {address}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in
            ["", "  ", "ann", "ann@", "@", "ann bob@example.org", "<ann@example.org>", ".org"]
        {
            assert!(text.parse::<SenderRule>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_little() {
        assert!(!fits(&"*a".repeat(150), &"a".repeat(140)));
        assert!(!fits(&format!("{}b", "*a".repeat(100)), &"a".repeat(300)));
    }
}
