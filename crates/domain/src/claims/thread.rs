//! What the thread says: the values in tool results, messages and notes, and which tools did what.

use super::Place;
use super::acts::{Act, Family};
use super::calls::{Call, calls, does, gave_back, is_general, is_general_act, parts, pays};
use super::dates::{has_next_day, speaks_of_a_day};
use super::scan::{Key, SCALE, Token, Unit, Value, is_claimed, tokens};
use super::sentence::denies;
use super::stem::{Stem, stem};
use crate::draft::{Message, Role};
use serde_json::Value as Json;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::LazyLock;

/// So many places of one value are compared.
const PLACES: usize = 16;
/// So many words on either side of a value say what it is.
const AROUND: usize = 6;
/// So many fields of an answer are looked at.
pub const FIELDS: usize = 200;
/// In so many words an answer says what was done.
const ANSWER: usize = 200;
/// So many words before a verb say whether it is denied.
const DENIED: usize = 4;

/// The thread, ready to be looked up in.
pub struct Thread<'a> {
    messages: &'a [Message],
    /// Of each message, once something asks for them.
    tokens: Vec<OnceCell<Vec<Token>>>,
    values: HashMap<Key, Vec<(u32, u32)>>,
    /// Tools that were called, in their order.
    pub calls: Vec<Call>,
    /// Where each verb last stands in the past, and whether the customer says so.
    told: HashMap<(Stem, bool), Place>,
    /// Stems of what the customer wrote.
    pub customer: Vec<Stem>,
}

/// How a value was found.
pub struct Hit {
    /// Where.
    pub place: Place,
    /// In a tool's answer or a note, not in what somebody wrote.
    pub firm: bool,
}

/// What the calls say of an act.
pub enum Done {
    /// It was done.
    Yes(Vec<Place>),
    /// The only attempts failed, or the answer says something else than what was asked for.
    Otherwise(Vec<Place>, Vec<Mismatch>),
    /// Tools did something, and nothing says that it was this.
    Unclear,
    /// Nothing.
    No,
}

/// A field that came back with another value than was asked for.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The stems of the field's name.
    pub field: Vec<Stem>,
    /// The stems of the value that was asked for.
    pub asked: Vec<Stem>,
    /// Where the answer has the field.
    pub place: Place,
}

impl<'a> Thread<'a> {
    /// Reads a thread; what is said in it only where the draft claims something.
    pub fn of(messages: &'a [Message], claimed: bool) -> Self {
        let mut thread = Self {
            messages,
            tokens: vec![OnceCell::new(); messages.len()],
            values: HashMap::new(),
            calls: calls(messages),
            told: HashMap::new(),
            customer: Vec::new(),
        };
        for (m, message) in messages.iter().enumerate().filter(|_| claimed) {
            let found = read(message);
            let theirs = message.role == Role::Customer;
            let asks = theirs && message.text.trim_end().ends_with('?');
            for (t, token) in found.iter().enumerate() {
                let word = &message.text[token.bytes.0..token.bytes.1];
                let past = word.ends_with("ed") || matches!(word, "sent" | "paid" | "reset");
                let before = &found[t.saturating_sub(DENIED)..t];
                if past && !asks && !denies(&message.text, before) {
                    thread.told.insert((token.stem, theirs), Place::in_message(m, (token.start, token.end)));
                }
                for key in token.value.iter().flat_map(keys_of) {
                    thread.note(key, m, t);
                }
                if theirs {
                    thread.customer.push(token.stem);
                }
            }
            thread.tokens[m] = found.into();
        }
        thread.customer.sort_unstable();
        thread.customer.dedup();
        thread
    }

    fn tokens(&self, message: usize) -> &[Token] {
        self.tokens[message].get_or_init(|| read(&self.messages[message]))
    }

    fn note(&mut self, key: Key, message: usize, token: usize) {
        let places = self.values.entry(key).or_default();
        if places.len() == PLACES {
            places.remove(0);
        }
        places.push((message as u32, token as u32));
    }

    /// Where a value stands; of several places the one that is most about the same.
    pub fn find(&self, value: &Value, unit: &[Stem], about: &[Stem]) -> Option<Hit> {
        let places = value.keys.iter().filter_map(|key| self.values.get(key)).flatten();
        let fits = |(m, t): &&(u32, u32)| is_claimed(value, unit, self.tokens(*m as usize), *t as usize);
        let (score, m, t) =
            places.filter(fits).map(|&(m, t)| (self.nearness(m as usize, t as usize, about), m, t)).max()?;
        let token = &self.tokens(m as usize)[t as usize];
        let place = Place::in_message(m as usize, (token.start, token.end));
        Some(Hit { place, firm: score.0 > 0 })
    }

