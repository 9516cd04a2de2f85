//! Reading one row of `draft.v1`: unknown fields are kept, known ones are checked, errors name their field.

use super::{Audience, DraftBody, FieldError, Incoming, Message, Model, NamedSource, Reply, Signal, Usage};
use crate::time::Millis;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

const MAX_TEXT: usize = 200_000;
const MAX_THREAD: usize = 2_000;
const MAX_LIST: usize = 500;

/// Reads a row. On an error nothing of the row is used; the error names the field and what was expected.
pub fn parse(row: &[u8]) -> Result<Incoming, FieldError> {
    let raw: Raw = match serde_json::from_slice(row) {
        Ok(raw) => raw,
        // The quick path doesn't know where it was; read again, keeping track.
        Err(plain) => return Err(located(row, &plain)),
    };
    raw.check()
}

fn located(row: &[u8], plain: &serde_json::Error) -> FieldError {
    if let Err(e) = std::str::from_utf8(row) {
        return FieldError::new("", format!("expected UTF-8, found another byte at {}", e.valid_up_to()));
    }
    let mut json = serde_json::Deserializer::from_slice(row);
    match serde_path_to_error::deserialize::<_, Raw>(&mut json) {
        Err(e) => {
            let path = e.path().to_string();
            FieldError::new(
                if [".", "?"].contains(&path.as_str()) { String::new() } else { path },
                strip(&e.inner().to_string()),
            )
        }
        Ok(_) => FieldError::new("", strip(&plain.to_string())),
    }
}

/// The line is known better outside, so only the column of serde_json's position is of use.
fn strip(message: &str) -> String {
    match message.rsplit_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} (column {column})"),
        None => message.to_owned(),
    }
}

#[derive(Default)]
struct Raw {
    workflow: Option<String>,
    external_id: Option<String>,
    revision: Option<String>,
    thread: Option<Vec<Message>>,
    draft: Option<Reply>,
    sources: Option<Vec<NamedSource>>,
    model: Option<Option<Model>>,
    usage: Option<Option<Usage>>,
    cost_usd: Option<Option<String>>,
    trace_id: Option<Option<String>>,
    expires_at: Option<Option<Millis>>,
    signals: Option<Vec<Signal>>,
    audience: Option<Option<Audience>>,
    metadata: Option<Map<String, Value>>,
    extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row;
        impl<'de> Visitor<'de> for Row {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a draft (a JSON object)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut raw = Raw::default();
                while let Some(key) = map.next_key::<String>()? {
                    macro_rules! take {
                        ($($name:ident),+) => {
                            match key.as_str() {
                                $(stringify!($name) => {
                                    if raw.$name.is_some() {
                                        return Err(A::Error::custom(concat!("the key \"", stringify!($name), "\" stands twice")));
                                    }
                                    raw.$name = Some(map.next_value()?);
                                })+
                                _ => {
                                    let value = map.next_value()?;
                                    if raw.extra.insert(key.clone(), value).is_some() {
                                        return Err(A::Error::custom(format!("the key {key:?} stands twice")));
                                    }
                                }
                            }
                        };
                    }
                    take!(
                        workflow,
                        external_id,
                        revision,
                        thread,
                        draft,
                        sources,
                        model,
                        usage,
                        cost_usd,
                        trace_id,
                        expires_at,
                        signals,
                        audience,
                        metadata
                    );
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Row)
    }
}

impl Raw {
    fn check(self) -> Result<Incoming, FieldError> {
        let missing = |field: &str| FieldError::new(field, "missing; it is required");
        let external_id = self.external_id.ok_or_else(|| missing("external_id"))?;
        let thread = self.thread.ok_or_else(|| missing("thread"))?;
        let draft = self.draft.ok_or_else(|| missing("draft"))?;
        let revision = self.revision.unwrap_or_else(|| "1".to_owned());
        short("external_id", &external_id, 200)?;
        short("revision", &revision, 100)?;
        if let Some(workflow) = &self.workflow {
            short("workflow", workflow, 64)?;
        }
        let mut metadata = self.metadata.unwrap_or_default();
        for (key, value) in self.extra {
            metadata.entry(key).or_insert(value);
        }
        let body = DraftBody {
            thread,
            draft,
            sources: self.sources.unwrap_or_default(),
            model: self.model.flatten(),
            usage: self.usage.flatten(),
            cost_usd: self.cost_usd.flatten(),
            trace_id: self.trace_id.flatten(),
            signals: self.signals.unwrap_or_default(),
            audience: self.audience.flatten(),
            metadata,
        };
        check_body(&body)?;
        Ok(Incoming { workflow: self.workflow, external_id, revision, expires_at: self.expires_at.flatten(), body })
    }
}

