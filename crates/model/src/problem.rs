//! What goes wrong for a person: one shape from the place where it is noticed to the screen.

use std::fmt;

/// A refusal that a person can act on. It crosses the API as RFC 9457 `application/problem+json`, stands beside the
/// field in the console, and is printed on stderr by the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of refusal it is; decides the HTTP status.
    pub kind: ProblemKind,
    /// Stable, for programs: `name_taken`, `endpoint_not_https`.
    pub code: &'static str,
    /// The field of the request that is at fault, under its name in the API.
    pub field: Option<&'static str>,
    /// One sentence: what was wrong. Never holds a secret.
    pub message: String,
    /// One sentence: what to do.
    pub hint: String,
}

/// The kinds of refusal, by what the caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request is wrong and can be corrected (422).
    Invalid,
    /// Who asks is not known (401).
    Unauthenticated,
    /// Who asks may not (403).
    Forbidden,
    /// What is named does not exist (404).
    NotFound,
    /// It clashes with something that stands (409).
    Conflict,
    /// Too much, too often (429).
    TooMany,
    /// A remote side did not do its part (502).
    Remote,
    /// It can be tried again later (503).
    Later,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(
        kind: ProblemKind,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { kind, code, field: None, message: message.into(), hint: hint.into() }
    }

    /// A field that must be corrected.
    pub fn invalid(
        field: &'static str,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { field: Some(field), ..Self::new(ProblemKind::Invalid, code, message, hint) }
    }

    /// A name that leads to nothing. `noun` is what was looked for: `link`, `mail server`.
    pub fn not_found(noun: &str, named: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            "not_found",
            format!("There is no {noun} called {named:?}."),
            format!("List every {noun} to see the names and ids that exist."),
        )
    }

    /// A name that is already in use.
    pub fn taken(field: &'static str, noun: &str, named: &str) -> Self {
        Self {
            field: Some(field),
            ..Self::new(
                ProblemKind::Conflict,
                "name_taken",
                format!("There is already {} called {named:?}.", with_article(noun)),
                "Choose another name, or use the one that exists.",
            )
        }
    }
}

fn with_article(noun: &str) -> String {
    match noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        // "user" begins with a consonant's sound.
        true if !noun.starts_with("us") => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " {}", self.hint) }
    }
}

impl std::error::Error for Problem {}
