//! A file that a command writes: whole or not at all, never over something else unasked.

use crate::print::{self, Said};
use anyhow::Context;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where a command's data goes.
pub enum Output {
    /// Standard output.
    Stdout,
    /// A file, written beside its place until it is whole.
    File {
        /// Its place, behind any links.
        place: PathBuf,
        /// What is written.
        beside: NamedTempFile,
        /// Whether a file that is there is overwritten.
        force: bool,
    },
}

impl Output {
    /// Opens it: `-` is standard output, a link is followed, and only a plain file is written. One that is there
    /// already is kept, unless `force` says otherwise.
    pub fn open(path: &Path, force: bool) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let name = path.display();
        let (place, mode) = match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                return Err(Said::could_not(format!("{name} is a folder; name a file in it")).into());
            }
            Ok(meta) if !meta.is_file() => {
                let why = format!("{name} is no plain file; `-` is standard output");
                return Err(Said::could_not(why).into());
            }
            Ok(_) if !force => return Err(there(path).into()),
            Ok(meta) => (std::fs::canonicalize(path)?, Some(meta.permissions())),
            Err(e) if e.kind() == ErrorKind::NotFound => (behind_links(path), None),
            Err(e) => return Err(e).with_context(|| format!("can't write {name}")),
        };
        let dir = place.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = NamedTempFile::new_in(dir).with_context(|| format!("can't write into {}", dir.display()))?;
        if let Some(mode) = mode {
            beside.as_file().set_permissions(mode)?;
        }
        Ok(Self::File { place, beside, force })
    }

    /// Writes on. False once nobody reads any more.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        match self {
            Self::Stdout => Ok(print::raw(bytes)),
            Self::File { beside, .. } => beside.write_all(bytes).map(|()| true),
        }
    }

    /// Puts what was written in its place.
    pub fn keep(self) -> anyhow::Result<()> {
        let Self::File { place, beside, force } = self else { return Ok(()) };
        beside.as_file().sync_all()?;
        let failed = || format!("can't write {}", place.display());
        if force {
            beside.persist(&place).with_context(failed)?;
            return Ok(());
        }
        match beside.persist_noclobber(&place) {
            Ok(_) => Ok(()),
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Err(there(&place).into()),
            Err(e) => Err(e.error).with_context(failed),
        }
    }
}

fn there(path: &Path) -> Said {
    Said::could_not(format!("{} is there already; --force overwrites it", path.display()))
}

/// Where a link points to whose file isn't there yet.
fn behind_links(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&place) else { break };
        place = place.parent().unwrap_or(Path::new("")).join(target);
    }
    place
}
