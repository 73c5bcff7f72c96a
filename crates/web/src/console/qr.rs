//! QR codes, drawn as one path: nothing inline but shapes, so the content policy holds.

use std::fmt::Write as _;

use qrcode::{Color, QrCode};
use serde::Serialize;

/// The quiet zone that ISO/IEC 18004 asks for, in modules.
const MARGIN: usize = 4;

/// A QR code as an SVG path.
#[derive(Debug, Serialize)]
pub(crate) struct Qr {
    /// Width and height, the margin included.
    size: usize,
    /// One unit square for each run of dark modules.
    path: String,
}

impl Qr {
    /// None where the text is too long for any code.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + MARGIN, y + MARGIN, run.len());
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += run.len();
            }
        }
        Some(Self { size: width + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_path_with_a_quiet_zone() {
        let qr = Qr::of("https://id.example/device?user_code=ABCD-EFGH").unwrap();
        // The top left finder pattern is seven modules wide.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", &qr.path[..40]);
        assert!(qr.size > 21 + 2 * MARGIN);
        let legal = |c: char| c.is_ascii_digit() || "Mhvz -".contains(c);
        assert!(qr.path.chars().all(legal));
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
