//! Verifying: the chain is followed against the checkpoints that count, and what the database holds is held against
//! what the log says of it. All of it in stretches, on one snapshot, and away from whoever writes.

use crate::draws::Replayed;
use crate::{Desk, DeskError, baseline};
use countersign_domain::access::{Act, Identity};
use countersign_domain::audit::{Checkpoint, Entry, Trust, Walk};
use countersign_domain::time::Millis;
use countersign_store::recount::Recount;
use countersign_store::seals::{self, Row, Span};
use countersign_store::{Tx, audit, steps};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// What verifying came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verified {
    /// Whether all of it holds.
    pub ok: bool,
    /// How many entries hold.
    pub entries: i64,
    /// The first broken or missing entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<i64>,
    /// What is wrong there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The last checkpoint that was signed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// The public half of the key that signs here, Ed25519, hex.
    #[serde(default)]
    pub public_key: String,
    /// The draws, replayed, unless only the chain was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<Replayed>,
    /// Drafts, verdicts, cases, replies, transitions, tokens, versions, eval results and drills, held against the entries
    /// that they came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Checked>,
    /// The texts of drafts, verdicts, cases and replies, hashed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<Checked>,
    /// The counts that gates are computed from, added up again from the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Checked>,
}

/// What holding the database against the log came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Checked {
    /// How many were looked at.
    pub checked: i64,
    /// How many of them are not as the log says.
    pub wrong: i64,
    /// Texts that were deleted; their hashes stay.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deleted: i64,
    /// The first that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_wrong: Option<Fault>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// Something that isn't as the log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fault {
    /// What kind of thing: `verdict`, `draft`, `token`, `count` …
    pub kind: String,
    /// Which: an id, drafts by their numbers, or a count in words.
    pub object: String,
    /// Its workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The entry that says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<i64>,
    /// What is wrong.
    pub why: String,
}

impl Checked {
    fn fault(&mut self, n: i64, fault: impl FnOnce() -> Fault) {
        self.wrong += n;
        if n > 0 && self.first_wrong.is_none() {
            self.first_wrong = Some(fault());
        }
    }
}

const STRETCH: i64 = 2_000;
/// Drafts looked at in one go.
const REACH: i64 = 4_000;
/// A hub signs every minute; a log that goes on for so long without a checkpoint has lost some.
const UNSIGNED_MS: i64 = 600_000;

/// What an entry says of rows and counts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Facts {
    sealed: Vec<(String, String, String)>,
    resealed: Vec<(String, String, String)>,
    counted: Vec<Vec<Value>>,
    ed25519: Option<String>,
    /// Of a baseline: the counts as they stood, and how many rows there were.
    stood: BTreeMap<String, [Vec<Vec<Value>>; 3]>,
    rows: BTreeMap<String, i64>,
    /// How many drafts it is about.
    drafts: i64,
}

struct Read {
    seq: i64,
    at: i64,
    act: String,
    workflow: Option<String>,
    hash: String,
    facts: Facts,
}

/// A seal, and where it stands.
struct Sealed {
    entry: i64,
    workflow: Option<String>,
    kind: String,
    key: String,
    hash: String,
}

/// Why the chain doesn't hold: how many entries do, the first that doesn't, and what is wrong.
struct Broken(i64, i64, String);

/// How far a log has been followed, and what it has said.
struct Following {
    walk: Walk,
    trust: Trust,
    own: String,
    registered_here: bool,
    /// Checkpoints from elsewhere, the later ones first.
    due: Vec<Checkpoint>,
    last: Option<Checkpoint>,
    /// Since when, and until when, it has gone on without a checkpoint.
    unsigned: Option<(i64, i64)>,
    whole: bool,
    /// Rows that were sealed again, by kind and key: how they are now.
    later: HashMap<(String, String), String>,
    named: BTreeMap<String, i64>,
    /// Drafts whose texts were erased, by the log.
    erased: i64,
    rows: Checked,
    recount: Recount,
    begun: bool,
}

