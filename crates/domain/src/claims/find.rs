//! What a draft claims: the values that it states, what it says is done, and what it says the policy is.

use super::ClaimKind;
use super::scan::{Key, Token, Value};
use super::sentence::{Says, Sentence, clauses, denies, says, stems};
use super::stem::{Stem, stem};
use std::ops::Range;

/// A claim before anything is known about what is behind it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What kind.
    pub kind: ClaimKind,
    /// Where, in Unicode scalars.
    pub span: (u32, u32),
    /// The value, of those that state one.
    pub value: Option<Value>,
    /// What the sentence around it is about.
    pub about: Vec<Stem>,
    /// What is counted, of a count.
    pub unit: Vec<Stem>,
    /// The words that say what was done.
    pub act: Option<Act>,
    /// It denies.
    pub denies: bool,
    /// It holds without an "if".
    pub flat: bool,
    /// It says that the customer is entitled to something.
    pub entitles: bool,
    /// It says that something costs nothing.
    pub free: bool,
}

impl Found {
    /// One of a kind, about nothing yet.
    pub fn of(kind: ClaimKind) -> Self {
        Self {
            kind,
            span: (0, 0),
            value: None,
            about: Vec::new(),
            unit: Vec::new(),
            act: None,
            denies: false,
            flat: false,
            entitles: false,
            free: false,
        }
    }
}

/// Something that is said to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// The verb.
    pub verb: Stem,
    /// Which family of acts.
    pub family: Family,
    /// "I have …", not "… has been".
    pub own: bool,
}

/// Acts that the same tools do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Cancelled, closed.
    Cancel,
    /// Booked, ordered.
    Book,
    /// Changed, upgraded, moved.
    Change,
    /// Sent, issued, added.
    Give,
    /// Charged, refunded, processed, completed: any act that changes something.
    Any,
    /// Handed to somebody else.
    Transfer,
    /// Removed, deleted.
    Remove,
    /// Waived: nothing but its own name stands for it.
    Named,
    /// Looked up, reviewed.
    Read,
}

const VERBS: &[(&str, Family)] = &[
    ("cancelled", Family::Cancel),
    ("closed", Family::Cancel),
    ("terminated", Family::Cancel),
    ("booked", Family::Book),
    ("reserved", Family::Book),
    ("ordered", Family::Book),
    ("scheduled", Family::Book),
    ("changed", Family::Change),
    ("modified", Family::Change),
    ("updated", Family::Change),
    ("adjusted", Family::Change),
    ("upgraded", Family::Change),
    ("downgraded", Family::Change),
    ("moved", Family::Change),
    ("switched", Family::Change),
    ("rescheduled", Family::Change),
    ("extended", Family::Change),
    ("reset", Family::Change),
    ("renamed", Family::Change),
    ("issued", Family::Give),
    ("sent", Family::Give),
    ("granted", Family::Give),
    ("credited", Family::Give),
    ("added", Family::Give),
    ("applied", Family::Give),
    ("shipped", Family::Give),
    ("charged", Family::Any),
    ("refunded", Family::Any),
    ("deducted", Family::Any),
    ("paid", Family::Any),
    ("processed", Family::Any),
    ("completed", Family::Any),
    ("submitted", Family::Any),
    ("initiated", Family::Any),
    ("transferred", Family::Transfer),
    ("escalated", Family::Transfer),
    ("forwarded", Family::Transfer),
    ("removed", Family::Remove),
    ("deleted", Family::Remove),
    ("waived", Family::Named),
    ("enabled", Family::Named),
    ("disabled", Family::Named),
    ("activated", Family::Named),
    ("unlocked", Family::Named),
    ("retrieved", Family::Read),
    ("reviewed", Family::Read),
    ("checked", Family::Read),
    ("verified", Family::Read),
    ("located", Family::Read),
];

/// Words after which a sentence speaks of what may be.
const IFS: [&str; 11] =
    ["if", "once", "after", "when", "unless", "whether", "until", "before", "should", "wenn", "falls"];

