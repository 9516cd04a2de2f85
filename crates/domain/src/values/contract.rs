//! Words that are written in one and said as two: "can't", "we'll", "l'article".

use super::words::Lang;

/// The words that one contraction stands for.
pub(super) fn parts(word: &str, lang: Lang) -> Vec<String> {
    let of = |parts: &[&str]| parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    match lang {
        Lang::En => match word {
            "can't" | "cannot" | "cant" => of(&["can", "not"]),
            "won't" | "wont" => of(&["will", "not"]),
            "shan't" => of(&["shall", "not"]),
            "dont" => of(&["do", "not"]),
            "doesnt" => of(&["does", "not"]),
            "didnt" => of(&["did", "not"]),
            "isnt" => of(&["is", "not"]),
            "arent" => of(&["are", "not"]),
            "o'clock" => of(&[word]),
            _ => match word.split_once('\'') {
                Some((head, "t")) if head.ends_with('n') => of(&[head.trim_end_matches('n'), "not"]),
                Some((head, "ll")) => of(&[head, "will"]),
                Some((head, "re")) => of(&[head, "are"]),
                Some((head, "ve")) => of(&[head, "have"]),
                Some((head, "m")) => of(&[head, "am"]),
                Some((head, "d")) => of(&[head, "would"]),
                Some((head, "s")) => of(&[head, "is"]),
                _ => of(&[word]),
            },
        },
        Lang::Fr if word != "aujourd'hui" => match word.split_once('\'') {
            Some(("jusqu" | "lorsqu" | "puisqu", tail)) => of(&[word.split('\'').next().unwrap_or_default(), tail]),
            Some(("n", tail)) => of(&["ne", tail]),
            Some((head, tail)) if head.len() <= 2 => {
                let mut parts = of(&[&format!("{head}'")]);
                parts.extend(self::parts(tail, lang));
                parts
            }
            _ => of(&[word]),
        },
        Lang::De => match word {
            "gibt's" => of(&["gibt", "es"]),
            "geht's" => of(&["geht", "es"]),
            _ => of(&[word]),
        },
        _ => of(&[word]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contraction_is_its_two_words() {
        assert_eq!(parts("can't", Lang::En), parts("cannot", Lang::En));
        assert_eq!(
            (parts("we'll", Lang::En), parts("don't", Lang::En)),
            (vec!["we".into(), "will".into()], vec!["do".into(), "not".into()])
        );
        assert_eq!(
            (parts("n'est", Lang::Fr), parts("aujourd'hui", Lang::Fr)),
            (vec!["ne".into(), "est".into()], vec!["aujourd'hui".into()])
        );
    }
}