    fn nearness(&self, m: usize, t: usize, about: &[Stem]) -> (u8, usize) {
        let firm = match self.messages[m].role {
            Role::Tool | Role::Note => 1,
            _ => 0,
        };
        let tokens = self.tokens(m);
        let near = &tokens[t.saturating_sub(AROUND)..(t + AROUND).min(tokens.len())];
        (firm, near.iter().filter(|t| about.binary_search(&t.stem).is_ok()).count())
    }

    /// Where a tool gave a list of so many: `"passengers": [{…}]` is one passenger.
    pub fn listed(&self, value: &Value, unit: &[Stem]) -> Option<Place> {
        let Some(Key::Number(number)) = value.keys.first().filter(|_| !unit.is_empty()) else { return None };
        self.calls.iter().rev().find_map(|call| {
            let is = |name: &str, list: &[Json]| {
                i64::try_from(list.len()).ok().and_then(|n| n.checked_mul(SCALE)) == Some(*number)
                    && parts(name).iter().any(|part| unit.contains(part))
            };
            let mut fields = call.result.iter().take(FIELDS);
            fields.find_map(|(name, list)| is(name, list.as_array()?).then(|| self.field(call.answer, name)))
        })
    }

    /// Whether the thread speaks of a day more or less: a tool gave a time of the next day, as in `01:00:00+1`, or the
    /// customer speaks of one.
    pub fn shifts(&self) -> bool {
        self.messages.iter().any(|m| match m.role {
            Role::Tool => has_next_day(&m.text),
            Role::Customer => speaks_of_a_day(&m.text),
            _ => false,
        })
    }

    /// Whether the day before or after a date is there, where the thread speaks of a day more or less.
    pub fn next_to(&self, value: &Value, shifts: bool) -> Option<Hit> {
        let Some(Key::Day(month, day)) = value.keys.first().filter(|_| shifts) else { return None };
        [day.checked_sub(1), day.checked_add(1)].into_iter().flatten().find_map(|day| {
            self.find(
                &Value { keys: vec![Key::Day(*month, day)], year: value.year, unit: Unit::None, digits: true },
                &[],
                &[],
            )
        })
    }

    /// Money in the last messages of the company and the customer, and the last numbers of tools.
    pub fn amounts(&self, most: usize) -> [Vec<(i64, Place)>; 2] {
        let (mut said, mut given) = (Vec::new(), Vec::new());
        let mut spoken = 0;
        for (m, message) in self.messages.iter().enumerate().rev() {
            let tool = message.role == Role::Tool;
            let into = if tool { &mut given } else { &mut said };
            if !tool {
                spoken += 1;
            }
            let counts = |t: usize| t.checked_sub(1).is_some_and(|name| self.names_a_count(m, name));
            for (t, token) in self.tokens(m).iter().enumerate().rev() {
                let amount = |v: &Value| v.is_money() || tool && v.digits && !counts(t);
                if into.len() == most || !token.value.as_ref().is_some_and(amount) {
                    continue;
                }
                let Some(Key::Number(n)) = token.value.as_ref().and_then(|v| v.keys.first()) else { continue };
                into.push((*n, Place::in_message(m, (token.start, token.end))));
            }
            if spoken > 4 {
                break;
            }
        }
        [said, given]
    }

    /// Whether a word names what comes after it as a number that is no money, as in `"seats": 12`.
    fn names_a_count(&self, message: usize, token: usize) -> bool {
        static COUNTS: LazyLock<Vec<Stem>> = LazyLock::new(|| {
            "id number count quantity qty seat bag baggage passenger item zip phone year".split(' ').map(stem).collect()
        });
        let (from, end) = self.tokens(message)[token].bytes;
        parts(&self.messages[message].text[from..end]).iter().any(|part| COUNTS.contains(part))
    }

    /// Where somebody says that something was done: a tool's answer, a note, an earlier reply, and for what isn't one's
    /// own act also the customer.
    pub fn says(&self, verb: Stem, own: bool) -> Option<Place> {
        let by_others = || self.told.get(&(verb, true)).filter(|_| !own);
        self.told.get(&(verb, false)).or_else(by_others).cloned()
    }

    /// What the calls say of an act.
    pub fn done(&self, act: Act, about: &[Stem]) -> Done {
        let fits = |call: &&Call| match act.family {
            Family::Read => true,
            Family::Any => !call.reads,
            family => {
                let general = || call.name.iter().any(|part| does(family, *part)) && call.is_about(about);
                !call.reads && (call.name.iter().any(|part| *part == act.verb && !is_general(*part)) || general())
            }
        };
        let mut fitting = self.calls.iter().rev().filter(fits).peekable();
        let Some(last) = fitting.peek() else { return Done::No };
        let last = self.whole(last.answer);
        let mut well = fitting.filter(|call| !call.failed).peekable();
        if well.peek().is_none() {
            return Done::Otherwise(vec![last], Vec::new());
        }
        // Many a tool writes, and any looks something up: only one that has to do with it bears it out.
        let vague = matches!(act.family, Family::Any | Family::Read);
        let Some(call) = well.find(|call| !vague || self.is_of(call, act, about)) else { return Done::Unclear };
        let mismatches = self.mismatches(call);
        if mismatches.iter().any(|m| m.asked.iter().all(|stem| about.binary_search(stem).is_ok())) {
            return Done::Otherwise(mismatches.iter().map(|m| m.place.clone()).collect(), mismatches);
        }
        if pays(act, about) && gave_back(&call.result) {
            return Done::Otherwise(vec![self.field(call.answer, "amount")], Vec::new());
        }
        Done::Yes(vec![self.report(call, act)])
    }

