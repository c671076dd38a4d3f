"""Weekly reports as ICE printed them in 2017, in layouts of two generators (reportlab and Chromium), truth known.

The words outside the tables follow the openings of the three real reports; the rows are invented.
"""

import html
import io
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

Print = Callable[[str], bytes]
"""HTML -> PDF, by a browser."""
CHROMIUM = Path("/usr/bin/chromium")
START, END = date(2017, 2, 11), date(2017, 2, 17)
WEEK = "February 11, 2017 and February 17, 2017"
HEADERS_I = ("Jurisdiction", "Detainers Issued")
HEADERS_II = ("Citizenship", "Date Issued", "Date Declined", "Notable Criminal Activity")
HEADERS_III = ("Jurisdiction (AOR)", "Date Enacted", "Policy", "Criteria for Honoring Detainer")
GROUP = "Jurisdiction"
CORRECTION = (
    "Correction: Due to a data processing error, the Jan. 28 - Feb 03, 2017 Declined Detainer Outcome Report "
    "incorrectly attributed issued detainers to Franklin County, Iowa; Franklin County, New York; Franklin County, "
    "Pennsylvania; and Montgomery County, Iowa that were in fact issued to agencies outside of the respective "
    "county’s jurisdiction in similarly named locations. Additionally, detainers that appeared as being declined by "
    "Williamson County, TX and Bastrop County, TX were cases where the individual was transferred to another facility "
    "where they were released. Finally, detainers appeared as being declined by Chester County, PA and Richmond "
    "County, NC when those detainers were incorrectly issued to those locations. The subjects of those detainers were "
    "in different locations."
)
"""As on ICE's page (and inside the third report)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a report is set: `rules` all, across or none; `groups` merged, repeated, first, spanning or above."""

    name: str
    engine: str
    rules: str
    groups: str
    breaks: bool = False
    """A row may be broken over two pages."""


