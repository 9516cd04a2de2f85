//! The real binary: commands and hubs as processes of their own over one database, with a folder of their own.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder and a database, and the binary that works on them.
pub struct Site {
    dir: TempDir,
    binary: PathBuf,
    database: String,
    env: Vec<(String, String)>,
}

/// A hub as a process. It is killed when it is dropped.
pub struct Hub {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// From the start of its process to its first answer.
    pub ready_after: Duration,
}

impl Site {
    /// Over a SQLite file of its own, or the database given, with a secret under the name that packs give it.
    pub fn new(database: Option<String>, secret_name: &str, secret: &str) -> anyhow::Result<Self> {
        let dir = TempDir::with_prefix("countersign-site-")?;
        let database = database.unwrap_or_else(|| format!("sqlite://{}", dir.path().join("hub.db").display()));
        let here = std::env::current_exe()?;
        // Tests lie in `deps` beside what they test, the benchmark beside it.
        let build = here.parent().map(|d| if d.ends_with("deps") { d.parent().unwrap_or(d) } else { d });
        let binary = build.context("the test has no folder")?.join("countersign");
        ensure!(binary.is_file(), "{} is missing: build it first, with `cargo build`", binary.display());
        Ok(Self { dir, binary, database, env: vec![(secret_name.to_owned(), secret.to_owned())] })
    }

    /// With this in the environment of every command and hub.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The database's address.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The command in the site's folder, told of no database.
    pub fn command(&self) -> Command {
        self.at_home(Command::new(&self.binary))
    }

    /// A shell script in the site's folder, as somebody pastes it; it finds the command on its path.
    pub fn sh(&self, script: &str) -> anyhow::Result<Output> {
        let here = self.binary.parent().context("the binary has no folder")?;
        let path = std::env::join_paths(
            std::iter::once(here.to_owned())
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        )?;
        Ok(self.at_home(Command::new("sh")).args(["-eu", "-c", script]).env("PATH", path).output()?)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.env("HOME", self.path()).env("XDG_DATA_HOME", self.path());
        // No keychain of whoever runs the tests is touched, and none of their hubs.
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("COUNTERSIGN_HUB").env_remove("COUNTERSIGN_TOKEN");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).current_dir(self.path());
        command
    }

    /// Runs a command on the database, or on the hub that is given, and reads the JSON that it prints.
    pub fn run(&self, args: &[&str]) -> anyhow::Result<Value> {
        let mut command = self.command();
        if !args.contains(&"--hub") {
            command.args(["--database", &self.database]);
        }
        let done = command.args(args).arg("--json").output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "countersign {}: {} {said}", args.join(" "), done.status);
        serde_json::from_slice(&done.stdout).with_context(|| format!("countersign {}: no JSON", args.join(" ")))
    }

    /// Runs a command on the database, or on the hub that is given: its exit code, and what it wrote to stdout and stderr.
    pub fn exit(&self, args: &[&str]) -> (i32, String, String) {
        self.exit_with(args, "")
    }

    /// The same, with something on its standard input. A command that can't be started answers -1.
    pub fn exit_with(&self, args: &[&str], input: &str) -> (i32, String, String) {
        let mut command = self.command();
        if !args.contains(&"--hub") {
            command.args(["--database", &self.database]);
        }
        let piped = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let done = piped.and_then(|mut child| {
            if let Some(mut stdin) = child.stdin.take() {
                std::io::Write::write_all(&mut stdin, input.as_bytes())?;
            }
            child.wait_with_output()
        });
        match done {
            Ok(done) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
            }
            Err(e) => (-1, String::new(), e.to_string()),
        }
    }

    /// A token for these roles, as `name`.
    pub fn token(&self, roles: &[&str], name: &str) -> anyhow::Result<String> {
        let mut args = vec!["token", "create", "--name", name];
        args.extend(roles.iter().flat_map(|role| ["--role", role]));
        let made = self.run(&args)?;
        Ok(made["token"].as_str().context("no token")?.to_owned())
    }

    /// Starts a hub and waits for its first answer.
    pub async fn hub(&self, port: u16) -> anyhow::Result<Hub> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let (began, url, log) = (Instant::now(), format!("http://127.0.0.1:{port}"), self.path().join("hub.log"));
        let mut command = self.command();
        command.args(["hub", "--listen", &format!("127.0.0.1:{port}"), "--database", &self.database]);
        let log_file = File::options().create(true).append(true).open(&log)?;
        let child = command.stdout(log_file.try_clone()?).stderr(log_file).spawn()?;
        let mut hub = Hub { child, url, ready_after: Duration::ZERO };
        let ready = format!("{}/readyz", hub.url);
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        loop {
            if client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                hub.ready_after = began.elapsed();
                return Ok(hub);
            }
            if hub.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                bail!("the hub didn't get ready: {}", tail(&log));
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

impl Hub {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM: it ends what is under way. Waits until it is gone, and answers its exit code.
    pub fn terminate(&mut self) -> anyhow::Result<Option<i32>> {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        ensure!(sent.success(), "the hub couldn't be told to stop");
        Ok(self.child.wait()?.code())
    }

    /// SIGKILL: it has no time for anything.
    pub fn kill_9(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.kill_9();
    }
}

/// A port that nothing listens on, below those that the system gives to outgoing connections: a client that
/// knocks while the hub is down must not end up there itself.
pub fn free_port(draw: &mut fastrand::Rng) -> u16 {
    loop {
        let port = draw.u16(20_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