    /// Whether a call has to do with an act: by its name, by what it was given, or by its answer.
    fn is_of(&self, call: &Call, act: Act, about: &[Stem]) -> bool {
        let says = || self.tokens(call.answer).iter().take(ANSWER).any(|t| t.stem == act.verb);
        let pays = act.family == Family::Any && !is_general_act(act.verb);
        call.name.contains(&act.verb)
            || !pays && call.is_about(about)
            || act.family == Family::Any && (says() || self.moves_money(call))
    }

    fn moves_money(&self, call: &Call) -> bool {
        static MONEY: LazyLock<[Stem; 7]> =
            LazyLock::new(|| ["amount", "payment", "refund", "charge", "total", "price", "paid"].map(stem));
        let money = |t: &Token| MONEY.contains(&t.stem) || t.value.as_ref().is_some_and(Value::is_money);
        *call.money.get_or_init(|| self.tokens(call.answer).iter().any(money))
    }

    /// Where a tool's answer says in a word that it was done, as in `"status": "cancelled"`; else all of it.
    fn report(&self, call: &Call, act: Act) -> Place {
        let word = self.tokens(call.answer).iter().rev().find(|t| t.stem == act.verb);
        word.map_or_else(|| self.whole(call.answer), |t| Place::in_message(call.answer, (t.start, t.end)))
    }

    fn whole(&self, message: usize) -> Place {
        let end = self.tokens(message).last().map_or(0, |t| t.end);
        Place::in_message(message, (0, end))
    }

    fn mismatches(&self, call: &Call) -> Vec<Mismatch> {
        let plain = |text: &str| text.to_lowercase();
        let differs = |(field, asked): (&String, &Json)| {
            let (asked, got) = (asked.as_str()?, call.result.get(field)?.as_str()?);
            if plain(asked) == plain(got) || asked.is_empty() || asked.len() > 40 {
                return None;
            }
            Some(Mismatch { field: parts(field), asked: parts(asked), place: self.field(call.answer, field) })
        };
        call.args.iter().filter_map(differs).collect()
    }

    /// Where a tool's answer has a field of this name: the name and the word after it.
    pub fn field(&self, message: usize, name: &str) -> Place {
        let tokens = self.tokens(message);
        let text = &self.messages[message].text;
        let at = tokens.iter().position(|t| text[t.bytes.0..t.bytes.1] == *name);
        let Some(at) = at else { return self.whole(message) };
        let end = tokens.get(at + 1).map_or(tokens[at].end, |t| t.end);
        Place::in_message(message, (tokens[at].start, end))
    }

    /// The fields of tools' answers that always had the same short value: their names' stems, the value's, and which
    /// answer has them under which name.
    pub fn settled(&self) -> Vec<(Stem, Stem, usize, &str)> {
        let mut fields: HashMap<&str, (Option<&str>, usize)> = HashMap::new();
        for call in &self.calls {
            for (name, value) in call.result.iter().take(FIELDS) {
                let Some(value) = value.as_str().filter(|v| is_name(v)) else { continue };
                let known = fields.entry(name).or_insert((Some(value), call.answer));
                if known.0 != Some(value) {
                    known.0 = None;
                }
            }
        }
        let mut settled: Vec<_> =
            fields.into_iter().filter_map(|(name, (value, at))| Some((name, value?, at))).collect();
        settled.sort_unstable();
        settled.into_iter().map(|(name, value, at)| (stem(name), stem(value), at, name)).collect()
    }
}

/// The tokens of a message. What the model asked its tools is no evidence of what is.
fn read(message: &Message) -> Vec<Token> {
    if message.role == Role::ToolCall { Vec::new() } else { tokens(&message.text) }
}

/// One word that isn't yes or no.
fn is_name(value: &str) -> bool {
    let plain = (3..=20).contains(&value.len()) && value.chars().all(char::is_alphabetic);
    plain && !matches!(value.to_lowercase().as_str(), "yes" | "true" | "false" | "none" | "null")
}

/// A value's keys; of a code also the digits in it.
fn keys_of(value: &Value) -> Vec<Key> {
    let mut keys = value.keys.clone();
    if let Some(Key::Code(code)) = value.keys.first() {
        let runs = code.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 4);
        keys.extend(runs.filter_map(|run| run.parse::<i64>().ok()?.checked_mul(10_000)).map(Key::Number));
    }
    keys
}
