//! What the machine does to the database: a full disk, one that only reads, a second process. These mount small
//! disks of their own and so need to run as root.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use countersign_desk::{Code, Desk, DeskConfig};
use countersign_hub::{Config, Hub, OpenError, Opened};
use countersign_testkit::drafts::verdict;
use countersign_testkit::{App, Draft, text};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

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
        let done = Command::new("mount").args(args).arg(self.path()).output().unwrap();
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "this test mounts a disk of its own, so run it as root: {why}");
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
    let config = Config { database, data_dir: disk.path().to_owned(), listen: None, packs: None };
    let error = Hub::open(config).await.err().unwrap();
    assert!(matches!(&error, OpenError::Lock { .. }), "{error}");
    assert!(error.to_string().contains("desk.db.hub"), "{error}");
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
    let config = || Config {
        database: format!("sqlite://{}", folder.path().join("desk.db").display()),
        data_dir: folder.path().to_owned(),
        listen: Some(([127, 0, 0, 1], 0).into()),
        packs: None,
    };
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
