"""The reference places, mirrored from `db/reference` so that queries can join them; and the names they do not know."""

from collections.abc import Callable, Mapping, Sequence

from scraper.store.database import Database, Row

_NAMES = {
    "figure": "coalesce(nullif(facility_quoted, ''), place_quoted)",
    "case_account": "coalesce(nullif(place_quoted, ''), agency_quoted)",
    "policy": "jurisdiction_quoted",
    "agreement_287g": "county_quoted",
    "listed_row": "place_quoted",
    "detainer_record": "facility_quoted",
    "correction": "place_quoted",
}
"""Fact table -> the words of it that should name a place."""

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


def unplaced(db: Database) -> list[Row]:
    """Return quoted, state, source_id and the number of rows, for all names ever stored that resolved to nothing."""
    each = " UNION ALL ".join(
        f"SELECT {name} AS quoted, state_quoted AS state, source_id FROM {table} WHERE place_id IS NULL"
        + " AND derived = 0" * (table == "figure")  # read off a row that is counted itself
        for table, name in _NAMES.items()
    )
    return db.rows(
        f"SELECT quoted, state, source_id, count(*) AS n FROM ({each}) GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3"
    )


def areas(db: Database) -> list[Row]:
    """Return quoted, source_id and the number of rows, for all areas of responsibility ever stored."""
    return db.rows(
        "SELECT aor_quoted AS quoted, source_id, count(*) AS n FROM policy WHERE aor_quoted <> '' GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
    )
