"""What the tables of ICE's weekly report state: detainers issued (I), declined (II, one row each), policies (III).

A row that does not add up holds the whole reading back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scraper.documents import values
from scraper.model import CaseAccount, Figure, Locator, Policy
from scraper.readers import accounts, ddor_tables, table
from scraper.readers.ddor_tables import DATE_LIKE, Found, Item, Place, heading, place, shown
from scraper.readers.people import unnamed
from scraper.readers.periods import Span

_BROKEN_OFF: Final = re.compile(r"[,(&/–-]$|\b(?:of|and|the|for)$")
_SHORT_YEAR: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2})")
_IN_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
COUNTED: Final = "Counted by us from the rows of Section II; the report does not state it here."


def issued(items: Sequence[Item]) -> Found:
    """Read Section I: a figure for each of the jurisdictions with the most issued detainers."""
    found = Found()
    total = 0
    for row in ddor_tables.rows(items, ddor_tables.SECTION_1, ("count",), "I", found):
        cells = row.cells
        named = cells.get("place") or cells.get("agency") or ""
        value = values.integer(cells["count"])
        where = replace(row.locator, column=None)
        if value is None or not re.search(r"[^\W\d_]{2}", named):
            found.hold("bad_cell", f'Section I: "{shown(cells)}" is not a jurisdiction and a number.', where)
        elif table.is_total(named):
            if value != total:
                found.flag(
                    "total_differs", f"Section I states a total of {value:,}; its rows add up to {total:,}.", where
                )
        else:
            total += value
            told = place(named)
            said = {"state_quoted": cells["state"]} if cells.get("state") else {}
            found.facts.append(
                Figure(
                    measure="detainer_issued",
                    unit="detainers",
                    value=value,
                    value_quoted=cells["count"],
                    quote=shown(cells),
                    locator=where,
                    **(told.fields(Figure) | said),  # type: ignore[arg-type]
                )
            )
    return found


def policies(items: Sequence[Item]) -> Found:
    """Read Section III: one policy per row; a row broken over pages is joined."""
    found = Found()
    joined: list[table.Row] = []
    for row in ddor_tables.rows(items, ddor_tables.SECTION_3, tuple(ddor_tables.SECTION_3), "III", found):
        if joined and _is_rest(joined[-1], row):
            joined[-1] = _both(joined[-1], row)
        else:
            joined.append(row)
    for row in joined:
        cells = row.cells
        told = place(cells["place"])
        enacted = values.month_year(cells["enacted"]) or values.date(cells["enacted"])
        if not (told.name and cells["policy"] and cells["enacted"]) or DATE_LIKE.fullmatch(cells["policy"]):
            found.hold("bad_row", f'Section III: "{shown(cells)[:200]}" is no whole row.', row.locator)
            continue
        if not (enacted or re.search(r"\d", cells["enacted"])):
            found.hold("bad_cell", f'Section III: "{cells["enacted"]}" under the date is no date.', row.locator)
        elif not enacted:
            found.flag("bad_date", f'Section III: "{cells["enacted"]}" is not a month; kept as published.', row.locator)
        if not told.aor:
            found.flag("no_area", f'Section III: "{cells["place"]}" names no area of responsibility.', row.locator)
        found.facts.append(
            Policy(
                jurisdiction_quoted=told.name,
                state_quoted=told.state,
                aor_quoted=told.aor,
                enacted_quoted=cells["enacted"],
                enacted_on=enacted,
                policy_quoted=cells["policy"],
                criteria_quoted=cells["criteria"],
                locator=row.locator,
            )
        )
    return found


def _is_rest(before: table.Row, row: table.Row) -> bool:
    """Is a row the rest of one that a page break cut? It is the first on its page and has no date of its own."""
    cells, on = row.cells, row.locator.page
    cut_name = bool(cells["place"]) and not place(before.cells["place"]).aor
    return on != before.locator.page and not cells["enacted"] and (not cells["place"] or cut_name)


def _both(before: table.Row, row: table.Row) -> table.Row:
    cells = {name: values.fold(f"{cell} {row.cells[name]}") for name, cell in before.cells.items()}
    return replace(before, cells=cells)


@dataclass(slots=True, kw_only=True)
class _Group:
    place: Place
    rows: int = 0
    first: Locator
    agency: str = ""
    headed: bool = False
    """It has a heading of its own, which may state how many rows follow."""


def declined(items: Sequence[Item], week: Span | None) -> Found:
    """Read Section II: a case account for each row, and how many each jurisdiction has, counted by us."""
    found = Found()
    groups: list[_Group] = []
    before: table.Row | None = None
    blank, carried = 0, False
    for row in ddor_tables.rows(
        items, ddor_tables.SECTION_2, ("citizenship", "issued", "declined", "activity"), "II", found
    ):
        cells, where = row.cells, row.locator
        new_page = before is not None and before.locator.page != where.page
        named = _named(cells)
        if row_total := _total(cells):
            _compare(found, groups, cells, row_total, where)
        elif label := heading(cells):
            groups.append(_Group(place=place(label), first=where, headed=True, agency=label))
            _doubt_label(found, label, where)
        elif before is not None and new_page and found.facts and not (cells["issued"] or cells["declined"]):
            _continue(found, groups, cells, where)
            before = row
            continue
        elif not named and not groups:
            found.hold("no_jurisdiction", f'Section II: no jurisdiction stands over "{shown(cells)}".', where)
        else:
            if named and not (groups and _same(groups[-1], named)):
                groups.append(_Group(place=_with_columns(place(named), cells), first=where, agency=named))
                _doubt_label(found, named, where)
            carried = not named and (carried or new_page)  # a page break within a group says nothing of its kind
            blank += not (named or groups[-1].headed or carried)
            groups[-1].rows += 1
            _account(found, groups[-1], row, week)
        before = row
    if blank:
        text = f"In Section II the jurisdiction stands on one row of a group; {blank} rows below were read as its own."
        found.flag("group_by_place", text)
    _counts(found, groups)
    return found


def _named(cells: Mapping[str, str]) -> str:
    return cells.get("place") or cells.get("agency") or ""


def _same(group: _Group, named: str) -> bool:
    return _bare(named) == _bare(group.agency)


def _bare(name: str) -> str:
    return values.key(ddor_tables.continued(name))


def _with_columns(told: Place, cells: Mapping[str, str]) -> Place:
    return replace(told, state=cells.get("state") or told.state, aor=cells.get("aor") or told.aor)


def _total(cells: Mapping[str, str]) -> str:
    """Return the words of a total row, "" for any other."""
    first = next((cell for cell in cells.values() if cell), "")
    return first if table.is_total(place(first).name) else ""


def _doubt_label(found: Found, label: str, where: Locator) -> None:
    """A name that is broken off would leave its rest as a jurisdiction of its own."""
    bare = values.unfootnoted(label)
    if _BROKEN_OFF.search(bare) or bare[:1].islower() or bare.count("(") != bare.count(")"):
        found.hold("broken_name", f'Section II: "{label}" looks like a part of a jurisdiction’s name.', where)


def _continue(found: Found, groups: list[_Group], cells: Mapping[str, str], where: Locator) -> None:
    """Join what a page break cut off to the account before."""
    last = found.facts[-1]
    if _named(cells) and not _same(groups[-1], _named(cells)):
        found.hold("broken_row", f'Section II: "{shown(cells)}" is no whole row.', where)
    elif isinstance(last, CaseAccount):
        activity = values.fold(f"{last.charges_quoted} {unnamed(cells['activity'], runs=False)}")
        citizenship = values.fold(f"{last.citizenship_quoted} {cells['citizenship']}")
        quote = f"{last.quote} {shown(cells)}"
        found.facts[-1] = replace(
            last,
            charges_quoted=activity,
            citizenship_quoted=citizenship,
            disposition=_disposition(quote),
            quote=quote,
        )


def _compare(found: Found, groups: Sequence[_Group], cells: Mapping[str, str], words: str, where: Locator) -> None:
    counted = place(words).count
    stated = (
        [counted] if counted is not None else [n for cell in cells.values() if (n := values.integer(cell)) is not None]
    )
    every, last = sum(group.rows for group in groups), groups[-1].rows if groups else 0
    if not stated or not {every, last} & set(stated):
        found.hold("total_differs", f'Section II says "{shown(cells)}", but {every:,} rows were read.', where)


def _account(found: Found, group: _Group, row: table.Row, week: Span | None) -> None:
    cells, where = row.cells, row.locator
    dates = {name: _day(cells[name], week) for name in ("issued", "declined")}
    who = f'Section II, page {where.page}, "{shown(cells)}"'
    for name, day in dates.items():
        if day is None and not (cells[name] and DATE_LIKE.fullmatch(values.unfootnoted(cells[name]))):
            found.hold("bad_cell", f'{who}: "{cells[name]}" under date {name} is no date.', where)
        elif day is None:
            found.flag("bad_date", f'{who}: "{cells[name]}" is no day of the calendar; kept in the quote.', where)
    if any(DATE_LIKE.fullmatch(cells[name]) for name in ("citizenship", "activity")) or re.search(
        r"\d", cells["citizenship"]
    ):
        found.hold("bad_cell", f"{who}: a date or number stands under another header.", where)
    if not cells["citizenship"]:
        found.flag("no_citizenship", f"{who}: the row names no citizenship.", where)
    if dates["issued"] and dates["declined"] and dates["issued"] > dates["declined"]:
        found.hold("dates_crossed", f"{who}: the detainer was declined before it was issued.", where)
    if week and dates["declined"] and not week[0] <= dates["declined"] <= week[1]:
        found.flag("outside_period", f"{who}: declined outside the week of the report.", where)
    named: dict[str, Any] = dict(group.place.fields(CaseAccount))
    if cells.get("place") and cells.get("agency"):
        named["agency_quoted"] = values.unfootnoted(cells["agency"])
    found.facts.append(
        CaseAccount(
            position=len(found.facts) + 1,
            citizenship_quoted=values.unfootnoted(cells["citizenship"]),
            detainer_on=dates["issued"],
            declined_on=dates["declined"],
            charges_quoted=unnamed(values.unfootnoted(cells["activity"]), runs=False),
            disposition=_disposition(f"{cells['activity']} ({cells.get('disposition', '')})"),
            quote=unnamed(shown({"group": "" if _named(cells) else group.agency} | cells), runs=False),
            locator=where,
            **named,
        )
    )


def _day(cell: str, week: Span | None) -> str | None:
    """Read a day; of a year with two digits the century is certain, since no report knows the future."""
    short = _SHORT_YEAR.fullmatch(values.unfootnoted(cell))
    if short is None:
        day = values.date(cell)
        return day if day and len(day) == 10 else None
    if week is None:
        return None
    century = 20 if int(short[3]) <= int(week[1][2:4]) else 19
    return values.date(f"{short[1]}/{short[2]}/{century}{short[3]}")


def _disposition(text: str) -> str:
    """Read "(Conviction)" and "(Charged)", which stand in brackets behind the activity."""
    return accounts.outcome(" ".join(_IN_BRACKETS.findall(text)), "charged?s?")


def _counts(found: Found, groups: Sequence[_Group]) -> None:
    """Add how many rows each jurisdiction has, and all together; headings that state a number must agree."""
    rows: dict[tuple[str, str], int] = {}
    first: dict[tuple[str, str], _Group] = {}
    for group in groups:
        if group.place.count not in (None, group.rows):
            text = f'Section II: "{group.agency}" states {group.place.count:,}, but {group.rows:,} rows stand under it.'
            found.hold("total_differs", text, group.first)
        name = (group.place.name, group.place.state)
        rows[name] = rows.get(name, 0) + group.rows
        first.setdefault(name, group)
    common: dict[str, Any] = {"measure": "detainer_declined", "unit": "detainers", "value_quoted": "", "derived": True}
    for name, count in rows.items():
        group = first[name]
        named: dict[str, Any] = dict(group.place.fields(Figure))
        found.facts.append(Figure(value=count, note=COUNTED, locator=group.first, **common, **named))
    if rows:
        found.facts.append(Figure(value=sum(rows.values()), note=COUNTED, **common))
