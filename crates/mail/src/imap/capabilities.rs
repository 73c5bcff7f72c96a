//! What a server says that it can do.

/// Capabilities, in upper case (RFC 9051 §7.2.2; their case has no meaning).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Reads the list that follows the word `CAPABILITY`. What is no word of printable ASCII is passed over: it means
    /// nothing, and people are shown what a server offers.
    pub fn parse(list: &str) -> Self {
        let words = list.split_ascii_whitespace();
        let words = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_graphic()));
        Self(words.map(str::to_ascii_uppercase).collect())
    }

    /// Whether this one is among them. `name` is in upper case.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|told| told == name)
    }

    /// The SASL mechanisms that are offered.
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|told| told.strip_prefix("AUTH="))
    }

    /// All of them, as they were told.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_printable_ascii_are_capabilities() {
        let told = Capabilities::parse("imap4rev1 AUTH=PLAIN AUTH=X\0 \u{e9}");
        assert_eq!(told.iter().collect::<Vec<_>>(), ["IMAP4REV1", "AUTH=PLAIN"]);
    }
}
