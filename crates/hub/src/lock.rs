//! One process to a SQLite file: the lock file beside it says where its hub listens and holds the owner's token.

use crate::OpenError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A running hub, as its lock file tells.
#[derive(Clone, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub url: String,
    /// The owner's token of this run.
    pub token: String,
}

/// The held lock; the system lets go of it when the process ends, however it ends.
pub struct Lock {
    file: File,
    path: PathBuf,
}

pub(crate) enum Taken {
    Ours(Lock),
    Theirs(Running),
}

pub(crate) fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".hub");
    PathBuf::from(name)
}

/// Takes the lock, or finds who has it. A holder that doesn't listen is a command that is soon done.
pub(crate) async fn take(database: &Path) -> Result<Taken, OpenError> {
    let path = path_of(database);
    let failed = |source| OpenError::Lock { path: path.clone(), source };
    if let Some(dir) = database.parent().filter(|d| !d.as_os_str().is_empty()) {
        countersign_desk::private_dir(dir).map_err(failed)?;
    }
    for _ in 0..200 {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                return Ok(Taken::Ours(Lock { file, path }));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
            Err(TryLockError::WouldBlock) => {}
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        if let Ok(running) = serde_json::from_str(&text) {
            return Ok(Taken::Theirs(running));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(OpenError::Busy(database.to_owned()))
}

impl Lock {
    /// Says where the hub listens. One that doesn't listen says nothing.
    pub(crate) fn announce(&self, url: Option<&str>, token: &str) -> Result<(), OpenError> {
        let Some(url) = url else { return Ok(()) };
        let failed = |source| OpenError::Lock { path: self.path.clone(), source };
        let running = Running { pid: std::process::id(), url: url.to_owned(), token: token.to_owned() };
        let text = serde_json::to_string(&running).map_err(|e| failed(e.into()))?;
        #[cfg(unix)]
        self.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
        let mut file = &self.file;
        file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(failed)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The token in it is good no longer.
        let _ = self.file.set_len(0);
    }
}
