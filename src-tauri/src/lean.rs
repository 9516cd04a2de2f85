//! How much memory the program and its helper processes take: what the libraries beneath read at their start.

use std::env;
use std::process::Command;

/// Threads share two of the C library's heaps, and what they free goes back to the system. The page's script is
/// interpreted: its compilers and what they made took 100 MB, for a console that mostly waits for people, and no memory
/// of the page can be executed.
const LEAN: [(&str, &str); 3] = [("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "131072"), ("JSC_useJIT", "0")];

/// Starts the program anew in this process, with what is missing of these settings. They are read before `main`.
///
/// # Errors
/// When the system doesn't let it; the program then runs as it is.
#[cfg(target_os = "linux")]
pub fn restart() -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    let missing = LEAN.into_iter().filter(|(name, _)| env::var_os(name).is_none()).collect::<Vec<_>>();
    if missing.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(env::current_exe()?);
    let mut words = env::args_os();
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    Err(again.args(words).envs(missing).exec())
}

/// Only Linux is known to read them.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn restart() -> std::io::Result<()> {
    Ok(())
}
