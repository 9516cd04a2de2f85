//! What counts as a claim, and what as evidence.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile_tests;

use super::*;
use crate::draft::parse;
use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// Each claim's text and status, in the order of the draft.
fn judged(thread: &Value, text: &str, sources: &[&str]) -> Vec<(String, ClaimStatus)> {
    let row = json!({ "external_id": "t", "revision": "1", "thread": thread, "draft": { "text": text } });
    let body = parse(row.to_string().as_bytes()).unwrap().body;
    let known: Vec<Known> = sources.iter().map(|s| Known::of(s)).collect();
    let behind: Vec<Behind<'_>> = known.iter().map(|known| Behind { id: "desk/policy", known }).collect();
    let said = |c: &Claim| text.chars().skip(c.start as usize).take((c.end - c.start) as usize).collect();
    Reading::of(&body).against(&behind, &[]).iter().map(|c| (said(c), c.status)).collect()
}

fn doubtful(thread: &Value, text: &str, sources: &[&str]) -> Vec<String> {
    let claims = judged(thread, text, sources).into_iter();
    claims.filter(|(_, status)| *status != ClaimStatus::Supported).map(|(said, _)| said).collect()
}

fn asked(text: &str) -> Value {
    json!([{ "role": "customer", "text": text }])
}

fn tool(name: &str, args: &Value, result: &str) -> Value {
    json!([
        { "role": "customer", "text": "Please do it." },
        { "role": "tool_call", "name": name, "text": args.to_string() },
        { "role": "tool", "name": name, "text": result },
    ])
}

#[test]
fn questions_and_courtesies_are_no_claims() {
    let text =
        "Thank you, Mia! I'll need your user ID.\n\n1. Is it a round trip?\n2. Insurance for $30?\nHave a great day!";
    assert!(judged(&asked("Hi"), text, &[]).is_empty());
}

#[test]
fn a_value_is_the_same_however_it_is_written() {
    let result = r#"{"total": 1250.0, "departs": "18:00:00", "date": "2024-05-20", "id": "JG7FMM", "seats": 12}"#;
    let text = "JG7FMM costs $1,250.00, leaves at 6 PM on May 20th, and has 12 seats.";
    let claims = judged(&tool("get_booking", &json!({}), result), text, &[]);
    assert_eq!(claims.len(), 5, "{claims:?}");
    assert!(claims.iter().all(|(_, status)| *status == ClaimStatus::Supported), "{claims:?}");
    let text = "JG7FMN costs $1,205.00, leaves at 6 AM on May 21st, and has 13 seats.";
    let claims = doubtful(&tool("get_booking", &json!({}), result), text, &[]);
    assert_eq!(claims, ["JG7FMN", "$1,205.00", "6 AM", "May 21st", "13 seats"].map(|c| c.trim_start_matches('$')));
}

#[test]
fn an_amount_that_follows_from_others_is_supported_and_says_how() {
    let thread = tool("calculate", &json!({ "expression": "1" }), "329.0");
    let text = "It costs $329. Of your $500 there will be $171 left.";
    let row = json!({ "external_id": "t", "revision": "1", "draft": { "text": text }, "thread": thread });
    let claims = Reading::of(&parse(row.to_string().as_bytes()).unwrap().body).against(&[], &[]);
    let sums: Vec<_> = claims.iter().filter_map(|c| c.sum.as_deref()).collect();
    assert!(sums.contains(&"500 − 329"), "{claims:?}");
}

