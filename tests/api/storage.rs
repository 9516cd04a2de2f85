//! What the machine does to the database: a full disk, one that only reads, a second process. These mount small
//! disks of their own and so need to run as root.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use crate::access::{everywhere, furnish, within_desk};
use countersign_desk::{Code, Desk, DeskConfig};
use countersign_hub::{Config, Hub, OpenError, Opened, ROUTES};
use countersign_testkit::drafts::verdict;
use countersign_testkit::postgres::Server;
use countersign_testkit::{App, Draft, Person, text, until};
use futures::future::join_all;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A real file system in a file, which can go bad as a worn disk does: from then on the system only reads from it.
struct WornDisk {
    home: TempDir,
}

impl WornDisk {
    fn new() -> Self {
        let disk = Self { home: tempfile::tempdir().unwrap() };
        let image = disk.home.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        std::fs::create_dir(disk.path()).unwrap();
        as_root(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image));
        as_root(Command::new("mount").args(["-o", "loop,errors=remount-ro"]).arg(&image).arg(disk.path()));
        disk
    }

    fn path(&self) -> std::path::PathBuf {
        self.home.path().join("disk")
    }

    fn go_bad(&self) {
        let source = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.path()).output().unwrap();
        let device = String::from_utf8(source.stdout).unwrap();
        let name = device.trim().trim_start_matches("/dev/");
        std::fs::write(format!("/sys/fs/ext4/{name}/trigger_fs_error"), "1").unwrap();
        assert!(std::fs::write(self.path().join("probe"), "x").is_err(), "the disk still takes what is written");
    }
}

impl Drop for WornDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn as_root(command: &mut Command) {
    let done = command.output().unwrap();
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "this test mounts a disk of its own, so run it as root: {why}");
}

