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
    /// Fields as if they had been sent.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A field's text; empty where it was not sent. Browsers send line ends as CR LF.
    pub(crate) fn text(&self, name: &str) -> String {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.replace("\r\n", "\n")).unwrap_or_default()
    }

    /// A field's text, where the field was sent at all.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        self.0.iter().any(|(key, _)| key == name).then(|| self.text(name))
    }

    /// What is ticked among boxes of one name, in the order of the page.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let ticked = self.0.iter().filter(|(key, _)| key == name);
        ticked.map(|(_, value)| value.trim().to_owned()).filter(|text| !text.is_empty()).collect()
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
    /// The status of the page with this form.
    #[serde(skip)]
    status: StatusCode,
}

/// What is wrong with a form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FormError {
    field: Option<String>,
    /// Whether the field is one of this form, so that the error can stand beside it.
    shown_beside: bool,
    message: String,
    hint: String,
    /// Whether something here failed, so that nobody knows how far it went.
    uncertain: bool,
}

impl Form {
    /// A form with these fields, filled in with their defaults. Fields for secrets are left out: they are never
    /// filled in.
    pub(crate) fn new(fields: &[(&'static str, &str)]) -> Self {
        let values = fields.iter().map(|(name, default)| (*name, (*default).to_owned())).collect();
        Self { values, error: None, status: StatusCode::OK }
    }

    /// The same form with this in a field.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name, value.into());
        self
    }

    /// What a field holds.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The same form with what was ticked among boxes of one name: browsers send those alone.
    pub(crate) fn ticked(self, name: &'static str, fields: &Fields) -> Self {
        let ticked = fields.all(name).join(" ");
        self.with(name, ticked)
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

    /// The same form with what is wrong with it: a field, or something that passes so that sending it again helps.
    ///
    /// # Errors
    /// The error itself, where neither correcting the form nor sending it again helps.
    pub(crate) fn refused(mut self, error: ApiError, secrets: &[&str]) -> Result<Self, ApiError> {
        let uncertain = error.status.is_server_error();
        self.status = match error.status {
            again if uncertain || again == StatusCode::TOO_MANY_REQUESTS => again,
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            _ if error.field.is_some() => StatusCode::UNPROCESSABLE_ENTITY,
            _ => return Err(error),
        };
        let field = error.field;
        let shown_beside = field
            .as_deref()
            .is_some_and(|field| self.values.contains_key(field) || secrets.contains(&field));
        let (message, hint) = (error.detail, error.hint);
        self.error = Some(FormError { field, shown_beside, message, hint, uncertain });
        Ok(self)
    }

    /// The field that is wrong, where it is one.
    pub(crate) fn wrong_field(&self) -> Option<&str> {
        self.error.as_ref()?.field.as_deref()
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
    form.status
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
    }

    #[test]
    fn what_passes_keeps_the_form_and_its_own_status() {
        let refused = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            let form = Form::new(&[("name", "Work")]);
            form.refused(ApiError::new(status, "some_code", "So it is.", ""), &[])
        };
        for (of, page, uncertain) in [
            (409, 422, false),
            (422, 422, false),
            (429, 429, false),
            (502, 502, true),
            (503, 503, true),
        ] {
            let form = refused(of).unwrap();
            assert_eq!(status(&form).as_u16(), page);
            assert_eq!(form.error.map(|error| error.uncertain), Some(uncertain), "{of}");
        }
        for of in [400, 403, 404] {
            assert!(refused(of).is_err(), "{of}");
        }
    }
}