impl Desk {
    /// Follows the whole chain, against its head, the kept checkpoints, and one that somebody kept elsewhere. With `all`
    /// it also holds rows, texts, counts and draws against the log.
    pub async fn verify_audit(
        &self,
        who: &Identity,
        outside: Option<Checkpoint>,
        all: bool,
    ) -> Result<Verified, DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        // It reads everything there is: one at a time.
        let _alone = self.inner.verifying.lock().await;
        let kept = self.inner.kept.get();
        let mut tx = self.snapshot().await?;
        let checkpoint = audit::last_checkpoint(&mut tx).await?;
        let mut following = Following::new(&self.public_key(), outside.clone(), kept.clone(), all);
        let broken = following.follow(&mut tx).await?;
        let broken = match broken {
            None => self.unlike_checkpoints(&mut tx, &following, outside.as_ref(), kept.as_ref()).await?,
            broken => broken,
        };
        let entries = broken.as_ref().map_or(following.walk.entries(), |b| b.0);
        let (rows, counts) = match broken.is_none() && all {
            true => following.compare(&mut tx, self.now()).await?,
            false => (None, None),
        };
        drop(tx);
        let (bodies, draws) = match all {
            true => (Some(self.hash_texts().await?), Some(self.replay_draws().await?)),
            false => (None, None),
        };
        let well = |checked: &Option<Checked>| checked.as_ref().is_none_or(|c| c.wrong == 0);
        Ok(Verified {
            ok: broken.is_none()
                && [&rows, &bodies, &counts].into_iter().all(well)
                && draws.as_ref().is_none_or(|d| d.wrong == 0),
            entries,
            broken_at: broken.as_ref().map(|b| b.1),
            why: broken.map(|b| b.2),
            checkpoint,
            public_key: self.public_key(),
            draws,
            rows,
            bodies,
            counts,
        })
    }

    /// Whether the checkpoints that count are all there.
    async fn unlike_checkpoints(
        &self,
        tx: &mut Tx,
        log: &Following,
        outside: Option<&Checkpoint>,
        kept: Option<&Checkpoint>,
    ) -> Result<Option<Broken>, DeskError> {
        let entries = log.walk.entries();
        let broken = |at: i64, why: &str| Some(Broken(entries, at, why.to_owned()));
        if let Some(outside) = outside.filter(|c| !log.trust.knows(&c.public_key)) {
            return Ok(broken(outside.seq, "the checkpoint is signed by a key that this desk never used"));
        }
        if let Some(seq) = log.trust.first_unknown() {
            return Ok(broken(seq, "a checkpoint by a key that no known key vouches for"));
        }
        if let Some(kept) = kept {
            let there = audit::checkpoint(tx, kept.seq).await?;
            if there.is_none_or(|there| there.hash != kept.hash) {
                return Ok(broken(kept.seq, "a checkpoint that this hub signed here is gone from the database"));
            }
        }
        if log.registered_here && audit::last_signed_by(tx, &self.public_key()).await?.is_none() {
            return Ok(broken(entries, "the log registers this hub's key, and no checkpoint of it is there"));
        }
        if log.unsigned.is_some_and(|(since, until)| until - since > UNSIGNED_MS) {
            let signed = log.last.as_ref().map_or(0, |c| c.seq);
            return Ok(broken(signed + 1, "the log went on for minutes without a checkpoint: some are gone"));
        }
        Ok(None)
    }

    /// Hashes the stored texts again, a stretch at a time and each by itself.
    async fn hash_texts(&self) -> Result<Checked, DeskError> {
        let mut found = Checked::default();
        for kind in seals::TEXTS {
            let mut after = 0;
            loop {
                let texts = seals::texts(&mut self.read().await?, kind, after, STRETCH).await?;
                let Some(last) = texts.last() else { break };
                after = last.seq;
                let hashed = blocking(move || {
                    let hash = |t: &seals::Text| seals::text_hash(t.text.as_deref().unwrap_or_default()) == t.hash;
                    texts.into_iter().map(|t| (hash(&t), t)).collect::<Vec<_>>()
                });
                for (same, text) in hashed.await? {
                    found.checked += 1;
                    if text.text.is_none() {
                        found.deleted += i64::from(!same);
                    } else if !same {
                        found.fault(1, || Fault {
                            kind: kind.to_owned(),
                            object: text.id,
                            workflow: Some(text.workflow_id),
                            entry: None,
                            why: "its text is not the one that was written".to_owned(),
                        });
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Hashing and parsing take the processor, not the workers that answer everybody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DeskError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| DeskError::Setup(format!("verifying broke off: {e}")))
}

/// Follows the chain over entries, and reads what they say; fewer than were given if one is broken.
fn step_over(mut walk: Walk, entries: Vec<Entry>) -> (Walk, Vec<Read>) {
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        if !walk.step(&entry) {
            break;
        }
        let facts = serde_json::from_str(&entry.detail).unwrap_or_default();
        let Entry { seq, at, act, workflow, hash, .. } = entry;
        read.push(Read { seq, at: at.0, act, workflow, hash, facts });
    }
    (walk, read)
}

impl Following {
    fn new(own: &str, outside: Option<Checkpoint>, kept: Option<Checkpoint>, whole: bool) -> Self {
        let mut due: Vec<Checkpoint> = outside.into_iter().chain(kept).collect();
        due.sort_by_key(|c| -c.seq);
        Self {
            walk: Walk::default(),
            trust: Trust::in_key(own),
            own: own.to_owned(),
            registered_here: false,
            due,
            last: None,
            unsigned: None,
            whole,
            later: HashMap::new(),
            named: BTreeMap::new(),
            erased: 0,
            rows: Checked::default(),
            recount: Recount::default(),
            begun: false,
        }
    }

    /// Follows the log to its end; answers where it breaks.
    async fn follow(&mut self, tx: &mut Tx) -> Result<Option<Broken>, DeskError> {
        let (length, head) = audit::head(tx).await?;
        if let Some(bad) = self.due.iter().find(|c| !c.is_signed()) {
            return Ok(Some(Broken(0, bad.seq, "a checkpoint whose signature doesn't hold".to_owned())));
        }
        if self.whole {
            self.read_resealed(tx).await?;
        }
        loop {
            let from = self.walk.next_seq();
            let entries = audit::from(tx, from, STRETCH).await?;
            let given = entries.len();
            let walk = self.walk.clone();
            let (walk, read) = blocking(move || step_over(walk, entries)).await?;
            self.walk = walk;
            if let Some(broken) = self.unlike(tx, from, &read).await? {
                return Ok(Some(broken));
            }
            if read.len() < given {
                let why = "an entry that was changed, or one that is missing".to_owned();
                return Ok(Some(Broken(self.walk.entries(), self.walk.next_seq(), why)));
            }
            if self.whole {
                self.hear(tx, read).await?;
            }
            if (given as i64) < STRETCH {
                break;
            }
        }
        let (entries, next) = (self.walk.entries(), self.walk.next_seq());
        let stored = audit::checkpoints(tx, entries, i64::MAX).await?.into_iter().next();
        if let Some(missing) = self.due.pop().or(stored) {
            let why = format!("missing: a checkpoint was signed over {} entries", missing.seq);
            return Ok(Some(Broken(entries, next, why)));
        }
        if length != entries || head != self.walk.head() {
            return Ok(Some(Broken(entries, next, format!("missing: the log had {length} entries"))));
        }
        Ok(None)
    }

    /// The first checkpoint over these entries that they are not like.
    async fn unlike(&mut self, tx: &mut Tx, from: i64, read: &[Read]) -> Result<Option<Broken>, DeskError> {
        let until = self.walk.entries();
        let mut stored = audit::checkpoints(tx, from - 1, until).await?;
        while let Some(c) = self.due.pop_if(|c| c.seq <= until) {
            stored.push(c);
        }
        stored.sort_by_key(|c| c.seq);
        let checked = blocking(move || stored.into_iter().map(|c| (c.is_signed(), c)).collect::<Vec<_>>()).await?;
        let mut checkpoints = checked.into_iter().peekable();
        for entry in read {
            if let Some(key) = entry.facts.ed25519.as_ref().filter(|_| entry.act == "key.registered") {
                self.trust.registers(key);
                self.registered_here |= *key == self.own;
            }
            self.goes_on(entry.at);
            while let Some((signed, c)) = checkpoints.next_if(|(_, c)| c.seq <= entry.seq) {
                let why = match (signed, c.hash == entry.hash && c.seq == entry.seq) {
                    (true, true) => {
                        self.trust.signed(&c);
                        self.unsigned = None;
                        self.last = Some(c);
                        continue;
                    }
                    (false, _) => "a checkpoint whose signature doesn't hold",
                    (true, false) => "not the entry that the checkpoint was signed over: the log was rewritten",
                };
                return Ok(Some(Broken(entry.seq - 1, c.seq, why.to_owned())));
            }
        }
        Ok(None)
    }

    /// An entry without a checkpoint over it yet. Where a hub was down, or none ran, nobody signed.
    fn goes_on(&mut self, at: i64) {
        self.unsigned = match self.unsigned {
            Some((since, until)) if at - until < UNSIGNED_MS / 2 => Some((since, at.max(until))),
            _ => Some((at, at)),
        };
    }

    async fn read_resealed(&mut self, tx: &mut Tx) -> Result<(), DeskError> {
        let mut after = 0;
        loop {
            let entries = audit::resealing(tx, after, STRETCH).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.seq;
            for entry in &entries {
                let facts: Facts = serde_json::from_str(&entry.detail).unwrap_or_default();
                self.later.extend(facts.resealed.into_iter().map(|(kind, key, hash)| ((kind, key), hash)));
            }
        }
    }

    /// Takes in what entries say, and holds the rows that they name against them.
    async fn hear(&mut self, tx: &mut Tx, read: Vec<Read>) -> Result<(), DeskError> {
        let mut seals = Vec::new();
        for entry in read {
            let Read { seq, act, workflow, facts, .. } = entry;
            if act == baseline::ACT {
                self.take_baseline(seq, &facts);
            }
            if act == "drafts.erased" {
                self.erased += facts.drafts;
            }
            self.begun |= !facts.sealed.is_empty() || !facts.counted.is_empty();
            let of = workflow.as_deref().unwrap_or_default();
            for change in &facts.counted {
                self.heard(seq, of, |recount| recount.counted(of, change));
            }
            let first = facts.sealed.into_iter().map(|s| (true, s));
            for (first, (kind, key, hash)) in first.chain(facts.resealed.into_iter().map(|s| (false, s))) {
                if first {
                    *self.named.entry(kind.clone()).or_default() += 1;
                }
                seals.push(Sealed { entry: seq, workflow: workflow.clone(), kind, key, hash });
            }
        }
        let (spans, single): (Vec<_>, Vec<_>) =
            seals.into_iter().partition(|s| seals::SPANS.contains(&s.kind.as_str()));
        self.hold_rows(tx, single).await?;
        for kind in seals::SPANS {
            self.hold_spans(tx, kind, spans.iter().filter(|s| s.kind == kind).collect()).await?;
        }
        Ok(())
    }

    fn heard(&mut self, seq: i64, workflow: &str, add: impl FnOnce(&mut Recount) -> Option<()>) {
        if add(&mut self.recount).is_none() {
            self.rows.fault(1, || Fault {
                kind: "entry".to_owned(),
                object: seq.to_string(),
                workflow: Some(workflow.to_owned()),
                entry: Some(seq),
                why: "it names a count that can't be read".to_owned(),
            });
        }
    }

    fn take_baseline(&mut self, seq: i64, facts: &Facts) {
        if self.begun {
            // It would make good whatever was changed before it.
            self.rows.fault(1, || Fault {
                kind: "entry".to_owned(),
                object: seq.to_string(),
                workflow: None,
                entry: Some(seq),
                why: "a baseline in a log that has begun to seal".to_owned(),
            });
            return;
        }
        self.begun = true;
        for (workflow, [counted, days, slots]) in &facts.stood {
            for change in counted {
                self.heard(seq, workflow, |recount| recount.counted(workflow, change));
            }
            for count in days {
                self.heard(seq, workflow, |recount| recount.stood_by_day(workflow, count));
            }
            for count in slots {
                self.heard(seq, workflow, |recount| recount.stood_by_slot(workflow, count));
            }
        }
        for (kind, n) in &facts.rows {
            // Those that it seals are counted as they are named.
            let sealed = facts.sealed.iter().filter(|(k, _, _)| k == kind).count() as i64;
            *self.named.entry(kind.clone()).or_default() += n - sealed;
        }
    }

    async fn hold_rows(&mut self, tx: &mut Tx, seals: Vec<Sealed>) -> Result<(), DeskError> {
        let mut by_kind: BTreeMap<&str, Vec<&Sealed>> = BTreeMap::new();
        for seal in &seals {
            by_kind.entry(&seal.kind).or_default().push(seal);
        }
        for (kind, seals) in by_kind {
            let keys: Vec<&str> = seals.iter().map(|s| s.key.as_str()).collect();
            let now = seals::now(tx, kind, &keys).await?;
            for seal in seals {
                self.rows.checked += 1;
                let wanted = self.later.get(&(seal.kind.clone(), seal.key.clone())).unwrap_or(&seal.hash);
                let why = match now.get(&seal.key) {
                    Some(found) if found == wanted => continue,
                    Some(_) => "not as its entry says",
                    None => "its entry is there, and it is not",
                };
                self.rows.fault(1, || seal.fault(why));
            }
        }
        Ok(())
    }

    /// The drafts of many small batches are read together.
    async fn hold_spans(&mut self, tx: &mut Tx, kind: &str, seals: Vec<&Sealed>) -> Result<(), DeskError> {
        let mut spans: Vec<(Span, &Sealed)> = Vec::with_capacity(seals.len());
        for seal in seals {
            match seal.workflow.as_deref().and_then(|w| Span::parse(w, &seal.key)) {
                Some(span) => spans.push((span, seal)),
                None => self.rows.fault(1, || seal.fault("its numbers can't be read")),
            }
        }
        spans.sort_by_key(|(span, _)| span.first);
        let mut rest = spans.as_slice();
        while let Some((first, _)) = rest.first() {
            let n = rest.iter().take_while(|(s, _)| s.last <= first.first + REACH).count().max(1);
            let (near, later) = rest.split_at(n);
            rest = later;
            let last = near.iter().map(|(s, _)| s.last).max().unwrap_or(first.last);
            let mut rows: HashMap<String, Vec<Row>> = HashMap::new();
            for row in seals::rows_between(tx, kind, first.first, last).await? {
                rows.entry(row.workflow.clone()).or_default().push(row);
            }
            for (span, seal) in near {
                let all = rows.get(&span.workflow).map(Vec::as_slice).unwrap_or_default();
                let begin = all.partition_point(|r| r.seq < span.first);
                let end = all.partition_point(|r| r.seq <= span.last);
                let within = all.get(begin..end).unwrap_or_default();
                self.rows.checked += within.len() as i64;
                // Of a span the rows are counted, of other kinds the seals.
                *self.named.entry(kind.to_owned()).or_default() += within.len() as i64 - 1;
                if seals::span_hash(within) != seal.hash {
                    self.rows.fault(1, || seal.fault("not all as the entry says"));
                }
            }
        }
        Ok(())
    }

    /// What was heard to the end, against what is stored: rows that no entry names, workflows, and counts.
    async fn compare(mut self, tx: &mut Tx, now: Millis) -> Result<(Option<Checked>, Option<Checked>), DeskError> {
        for kind in seals::KINDS.into_iter().chain(seals::SPANS) {
            let (stored, named) = (seals::count(tx, kind).await?, self.named.get(kind).copied().unwrap_or(0));
            self.rows.fault((stored - named).max(0), || Fault {
                kind: kind.to_owned(),
                object: format!("{stored} stored, {named} on record"),
                workflow: None,
                entry: None,
                why: "more of them than the log names".to_owned(),
            });
        }
        let (erased, logged) = (seals::erased(tx).await?, self.erased);
        self.rows.fault((erased - logged).max(0), || Fault {
            kind: "draft".to_owned(),
            object: format!("{erased} without their text, {logged} erased on record"),
            workflow: None,
            entry: None,
            why: "more texts are gone than the log says were erased".to_owned(),
        });
        for step in steps::out_of_step(tx).await? {
            self.rows.fault(1, || Fault {
                kind: step.kind,
                object: step.object,
                workflow: Some(step.workflow_id),
                entry: None,
                why: step.why,
            });
        }
        let mut counts = Checked::default();
        let (checked, off) = self.recount.compare(tx, now).await?;
        counts.checked = checked;
        for off in off {
            counts.fault(1, || Fault {
                kind: "count".to_owned(),
                why: format!("stored as {}, and the log comes to {}", off.stored, off.logged),
                object: off.count,
                workflow: Some(off.workflow),
                entry: None,
            });
        }
        Ok((Some(self.rows), Some(counts)))
    }
}

impl Sealed {
    fn fault(&self, why: &str) -> Fault {
        Fault {
            kind: self.kind.clone(),
            object: self.key.clone(),
            workflow: self.workflow.clone(),
            entry: Some(self.entry),
            why: why.to_owned(),
        }
    }
}
