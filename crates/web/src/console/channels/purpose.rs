//! What becomes of a channel's mail: the part of its form that says so.

use outlink_engine::channels::{ChannelProject, ChannelPurpose};
use outlink_model::handler::HandlerType;
use outlink_model::problem::Problem;
use serde::Serialize;

use crate::app::App;
use crate::choice::choice as named;
use crate::console::handlers::does;
use crate::console::pickers::{self, Picker};
use crate::error::ApiError;
use crate::form::{Choice, Fields, Form, choice};

/// What is offered.
#[derive(Debug, Serialize)]
pub(crate) struct PurposeFields {
    pub(crate) projects: Picker,
    pub(crate) types: Vec<Choice>,
}

impl PurposeFields {
    pub(crate) async fn new(app: &App, form: &Form) -> Result<Self, ApiError> {
        let projects = pickers::projects(app, form.value("project")).await?;
        // A marker needs its expressions, which stand in the form of the handler.
        let types = HandlerType::ALL.into_iter().filter(|t| *t != HandlerType::CommentBeforeMarker);
        Ok(Self {
            projects: projects.or("a new one"),
            types: types.map(|t| choice(t.as_str(), does(t))).collect(),
        })
    }
}

/// The fields, filled in. `project` is the id of the project that is chosen.
pub(crate) fn laid(form: Form, project: &str) -> Form {
    form.with("project", project)
        .with("project_key", "")
        .with("project_name", "")
        .with("type", HandlerType::CreateOrComment.as_str())
        .with("issue_type", "Task")
}

/// What was entered.
pub(crate) fn read(fields: &Fields) -> Result<ChannelPurpose, Problem> {
    let project = match fields.optional("project") {
        Some(named) => ChannelProject::Standing(named),
        None => ChannelProject::New {
            key: fields.text("project_key"),
            name: fields.text("project_name"),
        },
    };
    Ok(ChannelPurpose {
        project,
        kind: named("type", &fields.text("type"))?,
        issue_type: fields.optional("issue_type"),
    })
}