fn short(field: &str, text: &str, limit: usize) -> Result<(), FieldError> {
    if text.trim().is_empty() {
        return Err(FieldError::new(field, "empty; expected some text"));
    }
    if text.chars().count() > limit {
        return Err(FieldError::new(
            field,
            format!("expected at most {limit} characters, found {}", text.chars().count()),
        ));
    }
    if text.contains(char::is_control) {
        return Err(FieldError::new(field, "holds a control character"));
    }
    Ok(())
}

fn prose(field: impl Fn() -> String, text: &str) -> Result<(), FieldError> {
    if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
        let found = text.chars().count();
        return Err(FieldError::new(field(), format!("expected at most {MAX_TEXT} characters, found {found}")));
    }
    if text.contains('\0') {
        return Err(FieldError::new(field(), "holds U+0000, which no text may"));
    }
    Ok(())
}

fn at_most(field: &str, found: usize, limit: usize) -> Result<(), FieldError> {
    if found > limit {
        return Err(FieldError::new(field, format!("expected at most {limit} entries, found {found}")));
    }
    Ok(())
}

fn check_body(body: &DraftBody) -> Result<(), FieldError> {
    at_most("thread", body.thread.len(), MAX_THREAD)?;
    at_most("draft.citations", body.draft.citations.len(), MAX_LIST)?;
    at_most("sources", body.sources.len(), MAX_LIST)?;
    at_most("signals", body.signals.len(), MAX_LIST)?;
    if body.draft.text.trim().is_empty() {
        return Err(FieldError::new("draft.text", "empty; expected the reply"));
    }
    prose(|| "draft.text".to_owned(), &body.draft.text)?;
    for (i, message) in body.thread.iter().enumerate() {
        prose(|| format!("thread[{i}].text"), &message.text)?;
        prose(|| format!("thread[{i}].name"), message.name.as_deref().unwrap_or_default())?;
    }
    let length =
        if body.draft.citations.is_empty() && body.signals.is_empty() { 0 } else { body.draft.text.chars().count() };
    for (i, c) in body.draft.citations.iter().enumerate() {
        short(&format!("draft.citations[{i}].source"), &c.source, 300)?;
        prose(|| format!("draft.citations[{i}].quote"), c.quote.as_deref().unwrap_or_default())?;
        offsets(&format!("draft.citations[{i}]"), c.start, c.end, length)?;
    }
    for (i, s) in body.signals.iter().enumerate() {
        prose(|| format!("signals[{i}].note"), s.note.as_deref().unwrap_or_default())?;
        offsets(&format!("signals[{i}]"), s.start, s.end, length)?;
    }
    for (i, s) in body.sources.iter().enumerate() {
        short(&format!("sources[{i}].id"), &s.id, 300)?;
        prose(|| format!("sources[{i}].title"), s.title.as_deref().unwrap_or_default())?;
        prose(|| format!("sources[{i}].text"), s.text.as_deref().unwrap_or_default())?;
    }
    if let Some(cost) = &body.cost_usd
        && !is_money(cost)
    {
        return Err(FieldError::new(
            "cost_usd",
            format!("expected US dollars as a decimal string such as \"0.0031\", found {cost:?}"),
        ));
    }
    for (field, value) in [("subject", body.metadata.get("subject")), ("customer", body.metadata.get("customer"))] {
        prose(|| format!("metadata.{field}"), value.and_then(Value::as_str).unwrap_or_default())?;
    }
    Ok(())
}

fn offsets(field: &str, start: Option<u32>, end: Option<u32>, length: usize) -> Result<(), FieldError> {
    match (start, end) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(FieldError::new(format!("{field}.end"), "missing; start and end come together")),
        (None, Some(_)) => Err(FieldError::new(format!("{field}.start"), "missing; start and end come together")),
        (Some(start), Some(end)) if end as usize > length => Err(FieldError::new(
            format!("{field}.end"),
            format!("expected at most {length}, the length of draft.text in characters, found {end} (start {start})"),
        )),
        (Some(start), Some(end)) if start >= end => {
            Err(FieldError::new(format!("{field}.start"), format!("expected less than end ({end}), found {start}")))
        }
        _ => Ok(()),
    }
}

fn is_money(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str, max: usize| !s.is_empty() && s.len() <= max && s.bytes().all(|b| b.is_ascii_digit());
    digits(whole, 9) && digits(part, 9)
}
