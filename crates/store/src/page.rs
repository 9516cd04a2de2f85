//! Pages: a keyset cursor as opaque text.

/// At most this many rows a page.
pub const MAX_LIMIT: i64 = 200;

/// What part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    /// The key after which to go on, as the last page gave it.
    pub after: Option<Vec<i64>>,
    /// How many rows.
    pub limit: i64,
}

impl Page {
    /// Reads a cursor and a limit; `None` if the cursor is not one of ours.
    pub fn of(cursor: Option<&str>, limit: Option<i64>) -> Option<Self> {
        let after = match cursor {
            None | Some("") => None,
            Some(text) => Some(text.split('.').map(str::parse).collect::<Result<Vec<i64>, _>>().ok()?),
        };
        Some(Self { after, limit: limit.unwrap_or(50).clamp(1, MAX_LIMIT) })
    }

    /// Where the next page begins, after rows of this one: nowhere if they don't fill it.
    pub fn next<T>(&self, rows: &[T], key: impl Fn(&T) -> Vec<i64>) -> Option<String> {
        (rows.len() as i64 == self.limit).then(|| rows.last().map(|row| cursor(&key(row)))).flatten()
    }

    /// One number of the key.
    pub fn key(&self, at: usize) -> Option<i64> {
        self.after.as_ref().and_then(|key| key.get(at).copied())
    }
}

/// Writes a cursor.
pub fn cursor(key: &[i64]) -> String {
    key.iter().map(i64::to_string).collect::<Vec<_>>().join(".")
}
