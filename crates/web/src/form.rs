//! Forms of the console: what was typed is kept, except secrets, and an error stands beside its field.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use http::StatusCode;
use outlink_model::Secret;
use serde::Serialize;

use crate::error::ApiError;
use crate::extract;

/// The fields of a form that was sent.
#[derive(Clone)]
pub(crate) struct Fields(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = extract::body(request, state).await?;
        Ok(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }
}

impl Fields {
    /// A field's text; empty where it was not sent. Browsers send line ends as CR LF.
    pub(crate) fn text(&self, name: &str) -> String {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.replace("\r\n", "\n")).unwrap_or_default()
    }

    /// A field's text, where it is more than white space.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.trim().is_empty())
    }

    /// A secret, where one was typed.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        Some(Secret::new(self.text(name))).filter(|secret| !secret.is_empty())
    }
}

/// A form as a page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Form {
    values: BTreeMap<&'static str, String>,
    error: Option<FormError>,
}

/// What is wrong with a form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FormError {
    field: Option<String>,
    /// Whether the field is one of this form, so that the error can stand beside it.
    shown_beside: bool,
    message: String,
    hint: String,
}

impl Form {
    /// A form with these fields, filled in with their defaults. Fields for secrets are left out: they are never
    /// filled in.
    pub(crate) fn new(fields: &[(&'static str, &str)]) -> Self {
        let values = fields.iter().map(|(name, default)| (*name, (*default).to_owned())).collect();
        Self { values, error: None }
    }

    /// The same form with what was typed.
    pub(crate) fn typed(mut self, fields: &Fields) -> Self {
        for (name, value) in &mut self.values {
            if fields.0.iter().any(|(key, _)| key == name) {
                *value = fields.text(name);
            }
        }
        self
    }

    /// The same form with what is wrong with it.
    ///
    /// # Errors
    /// The error itself, where correcting the form does not help.
    pub(crate) fn refused(mut self, error: ApiError, secrets: &[&str]) -> Result<Self, ApiError> {
        let helps = matches!(error.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT)
            || error.field.is_some();
        if !helps {
            return Err(error);
        }
        let field = error.field;
        let shown_beside = field
            .as_deref()
            .is_some_and(|field| self.values.contains_key(field) || secrets.contains(&field));
        let (message, hint) = (error.detail, error.hint);
        self.error = Some(FormError { field, shown_beside, message, hint });
        Ok(self)
    }

    /// Whether something is wrong.
    pub(crate) fn is_refused(&self) -> bool {
        self.error.is_some()
    }
}

/// A choice in a form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

/// A choice.
pub(crate) fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice { value: value.into(), label: label.into() }
}

/// The status of a page with a form: refused forms are no success, so that programs and tests can tell.
pub(crate) fn status(form: &Form) -> StatusCode {
    match form.is_refused() {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    }
}

/// Reads a number.
///
/// # Errors
/// A problem at the field.
pub(crate) fn number<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, ApiError> {
    text.trim().parse().map_err(|_| {
        ApiError::from(outlink_model::problem::Problem::invalid(
            field,
            "not_a_number",
            format!("{:?} is not a number that fits here.", text.trim()),
            "Write it in digits.",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_but_never_a_secret() {
        let typed = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = Fields(vec![typed("name", "Work"), typed("client_secret", "hunter2")]);
        let form = Form::new(&[("name", ""), ("scope", "openid")]).typed(&fields);
        let error = ApiError::new(StatusCode::CONFLICT, "name_taken", "Taken.", "Choose another.");
        let error = ApiError { field: Some("name".into()), ..error };
        let form = form.refused(error, &["client_secret"]).unwrap();
        let shown = serde_json::to_string(&form).unwrap();
        assert!(shown.contains("Work") && shown.contains("openid") && shown.contains("Taken."));
        assert!(!shown.contains("hunter2"));
        let away = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "store_away", "", "");
        assert!(Form::new(&[]).refused(away, &[]).is_err());
    }
}