/// The lower-case words of some tokens.
fn words(text: &str, tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|t| text[t.bytes.0..t.bytes.1].to_lowercase().replace('\u{2019}', "'")).collect()
}

/// What a sentence claims.
pub fn claims(text: &str, tokens: &[Token], sentence: &Sentence, out: &mut Vec<Found>) {
    if sentence.question {
        return;
    }
    let about = sentence.stems(tokens);
    for i in sentence.tokens.clone() {
        if let Some(kind) = value_kind(text, tokens, sentence, i) {
            let token = &tokens[i];
            let mut span = (token.start, token.end);
            let mut unit = Vec::new();
            if kind == ClaimKind::Count {
                let counted = unit_of(text, &tokens[..sentence.tokens.end], i);
                unit = counted.iter().map(|t| t.stem).collect();
                span.1 = counted.last().map_or(span.1, |t| t.end);
            }
            let value = token.value.clone();
            out.push(Found { span, value, about: about.clone(), unit, ..Found::of(kind) });
        }
    }
    let own = &tokens[sentence.tokens.clone()];
    for clause in clauses(text, own, &["but", "however", "although"]) {
        let part = &own[clause];
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let span = (first.start, last.end);
        let said = words(text, part);
        let plain = |kind| Found {
            span,
            about: stems(part),
            denies: denies(text, part),
            flat: says(text, part) == Says::Always,
            ..Found::of(kind)
        };
        if let Some(act) = act(&said) {
            out.push(Found { act: Some(act), ..plain(ClaimKind::Action) });
        } else if is_policy(&said) {
            let named = said.iter().any(|w| matches!(w.as_str(), "eligible" | "entitled" | "qualify"));
            out.push(Found { entitles: named || may_be(&said), free: is_free(&said), ..plain(ClaimKind::Policy) });
        }
    }
}

/// Of which kind a token's value is, if it states one.
fn value_kind(text: &str, tokens: &[Token], sentence: &Sentence, i: usize) -> Option<ClaimKind> {
    let token = &tokens[i];
    let value = token.value.as_ref().filter(|v| v.digits)?;
    let raw = &text[token.bytes.0..token.bytes.1];
    match value.keys.first()? {
        Key::Day(..) => Some(ClaimKind::Date),
        Key::Minute(_) => Some(ClaimKind::Time),
        Key::Code(_) => (!raw.contains(char::is_lowercase) || raw.contains('_')).then_some(ClaimKind::Code),
        Key::Number(_) if value.money => Some(ClaimKind::Amount),
        Key::Number(_) if raw.len() >= 4 && raw.bytes().all(|b| b.is_ascii_digit()) => {
            let year = raw.len() == 4 && (raw.starts_with("19") || raw.starts_with("20"));
            (!year).then_some(ClaimKind::Code)
        }
        Key::Number(_) => (!is_label(text, tokens, sentence, i)).then_some(ClaimKind::Count),
    }
}

/// `Flight 1:`, `Gift card 2`, `step 3.`: a number that only tells things of a list apart.
fn is_label(text: &str, tokens: &[Token], sentence: &Sentence, i: usize) -> bool {
    let token = &tokens[i];
    let one = token.bytes.1 - token.bytes.0 == 1;
    let after_word = i > sentence.tokens.start
        && tokens[i - 1].value.is_none()
        && &text[tokens[i - 1].bytes.1..token.bytes.0] == " ";
    let next = text[token.bytes.1..].trim_start_matches('*').chars().next();
    one && after_word && next.is_none_or(|c| matches!(c, ':' | '.' | ')' | '\n')) && !tokens[i - 1].stop
}

/// What is counted: the words right after the number.
fn unit_of<'a>(text: &str, tokens: &'a [Token], i: usize) -> Vec<&'a Token> {
    let mut unit = Vec::new();
    let mut end = tokens[i].bytes.1;
    for token in &tokens[i + 1..] {
        let gap = &text[end..token.bytes.0];
        if unit.len() == 3 || !matches!(gap, " " | "-" | "\u{a0}" | "") || token.value.is_some() || token.stop {
            break;
        }
        unit.push(token);
        end = token.bytes.1;
    }
    unit
}

