-- Words are taken out again when their draft is erased, and nothing of them stays in the file. They are indexed anew:
-- taking some out takes the very text that was put in, which is bounded otherwise now.
DROP TABLE draft_words;
CREATE VIRTUAL TABLE draft_words USING fts5(words, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO draft_words (draft_words, rank) VALUES ('secure-delete', 1);
UPDATE indexed SET seq = 0;

CREATE TABLE forgotten (seq INTEGER PRIMARY KEY);
