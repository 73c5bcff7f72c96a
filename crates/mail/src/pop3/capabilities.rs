//! What a server says that it can do.

use std::time::Duration;

use crate::sasl::Mechanism;

/// The longest delay between two sign-ins that is believed.
const DELAY: u64 = 24 * 3600;

/// Capabilities, in upper case, each with its arguments (RFC 2449 §5). None where the server does not tell: that says
/// nothing about what it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Reads the lines that follow the answer to CAPA.
    pub fn parse(lines: &str) -> Self {
        let mut capabilities = Self::default();
        lines.lines().for_each(|line| capabilities.add(line));
        capabilities
    }

    pub(super) fn add(&mut self, line: &str) {
        // What is no word of printable ASCII means nothing, and people are shown what a server offers.
        let words = line.split_ascii_whitespace();
        let words = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_graphic()));
        let words: Vec<String> = words.map(str::to_ascii_uppercase).collect();
        if !words.is_empty() {
            self.0.push(words.join(" "));
        }
    }

    /// Whether this one is among them. `name` is in upper case.
    pub fn has(&self, name: &str) -> bool {
        self.arguments(name).is_some()
    }

    /// The SASL mechanisms that are offered.
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.arguments("SASL").into_iter().flat_map(str::split_ascii_whitespace)
    }

    /// How a token is best shown: by OAUTHBEARER where that is offered, otherwise by XOAUTH2, which servers take that do
    /// not say so.
    pub fn mechanism(&self) -> Mechanism {
        let bearer = Mechanism::OAuthBearer;
        let is_offered = self.mechanisms().any(|offered| offered == bearer.as_str());
        if is_offered { bearer } else { Mechanism::XOAuth2 }
    }

    /// How long whoever signed in is to wait until the next time (RFC 2449 §6.5). At most a day is believed.
    pub fn login_delay(&self) -> Option<Duration> {
        let seconds = self.arguments("LOGIN-DELAY")?.split_ascii_whitespace().next()?;
        Some(Duration::from_secs(seconds.parse::<u64>().ok()?.min(DELAY)))
    }

    /// All of them, as they were told.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn arguments(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|told| {
            let (word, arguments) = told.split_once(' ').unwrap_or((told, ""));
            (word == name).then_some(arguments)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_with_their_arguments() {
        let told = Capabilities::parse(
            "top\r\nUIDL\r\n  \r\nsasl  plain xoauth2\r\nLOGIN-DELAY 900 USER\r\nX-ODD\r\n",
        );
        assert!(told.has("TOP") && told.has("UIDL") && told.has("X-ODD"));
        assert!(!told.has("PLAIN") && !told.has("STLS"));
        assert_eq!(told.mechanisms().collect::<Vec<_>>(), ["PLAIN", "XOAUTH2"]);
        assert_eq!(told.login_delay(), Some(Duration::from_secs(900)));
        assert_eq!(told.iter().last(), Some("X-ODD"));
        let far = Capabilities::parse("LOGIN-DELAY 99999999999");
        assert_eq!(far.login_delay(), Some(Duration::from_secs(DELAY)));
        assert_eq!(Capabilities::parse("LOGIN-DELAY soon").login_delay(), None);
        let odd = Capabilities::parse("SASL PLAIN X\0 é");
        assert_eq!(odd.iter().collect::<Vec<_>>(), ["SASL PLAIN"]);
    }

    #[test]
    fn a_token_is_shown_even_where_nothing_is_told() {
        assert_eq!(Capabilities::default().mechanism(), Mechanism::XOAuth2);
        assert_eq!(Capabilities::parse("SASL PLAIN").mechanism(), Mechanism::XOAuth2);
        assert_eq!(
            Capabilities::parse("SASL XOAUTH2 OAUTHBEARER").mechanism(),
            Mechanism::OAuthBearer
        );
    }
}
