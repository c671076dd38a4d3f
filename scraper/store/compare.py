"""How what a release states differs between two moments."""

from scraper import diff
from scraper.model import FACT_TYPES, Change, Fact
from scraper.store import history
from scraper.store.database import Database, Row


def between(db: Database, release_id: str, start: str, end: str) -> tuple[Change, ...]:
    """Return how what a release stated at `end` differs from what it stated at `start` (dates mean the end of the day).

    Raises LookupError when the release had not been read by `start`.
    """
    streams = [
        row["stream"]
        for row in db.rows(
            "SELECT DISTINCT stream FROM reading JOIN edition USING (edition_id) WHERE release_id = ?", release_id
        )
    ]
    if not streams:
        raise LookupError(release_id)
    told: list[Change] = []
    for stream in streams:
        before, after = _reading_at(db, stream, start), _reading_at(db, stream, end)
        if before is None or after is None:
            raise LookupError(release_id)
        told += diff.title_change(before["title"], after["title"])
        told += diff.text_changes(history.paragraphs(before), history.paragraphs(after))
        for kind in FACT_TYPES:
            old, new = _alive_in(db, kind, before), _alive_in(db, kind, after)
            matched = diff.match(old, [digest for _, digest in new])
            gone = [(row_id, history.load(db, kind, row_id)) for row_id in matched.gone]
            come = [(new[index][0], history.load(db, kind, new[index][0])) for index in matched.come]
            told += [c for c in diff.row_changes(gone, come) if not history.is_derived(c, gone, come)]
    return tuple(told)


def _reading_at(db: Database, stream: str, when: str) -> Row | None:
    until = when if "T" in when else f"{when}T23:59:59Z"
    return db.one("SELECT * FROM reading WHERE stream = ? AND seen_at <= ? ORDER BY seq DESC LIMIT 1", stream, until)


def _alive_in(db: Database, kind: type[Fact], reading: Row) -> list[tuple[int, bytes]]:
    rows = db.rows(
        f"SELECT f.row_id, f.row_hash FROM {kind.TABLE} f JOIN reading a ON a.reading_id = f.first_reading LEFT JOIN reading z "
        "ON z.reading_id = f.last_reading WHERE f.stream = ? AND a.seq <= ? AND (z.seq IS NULL OR z.seq >= ?)",
        reading["stream"],
        reading["seq"],
        reading["seq"],
    )
    return [(row["row_id"], row["row_hash"]) for row in rows]
