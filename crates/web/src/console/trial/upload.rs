//! A mail that is sent along with a form.

use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use http::StatusCode;
use outlink_model::problem::Problem;

use crate::app::App;
use crate::error::ApiError;
use crate::words::size;

/// What a form has around the file: its boundaries and the heads of its parts.
const AROUND: usize = 16 * 1024;

/// The field of the file.
const FIELD: &str = "mail";

/// Reads the mail out of a form (`multipart/form-data`, RFC 7578). No more is read than the largest mail that is taken in.
///
/// # Errors
/// A problem at the field where there is no mail, or where it is too large.
pub(super) async fn mail(app: &App, mut request: Request) -> Result<Vec<u8>, ApiError> {
    let largest = app.engine().largest_message();
    DefaultBodyLimit::max(largest.saturating_add(AROUND)).apply(&mut request);
    let form = Multipart::from_request(request, app).await;
    let mut form = form.map_err(|_| none())?;
    while let Some(mut part) = form.next_field().await.map_err(|error| cut(&error, largest))? {
        if part.name() != Some(FIELD) {
            continue;
        }
        let mut mail = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| cut(&error, largest))? {
            if mail.len() + chunk.len() > largest {
                return Err(too_large(largest));
            }
            mail.extend_from_slice(&chunk);
        }
        return if mail.is_empty() { Err(none()) } else { Ok(mail) };
    }
    Err(none())
}

fn cut(error: &MultipartError, largest: usize) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(largest),
        _ => Problem::invalid(
            FIELD,
            "upload_unreadable",
            "The file did not come to its end.",
            "Choose it and send it again.",
        )
        .into(),
    }
}

fn none() -> ApiError {
    let what = "No mail was sent along.";
    Problem::invalid(FIELD, "mail_missing", what, "Choose a file that holds one mail, as .eml.")
        .into()
}

fn too_large(largest: usize) -> ApiError {
    Problem::invalid(
        FIELD,
        "too_large",
        "The mail is too large.",
        format!(
            "Choose one of at most {}: larger ones are not taken in either.",
            size(largest as u64)
        ),
    )
    .into()
}
