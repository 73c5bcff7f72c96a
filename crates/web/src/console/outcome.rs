//! What was done, where there is no page left to tell it on.

use serde::Serialize;

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct OutcomePage {
    pub(crate) title: String,
    pub(crate) text: String,
    /// What is left to be done elsewhere.
    pub(crate) warnings: Vec<String>,
    /// Mail servers that lost what they signed in with.
    pub(crate) mail_servers: Vec<String>,
    pub(crate) back: &'static str,
    pub(crate) back_label: &'static str,
}
