//! QR codes on a terminal, so that a telephone can open an address that nobody would like to type.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Black on white whatever the colours of the terminal are: many readers know no code that is the other way round.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const USUAL: &str = "\x1b[0m";

/// The text as a QR code of half blocks, two rows of it to a line; nothing where it is too long for one.
pub(crate) fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let image = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Dark)
        .light_color(Dense1x2::Light)
        .quiet_zone(true)
        .build();
    let lines = image.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{USUAL}"));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_with_a_margin_in_fixed_colours() {
        let shown = qr("https://as.example/device?user_code=WDJB-MJHT").expect("it fits");
        let lines: Vec<String> = shown
            .lines()
            .map(|line| {
                let line = line.strip_prefix(BLACK_ON_WHITE).expect("colours are set");
                line.strip_suffix(USUAL).expect("and set back").to_owned()
            })
            .collect();
        let width = lines[0].chars().count();
        // 29 modules (version 3) and a margin of 4 on each side; two rows to a line.
        assert_eq!((width, lines.len()), (37, 19));
        assert!(lines.iter().all(|line| line.chars().count() == width));
        // Blanks are white: the margin, and what is light.
        assert!(lines[..2].iter().all(|line| line.chars().all(|c| c == ' ')), "{shown}");
        // The upper edge of the left corner's square: seven dark modules, and below them its two sides.
        assert!(lines[2].starts_with("    █▀▀▀▀▀█ "), "{shown}");
    }

    #[test]
    fn what_no_code_can_hold_is_left_out() {
        assert_eq!(qr(&"x".repeat(4000)), None);
    }
}