/// A disk in memory, gone when this is dropped.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn of(size: &str) -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        disk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn read_only(&self) {
        self.mount(&["-o", "remount,ro"]);
    }

    fn mount(&self, args: &[&str]) {
        as_root(Command::new("mount").args(args).arg(self.path()));
    }

    /// Takes every last byte of it.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.path().join("filler")).unwrap();
        let mut size = 1 << 20;
        while size > 0 {
            if filler.write_all(&vec![0; size]).is_err() {
                size /= 2;
            }
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

async fn furnished(disk: &SmallDisk) -> App {
    let app = App::in_folder(disk.path()).await;
    app.furnish().await;
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_acts_nothing_is_lost_and_all_goes_on_once_there_is_space() {
    let disk = SmallDisk::of("12m");
    let app = furnished(&disk).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-0")).await;
    let leased = ana.lease().await;
    disk.fill();

    let big = "A long reply, thirty days of it. ".repeat(4000);
    let mut staged = 1;
    let refused = loop {
        let row = Draft::of(&format!("t-{staged}")).text(&big);
        let reply = app.owner().post("/v1/drafts", (*row).clone()).await;
        if reply.status != 200 {
            break reply;
        }
        staged += 1;
        assert!(staged < 200, "the disk is never full");
    };
    let error = refused.refused(503, "unavailable");
    assert!(!error.to_string().contains("disk"), "what the database says stays in the log: {error}");
    let approval = verdict(&leased, "approve");
    let edited = countersign_testkit::drafts::edit(&leased, &big);
    ana.decide(&leased, &edited).await.refused(503, "unavailable");
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM draft").await, staged);

    disk.free();
    assert_eq!(ana.decide(&leased, &approval).await.status, 201);
    app.stage(&Draft::of("after").text(&big)).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM draft").await, staged + 1);
    assert_eq!(app.verify().await["ok"], true);
    let app = app.restarted().await;
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": staged, "approved": 1 }));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_that_only_reads_no_hub_opens_and_it_says_why() {
    let disk = SmallDisk::of("12m");
    let app = furnished(&disk).await;
    app.stage(&Draft::of("t-0")).await;
    let database = app.database.clone();
    app.close().await;
    disk.read_only();
    let mut config = DeskConfig::new(&database, disk.path());
    config.keychain = false;
    assert_eq!(Desk::open(config).await.err().unwrap().code(), Code::Unavailable);
    let config = Config::new(database, disk.path());
    let error = Hub::open(config).await.err().unwrap();
    assert!(matches!(&error, OpenError::Lock { .. }), "{error}");
    assert!(error.to_string().contains("desk.db.hub"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_disk_under_a_hub_turns_read_only_nothing_acts_and_what_was_decided_is_there_afterwards() {
    let disk = WornDisk::new();
    let app = App::in_folder(&disk.path()).await;
    let (_receiver, ids) = furnish(&app).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-3")).await;
    let before = app.number("SELECT COUNT(*) FROM audit").await;
    disk.go_bad();
    // What is stored can still be read, so some acts are refused by the desk's own rules.
    nothing_acts(&app, &ana, &ids, &[503, 409]).await;
    let listed = app.owner().get("/v1/drafts?state=escalated").await.ok();
    assert_eq!(listed["drafts"][0]["external_id"], "t-1", "what is there can still be listed");
    // Opening one is an entry in the audit log.
    app.owner().get(&format!("/v1/drafts/{}", ids[0])).await.refused(503, "unavailable");

    let copy = tempfile::tempdir().unwrap();
    for name in ["desk.db", "desk.db-wal"] {
        std::fs::copy(disk.path().join(name), copy.path().join(name)).unwrap();
    }
    app.close().await;
    let rescued = App::in_folder(copy.path()).await;
    assert_eq!(rescued.number("SELECT COUNT(*) FROM audit").await, before);
    assert_eq!(rescued.verify().await["ok"], true);
    assert_eq!(rescued.draft(&ids[0]).await["state"], "in_review");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_gone_no_route_acts_and_all_goes_on_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::durable(folder.path());
    let app = App::at(server.database()).await;
    let (_receiver, ids) = furnish(&app).await;
    let (ana, dri) = (app.reviewer("ana").await, app.role("dri").await);
    dri.get("/v1/me").await.ok();
    app.stage(&Draft::of("t-3")).await;
    let leased = ana.lease().await;
    let before = app.number("SELECT COUNT(*) FROM audit").await;
    server
        .without(async {
            nothing_acts(&app, &ana, &ids, &[503]).await;
            ana.decide(&leased, &verdict(&leased, "approve")).await.refused(503, "unavailable");
            // Whoever comes with a token can't even be told from a stranger, but for flags and kills.
            let calls = ROUTES.iter().filter(|(_, _, act)| act.is_some()).map(async |(method, path, _)| {
                let path = path.replace("{id}", "none");
                (path.clone(), ana.open(method, &path, "application/json", "{}").await.status().as_u16())
            });
            for (path, status) in join_all(calls).await {
                let known = path.ends_with("/kill") || path.starts_with("/ofrep/");
                assert!(status == 503 || known && status == 403, "{path}: {status}");
            }
            // But whoever may kill has been here before, and is known.
            let kill = json!({ "reason": "wrong refunds" });
            dri.post("/v1/workflows/desk/kill", kill).await.refused(503, "kill_held");
            assert_eq!(app.nobody().get("/readyz").await.status, 503);
            assert_eq!(app.nobody().get("/healthz").await.status, 200, "the hub itself is well");
        })
        .await;

    // Of all that was asked for the kills alone are held, until they can be committed.
    until("the database is found again", async || app.nobody().get("/readyz").await.code() == "kill_held").await;
    assert_eq!(app.number("SELECT COUNT(*) FROM audit").await, before, "nothing else came of it");
    ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "workflow_killed");
    assert_eq!(app.desk.commit_held_kills().await.unwrap(), 0);
    assert_eq!(app.nobody().get("/readyz").await.status, 200);
    assert_eq!(app.workflow("desk").await["killed"], true);
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "it is back" })).await.ok();
    let leased = ana.lease().await;
    assert_eq!(ana.decide(&leased, &verdict(&leased, "approve")).await.status, 201);
    assert_eq!(app.verify().await["ok"], true);
}

/// Everything that would change something is refused: to the owner, whom the hub knows without its database, and to the
/// reviewer whose lease and verdict it would be.
async fn nothing_acts(app: &App, ana: &Person, ids: &[String; 6], refusals: &[u16]) {
    let everywhere = everywhere().into_iter().map(|(method, path, body)| (method, path.to_owned(), body));
    let acts = within_desk(ids).into_iter().chain(everywhere).filter(|(method, _, _)| *method != "GET");
    let owner = app.owner();
    // Kills first: whatever comes after one that is held finds the workflow killed.
    let (kills, others): (Vec<_>, Vec<_>) = acts.partition(|(_, path, _)| path.ends_with("/kill"));
    let call = async |(method, path, body): (&'static str, String, Value)| {
        let hers = path.starts_with("/v1/leases/") || path.starts_with("/v1/verdicts/");
        let who = if hers { ana } else { &owner };
        let reply = who.call(method, &path, "application/json", body.to_string()).await;
        (method, path, reply)
    };
    let mut replies = join_all(kills.into_iter().map(&call)).await;
    replies.extend(join_all(others.into_iter().map(&call)).await);
    for (method, path, reply) in replies {
        // Shows a difference; nothing changes by it.
        if path.ends_with("/diff") && reply.status == 200 {
            continue;
        }
        assert!(refusals.contains(&reply.status.as_u16()), "{method} {path}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_none_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.db");
    std::fs::write(&file, "These are my holiday notes, not a database.".repeat(50)).unwrap();
    let mut config = DeskConfig::new(file.display().to_string(), folder.path());
    config.keychain = false;
    assert_eq!(Desk::open(config).await.err().unwrap().code(), Code::Unavailable);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("These are my holiday notes"));
    for address in ["mysql://localhost/x", "", "postgres://127.0.0.1:1/nothing"] {
        let error = Desk::open(DeskConfig::new(address, folder.path())).await.err().unwrap();
        assert_eq!(error.code(), Code::Unavailable, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_search_index_is_built_anew() {
    let app = App::start(countersign_testkit::Engine::Sqlite).await;
    app.stage(&Draft::of("t-1").text("A kettle.")).await;
    let words = format!("{}.words", app.database.trim_start_matches("sqlite://"));
    let found = |app: &App| {
        let owner = app.owner();
        async move { owner.get("/v1/drafts?q=kettle").await.ok()["drafts"].as_array().unwrap().len() }
    };
    assert_eq!(found(&app).await, 1);
    std::fs::write(&words, "no database at all, as after a bad day of the disk".repeat(100)).unwrap();
    let _ = std::fs::remove_file(format!("{words}-wal"));
    let app = app.restarted().await;
    assert_eq!(found(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_one_file_finds_the_hub_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("desk.db").display());
    let config = || Config { listen: Some(([127, 0, 0, 1], 0).into()), ..Config::new(database.clone(), folder.path()) };
    let Opened::Here(hub) = Hub::open(config()).await.unwrap() else { panic!("nobody else has it") };
    let Opened::Elsewhere(running) = Hub::open(config()).await.unwrap() else { panic!("two hubs on one file") };
    assert_eq!((Some(running.url.clone()), running.pid), (hub.url(), std::process::id()));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("desk.db.hub")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "the token in it is the owner's");
    let me = get(&running.url, "/v1/me", &running.token).await;
    assert_eq!((&me["owner"], &me["subject"]), (&json!(true), &json!("owner")));

    hub.close().await;
    let Opened::Here(hub) = Hub::open(config()).await.unwrap() else { panic!("the first one has ended") };
    let refused = get(&hub.url().unwrap(), "/v1/me", &running.token).await;
    assert_eq!(text(&refused["error"]["code"]), "unauthorized", "an owner's token is good for one run");
    hub.close().await;
}

async fn get(url: &str, path: &str, token: &str) -> Value {
    let request = reqwest::Client::new().get(format!("{url}{path}")).bearer_auth(token);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_reads_what_a_database_holds() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new/place");
    let open = || {
        let database = format!("sqlite://{}", place.join("desk.db").display());
        async { Hub::open(Config::new(database, folder.path())).await.unwrap() }
    };
    let Opened::Here(hub) = open().await else { panic!("nobody else has it") };
    let modes = || {
        let files = std::fs::read_dir(&place).unwrap().map(|f| f.unwrap());
        files.map(|f| (f.file_name().into_string().unwrap(), f.metadata().unwrap().mode() & 0o777)).collect::<Vec<_>>()
    };
    assert_eq!(std::fs::metadata(&place).unwrap().mode() & 0o777, 0o700);
    assert!(modes().len() >= 5, "the file, its words, their logs, the lock: {:?}", modes());
    assert!(modes().iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes());
    hub.close().await;

    // One that an earlier version left open to everybody is closed when it is opened.
    for name in ["desk.db", "desk.db.words"] {
        std::fs::set_permissions(place.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let Opened::Here(hub) = open().await else { panic!("the first one has ended") };
    assert!(modes().iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes());
    hub.close().await;
}

#[tokio::test]
async fn a_mistyped_address_is_told_without_its_password() {
    let config = Config::new("postgress://hub:S3cret@db/prod", "/nowhere");
    let Err(error) = Hub::open(config).await else { panic!("there is no such kind of database") };
    assert!(error.to_string().contains("postgress://…@db/prod"), "{error}");
}
