//! What a server says that it can do.

/// Capabilities, in upper case (RFC 9051 §7.2.2; their case has no meaning).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Reads the list that follows the word `CAPABILITY`.
    pub fn parse(list: &str) -> Self {
        Self(list.split_ascii_whitespace().map(str::to_ascii_uppercase).collect())
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
