//! A table of `workflow.toml` being read: every fault is noted with its line, none stops the reading.

use std::cell::RefCell;
use std::ops::Range;

use similar::get_close_matches;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PackError;
use super::rule::Rule;

/// The faults found so far in one file.
pub(super) struct Report<'t> {
    file: &'t str,
    text: &'t str,
    errors: RefCell<Vec<PackError>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, errors: RefCell::default() }
    }

    /// Notes a fault at a byte offset.
    pub(super) fn add(&self, at: usize, key: String, expected: String, found: String, did_you_mean: Option<String>) {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        self.errors.borrow_mut().push(PackError {
            file: self.file.to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            key,
            expected,
            found,
            did_you_mean,
        });
    }

    pub(super) fn into_errors(self) -> Vec<PackError> {
        self.errors.into_inner()
    }
}

/// One table: which keys it was asked for, and where it stands.
pub(super) struct Section<'t> {
    report: &'t Report<'t>,
    path: String,
    at: usize,
    table: &'t DeTable<'t>,
    known: RefCell<Vec<&'static str>>,
}

impl<'t> Section<'t> {
    pub(super) fn root(report: &'t Report<'t>, table: &'t DeTable<'t>) -> Self {
        Self::new(report, String::new(), 0, table)
    }

    fn new(report: &'t Report<'t>, path: String, at: usize, table: &'t DeTable<'t>) -> Self {
        Self { report, path, at, table, known: RefCell::default() }
    }

    fn child_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    fn check<T>(&self, path: String, value: &Spanned<DeValue<'_>>, rule: &Rule<T>) -> Option<T> {
        let read = (rule.read)(value.get_ref());
        if read.is_none() {
            let hint = value.get_ref().as_str().and_then(|word| closest(word, rule.choices.iter().map(String::as_str)));
            if rule.private {
                let found = "another value (not shown: it may be a secret)".to_owned();
                self.report.add(value.span().start, path, rule.expected.clone(), found, None);
            } else {
                self.wrong(path, value, &rule.expected, hint);
            }
        }
        read
    }

    fn wrong(&self, path: String, value: &Spanned<DeValue<'_>>, expected: &str, hint: Option<String>) {
        self.report.add(value.span().start, path, expected.to_owned(), describe(value.get_ref()), hint);
    }

    /// Whether a key of a table in this one is set, without asking for it.
    pub(super) fn says(&self, table: &str, key: &str) -> bool {
        let table = self.table.get(table).and_then(|value| value.get_ref().as_table());
        table.is_some_and(|table| table.contains_key(key))
    }

    /// Notes a fault in the value of `key`, or in the section itself when it has no such key.
    pub(super) fn fault(&self, key: &str, expected: &str, found: &str) {
        let at = self.table.get(key).map_or(self.at, |value| value.span().start);
        self.report.add(at, self.child_path(key), expected.to_owned(), found.to_owned(), None);
    }

    /// The value of a key that has to be there.
    pub(super) fn required<T>(&self, key: &'static str, rule: Rule<T>) -> Option<T> {
        match self.get(key) {
            Some(value) => self.check(self.child_path(key), value, &rule),
            None => {
                self.fault(key, &rule.expected, "nothing");
                None
            }
        }
    }

    /// The value of a key that may be left out.
    pub(super) fn optional<T>(&self, key: &'static str, rule: Rule<T>) -> Option<T> {
        let value = self.get(key)?;
        self.check(self.child_path(key), value, &rule)
    }

    /// A list whose entries differ, or nothing when the key is left out.
    pub(super) fn list<T: PartialEq>(&self, key: &'static str, rule: Rule<T>) -> Option<Vec<T>> {
        let value = self.get(key)?;
        let path = self.child_path(key);
        let Some(entries) = value.get_ref().as_array() else {
            self.wrong(path, value, "a list", None);
            return None;
        };
        let mut list = Vec::with_capacity(entries.len());
        for (i, entry) in entries.iter().enumerate() {
            let path = format!("{path}[{i}]");
            match self.check(path.clone(), entry, &rule) {
                Some(read) if list.contains(&read) => self.wrong(path, entry, "each entry once", None),
                Some(read) => list.push(read),
                None => {}
            }
        }
        Some(list)
    }

    /// A list with at least one entry.
    pub(super) fn required_list<T: PartialEq>(&self, key: &'static str, rule: Rule<T>, expected: &str) -> Vec<T> {
        let entries = self.table.get(key).map(|value| value.get_ref().as_array());
        if entries.is_none_or(|entries| entries.is_some_and(|entries| entries.is_empty())) {
            self.fault(key, expected, "none");
        }
        self.list(key, rule).unwrap_or_default()
    }

    /// A table within this one, or nothing when the key is left out.
    pub(super) fn table(&self, key: &'static str) -> Option<Section<'t>> {
        let value = self.get(key)?;
        self.section(self.child_path(key), value)
    }

    /// A table that has to be there.
    pub(super) fn required_table(&self, key: &'static str) -> Option<Section<'t>> {
        if !self.table.contains_key(key) {
            self.fault(key, &format!("a [{key}] section"), "nothing");
        }
        self.table(key)
    }

    /// The tables of `[[key]]`; none when the key is left out.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Section<'t>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let path = self.child_path(key);
        let Some(entries) = value.get_ref().as_array() else {
            self.wrong(path.clone(), value, &format!("a list of tables, written [[{path}]]"), None);
            return Vec::new();
        };
        let sections = entries.iter().enumerate();
        sections.filter_map(|(i, entry)| self.section(format!("{path}[{i}]"), entry)).collect()
    }

    fn section(&self, path: String, value: &'t Spanned<DeValue<'t>>) -> Option<Section<'t>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(path, value, "a table", None);
            return None;
        };
        Some(Self::new(self.report, path, value.span().start, table))
    }

    /// Notes every key that nobody asked for. To be called last.
    pub(super) fn refuse_unknown_keys(&self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let Range { start, .. } = key.span();
            let name = key.get_ref();
            let expected = format!("one of {}", known.join(", "));
            let hint = closest(name, known.iter().copied());
            self.report.add(
                start,
                self.child_path(&clip(name).escape_debug().to_string()),
                expected,
                "an unknown key".to_owned(),
                hint,
            );
        }
    }
}

fn closest<'c>(word: &str, choices: impl Iterator<Item = &'c str>) -> Option<String> {
    let choices: Vec<&str> = choices.collect();
    let word = clip(word);
    get_close_matches(word.as_str(), &choices, 1, 0.6).first().map(|name| (*name).to_owned())
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", clip(text)),
        DeValue::Integer(integer) => clip(&integer.to_string()),
        DeValue::Float(float) => clip(&float.to_string()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The start of a text that may be of any length.
fn clip(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
