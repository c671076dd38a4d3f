"""How what a release states differs between two moments."""

from collections import Counter
from collections.abc import Sequence

from scraper import diff
from scraper.known import Known, each_hash
from scraper.model import FACT_TYPES, Change, Fact
from scraper.store import history, rows
from scraper.store.database import Database, Row


def between(db: Database, release_id: str, start: str, end: str) -> tuple[Change, ...]:
    """Return how what a release stated at `end` differs from what it stated at `start` (dates mean the end of the day).

    Raises LookupError when the release had not been read by `start`. A side history that begins later tells nothing.
    """
    streams = [
        row["stream"]
        for row in db.rows(
            "SELECT DISTINCT stream FROM reading JOIN edition USING (edition_id) WHERE release_id = ?", release_id
        )
    ]
    both = [(_reading_at(db, stream, start), _reading_at(db, stream, end)) for stream in streams]
    read = [(before, after) for before, after in both if before and after]
    if not read:
        raise LookupError(release_id)
    told: list[Change] = []
    for before, after in read:
        told += diff.title_change(before["title"], after["title"])
        told += diff.text_changes(history.paragraphs(before), history.paragraphs(after))
        for kind in FACT_TYPES:
            gone, come = _unequal(_only_in(db, kind, before, after), _only_in(db, kind, after, before))
            pair = ([(n, rows.load(db, kind, n)) for n in gone], [(n, rows.load(db, kind, n)) for n in come])
            told += [change for change in diff.row_changes(*pair) if not rows.is_derived(change, *pair)]
    return tuple(told)


def _reading_at(db: Database, stream: str, when: str) -> Row | None:
    until = when if "T" in when else f"{when}T23:59:59Z"
    return db.one("SELECT * FROM reading WHERE stream = ? AND seen_at <= ? ORDER BY seq DESC LIMIT 1", stream, until)


def _only_in(db: Database, kind: type[Fact], here: Row, there: Row) -> list[Row]:
    """Return the rows that one reading of a stream stated and the other did not, whether or not equal ones did."""
    then = "SELECT reading_id FROM reading WHERE stream = :stream AND seq"
    alive = (
        f"(f.first_reading IN ({then} <= :{{0}}) AND (f.last_reading IS NULL OR f.last_reading IN ({then} >= :{{0}})))"
    )
    sql = (
        f"SELECT f.row_id, f.row_hash FROM {kind.TABLE} f WHERE f.stream = :stream AND {alive.format('here')} "
        f"AND NOT {alive.format('there')}{' AND f.of_row IS NULL' if kind.TABLE == 'figure' else ''} ORDER BY f.row_id"
    )
    return db.rows(sql, {"stream": here["stream"], "here": here["seq"], "there": there["seq"]})


def _unequal(gone: Sequence[Row], come: Sequence[Row]) -> tuple[list[int], list[int]]:
    """Return the ids of the rows that have no equal on the other side."""
    known, new = Known(b"".join(row["row_hash"] for row in gone)), []
    for row in come:
        if not known.take(row["row_hash"]):
            new.append(row["row_id"])
    counts = Counter(each_hash(known.gone()))
    ended = []
    for row in gone:
        if counts[row["row_hash"]]:
            counts[row["row_hash"]] -= 1
            ended.append(row["row_id"])
    return ended, new
