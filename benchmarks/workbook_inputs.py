"""A workbook like the release of detainer records, and its successor: 65 columns, six rows above the header."""

import hashlib
import html
import json
import random
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

_NAMES: Final = (
    "Detainer Prepare Date,Facility State,Facility AOR,Port of Departure,Departure Country,Departed Date,Case Status,"
    "Detainer Criminality,Detainer Facility,Detainer Facility Code,Facility City,Detainer Threat Level,Gender,"
    "Citizenship Country,Birth Country,Birth Date,Birth Year,Entry Status,Most Serious Conviction (MSC) Charge,"
    "MSC Sentence Days,MSC Sentence Months,MSC Sentence Years,MSC Charge Code,MSC Charge Date,MSC Conviction Date,"
    "Felon,Processing Disposition,Case Category,Final Program,Arrest Time Case Category,Arrest Time Current Program,"
    "Apprehension Method,Final Order Yes No,Final Order Date,Apprehension Date,Entry Date,Prior Felony Yes No,"
    "Multiple Prior MISD Yes No,Violent Misdemeanor Yes No,Illegal Entry Yes No,Illegal Reentry Yes No,"
    "Immigration Fraud Yes No,Significant Risk Yes No,Other Removal Reason Yes No,Criminal Street Gang Yes No,"
    "Aggravated Felony Yes No,Deportation Ordered Yes No,Order Show Cause Served Yes No,Biometric Match Yes No,"
    "Statements Made Yes No,Unlawful Attempt Yes No,Unlawful Entry Yes No,Visa Yes No,Federal Interest Yes No,"
    "Resume Custody Yes No,Detainer Lift Reason,Detainer Lift Reason Code,Active Investigation Yes No,"
    "Arrest Warrant Served Date,Detainer Type,Notify Release Request Yes No,TOD Current Duty Site,Alien File Number,"
    "EID Case ID,Anonymized Identifier"
)
COLUMNS: Final = tuple(_NAMES.split(","))
DECLINED: Final = "Detainer Declined by LEA"
NOTICE: Final = "Insufficient Notice to ICE"
_ABOVE: Final = ("U.S. Immigration and Customs Enforcement", "ERO Detainers", "", "Law Enforcement Sensitive", "FY2026")
_HEADER: Final = 7
_CHANGED: Final = "Case Status"
_STATES: Final = ("CALIFORNIA", "ILLINOIS", "VIRGINIA", "MASSACHUSETTS", "MINNESOTA", "TEXAS", "FLORIDA", "NEW YORK")
_REASONS: Final = ["Booked into Detention"] * 50 + [DECLINED] * 6 + [NOTICE] + ["Case Closed"] * 6 + [""] * 37
_OFFENCES: Final = ("Assault", "Dangerous Drugs", "DUI Liquor", "Robbery", "Burglary", "Traffic Offense", "")
_COUNTRIES: Final = ("MEXICO", "GUATEMALA", "HONDURAS", "EL SALVADOR", "CUBA")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="FY2026" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
    '<xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


