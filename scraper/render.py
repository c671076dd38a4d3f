"""Turns notices into mails: pure. Every stranger's word is literal text, cut to a sane length and quoted."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from scraper.model import Change, Notice, Stated
from scraper.terms import BOUND_WORDS, EVENT_WORDS, MEASURE_WORDS, OPERATOR_EVENTS
from scraper.wording import clean, date_words, fit, harmless, period_words, time_words

SUBJECT_MAX = 150
SHOWN_CHANGES = 20
SHOWN_FIGURES = 8
_CSV_ROWS, _CSV_CHARS, _CELL = 5_000, 2_000_000, 4_000
_LEADS = {
    "baseline": "Detainer Watch now watches this source. What it lists is on record; from here on changes are told.",
    "new": "A release was published.",
    "revised": "The content of a release changed.",
    "corrected": "A release was corrected.",
    "withdrawn": "The document no longer answers at its address. Its rows and archived copies are kept.",
    "restored": "The document answers again at its address.",
    "delisted": "The index no longer lists this release. Its address still answers.",
    "republished": "The same rows were published again under another name or address.",
    "source_blocked": "The publisher's server refuses our requests. Nothing is concluded about its releases.",
    "source_failing": "Several rounds in a row failed. Nothing is concluded about the releases of this source.",
    "layout_changed": "The page no longer has the parts we read. Nothing was taken from it.",
    "source_silent": "Nothing new has appeared for longer than expected.",
    "source_recovered": "The source answers again and was read in full.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a recipient sees; the headers that depend on the recipient are added by the alerts room."""

    subject: str
    """One line, at most 150 characters, free of control and direction characters."""
    text: str
    html: str
    csv: tuple[str, bytes] | None
    """File name and content of the changed rows, safe to open in a spreadsheet."""


class _Line(NamedTuple):
    """One difference as shown: all parts cleaned, publishers' words already in quotation marks."""

    label: str
    column: str
    before: str
    after: str


def mail(notice: Notice, *, audience: str, why: str, public_url: str, head: str) -> Mail:
    """Render one notice; `why` is the sentence that says why this recipient got it, `head` the archive's head or ""."""
    return _mail(subject(notice), (notice,), audience, why, public_url, head)


def digest(notices: Sequence[Notice], *, audience: str, why: str, public_url: str, head: str) -> Mail:
    """Render several notices as one mail, in the order given."""
    kinds = Counter(notice.event.kind for notice in notices)
    told = ", ".join(f"{count} {EVENT_WORDS[kind].lower()}" for kind, count in kinds.items())
    return _mail(fit(f"Digest: {told}", SUBJECT_MAX), notices, audience, why, public_url, head)


def subject(notice: Notice) -> str:
    """Return a subject that can be told apart in a list, at most 150 characters."""
    kind = notice.event.kind
    words = EVENT_WORDS[kind]
    if kind in OPERATOR_EVENTS or kind == "baseline" or notice.event.release_id is None:
        tail = f": {_first_sentence(notice.event.summary)}" if notice.event.summary else ""
        return _around(f"{words}{' ' if kind == 'baseline' else ': '}", _source(notice), clean(tail, 80))
    counted = _counted(notice.changes) if kind in ("revised", "corrected") else ""
    told = [f", {period}" if (period := _unsaid_period(notice)) else "", f": {counted}" if counted else ""]
    return _around(f"{words}: “", _title(notice), f"”{''.join(told)}")


def figure_words(figure: Stated) -> str:
    """Return a figure with its bound, unit and place: "at least 13,025 detainers recorded by ICE as declined, “IL”"."""
    quoted = f"“{clean(figure.value_quoted, 60)}”"
    shown = quoted if figure.value is None else f"{BOUND_WORDS[figure.bound]}{figure.value:,}"
    what = MEASURE_WORDS.get(figure.measure or "", figure.unit or "")
    if figure.measure and figure.unit == "percent":
        what = f"percent: {what}"
    where = [f"“{clean(words, 120)}”" for words in dict.fromkeys((figure.place, figure.label)) if words]
    return ", ".join([f"{shown} {what}".strip(), *where])


