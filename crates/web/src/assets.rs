//! The style sheet, the script and the icon. Each is served under a name that holds its fingerprint, so a browser may
//! keep it for ever and still gets a new one with a new release.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::error::ApiError;
use crate::extract::Path;

/// A file in the binary.
pub(crate) struct Asset {
    stem: &'static str,
    extension: &'static str,
    media_type: &'static str,
    text: &'static str,
}

pub(crate) static CSS: Asset = Asset {
    stem: "outlink",
    extension: "css",
    media_type: "text/css; charset=utf-8",
    text: include_str!("../assets/outlink.css"),
};
pub(crate) static SCRIPT: Asset = Asset {
    stem: "outlink",
    extension: "js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../assets/outlink.js"),
};
pub(crate) static ICON: Asset = Asset {
    stem: "icon",
    extension: "svg",
    media_type: "image/svg+xml",
    text: include_str!("../assets/icon.svg"),
};

impl Asset {
    fn name(&self) -> String {
        format!("{}-{:016x}.{}", self.stem, fingerprint(self.text.as_bytes()), self.extension)
    }

    /// Where it is served.
    pub(crate) fn href(&self) -> String {
        format!("/assets/{}", self.name())
    }
}

/// FNV-1a: tells releases apart. Nobody gains by making two of our own files collide.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Serves an asset by its full name.
pub(crate) async fn asset(
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let all = [&CSS, &SCRIPT, &ICON];
    let Some(asset) = all.into_iter().find(|asset| asset.name() == name) else {
        return Err(crate::fallback::not_found(request.uri().path()));
    };
    let tag = format!("\"{name}\"");
    let cached = headers.get(IF_NONE_MATCH).is_some_and(|known| *known == *tag);
    let kept = [
        (ETAG, tag),
        (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (CONTENT_TYPE, asset.media_type.to_owned()),
    ];
    Ok(match cached {
        true => (StatusCode::NOT_MODIFIED, kept).into_response(),
        false => (kept, asset.text).into_response(),
    })
}
