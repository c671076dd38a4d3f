"""The reference places, mirrored from `db/reference` so that queries can join them."""

from collections.abc import Callable, Mapping, Sequence

from scraper.store.database import Database

Rows = Sequence[Mapping[str, str]]


def mirror(db: Database, digest: str, load: Callable[[], tuple[Rows, Rows]]) -> None:
    """Bring `place` and `place_alias` in step with the reference files, unless `digest` says that they are."""
    known = db.one("SELECT value FROM note_to_self WHERE name = 'places'")
    if known and known["value"] == digest:
        return
    places, aliases = load()
    names = ("place_id", "fips", "kind", "name", "state")
    columns = ("quoted", "state", "place_id", "decided_by", "note")
    with db.atomic():
        db.write("DELETE FROM place_alias")
        db.write("DELETE FROM place")
        db.insert_all(
            "place",
            names,
            [(row["place_id"], row["fips"] or None, row["kind"], row["name"], row["state"]) for row in places],
        )
        db.insert_all("place_alias", columns, [tuple(row[name] for name in columns) for row in aliases])
        db.write("REPLACE INTO note_to_self VALUES ('places', ?)", digest)
