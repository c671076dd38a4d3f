"""The words of the product, in one place. Meanings: `docs/glossary.md`."""

from typing import Final, Literal, get_args

Bound = Literal["exact", "at_least", "at_most", "about"]
Unit = Literal[
    "detainers", "people", "arrests", "charges", "cases", "jurisdictions", "agreements", "offences", "percent", "rows"
]
Measure = Literal[
    "detainer_issued",
    "detainer_declined",
    "insufficient_notice",
    "declined_or_insufficient_notice",
    "people_declined",
    "people_rearrested",
    "rearrest",
    "charge_after_release",
    "prior_record_or_concern",
    "jurisdictions_declining",
    "homicide_charge_or_conviction",
    "offence_listed",
    "agreement_287g",
]
EventKind = Literal[
    "baseline",
    "new",
    "revised",
    "corrected",
    "withdrawn",
    "restored",
    "delisted",
    "republished",
    "source_blocked",
    "source_failing",
    "layout_changed",
    "source_silent",
    "source_recovered",
]
SourceState = Literal["waiting", "ok", "blocked", "failing", "layout_changed", "silent"]
FetchOutcome = Literal["ok", "not_modified", "blocked", "failed", "gone"]
SeriesKind = Literal["periodic", "cumulative"]
CausedBy = Literal["publisher", "reader"]

MEASURES: Final = frozenset(get_args(Measure))
UNITS: Final = frozenset(get_args(Unit))
EVENT_KINDS: Final = get_args(EventKind)
READER_EVENTS: Final = ("new", "revised", "corrected", "withdrawn", "restored")
"""Event kinds an audience gets when its block names none."""
OPERATOR_EVENTS: Final = ("source_blocked", "source_failing", "layout_changed", "source_silent", "source_recovered")

MEASURE_WORDS: Final[dict[str, str]] = {
    "detainer_issued": "detainers issued",
    "detainer_declined": "detainers recorded by ICE as declined",
    "insufficient_notice": "detainers with insufficient notice to ICE",
    "declined_or_insufficient_notice": "detainers declined or with insufficient notice",
    "people_declined": "people named in declined detainers",
    "people_rearrested": "people arrested again after release from custody",
    "rearrest": "arrests after release from custody",
    "charge_after_release": "charges after release from custody",
    "prior_record_or_concern": "people with a prior record or a public-safety concern, as counted by the publisher",
    "jurisdictions_declining": "jurisdictions with declined detainers",
    "homicide_charge_or_conviction": "people with a homicide charge or conviction",
    "offence_listed": "listed offences",
    "agreement_287g": "287(g) agreements",
}
BOUND_WORDS: Final[dict[str, str]] = {"exact": "", "at_least": "at least ", "at_most": "at most ", "about": "about "}
EVENT_WORDS: Final[dict[str, str]] = {
    "baseline": "Now watching",
    "new": "New",
    "revised": "Revised",
    "corrected": "Corrected",
    "withdrawn": "Withdrawn",
    "restored": "Restored",
    "delisted": "No longer listed",
    "republished": "Republished unchanged",
    "source_blocked": "Source blocked",
    "source_failing": "Source failing",
    "layout_changed": "Layout changed",
    "source_silent": "Nothing new for longer than expected",
    "source_recovered": "Source is well again",
}