def changes_csv(notices: Sequence[Notice]) -> tuple[str, bytes] | None:
    """Return file name and bytes of all changes as CSV (UTF-8 with BOM), or None; cut at 5,000 rows or 2 MB."""
    rows = [(_title(notice), change) for notice in notices for change in _published(notice.changes)]
    if not rows:
        return None
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("release", "table", "kind", "row", "column", "before", "after"))
    for title, change in rows[:_CSV_ROWS]:
        if out.tell() > _CSV_CHARS:
            break
        cells = (title, change.table, change.kind, change.label, change.column, change.before, change.after)
        writer.writerow([_cell(cell or "") for cell in cells])
    return f"changes-{notices[0].event.event_id[:12]}.csv", out.getvalue().encode("utf-8-sig")


def _mail(line: str, notices: Sequence[Notice], audience: str, why: str, public_url: str, head: str) -> Mail:
    sheet = changes_csv(notices)
    words = {
        "subject": line,
        "sections": [_section(notice, public_url.rstrip("/")) for notice in notices],
        "audience": clean(audience, 80),
        "why": clean(why, 500),
        "head": clean(head, 200),
        "attached": sheet[0] if sheet else "",
        "home": public_url.rstrip("/"),
    }
    html, text = (_templates().get_template(name).render(words) for name in ("mail.html", "mail.txt"))
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    import css_inline  # an idle daemon need not carry it

    return Mail(subject=line, text=text, html=css_inline.inline(html), csv=sheet)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("scraper", "templates/mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _section(notice: Notice, home: str) -> dict[str, object]:
    """One notice, ready for the two templates."""
    changes = _published(notice.changes)
    shown = changes[:SHOWN_CHANGES]
    figures = sorted(notice.figures, key=lambda one: one.measure is None) if notice.event.kind == "new" else []
    return {
        "heading": subject(notice),
        "lead": _LEADS[notice.event.kind],
        "summary": "" if notice.release_title else clean(notice.event.summary, 1_000),
        "told": _told(notice),
        "facts": [(name, value) for name, value in _facts(notice) if value],
        "figures": [figure_words(figure) for figure in figures[:SHOWN_FIGURES]],
        "more_figures": max(0, len(figures) - SHOWN_FIGURES),
        "rows": [_line(change) for change in shown if change.table != "text"],
        "paragraphs": [_line(change) for change in shown if change.table == "text"],
        "more": max(0, len(changes) - SHOWN_CHANGES),
        "links": list(_links(notice, home)),
    }


def _told(notice: Notice) -> str:
    if notice.announced:
        return f"The publisher announced it in these words: “{clean(notice.announced, 1_500)}”"
    return "The publisher did not announce this change." if notice.event.kind == "revised" else ""


def _facts(notice: Notice) -> Iterable[tuple[str, str]]:
    yield "Publisher", clean(notice.publisher)
    yield "Source", _source(notice)
    yield "Release", f"“{_title(notice)}”" if notice.release_title else ""
    yield "Published", date_words(notice.published[:10]) if notice.published else ""
    yield "Period", period_words(notice.period_start, notice.period_end)
    yield "Seen", time_words(notice.event.seen_at)
    yield "Rows stated", f"{notice.rows:,}" if notice.rows else ""
    yield "Case accounts", f"{notice.case_accounts:,}" if notice.case_accounts else ""
    yield "Difference", _counted(notice.changes)


def _links(notice: Notice, home: str) -> Iterable[dict[str, object]]:
    if address := notice.release_url or notice.event.url:
        yield _link("Source address", address)
    last = "Last archived copy" if notice.event.kind in ("withdrawn", "restored", "delisted") else ""
    copies = ((last or "Archived copy", notice.after), (last or "Earlier archived copy", notice.before))
    told = set[str]()
    for name, copy in copies:
        if copy is not None and copy.sha256 not in told:
            told.add(copy.sha256)
            seen = f"sha256 {clean(copy.sha256, 64)}, kept {time_words(copy.captured_at)}"
            yield _link(name, f"{home}/archive/{_segment(copy.sha256)}", seen)
    if notice.event.release_id:
        yield _link("Permanent page", f"{home}/release/{_segment(notice.event.release_id)}")


def _segment(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _link(name: str, address: str, note: str = "") -> dict[str, object]:
    """A link only where the scheme is http(s); anything else is shown as text."""
    url = clean(address, 2_000).replace(" ", "%20")
    return {"name": name, "url": url, "note": note, "web": url.lower().startswith(("http://", "https://"))}


def _line(change: Change) -> _Line:
    if change.table == "text":
        before, after = _sentences(change.before or "", change.after or "")
        return _Line(label="", column="", before=_value("paragraph", before), after=_value("paragraph", after))
    before, after = (_value(change.column, side) for side in (change.before, change.after))
    label = "" if change.table == "release" else f"“{clean(change.label, 160)}”"
    return _Line(label=label, column=_column(change.column or "") or f"row {change.kind}", before=before, after=after)


def _value(column: str | None, text: str | None) -> str:
    if not text:
        return ""
    if column is None and text.startswith("{"):
        return _row_words(text)
    if column == "measure":
        return MEASURE_WORDS.get(text, clean(text))
    if column == "value" and re.fullmatch(r"-?\d{1,15}(\.\d+)?", text):
        return f"{int(float(text)):,}" if float(text).is_integer() else f"{float(text):,}"
    return clean(text) if re.fullmatch(r"[\d,.\s%-]+", text) else f"“{clean(text, 600)}”"


def _row_words(text: str) -> str:
    """A whole row, given as a JSON object, in one line; our own words (measure, unit, bound) stand without quotes."""
    try:
        cells: dict[str, object] = json.loads(text)
    except ValueError:
        return f"“{clean(text)}”"
    ours = {"measure": MEASURE_WORDS, "bound": BOUND_WORDS, "unit": {}}
    told = []
    for name, cell in cells.items():
        words = ours[name].get(str(cell), str(cell)).strip() if name in ours else _value(name, str(cell))
        told.append(f"{_column(name)}: {words}" if words else "")
    return clean("; ".join(filter(None, told)), 600)


def _column(name: str) -> str:
    return clean(name.removesuffix("_quoted").replace("_", " "), 60)


def _sentences(before: str, after: str) -> tuple[str, str]:
    """Leave of two paragraphs only the sentences that differ; all of them where only order or spaces do."""
    if not before or not after:
        return before, after
    old, new = (re.split(r"(?<=[.!?])\s+", text[:20_000]) for text in (before, after))
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    return (" ".join(gone), " ".join(come)) if gone or come else (before, after)


def _published(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.caused_by == "publisher"]


def _counted(changes: Sequence[Change]) -> str:
    """ "3 rows changed, 1 row added, 2 paragraphs changed": rows once each, however many of their cells differ."""
    seen: dict[tuple[object, ...], tuple[str, str]] = {}
    for place, change in enumerate(_published(changes)):
        noun = {"text": "paragraph", "release": "title"}.get(change.table, "row")
        key = (change.table, change.kind, change.label, change.row_id if change.row_id is not None else place)
        seen.setdefault(key, (noun, change.kind))
    told = Counter(seen.values())
    return ", ".join(f"{n:,} {noun}{'' if n == 1 else 's'} {kind}" for (noun, kind), n in told.items())


def _source(notice: Notice) -> str:
    return clean(notice.source_title or notice.event.source_id, 200)


def _title(notice: Notice) -> str:
    return clean(notice.release_title or notice.event.title, 250)


def _unsaid_period(notice: Notice) -> str:
    """The period, unless the title names its year already."""
    year = (notice.period_end or notice.period_start or "")[:4]
    return "" if year and year in _title(notice) else period_words(notice.period_start, notice.period_end)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", clean(text, 600), maxsplit=1)[0].rstrip(".")


def _cell(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: a leading =, +, -, @ gets an apostrophe."""
    safe = text[:_CELL]
    if not safe.isprintable():
        safe = "".join(char if char == "\n" else harmless(char) for char in safe)
    return f"'{safe}" if safe.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else safe


def _around(start: str, middle: str, end: str) -> str:
    room = SUBJECT_MAX - len(start) - len(end)
    return fit(f"{start}{fit(middle, max(room, 20))}{end}", SUBJECT_MAX)
