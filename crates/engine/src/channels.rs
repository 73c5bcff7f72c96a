//! Channels: how the mail of one mailbox becomes issues of one project, looked at and set up as one thing. A channel is a
//! mail server together with its handlers; nothing else is kept of it, so that whatever is changed there is changed here.

use outlink_model::handler::{Handler, HandlerSettings, HandlerType};
use outlink_model::mail_server::{MailServer, SignIn};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::step::StepStatus;
use outlink_model::tracker::{Project, is_project_key};

use crate::grants::GrantView;
use crate::handlers::{HandlerEdit, NewHandler, SettingsDraft};
use crate::intake::TrialOf;
use crate::mail_servers::{MailServerReport, NewMailServer, SavedMailServer};
use crate::messages::{MessageView, MessagesWanted};
use crate::{Caller, Engine, Error, Listed, Page};

/// Messages that handlers which are not at work yet are tried on.
const TRIED: usize = 10;
/// Names that are tried for a handler that nobody gave one.
const NAMES: usize = 100;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// Where its mail comes from.
    pub server: MailServer,
    /// What becomes of the mail, in the order in which it is asked.
    pub handlers: Vec<ChannelHandler>,
    /// The grant that it signs in with; absent where it signs in by password, or not at all.
    pub grant: Option<GrantView>,
    /// The newest message, and what became of it.
    pub newest: Option<MessageView>,
}

impl Channel {
    /// Whether any of its handlers is at work.
    pub fn is_on(&self) -> bool {
        self.handlers.iter().any(|each| each.handler.enabled)
    }
}

/// A handler of a channel.
#[derive(Debug)]
pub struct ChannelHandler {
    /// The handler.
    pub handler: Handler,
    /// Where it makes issues.
    pub project: Project,
}

/// The project of a new channel.
#[derive(Clone, Debug)]
pub enum ChannelProject {
    /// One that stands, by id or key.
    Standing(String),
    /// One that is made with the channel.
    New {
        /// What issue keys begin with.
        key: String,
        /// What people call it.
        name: String,
    },
}

/// What becomes of the mail of a channel.
#[derive(Clone, Debug)]
pub struct ChannelPurpose {
    /// Where issues are made.
    pub project: ChannelProject,
    /// What is done with each message.
    pub kind: HandlerType,
    /// The type of new issues; the usual one where left out.
    pub issue_type: Option<String>,
}

/// A channel that was made. It is not at work yet: see [`Engine::switch_channel_on`].
#[derive(Debug)]
pub struct MadeChannel {
    /// Its mail server, and the consent that is asked for where it is to sign in by a link.
    pub saved: SavedMailServer,
    /// Its handler.
    pub handler: Handler,
}

impl Engine {
    /// The channels, by the order in which their mail servers were added.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn channels(&self, page: Page) -> Result<Listed<Channel>, Error> {
        let listed = self.mail_servers(page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for server in listed.items {
            items.push(self.view_channel(server).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// One channel, by the id or name of its mail server.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn channel(&self, named: &str) -> Result<Channel, Error> {
        let server = self.mail_server(named).await?;
        self.view_channel(server).await
    }

    /// Makes a channel: its project where that is new, its mail server, named by the mailbox unless it has a name, and
    /// its handler, which is not at work yet.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong; the fields of a new project are `project_key` and `project_name`. No
    /// channel is left behind then.
    pub async fn create_channel(
        &self,
        mut new: NewMailServer,
        purpose: ChannelPurpose,
        by: &Caller,
    ) -> Result<MadeChannel, Error> {
        self.check_project(&purpose.project).await?;
        if new.draft.name.as_ref().is_none_or(|name| name.trim().is_empty()) {
            let mailbox = new.draft.mailbox.as_deref().unwrap_or_default();
            new.draft.name = Some(crate::links::required("mailbox", "The mailbox", mailbox)?);
        }
        let saved = self.create_mail_server(new, by).await?;
        match self.handle_channel(&saved.server.id.to_string(), purpose, by).await {
            Ok(handler) => Ok(MadeChannel { saved, handler }),
            Err(error) => {
                self.delete_mail_server(&saved.server.id.to_string(), true, by).await?;
                Err(error)
            }
        }
    }

    /// Says what becomes of a channel's mail, where nothing says so yet. The handler is not at work yet.
    ///
    /// # Errors
    /// As [`Engine::create_channel`]; [`Problem::not_found`].
    pub async fn handle_channel(
        &self,
        named: &str,
        purpose: ChannelPurpose,
        by: &Caller,
    ) -> Result<Handler, Error> {
        let server = self.mail_server(named).await?;
        let settings = SettingsDraft { issue_type: purpose.issue_type, ..Default::default() };
        let settings = settings.over(HandlerSettings::default())?;
        let project = match purpose.project {
            ChannelProject::Standing(named) => self.standing_project(&named).await?,
            ChannelProject::New { key, name } => {
                let made = self.create_project(&key, &name, by).await;
                made.map_err(of_new_project)?
            }
        };
        let name = self.free_handler_name(&format!("{}: {}", project.key, server.name)).await?;
        let new = NewHandler {
            outgoing: None,
            name,
            mail_server: server.id.to_string(),
            project: project.id.to_string(),
            kind: purpose.kind,
            settings,
            enabled: false,
        };
        self.create_handler(new, by).await
    }

    /// Sets a channel to work: resumes its mail server, and has its handlers take mail where none of them does yet.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] where no handler says what becomes of the mail.
    pub async fn switch_channel_on(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let server = self.mail_server(named).await?;
        let handlers = self.handlers_of_mail_server(&server).await?;
        if handlers.is_empty() {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "no_handler",
                format!("Nothing says what becomes of the mail of {}.", server.name),
                "Choose first what new mail becomes.",
            )
            .into());
        }
        if !handlers.iter().any(|handler| handler.enabled) {
            for handler in handlers {
                let edit = HandlerEdit { enabled: Some(true), ..HandlerEdit::default() };
                self.edit_handler(&handler.id.to_string(), edit, by).await?;
            }
        }
        if server.paused {
            self.pause_mail_server(&server.id.to_string(), false, by).await?;
        }
        Ok(())
    }

