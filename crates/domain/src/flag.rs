//! A workflow as a feature flag: on for an audience that its stage admits, and off for everyone once it is killed.
//!
//! The wire is OFREP 0.3, the OpenFeature Remote Evaluation Protocol.

use crate::draft::Audience;
use crate::pack::{Pack, Stage};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a flag comes to for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// On or off.
    pub value: bool,
    /// The stage, `killed`, or `stale`.
    pub variant: &'static str,
    /// `TARGETING_MATCH`, `DISABLED` where it is killed, or `STALE` where nothing recent is known.
    pub reason: &'static str,
}

/// What a killed workflow's flag comes to.
pub const OFF: Evaluation = Evaluation { value: false, variant: "killed", reason: "DISABLED" };
/// What every flag comes to at a hub that can't read its database.
pub const STALE: Evaluation = Evaluation { value: false, variant: "stale", reason: "STALE" };

/// Evaluates a living workflow's flag.
pub fn evaluate(pack: &Pack, stage: Stage, audience: &Audience) -> Evaluation {
    Evaluation { value: pack.admits(stage, audience), variant: stage.as_str(), reason: "TARGETING_MATCH" }
}

/// Reads the audience out of an evaluation context: `targetingKey`, `groups`, `opted_in`; anything else is left alone.
///
/// # Errors
///
/// What is wrong with the context, in words.
pub fn audience(context: &Map<String, Value>) -> Result<Audience, String> {
    let found = |key: &str, wanted: &str| Err(format!("{key}: expected {wanted}"));
    let subject = match context.get("targetingKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key.clone()),
        Some(_) => return found("targetingKey", "a string"),
    };
    let groups = match context.get("groups") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            let names: Option<Vec<String>> = list.iter().map(|g| g.as_str().map(str::to_owned)).collect();
            match names {
                Some(names) => names,
                None => return found("groups", "a list of strings"),
            }
        }
        Some(_) => return found("groups", "a list of strings"),
    };
    let opted_in = match context.get("opted_in") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(yes)) => *yes,
        Some(_) => return found("opted_in", "true or false"),
    };
    Ok(Audience { subject, groups, opted_in })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test fails by panicking")]

    use super::{audience, evaluate};
    use crate::draft::Audience;
    use crate::pack::{Pack, Stage, template};
    use serde_json::json;

    fn read(context: &serde_json::Value) -> Result<Audience, String> {
        audience(context.as_object().unwrap_or(&serde_json::Map::new()))
    }

    #[test]
    fn the_stage_decides_for_whom_it_is_on() {
        let pack = Pack::parse(&template(&"desk".parse().expect("an id"))).expect("the template is a pack");
        let staff = read(&json!({ "targetingKey": "u-1", "groups": ["staff"] })).expect("a context");
        let opted = read(&json!({ "opted_in": true, "plan": "gold" })).expect("a context");
        let on = |stage, who: &Audience| evaluate(&pack, stage, who).value;
        assert!(on(Stage::Internal, &staff) && !on(Stage::Internal, &opted));
        assert!(on(Stage::OptIn, &opted) && on(Stage::Default, &read(&json!({})).expect("a context")));
        assert_eq!(evaluate(&pack, Stage::OptIn, &opted).variant, "opt_in");
    }

    #[test]
    fn a_context_that_is_none_is_said_to_be_none() {
        for (context, key) in [
            (json!({ "groups": "staff" }), "groups"),
            (json!({ "groups": [1] }), "groups"),
            (json!({ "opted_in": "yes" }), "opted_in"),
            (json!({ "targetingKey": 7 }), "targetingKey"),
        ] {
            assert!(read(&context).is_err_and(|e| e.starts_with(key)), "{context}");
        }
    }
}