/// "I have cancelled", "has been charged", "was waived"; none of them denied or only possible.
fn act(said: &[String]) -> Option<Act> {
    for (i, word) in said.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| said[b].as_str());
        let first = matches!(word.as_str(), "i've" | "we've") || (word == "have" && matches!(before, Some("i" | "we")));
        let past = matches!(word.as_str(), "was" | "were");
        let now = matches!(word.as_str(), "is" | "are") && said.get(i + 1).is_some_and(|w| w == "now");
        if !first && !past && !now && !matches!(word.as_str(), "has" | "have") {
            continue;
        }
        if said[..i].iter().any(|w| IFS.contains(&w.as_str())) {
            return None;
        }
        let mut been = past || now;
        for next in said[i + 1..].iter().take(5) {
            match next.as_str() {
                "been" | "being" => been = true,
                "now" | "just" | "already" | "successfully" | "also" | "both" | "all" | "fully" | "automatically"
                | "then" => {}
                verb => {
                    let known = VERBS.iter().find(|(name, _)| stem(name) == stem(verb) && verb.ends_with(['d', 't']));
                    let Some((_, family)) = known.filter(|_| first || been) else { break };
                    // "It was booked on…" describes; it doesn't report.
                    if past && matches!(family, Family::Book | Family::Give | Family::Read) {
                        break;
                    }
                    return Some(Act { verb: stem(verb), family: *family, own: first && !been });
                }
            }
        }
    }
    None
}

/// Whether a clause says what may be and what may not.
fn is_policy(said: &[String]) -> bool {
    const SAYS: [&str; 22] = [
        "cannot",
        "can't",
        "unable",
        "eligible",
        "entitled",
        "permitted",
        "allowed",
        "required",
        "refundable",
        "non-refundable",
        "policy",
        "qualify",
        "qualifies",
        "guarantee",
        "guaranteed",
        "possible",
        "covers",
        "cover",
        "waives",
        "allows",
        "strict",
        "must",
    ];
    let asks = said.first().is_some_and(|w| matches!(w.as_str(), "please" | "could" | "would" | "let" | "if"));
    let finds = said.iter().any(|w| matches!(w.as_str(), "find" | "locate" | "access" | "see" | "sure"));
    let only = said.windows(2).any(|w| w[0] == "can" && w[1] == "only");
    let says = only || may_be(said) || is_free(said) || said.iter().any(|w| SAYS.contains(&w.as_str()));
    !asks && !finds && said.len() >= 3 && says
}

/// "It can be cancelled."
fn may_be(said: &[String]) -> bool {
    said.windows(3).any(|w| w[0] == "can" && w[1] == "be" && w[2].ends_with("ed"))
}

/// "No additional fees."
fn is_free(said: &[String]) -> bool {
    let costs = |w: &String| matches!(w.as_str(), "fee" | "fees" | "cost" | "costs" | "charge" | "charges");
    (0..said.len()).any(|i| said[i] == "no" && said[i + 1..].iter().take(3).any(costs))
}

/// Values next to the name of a field, as `Gold member` is to `membership`: where they stand, value first.
pub fn named_values(text: &str, tokens: &[Token], sentence: &Sentence) -> Vec<Range<usize>> {
    let own = sentence.tokens.clone();
    if sentence.question || words(text, &tokens[own.clone()]).iter().any(|w| IFS.contains(&w.as_str())) {
        return Vec::new();
    }
    let pair = |i: usize| {
        let adjacent = &text[tokens[i].bytes.1..tokens[i + 1].bytes.0] == " ";
        let plain = tokens[i].value.is_none() && tokens[i + 1].value.is_none();
        // "Gold members" are all of them, not this one.
        let one = !text[..tokens[i + 1].bytes.1].ends_with('s');
        (adjacent && plain && one && !tokens[i].stop).then_some(i..i + 2)
    };
    (own.start..own.end.saturating_sub(1)).filter_map(pair).collect()
}
