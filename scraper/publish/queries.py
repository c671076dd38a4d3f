"""All SQL of the site's pages. Parameters are named; `{table}` stands only for a name out of `FACTS`."""

from typing import Final

from scraper.model import FACT_TYPES

FACTS: Final = tuple(fact.TABLE for fact in FACT_TYPES)

SOURCES: Final = """
SELECT s.*, (SELECT count(*) FROM release r WHERE r.source_id = s.source_id) AS releases,
  (SELECT count(*) FROM problem q WHERE q.source_id = s.source_id AND q.closed_at IS NULL) AS open_problems
FROM source s WHERE s.watched = 1 ORDER BY s.state IN ('ok', 'waiting'), s.publisher, s.source_id LIMIT 500"""
PUBLISHERS: Final = "SELECT DISTINCT publisher FROM source ORDER BY 1 LIMIT 500"
SOURCE_NAMES: Final = "SELECT source_id, publisher, title FROM source ORDER BY publisher, title, source_id LIMIT 2000"
SOURCE: Final = "SELECT source_id, publisher, title, url FROM source WHERE source_id = :id"
EVENTS: Final = """
SELECT e.event_id, e.seen_at, e.kind, e.source_id, e.release_id, e.title, e.url, e.summary,
  COALESCE(r.publisher, s.publisher) AS publisher,
  (SELECT count(*) FROM change c WHERE c.event_id = e.event_id) AS changes
FROM event e JOIN source s USING (source_id) LEFT JOIN release r ON r.release_id = e.release_id
WHERE (:kind = '' OR e.kind = :kind) AND (:publisher = '' OR COALESCE(r.publisher, s.publisher) = :publisher)
ORDER BY e.seen_at DESC, e.rowid DESC LIMIT :limit OFFSET :offset"""
HISTORY: Final = """
SELECT r.*, (SELECT c.sha256 FROM edition e JOIN capture c USING (capture_id) WHERE e.release_id = r.release_id
  ORDER BY e.edition_id DESC LIMIT 1) AS sha256
FROM release r WHERE EXISTS (SELECT 1 FROM figure f
  WHERE f.release_id = r.release_id AND f.last_reading IS NULL AND NOT f.derived)
ORDER BY r.citation <> '' DESC, COALESCE(r.period_end, r.published, r.first_seen_at) DESC LIMIT 40"""
HEADLINES: Final = """
SELECT * FROM (
  SELECT f.row_id, f.release_id, f.measure, f.unit, f.bound, f.value, f.value_quoted, f.label_quoted, f.facility_quoted,
    COALESCE(NULLIF(f.place_quoted, ''), p.name, '') AS place, f.place_id, row_number() OVER (PARTITION BY f.release_id
      ORDER BY f.measure IS NULL, f.facility_quoted <> '', f.place_quoted <> '', f.label_quoted <> '',
        CAST(f.value AS REAL) DESC) AS n
  FROM figure f LEFT JOIN place p USING (place_id)
  WHERE f.last_reading IS NULL AND NOT f.derived AND f.release_id IN (SELECT value FROM json_each(:ids)))
WHERE n <= 6 ORDER BY release_id, n"""

RELEASE: Final = """
SELECT r.*, s.title AS source_title FROM release r JOIN source s USING (source_id) WHERE r.release_id = :id"""
EDITIONS: Final = """
SELECT e.edition_id, e.seq, e.seen_at, e.announced, e.source_id,
  c.sha256, c.captured_at, c.url, c.bytes, c.media_type, c.via
FROM edition e JOIN capture c USING (capture_id) WHERE e.release_id = :id
ORDER BY e.seen_at DESC, e.edition_id DESC LIMIT 200"""
READINGS: Final = """
SELECT n.edition_id, n.seq, n.stream, n.reader, n.reader_version, n.rows, n.state, n.seen_at
FROM reading n JOIN edition e USING (edition_id) WHERE e.release_id = :id
ORDER BY n.seen_at DESC, n.seq DESC LIMIT 400"""
RELEASE_STREAMS: Final = """
SELECT n.stream, max(n.seq) AS seq,
  max(n.seq) = (SELECT max(m.seq) FROM reading m WHERE m.stream = n.stream AND m.state <> 'held') AS newest
FROM reading n JOIN edition e USING (edition_id) WHERE e.release_id = :id AND n.state <> 'held' GROUP BY n.stream"""
RELEASE_EVENTS: Final = "SELECT * FROM event WHERE release_id = :id ORDER BY seen_at DESC, rowid DESC LIMIT 200"
CHANGES: Final = """
SELECT c.*, e.seen_at, e.kind AS event, e.summary FROM change c LEFT JOIN event e USING (event_id)
WHERE c.release_id = :id ORDER BY e.seen_at DESC, c.event_id, c.reading_id DESC, c.position LIMIT 500"""
CORRECTIONS: Final = """
SELECT k.*, r.title AS release_title FROM correction k JOIN release r USING (release_id), release t
WHERE t.release_id = :id AND k.last_reading IS NULL AND (k.release_id = t.release_id
  OR k.corrects_key IN (t.release_id, t.url, t.series || ' ' || t.period_start || '..' || t.period_end))
ORDER BY k.published, k.row_id LIMIT 100"""
RELEASE_PROBLEMS: Final = """
SELECT * FROM problem WHERE release_id = :id AND closed_at IS NULL ORDER BY held_back DESC, first_seen_at LIMIT 200"""

