//! Clients: the one of the run, and those that registered themselves.

use std::collections::BTreeSet;

use crate::settings::{ClientKey, ClientSecret};

/// A client, and how it may show that it is the one.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// What people are told.
    pub(crate) name: String,
    pub(crate) auths: Vec<String>,
    pub(crate) secrets: Vec<ClientSecret>,
    pub(crate) keys: Vec<ClientKey>,
    pub(crate) redirects: BTreeSet<String>,
}

/// What a client said about itself (RFC 7591 §2), and the secret that it got.
pub(crate) struct Registered {
    pub(crate) name: Option<String>,
    pub(crate) auth: String,
    pub(crate) secret: Option<ClientSecret>,
    pub(crate) redirects: BTreeSet<String>,
}

impl Registered {
    /// The client with this id.
    pub(crate) fn client(&self, id: &str) -> Client {
        Client {
            id: id.to_owned(),
            name: self.name.clone().unwrap_or_else(|| id.to_owned()),
            auths: vec![self.auth.clone()],
            secrets: self.secret.iter().cloned().collect(),
            keys: Vec::new(),
            redirects: self.redirects.clone(),
        }
    }
}
