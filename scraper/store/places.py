"""The reference places, mirrored from `db/reference` so that queries can join them."""

from collections.abc import Iterable, Mapping

from scraper.store.database import Database


def mirror(db: Database, places: Iterable[Mapping[str, str]], aliases: Iterable[Mapping[str, str]]) -> None:
    """Bring `place` and `place_alias` in step with the reference files; nothing is written when they are."""
    wanted = [(row["place_id"], row["fips"] or None, row["kind"], row["name"], row["state"]) for row in places]
    names = [(row["quoted"], row["state"], row["place_id"], row["decided_by"], row["note"]) for row in aliases]
    if sorted(map(tuple, db.rows("SELECT quoted, state, place_id, decided_by, note FROM place_alias"))) == sorted(
        names
    ) and sorted(map(tuple, db.rows("SELECT place_id, coalesce(fips, ''), kind, name, state FROM place"))) == sorted(
        (a, b or "", c, d, e) for a, b, c, d, e in wanted
    ):
        return
    with db.atomic():
        db.write("DELETE FROM place_alias")
        db.write("DELETE FROM place")
        db.insert_all("place", ("place_id", "fips", "kind", "name", "state"), wanted)
        db.insert_all("place_alias", ("quoted", "state", "place_id", "decided_by", "note"), names)