# A row was stated by every reading of its stream from first_reading to last_reading.
ROWS_NOW: Final = """
SELECT t.*, p.name AS place_name, p.state AS place_state FROM {table} t LEFT JOIN place p USING (place_id)
WHERE t.stream = :stream AND t.last_reading IS NULL {order} LIMIT :limit"""
COUNT_NOW: Final = "SELECT count(*) AS n FROM {table} WHERE stream = :stream AND last_reading IS NULL"
_BY_THEN: Final = "(SELECT reading_id FROM reading WHERE stream = :stream AND seq <= :seq)"
_SINCE_THEN: Final = "(SELECT reading_id FROM reading WHERE stream = :stream AND seq >= :seq)"
ROWS_THEN: Final = f"""
SELECT t.*, NULL AS place_name FROM {{table}} t WHERE t.stream = :stream AND t.first_reading IN {_BY_THEN}
  AND (t.last_reading IS NULL OR t.last_reading IN {_SINCE_THEN}) {{order}} LIMIT :limit"""
COUNT_THEN: Final = f"""
SELECT (SELECT count(*) FROM {{table}} t WHERE t.stream = :stream AND t.last_reading IS NULL AND t.first_reading IN {_BY_THEN})
  + (SELECT count(*) FROM {{table}} t WHERE t.stream = :stream AND t.last_reading IS NOT NULL
      AND t.last_reading IN {_SINCE_THEN} AND t.first_reading IN {_BY_THEN}) AS n"""
_PLACE_IN_DOCUMENT: Final = ", ".join(
    f"json_extract(t.locator, '$.{part}')" for part in ("page", "sheet", "table", "row", "paragraph", "column")
)
ORDER: Final = {
    "figure": f"ORDER BY t.derived, {_PLACE_IN_DOCUMENT}, t.row_id",
    "case_account": "ORDER BY t.position",
    "policy": f"ORDER BY {_PLACE_IN_DOCUMENT}, t.row_id",
    "agreement_287g": "ORDER BY t.state_quoted, t.agency_quoted, t.row_id",
    "listed_row": "ORDER BY t.row_no, t.row_id",
    "detainer_record": "",
    "correction": "ORDER BY t.row_id",
}
"""Records have no order: sorting some hundred thousand rows to show 100 of them would take seconds."""

ASOF_STREAMS: Final = """
SELECT n.stream, n.seq, n.seen_at, n.reading_id, r.release_id, r.title, r.publisher, r.url, c.sha256,
  n.seq = (SELECT max(m.seq) FROM reading m WHERE m.stream = n.stream AND m.state <> 'held') AS newest
FROM (SELECT n.stream, max(n.seq) AS seq FROM reading n JOIN edition e USING (edition_id)
      WHERE e.source_id = :source AND substr(n.seen_at, 1, 10) <= :date AND n.state <> 'held' GROUP BY n.stream) q
  JOIN reading n ON n.stream = q.stream AND n.seq = q.seq JOIN edition e USING (edition_id)
  JOIN capture c USING (capture_id) JOIN release r USING (release_id)
ORDER BY COALESCE(r.period_end, r.published, n.seen_at) DESC, n.stream LIMIT 50"""

