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
CREATE INDEX detainer_record_place ON detainer_record (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
CREATE INDEX correction_place ON correction (place_id, stream) WHERE last_reading IS NULL AND place_id IS NOT NULL;
CREATE INDEX listed_row_order ON listed_row (stream, row_no);
-- A correction touches the rows of its place, however either names it.
DROP VIEW current_figures;
CREATE VIEW current_figures AS
SELECT f.row_id AS figure_id, f.release_id, r.title AS release_title, r.publisher, r.url, f.measure, f.unit, f.bound, f.value, f.value_quoted,
  COALESCE(NULLIF(f.place_quoted, ''), p.name) AS place, f.facility_quoted AS facility, f.label_quoted AS label, p.fips,
  COALESCE(p.state, NULLIF(f.state_quoted, '')) AS state,
  COALESCE(f.period_start, r.period_start) AS period_start, COALESCE(f.period_end, r.period_end) AS period_end,
  f.quote, f.note, f.locator, c.sha256 AS capture_sha256, f.source_id,
  (SELECT group_concat(COALESCE(NULLIF(k.quote, ''), k.note), ' / ') FROM correction k
    WHERE k.last_reading IS NULL AND k.corrects_key IN (r.release_id, r.url, r.series || ' ' || r.period_start || '..' || r.period_end)
      AND (k.place_quoted = '' OR k.place_id = f.place_id OR k.place_quoted = f.place_quoted AND k.state_quoted = f.state_quoted)
      AND (k.measure IS NULL OR k.measure = f.measure)) AS corrections
FROM figure f JOIN release r USING (release_id) JOIN reading n ON n.reading_id = f.first_reading
  JOIN edition e USING (edition_id) JOIN capture c USING (capture_id) LEFT JOIN place p USING (place_id)
WHERE f.last_reading IS NULL;
DROP VIEW jurisdiction_profile;
CREATE VIEW jurisdiction_profile AS
SELECT p.place_id, p.name, p.state, 'figure' AS kind, r.publisher, r.title AS release_title, r.release_id,
  COALESCE(f.measure, 'mention') AS what, f.bound || ' ' || f.value_quoted || ' ' || COALESCE(f.unit, '') AS detail,
  COALESCE(f.period_start, r.period_start) AS since, f.row_id,
  (SELECT group_concat(COALESCE(NULLIF(q.quote, ''), q.note), ' / ') FROM correction q WHERE q.last_reading IS NULL AND q.place_id = f.place_id
    AND q.corrects_key IN (r.release_id, r.url, r.series || ' ' || r.period_start || '..' || r.period_end) AND (q.measure IS NULL OR q.measure = f.measure)) AS corrections
FROM figure f JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE f.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'case', r.publisher, r.title, r.release_id, k.citizenship_quoted, k.charges_quoted, k.arrested_on, k.row_id,
  (SELECT group_concat(COALESCE(NULLIF(q.quote, ''), q.note), ' / ') FROM correction q WHERE q.last_reading IS NULL AND q.place_id = k.place_id
    AND q.corrects_key IN (r.release_id, r.url, r.series || ' ' || r.period_start || '..' || r.period_end) AND COALESCE(q.measure, 'detainer_declined') = 'detainer_declined')
FROM case_account k JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE k.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'policy', r.publisher, r.title, r.release_id, o.policy_quoted, o.criteria_quoted, o.enacted_on, o.row_id, NULL
FROM policy o JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE o.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'agreement', r.publisher, r.title, r.release_id, g.type_quoted, g.agency_quoted, g.signed_on, g.row_id, NULL
FROM agreement_287g g JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE g.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'listed', r.publisher, r.title, r.release_id, l.row_key, l.cells, NULL, l.row_id, NULL
FROM listed_row l JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE l.last_reading IS NULL;
