//! The content hash that a workflow version is known by.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Hex SHA-256 over the files in the order of their names, each as name and text with its length
/// in bytes (64 bits, big endian) before it, so that no two sets of files run together.
pub(super) fn of_files<'f>(files: impl IntoIterator<Item = (&'f String, &'f String)>) -> String {
    let mut hasher = Sha256::new();
    for (name, text) in files.into_iter().collect::<BTreeMap<_, _>>() {
        for part in [name, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    hex::encode(hasher.finalize())
}

/// Hex SHA-256 of one text.
pub(super) fn of_text(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
    }

    #[test]
    fn the_hash_depends_on_names_and_texts_but_not_on_their_order() {
        let hash = of_files(&files(&[("a", "bc"), ("d", "")]));
        assert_eq!(hash, of_files(&files(&[("d", ""), ("a", "bc")])));
        for other in [&[("ab", "c"), ("d", "")][..], &[("a", "bc")], &[("a", "bcd"), ("d", "")]] {
            assert_ne!(hash, of_files(&files(other)));
        }
    }
}
