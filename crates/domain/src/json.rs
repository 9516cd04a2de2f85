//! Reading JSON that other people's programs wrote: what is wrong with it is said in plain words, with the field that
//! it is about.

use serde::de::DeserializeOwned;

/// Why a text isn't what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, dotted: `draft.citations[2].end`; empty for the whole.
    pub field: String,
    /// What was expected, and what was found.
    pub message: String,
    /// Whether it is JSON at all.
    pub is_json: bool,
}

/// A text without the byte order mark that some editors and exports put in front of it.
#[must_use]
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads a value.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let bytes = without_bom(bytes);
    // The quick path doesn't know where it was; on an error the text is read again, keeping track.
    serde_json::from_slice(bytes).map_err(|plain| located::<T>(bytes, &plain))
}

fn located<T: DeserializeOwned>(bytes: &[u8], plain: &serde_json::Error) -> Fault {
    if let Err(e) = std::str::from_utf8(bytes) {
        let message = format!("expected UTF-8, found another encoding at byte {}", e.valid_up_to() + 1);
        return Fault { field: String::new(), message, is_json: false };
    }
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(e) => fault(&e.path().to_string(), e.inner(), is_json),
        Ok(_) => fault("", plain, is_json),
    }
}

fn fault(path: &str, error: &serde_json::Error, is_json: bool) -> Fault {
    let path = path.trim_end_matches('?').trim_end_matches('.');
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    if is_json && !error.is_data() {
        // That is how the parser calls any other value where one of several words should stand.
        let message = "expected a text in double quotes, found another kind of value".to_owned();
        return Fault { field: path.to_owned(), message, is_json };
    }
    if !error.is_data() {
        let at = match error.line() {
            0 => String::new(),
            1 => format!(" (column {})", error.column()),
            line => format!(" (line {line}, column {})", error.column()),
        };
        let message = format!("not JSON: {}{at}", syntax(what));
        return Fault { field: path.to_owned(), message, is_json: false };
    }
    let (field, message) = data(path, what);
    Fault { field, message, is_json }
}

fn syntax(what: &str) -> String {
    match what {
        _ if what.starts_with("EOF") => "it breaks off before its end".to_owned(),
        "trailing characters" => "something follows after its end".to_owned(),
        "key must be a string" => "expected a key in double quotes".to_owned(),
        "expected ident" | "expected value" => "expected a value".to_owned(),
        "trailing comma" => "a comma with nothing after it".to_owned(),
        _ if what.starts_with("control character") => {
            "a line break or another control character within a string".to_owned()
        }
        other => other.replace('`', "\""),
    }
}

/// serde's words for a value of the wrong form, in ours.
fn data(path: &str, what: &str) -> (String, String) {
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = what.strip_prefix("missing field ") {
        return (within(name.trim_matches('`')), "missing; it is required".to_owned());
    }
    if let Some(name) = what.strip_prefix("duplicate field ") {
        return (within(name.trim_matches('`')), "stands twice".to_owned());
    }
    let path = path.to_owned();
    if let Some((found, expected)) =
        what.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        return (path, format!("expected {}, found {}", choice(expected), quoted(found)));
    }
    if let Some((found, expected)) = what.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected "))
    {
        return (path, format!("no such field {}; expected {}", quoted(found), choice(expected)));
    }
    let mismatch = ["invalid type: ", "invalid value: ", "invalid length "];
    if let Some((found, expected)) =
        mismatch.iter().find_map(|start| what.strip_prefix(start)).and_then(|rest| rest.rsplit_once(", expected "))
    {
        return (path, format!("expected {}, found {}", wanted(expected), seen(found)));
    }
    (path, what.to_owned())
}

/// A name that serde puts between backticks, as it would stand in JSON.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.trim_matches('`'))
}

