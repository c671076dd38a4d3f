-- Version 2.
ALTER TABLE case_account ADD COLUMN declined_on TEXT;
-- A figure read off a table row lives and dies with it.
ALTER TABLE figure ADD COLUMN of_row INTEGER;
CREATE INDEX figure_of_row ON figure (of_row) WHERE of_row IS NOT NULL;
-- What was stated at any time is found without going through the rows of other streams, or through all rows of a table.
DROP INDEX figure_current;
CREATE INDEX figure_current ON figure (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX figure_ended ON figure (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX figure_place;
CREATE INDEX figure_place ON figure (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
DROP INDEX case_account_current;
CREATE INDEX case_account_current ON case_account (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX case_account_ended ON case_account (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX case_account_place;
CREATE INDEX case_account_place ON case_account (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
DROP INDEX policy_current;
CREATE INDEX policy_current ON policy (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX policy_ended ON policy (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX policy_place;
CREATE INDEX policy_place ON policy (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
DROP INDEX agreement_287g_current;
CREATE INDEX agreement_287g_current ON agreement_287g (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX agreement_287g_ended ON agreement_287g (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX agreement_287g_place;
CREATE INDEX agreement_287g_place ON agreement_287g (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
DROP INDEX listed_row_current;
CREATE INDEX listed_row_current ON listed_row (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX listed_row_ended ON listed_row (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX listed_row_place;
CREATE INDEX listed_row_place ON listed_row (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
DROP INDEX detainer_record_current;
CREATE INDEX detainer_record_current ON detainer_record (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX detainer_record_ended ON detainer_record (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
DROP INDEX correction_current;
CREATE INDEX correction_current ON correction (stream, row_hash, first_reading) WHERE last_reading IS NULL;
CREATE INDEX correction_ended ON correction (stream, last_reading, first_reading) WHERE last_reading IS NOT NULL;
CREATE INDEX listed_row_order ON listed_row (stream, row_no);
