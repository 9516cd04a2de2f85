//! Doubt about the drafts of a real model, against what careful people marked in them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it measured")]

use countersign_domain::citation::{Shelf, Source, check};
use countersign_domain::claims::{Claim, ClaimStatus};
use countersign_domain::draft::parse;
use countersign_domain::pack::Pack;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// The drafts, from `../shared/data/airline` beside the checkout or from the folder in `COUNTERSIGN_DATA`.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/airline");
    let root = std::env::var_os("COUNTERSIGN_DATA").map_or(beside, PathBuf::from);
    root.join("drafts.jsonl").is_file().then_some(root)
}

fn sources(root: &Path) -> Shelf {
    let lines = fs::read_to_string(root.join("sources.jsonl")).unwrap();
    let source = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let of = |key: &str| row[key].as_str().unwrap().to_owned();
        let access = vec!["support".into()];
        (of("id"), Source { id: of("id"), title: of("title"), text: of("text"), access, hash: String::new() })
    };
    Shelf::from(lines.lines().map(source).collect::<HashMap<_, _>>())
}

#[derive(Default)]
struct Measured {
    drafts: usize,
    marked: usize,
    right: usize,
    wrong: Vec<String>,
    missed: Vec<String>,
    kinds: BTreeMap<String, [usize; 3]>,
}

impl Measured {
    fn add(&mut self, id: &str, claims: &[Claim], marked: bool, wanted: &[(u32, u32)]) {
        self.drafts += 1;
        self.marked += usize::from(marked);
        for claim in claims {
            self.kinds.entry(format!("{:?}", claim.kind)).or_default()[claim.status as usize] += 1;
        }
        let doubts: Vec<&Claim> = claims.iter().filter(|c| c.status != ClaimStatus::Supported).collect();
        let meets = |c: &Claim, w: &(u32, u32)| c.start < w.1 && w.0 < c.end;
        for c in doubts.iter().filter(|c| !wanted.iter().any(|w| meets(c, w))) {
            self.wrong.push(format!("{id} {}..{} {:?}", c.start, c.end, c.kind));
        }
        let (found, missed): (Vec<_>, Vec<_>) = wanted.iter().partition(|w| doubts.iter().any(|c| meets(c, w)));
        self.right += found.len();
        self.missed.extend(missed.iter().map(|w: &&(u32, u32)| format!("{id} {}..{}", w.0, w.1)));
    }

    fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong.len()).max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.right as f64 / (self.right + self.missed.len()).max(1) as f64
    }

    fn say(&self, name: &str) {
        println!(
            "{name}: {} drafts, {} marked; {} found, {} wrongly, {} missed: precision {:.2}, recall {:.2}",
            self.drafts,
            self.marked,
            self.right,
            self.wrong.len(),
            self.missed.len(),
            self.precision(),
            self.recall()
        );
        for (kind, [supported, unsupported, conflict]) in &self.kinds {
            println!("  {kind}: {supported} supported, {unsupported} unsupported, {conflict} in conflict");
        }
        println!("  wrongly: {:?}\n  missed: {:?}", self.wrong, self.missed);
    }
}

#[test]
fn doubt_about_real_drafts_is_what_careful_people_doubt() {
    let Some(root) = data() else {
        println!("skipped: the airline drafts are not here");
        return;
    };
    let labels: Value = serde_json::from_str(include_str!("airline_claims.json")).unwrap();
    let files = ["workflow.toml", "guidelines.md", "runbook.md"];
    let files = files.map(|f| (f.to_owned(), fs::read_to_string(root.join("pack").join(f)).unwrap()));
    let pack = Pack::parse(&files.into()).unwrap();
    let sources = sources(&root);
    let mut sets = ["first", "later", "unseen"].map(|name| (name, Measured::default()));
    let (mut marked, mut drafts) = (0, 0);
    for line in fs::read_to_string(root.join("drafts.jsonl")).unwrap().lines() {
        let row = parse(line.as_bytes()).unwrap();
        let checked = check(&row.body, &pack, &sources);
        let (claims, was_marked) = (&checked.checks.claims, checked.marks.any());
        drafts += 1;
        marked += usize::from(was_marked);
        for (name, into) in &mut sets {
            let Some(spans) = labels[*name][&row.external_id].as_array() else { continue };
            let number = |v: &Value| u32::try_from(v.as_u64().unwrap()).unwrap();
            let wanted: Vec<(u32, u32)> = spans.iter().map(|s| (number(&s[0]), number(&s[1]))).collect();
            into.add(&row.external_id, claims, was_marked, &wanted);
        }
    }
    let [(_, first), (_, later), (_, unseen)] = sets;
    first.say("labelled first, and what the rules were made on");
    later.say("labelled later: the rules were mended by the kinds of claim that were missed here");
    unseen.say("labelled last, after the rules were made");
    println!("of all {drafts} drafts {marked} are marked");
    assert!(first.drafts >= 150 && later.drafts >= 160 && unseen.drafts >= 30);
    assert!(first.precision() >= 0.8 && first.recall() >= 0.8);
    assert!(later.precision() >= 0.8);
    assert!(marked * 10 <= drafts * 4, "{marked} of {drafts} are marked");
}
