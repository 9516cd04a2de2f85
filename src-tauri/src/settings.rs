//! What the desktop remembers between starts, in a small file of its own. Secrets are not among it.

use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The team's hub; none for the one inside.
    pub remote: Option<String>,
    /// 1 is as the system has it.
    pub zoom: f64,
    /// Whether the menu bar is shown.
    pub menu_bar: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { remote: None, zoom: 1.0, menu_bar: false }
    }
}

/// The file, and what it says.
pub struct Remembered {
    file: PathBuf,
    now: Mutex<Settings>,
}

impl Remembered {
    /// Reads the file in this folder. One that can't be read counts as none.
    pub fn load(folder: &Path) -> Self {
        let file = folder.join("settings.json");
        let now = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, file = %file.display(), "the settings can't be read");
                Settings::default()
            }),
            Err(_) => Settings::default(),
        };
        Self { file, now: Mutex::new(now) }
    }

    /// As they are now.
    pub fn get(&self) -> Settings {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes them, here and in the file.
    ///
    /// # Errors
    /// When the file can't be written; they hold for this run all the same.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) -> std::io::Result<()> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        replace(&self.file, &serde_json::to_vec_pretty(&*now)?)
    }
}

/// Writes a file whole or not at all: beside it first, then in its place. Only its owner may read it.
///
/// # Errors
/// Whatever the system says; the file is as it was then.
pub fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn what_was_changed_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Remembered::load(folder.path());
        assert_eq!(settings.get(), Settings::default());
        settings.change(|s| s.remote = Some("https://hub.example.com".into())).unwrap();
        assert_eq!(Remembered::load(folder.path()).get(), settings.get());
    }

    #[test]
    fn a_damaged_file_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings.json"), "{\"zoom\": ").unwrap();
        assert_eq!(Remembered::load(folder.path()).get(), Settings::default());
    }
}
