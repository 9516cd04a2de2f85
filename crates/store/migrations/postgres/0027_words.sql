-- The words of a draft are indexed a moment after it came in, in a table of their own: whoever sends drafts doesn't wait
-- for them.
ALTER TABLE draft DROP COLUMN words;
-- Without a reference to the draft: it would hold the draft's row, and a lease would pass that by.
CREATE TABLE draft_words (
    draft_seq BIGINT PRIMARY KEY,
    words     TSVECTOR NOT NULL
);
CREATE INDEX draft_words_words ON draft_words USING gin (words);

-- Drafts whose words are still to be indexed.
CREATE TABLE words_due (draft_seq BIGINT NOT NULL);
INSERT INTO words_due (draft_seq) SELECT seq FROM draft WHERE erased_at IS NULL ORDER BY seq;
DELETE FROM meta WHERE name = 'words_indexed_again';
