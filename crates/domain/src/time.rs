//! Instants as whole milliseconds since the Unix epoch: the one form both databases keep unchanged.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z; RFC 3339 with milliseconds on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub i64);

impl Millis {
    /// This instant moved by a number of seconds.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The first full hour at or after this instant.
    pub fn hour_ceil(self) -> Self {
        const HOUR: i64 = 3_600_000;
        Self((self.0 + HOUR - 1).div_euclid(HOUR) * HOUR)
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl utoipa::PartialSchema for Millis {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Millis {}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(unreadable(&text)))
    }
}

/// Why a text is no instant: one that is written right may still be beyond what a clock here counts to.
fn unreadable(text: &str) -> String {
    let found: String = text.chars().take(60).collect();
    match jiff::fmt::temporal::Pieces::parse(text) {
        Ok(pieces) if pieces.offset().is_some() => {
            format!(
                "expected a time between -9999-01-02 and 9999-12-30, found {found:?}; leave it out to say \"never\""
            )
        }
        _ => format!("expected a time such as \"2026-01-31T12:00:00Z\", with its time zone; found {found:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Millis;

    #[test]
    fn a_time_is_written_with_three_decimals_and_read_back() {
        let t = Millis(1_767_268_800_007);
        assert_eq!(t.to_string(), "2026-01-01T12:00:00.007Z");
        assert_eq!(Millis::parse(&t.to_string()), Some(t));
    }

    #[test]
    fn hours_are_rounded_up_and_full_hours_stay() {
        assert_eq!(Millis(3_600_000).hour_ceil(), Millis(3_600_000));
        assert_eq!(Millis(3_600_001).hour_ceil(), Millis(7_200_000));
    }
}
