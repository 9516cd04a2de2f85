//! What isn't well is named, by `doctor` and before it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::cli::site;
use countersign_testkit::feed::Feed;
use countersign_testkit::until;
use countersign_tests::site::{Site, free_port};

/// Writes a pack with this at its end.
fn pack(site: &Site, id: &str, more: &str) {
    assert_eq!(site.exit(&["pack", "new", id]).0, 0);
    let file = site.path().join(id).join("workflow.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n{more}")).unwrap();
}

fn delivering(secret: &str) -> String {
    format!("[delivery]\nurl = \"https://helpdesk.example.com/\"\nsecret_env = \"{secret}\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_do_its_work_is_named_at_apply_at_start_and_by_doctor() {
    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let faults = [
        ("unset", None, "isn't set"),
        ("empty", Some(String::new()), "isn't set"),
        ("malformed", Some("hunter2".to_owned()), "is no webhook secret: expected whsec_"),
        ("short", Some("whsec_c2hvcnQ=".to_owned()), "is no webhook secret: expected whsec_"),
        ("versioned", Some(format!("v1,{GOOD}")), "begins with v1,"),
        ("newline", Some(format!("{GOOD}\n")), "has a line end in it"),
    ];
    let mut site = site();
    let name = |id: &str| format!("COUNTERSIGN_SECRET_{}", id.to_uppercase());
    for (id, value, _) in &faults {
        if let Some(value) = value {
            site.set(&name(id), value);
        }
    }
    for (id, _, why) in &faults {
        pack(&site, id, &delivering(&name(id)));
        let (code, _, said) = site.exit(&["pack", "apply", id]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(&format!("warning: delivery.secret_env: {} {why}", name(id))), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("MfKQ9r8G"), "{said}");
        assert!(site.exit(&["pack", "check", id]).2.contains(why));
    }
    let pull = "[[pull]]\nurl = \"https://helpdesk.example.com/\"\nevery_seconds = 60\ntoken_env = \"COUNTERSIGN_SECRET_PULL\"\n";
    pack(&site, "pulling", &format!("{pull}{}", delivering("COUNTERSIGN_SECRET_GOOD")));
    site.set("COUNTERSIGN_SECRET_GOOD", GOOD);
    site.set("COUNTERSIGN_SECRET_PULL", "token\n");
    let (_, _, said) = site.exit(&["pack", "apply", "pulling"]);
    assert!(said.contains("pull[0].token_env: COUNTERSIGN_SECRET_PULL has a line end in it"), "{said}");
    assert!(!said.contains("SECRET_GOOD"), "{said}");

    let hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();
    let (code, out, _) = site.exit(&["doctor"]);
    assert_eq!(code, 1, "{out}");
    let log = std::fs::read_to_string(site.path().join("hub.log")).unwrap();
    for (id, _, why) in &faults {
        let line = format!("FAIL secret {} of {id}: {why}", name(id));
        assert!(out.contains(&line), "{line}: {out}");
        assert!(log.lines().any(|l| l.contains(&name(id)) && l.contains(why)), "{id}: {log}");
    }
    assert!(out.contains("FAIL secret COUNTERSIGN_SECRET_PULL of pulling: has a line end"), "{out}");
    assert!(out.contains("ok   secret COUNTERSIGN_SECRET_GOOD of pulling"), "{out}");
    assert!(!out.contains("hunter2") && !log.contains("hunter2"), "{out}");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_brings_nothing_but_errors_is_not_well() {
    let mut site = site();
    let mut feeds = Vec::new();
    for (id, status, body) in [
        ("refused", 401, "who are you?"),
        ("broken", 500, "oops"),
        ("login", 200, "<!DOCTYPE html><html>Sign in</html>"),
    ] {
        let feed = Feed::start().await;
        (0..100).for_each(|_| feed.answer_next(status, "0", body));
        site.set(&format!("COUNTERSIGN_SECRET_{}", id.to_uppercase()), countersign_testkit::SECRET);
        let pull = format!(
            "[[pull]]\nurl = \"{}\"\nevery_seconds = 5\nallow_private = true\ntoken_env = \"COUNTERSIGN_SECRET_{}\"\n",
            feed.url(),
            id.to_uppercase()
        );
        pack(&site, id, &pull);
        assert_eq!(site.exit(&["pack", "apply", id]).0, 0);
        feeds.push((id, feed));
    }
    let _hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();
    for (id, feed) in &feeds {
        let line = format!("FAIL workflow {id}: the pull from {} failed: ", feed.url());
        until("doctor names the pull", async || site.exit(&["doctor"]).1.contains(&line)).await;
    }
    assert_eq!(site.exit(&["doctor"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_hub_runs_doctor_does_not_say_that_one_does() {
    let site = site();
    let (code, out, _) = site.exit(&["doctor"]);
    assert!(code == 1 && out.starts_with("FAIL database: there is no database at"), "{out}");
    pack(&site, "desk", "");
    assert_eq!(site.exit(&["pack", "apply", "desk"]).0, 0);
    let (code, out, _) = site.exit(&["doctor"]);
    assert!(code == 1 && out.contains("FAIL hub: none runs on the database"), "{out}");
    assert!(out.contains("ok   workflow desk: well"), "{out}");
    let hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();
    let (code, out, said) = site.exit(&["doctor"]);
    assert!(code == 0 && out.contains(&format!("ok   hub: answers: the hub at {}", hub.url)), "{out}{said}");
    drop(hub);
    let (code, out, _) = site.exit(&["doctor", "--hub", "http://127.0.0.1:1", "--token", "cs_x"]);
    assert!(code == 1 && out.starts_with("FAIL hub: no hub answers"), "{out}");
}
