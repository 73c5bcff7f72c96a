//! The test of a mail server: the whole way from its name to what its handlers would do with the newest mail, or to where
//! mail could be handed in, step by step, before it is saved as well as after. Nothing is changed, and nothing sent.

use outlink_mail::imap::Selected;
use outlink_model::grant::Trouble;
use outlink_model::link::Link;
use outlink_model::mail_server::{After, Direction, MailServer, Security, SignIn};
use outlink_model::step::{Step, StepStatus};

use super::edit::Edited;
use super::new::Planned;
use super::session::MailSession;
use super::walk::{Report, no_handler, steps};
use super::{MailServerEdit, NewMailServer, about_grant};
use crate::intake::Trial;
use crate::{Engine, Error};

/// Messages that the handlers are tried on.
const TRIED: usize = 10;

/// What matters of what a server offers, by IMAP once we are signed in.
const OF_IMAP: [&str; 4] = ["IDLE", "MOVE", "UIDPLUS", "UTF8=ACCEPT"];
/// The same by POP3.
const OF_POP3: [&str; 3] = ["UIDL", "TOP", "PIPELINING"];
/// The same by SMTP.
const OF_SMTP: [&str; 3] = ["8BITMIME", "SMTPUTF8", "SIZE"];

/// What a test found.
#[derive(Debug)]
pub struct MailServerReport {
    /// The steps, each of them even where an earlier one failed.
    pub steps: Vec<Step>,
    /// What would become of the newest messages.
    pub newest: Vec<Trial>,
}

impl Engine {
    /// Tries a mail server that stands, step by step, and changes nothing.
    ///
    /// # Errors
    /// Where there is none of this name. What does not work stands in the report.
    pub async fn test_mail_server(&self, named: &str) -> Result<MailServerReport, Error> {
        let server = self.mail_server(named).await?;
        self.test_server(&server, false).await
    }

    /// Tries a mail server before it is saved. Nothing is written.
    ///
    /// # Errors
    /// A [`Problem`](outlink_model::problem::Problem) at the field that is wrong. What does not work stands in the report.
    pub async fn test_new_mail_server(
        &self,
        new: NewMailServer,
    ) -> Result<MailServerReport, Error> {
        let Planned { server, by, .. } = self.plan_server(&new).await?;
        match by {
            Some(link) => self.test_until_consent(&server, &link).await,
            None => self.test_server(&server, true).await,
        }
    }

    /// Tries a mail server as an edit would leave it. Nothing is written.
    ///
    /// # Errors
    /// As [`Engine::edit_mail_server`]. What does not work stands in the report.
    pub async fn test_mail_server_edit(
        &self,
        named: &str,
        edit: MailServerEdit,
    ) -> Result<MailServerReport, Error> {
        let before = self.mail_server(named).await?;
        let Edited { server, sign_in_entered, waits_for, .. } =
            self.lay_edit(&before, &edit).await?;
        match waits_for {
            Some(link) => self.test_until_consent(&server, &link).await,
            None => self.test_server(&server, sign_in_entered).await,
        }
    }

    async fn test_server(
        &self,
        server: &MailServer,
        host_is_admitted: bool,
    ) -> Result<MailServerReport, Error> {
        let mut report = Report::default();
        report.host_is_admitted = host_is_admitted;
        let mut newest = Vec::new();
        if let Ok(mut session) = self.walk(server, &mut report).await {
            // A server that only sends has no folders, and nothing is handled there.
            let fine = look_at_capabilities(server, &mut session, &mut report).await.is_ok()
                && server.direction == Direction::Incoming
                && self.look_into_folders(server, &mut session, &mut report).await.is_ok();
            if fine {
                newest = self.look_at_handlers(server, &mut session, &mut report).await;
            }
            session.leave().await;
        }
        let mut steps = report.complete(server.direction);
        let token = steps.iter().position(|step| step.id == "token").unwrap_or(steps.len());
        steps.splice(token..token, self.about_sign_in(server).await?);
        Ok(MailServerReport { steps, newest })
    }

    /// As far as one comes without a grant.
    async fn test_until_consent(
        &self,
        server: &MailServer,
        link: &Link,
    ) -> Result<MailServerReport, Error> {
        let mut report = Report::default();
        let reached = self.reach(server, &mut report).await;
        if let Ok(session) = reached {
            let why = match link.grant_type.has_consent() {
                true => "Not tried, since nobody has consented yet.",
                false => "Not tried, since the grant is made when the mail server is saved.",
            };
            for id in steps(server.direction).skip_while(|id| *id != "token") {
                report.skip(id, why);
            }
            session.leave().await;
        }
        Ok(MailServerReport { steps: report.complete(server.direction), newest: Vec::new() })
    }

    /// What is known about the grant without asking anybody.
    async fn about_sign_in(&self, server: &MailServer) -> Result<[Step; 2], Error> {
        let SignIn::Grant(id) = server.sign_in else {
            let skipped = |id| Step {
                id,
                status: StepStatus::Skipped,
                message: "There is no grant to look at.".into(),
                hint: String::new(),
                ms: 0,
            };
            return Ok([skipped("scopes"), skipped("identity")]);
        };
        let grant = self.grant_by_id(id).await?;
        let link = self.link_by_id(grant.link_id).await?;
        Ok([
            about_grant::scopes(server, &link, &grant),
            about_grant::identity(server, &link, &grant),
        ])
    }

