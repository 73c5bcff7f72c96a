//! Administrators: their passwords and their sessions.

use std::net::IpAddr;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use jiff::SignedDuration;
use outlink_model::Secret;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::user::User;

use crate::{Caller, Engine, Error, clock, error, links};

/// How long a session lives at most.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// How long a session lives without being used.
const IDLE: SignedDuration = SignedDuration::from_hours(2);
/// How long a one-time sign-in address works.
const SIGN_IN: SignedDuration = SignedDuration::from_hours(1);
/// Shorter passwords are guessed; NIST SP 800-63B asks for no other rule.
const SHORTEST: usize = 10;

impl Engine {
    /// Whether there is any administrator yet.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn has_users(&self) -> Result<bool, Error> {
        Ok(self.store().count_users().await? > 0)
    }

    /// Makes an administrator. Without a password they sign in by a one-time address first.
    ///
    /// # Errors
    /// A [`Problem`] when the name is taken or the password is too short.
    pub async fn create_user(
        &self,
        name: &str,
        password: Option<Secret>,
        by: &Caller,
    ) -> Result<User, Error> {
        let user =
            User { id: clock::id(), name: links::name("name", name)?, created_at: self.now() };
        let hash = match password {
            Some(password) => self.hash(password).await?,
            // No password matches an empty hash: it is no PHC string.
            None => String::new(),
        };
        self.store()
            .create_user(&user, &hash)
            .await
            .map_err(|error| error::taken(error, "name", "administrator", &user.name))?;
        self.record(Event {
            kind: "user.created".into(),
            subject: format!("administrator {}", user.name),
            message: format!("{} made the administrator {}.", by.name(), user.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(user)
    }

    /// Gives an administrator a new password. Their sessions and one-time addresses end by it.
    ///
    /// # Errors
    /// A [`Problem`] when the password is too short.
    pub async fn set_password(
        &self,
        user: &User,
        password: Secret,
        by: &Caller,
    ) -> Result<(), Error> {
        let hash = self.hash(password).await?;
        self.store().set_password(user.id, &hash).await?;
        self.record(Event {
            kind: "user.password_set".into(),
            subject: format!("administrator {}", user.name),
            message: format!(
                "{} set a new password of the administrator {}.",
                by.name(),
                user.name
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(())
    }

    /// An administrator by name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn user(&self, name: &str) -> Result<User, Error> {
        let found = self.store().user_by_name(name).await?;
        found.map(|(user, _)| user).ok_or_else(|| Problem::not_found("administrator", name).into())
    }

    /// Signs in by password: the value of the session cookie.
    ///
    /// # Errors
    /// A [`Problem`] that does not tell whether the name or the password was wrong, or how long to wait.
    pub async fn sign_in(
        &self,
        name: &str,
        password: Secret,
        from: IpAddr,
    ) -> Result<Secret, Error> {
        // The try counts before it is made: of many at once, only the first few are let through to the hashing.
        if let Err(wait) = self.0.sign_ins.begin(from, name, self.now()) {
            return Err(Problem::new(
                ProblemKind::TooMany,
                "too_many_sign_ins",
                "Too many sign-ins have failed from here or for this name.",
                format!("Wait {} seconds and try again.", wait.as_secs() + 1),
            )
            .into());
        }
        let found = self.store().user_by_name(name).await?;
        let (user, hash) = match found {
            Some((user, hash)) if !hash.is_empty() => (Some(user), hash),
            // A name that is unknown, or has no password yet, costs as much time as any other: time does not tell
            // which names exist.
            Some(_) | None => (None, UNKNOWN.to_owned()),
        };
        let right = self.verify(password, hash).await?;
        match user {
            Some(user) if right => {
                self.0.sign_ins.succeeded(from, name);
                self.open_session(&user).await
            }
            _ => {
                Err(Problem::new(
                    ProblemKind::Unauthenticated,
                    "sign_in_failed",
                    "The name or the password is wrong.",
                    "Check both. A lost password is set anew on the server: `outlink user create-admin --name NAME --password-file FILE`.",
                )
                .into())
            }
        }
    }

    /// A one-time address by which this administrator signs in without a password.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn create_sign_in(&self, user: &User) -> Result<String, Error> {
        let token = clock::random_text()?;
        let until = later(self.now(), SIGN_IN);
        self.store().create_sign_in(&clock::fingerprint(token.expose()), user.id, until).await?;
        Ok(format!("{}/sign-in/{}", self.base_url(), token.expose()))
    }

    /// Uses up a one-time address: the value of the session cookie.
    ///
    /// # Errors
    /// A [`Problem`] when it is unknown, over or used.
    pub async fn use_sign_in(&self, token: &str) -> Result<Secret, Error> {
        let taken = self.store().take_sign_in(&clock::fingerprint(token), self.now()).await?;
        let user = match taken {
            Some(id) => self.store().user(id).await?,
            None => None,
        };
        match user {
            Some(user) => self.open_session(&user).await,
            None => Err(Problem::new(
                ProblemKind::Forbidden,
                "sign_in_over",
                "This sign-in address was used already, or its hour is over.",
                "Make another with `outlink user create-admin --name NAME` on the server, or sign in by password.",
            )
            .into()),
        }
    }

    /// Who holds this session cookie; nobody where it is unknown or over.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn session(&self, cookie: &str) -> Result<Option<User>, Error> {
        Ok(self.store().session(&clock::fingerprint(cookie), self.now(), IDLE).await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), Error> {
        Ok(self.store().delete_session(&clock::fingerprint(cookie)).await?)
    }

    async fn open_session(&self, user: &User) -> Result<Secret, Error> {
        let cookie = clock::random_text()?;
        let now = self.now();
        let hash = clock::fingerprint(cookie.expose());
        self.store().create_session(&hash, user.id, now, later(now, SESSION)).await?;
        Ok(cookie)
    }

    async fn hash(&self, password: Secret) -> Result<String, Error> {
        if password.expose().chars().count() < SHORTEST {
            return Err(Problem::invalid(
                "password",
                "password_short",
                format!("The password has fewer than {SHORTEST} characters."),
                "Choose a longer one; a few words in a row are easy to keep in mind.",
            )
            .into());
        }
        self.with_hasher(move || {
            let hashed = Argon2::default().hash_password(password.expose().as_bytes());
            hashed.map(|hash| hash.to_string()).map_err(|error| Error::Broken(error.to_string()))
        })
        .await?
    }

    async fn verify(&self, password: Secret, hash: String) -> Result<bool, Error> {
        self.with_hasher(move || {
            let password = password.expose().as_bytes();
            Argon2::default().verify_password(password, hash.as_str()).is_ok()
        })
        .await
    }

    async fn with_hasher<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let gone = |error: &dyn std::fmt::Display| Error::Broken(error.to_string());
        // Whoever finds the queue full is told to come back; nobody can make it so long that all wait for ever.
        let _place = self.0.hash_queue.try_acquire().map_err(|_| busy())?;
        let _turn = self.0.hashing.acquire().await.map_err(|error| gone(&error))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| gone(&error))
    }
}

fn busy() -> Problem {
    Problem::new(
        ProblemKind::TooMany,
        "sign_ins_busy",
        "Too many people are signing in at this moment.",
        "Try again in a few seconds.",
    )
}

/// The hash of a password that nobody has.
const UNKNOWN: &str = "$argon2id$v=19$m=19456,t=2,p=1$b3V0bGlua291dGxpbms$k3Xh0XW7ZVYbtvZNTyKpV8DD0xVn1K0y6y7oT8nGQ5M";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_is_one_that_takes_its_time() {
        let hash = argon2::password_hash::phc::PasswordHash::new(UNKNOWN).unwrap();
        assert_eq!(hash.algorithm.as_str(), "argon2id");
        assert!(hash.hash.is_some() && hash.salt.is_some());
    }
}
