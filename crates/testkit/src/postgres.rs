//! A Postgres of the tests' own, from the system's package: one for all test processes that run at the same time.
//! It stops when the last of them has ended, however that one ended.

use anyhow::{Context, ensure};
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

static SHARED: LazyLock<Server> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("countersign-postgres-{}", user()));
    Server::join(&dir, false).unwrap()
});

/// Waits until nobody has held the users' lock for five seconds, then stops the server while it holds that lock
/// itself: $1 is the folder of the locks, $2 the server's. Taking hundreds of databases off the disk is slow, and
/// whoever starts the next server doesn't wait for it.
const WATCHDOG: &str = r#"
exec 9>>"$1/users.lock"
idle=0
while [ $idle -lt 5 ]; do
    sleep 1
    if flock --exclusive --nonblock 9; then idle=$((idle + 1)); else idle=0; fi
    [ $idle -eq 5 ] || flock --unlock 9
done
rm -f "$1/server"
kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"
for _ in 1 2 3 4 5 6 7 8 9 10; do [ ! -e "$2/data/postmaster.pid" ] || sleep 0.3; done
exec 9>&-
rm -rf "$2"
"#;

/// A running server.
pub struct Server {
    port: u16,
    data: PathBuf,
    _in_use: File,
}

impl Server {
    /// The server that all tests share. It doesn't sync to disk.
    pub fn start() -> &'static Self {
        &SHARED
    }

    /// A server for one test alone, which syncs to disk as in production.
    pub fn durable(dir: &Path) -> Self {
        Self::join(dir, true).unwrap()
    }

    /// The URL of a fresh, empty database.
    pub fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let age = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let name = format!("test_{age}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(programs().unwrap().join("createdb"));
        run(create.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", &name])).unwrap();
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// The server dies as in a power cut, and comes back.
    pub fn crash(&self) {
        control(&self.data, &["-m", "immediate", "restart"]).unwrap();
    }

    /// The server is away for as long as this runs.
    pub async fn without<T>(&self, run: impl Future<Output = T>) -> T {
        // The options that it was started with are kept beside its data, but only a restart reads them.
        let options = fs::read_to_string(self.data.join("postmaster.opts")).unwrap();
        let options = options.split_once(' ').unwrap().1.replace(['"', '\n'], "");
        control(&self.data, &["-m", "immediate", "stop"]).unwrap();
        let ran = run.await;
        control(&self.data, &["-o", &options, "start"]).unwrap();
        ran
    }

    /// Finds the server whose state is in `dir`, or starts one and a watchdog that stops it.
    fn join(dir: &Path, sync: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let starting = File::create(dir.join("start.lock"))?;
        starting.lock()?;
        let in_use = File::create(dir.join("users.lock"))?;
        in_use.lock_shared()?;
        let known = fs::read_to_string(dir.join("server")).unwrap_or_default();
        if let Some((port, home)) = known.split_once(' ')
            && let Ok(port) = port.parse()
            && TcpStream::connect(("127.0.0.1", port)).is_ok()
            && Path::new(home).join("data/postmaster.pid").exists()
        {
            return Ok(Self { port, data: Path::new(home).join("data"), _in_use: in_use });
        }
        let home = run(as_postgres("mktemp".as_ref()).args(["-d", "/tmp/countersign-postgres.XXXXXX"]))?;
        let data = Path::new(&home).join("data");
        let initdb = "--username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync --pgdata";
        run(as_postgres(&programs()?.join("initdb")).args(initdb.split(' ')).arg(&data))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let sync = if sync { "on" } else { "off" };
        let options =
            format!("-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync={sync} -c max_connections=200");
        control(&data, &["-o", &options, "start"])?;
        fs::write(dir.join("server"), format!("{port} {home}"))?;
        // In a group of its own, so that it outlives a test that is killed with everything it started.
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "sh"]).arg(dir).arg(&home).process_group(0);
        watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { port, data, _in_use: in_use })
    }
}

fn user() -> u32 {
    fs::metadata("/proc/self").map_or(0, |process| process.uid())
}

/// The newest version's folder of programs.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").context("Postgres is not installed: apt install postgresql")?;
    let version = |p: &PathBuf| p.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok());
    let newest = versions.filter_map(Result::ok).map(|e| e.path()).max_by_key(version);
    Ok(newest.context("no version in /usr/lib/postgresql")?.join("bin"))
}

/// Starts or restarts a server, which writes to a log of its own: it would hold on to ours.
fn control(data: &Path, what: &[&str]) -> anyhow::Result<()> {
    let mut pg_ctl = as_postgres(&programs()?.join("pg_ctl"));
    let log = data.with_file_name("log");
    run(pg_ctl.args(["-w", "-t", "30", "-D"]).arg(data).arg("-l").arg(log).args(what).stdout(Stdio::null())).map(drop)
}

/// The server refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if user() == 0 { Command::new("runuser") } else { Command::new(program) };
    if user() == 0 {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.current_dir("/");
    command
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("can't run {command:?}"))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
