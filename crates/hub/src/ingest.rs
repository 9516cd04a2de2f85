//! Lines coming in: split while they arrive, each bounded, a bad one reported and the good ones kept.

use crate::answer::{Answer, Failure};
use crate::inflate::unzipped;
use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use countersign_domain::draft::FieldError;
use countersign_domain::kind::other_kind;
use futures::{Stream, StreamExt};

/// How long the next piece of a body is waited for.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a body may take in all: a client that sends a line a minute doesn't hold a connection for ever.
pub const IN_ALL: std::time::Duration = std::time::Duration::from_secs(3600);
/// The byte order mark that some editors and exports put in front of a text.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// As much of a body as tells what it is.
pub const HEAD: usize = 64 << 10;
/// A line is at most this long.
pub const MAX_LINE: usize = countersign_domain::draft::MAX_ROW;

/// The beginning of a body as far as its first line goes, and the whole body.
pub async fn peek(body: Body) -> (Bytes, Body) {
    let mut rest = body.into_data_stream();
    let mut head = BytesMut::new();
    let mut broke = None;
    let until = tokio::time::Instant::now() + PATIENCE;
    let (mut begun, mut ended) = (false, false);
    while !ended && head.len() <= MAX_LINE && broke.is_none() {
        match tokio::time::timeout_at(until, rest.next()).await {
            Ok(Some(Ok(chunk))) => {
                // Empty lines before the first don't count. Each chunk is looked at once, however small they are.
                let text = if begun { &chunk[..] } else { chunk.trim_ascii_start() };
                begun |= !text.is_empty();
                ended = memchr::memchr(b'\n', text).is_some();
                head.extend_from_slice(&chunk);
            }
            Ok(Some(Err(e))) => broke = Some(Err(e)),
            // Whoever reads the body whole says so if nothing comes.
            Ok(None) | Err(_) => break,
        }
    }
    let head = head.freeze();
    let first = futures::stream::iter([Ok(head.clone())].into_iter().chain(broke));
    (head, Body::from_stream(first.chain(rest)))
}

/// Splits a body into lines. Memory stays within a line however long one is: the rest of one that is too long is
/// thrown away while it comes.
pub struct Lines<S> {
    body: S,
    buffer: BytesMut,
    line: u64,
    /// How far the buffer has been searched for a line's end.
    searched: usize,
    until: tokio::time::Instant,
    too_long: bool,
    ended: bool,
    begun: bool,
}

