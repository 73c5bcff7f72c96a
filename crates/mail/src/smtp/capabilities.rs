//! What a server says that it can do.

use crate::sasl::Mechanism;

/// The keywords of an answer to EHLO (RFC 5321 §4.1.1.1). Nothing where the server knows only HELO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Octets of the largest mail that it takes (RFC 1870), where it tells a number; its 0 means that there is no limit.
    pub size: Option<u64>,
    /// Whether the connection can be made secure (RFC 3207).
    pub starttls: bool,
    /// Whether it takes addresses that are not of ASCII (RFC 6531, SMTPUTF8).
    pub utf8: bool,
    /// Whether it takes mail with octets beyond ASCII (RFC 6152, 8BITMIME).
    pub eight_bit: bool,
    /// Whether several commands may be under way at once (RFC 2920).
    pub pipelining: bool,
    /// In upper case, each once.
    mechanisms: Vec<String>,
    /// As they were told, in upper case.
    told: Vec<String>,
}

impl Capabilities {
    /// Reads the lines of an answer to EHLO, without their codes. The first one is the server's name.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut capabilities = Self::default();
        lines.into_iter().skip(1).for_each(|line| capabilities.add(line));
        capabilities
    }

    fn add(&mut self, line: &str) {
        // What is no word of printable ASCII means nothing, and people are shown what a server offers.
        let words = line.split_ascii_whitespace();
        let words = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_graphic()));
        let words: Vec<String> = words.map(str::to_ascii_uppercase).collect();
        let Some((keyword, arguments)) = words.split_first() else { return };
        match keyword.as_str() {
            "SIZE" => {
                let told = arguments.first().and_then(|octets| octets.parse().ok());
                self.size = told.filter(|&octets| octets > 0);
            }
            "STARTTLS" => self.starttls = true,
            "SMTPUTF8" => self.utf8 = true,
            "8BITMIME" => self.eight_bit = true,
            "PIPELINING" => self.pipelining = true,
            "AUTH" => self.offer(arguments.iter().map(String::as_str)),
            // As servers wrote it before there was a standard; some write both.
            _ => {
                if let Some(first) = keyword.strip_prefix("AUTH=") {
                    let rest = arguments.iter().map(String::as_str);
                    self.offer([first].into_iter().chain(rest));
                }
            }
        }
        self.told.push(words.join(" "));
    }

    fn offer<'a>(&mut self, mechanisms: impl Iterator<Item = &'a str>) {
        for mechanism in mechanisms.filter(|mechanism| !mechanism.is_empty()) {
            if !self.mechanisms.iter().any(|known| known == mechanism) {
                self.mechanisms.push(mechanism.to_owned());
            }
        }
    }

    /// The SASL mechanisms that are offered (RFC 4954 §3).
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.mechanisms.iter().map(String::as_str)
    }

    /// How a token is best shown: by OAUTHBEARER where that is offered, otherwise by XOAUTH2. Ask only with what was told
    /// after TLS: what is told before can be forged. There is no fall-back to a mechanism made for passwords.
    pub fn mechanism(&self) -> Option<Mechanism> {
        [Mechanism::OAuthBearer, Mechanism::XOAuth2]
            .into_iter()
            .find(|mechanism| self.mechanisms().any(|offered| offered == mechanism.as_str()))
    }

    /// All of them, as they were told.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.told.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_with_their_arguments() {
        let told = Capabilities::parse([
            "smtp.example.org at your service",
            "size 35882577",
            "8BITMIME",
            "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
            "AUTH=LOGIN NTLM",
            "STARTTLS",
            "PIPELINING",
            "SMTPUTF8",
            "X-ODD é \u{1}",
            "",
        ]);
        assert_eq!(told.size, Some(35_882_577));
        assert!(told.starttls && told.utf8 && told.eight_bit && told.pipelining);
        let mechanisms: Vec<_> = told.mechanisms().collect();
        let offered =
            ["LOGIN", "PLAIN", "XOAUTH2", "PLAIN-CLIENTTOKEN", "OAUTHBEARER", "XOAUTH", "NTLM"];
        assert_eq!(mechanisms, offered);
        assert_eq!(told.mechanism(), Some(Mechanism::OAuthBearer));
        assert_eq!(told.iter().last(), Some("X-ODD"));
    }

    #[test]
    fn the_name_of_a_server_is_no_capability_and_no_limit_is_none() {
        let told = Capabilities::parse(["STARTTLS", "SIZE 0", "AUTH"]);
        assert_eq!((told.starttls, told.size, told.mechanism()), (false, None, None));
        for odd in ["SIZE", "SIZE much", "SIZE -1"] {
            assert_eq!(Capabilities::parse(["name", odd]).size, None, "{odd}");
        }
        let for_passwords = Capabilities::parse(["name", "AUTH PLAIN LOGIN"]);
        assert_eq!(for_passwords.mechanism(), None);
        assert_eq!(Capabilities::parse([]), Capabilities::default());
    }
}
