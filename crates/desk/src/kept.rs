//! The last checkpoint that was seen of a database's log, kept apart from that database: by its hub beside the signing
//! key, by the desktop and the command line in a folder of their own. A log that was rewritten, cut short or taken from
//! an old copy no longer holds it.

use crate::keys::write_private;
use countersign_domain::audit::Checkpoint;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The checkpoint that is kept for one database, and its file.
pub struct Kept {
    file: PathBuf,
    now: Mutex<Option<Checkpoint>>,
}

impl Kept {
    /// What is kept in this folder for a database or a hub, by its address; passwords and queries are left out of it.
    pub fn of(dir: &Path, address: &str) -> Self {
        let name: String = hex::encode(Sha256::digest(countersign_store::redacted(address))).chars().take(16).collect();
        let file = dir.join(format!("audit-seen-{name}"));
        let now = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .inspect_err(|e| tracing::error!(file = %file.display(), error = %e, "a kept checkpoint can't be read"))
                .ok(),
            Err(_) => None,
        };
        Self { file, now: Mutex::new(now) }
    }

    /// The checkpoint; none before the first.
    pub fn get(&self) -> Option<Checkpoint> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it is kept.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Keeps a later one; an earlier one changes nothing. The file is replaced whole, and only its owner may read it.
    ///
    /// # Errors
    /// When the disk doesn't take it; what was kept before still is.
    pub fn put(&self, checkpoint: &Checkpoint) -> std::io::Result<()> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref().is_some_and(|kept| kept.seq >= checkpoint.seq) {
            return Ok(());
        }
        if let Some(dir) = self.file.parent() {
            countersign_store::private_dir(dir)?;
        }
        let beside = self.file.with_extension("new");
        // One that a crash left there was never whole.
        let _ = std::fs::remove_file(&beside);
        write_private(&beside, &serde_json::to_string(checkpoint)?)?;
        std::fs::rename(&beside, &self.file)?;
        *now = Some(checkpoint.clone());
        Ok(())
    }

    /// Keeps nothing any more: what comes next is believed.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn forget(&self) -> std::io::Result<()> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::remove_file(&self.file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        *now = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use countersign_domain::time::Millis;

    fn checkpoint(seq: i64) -> Checkpoint {
        Checkpoint::sign(&ed25519_dalek::SigningKey::from_bytes(&[7; 32]), seq, "ab", Millis(9))
    }

    #[test]
    fn the_last_checkpoint_stays_for_each_database() {
        let folder = std::env::temp_dir().join(format!("kept-{}", uuid::Uuid::now_v7()));
        let kept = Kept::of(&folder, "postgres://hub:secret@db/prod");
        assert_eq!(kept.get(), None);
        kept.put(&checkpoint(5)).unwrap();
        kept.put(&checkpoint(3)).unwrap();
        assert_eq!(
            Kept::of(&folder, "postgres://hub:other@db/prod").get(),
            Some(checkpoint(5)),
            "whatever the password"
        );
        assert_eq!(Kept::of(&folder, "postgres://hub:secret@db/test").get(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(kept.file()).unwrap().permissions().mode() & 0o777, 0o600);
        }
        kept.forget().unwrap();
        assert_eq!(Kept::of(&folder, "postgres://hub:secret@db/prod").get(), None);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