FIGURE: Final = """
SELECT f.*, r.title AS release_title, r.publisher, r.url AS release_url, r.published, r.citation,
  COALESCE(f.period_start, r.period_start) AS start, COALESCE(f.period_end, r.period_end) AS end,
  n.reader, n.reader_version, n.seq AS reading_seq, n.seen_at, n.edition_id, l.seen_at AS last_seen_at,
  e.seq AS edition_seq, e.announced,
  c.capture_id, c.sha256, c.captured_at, c.url AS capture_url, c.media_type, c.bytes, c.via,
  p.name AS place_name, p.state AS place_state
FROM figure f JOIN release r USING (release_id) JOIN reading n ON n.reading_id = f.first_reading
  LEFT JOIN reading l ON l.reading_id = f.last_reading JOIN edition e ON e.edition_id = n.edition_id
  JOIN capture c USING (capture_id) LEFT JOIN place p USING (place_id)
WHERE f.row_id = :id"""
FETCH: Final = "SELECT * FROM fetch WHERE capture_id = :id ORDER BY fetch_id LIMIT 1"
FIGURE_VERSIONS: Final = """
SELECT o.row_id, o.value, o.value_quoted, o.bound, o.unit, a.seen_at, z.seen_at AS last_seen_at
FROM figure f JOIN figure o ON o.stream = f.stream AND o.release_id IN (
    SELECT e.release_id FROM reading n JOIN edition e USING (edition_id) WHERE n.stream = f.stream)
  AND o.measure IS f.measure AND o.unit IS f.unit
  AND o.place_quoted = f.place_quoted AND o.state_quoted = f.state_quoted
  AND o.facility_quoted = f.facility_quoted AND o.label_quoted = f.label_quoted
  AND o.period_start IS f.period_start AND o.period_end IS f.period_end
  JOIN reading a ON a.reading_id = o.first_reading LEFT JOIN reading z ON z.reading_id = o.last_reading
WHERE f.row_id = :id AND o.row_id <> f.row_id ORDER BY a.seq DESC LIMIT 100"""

PLACE: Final = "SELECT * FROM place WHERE place_id = :id"
PLACE_ROWS: Final = """
SELECT t.*, p.name AS place_name, r.title AS release_title, r.publisher, COALESCE({period}) AS since
FROM {table} t JOIN release r USING (release_id) JOIN place p USING (place_id)
WHERE t.place_id = :id AND t.last_reading IS NULL
ORDER BY r.publisher, since DESC, r.title, t.row_id LIMIT :limit"""
PLACE_PERIOD: Final = {"figure": "t.period_end, r.period_end, r.published", "correction": "t.published, r.published"}
PLACE_EVENTS: Final = """
SELECT DISTINCT e.event_id, e.seen_at, e.kind, e.title, e.release_id, e.summary, e.url
FROM change c JOIN event e USING (event_id)
WHERE c.place_id = :id ORDER BY e.seen_at DESC LIMIT 50"""

FETCHES: Final = """
SELECT fetch_id, started_at, url, outcome, status, ms, bytes, reason FROM fetch
WHERE source_id = :id ORDER BY fetch_id DESC LIMIT 20"""
SOURCE_PROBLEMS: Final = """
SELECT * FROM problem WHERE source_id = :id AND closed_at IS NULL ORDER BY held_back DESC, first_seen_at LIMIT 50"""
TABLES: Final = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
CAPTURE: Final = "SELECT media_type, charset FROM capture WHERE sha256 = :id ORDER BY capture_id DESC LIMIT 1"

SEARCHABLE: Final = "SELECT 1 FROM sqlite_master WHERE name = 'release_fts'"
SEARCH_PLACES: Final = """
SELECT place_id, name, state, kind FROM place WHERE name LIKE :like ESCAPE '\\' OR place_id = :q OR fips = :q
ORDER BY name = :q COLLATE NOCASE DESC, name, state LIMIT 50"""
SEARCH_PLAIN: Final = """
SELECT release_id, title, publisher, published, period_start, period_end FROM release
WHERE title LIKE :like ESCAPE '\\' OR publisher LIKE :like ESCAPE '\\' ORDER BY published DESC LIMIT 50"""
SEARCH_RELEASES: Final = """
SELECT r.release_id, r.title, r.publisher, r.published, r.period_start, r.period_end
FROM release_fts JOIN release r ON r.rowid = release_fts.rowid WHERE release_fts MATCH :match ORDER BY rank LIMIT 50"""
SEARCH_CASES: Final = """
SELECT k.row_id, k.release_id, r.title, r.publisher, k.quote, k.agency_quoted, k.place_quoted
FROM case_account_fts JOIN case_account k ON k.rowid = case_account_fts.rowid JOIN release r USING (release_id)
WHERE case_account_fts MATCH :match AND k.last_reading IS NULL ORDER BY rank LIMIT 50"""
SEARCH_POLICIES: Final = """
SELECT o.row_id, o.release_id, r.title, r.publisher, o.jurisdiction_quoted, o.policy_quoted
FROM policy_fts JOIN policy o ON o.rowid = policy_fts.rowid JOIN release r USING (release_id)
WHERE policy_fts MATCH :match AND o.last_reading IS NULL ORDER BY rank LIMIT 50"""