/// A line: its number from 1, and its bytes or what is wrong with it.
pub type Line = (u64, Result<Bytes, FieldError>);

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Lines<S> {
    /// Begins.
    pub fn of(body: S) -> Self {
        Self::within(body, IN_ALL)
    }

    fn within(body: S, in_all: std::time::Duration) -> Self {
        let until = tokio::time::Instant::now() + in_all;
        Self { body, buffer: BytesMut::new(), line: 0, searched: 0, until, too_long: false, ended: false, begun: false }
    }

    /// The next line that isn't blank.
    pub async fn next(&mut self) -> Answer<Option<Line>> {
        loop {
            if !self.begun {
                self.begun = self.begins()?;
            }
            if let Some(line) = self.begun.then(|| self.take_line()).flatten() {
                self.line += 1;
                // Files that were put together may have one in their midst as well.
                let line = line.map(|bytes| match bytes.strip_prefix(BOM) {
                    Some(rest) => bytes.slice_ref(rest),
                    None => bytes,
                });
                match line {
                    Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => continue,
                    other => return Ok(Some((self.line, other))),
                }
            }
            if self.ended {
                return Ok(None);
            }
            let patience = PATIENCE.min(self.until.saturating_duration_since(tokio::time::Instant::now()));
            let Ok(chunk) = tokio::time::timeout(patience, self.body.next()).await else {
                let why = if patience < PATIENCE {
                    "the body took longer than an hour"
                } else {
                    "nothing came for 60 seconds"
                };
                return Err(Failure::malformed(format!("{why}; what came before is staged")));
            };
            match chunk {
                Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
                Some(Err(e)) => {
                    let broke = || Failure::malformed("the body broke off; what came before is staged");
                    return Err(unzipped(&e).unwrap_or_else(broke));
                }
                None => self.ended = true,
            }
        }
    }

    /// Whether enough has come to tell that there may be rows in it. What is of another kind altogether is refused once, not
    /// line by line.
    fn begins(&self) -> Answer<bool> {
        let head = self.buffer.strip_prefix(BOM).unwrap_or(&self.buffer);
        let is_row = matches!(head.trim_ascii_start(), [b'{', next, ..] if *next != 0);
        if !is_row && !self.ended && head.len() < HEAD {
            return Ok(false);
        }
        match other_kind(&head[..head.len().min(HEAD)]).filter(|_| !is_row) {
            Some(kind) => Err(Failure::malformed(format!("the body is {kind}; expected one JSON object a line"))),
            None => Ok(true),
        }
    }

    fn take_line(&mut self) -> Option<Result<Bytes, FieldError>> {
        let too_long = || Err(FieldError::new("", format!("longer than {MAX_LINE} bytes")));
        match memchr::memchr(b'\n', &self.buffer[self.searched..]) {
            Some(at) => {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                let skipped = std::mem::take(&mut self.too_long) || line.len() > MAX_LINE;
                Some(if skipped { too_long() } else { Ok(line.freeze()) })
            }
            None if self.ended && (!self.buffer.is_empty() || self.too_long) => {
                let line = self.buffer.split();
                self.searched = 0;
                let skipped = std::mem::take(&mut self.too_long) || line.len() > MAX_LINE;
                Some(if skipped { too_long() } else { Ok(line.freeze()) })
            }
            None => {
                self.searched = self.buffer.len();
                if self.searched > MAX_LINE {
                    self.too_long = true;
                    self.buffer.advance(self.searched);
                    self.searched = 0;
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    async fn split(chunks: Vec<Vec<u8>>) -> Vec<(u64, Result<String, String>)> {
        let body = futures::stream::iter(chunks.into_iter().map(|c| Ok(Bytes::from(c))));
        let mut lines = Lines::of(body);
        lines.begun = true;
        let mut out = Vec::new();
        while let Ok(Some((n, line))) = lines.next().await {
            out.push((n, line.map(|b| String::from_utf8(b.to_vec()).unwrap()).map_err(|e| e.message)));
        }
        out
    }

    #[tokio::test]
    async fn lines_are_numbered_across_chunks_and_blank_ones_are_passed_over() {
        let out = split(vec![b"a\n\nb".to_vec(), b"c\r\n".to_vec(), b"  \nlast".to_vec()]).await;
        assert_eq!(out, [(1, Ok("a".into())), (3, Ok("bc\r".into())), (5, Ok("last".into()))]);
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_no_part_of_a_line() {
        let out = split(vec![b"\xef\xbb".to_vec(), b"\xbfa\n\xef\xbb\xbf\n\xef\xbb\xbfb".to_vec()]).await;
        assert_eq!(out, [(1, Ok("a".into())), (3, Ok("b".into()))]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_reported_and_the_next_is_read() {
        let long = vec![b'x'; MAX_LINE / 2 + 1];
        let out = split(vec![long.clone(), long.clone(), long, b"\nok\n".to_vec()]).await;
        assert_eq!(out.len(), 2);
        assert!(out[0].1.is_err());
        assert_eq!(out[1], (2, Ok("ok".into())));
    }

    #[tokio::test]
    async fn a_body_that_goes_on_and_on_is_broken_off() {
        // Endless, but never silent for long.
        let body = futures::stream::unfold(0, |n| async move {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            Some((Ok(Bytes::from("row\n")), n + 1))
        });
        let mut lines = Lines::within(Box::pin(body), std::time::Duration::from_millis(50));
        let mut n = 0;
        while lines.next().await.is_ok_and(|line| line.is_some()) {
            n += 1;
            assert!(n < 1_000, "it never ends");
        }
    }

    #[tokio::test]
    async fn nothing_is_no_line() {
        assert!(split(vec![]).await.is_empty());
        assert!(split(vec![b"\n \n".to_vec()]).await.is_empty());
    }
}
