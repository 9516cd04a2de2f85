-- Derived from the drafts of the database beside it; may be deleted at any time, the hub builds it anew.
CREATE VIRTUAL TABLE draft_words USING fts5(words, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE indexed (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL
);
INSERT INTO indexed (one, seq) VALUES (1, 0);
