//! JSONL, the faithful form. Label and body are stored as JSON, so a line is put together from
//! them as they are: the same case makes the same bytes, and an export costs little more than reading.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a stored case can't be written.
#[derive(Debug, thiserror::Error)]
#[error("a stored case can't be read: {0}")]
pub struct UnreadableCase(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Decision<'a> {
    #[serde(borrow)]
    action: &'a RawValue,
    #[serde(borrow)]
    final_text: &'a RawValue,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    draft: Draft<'a>,
}

#[derive(Deserialize)]
struct Draft<'a> {
    #[serde(borrow)]
    text: &'a RawValue,
}

/// Writes one case, without a line end. `label` and `body` are JSON objects that share no key.
pub fn write(out: &mut Vec<u8>, label: &str, body: &str) -> Result<(), UnreadableCase> {
    let decision: Decision<'_> = serde_json::from_str(label)?;
    let parsed: Body<'_> = serde_json::from_str(body)?;
    let reference = match decision.action.get() {
        "\"approve\"" => parsed.draft.text.get(),
        _ => decision.final_text.get(),
    };
    let label = label.trim_end();
    out.extend_from_slice(label.strip_suffix('}').unwrap_or(label).as_bytes());
    out.extend_from_slice(b",\"reference_text\":");
    out.extend_from_slice(reference.as_bytes());
    out.push(b',');
    out.extend_from_slice(body.trim_start().strip_prefix('{').unwrap_or(body).as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::Value;

    fn line(action: &str, final_text: &str) -> Value {
        let label = format!(r#"{{"id":"c","action":"{action}","final_text":{final_text}}}"#);
        let mut out = Vec::new();
        write(&mut out, &label, r#"{"thread":[],"draft":{"text":"Hi \"you\"","citations":[]},"metadata":{}}"#).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn the_reference_is_what_should_have_been_sent() {
        assert_eq!(line("approve", "null")["reference_text"], "Hi \"you\"");
        assert_eq!(line("edit", r#""Hello""#)["reference_text"], "Hello");
        assert_eq!(line("escalate", "null")["reference_text"], Value::Null);
        assert_eq!(line("edit", r#""Hello""#)["draft"]["text"], "Hi \"you\"");
    }

    #[test]
    fn a_label_whose_last_value_is_an_object_stays_whole() {
        let mut out = Vec::new();
        let label = r#"{"action":"approve","final_text":null,"settled":{"was":{"action":"edit"}}}"#;
        write(&mut out, label, r#"{"draft":{"text":"Hi"}}"#).unwrap();
        let case: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&case["settled"]["was"]["action"], &case["draft"]["text"]), (&"edit".into(), &"Hi".into()));
    }
}
