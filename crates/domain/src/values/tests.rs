//! What counts as a change of a value, and what doesn't.

use super::{Change, compare};

fn is_value_change(before: &str, after: &str) -> bool {
    compare(before, after) == Change::Value
}

fn is_same(before: &str, after: &str) -> bool {
    matches!(compare(before, after), Change::Wording(share) if share == 0.0)
}

#[test]
fn an_amount_is_not_its_digits() {
    let text = "We refund 12.50 EUR.";
    for other in ["125.0", "1,250", "-12.50", "\u{2212}12.50", "1250", "12.05", "12", "12.50-13"] {
        assert!(is_value_change(text, &text.replace("12.50", other)), "{other}");
    }
    for other in
        ["12.50 USD", "12.50", "12.50 %", "12.50 EUR per month", "at least 12.50 EUR", "≤ 12.50 EUR", "up to 12.50 EUR"]
    {
        assert!(is_value_change(text, &text.replace("12.50 EUR", other)), "{other}");
    }
    for other in ["12,50 EUR", "12.5 EUR", "€12.50", "EUR 12.50", "12.50 €", "12.50\u{202F}€", "**12.50 EUR**"] {
        assert!(is_same(text, &text.replace("12.50 EUR", other)), "{other}");
    }
}
