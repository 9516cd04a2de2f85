//! What somebody sends instead of rows of JSON: recognised once and named, not complained of line by line.

/// What a file, body or page is, by its beginning, that holds no rows at all; none where it may hold some.
pub fn other_kind(head: &[u8]) -> Option<&'static str> {
    const SIGNS: [(&[u8], &str); 10] = [
        (b"\xff\xfe", "UTF-16 text (save it as UTF-8)"),
        (b"\xfe\xff", "UTF-16 text (save it as UTF-8)"),
        (b"\x1f\x8b", "compressed with gzip, and doesn't say so"),
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd (gzip is taken)"),
        (b"\xfd7zXZ\0", "compressed with xz (gzip is taken)"),
        (b"BZh", "compressed with bzip2 (gzip is taken)"),
        (b"%PDF-", "a PDF"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"PAR1", "a Parquet file"),
    ];
    if let Some((_, kind)) = SIGNS.iter().find(|(sign, _)| head.starts_with(sign)) {
        return Some(kind);
    }
    match head {
        // One of two bytes of every letter.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a != 0 && *b != 0 => return Some("UTF-16 text (save it as UTF-8)"),
        _ if head.contains(&0) => return Some("a binary file"),
        _ => {}
    }
    let text = head.trim_ascii_start();
    if text.is_empty() || text.starts_with(b"[") {
        return None;
    }
    // A bad line among good ones is told by its number.
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    if lines.clone().any(|line| line.starts_with(b"{")) {
        return None;
    }
    if text.starts_with(b"<") {
        let start = String::from_utf8_lossy(&text[..text.len().min(1_000)]).to_lowercase();
        return Some(if start.contains("<html") || start.contains("<!doctype html") { "an HTML page" } else { "XML" });
    }
    let first = lines.next().unwrap_or_default();
    Some(if [b',', b';', b'\t'].iter().any(|s| first.contains(s)) { "a CSV table" } else { "text without JSON in it" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_rows_is_named_and_what_may_hold_some_is_not() {
        for (head, kind) in [
            (&b"id,subject\n1,Invoice"[..], "a CSV table"),
            (b"<!DOCTYPE html><html>", "an HTML page"),
            (b"<?xml version=\"1.0\"?>", "XML"),
            (b"\xff\xfe{\0", "UTF-16 text (save it as UTF-8)"),
            (b"{\0\"\0", "UTF-16 text (save it as UTF-8)"),
            (b"\x7fELF\x02\x01\x01\0", "a binary file"),
            (b"\x1f\x8b\x08", "compressed with gzip, and doesn't say so"),
            (b"caf\xe9", "text without JSON in it"),
        ] {
            assert_eq!(other_kind(head), Some(kind), "{head:?}");
        }
        for head in [&b""[..], b" \n", b"[1]", b"{\"a\": 1}\nnonsense", b"nonsense\n{\"a\": 1}"] {
            assert_eq!(other_kind(head), None, "{head:?}");
        }
    }
}
