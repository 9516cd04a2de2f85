//! The audit chain: each entry's hash covers the entry and the hash before it; checkpoints are signed.

use crate::time::Millis;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One act, as it is stored and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Entry {
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who: a subject, or `hub`.
    pub actor: String,
    /// What, in the past tense: `verdict.recorded`.
    pub act: String,
    /// In which workflow.
    pub workflow: Option<String>,
    /// On what: an id.
    pub object: Option<String>,
    /// Facts about it as JSON text, exactly as stored; no secrets, bodies or personal data.
    pub detail: String,
    /// The hash of the entry before.
    pub prev_hash: String,
    /// SHA-256 over all of the above, hex.
    pub hash: String,
}

impl Entry {
    /// The hash that this entry should have.
    pub fn expected_hash(&self) -> String {
        let content =
            (self.seq, self.at.0, &self.actor, &self.act, &self.workflow, &self.object, &self.detail, &self.prev_hash);
        // A JSON array of strings and integers is unambiguous, and serialising it can't fail.
        hex::encode(Sha256::digest(serde_json::to_vec(&content).unwrap_or_default()))
    }
}

/// How far a chain has been followed.
#[derive(Clone, Debug)]
pub struct Walk {
    next_seq: i64,
    prev_hash: String,
}

impl Default for Walk {
    fn default() -> Self {
        Self { next_seq: 1, prev_hash: GENESIS.to_owned() }
    }
}

impl Walk {
    /// Follows the chain over one entry; `false` names it the first broken one.
    pub fn step(&mut self, entry: &Entry) -> bool {
        if entry.seq != self.next_seq || entry.prev_hash != self.prev_hash || entry.hash != entry.expected_hash() {
            return false;
        }
        self.next_seq += 1;
        self.prev_hash.clone_from(&entry.hash);
        true
    }

    /// How many entries held.
    pub fn entries(&self) -> i64 {
        self.next_seq - 1
    }

    /// The number that the next entry must have.
    pub fn next_seq(&self) -> i64 {
        self.next_seq
    }

    /// The hash of the last entry that held.
    pub fn head(&self) -> &str {
        &self.prev_hash
    }
}

/// A signed statement that the chain had this hash at this length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Checkpoint {
    /// How many entries.
    pub seq: i64,
    /// The hash of the last of them.
    pub hash: String,
    /// When it was signed.
    pub at: Millis,
    /// Ed25519 public key, hex.
    pub public_key: String,
    /// Ed25519 signature over `countersign-checkpoint-v1`, seq, hash and time, hex.
    pub signature: String,
}

fn statement(seq: i64, hash: &str, at: Millis) -> String {
    format!("countersign-checkpoint-v1\n{seq}\n{hash}\n{}", at.0)
}

impl Checkpoint {
    /// Signs a head.
    pub fn sign(key: &SigningKey, seq: i64, hash: &str, at: Millis) -> Self {
        let signature = key.sign(statement(seq, hash, at).as_bytes());
        Self {
            seq,
            hash: hash.to_owned(),
            at,
            public_key: hex::encode(key.verifying_key().to_bytes()),
            signature: hex::encode(signature.to_bytes()),
        }
    }

    /// Whether the signature is the named key's.
    pub fn is_signed(&self) -> bool {
        let verify = || {
            let key: [u8; 32] = hex::decode(&self.public_key).ok()?.try_into().ok()?;
            let signature: [u8; 64] = hex::decode(&self.signature).ok()?.try_into().ok()?;
            let key = VerifyingKey::from_bytes(&key).ok()?;
            key.verify(statement(self.seq, &self.hash, self.at).as_bytes(), &Signature::from_bytes(&signature)).ok()
        };
        verify().is_some()
    }
}

/// Whose checkpoints count. A signature shows nothing by itself: whoever rewrites a log can sign it, with a key of
/// their own. A key is known if it is the one that signs here, or if the log registers it below a checkpoint of a known
/// key.
#[derive(Clone, Debug)]
pub struct Trust {
    known: BTreeSet<String>,
    registered: Vec<String>,
    doubtful: BTreeMap<String, i64>,
}

