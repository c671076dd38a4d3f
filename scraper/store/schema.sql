-- Version 1. Times are UTC ISO-8601 with Z; *_quoted columns hold a publisher's own words.
-- Fact tables share: row_id (hash of content), stream, release_id, source_id, row_hash, first_reading, last_reading,
-- locator. A row was stated by every reading of its stream from first_reading to last_reading; NULL = still stated.
-- A stream is what a reading is compared within: the release and source (periodic) or the whole series (cumulative).

CREATE TABLE source (
  source_id TEXT PRIMARY KEY, publisher TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL, reader TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', problem TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0,
  every TEXT NOT NULL DEFAULT '', watched INTEGER NOT NULL DEFAULT 1,
  rounds INTEGER NOT NULL DEFAULT 0, baseline_at TEXT, last_checked_at TEXT, last_ok_at TEXT, last_new_at TEXT,
  next_due_at TEXT, told_state TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE round (
  round_id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, ended_at TEXT, code_version TEXT NOT NULL,
  config_sha256 TEXT NOT NULL, sources INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0                    -- 1: a person accepted what would be held back for having shrunk
) STRICT;

CREATE TABLE capture (
  capture_id INTEGER PRIMARY KEY, source_id TEXT NOT NULL REFERENCES source (source_id), url TEXT NOT NULL,
  sha256 TEXT NOT NULL, captured_at TEXT NOT NULL, media_type TEXT NOT NULL, charset TEXT, bytes INTEGER NOT NULL,
  via TEXT NOT NULL DEFAULT 'live'                       -- live, warc, archive (a web archive), reference
) STRICT;
CREATE INDEX capture_url ON capture (url, capture_id);
CREATE INDEX capture_sha256 ON capture (sha256);

CREATE TABLE fetch (
  fetch_id INTEGER PRIMARY KEY, round_id INTEGER REFERENCES round (round_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  url TEXT NOT NULL, final_url TEXT NOT NULL, started_at TEXT NOT NULL, ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,                                 -- ok, not_modified, blocked, failed, gone
  status INTEGER, bytes INTEGER, reason TEXT NOT NULL DEFAULT '', headers TEXT NOT NULL DEFAULT '{}',
  capture_id INTEGER REFERENCES capture (capture_id)
) STRICT;
CREATE INDEX fetch_source ON fetch (source_id, fetch_id);
CREATE INDEX fetch_url ON fetch (url, fetch_id);

CREATE TABLE page (                                      -- one watched address: what the next request needs to know
  source_id TEXT NOT NULL REFERENCES source (source_id), url TEXT NOT NULL, etag TEXT, last_modified TEXT,
  capture_id INTEGER REFERENCES capture (capture_id), checked_at TEXT, unchanged INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0,
  read_capture INTEGER REFERENCES capture (capture_id), read_version TEXT NOT NULL DEFAULT '',  -- what was last read well, by which code
  held_capture INTEGER REFERENCES capture (capture_id), held_version TEXT NOT NULL DEFAULT '',  -- what was read last and held back
  PRIMARY KEY (source_id, url)
) STRICT, WITHOUT ROWID;

CREATE TABLE note_to_self (                              -- what the daemon remembers between starts
  name TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE host (
  host TEXT PRIMARY KEY, not_before TEXT, robots TEXT, robots_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
  release_id TEXT PRIMARY KEY, source_id TEXT NOT NULL REFERENCES source (source_id), key TEXT NOT NULL,
  publisher TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL, published TEXT,
  series TEXT, period_start TEXT, period_end TEXT,
  status TEXT NOT NULL DEFAULT 'listed',                 -- listed, delisted, withdrawn
  told INTEGER NOT NULL DEFAULT 0,                       -- 1: announced, or part of a baseline
  listed_title TEXT NOT NULL DEFAULT '', unlisted INTEGER NOT NULL DEFAULT 0,  -- rounds in a row in which no good index named it
  missing INTEGER NOT NULL DEFAULT 0,                    -- rounds in a row in which the document answered 404/410
  first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, citation TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX release_key ON release (source_id, key);
CREATE INDEX release_period ON release (series, period_start, period_end);

CREATE TABLE edition (
  edition_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  seq INTEGER NOT NULL, capture_id INTEGER NOT NULL REFERENCES capture (capture_id), seen_at TEXT NOT NULL,
  announced TEXT NOT NULL DEFAULT ''                     -- the publisher's own words, where it announced the change
) STRICT;
CREATE UNIQUE INDEX edition_seq ON edition (release_id, source_id, seq);

CREATE TABLE reading (
  reading_id INTEGER PRIMARY KEY, edition_id INTEGER NOT NULL REFERENCES edition (edition_id), stream TEXT NOT NULL, seq INTEGER NOT NULL,
  seen_at TEXT NOT NULL,                                 -- when the publisher's content was seen, not when we parsed it
  reader TEXT NOT NULL, reader_version TEXT NOT NULL, content_hash TEXT NOT NULL, title TEXT NOT NULL DEFAULT '',
  text TEXT NOT NULL DEFAULT '', rows INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'current',  -- current, past
  damped INTEGER NOT NULL DEFAULT 0                      -- 1: two versions alternate; told when one of them stays
) STRICT;
CREATE UNIQUE INDEX reading_seq ON reading (stream, seq);
CREATE INDEX reading_edition ON reading (edition_id);

CREATE TABLE place (
  place_id TEXT PRIMARY KEY, fips TEXT, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE place_alias (
  quoted TEXT NOT NULL, state TEXT NOT NULL, place_id TEXT NOT NULL REFERENCES place (place_id), decided_by TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (quoted, state)
) STRICT;

CREATE TABLE event (
  event_id TEXT PRIMARY KEY, seen_at TEXT NOT NULL, kind TEXT NOT NULL, source_id TEXT NOT NULL REFERENCES source (source_id),
  release_id TEXT REFERENCES release (release_id), reading_id INTEGER REFERENCES reading (reading_id), before_reading INTEGER REFERENCES reading (reading_id),
  title TEXT NOT NULL, url TEXT NOT NULL, summary TEXT NOT NULL
) STRICT;
CREATE INDEX event_seen ON event (seen_at);

CREATE TABLE change (
  change_id TEXT PRIMARY KEY, event_id TEXT REFERENCES event (event_id), release_id TEXT NOT NULL REFERENCES release (release_id),
  reading_id INTEGER NOT NULL REFERENCES reading (reading_id), position INTEGER NOT NULL, table_name TEXT NOT NULL, kind TEXT NOT NULL,
  row_id INTEGER, column_name TEXT, before TEXT, after TEXT, label TEXT NOT NULL DEFAULT '', place_id TEXT,
  caused_by TEXT NOT NULL DEFAULT 'publisher'
) STRICT;
CREATE INDEX change_event ON change (event_id, position);
CREATE INDEX change_release ON change (release_id);
CREATE INDEX change_place ON change (place_id);

CREATE TABLE problem (
  problem_id TEXT PRIMARY KEY, source_id TEXT NOT NULL REFERENCES source (source_id), release_id TEXT REFERENCES release (release_id), url TEXT NOT NULL DEFAULT '',
  topic TEXT NOT NULL DEFAULT 'document',                -- fetch, index or document
  code TEXT NOT NULL, text TEXT NOT NULL, locator TEXT NOT NULL DEFAULT '', held_back INTEGER NOT NULL DEFAULT 0,
  first_seen_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, closed_at TEXT
) STRICT;
CREATE INDEX problem_source ON problem (source_id, closed_at);

CREATE TABLE figure (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  measure TEXT,
  unit TEXT,
  bound TEXT NOT NULL,
  value ANY,
  value_quoted TEXT NOT NULL,
  place_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  facility_quoted TEXT NOT NULL,
  label_quoted TEXT NOT NULL,
  period_start TEXT,
  period_end TEXT,
  quote TEXT NOT NULL,
  note TEXT NOT NULL,
  derived INTEGER NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX figure_current ON figure (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX figure_release ON figure (release_id);
CREATE INDEX figure_place ON figure (place_id) WHERE last_reading IS NULL;

CREATE TABLE case_account (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  position INTEGER NOT NULL,
  agency_quoted TEXT NOT NULL,
  place_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  citizenship_quoted TEXT NOT NULL,
  age INTEGER,
  arrested_on TEXT,
  detainer_on TEXT,
  released_on TEXT,
  rearrested_on TEXT,
  dates_inferred TEXT NOT NULL,
  charges_quoted TEXT NOT NULL,
  disposition TEXT NOT NULL,
  followed_quoted TEXT NOT NULL,
  quote TEXT NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX case_account_current ON case_account (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX case_account_release ON case_account (release_id);
CREATE INDEX case_account_place ON case_account (place_id) WHERE last_reading IS NULL;

CREATE TABLE policy (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  jurisdiction_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  aor_quoted TEXT NOT NULL,
  enacted_quoted TEXT NOT NULL,
  enacted_on TEXT,
  policy_quoted TEXT NOT NULL,
  criteria_quoted TEXT NOT NULL,
  designation_quoted TEXT NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX policy_current ON policy (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX policy_release ON policy (release_id);
CREATE INDEX policy_place ON policy (place_id) WHERE last_reading IS NULL;

CREATE TABLE agreement_287g (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  agency_quoted TEXT NOT NULL,
  type_quoted TEXT NOT NULL,
  county_quoted TEXT NOT NULL,
  support_type_quoted TEXT NOT NULL,
  signed_quoted TEXT NOT NULL,
  signed_on TEXT,
  moa_quoted TEXT NOT NULL,
  addendum_quoted TEXT NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX agreement_287g_current ON agreement_287g (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX agreement_287g_release ON agreement_287g (release_id);
CREATE INDEX agreement_287g_place ON agreement_287g (place_id) WHERE last_reading IS NULL;

CREATE TABLE listed_row (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  cells TEXT NOT NULL,
  row_key TEXT NOT NULL,
  row_no INTEGER NOT NULL,
  place_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX listed_row_current ON listed_row (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX listed_row_release ON listed_row (release_id);
CREATE INDEX listed_row_place ON listed_row (place_id) WHERE last_reading IS NULL;

CREATE TABLE detainer_record (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  record_key TEXT NOT NULL,
  cells TEXT NOT NULL,
  prepared_on TEXT,
  lift_reason_quoted TEXT NOT NULL,
  facility_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  place_id TEXT
) STRICT;
CREATE INDEX detainer_record_current ON detainer_record (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX detainer_record_release ON detainer_record (release_id);

CREATE TABLE correction (
  row_id INTEGER PRIMARY KEY, release_id TEXT NOT NULL REFERENCES release (release_id), source_id TEXT NOT NULL REFERENCES source (source_id),
  stream TEXT NOT NULL, row_hash BLOB NOT NULL, first_reading INTEGER NOT NULL REFERENCES reading (reading_id), last_reading INTEGER REFERENCES reading (reading_id),
  locator TEXT NOT NULL,
  corrects_key TEXT NOT NULL,
  place_quoted TEXT NOT NULL,
  state_quoted TEXT NOT NULL,
  measure TEXT,
  quote TEXT NOT NULL,
  note TEXT NOT NULL,
  published TEXT,
  place_id TEXT
) STRICT;
CREATE INDEX correction_current ON correction (stream, row_hash) WHERE last_reading IS NULL;
CREATE INDEX correction_release ON correction (release_id);
-- Views that outsiders rely on: columns may be added, never renamed.
CREATE VIEW current_figures AS
SELECT f.row_id AS figure_id, f.release_id, r.title AS release_title, r.publisher, r.url, f.measure, f.unit, f.bound, f.value, f.value_quoted,
  COALESCE(NULLIF(f.place_quoted, ''), p.name) AS place, f.facility_quoted AS facility, f.label_quoted AS label, p.fips,
  COALESCE(p.state, NULLIF(f.state_quoted, '')) AS state,
  COALESCE(f.period_start, r.period_start) AS period_start, COALESCE(f.period_end, r.period_end) AS period_end,
  f.quote, f.note, f.locator, c.sha256 AS capture_sha256, f.source_id,
  (SELECT group_concat(COALESCE(NULLIF(k.quote, ''), k.note), ' / ') FROM correction k
    WHERE k.last_reading IS NULL AND k.corrects_key IN (r.release_id, r.url, r.series || ' ' || r.period_start || '..' || r.period_end)
      AND (k.place_quoted = '' OR k.place_quoted = f.place_quoted AND k.state_quoted = f.state_quoted)
      AND (k.measure IS NULL OR k.measure = f.measure)) AS corrections
FROM figure f JOIN release r USING (release_id) JOIN reading n ON n.reading_id = f.first_reading
  JOIN edition e USING (edition_id) JOIN capture c USING (capture_id) LEFT JOIN place p USING (place_id)
WHERE f.last_reading IS NULL;

CREATE VIEW events AS
SELECT event_id, seen_at, kind, source_id, release_id, title, url, summary FROM event;

CREATE VIEW changes AS
SELECT c.event_id, c.release_id, c.table_name, c.row_id, c.column_name, c.before, c.after, c.caused_by, c.kind, c.label, c.place_id,
  b.sha256 AS before_sha256, a.sha256 AS after_sha256
FROM change c JOIN reading n ON n.reading_id = c.reading_id JOIN edition e USING (edition_id) JOIN capture a USING (capture_id)
  LEFT JOIN reading m ON m.stream = n.stream AND m.seq = n.seq - 1 LEFT JOIN edition f ON f.edition_id = m.edition_id
  LEFT JOIN capture b ON b.capture_id = f.capture_id;

CREATE VIEW what_changed AS
SELECT e.seen_at, e.kind AS event, e.title, r.publisher, c.label, c.table_name, c.column_name, c.before, c.after, c.kind, e.url, c.event_id, c.release_id
FROM change c JOIN event e USING (event_id) LEFT JOIN release r ON r.release_id = c.release_id
WHERE c.caused_by = 'publisher' ORDER BY e.seen_at DESC, c.event_id, c.position;

CREATE VIEW source_health AS
SELECT source_id, state, last_ok_at, next_due_at, problem, publisher, title, url, last_checked_at, failures,
  (SELECT count(*) FROM release r WHERE r.source_id = s.source_id) AS releases,
  (SELECT count(*) FROM problem q WHERE q.source_id = s.source_id AND q.closed_at IS NULL) AS open_problems
FROM source s WHERE watched = 1;

CREATE VIEW listed_rows AS
SELECT l.source_id, l.release_id, r.url, l.row_no, l.cells, l.place_id, l.row_id, l.locator,
  a.edition_id AS first_edition, z.edition_id AS last_edition, a.seen_at AS first_seen_at, z.seen_at AS last_seen_at
FROM listed_row l JOIN release r USING (release_id) JOIN reading a ON a.reading_id = l.first_reading
  LEFT JOIN reading z ON z.reading_id = l.last_reading;

CREATE VIEW jurisdiction_profile AS
SELECT p.place_id, p.name, p.state, 'figure' AS kind, r.publisher, r.title AS release_title, r.release_id,
  COALESCE(f.measure, 'mention') AS what, f.bound || ' ' || f.value_quoted || ' ' || COALESCE(f.unit, '') AS detail,
  COALESCE(f.period_start, r.period_start) AS since, f.row_id
FROM figure f JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE f.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'case', r.publisher, r.title, r.release_id, k.citizenship_quoted, k.charges_quoted, k.arrested_on, k.row_id
FROM case_account k JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE k.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'policy', r.publisher, r.title, r.release_id, o.policy_quoted, o.criteria_quoted, o.enacted_on, o.row_id
FROM policy o JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE o.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'agreement', r.publisher, r.title, r.release_id, g.type_quoted, g.agency_quoted, g.signed_on, g.row_id
FROM agreement_287g g JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE g.last_reading IS NULL
UNION ALL SELECT p.place_id, p.name, p.state, 'listed', r.publisher, r.title, r.release_id, l.row_key, l.cells, NULL, l.row_id
FROM listed_row l JOIN place p USING (place_id) JOIN release r USING (release_id) WHERE l.last_reading IS NULL;
