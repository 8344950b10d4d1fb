//! A QR code in the terminal: two modules a character, with the quiet zone that scanners need (ISO/IEC 18004 §6.3.8).

use std::io::IsTerminal as _;

use fast_qr::{ECL, QRBuilder};

/// The width of the quiet zone in modules.
const QUIET: usize = 4;

/// Prints a text as a QR code; one that is too long is left out, since the text stands beside it.
pub(crate) fn print_qr(text: &str) {
    let terminal = std::io::stdout().is_terminal();
    let coloured = terminal && std::env::var_os("NO_COLOR").is_none();
    // Black on white whatever the terminal's colours are; without colours, terminals are dark and files are light.
    let style = match (terminal, coloured) {
        (_, true) => Style::Coloured,
        (true, false) => Style::Dark,
        (false, false) => Style::Light,
    };
    if let Some(code) = render(text, style) {
        out!("{code}");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Coloured,
    Dark,
    Light,
}

fn render(text: &str, style: Style) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
    let side = code.size + 2 * QUIET;
    let black = |row: usize, column: usize| {
        let inside = |place: usize| place.checked_sub(QUIET).filter(|place| *place < code.size);
        inside(row)
            .zip(inside(column))
            .is_some_and(|(row, column)| code[row][column].value())
    };
    let mut out = String::new();
    for row in (0..side).step_by(2) {
        if style == Style::Coloured {
            out.push_str("\u{1b}[38;5;16;48;5;231m");
        }
        for column in 0..side {
            let (upper, lower) = (black(row, column), row + 1 < side && black(row + 1, column));
            let inked = match style {
                Style::Dark => (!upper, !lower),
                Style::Coloured | Style::Light => (upper, lower),
            };
            out.push(match inked {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        if style == Style::Coloured {
            out.push_str("\u{1b}[0m");
        }
        out.push('\n');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_quiet_zone_and_its_corners() {
        let code = render("mdoc:abc", Style::Light).expect("short enough");
        let lines: Vec<Vec<char>> = code.lines().map(|line| line.chars().collect()).collect();
        let side = lines[0].len();
        assert!(lines.iter().all(|line| line.len() == side) && lines.len() == side.div_ceil(2));
        // Four modules of white around, then the three corners.
        for line in &lines {
            assert!(line[..QUIET].iter().chain(&line[side - QUIET..]).all(|c| *c == ' '));
        }
        assert!(lines[..2].iter().flatten().all(|c| *c == ' '));
        let corner: String = lines[2][QUIET..QUIET + 7].iter().collect();
        assert_eq!(corner, "█▀▀▀▀▀█");
        let corner: String = lines[2][side - QUIET - 7..side - QUIET].iter().collect();
        assert_eq!(corner, "█▀▀▀▀▀█");
        let dark = render("mdoc:abc", Style::Dark).expect("short enough");
        assert!(dark.starts_with('█'));
        assert!(render(&"x".repeat(4000), Style::Light).is_none());
    }
}