class _Strings(dict[str, int]):
    """Texts, each with its number in the workbook's table of shared strings."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


_LETTERS: Final = tuple(map(_letters, range(len(COLUMNS))))
_DATES: Final = frozenset(place for place, name in enumerate(COLUMNS) if name.endswith("Date"))
_YES_NO: Final = frozenset(place for place, name in enumerate(COLUMNS) if name.endswith("Yes No"))
_NUMBERS: Final = frozenset(place for place, name in enumerate(COLUMNS) if name.startswith("MSC Sentence"))


def changed(rows: int) -> int:
    """In how many rows the successor differs: one in a hundred."""
    return len(range(3, rows, 100))


def write(first: Path, second: Path, rows: int) -> dict[str, int]:
    """Write both workbooks; return how many rows were declined, and of how many ICE had insufficient notice."""
    draw, strings = random.Random(7), _Strings()
    counts = {DECLINED: 0, NOTICE: 0}
    with ExitStack() as stack:
        books = [
            stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, True, 1)) for path in (first, second)
        ]
        sheets: list[list[str]] = [[], []]
        parts = [stack.enter_context(_part(book)) for book in books]
        _put(parts, [[*_opening(strings)] for _ in parts])
        for number in range(rows):
            cells, reason = _cells(number, draw)
            counts[reason] = counts.get(reason, 0) + 1
            sheets[0].append(_row(number + _HEADER + 1, cells, strings))
            if number % 100 == 3:
                cells[COLUMNS.index(_CHANGED)] = "CHANGED"
                sheets[1].append(_row(number + _HEADER + 1, cells, strings))
            else:
                sheets[1].append(sheets[0][-1])
            if len(sheets[0]) == 2000:
                _put(parts, sheets)
        _put(parts, [[*last, "</sheetData></worksheet>"] for last in sheets])
        for part, book in zip(parts, books, strict=True):
            part.close()
            for name, text in (_PARTS | {"xl/sharedStrings.xml": _table(strings)}).items():
                book.writestr(name, '<?xml version="1.0"?>' + text)
    return {name: counts[name] for name in (DECLINED, NOTICE)}


def _part(book: zipfile.ZipFile) -> IO[bytes]:
    return book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)


def _put(parts: list[IO[bytes]], sheets: list[list[str]]) -> None:
    for part, rows in zip(parts, sheets, strict=True):
        part.write("".join(rows).encode())
        rows.clear()


def _opening(strings: _Strings) -> Iterator[str]:
    yield f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>'
    for number, text in enumerate(_ABOVE, 1):
        if text:
            yield _row(number, [text], strings)
    yield _row(_HEADER, list(COLUMNS), strings)


def _row(number: int, cells: list[str | int | None], strings: _Strings) -> str:
    """Return the row; a number in a column of dates is a date."""
    parts = [f'<row r="{number}">']
    for place, cell in enumerate(cells):
        if isinstance(cell, int):
            style = ' s="1"' if place in _DATES else ""
            parts.append(f'<c r="{_LETTERS[place]}{number}"{style}><v>{cell}</v></c>')
        elif cell:
            parts.append(f'<c r="{_LETTERS[place]}{number}" t="s"><v>{strings[cell]}</v></c>')
    parts.append("</row>")
    return "".join(parts)


def _cells(number: int, draw: random.Random) -> tuple[list[str | int | None], str]:
    facility, country, reason = draw.randrange(1500), draw.choice(_COUNTRIES), draw.choice(_REASONS)
    day = 45_931 + draw.randrange(300)  # from 1 October 2025 on
    told: dict[str, str | int] = {
        "Detainer Prepare Date": day,
        "Facility State": _STATES[facility % 8],
        "Detainer Facility": f"FACILITY {facility} COUNTY JAIL",
        "Detainer Facility Code": f"FC{facility}",
        "Facility City": f"CITY {facility % 700}",
        "Detainer Lift Reason": reason,
        "Detainer Lift Reason Code": "A" if reason == DECLINED else "",
        "Citizenship Country": country,
        "Birth Country": country,
        "Birth Year": draw.randrange(1950, 2005),
        "Most Serious Conviction (MSC) Charge": draw.choice(_OFFENCES),
        "Alien File Number": "(b)(6), (b)(7)(c)",
        "EID Case ID": "(b)(6), (b)(7)(c)",
        "Anonymized Identifier": hashlib.sha1(str(number).encode()).hexdigest(),
    }
    dice = draw.getrandbits(2 * len(COLUMNS))
    cells: list[str | int | None] = []
    for place, name in enumerate(COLUMNS):
        die = dice >> 2 * place & 3
        if name in told:
            cells.append(told[name])
        elif place in _DATES:
            cells.append(day - draw.randrange(3000) if die < 2 else None)
        elif place in _YES_NO:
            cells.append(("YES", "NO", "NO", None)[die])
        elif place in _NUMBERS:
            cells.append(draw.randrange(100))
        else:
            cells.append((name, "Not  Applicable", None, "Other")[die])
    return cells, reason


def _table(strings: _Strings) -> str:
    items = "".join(f'<si><t xml:space="preserve">{html.escape(text)}</t></si>' for text in strings)
    return f'<sst xmlns="{_MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{items}</sst>'


def made(folder: Path, rows: int) -> tuple[Path, Path, dict[str, int]]:
    """Return both workbooks and the counts of the first, made on first use."""
    first, second, counts = (folder / f"records-{rows}{end}" for end in ("-a.xlsx", "-b.xlsx", ".json"))
    if not counts.exists():
        print(f"Making two workbooks of {rows:,} rows ...", flush=True)
        counts.write_text(json.dumps(write(first, second, rows)))
    return first, second, json.loads(counts.read_text())
