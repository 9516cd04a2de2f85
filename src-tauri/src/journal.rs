//! Decisions for a team's hub that can't be reached: kept on disk until it has them, encrypted with a key from the
//! keychain. Without a keychain they are kept in the window alone, and the console says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::keychain;
use crate::settings::replace;

const KEY: &str = "journal-key";
const NONCE: usize = 24;

/// What waits, by the console's own names for it.
pub type Entries = BTreeMap<String, String>;

/// The journal of one hub.
pub struct Journal {
    file: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl Journal {
    /// The journal for the hub at `url`; none where there is no keychain.
    pub fn of(folder: &Path, url: &str) -> Option<Self> {
        if !keychain::available() {
            return None;
        }
        let known = keychain::get(KEY).and_then(|text| hex::decode(text).ok()).and_then(|k| k.try_into().ok());
        let key: [u8; 32] = match known {
            Some(key) => key,
            None => {
                let mut fresh = [0; 32];
                getrandom::fill(&mut fresh).ok()?;
                keychain::set(KEY, &hex::encode(fresh)).then_some(fresh)?
            }
        };
        Some(Self::with_key(folder, url, key))
    }

    fn with_key(folder: &Path, url: &str, key: [u8; 32]) -> Self {
        let name: String = hex::encode(Sha256::digest(url)).chars().take(16).collect();
        Self { file: folder.join(format!("journal-{name}")), cipher: XChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// What waits. A file that can't be read is set aside and not written over.
    pub fn load(&self) -> Entries {
        let Ok(bytes) = std::fs::read(&self.file) else { return Entries::new() };
        match self.open(&bytes) {
            Some(entries) => entries,
            None => {
                let aside = self.file.with_extension("unreadable");
                let moved = std::fs::rename(&self.file, &aside);
                tracing::error!(?moved, file = %aside.display(), "decisions that wait to be sent can't be read");
                Entries::new()
            }
        }
    }

    /// Keeps these, and nothing else.
    ///
    /// # Errors
    /// When the disk doesn't take them; what was kept before still is.
    pub fn save(&self, entries: &Entries) -> std::io::Result<()> {
        if entries.is_empty() {
            return match std::fs::remove_file(&self.file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|e| std::io::Error::other(e.to_string()))?;
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), serde_json::to_vec(entries)?.as_slice());
        let sealed = sealed.map_err(|_| std::io::Error::other("the journal can't be encrypted"))?;
        replace(&self.file, &[nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, bytes: &[u8]) -> Option<Entries> {
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let plain = self.cipher.decrypt(&XNonce::from(nonce), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn entries() -> Entries {
        Entries::from([("verdict:1".into(), "I can't refund that, but here is what I can do.".into())])
    }

    #[test]
    fn what_waits_comes_back_and_does_not_stand_there_to_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::with_key(folder.path(), "https://hub.example.com", [7; 32]);
        assert_eq!(journal.load(), Entries::new());
        journal.save(&entries()).unwrap();
        assert_eq!(journal.load(), entries());
        let bytes = std::fs::read(&journal.file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("refund"));
        let of_another = Journal::with_key(folder.path(), "https://other.example.com", [7; 32]);
        assert_eq!(of_another.load(), Entries::new());
    }

    #[test]
    fn a_journal_that_can_not_be_read_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::with_key(folder.path(), "hub", [7; 32]);
        journal.save(&entries()).unwrap();
        let with_another_key = Journal::with_key(folder.path(), "hub", [8; 32]);
        assert_eq!(with_another_key.load(), Entries::new());
        assert!(journal.file.with_extension("unreadable").exists() && !journal.file.exists());
    }

    #[test]
    fn nothing_that_waits_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::with_key(folder.path(), "hub", [7; 32]);
        journal.save(&entries()).unwrap();
        journal.save(&Entries::new()).unwrap();
        journal.save(&Entries::new()).unwrap();
        assert!(!journal.file.exists());
    }
}
