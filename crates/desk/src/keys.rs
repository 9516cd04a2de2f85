//! The checkpoint signing key: in the OS keychain where there is one, else in a file that only its owner reads.

use crate::DeskError;
use ed25519_dalek::SigningKey;
use std::io::Write;
use std::path::Path;

pub(crate) fn random<const N: usize>() -> Result<[u8; N], DeskError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| DeskError::Setup(format!("the system gives no random numbers: {e}")))?;
    Ok(bytes)
}

const FILE: &str = "audit-key";

/// The key of this installation, made at the first call. A file that is there is used, so that a key never
/// changes because a keychain comes or goes.
pub(crate) fn signing_key(data_dir: &Path, keychain: bool) -> Result<SigningKey, DeskError> {
    let file = data_dir.join(FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => return decode(&text).ok_or_else(|| setup(&file, "it doesn't hold an Ed25519 key")),
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(setup(&file, &e.to_string())),
        Err(_) => {}
    }
    let fresh = hex::encode(random::<32>()?);
    if keychain && let Some(key) = in_keychain(data_dir, &fresh) {
        return Ok(key);
    }
    countersign_store::private_dir(data_dir).map_err(|e| setup(data_dir, &e.to_string()))?;
    match write_private(&file, &fresh) {
        Ok(()) => decode(&fresh).ok_or_else(|| setup(&file, "it doesn't hold an Ed25519 key")),
        // Another process made it in the meantime.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => signing_key(data_dir, false),
        Err(e) => Err(setup(&file, &e.to_string())),
    }
}

fn in_keychain(data_dir: &Path, fresh: &str) -> Option<SigningKey> {
    // Without a session bus there is no keychain on Linux, and asking for one would try to start it.
    if cfg!(target_os = "linux") && std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none() {
        return None;
    }
    let entry = keyring::Entry::new("countersign-audit-key", &data_dir.display().to_string()).ok()?;
    match entry.get_password() {
        Ok(text) => decode(&text),
        Err(_) => {
            entry.set_password(fresh).ok()?;
            // What can't be read back would be lost at the next start.
            decode(&entry.get_password().ok()?)
        }
    }
}

fn decode(text: &str) -> Option<SigningKey> {
    let bytes: [u8; 32] = hex::decode(text.trim()).ok()?.try_into().ok()?;
    Some(SigningKey::from_bytes(&bytes))
}

fn setup(path: &Path, what: &str) -> DeskError {
    DeskError::Setup(format!("the signing key at {} can't be used: {what}", path.display()))
}

/// Writes a new file that only its owner may read; refuses one that is there.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
