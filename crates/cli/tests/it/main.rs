//! The real binary, as people use it, against software that we did not write: npm's `oidc-provider` as the provider
//! and Debian's Dovecot and Postfix as mail servers. `scripts/test` installs them and runs this.

mod bad_consents;
mod bad_links;
mod bad_mail;
mod command_line;
mod consent_to_issue;
mod crashes;
mod deliveries;
mod demo;
mod devices;
mod dovecot;
mod dovecot_idle;
mod dovecot_pop3;
mod grants;
mod handlers;
mod killed;
mod killed_intake;
mod layers;
mod link_edits;
mod links;
mod links_and_grants;
mod mail;
mod postfix;
mod postgresql;
mod refresh;
mod rig;
mod secrets_stay_in;
mod serve;
mod sign_in;
mod slow_server;
mod webhooks;
