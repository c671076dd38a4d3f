"""The tables in the sections of ICE's weekly report, row by row, columns known by the words of their headers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from scraper.documents import values
from scraper.documents.pdf_text import Passage
from scraper.errors import LayoutChanged
from scraper.model import Column, Fact, Figure, Locator, Problem, Table
from scraper.readers import table

Item = Table | Passage

_FILLERS: Final = frozenset(
    ("a", "date", "dates", "detainer", "detainers", "ice", "of", "on", "recorded", "the", "was", "were")
)
_PLACES: Final = {
    "place": "jurisdiction|county|county state|jurisdiction state|location|place|jurisdiction aor|county jurisdiction",
    "agency": "agency|law enforcement agency|lea|facility|detention facility|jail|law enforcement agency lea",
    "state": "state",
    "aor": "aor|area responsibility|area responsibility aor|field office",
}
SECTION_1: Final = _PLACES | {
    "count": "issued|number|count|total|number issued|total issued|total number issued|detainers"
}
SECTION_2: Final = _PLACES | {
    "citizenship": "citizenship|country citizenship|nationality|citizenship country|individual’s citizenship",
    "issued": "issued|issue|issuance|issued request",
    "declined": "declined|decline",
    "activity": "notable criminal activity|criminal activity|notable activity|notable criminal history|criminal "
    "history|notable criminality|offense|offenses|offence|charge|charges",
    "disposition": "disposition|status",
}
SECTION_3: Final = {
    "place": _PLACES["place"],
    "enacted": "enacted|enactment|enacted month",
    "policy": "policy|policy ordinance|ordinance|policy name|policies",
    "criteria": "criteria|criteria for honoring|criteria for honouring|criteria honoring",
}
"""Role of a column -> the headers it may have, words such as "date" and "detainer" aside."""

_AGENCY: Final = re.compile(
    r"\b(?:jails?|sheriff\S*|police|department|facility|correction\w*|detention|prison|center|dept)\b", re.IGNORECASE
)
_KIND: Final = re.compile(r"\b(?:county|parish|borough|city|municipality)\b", re.IGNORECASE)
_CONTINUED: Final = re.compile(r"\s*[-–—,]?\s*\(?\b(?:cont(?:inued|['’]?d|\.)|continues)\)?\s*$", re.IGNORECASE)
_AOR: Final = re.compile(r"\s*\((?P<aor>[A-Z][^()\d]*)\)\s?\d{0,2}$")
_COUNT: Final = re.compile(
    r"\s*[(\[:–—-]\s*(?P<count>\d[\d,]*)(?:\s+(?:detainers?|declined|recorded|total)){0,3}\s*[)\]]?$"
)
DATE_LIKE: Final = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4}")
_ROWS_AS_TEXT: Final = re.compile(
    r"\d{1,2}/\d{1,2}/\d{2,4}\s+\d{1,2}/\d{1,2}/\d{2,4}|\([A-Z][a-z. ]+\)\s+(?:January|February|March|April|May|June|"
    r"July|August|September|October|November|December) \d{4}\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the tables of a section state, and what is wrong with them; `labels` are passages read as group headings."""

    facts: list[Fact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    labels: list[Passage] = field(default_factory=list)

    def hold(self, code: str, text: str, locator: Locator | None = None) -> None:
        """Note what must not become current."""
        where = locator.text() if locator else ""
        self.problems.append(Problem(code=code, text=text, holds_back=True, locator=where))

    def flag(self, code: str, text: str, locator: Locator | None = None) -> None:
        """Note what a person should look at."""
        self.problems.append(Problem(code=code, text=text, locator=locator.text() if locator else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A jurisdiction or agency as a cell or heading names it, footnote marks off."""

    name: str
    state: str = ""
    aor: str = ""
    count: int | None = None

    def fields(self, kind: type[Fact]) -> dict[str, str]:
        """Return the name under the fields of a fact: an agency is no place."""
        agency = "facility_quoted" if kind is Figure else "agency_quoted"
        return {agency if _AGENCY.search(self.name) else "place_quoted": self.name, "state_quoted": self.state}


def continued(name: str) -> str:
    """Return the name of a group without the "(continued)" of a further page."""
    return _CONTINUED.sub("", values.unfootnoted(name))


def place(text: str) -> Place:
    """Read "Travis County, Texas (San Antonio)*" or "Cook County, Illinois (5)"."""
    bare = continued(text)
    counted = _COUNT.search(bare)
    bare = values.unfootnoted(bare[: counted.start()] if counted else bare)
    aor = _AOR.search(bare)
    name, _, state = bare[: aor.start() if aor else None].rpartition(", ")
    count = values.integer(counted["count"]) if counted else None
    return Place(name=name or state, state=state if name else "", aor=aor["aor"] if aor else "", count=count)


def heading(cells: Mapping[str, str]) -> str:
    """Return the text of a row that is the heading of a group: it fills the row, or its first cell alone."""
    filled = [cell for cell in cells.values() if cell]
    if len(set(filled)) != 1 or DATE_LIKE.search(filled[0]) or (1 < len(filled) < len(cells)):
        return ""
    told = place(filled[0])
    return filled[0] if told.state or _AGENCY.search(told.name) or _KIND.search(told.name) else ""


def shown(cells: Mapping[str, str]) -> str:
    """Return a row's cells on one line."""
    return " | ".join(cell for cell in cells.values() if cell)


def rows(
    items: Sequence[Item], roles: Mapping[str, str], needed: Sequence[str], section: str, found: Found
) -> Iterator[table.Row]:
    """Yield the rows of a section's tables in order; a heading above a table is a row of its own.

    `LayoutChanged` where a table lacks a needed column, or the section has no table.
    """
    tables = [item for item in items if isinstance(item, Table)]
    if not tables:
        raise LayoutChanged(f"Section {section} holds no table that could be read.")
    columns = _columns(tables, roles, needed, section)
    grouped = section == "II" and not {"place", "agency"} & {column.name for column in columns}
    above: Passage | None = None
    last_page = 0
    for item in items:
        if isinstance(item, Passage):
            above = item
            if _ROWS_AS_TEXT.search(item.text):
                found.hold("rows_unread", f'Section {section}: rows outside a table were not read: "{item.text[:80]}…"')
            continue
        read, problems = table.joined((item,), columns, headless=True)
        found.problems.extend(problem for problem in problems if problem not in found.problems)
        if grouped and above is not None and _is_label(above.text):
            found.labels.append(above)
            yield _asheading(above, columns)
        elif grouped and read and not heading(read[0].cells) and (above is not None or item.locator.page == last_page):
            page = item.locator.page
            found.hold("no_jurisdiction", f"Section II, page {page}: no jurisdiction is known to stand over a table.")
        above, last_page = None, (item.page_numbers or (0,))[-1]
        yield from (_without_header(row, columns) for row in read)


def _without_header(row: table.Row, columns: Sequence[Column]) -> table.Row:
    """Where no rule parts a repeated header from the rest of a row that a page break cut, both are one row."""
    rest = {}
    for column in columns:
        cell = row.cells[column.name]
        header = next((one for one in column.header.split("|") if f"{cell} ".startswith(f"{one} ")), None)
        if header is None:
            return row
        rest[column.name] = cell[len(header) :].strip()
    return replace(row, cells=rest)


def _is_label(text: str) -> bool:
    told = place(text)
    if len(text) > 150 or text.endswith(".") or re.search(r"\d{4}", f"{told.name} {told.state}"):
        return False
    return bool(told.state or _AGENCY.search(text) or _KIND.search(text))


def _asheading(above: Passage, columns: Sequence[Column]) -> table.Row:
    return table.Row(cells={column.name: above.text for column in columns}, locator=Locator(page=above.page))


def _words(header: str) -> str:
    words = re.findall(r"[^\W\d_]+(?:’s)?", values.key(values.unfootnoted(header)).replace("'", "’"))
    return " ".join([word for word in words if word not in _FILLERS] or words)


def _columns(tables: Sequence[Table], roles: Mapping[str, str], needed: Sequence[str], section: str) -> list[Column]:
    """Return the columns that the tables have, with every header they go under."""
    known = {words: role for role, every in roles.items() for words in every.split("|")}
    headers: dict[str, dict[str, None]] = {}
    fullest: tuple[str, ...] = tables[0].rows[0]
    most = 0
    for one in tables:
        there = [[cell for cell in row if cell and _words(cell) in known] for row in one.rows[: table.HEADER_WITHIN]]
        best = max(range(len(there)), key=lambda at: len(there[at]))
        for cell in there[best]:
            headers.setdefault(known[_words(cell)], {})[cell.replace("|", " ")] = None
        if len(there[best]) > most:
            most, fullest = len(there[best]), one.rows[best]
    missing = [role for role in needed if role not in headers]
    if not ({"place", "agency"} & set(headers) or section == "II"):
        missing.append("jurisdiction")
    if missing:
        shown = ", ".join(f'"{cell[:60]}"' for cell in fullest if cell)
        raise LayoutChanged(f"Section {section} has no column for {', '.join(missing)}; its headers are {shown}.")
    return [Column(name=role, header="|".join(headers[role])) for role in roles if role in headers]