#[test]
fn what_is_said_to_be_done_takes_a_tool_that_did_it() {
    let text = "Your reservation has been cancelled.";
    let by = |result: &str| judged(&tool("cancel_reservation", &json!({}), result), text, &[]);
    assert_eq!(by(r#"{"status": "cancelled"}"#)[0].1, ClaimStatus::Supported);
    assert_eq!(by("Error: already flown")[0].1, ClaimStatus::Conflict);
    assert_eq!(judged(&asked("Please cancel it."), text, &[])[0].1, ClaimStatus::Unsupported);
    assert!(judged(&asked("Please cancel it."), "Once it has been cancelled, I'll write.", &[]).is_empty());
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_a_conflict() {
    let changed =
        |got: &str| tool("update_booking", &json!({ "cabin": "economy" }), &json!({ "cabin": got }).to_string());
    let text = "The cabin has been changed to economy.\n\n- **Cabin**: Economy";
    assert_eq!(doubtful(&changed("basic"), text, &[]).len(), 2);
    assert!(doubtful(&changed("economy"), text, &[]).is_empty());
}

#[test]
fn a_source_that_says_otherwise_is_a_conflict() {
    let policy = "Change flights: Basic fares cannot be modified. The user can modify passengers but cannot modify the \
                  number of passengers. If the user is a silver member, 1 free checked bag for each basic passenger, \
                  and 3 free checked bags for each business passenger.";
    let claims = judged(&asked("Hi"), "Changing the passenger is not allowed.", &[policy]);
    assert_eq!(claims[0].1, ClaimStatus::Conflict, "{claims:?}");
    let claims = judged(&asked("Hi"), "The number of passengers cannot be modified.", &[policy]);
    assert_eq!(claims[0].1, ClaimStatus::Supported, "{claims:?}");
    let text = "As a silver member you get 2 free checked bags in business.";
    assert_eq!(judged(&asked("Hi"), text, &[policy])[0], ("2 free checked bags".into(), ClaimStatus::Conflict));
}

#[test]
fn what_is_said_of_a_record_is_held_against_its_own_fields() {
    let booking = json!({ "booking": "4XGCCM", "cabin": "business", "insurance": "yes" }).to_string();
    let thread = tool("get_booking", &json!({}), &booking);
    let said = |text| judged(&thread, text, &[]).into_iter().any(|(_, status)| status == ClaimStatus::Conflict);
    assert!(said("I cannot cancel 4XGCCM due to the lack of insurance."));
    assert!(!said("4XGCCM has insurance, and leaves in 3 business days."));
    assert!(!said("Does 4XGCCM come without insurance?"));
}

#[test]
fn a_total_is_so_many_times_what_there_is_for_each() {
    let policy = "Silver members have 2 free checked bags for each economy passenger.";
    let claims = judged(&asked("We are two."), "You can take a total of 4 free checked bags.", &[policy]);
    assert_eq!(claims[0], ("4 free checked bags".into(), ClaimStatus::Supported));
}

#[test]
fn not_a_or_b_is_a_conflict_where_b_is_allowed() {
    let policy = "Basic economy flights cannot be modified. All reservations, including basic economy, can change cabin \
                  without changing the flights.";
    let text = "The reservation is in basic economy class, which cannot be modified to change flights or cabin class.";
    assert_eq!(doubtful(&asked("Hi"), text, &[policy]).len(), 1);
}

#[test]
fn how_long_ago_something_was_is_counted_from_the_last_message() {
    let order = json!({ "order": "QX7RTM", "created_at": "2024-05-12T09:36:29" }).to_string();
    let mut thread = tool("get_order", &json!({}), &order);
    thread[2]["at"] = json!("2024-05-15T15:00:00Z");
    let text = |hours| format!("It was placed within the last {hours} hours, so I can help.");
    let late = |hours: i64| judged(&thread, &text(hours), &[]).iter().any(|c| c.1 == ClaimStatus::Conflict);
    assert_eq!([late(24), late(96)], [true, false]);
    assert!(
        doubtful(&thread, "It can be returned if it was placed within the last 24 hours.", &["24 hours"]).is_empty()
    );
}

#[test]
fn a_payment_that_came_back_is_no_payment() {
    let answer = |amount: i64| json!({ "payments": [{ "amount": 1134 }, { "amount": amount }] }).to_string();
    let text = "The payment for the difference has been processed.";
    let by = |amount| judged(&tool("update_booking", &json!({}), &answer(amount)), text, &[])[0].1;
    assert_eq!([by(-414), by(414)], [ClaimStatus::Conflict, ClaimStatus::Supported]);
}

#[test]
fn what_nothing_forbids_is_not_borne_out_by_what_is_said_of_something_else() {
    let policy = "The remaining amount of a travel certificate is not refundable. Travel insurance costs 30 dollars.";
    assert_eq!(doubtful(&asked("Hi"), "The travel insurance is non-refundable.", &[policy]).len(), 1);
    assert!(doubtful(&asked("Hi"), "The travel certificate is non-refundable.", &[policy]).is_empty());
}

/// The statuses of what is claimed after a tool's answer.
fn answered(name: &str, answer: &str, said: &str) -> Vec<ClaimStatus> {
    let claims = judged(&tool(name, &json!({ "order_id": "W1" }), answer), said, &[]);
    claims.into_iter().map(|(_, status)| status).collect()
}

#[test]
fn an_answer_that_says_it_failed_bears_nothing_out() {
    let said = "I have cancelled your order.";
    for answer in [
        r#"{"success": false, "message": "Order already shipped"}"#,
        r#"{ "error": "already shipped" }"#,
        r#"{"status": "failed"}"#,
        "Failed: already shipped",
        "The order could not be cancelled",
    ] {
        assert_eq!(answered("cancel_order", answer, said), [ClaimStatus::Conflict], "{answer}");
    }
    for answer in [r#"{"error": null, "status": "cancelled"}"#, r#"{"success": true}"#, "Order cancelled"] {
        assert_eq!(answered("cancel_order", answer, said), [ClaimStatus::Supported], "{answer}");
    }
}

#[test]
fn what_was_not_done_is_no_evidence_that_it_was() {
    let claims = answered("get_order", "The order was not refunded", "I have refunded it.");
    assert_eq!(claims, [ClaimStatus::Unsupported]);
}

#[test]
fn a_nice_day_and_a_phone_number_move_no_date() {
    let mut thread = tool("get_flight", &json!({}), r#"{"departs": "2024-05-20", "phone": "+1 555 010"}"#);
    thread[0]["text"] = json!("Thank you, have a nice day!");
    assert_eq!(doubtful(&thread, "It leaves on May 21st.", &[]), ["May 21st"]);
}

#[test]
fn a_typographic_apostrophe_denies_as_the_plain_one_does() {
    let thread = tool("get_booking", &json!({}), r#"{"id": "4XGCCM", "insurance": "no"}"#);
    assert!(doubtful(&thread, "The booking 4XGCCM doesn\u{2019}t have insurance.", &[]).is_empty());
}

#[test]
fn a_year_that_a_source_has_otherwise_is_not_borne_out_by_it() {
    let source = ["The sale ends on 20 May 2023."];
    assert_eq!(doubtful(&asked("Hi"), "It ends on May 20, 2024.", &source), ["May 20, 2024"]);
}

/// What a text claims, before anything is looked up.
fn found(text: &str) -> Vec<Found> {
    let tokens = scan::tokens(text);
    let mut found = Vec::new();
    for sentence in sentence::sentences(text, &tokens) {
        find::claims(text, &tokens, &sentence, &mut found);
    }
    found
}

#[test]
fn every_word_that_states_something_is_heard() {
    for (verb, _) in acts::VERBS {
        for text in [format!("I have {verb} the order."), format!("The order HAS BEEN {}", verb.to_uppercase())] {
            assert!(matches!(found(&text)[..], [Found { act: Some(_), .. }]), "{text}");
        }
    }
    for help in ["I've", "I\u{2019}ve", "we've", "I have", "It has been", "It was", "They were", "They are now"] {
        let text = format!("Well then: {help} cancelled.");
        assert!(matches!(found(&text)[..], [Found { act: Some(_), .. }]), "{text}");
    }
    let policies = find::SAYS.iter().map(|word| format!("This order {word} in that case."));
    let others =
        ["That can be changed here.", "You can only change it.", "There are no extra fees.", "You can\u{2019}t do it."];
    for text in policies.chain(others.map(String::from)) {
        assert!(matches!(found(&text)[..], [Found { kind: ClaimKind::Policy, .. }]), "{text}");
    }
}

proptest! {
    #[test]
    fn sentences_end_where_unicode_says(
        parts in prop::collection::vec(prop::sample::select(vec![
            ".", "!", "?", " ", "  ", ",", "-", ")", "(", "\"", "\u{201d}", "\u{308}", "\u{ad}", "\t", "\u{b}", "\r", "\u{85}", "A",
            "Be", "c", "5", "3.5", "\u{e9}", "\u{c9}t", "\u{3002}", "\u{5b57}", "U.S.", ". The", "? a", "e.g.",
        ]), 0..30),
        ends in any::<bool>(),
    ) {
        let text = parts.concat() + if ends { "\n" } else { "" };
        let found: Vec<&str> = sentence::bounds(&text).collect();
        prop_assert_eq!(found, text.split_sentence_bounds().collect::<Vec<_>>());
    }
}

#[test]
fn a_number_is_borne_out_by_one_of_the_same_currency_unit_and_thing() {
    let said = |text: &str, source: &str| judged(&asked("Hi"), text, &[source])[0].1;
    for (text, source) in [
        ("You can return it within 30 days.", "A courier costs $30."),
        ("It costs €50.", "It costs $50."),
        ("You save 50% of it.", "You save $50."),
        ("It has 12 seats.", "It has 12 doors."),
        ("It costs $30.", "It takes 30 days."),
        ("It takes 12.3 hours.", "The version is 1.2.3."),
        ("You get 2000 points.", "It was founded in 1999."),
    ] {
        assert_eq!(said(text, source), ClaimStatus::Unsupported, "{text} {source}");
    }
    for (text, source) in [
        ("It costs 30 dollars.", "A courier costs $30."),
        ("It costs $1,250.", "The fee of 1250 is charged."),
        ("You save 50 percent of it.", "You save 50%."),
        ("It has 12 free seats.", "There are 12 seats."),
        ("You get 2000 points.", "It gives 2000 points."),
    ] {
        assert_eq!(said(text, source), ClaimStatus::Supported, "{text} {source}");
    }
    assert!(judged(&asked("Hi"), "In 2019 sales rose.", &[]).is_empty());
    let thread = tool("get_booking", &json!({}), r#"{"passengers": [{"name": "Noah"}]}"#);
    assert!(doubtful(&thread, "It has 1 passenger.", &[]).is_empty());
}

#[test]
fn a_limit_that_a_source_has_otherwise_is_a_conflict() {
    let said = |text: &str| judged(&asked("Hi"), text, &["Returns are free within 14 days. A courier costs $30."])[0].1;
    assert_eq!(said("You can return it within 30 days."), ClaimStatus::Conflict);
    assert_eq!(said("You can return it within 14 days."), ClaimStatus::Supported);
    assert_eq!(said("It was sent 30 days ago."), ClaimStatus::Unsupported);
}

#[test]
fn a_cited_passage_that_has_another_value_is_a_conflict() {
    let known = Known::of("The courier fee is $50. It ends on 20 May 2023, or after 3 weeks. A box is $5, a bag $7.");
    let status = |text: &str, start: u32, end: u32| {
        let row = json!({ "external_id": "t", "revision": "1", "thread": asked("Hi"), "draft": { "text": text } });
        let body = parse(row.to_string().as_bytes()).unwrap().body;
        let span = Span { start: 0, end: text.chars().count() as u32 };
        let passage = Some(Place::in_source("s", (start, end)));
        let claims = Reading::of(&body).against(&[Behind { id: "s", known: &known }], &[Cited { span, passage }]);
        claims[0].status
    };
    assert_eq!(status("The courier fee is $500.", 0, 23), ClaimStatus::Conflict);
    assert_eq!(status("The courier fee is $50.", 0, 23), ClaimStatus::Supported);
    assert_eq!(status("It is €500.", 0, 23), ClaimStatus::Unsupported);
    assert_eq!(status("The fee is $500, or $600 at night.", 0, 23), ClaimStatus::Unsupported);
    assert_eq!(status("It ends on May 21.", 24, 68), ClaimStatus::Conflict);
    assert_eq!(status("It ends on May 20, 2024.", 24, 68), ClaimStatus::Conflict);
    assert_eq!(status("It ends after 4 weeks.", 24, 68), ClaimStatus::Conflict);
    assert_eq!(status("A box is $6.", 69, 91), ClaimStatus::Unsupported);
}

#[test]
fn what_a_tool_did_bears_out_only_what_it_has_to_do_with() {
    for (name, answer, said) in [
        ("add_note", r#"{"note": "done"}"#, "I have refunded your order."),
        ("send_email", "Sent", "The difference has been charged."),
        ("get_weather", "Sunny", "I have verified your identity."),
    ] {
        assert_eq!(answered(name, answer, said), [], "{name}: {said}");
    }
    for (name, answer, said) in [
        ("refund_order", "Done", "I have refunded your order."),
        ("return_items", r#"{"refund_amount": 20}"#, "The money has been refunded."),
        ("close_case", "refunded", "I have refunded it."),
        ("verify_identity", "Done", "I have verified your identity."),
        ("get_order_details", "{}", "I have reviewed your order."),
    ] {
        assert_eq!(answered(name, answer, said), [ClaimStatus::Supported], "{name}: {said}");
    }
    assert_eq!(judged(&asked("Hi"), "I have refunded it.", &[])[0].1, ClaimStatus::Unsupported);
    assert_eq!(answered("refund_order", "Error: too late", "I have refunded it."), [ClaimStatus::Conflict]);
}

#[test]
fn how_long_ago_something_was_is_counted_over_time_zones() {
    let is_late = |created: &str, now: &str| {
        let order = json!({ "order": "QX7RTM", "created_at": created }).to_string();
        let mut thread = tool("get_order", &json!({}), &order);
        thread[2]["at"] = json!(now);
        let text = "It was placed within the last 24 hours, so I can help.";
        judged(&thread, text, &[]).iter().any(|c| c.1 == ClaimStatus::Conflict)
    };
    assert!(!is_late("2024-05-14T23:00:00-08:00", "2024-05-16T00:00:00Z"));
    assert!(is_late("2024-05-15T08:00:00+09:00", "2024-05-16T00:00:00Z"));
    assert!(!is_late("2024-05-14T12:00:00", "2024-05-16T00:00:00Z"));
    assert!(is_late("2024-05-14T09:00:00", "2024-05-16T00:00:00Z"));
}

#[test]
fn an_amount_follows_from_others_only_where_they_belong_together() {
    let search = json!({ "flights": [{ "price": 78 }, { "price": 500 }, { "price": 145, "seats": 12 }] }).to_string();
    let thread = tool("search_flights", &json!({}), &search);
    let doubt = |text: &str| doubtful(&thread, text, &[]);
    assert_eq!(doubt("It costs $329. The refund is $171."), ["329", "171"]);
    assert_eq!(doubt("You get $290."), ["290"]);
    assert_eq!(doubt("It costs $317. You get $329 of it."), ["317", "329"]);
    assert_eq!(doubt("Instead of $317 you pay $329."), ["317", "329"]);
    assert!(doubt("It is $500 for one and $145 for the other, $645 together.").is_empty());
    assert!(doubt("For 2 passengers at $145 it comes to $290.").iter().all(|said| said.starts_with("2 ")));
}
