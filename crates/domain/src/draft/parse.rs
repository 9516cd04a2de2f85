//! Reading one row of `draft.v1`: unknown fields are kept, known ones are checked, errors name their field.

use super::place::Places;
use super::{Audience, DraftBody, FieldError, Incoming, Message, Model, NamedSource, Reply, Role, Signal, Usage};
use crate::json;
use crate::text::{headline, is_blank};
use crate::time::Millis;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

const MAX_TEXT: usize = 200_000;
const MAX_THREAD: usize = 2_000;
const MAX_LIST: usize = 500;
const MAX_NAME: usize = 1_000;
const MAX_METADATA: usize = 256 << 10;
/// US dollars. Millions of drafts at this price still add up within 64 bits of millionths.
const MAX_COST: i64 = 10_000;

/// A row is at most this long, in bytes.
pub const MAX_ROW: usize = 2 << 20;

/// Reads a row. On an error nothing of the row is used; the error names the field and what was expected.
pub fn parse(row: &[u8]) -> Result<Incoming, FieldError> {
    if row.len() > MAX_ROW {
        return Err(FieldError::new("", format!("longer than {MAX_ROW} bytes")));
    }
    let raw: Raw = json::read(row)?;
    raw.check()
}

impl From<json::Fault> for FieldError {
    fn from(fault: json::Fault) -> Self {
        Self::new(fault.field, fault.message)
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
    within(&field, text, MAX_TEXT)?;
    if text.contains('\0') {
        return Err(FieldError::new(field(), "holds U+0000, which no text may"));
    }
    Ok(())
}

/// A name: longer than anybody's, and no text.
fn name(field: impl Fn() -> String, text: Option<&str>) -> Result<(), FieldError> {
    let text = text.unwrap_or_default();
    within(&field, text, MAX_NAME)?;
    prose(field, text)
}

fn within(field: impl Fn() -> String, text: &str, limit: usize) -> Result<(), FieldError> {
    if text.len() > limit && text.chars().count() > limit {
        let found = text.chars().count();
        return Err(FieldError::new(field(), format!("expected at most {limit} characters, found {found}")));
    }
    Ok(())
}

/// How long a value is as JSON, without writing it anywhere.
fn json_bytes(value: &impl serde::Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // JSON that was read can be written, and this writer never fails.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
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
    if is_blank(&body.draft.text) {
        return Err(FieldError::new("draft.text", "empty; expected the reply"));
    }
    if body.thread.is_empty() {
        return Err(FieldError::new("thread", "empty; expected the messages that the reply answers"));
    }
    prose(|| "draft.text".to_owned(), &body.draft.text)?;
    for (i, message) in body.thread.iter().enumerate() {
        // A tool may well have found nothing.
        if message.role == Role::Customer && is_blank(&message.text) {
            return Err(FieldError::new(format!("thread[{i}].text"), "empty; expected what the customer wrote"));
        }
        prose(|| format!("thread[{i}].text"), &message.text)?;
        name(|| format!("thread[{i}].name"), message.name.as_deref())?;
    }
    let length =
        if body.draft.citations.is_empty() && body.signals.is_empty() { 0 } else { body.draft.text.chars().count() };
    let places = Places::of(&body.draft.text);
    for (i, c) in body.draft.citations.iter().enumerate() {
        short(&format!("draft.citations[{i}].source"), &c.source, 300)?;
        prose(|| format!("draft.citations[{i}].quote"), c.quote.as_deref().unwrap_or_default())?;
        offsets(&format!("draft.citations[{i}]"), c.start, c.end, length)?;
        places.check(&format!("draft.citations[{i}]"), c)?;
    }
    for (i, s) in body.signals.iter().enumerate() {
        prose(|| format!("signals[{i}].note"), s.note.as_deref().unwrap_or_default())?;
        offsets(&format!("signals[{i}]"), s.start, s.end, length)?;
    }
    for (i, s) in body.sources.iter().enumerate() {
        short(&format!("sources[{i}].id"), &s.id, 300)?;
        name(|| format!("sources[{i}].title"), s.title.as_deref())?;
        prose(|| format!("sources[{i}].text"), s.text.as_deref().unwrap_or_default())?;
    }
    check_origin(body)?;
    for (field, value) in [("subject", body.metadata.get("subject")), ("customer", body.metadata.get("customer"))] {
        prose(|| format!("metadata.{field}"), value.and_then(Value::as_str).unwrap_or_default())?;
    }
    let found = json_bytes(&body.metadata);
    if found > MAX_METADATA {
        let message = format!("expected at most {MAX_METADATA} bytes of JSON with every unknown field, found {found}");
        return Err(FieldError::new("metadata", message));
    }
    Ok(())
}

/// Which model wrote it, at what cost, and for whom.
fn check_origin(body: &DraftBody) -> Result<(), FieldError> {
    if let Some(model) = &body.model {
        within(|| "model.provider".to_owned(), &model.provider, MAX_NAME)?;
        within(|| "model.name".to_owned(), &model.name, MAX_NAME)?;
    }
    within(|| "trace_id".to_owned(), body.trace_id.as_deref().unwrap_or_default(), MAX_NAME)?;
    if let Some(audience) = &body.audience {
        within(|| "audience.subject".to_owned(), audience.subject.as_deref().unwrap_or_default(), MAX_NAME)?;
        at_most("audience.groups", audience.groups.len(), MAX_LIST)?;
        for (i, group) in audience.groups.iter().enumerate() {
            within(|| format!("audience.groups[{i}]"), group, MAX_NAME)?;
        }
    }
    let Some(cost) = &body.cost_usd else { return Ok(()) };
    if !is_money(cost) {
        return Err(FieldError::new(
            "cost_usd",
            format!("expected US dollars as a decimal string such as \"0.0031\", found {:?}", headline(cost, 40)),
        ));
    }
    if body.cost_micro_usd().is_none_or(|micro| micro > MAX_COST * 1_000_000) {
        return Err(FieldError::new(
            "cost_usd",
            format!("expected at most {MAX_COST} dollars for one draft, found {cost}"),
        ));
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
