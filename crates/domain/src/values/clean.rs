//! A text as a reader sees it, one way to write each sign: digits, dashes, quotes, spaces, fractions.

use crate::text::is_hidden;
use unicode_normalization::UnicodeNormalization;

/// A space that does not part words: it stands inside numbers, and between a number and its unit.
pub(super) const BOUND: char = '\u{A0}';

/// The zeros of the scripts in which customers write figures; nine digits follow each.
const ZEROS: &[u32] =
    &[0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x1040];

/// The characters of a text with everything that only looks different made the same. A superscript keeps its mark, so
/// that 10² is not 102, and a fraction becomes a decimal or two numbers with a slash.
pub(super) fn clean(text: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    for c in text.nfc().filter(|c| !is_hidden(*c)) {
        if c.is_ascii() && c != '\r' && c != '\t' {
            out.push(c);
            continue;
        }
        let after_digit = out.last().is_some_and(char::is_ascii_digit);
        let code = u32::from(c);
        if let Some(zero) = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)) {
            out.extend(char::from_digit(code - zero, 10));
            continue;
        }
        match c {
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{A0}' | '\u{202F}' | '\u{2007}'..='\u{200A}' => out.push(BOUND),
            c if c.is_whitespace() => out.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => out.push('-'),
            '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{B4}' | '\u{2BC}' => out.push('\''),
            '\u{201C}'..='\u{201F}' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』' | '\u{2033}' => {
                out.push('"')
            }
            '\u{301C}' | '\u{FF5E}' | '\u{223C}' => out.push('~'),
            '≦' | '⩽' | '⋜' => out.push('≤'),
            '≧' | '⩾' | '⋝' => out.push('≥'),
            '≅' | '≃' => out.push('≈'),
            '∗' | '⋅' | '·' if after_digit => out.push('×'),
            '٫' => out.push('.'),
            '٬' => out.push(','),
            '٪' => out.push('%'),
            '½' | '¼' | '¾' => {
                let part = match c {
                    '½' => ".5",
                    '¼' => ".25",
                    _ => ".75",
                };
                if !after_digit {
                    out.push('0');
                }
                out.extend(part.chars());
            }
            '⅓' | '⅔' | '⅕' | '⅖' | '⅗' | '⅘' | '⅙' | '⅚' | '⅛' | '⅜' | '⅝' | '⅞' => {
                if after_digit {
                    out.push(' ');
                }
                out.extend(std::iter::once(c).nfkc().map(|c| if c == '\u{2044}' { '/' } else { c }));
            }
            '²' | '³' | '¹' | '\u{2070}'..='\u{209C}' => {
                out.push('^');
                out.extend(std::iter::once(c).nfkc());
            }
            c => out.extend(std::iter::once(c).nfkc().map(|c| if c == '\u{2044}' { '/' } else { c })),
        }
    }
    out
}

/// Whether a character belongs to a script that writes its words without spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_looks_alike_is_written_alike() {
        let text = |s: &str| clean(s).into_iter().collect::<String>();
        assert_eq!(text("\u{2212}１２．５０\u{202F}€"), "-12.50\u{A0}€");
        assert_eq!(
            (text("10²"), text("1½"), text("½"), text("⅓")),
            ("10^2".into(), "1.5".into(), "0.5".into(), "1/3".into())
        );
        assert_eq!((text("٣"), text("5\u{200B}0"), text("3〜5")), ("3".into(), "50".into(), "3~5".into()));
    }
}
