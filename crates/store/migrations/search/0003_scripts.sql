-- What a word is, is settled before it comes here, so that it is the same on both databases; the tokenizer leaves it whole.
-- Everything is indexed anew, in stretches.
DROP TABLE draft_words;
CREATE VIRTUAL TABLE draft_words USING fts5(words, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
INSERT INTO draft_words (draft_words, rank) VALUES ('secure-delete', 1);
UPDATE indexed SET seq = 0;
DELETE FROM forgotten;
