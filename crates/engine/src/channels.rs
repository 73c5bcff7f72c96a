//! Channels: how the mail of one mailbox becomes issues of one project, looked at and set up as one thing. A channel is a
//! mail server together with its handlers; nothing else is kept of it, so that whatever is changed there is changed here.

use outlink_model::handler::{Handler, HandlerSettings, HandlerType};
use outlink_model::mail_server::{Direction, MailServer, SignIn};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::step::StepStatus;
use outlink_model::tracker::{Project, is_project_key};
use outlink_store::Error as StoreError;

use crate::grants::GrantView;
use crate::handlers::{HandlerEdit, SettingsDraft, check};
use crate::intake::TrialOf;
use crate::mail_servers::{MailServerReport, NewMailServer, SavedMailServer};
use crate::messages::{MessageView, MessagesWanted};
use crate::{Caller, Engine, Error, Listed, Page, clock};

/// Messages that handlers which are not at work yet are tried on.
const TRIED: usize = 10;
/// Names that are tried for a handler that nobody gave one.
const NAMES: usize = 100;
/// How often something is tried again that somebody else has changed at the same moment.
const ATTEMPTS: usize = 5;

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
    /// The channels, by the order in which their mail servers were added. A page has fewer than it may where some of the
    /// servers only send.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn channels(&self, page: Page) -> Result<Listed<Channel>, Error> {
        let listed = self.mail_servers(page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        // Of what only sends there may be none on a page, which then goes on all the same.
        for server in listed.items.into_iter().filter(is_incoming) {
            items.push(self.view_channel(server).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// One channel, by the id or name of its mail server.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn channel(&self, named: &str) -> Result<Channel, Error> {
        let server = self.server_of_channel(named).await?;
        self.view_channel(server).await
    }

    /// Makes a channel: its mail server, named by the mailbox unless it has a name, its project where that is new, and its
    /// handler, which is not at work yet.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong; the fields of a new project are `project_key` and `project_name`. Nothing
    /// is left behind then.
    pub async fn create_channel(
        &self,
        mut new: NewMailServer,
        purpose: ChannelPurpose,
        by: &Caller,
    ) -> Result<MadeChannel, Error> {
        settings_of(&purpose)?;
        self.plan_project(&purpose.project).await?;
        if new.draft.name.as_ref().is_none_or(|name| name.trim().is_empty()) {
            let mailbox = new.draft.mailbox.as_deref().unwrap_or_default();
            let name = crate::links::required("mailbox", "The mailbox", mailbox)?;
            if self.store().mail_server_by_name(&name).await?.is_some() {
                return Err(stands_already(&name).into());
            }
            new.draft.name = Some(name);
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

    /// Says what becomes of a channel's mail, where nothing says so yet. The handler is not at work yet. Said twice, as by
    /// two windows of a browser, it is said once.
    ///
    /// # Errors
    /// As [`Engine::create_channel`]; [`Problem::not_found`]; `channel_handled` where something else becomes of the mail
    /// already.
    pub async fn handle_channel(
        &self,
        named: &str,
        purpose: ChannelPurpose,
        by: &Caller,
    ) -> Result<Handler, Error> {
        let server = self.server_of_channel(named).await?;
        let settings = settings_of(&purpose)?;
        if let Some(handler) = self.handled_already(&server, &purpose, &settings).await? {
            return Ok(handler);
        }
        let (project, is_new) = self.plan_project(&purpose.project).await?;
        let mut handler = Handler {
            id: clock::id(),
            name: String::new(),
            mail_server_id: server.id,
            project_id: project.id,
            kind: purpose.kind,
            position: 0,
            enabled: false,
            settings,
            outgoing_id: None,
            created_at: self.now(),
            updated_at: self.now(),
        };
        check::handler(&handler, &server)?;
        let wanted = format!("{}: {}", project.key, server.name);
        let mut attempt = 1;
        loop {
            handler.name = self.free_handler_name(&wanted).await?;
            let new = is_new.then_some(&project);
            match self.store().create_first_handler(new, &handler).await {
                Ok(()) => break,
                // Somebody has taken the name since it was free.
                Err(StoreError::Taken("name")) if attempt < ATTEMPTS => attempt += 1,
                Err(StoreError::Taken("key")) => {
                    return Err(Problem::taken("project_key", "project", &project.key).into());
                }
                // Somebody was quicker, if only for a moment.
                Err(StoreError::Stale) if attempt < ATTEMPTS => {
                    let settings = &handler.settings;
                    if let Some(made) = self.handled_already(&server, &purpose, settings).await? {
                        return Ok(made);
                    }
                    attempt += 1;
                }
                Err(StoreError::Missing) => {
                    return Err(Problem::not_found("channel", named).into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        if is_new {
            self.tell_new_project(&project, by).await;
        }
        self.tell_new_handler(&handler, &server, &project, by).await;
        Ok(handler)
    }

    /// Sets a channel to work: resumes its mail server, and has its first handler take mail where none of them does yet.
    /// The others stay as they are.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] where no handler says what becomes of the mail.
    pub async fn switch_channel_on(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let server = self.server_of_channel(named).await?;
        let mut attempt = 1;
        loop {
            let handlers = self.handlers_of_mail_server(&server).await?;
            let Some(first) = handlers.first() else { return Err(no_handler(&server).into()) };
            if handlers.iter().any(|handler| handler.enabled) {
                break;
            }
            let edit = HandlerEdit { enabled: Some(true), ..HandlerEdit::default() };
            match self.edit_handler(&first.id.to_string(), edit, by).await {
                Ok(_) => break,
                // Somebody else may have switched it on.
                Err(Error::Problem(problem))
                    if problem.code == "changed_meanwhile" && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
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
        let server = self.server_of_channel(named).await?;
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

    /// The mail server of a channel. One that sends mail is none.
    async fn server_of_channel(&self, named: &str) -> Result<MailServer, Error> {
        let server = self.mail_server(named).await?;
        match is_incoming(&server) {
            true => Ok(server),
            false => Err(Problem::not_found("channel", named).into()),
        }
    }

    /// The handler that says already what is to be said; none where nothing is said yet.
    async fn handled_already(
        &self,
        server: &MailServer,
        purpose: &ChannelPurpose,
        settings: &HandlerSettings,
    ) -> Result<Option<Handler>, Error> {
        let mut handlers = self.handlers_of_mail_server(server).await?;
        if handlers.len() > 1 {
            return Err(handled(server, &handlers).into());
        }
        let Some(handler) = handlers.pop() else { return Ok(None) };
        let project = self.project(&handler.project_id.to_string()).await?;
        let same_project = match &purpose.project {
            ChannelProject::Standing(named) => self.standing_project(named).await?.id == project.id,
            ChannelProject::New { key, name } => {
                key.trim().eq_ignore_ascii_case(&project.key) && name.trim() == project.name
            }
        };
        match same_project && handler.kind == purpose.kind && handler.settings == *settings {
            true => Ok(Some(handler)),
            false => Err(handled(server, &[handler]).into()),
        }
    }

    /// The project, and whether it is one that is to be made.
    async fn plan_project(&self, project: &ChannelProject) -> Result<(Project, bool), Error> {
        let (key, name) = match project {
            ChannelProject::Standing(named) => {
                return Ok((self.standing_project(named).await?, false));
            }
            ChannelProject::New { key, name } => (key.trim().to_uppercase(), name),
        };
        let name = crate::links::name("project_name", name)?;
        if !is_project_key(&key) {
            return Err(Problem::invalid(
                "project_key",
                "key_unusable",
                format!("{key:?} cannot be a project key."),
                "Choose 2 to 10 letters and digits, beginning with a letter, like SUP.",
            )
            .into());
        }
        if self.store().project_by_key(&key).await?.is_some() {
            return Err(Problem::taken("project_key", "project", &key).into());
        }
        Ok((Project { id: clock::id(), key, name, created_at: self.now() }, true))
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

fn is_incoming(server: &MailServer) -> bool {
    server.direction == Direction::Incoming
}

/// What the handler of a channel is set to.
fn settings_of(purpose: &ChannelPurpose) -> Result<HandlerSettings, Error> {
    let draft =
        SettingsDraft { issue_type: purpose.issue_type.clone(), ..SettingsDraft::default() };
    let settings = draft.over(HandlerSettings::default())?;
    check::issue_type(&settings.issue_type)?;
    Ok(settings)
}

fn no_handler(server: &MailServer) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "no_handler",
        format!("Nothing says what becomes of the mail of {}.", server.name),
        "Choose first what new mail becomes.",
    )
}

fn handled(server: &MailServer, handlers: &[Handler]) -> Problem {
    let names: Vec<&str> = handlers.iter().map(|handler| handler.name.as_str()).collect();
    Problem::new(
        ProblemKind::Conflict,
        "channel_handled",
        format!("The mail of {} is taken already by: {}.", server.name, names.join(", ")),
        "Change that handler, or add another one on the page of the handlers.",
    )
}

fn stands_already(mailbox: &str) -> Problem {
    let hint = "Go on with the one that is in the list of the channels, or give this one a name of its own.";
    Problem { hint: hint.to_owned(), ..Problem::taken("mailbox", "channel", mailbox) }
}