/// `one of `a`, `b`` as words.
fn choice(expected: &str) -> String {
    let names: Vec<String> = expected.split('`').skip(1).step_by(2).map(quoted).collect();
    match names.split_last() {
        None => expected.to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// What was expected: names of our own types say nothing to whoever sent the value.
fn wanted(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" => "a text in double quotes",
        "a sequence" => "an array",
        "a map" => "an object",
        "a boolean" => "true or false",
        "unit" => "null",
        _ if ["struct ", "enum ", "internally tagged enum "].iter().any(|kind| expected.starts_with(kind)) => {
            if expected.starts_with("enum") {
                "a text in double quotes"
            } else {
                "an object"
            }
        }
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        other => other,
    }
    .to_owned()
}

/// What was found. A text itself may be long, and somebody's: its beginning will do.
fn seen(found: &str) -> String {
    const LONGEST: usize = 60;
    let named = |name: &str, value: &str| format!("{name} {}", value.trim_matches('`'));
    match found.split_once(' ') {
        Some(("string", text)) => {
            let short: String = text.chars().take(LONGEST).collect();
            if short.len() < text.len() { format!("the text {short}…\"") } else { format!("the text {text}") }
        }
        Some(("integer", n)) => named("the number", n),
        Some(("floating", rest)) => named("the number", rest.trim_start_matches("point ")),
        Some(("boolean", value)) => value.trim_matches('`').to_owned(),
        _ => match found {
            "map" => "an object".to_owned(),
            "sequence" => "an array".to_owned(),
            "unit" | "null" | "Option value" => "null".to_owned(),
            "unit variant" | "newtype variant" | "struct variant" | "tuple variant" => "an object".to_owned(),
            other => other.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::draft::{DraftBody, Message};
    use crate::verdict::Verdict;

    fn said<T: DeserializeOwned>(json: &str) -> (String, String) {
        let fault = read::<T>(json.as_bytes()).err().unwrap();
        (fault.field, fault.message)
    }

    #[test]
    fn a_value_of_the_wrong_form_is_named_without_our_own_types() {
        let cases = [
            (r#"{"thread": [], "draft": 7}"#, "draft", "expected an object, found the number 7"),
            (r#"{"thread": 7, "draft": {"text": ""}}"#, "thread", "expected an array, found the number 7"),
            (r#"{"thread": ["hello"]}"#, "thread[0]", "expected an object, found the text \"hello\""),
            (
                r#"{"thread": [{"role": "bot", "text": ""}]}"#,
                "thread[0].role",
                "expected \"customer\", \"agent\", \"tool\", \"tool_call\" or \"note\", found \"bot\"",
            ),
            (
                r#"{"thread": [{"role": 5, "text": ""}]}"#,
                "thread[0].role",
                "expected a text in double quotes, found another kind of value",
            ),
            (r#"{"thread": [{"role": "note"}]}"#, "thread[0].text", "missing; it is required"),
            (
                r#"{"thread": [{"role": "note", "text": null}]}"#,
                "thread[0].text",
                "expected a text in double quotes, found null",
            ),
            (
                r#"{"thread": [], "draft": {"text": "", "citations": [{"source": "a", "start": -1}]}}"#,
                "draft.citations[0].start",
                "expected a whole number that is not negative, found the number -1",
            ),
        ];
        for (json, field, message) in cases {
            assert_eq!(said::<DraftBody>(json), (field.to_owned(), message.to_owned()), "{json}");
        }
        let (field, message) = said::<Verdict>(r#"{"verdict_id": "1", "action": "send"}"#);
        assert_eq!(field, "action");
        assert!(message.starts_with("expected \"approve\"") && message.ends_with("found \"send\""), "{message}");
    }

    #[test]
    fn what_is_no_json_says_where() {
        let (_, message) = said::<DraftBody>("{not json");
        assert_eq!(message, "not JSON: expected a key in double quotes (column 2)");
        assert_eq!(said::<DraftBody>(r#"{"thread": ["#).1, "not JSON: it breaks off before its end (column 12)");
        assert!(read::<Message>(b"caf\xe9").is_err_and(|f| f.message.contains("UTF-8") && !f.is_json));
    }

    #[test]
    fn a_time_says_what_one_looks_like() {
        let message = |at: &str| said::<Message>(&format!(r#"{{"role": "note", "text": "", "at": "{at}"}}"#)).1;
        assert!(message("tomorrow").starts_with("expected a time such as \"2026-01-31T12:00:00Z\""));
        assert!(message("2026-01-31T12:00:00").contains("time zone"));
        let late = message("9999-12-31T23:59:59Z");
        assert!(late.contains("9999-12-30") && !late.contains("such as"), "{late}");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(read::<u8>(b"\xef\xbb\xbf7"), Ok(7));
    }
}