LAYOUTS = (
    Layout(name="reportlab-grid-repeated", engine="reportlab", rules="all", groups="repeated"),
    Layout(name="reportlab-grid-merged", engine="reportlab", rules="all", groups="merged"),
    Layout(name="reportlab-across-first", engine="reportlab", rules="across", groups="first"),
    Layout(name="reportlab-plain-repeated", engine="reportlab", rules="none", groups="repeated"),
    Layout(name="reportlab-across-spanning", engine="reportlab", rules="across", groups="spanning"),
    Layout(name="reportlab-grid-above", engine="reportlab", rules="all", groups="above"),
    Layout(name="reportlab-grid-broken", engine="reportlab", rules="all", groups="repeated", breaks=True),
    Layout(name="chromium-grid-merged", engine="chromium", rules="all", groups="merged"),
    Layout(name="chromium-grid-spanning", engine="chromium", rules="all", groups="spanning"),
    Layout(name="chromium-across-repeated", engine="chromium", rules="across", groups="repeated"),
    Layout(name="chromium-plain-repeated", engine="chromium", rules="none", groups="repeated"),
    Layout(name="chromium-grid-above", engine="chromium", rules="all", groups="above"),
    Layout(name="chromium-grid-broken", engine="chromium", rules="all", groups="repeated", breaks=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is printed, and so all that must be read."""

    issued: str = "2,825"
    stated: int | None = None
    """How many declined detainers the text states; None: it does not."""
    top: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    policies: tuple[tuple[str, ...], ...]
    """Jurisdiction (AOR), date enacted, policy, criteria with bullets."""
    notice: str = ""
    headers: dict[int, tuple[str, ...]] = field(default_factory=lambda: {1: HEADERS_I, 2: HEADERS_II, 3: HEADERS_III})
    group_header: str = GROUP
    titles: tuple[str, ...] = (
        f"Highest Volume of Detainers Issued between {WEEK} to Jurisdictions which Restrict Cooperation with ICE",
        f"Jurisdictions with Recorded Declined Detainers between {WEEK}",
        "Table of Jurisdictions that have Enacted Policies which Limit Cooperation with ICE",
        "Report Scope and Data Fidelity",
    )

    def with_headers(self, section: int, *names: str) -> "Report":
        """The same report with other column headers in a section."""
        return replace(self, headers=self.headers | {section: names})


_PLACES = (
    "Travis County, Texas", "Sacramento County Jail, California", "Philadelphia, Pennsylvania", "Cook County, Illinois",
    "Washington County, Oregon", "King County, Washington", "Alachua County, Florida", "Clark County, Nevada",
    "Middlesex County, New Jersey", "Hampden County, Massachusetts", "Chesterfield County, Virginia",
    "Bernalillo County, New Mexico", "Santa Clara County Main Jail, California", "Nassau County, New York",
)  # fmt: skip
_CITIZENSHIPS = ("Mexico", "Guatemala", "El Salvador", "Honduras", "Cambodia", "Dominican Republic", "Vietnam")
_ACTIVITIES = (
    "Cruelty Toward Wife (Conviction)", "Driving Under Influence Liquor (Charged)", "Dangerous Drugs", "Assault",
    "Aggravated Assault – Family – Strongarm (Charged); Domestic Violence (Conviction)", "Burglary – Forced Entry "
    "(Conviction)", "Lewd or Lascivious Acts with Minor", "Traffic Offense", "Larceny (Charged)", "Obstruct Police",
)  # fmt: skip
_POLICIES = (
    ("Ithaca, New York (Buffalo)", "Municipal Code Change", ("Will only honor “warrantless detainer requests from the "
     "federal government under limited, specified circumstances” such as violent or serious crimes",)),
    ("Travis County, Texas (San Antonio)", "Travis County Sheriff’s Office Policy on Cooperation with U.S. Immigration "
     "and Customs Enforcement", ("Willing to accept requests accompanied by a court order", "Willing to accept "
     "requests when the subject of the detainer request is charged with or has been convicted of Capital Murder, First "
     "Degree Murder, Aggravated Sexual Assault, or Continuous Smuggling of Persons")),
    ("Iowa City, Johnson County, Iowa (Saint Paul)", "Resolution Reaffirming the Public Safety Function of Local Law "
     "Enforcement", ("Willing to only accept some requests for notifications, I-247N form.",)),
    ("Boulder County, Colorado (Denver)", "Boulder Municipal Code Title 12, Chapter 12-12", ("Will not honor ICE "
     "detainers without an arrest warrant",)),
    ("New Orleans, Louisiana (New Orleans)", "New Orleans Police Department Policy Manual, Chapter 41.6.1", ("Willing "
     "to honor detainers with a judicial order or criminal warrant",)),
)  # fmt: skip
_MONTHS = "February 2017", "January 2017", "December 2016", "July 2014", "May 2011"


def made(rows: int = 24, policies: int = 8, seed: int = 1, **other: Any) -> Report:
    """Return a report of `rows` declined detainers in as many groups as they fill, the same for the same numbers."""
    dice = random.Random(seed)
    groups: list[tuple[str, tuple[tuple[str, ...], ...]]] = []
    left = rows
    for number in range(rows):
        size = min(left, dice.choice((1, 1, 2, 3, 5, 12)))
        if size:
            place, _, state = _PLACES[number % len(_PLACES)].partition(", ")
            place = place if number < len(_PLACES) else f"{place.split()[0]} {number} County"
            groups.append((f"{place}, {state}", tuple(_row(dice) for _ in range(size))))
        left -= size
    told = [
        (f"Ward {number} County, Texas (Dallas)" if number >= len(_POLICIES) else name, _MONTHS[number % 5], policy,
         " ".join(f"• {one}" for one in criteria))
        for number in range(policies)
        for name, policy, criteria in [_POLICIES[number % len(_POLICIES)]]
    ]  # fmt: skip
    top = tuple((place, str(51 - 4 * number)) for number, place in enumerate(_PLACES[3:13]))
    return Report(**({"top": top, "groups": tuple(groups), "policies": tuple(told)} | other))


def _row(dice: random.Random) -> tuple[str, ...]:
    declined = START + timedelta(days=dice.randrange(7))
    issued = declined - timedelta(days=dice.choice((0, 1, 5, 30, 400, 2300)))
    return (dice.choice(_CITIZENSHIPS), _day(issued), _day(declined), dice.choice(_ACTIVITIES))


def _day(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def iso(text: str) -> str:
    """2/3/2017 as 2017-02-03."""
    month, day, year = text.split("/")
    return f"{year}-{int(month):02}-{int(day):02}"


def truth(report: Report) -> dict[str, list[tuple[str, ...]]]:
    """What must be read, section by section: place and count; place, citizenship, both dates, activity; policies."""
    return {
        "I": list(report.top),
        "II": [(label, c, iso(i), iso(d), a) for label, rows in report.groups for c, i, d, a in rows],
        "III": list(report.policies),
    }


def told(facts: Sequence[Any]) -> dict[str, list[tuple[str, ...]]]:
    """The facts of a reading in the form of `truth`."""
    found: dict[str, list[tuple[str, ...]]] = {"I": [], "II": [], "III": []}
    for fact in facts:
        if fact.TABLE == "figure" and fact.measure == "detainer_issued" and fact.locator.row:
            found["I"].append(
                (_joined(fact.place_quoted or fact.facility_quoted, fact.state_quoted), fact.value_quoted)
            )
        elif fact.TABLE == "case_account":
            named = _joined(fact.agency_quoted or fact.place_quoted, fact.state_quoted)
            row = (named, fact.citizenship_quoted, fact.detainer_on, fact.declined_on, fact.charges_quoted)
            found["II"].append(row)
        elif fact.TABLE == "policy":
            named = f"{_joined(fact.jurisdiction_quoted, fact.state_quoted)} ({fact.aor_quoted})"
            found["III"].append((named, fact.enacted_quoted, fact.policy_quoted, fact.criteria_quoted))
    return found


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _texts(report: Report) -> dict[str, list[str]]:
    stated = (
        f" During the same week ICE recorded that {report.stated} detainers were declined." if report.stated else ""
    )
    return {
        "cover": [
            "ENFORCEMENT AND REMOVAL OPERATIONS",
            "Weekly Declined Detainer Outcome Report",
            "For Recorded Declined Detainers Feb 11 – Feb 17, 2017",
            "Summary",
            "Pursuant to section 9(b) of Executive Order 13768, Enhancing Public Safety in the Interior of the United "
            "States, ICE is making available for public release the non-Federal jurisdictions that do not honor "
            "detainers issued by ICE to that jurisdiction. For instances of declined detainers, the report also "
            "includes the associated individual’s citizenship, detainer issued and declined dates, and notable "
            "criminal activity.",
            f"ICE compiled this report based on jurisdictions with detainers that were recorded as declined "
            f"between {WEEK}, regardless of detainer issuance date.",
            *([report.notice] if report.notice else []),
            "This report is comprised of four sections:",
            "• • • •",
        ],
        "I": [
            f"During the week of {WEEK}, ICE issued {report.issued} detainers throughout the United States.{stated} "
            "The table below lists the jurisdictions with the most of them."
        ],
        "III": [
            "All jurisdictions and their corresponding detainer ordinances listed in this document are based upon "
            "public announcements, news report statements, publicly disclosed policies, and/or information given "
            "directly to ICE personnel in the field regarding these jurisdictions’ level of cooperation."
        ],
        "IV": [
            "A detainer serves as the legally-authorized request, upon which a law enforcement agency may rely, to "
            "continue to maintain custody of an alien for up to 48 hours so that ICE may assume custody.",
            "Data fidelity: reporting of declined detainers depends on the field and is refined as methods improve.",
        ],
    }


def _section_2(report: Report, layout: Layout) -> list[tuple[str, list[list[str]], list[tuple[int, int]]]]:
    """Tables of Section II: the line above, the rows with header, and the spans (first row, how many) of the groups."""
    header = list(report.headers[2])
    if layout.groups == "above":
        return [(f"{label} ({len(rows)})", [header, *map(list, rows)], []) for label, rows in report.groups]
    if layout.groups == "spanning":
        table = [header]
        spans = []
        for label, rows in report.groups:
            spans.append((len(table), 0))
            table += [[label, *[""] * (len(header) - 1)], *map(list, rows)]
        return [("", table, spans)]
    table, spans = [[report.group_header, *header]], []
    for label, rows in report.groups:
        spans.append((len(table), len(rows)))
        for number, row in enumerate(rows):
            table.append([label if layout.groups == "repeated" or not number else "", *row])
    return [("", table, spans if layout.groups == "merged" else [])]


def pdf(report: Report, layout: Layout, printed: Print | None = None) -> bytes:
    """Set the report; `printed` is the browser for the layouts of Chromium."""
    if layout.engine == "reportlab":
        return _reportlab(report, layout)
    assert printed is not None
    return printed(page(report, layout))


_BODY = getSampleStyleSheet()["BodyText"]
_CELL = ParagraphStyle("cell", _BODY, fontSize=9, leading=11, spaceBefore=0)
_RULES: dict[str, list[Any]] = {
    "all": [("GRID", (0, 0), (-1, -1), 0.5, "black")],
    "across": [("LINEABOVE", (0, 0), (-1, 0), 1, "black"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, "black")],
    "none": [],
}
_WIDTHS = {2: [300, 120], 4: [100, 80, 80, 208], 5: [120, 75, 70, 70, 133], 6: [110, 65, 65, 65, 83, 80]}


def _set(rows: Sequence[Sequence[str]], layout: Layout, spans: Sequence[tuple[int, int]] = (), **other: Any) -> Table:
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *_RULES[layout.rules]]
    for start, count in spans:
        if count == 0:
            style.append(("SPAN", (0, start), (-1, start)))
        elif count > 1:
            style.append(("SPAN", (0, start), (0, start + count - 1)))
    cells = [[Paragraph(html.escape(cell).replace(" • ", "<br/>• "), _CELL) for cell in row] for row in rows]
    for start, count in spans:
        if count == 0:  # a heading over all columns; a Paragraph would be broken at the width of the first
            cells[start] = [rows[start][0], *[""] * (len(rows[start]) - 1)]  # type: ignore[list-item]
    options = {"colWidths": _WIDTHS[len(rows[0])], "repeatRows": 1, "style": style, "splitInRow": int(layout.breaks)}
    return Table(cells, **(options | other))


def _reportlab(report: Report, layout: Layout) -> bytes:
    texts = _texts(report)
    bullets = [f"Section {n}: {title}" for n, title in zip(("I", "II", "III", "IV"), report.titles, strict=False)]
    flow: list[Any] = [Paragraph(html.escape(text), _BODY) for text in texts["cover"]]
    flow += [Paragraph(html.escape(line), _BODY, bulletText="•") for line in bullets]
    tables = {
        "I": [("", [list(report.headers[1]), *map(list, report.top)], [])],
        "II": _section_2(report, layout),
        "III": [("", [list(report.headers[3]), *map(list, report.policies)], [])],
    }
    for line in bullets:
        numeral = line.split(":")[0].split()[1]
        flow += [PageBreak(), Paragraph(html.escape(line), _BODY), Spacer(1, 6)]
        flow += [Paragraph(html.escape(text), _BODY) for text in texts.get(numeral, ())]
        for above, rows, spans in tables.get(numeral, ()):
            flow += [Paragraph(html.escape(above), _BODY)] if above else []
            flow += [Spacer(1, 8), _set(rows, layout, spans), Spacer(1, 14)]
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=letter).build(flow, onFirstPage=_number, onLaterPages=_number)
    return buffer.getvalue()


def _number(canvas: Canvas, _: Any) -> None:
    canvas.setFont("Helvetica", 10)
    canvas.drawCentredString(306, 36, str(canvas.getPageNumber()))


_CSS = """
@page { size: letter; margin: 20mm 18mm } body { font: 11pt/1.25 sans-serif } h2 { break-before: page; font-size: 12pt }
table { border-collapse: collapse; width: 100%; margin: 10pt 0 16pt; font-size: 9.5pt }
td, th { text-align: left; vertical-align: top; padding: 3pt 6pt; font-weight: normal }
.all td, .all th { border: 1px solid black } .across tr { border-top: 1px solid black; border-bottom: 1px solid black }
.kept td, .kept th { break-inside: avoid }
"""


def page(report: Report, layout: Layout) -> str:
    """The report as a web page, to be printed."""
    texts = _texts(report)
    lines = [f"Section {n}: {title}" for n, title in zip(("I", "II", "III", "IV"), report.titles, strict=False)]
    parts = [f"<style>{_CSS}</style><body>", *(f"<p>{html.escape(text)}</p>" for text in texts["cover"])]
    parts += ["<ul>", *(f"<li>{html.escape(line)}</li>" for line in lines), "</ul>"]
    tables = {
        "I": [("", [list(report.headers[1]), *map(list, report.top)], [])],
        "II": _section_2(report, layout),
        "III": [("", [list(report.headers[3]), *map(list, report.policies)], [])],
    }
    for line in lines:
        numeral = line.split(":")[0].split()[1]
        parts.append(f"<h2>{html.escape(line)}</h2>")
        parts += [f"<p>{html.escape(text)}</p>" for text in texts.get(numeral, ())]
        for above, rows, spans in tables.get(numeral, ()):
            parts += [f"<p>{html.escape(above)}</p>"] if above else []
            parts.append(_markup(rows, layout, dict(spans)))
    return "".join(parts)


def _markup(rows: Sequence[Sequence[str]], layout: Layout, spans: dict[int, int]) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag}>{html.escape(cell).replace(' • ', '<br>• ')}</{tag}>" for cell in row)

    lines, covered = [], 0
    for number, row in enumerate(rows):
        if number == 0:
            lines.append(f"<thead><tr>{cells(row, 'th')}</tr></thead><tbody>")
        elif spans.get(number) == 0:
            lines.append(f"<tr><td colspan={len(row)}>{html.escape(row[0])}</td></tr>")
        elif covered or spans.get(number, 0) > 1:
            first = "" if covered else f"<td rowspan={spans[number]}>{html.escape(row[0])}</td>"
            covered = covered - 1 if covered else spans[number] - 1
            lines.append(f"<tr>{first}{cells(row[1:], 'td')}</tr>")
        else:
            lines.append(f"<tr>{cells(row, 'td')}</tr>")
    kept = "" if layout.breaks else " kept"
    return f'<table class="{layout.rules}{kept}">{"".join(lines)}</tbody></table>'


@contextmanager
def chromium() -> Iterator[Print]:
    """A browser that prints; for the length of the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--headless", "--disable-gpu", "--no-first-run"]
        )
        tab = browser.new_page()

        def printed(source: str) -> bytes:
            tab.set_content(source)
            return tab.pdf(prefer_css_page_size=True)

        yield printed
        browser.close()
