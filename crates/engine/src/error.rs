//! The engine's errors say what the caller can do.

use outlink_model::problem::{Problem, ProblemKind};
use outlink_store as store;

/// Why a use case was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can correct it, or must know about it.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// The database cannot be reached. Nothing was done; it can be tried again.
    #[error("the database cannot be reached: {0}")]
    Away(String),
    /// Something here is broken. The text is for the log, never for the caller.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// What the caller is told.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Problem(problem) => problem.clone(),
            Self::Away(_) => Problem::new(
                ProblemKind::Later,
                "store_away",
                "The database cannot be reached at the moment.",
                "Nothing was lost; try again in a minute. If it lasts, look at the server's log.",
            ),
            Self::Broken(_) => Problem::new(
                ProblemKind::Later,
                "internal",
                "Something went wrong inside this server.",
                "The server's log says what. Nothing was half done.",
            ),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Away(why) => Self::Away(why),
            other => Self::Broken(other.to_string()),
        }
    }
}

/// Turns the store's "this name is taken" into the sentence for that noun; everything else stays what it is.
pub(crate) fn taken(error: store::Error, field: &'static str, noun: &str, named: &str) -> Error {
    match error {
        store::Error::Taken(_) => Problem::taken(field, noun, named).into(),
        other => other.into(),
    }
}
