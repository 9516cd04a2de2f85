//! A runbook as steps to tick off, and text of people made inert for a Markdown document.

/// At most this many steps are read.
pub const MAX_STEPS: usize = 300;

/// One step of a runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The heading that it stands under; none above the first heading and under the document's title.
    pub section: Option<String>,
    /// What to do, in the Markdown of the runbook.
    pub text: String,
}

/// The steps of a runbook in Markdown: every item of its lists, in order, each under its heading. Text between the
/// lists, tables and blocks of code are not steps.
pub fn steps(markdown: &str) -> Vec<Step> {
    let headings = || lines(markdown).filter_map(|line| heading(line.trim()));
    // A document's only first-level heading is its title.
    let title = headings().filter(|(level, _)| *level == 1).count() == 1;
    let mut section = None;
    let mut steps: Vec<Step> = Vec::new();
    // Whether the last line belongs to an item, so that an indented one goes on with it.
    let mut within = false;
    for line in lines(markdown) {
        let text = line.trim();
        if let Some((level, words)) = heading(text) {
            section = (!(title && level == 1)).then(|| words.to_owned());
            within = false;
        } else if let Some(item) = item(text).filter(|item| !item.is_empty()) {
            if steps.len() == MAX_STEPS {
                break;
            }
            steps.push(Step { section: section.clone(), text: item.to_owned() });
            within = true;
        } else if text.is_empty() || !line.starts_with([' ', '\t']) {
            within = false;
        } else if within && let Some(last) = steps.last_mut() {
            last.text.push(' ');
            last.text.push_str(text);
        }
    }
    steps
}

/// The lines outside of fenced blocks of code.
fn lines(markdown: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    markdown.lines().filter(move |line| {
        let text = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| text.starts_with(mark));
        match (fence, mark) {
            (None, None) => true,
            (None, mark) => {
                fence = mark;
                false
            }
            (open, mark) => {
                if open == mark {
                    fence = None;
                }
                false
            }
        }
    })
}

fn heading(text: &str) -> Option<(usize, &str)> {
    let level = text.bytes().take_while(|b| *b == b'#').count();
    let words = text.get(level..)?;
    ((1..=6).contains(&level) && words.starts_with([' ', '\t']))
        .then(|| (level, words.trim().trim_end_matches('#').trim_end()))
        .filter(|(_, words)| !words.is_empty())
}

/// What a list's item says: after `-`, `*`, `+`, `1.` or `1)`, and after a box to tick.
fn item(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = if digits == 0 { text.starts_with(['-', '*', '+']).then_some(1) } else { None };
    let numbered = ((1..=9).contains(&digits) && text[digits..].starts_with(['.', ')'])).then_some(digits + 1);
    let rest = text.get(mark.or(numbered)?..)?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim();
    let unticked = ["[ ]", "[x]", "[X]"].into_iter().find_map(|box_| rest.strip_prefix(box_));
    Some(unticked.unwrap_or(rest).trim())
}

/// Text of people or models for a Markdown document: shown as it was typed, and neither a link, a picture, a heading,
/// HTML nor anything else that a renderer would act on. One line; line ends become spaces.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_ascii_punctuation() => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => out.push(' '),
            c => out.push(c),
        }
    }
    // Four spaces at the start of a line would make it code, and two at its end a line break.
    out.trim().to_owned()
}

/// The same for text of several lines: each a quoted line of its own.
pub fn inert_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("> {}", inert(line)).trim_end().to_owned()).collect();
    // A backslash at a line's end is CommonMark's hard break.
    lines.join("\\\n").replace(">\\\n", ">\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(markdown: &str) -> Vec<(Option<String>, String)> {
        steps(markdown).into_iter().map(|s| (s.section, s.text)).collect()
    }

    #[test]
    fn the_first_replies_runbook_is_read_whole() {
        let steps = steps(include_str!("../../../packs/support-first-reply/runbook.md"));
        let of = |name: &str| steps.iter().filter(|s| s.section.as_deref() == Some(name)).count();
        assert_eq!(["When to kill", "How", "Find out", "Come back"].map(of), [3, 4, 4, 4]);
        assert_eq!(steps.len(), 15, "the table is no step");
        assert!(steps[3].text.starts_with("Press **Kill…** in the console"), "{}", steps[3].text);
    }

    #[test]
    fn a_list_under_the_title_alone_has_no_section() {
        let steps = steps(include_str!("../../../packs/support-refund-note/runbook.md"));
        assert_eq!(steps.len(), 5);
        assert!(steps.iter().all(|s| s.section.is_none()));
        assert_eq!(steps[4].text, "**Resume** with the reason. The workflow restarts at internal.");
    }

    #[test]
    fn items_of_every_kind_go_on_over_indented_lines() {
        let markdown =
            "# A\n- one\n  and more\n* [ ] two\n+ [x] three\n1) four\n   - nested\n\nno step\n# B ##\n2. five\n";
        let a = |t: &str| (Some("A".to_owned()), t.to_owned());
        let expected = [
            a("one and more"),
            a("two"),
            a("three"),
            a("four"),
            a("nested"),
            (Some("B".to_owned()), "five".to_owned()),
        ];
        assert_eq!(texts(markdown), expected);
    }

    #[test]
    fn what_only_looks_like_an_item_is_none() {
        for text in
            ["-", "- ", "-x", "**bold**", "3", "3.5 minutes", "12345678901. x", "| - | - |", "---", "#no", "````"]
        {
            assert_eq!(texts(text), [], "{text}");
        }
        assert_eq!(texts("```\n- code\n# code\n```\n- real"), [(None, "real".to_owned())]);
        assert_eq!(texts("~~~\n```\n- code\n~~~\n- real"), [(None, "real".to_owned())]);
    }

    #[test]
    fn human_text_is_inert() {
        for (typed, shown) in [
            ("# Not a heading", "\\# Not a heading"),
            ("<script>&", "&lt;script&gt;&amp;"),
            ("![x](https://evil.example)", "\\!\\[x\\]\\(https\\:\\/\\/evil\\.example\\)"),
            ("    four spaces\r\nand\tmore  ", "four spaces  and more"),
        ] {
            assert_eq!(inert(typed), shown);
        }
        assert_eq!(inert_lines("one\n\n# two"), "> one\\\n>\n> \\# two");
    }

    proptest! {
        #[test]
        fn nothing_that_markdown_acts_on_is_left(text in "\\PC{0,60}|[-#*_`\\[\\]()<>!&|\n\t 0-9.]{0,60}") {
            let shown = inert(&text);
            let mut chars = shown.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => prop_assert!(chars.next().is_some_and(|c| c.is_ascii_punctuation())),
                    '&' => {
                        let rest = chars.as_str();
                        prop_assert!(["amp;", "lt;", "gt;"].iter().any(|e| rest.starts_with(e)), "{shown}");
                        chars.by_ref().take_while(|c| *c != ';').for_each(drop);
                    }
                    c => prop_assert!(!c.is_ascii_punctuation() && !c.is_control(), "{shown:?}"),
                }
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(?s).{0,200}") {
            prop_assert!(steps(&text).iter().all(|s| !s.text.is_empty()));
        }
    }
}
