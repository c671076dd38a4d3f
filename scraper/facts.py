"""What a release can state: one type per fact table, with the columns that identify a row.

A publisher's own words sit in fields that end in `_quoted`, `quote` or are documented as quoted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from scraper.terms import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where in a document something stands; every field optional, counted from 1 as a person counts."""

    page: int | None = None
    sheet: str | None = None
    table: int | None = None
    row: int | None = None
    column: str | None = None
    paragraph: int | None = None
    selector: str | None = None
    box: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top in PDF points of the page."""

    def text(self) -> str:
        """Canonical JSON without the empty fields, as stored in every `locator` column."""
        values = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}
        return json.dumps(values, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number a release states. Identity: what is counted, where, over which period, by which label."""

    TABLE: ClassVar[str] = "figure"
    IDENTITY: ClassVar[tuple[str, ...]] = (
        "measure", "unit", "place_quoted", "state_quoted", "facility_quoted", "label_quoted",
        "period_start", "period_end",
    )  # fmt: skip
    measure: str | None
    """A `terms.Measure`, or None for a mention whose measure is not certain."""
    unit: str | None
    bound: Bound = "exact"
    value: float | int | None
    value_quoted: str
    place_quoted: str = ""
    state_quoted: str = ""
    facility_quoted: str = ""
    label_quoted: str = ""
    """What else tells this number apart: the row label, offence class, or our own short label in reference data."""
    period_start: str | None = None
    period_end: str | None = None
    quote: str = ""
    note: str = ""
    """Our own neutral remark, e.g. that two figures of a release cannot share a denominator."""
    derived: bool = False
    """Read off a row that is itself stored as `listed_row`: kept in step, but its change is told once, by the row."""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAccount:
    """One account of a case as a release tells it. There is no field for a person's name, by design."""

    TABLE: ClassVar[str] = "case_account"
    IDENTITY: ClassVar[tuple[str, ...]] = ("agency_quoted", "place_quoted", "citizenship_quoted", "arrested_on")
    position: int
    """Its place among the accounts of the release, from 1."""
    agency_quoted: str = ""
    place_quoted: str = ""
    state_quoted: str = ""
    citizenship_quoted: str = ""
    age: int | None = None
    arrested_on: str | None = None
    detainer_on: str | None = None
    declined_on: str | None = None
    released_on: str | None = None
    rearrested_on: str | None = None
    """Dates with their precision: "2018-01" is a month."""
    dates_inferred: str = ""
    """Names of the date fields whose year was taken from the document's own date, comma-separated."""
    charges_quoted: str = ""
    disposition: str = "unstated"
    followed_quoted: str = ""
    quote: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One row of a table of policies that limit or allow cooperation with detainers."""

    TABLE: ClassVar[str] = "policy"
    IDENTITY: ClassVar[tuple[str, ...]] = ("jurisdiction_quoted", "policy_quoted")
    jurisdiction_quoted: str
    state_quoted: str = ""
    aor_quoted: str = ""
    enacted_quoted: str = ""
    enacted_on: str | None = None
    policy_quoted: str = ""
    criteria_quoted: str = ""
    designation_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One row of ICE's lists of 287(g) agreements, cells as published with white space folded."""

    TABLE: ClassVar[str] = "agreement_287g"
    IDENTITY: ClassVar[tuple[str, ...]] = ("state_quoted", "agency_quoted", "type_quoted", "support_type_quoted")
    state_quoted: str
    agency_quoted: str
    type_quoted: str = ""
    county_quoted: str = ""
    support_type_quoted: str = ""
    signed_quoted: str = ""
    signed_on: str | None = None
    moa_quoted: str = ""
    addendum_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """One row of a table that a user described in config.yaml."""

    TABLE: ClassVar[str] = "listed_row"
    IDENTITY: ClassVar[tuple[str, ...]] = ("row_key",)
    cells: str
    """JSON object: configured column name -> cell as published (text), in configured order."""
    row_key: str
    """JSON array of the identity columns' values."""
    row_no: int
    place_quoted: str = ""
    state_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None
    figures: tuple[Figure, ...] = ()
    """What was read off this row; these figures live and die with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetainerRecord:
    """One line of the record-level detainer data."""

    TABLE: ClassVar[str] = "detainer_record"
    IDENTITY: ClassVar[tuple[str, ...]] = ("record_key",)
    record_key: str
    """JSON array of what identifies it within its series; empty where the release has no identifier."""
    cells: str
    """JSON object: name of the column -> cell as published, by name; empty cells are left out."""
    prepared_on: str | None = None
    lift_reason_quoted: str = ""
    facility_quoted: str = ""
    state_quoted: str = ""
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A publisher's announced correction; it may correct another release than the one it is printed in."""

    TABLE: ClassVar[str] = "correction"
    IDENTITY: ClassVar[tuple[str, ...]] = ("corrects_key", "place_quoted", "quote")
    corrects_key: str
    """Series and period of the corrected release ("ice-ddor 2017-01-28..2017-02-03"), or its URL."""
    place_quoted: str = ""
    state_quoted: str = ""
    measure: str | None = None
    quote: str = ""
    note: str = ""
    published: str | None = None
    locator: Locator = field(default_factory=Locator)
    place_id: str | None = None


Fact = Figure | CaseAccount | Policy | Agreement | ListedRow | DetainerRecord | Correction
UNCOMPARED = frozenset({"locator", "place_id", "row_no", "position", "figures"})
"""Fields that are no content of the publisher's: where a row stands, and what we resolved."""
OURS: Mapping[type[Fact], tuple[str, ...]] = {
    ListedRow: ("row_key", "place_quoted", "state_quoted"),
    DetainerRecord: ("record_key", "prepared_on", "lift_reason_quoted", "facility_quoted", "state_quoted"),
}
"""Fields that only repeat what a row states, by our own choice: what the configuration says of its columns."""
FACT_TYPES: tuple[type[Fact], ...] = (Figure, CaseAccount, Policy, Agreement, ListedRow, DetainerRecord, Correction)


def _reduce(fact: Any) -> tuple[Any, ...]:
    kind = type(fact)
    return _restored, (kind, tuple(getattr(fact, name) for name in kind.__slots__))


def _restored(kind: type[Any], values: tuple[Any, ...]) -> Any:
    return kind(**dict(zip(kind.__slots__, values, strict=True)))


for _kind in (*FACT_TYPES, Locator):
    _kind.__reduce__ = _reduce  # type: ignore[assignment,method-assign]  # a third of the time of the dataclasses' own way