    /// Tries a channel step by step and changes nothing. Handlers that are not at work yet say what they would do with
    /// the newest messages.
    ///
    /// # Errors
    /// [`Problem::not_found`]. What does not work stands in the report.
    pub async fn test_channel(&self, named: &str) -> Result<MailServerReport, Error> {
        let server = self.mail_server(named).await?;
        let mut report = self.test_mail_server(&server.id.to_string()).await?;
        let handlers = self.handlers_of_mail_server(&server).await?;
        let failed = report.steps.iter().any(|step| step.status == StepStatus::Failed);
        let at_work = handlers.iter().any(|handler| handler.enabled);
        let (Some(first), false, false) = (handlers.first(), failed, at_work) else {
            return Ok(report);
        };
        let tried = self.try_handler(&first.id.to_string(), TrialOf::Newest(TRIED)).await;
        if let Some(step) = report.steps.iter_mut().find(|step| step.id == "handler") {
            match tried {
                Ok(newest) => {
                    step.status = StepStatus::Ok;
                    step.message = match newest.len() {
                        0 => "There is no message to try the handler on.".to_owned(),
                        1 => "The handler was tried on the one message that lies there.".to_owned(),
                        count => format!("The handler was tried on the newest {count} messages."),
                    };
                    step.hint = String::new();
                    report.newest = newest;
                }
                Err(error) => {
                    let problem = error.problem();
                    step.status = StepStatus::Failed;
                    (step.message, step.hint) = (problem.message, problem.hint);
                }
            }
        }
        Ok(report)
    }

    async fn view_channel(&self, server: MailServer) -> Result<Channel, Error> {
        let mut handlers = Vec::new();
        for handler in self.handlers_of_mail_server(&server).await? {
            let project = self.project(&handler.project_id.to_string()).await?;
            handlers.push(ChannelHandler { handler, project });
        }
        let grant = match &server.sign_in {
            SignIn::Grant(id) => match self.grant_view(&id.to_string()).await {
                Ok(view) => Some(view),
                // Deleted since the server was read.
                Err(Error::Problem(_)) => None,
                Err(error) => return Err(error),
            },
            SignIn::Password(_) | SignIn::Missing => None,
        };
        let wanted =
            MessagesWanted { mail_server: Some(server.id.to_string()), ..Default::default() };
        let newest = self.messages(wanted, Page { limit: 1, after: None }).await?.items.pop();
        Ok(Channel { server, handlers, grant, newest })
    }

    /// Checks a project before anything is made, so that nothing has to be taken back.
    async fn check_project(&self, project: &ChannelProject) -> Result<(), Error> {
        match project {
            ChannelProject::Standing(named) => self.standing_project(named).await.map(|_| ()),
            ChannelProject::New { key, name } => {
                crate::links::name("project_name", name)?;
                let key = key.trim().to_uppercase();
                let taken = is_project_key(&key) && self.project(&key).await.is_ok();
                match taken {
                    true => Err(Problem::taken("project_key", "project", &key).into()),
                    false if is_project_key(&key) => Ok(()),
                    false => Err(Problem::invalid(
                        "project_key",
                        "key_unusable",
                        format!("{key:?} cannot be a project key."),
                        "Choose 2 to 10 letters and digits, beginning with a letter, like SUP.",
                    )
                    .into()),
                }
            }
        }
    }

    async fn standing_project(&self, named: &str) -> Result<Project, Error> {
        self.project(named).await.map_err(|error| match error {
            Error::Problem(problem) => Problem { field: Some("project"), ..problem }.into(),
            other => other,
        })
    }

    /// The name itself, or the first of those with a number behind it that nobody has.
    async fn free_handler_name(&self, wanted: &str) -> Result<String, Error> {
        // Names have their limit, and the number must fit behind.
        let wanted: String = wanted.chars().take(90).collect();
        let mut name = wanted.clone();
        for number in 2..NAMES {
            if self.store().handler_by_name(&name).await?.is_none() {
                break;
            }
            name = format!("{wanted} {number}");
        }
        Ok(name)
    }
}

/// A problem of a new project at the fields that a channel has for it.
fn of_new_project(error: Error) -> Error {
    match error {
        Error::Problem(problem) => {
            let field = match problem.field {
                Some("key") => Some("project_key"),
                Some("name") => Some("project_name"),
                other => other,
            };
            Problem { field, ..problem }.into()
        }
        other => other,
    }
}
