//! The system's keychain: the team hub's token, and the key of what waits to be sent to it.

use std::sync::OnceLock;

const SERVICE: &str = "countersign";

/// Whether there is a keychain that keeps what it is given. Asked once: it answers over a bus, and takes its time.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        // Without a session bus there is none on Linux, and asking would try to start one.
        if cfg!(target_os = "linux") && std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none() {
            return false;
        }
        let probe = "probe";
        let kept = set(probe, probe) && get(probe).as_deref() == Some(probe);
        forget(probe);
        kept
    })
}

/// What is kept under a name.
pub fn get(name: &str) -> Option<String> {
    keyring::Entry::new(SERVICE, name).ok()?.get_password().ok()
}

/// Keeps a secret; answers whether it is kept.
pub fn set(name: &str, secret: &str) -> bool {
    keyring::Entry::new(SERVICE, name).and_then(|entry| entry.set_password(secret)).is_ok()
}

/// Keeps it no longer.
pub fn forget(name: &str) {
    // It may not have been there.
    let _ = keyring::Entry::new(SERVICE, name).and_then(|entry| entry.delete_credential());
}