impl Trust {
    /// Begins with the one key that is known for certain.
    pub fn in_key(own: &str) -> Self {
        Self { known: BTreeSet::from([own.to_owned()]), registered: Vec::new(), doubtful: BTreeMap::new() }
    }

    /// The log registers a key here.
    pub fn registers(&mut self, key: &str) {
        self.registered.push(key.to_owned());
    }

    /// A checkpoint stands here, over the log as it is.
    pub fn signed(&mut self, checkpoint: &Checkpoint) {
        if self.known.contains(&checkpoint.public_key) {
            self.known.extend(self.registered.drain(..));
        } else {
            self.doubtful.entry(checkpoint.public_key.clone()).or_insert(checkpoint.seq);
        }
    }

    /// Whether a key's checkpoints count, once the whole log has been followed.
    pub fn knows(&self, key: &str) -> bool {
        self.known.contains(key)
    }

    /// The first checkpoint whose key is not known.
    pub fn first_unknown(&self) -> Option<i64> {
        self.doubtful.iter().filter(|(key, _)| !self.knows(key)).map(|(_, seq)| *seq).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: i64) -> Vec<Entry> {
        let mut prev = GENESIS.to_owned();
        (1..=n)
            .map(|seq| {
                let mut e = Entry {
                    seq,
                    at: Millis(seq * 10),
                    actor: "dana".into(),
                    act: "verdict.recorded".into(),
                    workflow: Some("w".into()),
                    object: None,
                    detail: "{}".into(),
                    prev_hash: prev.clone(),
                    hash: String::new(),
                };
                e.hash = e.expected_hash();
                prev.clone_from(&e.hash);
                e
            })
            .collect()
    }

    fn first_broken(entries: &[Entry]) -> Option<i64> {
        let mut walk = Walk::default();
        entries.iter().find(|e| !walk.step(e)).map(|e| e.seq)
    }

    #[test]
    fn any_change_to_any_field_breaks_the_chain_there() {
        let whole = chain(5);
        assert_eq!(first_broken(&whole), None);
        let edits: [fn(&mut Entry); 5] = [
            |e| e.actor = "eve".into(),
            |e| e.act = "x".into(),
            |e| e.detail = "{\"a\":1}".into(),
            |e| e.at = Millis(1),
            |e| e.object = Some(String::new()),
        ];
        for edit in edits {
            let mut broken = whole.clone();
            edit(&mut broken[2]);
            assert_eq!(first_broken(&broken), Some(3));
        }
        let mut cut = whole.clone();
        cut.remove(1);
        assert_eq!(first_broken(&cut), Some(3));
    }

    #[test]
    fn a_checkpoint_holds_for_what_was_signed_and_for_nothing_else() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = Checkpoint::sign(&key, 5, "ab", Millis(9));
        assert!(signed.is_signed());
        assert!(!Checkpoint { seq: 4, ..signed.clone() }.is_signed());
        assert!(!Checkpoint { signature: "zz".into(), ..signed }.is_signed());
    }

    #[test]
    fn a_key_is_known_through_one_that_is_known_already() {
        let signed = |byte, seq| Checkpoint::sign(&SigningKey::from_bytes(&[byte; 32]), seq, "ab", Millis(9));
        let key = |byte| signed(byte, 1).public_key;
        let mut trust = Trust::in_key(&key(1));
        trust.registers(&key(2));
        trust.signed(&signed(2, 3));
        assert_eq!((trust.knows(&key(2)), trust.first_unknown()), (false, Some(3)), "it vouches for itself alone");
        trust.signed(&signed(1, 5));
        assert_eq!((trust.knows(&key(2)), trust.first_unknown()), (true, None), "what it signed before counts as well");
        trust.registers(&key(3));
        trust.signed(&signed(2, 7));
        assert!(trust.knows(&key(3)));
        trust.signed(&signed(4, 8));
        assert_eq!(trust.first_unknown(), Some(8), "the log registers no such key");
    }
}