    /// Opens each folder, the one that messages are moved to as well: Exchange Online takes a token and then gives no
    /// access, which only this shows.
    async fn look_into_folders(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let looking = async {
            let mut found = Vec::new();
            match session {
                MailSession::Imap(imap) => {
                    let moved_to = match &server.after {
                        After::Move(folder) => Some(folder),
                        _ => None,
                    };
                    for folder in server.folders.iter().chain(moved_to) {
                        let opened = imap.examine(folder).await;
                        let Selected { exists, .. } = opened.map_err(|error| error.trouble())?;
                        found.push(format!("{folder} holds {exists} messages."));
                    }
                }
                MailSession::Pop3(pop3) => {
                    let stat = pop3.stat().await.map_err(|error| error.trouble())?;
                    found.push(format!("The mailbox holds {} messages.", stat.messages));
                }
                MailSession::Smtp(_) => {}
            }
            Ok(((), found.join(" ")))
        };
        report.step("folder", looking).await
    }

    /// Whether anything would become of the mail. A server without a handler is no failure: it is what everybody has
    /// between two steps of the set-up.
    async fn look_at_handlers(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        report: &mut Report,
    ) -> Vec<Trial> {
        match self.has_handler(server).await {
            Ok(true) => {}
            Ok(false) => {
                let missing = no_handler(server);
                report.skip_with("handler", &missing.message, &missing.hint);
                return Vec::new();
            }
            Err(error) => {
                report.skip_with("handler", &error.problem().message, &error.problem().hint);
                return Vec::new();
            }
        }
        let trying = async {
            let tried = self.try_newest(server, session, TRIED).await;
            let tried = tried.map_err(crate::intake::inner).map_err(|failed| failed.trouble)?;
            let message = summed_up(&tried);
            Ok((tried, message))
        };
        report.step("handler", trying).await.unwrap_or_default()
    }
}

/// What the server offers of what matters here, once we are signed in. By IMAP and POP3 it is asked again then, since some
/// tell more; by SMTP what was told before holds on, as AUTH brings no layer of security here (RFC 4954 §4).
async fn look_at_capabilities(
    server: &MailServer,
    session: &mut MailSession,
    report: &mut Report,
) -> Result<(), Trouble> {
    let mut encrypts = false;
    let mut largest = None;
    let looking = async {
        let (known, offered): (&[&str], Vec<String>) = match session {
            MailSession::Imap(imap) => {
                let told = imap.capabilities().await.map_err(|error| error.trouble())?;
                encrypts = told.has("STARTTLS");
                (&OF_IMAP, told.iter().map(str::to_ascii_uppercase).collect())
            }
            MailSession::Pop3(pop3) => {
                let told = pop3.capabilities().await.map_err(|error| error.trouble())?;
                encrypts = told.has("STLS");
                (&OF_POP3, told.iter().map(str::to_ascii_uppercase).collect())
            }
            MailSession::Smtp(smtp) => {
                let told = smtp.capabilities().await.map_err(|error| error.trouble())?;
                encrypts = told.starttls;
                largest = told.size;
                (&OF_SMTP, told.iter().map(str::to_ascii_uppercase).collect())
            }
        };
        let mut message = offers(known, &offered);
        if let Some(octets) = largest {
            message.push_str(&format!(" It takes mail of up to {octets} octets."));
        }
        Ok(((), message))
    };
    report.step("capabilities", looking).await?;
    if encrypts && server.security == Security::None {
        report.advise("It offers encryption by command: choose the security starttls.");
    }
    Ok(())
}

fn offers(known: &[&str], offered: &[String]) -> String {
    let has =
        |name: &&&str| offered.iter().any(|line| line.split_whitespace().next() == Some(**name));
    let (there, missing): (Vec<&str>, Vec<&str>) = {
        let (there, missing): (Vec<&&str>, Vec<&&str>) = known.iter().partition(has);
        (there.into_iter().copied().collect(), missing.into_iter().copied().collect())
    };
    match (there.is_empty(), missing.is_empty()) {
        (false, true) => format!("It offers {}.", there.join(", ")),
        (false, false) => {
            format!("It offers {}, and not {}.", there.join(", "), missing.join(", "))
        }
        (true, _) => format!("It says that it offers none of {}.", missing.join(", ")),
    }
}

/// What would become of the newest messages, in a sentence.
fn summed_up(tried: &[Trial]) -> String {
    use outlink_model::message::Outcome;
    if tried.is_empty() {
        return "There is no message to try the handlers on.".to_owned();
    }
    let of = |outcome: Outcome| tried.iter().filter(|trial| trial.outcome == outcome).count();
    let each: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| of(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", of(outcome)))
        .collect();
    format!("Of the newest {}, so many would be: {}.", tried.len(), each.join(", "))
}
