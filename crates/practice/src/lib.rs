//! A small OAuth 2.0 provider with an IMAP, a POP3 and an SMTP server, all on loopback and all in memory.
//!
//! It serves `outlink demo` and the tests that need a peer which can be told to misbehave. Every format is written
//! here once more, by hand: a peer that shared the product's codecs would share their mistakes too.
//!
//! Absent on purpose: anything that outlives the process, and any address that is not loopback.
//!
//! # Consent without a browser
//!
//! The forms have stable addresses and field names, and a session is one cookie, so three requests are enough:
//!
//! 1. `GET` the authorization URL: 303 to `/login?request=R`, with a `Set-Cookie`. (303 to `/consent?request=R` when
//!    the cookie that was sent is signed in already.)
//! 2. `POST /login` with `request=R`, `username` and `password`: 303 to `/consent?request=R`, with a new cookie.
//!    A wrong password is answered by 403 and the form again.
//! 3. `POST /consent` with `request=R` and `decision=allow` (or `deny`, or `other` to sign in as somebody else):
//!    303 to the client's redirect URL, with `code` (or `error`), `state` and `iss`.
//!
//! For a device the first step is `POST /device` with `user_code`: 303 to `/login?request=R` in the same way, and the
//! third step is answered by 200 and a page. [`Practice::approve_device`] does all of it at once.
//!
//! Beside the provider there are a [`Proxy`] and a [`Receiver`] for what programs dial or are called by.

mod assertions;
mod client;
mod clock;
mod devices;
mod error;
mod faults;
mod grants;
mod id_token;
mod imap;
mod jwt;
mod listen;
mod mailboxes;
mod pop3;
mod practice;
mod provider;
mod proxy;
mod random;
mod received;
mod receiver;
mod samples;
mod sasl;
mod settings;
mod smtp;
mod state;
mod tls;
mod wire;

pub use error::Error;
pub use faults::{Endpoint, Faults, ImapFault, Pop3Fault, SmtpFault, TokenFault};
pub use mailboxes::{Entry, Outgoing};
pub use practice::{Options, Practice, start};
pub use proxy::{Proxy, ProxyAnswer, ProxyCounters};
pub use received::Received;
pub use receiver::{Receiver, Reply};
pub use samples::{Sample, live_samples, samples};
pub use settings::{ClientKey, ClientSecret, Registration, ServiceAccount, Settings};
pub use state::{Counters, TokenState, User};
