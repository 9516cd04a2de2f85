//! What a draft claims: the values that it states, what it says is done, and what it says the policy is.

use super::ClaimKind;
use super::acts::{Act, HELPS, VERBS, act};
use super::scan::{Key, Token, Value};
use super::sentence::{Says, Sentence, clauses, denies, lower, says, stems};
use super::stem::{Fixed, Stem, stem};
use std::ops::Range;
use std::sync::LazyLock;

/// So many alternatives of a statement are looked at.
const MOST_PARTS: usize = 4;

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
    /// The word before a value.
    pub before: Option<Stem>,
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
    /// Of what is said to be refundable, guaranteed or required: the thing itself.
    pub subject: Option<Stem>,
    /// It is about what the writer can do.
    pub own: bool,
    /// "Neither A nor B", "not A or B": what each of them alone is about.
    pub parts: Vec<Vec<Stem>>,
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
            before: None,
            act: None,
            denies: false,
            flat: false,
            entitles: false,
            free: false,
            subject: None,
            own: false,
            parts: Vec::new(),
        }
    }
}

/// Words after which a sentence speaks of what may be.
pub const IFS: [&str; 11] =
    ["if", "once", "after", "when", "unless", "whether", "until", "before", "should", "wenn", "falls"];

/// Words of a clause that says what may be and what may not.
pub const SAYS: [&str; 22] = [
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

/// The lower-case words of some tokens.
fn words(text: &str, tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|t| lower(text, t)).collect()
}

/// What a sentence claims.
pub fn claims(text: &str, tokens: &[Token], sentence: &Sentence, out: &mut Vec<Found>) {
    if sentence.question {
        return;
    }
    let own = &tokens[sentence.tokens.clone()];
    if own.iter().any(|t| t.value.is_some()) {
        values(text, tokens, sentence, out);
    }
    if may_state(own) {
        statements(text, own, out);
    }
}

/// The values that a sentence states.
fn values(text: &str, tokens: &[Token], sentence: &Sentence, out: &mut Vec<Found>) {
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
            let before = (i > sentence.tokens.start).then(|| tokens[i - 1].stem);
            out.push(Found { span, value, about: about.clone(), unit, before, ..Found::of(kind) });
        }
    }
}

/// Whether a sentence has the words without which nothing is said to be done, and nothing to be the policy.
fn may_state(own: &[Token]) -> bool {
    const POLICY: u8 = 1;
    const VERB: u8 = 2;
    const HELP: u8 = 4;
    static LEADS: LazyLock<Fixed<u8>> = LazyLock::new(|| {
        let policy = SAYS.iter().chain(&["can", "no"]).map(|word| (stem(word), POLICY));
        let verbs = VERBS.iter().map(|(word, _)| (stem(word), VERB));
        let helps = HELPS.iter().map(|word| (stem(word), HELP));
        let mut leads = Fixed::<u8>::default();
        for (stem, lead) in policy.chain(verbs).chain(helps) {
            *leads.entry(stem).or_default() |= lead;
        }
        leads
    });
    let leads = own.iter().fold(0, |all, t| all | LEADS.get(&t.stem).copied().unwrap_or_default());
    leads & POLICY != 0 || leads & VERB != 0 && leads & HELP != 0
}

/// What the parts of a sentence say to be done, or to be the policy.
fn statements(text: &str, own: &[Token], out: &mut Vec<Found>) {
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
            let mut found =
                Found { entitles: named || may_be(&said), free: is_free(&said), ..plain(ClaimKind::Policy) };
            found.subject = subject(part, &said);
            if found.denies {
                found.parts = alternatives(part, &said);
                found.own = is_own(&said);
            }
            out.push(found);
        }
    }
}

/// What is said to be so: the noun before "is refundable".
fn subject(part: &[Token], said: &[String]) -> Option<Stem> {
    const SO: [&str; 4] = ["refundable", "nonrefundable", "guaranteed", "required"];
    let so = said.iter().position(|w| SO.iter().any(|s| w.ends_with(s)))?;
    let is = said[..so].iter().rposition(|w| matches!(w.as_str(), "is" | "are"))?;
    part[..is].iter().rev().find(|t| !t.stop && t.value.is_none()).map(|t| t.stem)
}

/// "I'm unable to", "I cannot".
fn is_own(said: &[String]) -> bool {
    let first = |w: &str| matches!(w, "i" | "we");
    let two = said.windows(2).any(|w| match w[1].as_str() {
        "unable" => matches!(w[0].as_str(), "i'm" | "we're"),
        "cannot" | "can't" => first(&w[0]),
        _ => false,
    });
    two || said.windows(3).any(|w| first(&w[0]) && matches!(w[1].as_str(), "am" | "are") && w[2] == "unable")
}

/// What a statement is about without what stands before an "or", and without what stands after it.
fn alternatives(part: &[Token], said: &[String]) -> Vec<Vec<Stem>> {
    let ors = (1..said.len().saturating_sub(1)).filter(|i| matches!(said[*i].as_str(), "or" | "nor"));
    let without = |gone: Range<usize>| {
        let kept: Vec<Token> =
            part.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, t)| t.clone()).collect();
        stems(&kept)
    };
    ors.take(MOST_PARTS).flat_map(|i| [without(i - 1..i), without(i + 1..said.len())]).collect()
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
        Key::Number(_) if value.is_money() => Some(ClaimKind::Amount),
        Key::Number(_) if raw.len() >= 4 && raw.bytes().all(|b| b.is_ascii_digit()) => {
            let year = raw.len() == 4 && (raw.starts_with("19") || raw.starts_with("20"));
            if year {
                counts_things(text, tokens, sentence, i).then_some(ClaimKind::Count)
            } else {
                Some(ClaimKind::Code)
            }
        }
        Key::Number(_) => (!is_label(text, tokens, sentence, i)).then_some(ClaimKind::Count),
    }
}

/// "2000 points", not "in 2019 sales rose".
fn counts_things(text: &str, tokens: &[Token], sentence: &Sentence, i: usize) -> bool {
    let own = &tokens[..sentence.tokens.end];
    let things = unit_of(text, own, i).first().is_some_and(|t| text[..t.bytes.1].ends_with('s'));
    let dated = i > sentence.tokens.start
        && matches!(
            lower(text, &tokens[i - 1]).as_str(),
            "in" | "of" | "the" | "since" | "by" | "for" | "from" | "until" | "during" | "early" | "late"
        );
    things && !dated
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

/// Whether a clause says what may be and what may not.
fn is_policy(said: &[String]) -> bool {
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
