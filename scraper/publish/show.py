"""Values as a person reads them: numbers, units, days, places in a document. Pure; used as template filters."""

import json
import re
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from scraper.terms import BOUND_WORDS, EVENT_WORDS, MEASURE_WORDS

Row = dict[str, Any]

NOT_STATED: Final = "not stated"
STATE_WORDS: Final = {
    "waiting": "Not checked yet",
    "ok": "Well",
    "blocked": "Blocked by the publisher",
    "failing": "Failing",
    "layout_changed": "Layout changed",
    "silent": "Nothing new for longer than expected",
}
_ONE: Final = {
    "detainers": "detainer", "people": "person", "arrests": "arrest", "charges": "charge", "cases": "case",
    "jurisdictions": "jurisdiction", "agreements": "agreement", "rows": "row",
}  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def number(value: float | int | str | None) -> str:
    """Return 13025 as "13,025", 9.5 as "9.5", None and "" as "not stated"."""
    if value is None or value == "":
        return NOT_STATED
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def changed(text: str, column: str | None) -> str:
    """Return a changed cell as text; only a figure's value gets separators, for other digits may be codes or years."""
    return f"{int(text):,}" if column == "value" and re.fullmatch(r"\d{1,18}", text) else text or NOT_STATED


def amount(row: Row) -> str:
    """Return a figure's number with bound and unit: "at least 25,000 detainers", "about 9 %"."""
    if row["value"] is None or row["value"] == "":
        return f"“{row['value_quoted']}”" if row["value_quoted"] else NOT_STATED
    unit = row["unit"] or ""
    text = BOUND_WORDS.get(row["bound"], "") + number(row["value"])
    if unit == "percent":
        return f"{text} %"
    return f"{text} {_ONE.get(unit, unit) if row['value'] == 1 else unit}".rstrip()


def measure(name: str | None) -> str:
    """Return what is counted in words; "a number mentioned" where the measure is not certain."""
    return MEASURE_WORDS.get(name, name) if name else "a number mentioned"


def event(kind: str) -> str:
    """Return an event kind in words."""
    return EVENT_WORDS.get(kind, kind)


def state(name: str) -> str:
    """Return a source's state in words."""
    return STATE_WORDS.get(name, name)


def day(text: str | None) -> str:
    """Return "2018-01-31" as "31 Jan 2018" and "2018-01" as "Jan 2018"; anything else as it is."""
    try:
        if text and len(text) == 7:
            return f"{date.fromisoformat(text + '-01'):%b %Y}"
        if text:
            found = date.fromisoformat(text[:10])
            return f"{found.day} {found:%b %Y}"
    except ValueError:
        return str(text)
    return ""


def span(start: str | None, end: str | None) -> str:
    """Return a period in words; "period not stated" where there is none."""
    if start and end and start != end:
        return f"{day(start)} – {day(end)}"
    return day(start or end) or "period not stated"


def moment(text: str | None) -> str:
    """Return "2026-11-23T04:00:00Z" as "23 Nov 2026, 04:00 UTC"; None as "never"."""
    if not text:
        return "never"
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{found.day} {found:%b %Y, %H:%M} UTC"


def where(locator: str | None) -> str:
    """Return a stored locator in words: "page 3, table 1, row 12, column “Declined”"."""
    parts = []
    for name, value in _object(locator).items():
        if name == "box":
            parts.append("box " + " × ".join(f"{edge:g}" for edge in value))
        elif name in ("column", "sheet", "selector"):
            parts.append(f"{name} “{value}”")
        else:
            parts.append(f"{name} {value}")
    order = ["page", "sheet", "table", "row", "column", "paragraph", "selector", "box"]
    parts.sort(key=lambda part: order.index(part.split(" ")[0]) if part.split(" ")[0] in order else 9)
    return ", ".join(parts) or NOT_STATED


def cells(text: str | None) -> Row:
    """Return the columns of a row kept as JSON, or nothing where it is not an object."""
    return _object(text)


def _object(text: str | None) -> Row:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def outside(url: str | None) -> str:
    """Return `url` if it may become a link (http or https with a host), else ""."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url or "" if parts.scheme in ("http", "https") and parts.hostname else ""


def path(kind: str, name: object) -> str:
    """Return the address of one of our pages: path("release", "a/b") is "/release/a%2Fb"."""
    return f"/{kind}/{quote(str(name), safe='')}"


def heading(column: str) -> str:
    """Return a column's name as a table head: "place_quoted" is "Place"."""
    words = column.removesuffix("_quoted").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if column.islower() else column


def plain(text: str | None) -> str:
    """Return text without characters that XML cannot hold."""
    return _CONTROL.sub("", text or "")


def cite(release: Row, capture: Row | None) -> str:
    """Return one line that names publisher, title, date, address and archived copy."""
    line = release["citation"] or (
        f"{release['publisher']}, “{release['title']}”"
        + (f", {day(release['published'])}" if release["published"] else "")
        + f", {release['url']}"
    )
    line = line if line.endswith(".") else line + "."
    if capture:
        line += f" Archived {moment(capture['captured_at'])}, sha256 {capture['sha256']}."
    return line


FILTERS: Final = {
    "number": number, "changed": changed,
    "amount": amount, "measure": measure, "event": event, "state": state, "day": day,
    "moment": moment, "where": where, "cells": cells, "outside": outside, "heading": heading, "plain": plain,
}  # fmt: skip
