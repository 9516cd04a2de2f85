//! Whatever somebody sends is read in time.

use super::*;

#[test]
fn a_long_draft_is_read_in_one_pass_and_what_is_left_is_doubted() {
    let line = "I have cancelled JG7FMM for $1,250.00, it cannot be modified at 6 PM on May 20th, ";
    let text = line.repeat(20_000);
    let thread = tool("get", &json!({}), &"JG7FMM 1250 18:00 2024-05-20 ".repeat(10_000));
    let body: DraftBody = serde_json::from_value(json!({ "thread": thread, "draft": { "text": text } })).unwrap();
    let known = Known::of(&line.repeat(1_000));
    let started = std::time::Instant::now();
    let claims = Reading::of(&body).against(&[Behind { id: "desk/policy", known: &known }], &[]);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(claims.len(), MOST);
    assert!(claims.iter().any(|c| c.status == ClaimStatus::Unsupported && c.end as usize >= text.chars().count() - 2));
}

#[test]
fn figures_of_any_size_are_read() {
    let thread = asked("Is it $900,000,000,000,000 or $100?");
    assert_eq!(doubtful(&thread, "It costs $11.", &[]), ["11"]);
}

#[test]
fn a_long_line_of_signs_is_read_in_pieces() {
    let text = format!("a.{}", ")".repeat(190_000));
    assert!(judged(&asked("Hi"), &text, &[]).is_empty());
}

#[test]
fn many_acts_and_many_calls_with_much_in_them_are_read_in_time() {
    let given = json!({ "a": "b_c ".repeat(1_000) });
    let calls = (0..300).flat_map(|_| match tool("add_note", &given, &"and so on ".repeat(300)) {
        Value::Array(call) => call,
        _ => Vec::new(),
    });
    let text = "I have refunded it. I have verified that. ".repeat(1_000);
    let body = json!({ "thread": calls.collect::<Vec<_>>(), "draft": { "text": text } });
    let body: DraftBody = serde_json::from_value(body).unwrap();
    let started = std::time::Instant::now();
    assert!(Reading::of(&body).against(&[], &[]).is_empty());
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
