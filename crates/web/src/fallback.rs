//! What is answered where there is nothing, or nothing of that kind.

use http::{Method, StatusCode, Uri};

use crate::error::ApiError;

/// No such address.
pub(crate) fn not_found(path: &str) -> ApiError {
    let hint = match path.starts_with("/api/") {
        true => "GET /api/openapi.json lists every address there is.",
        false => "Check the address, or start from the overview.",
    };
    ApiError::new(
        StatusCode::NOT_FOUND,
        "no_such_address",
        "There is nothing at this address.",
        hint,
    )
}

/// Where no route leads.
pub(crate) async fn missing(uri: Uri) -> ApiError {
    not_found(uri.path())
}

/// Where a route leads, but not by this method.
pub(crate) async fn wrong_method(method: Method) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("This address does not take {method}."),
        "The Allow header of this answer names the methods that it takes.",
    )
}
