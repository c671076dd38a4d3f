"""What the bundled publisher publishes: pages, a feed, and tables as HTML, CSV, XLSX and PDF. All of it is invented."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

PUBLISHER: Final = "Example County Records Office"
INVENTED: Final = "Invented data: this publisher exists only in the demonstration of Detainer Watch."
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COUNTIES: Final = {
    "Example County": (188, 21),
    "Sample County": (93, 4),
    "Specimen County": (74, 11),
    "Fictional County": (68, 0),
    "Placeholder County": (41, 6),
    "Lorem County": (12, 1),
}
"""County -> detainers declined, detainers with insufficient notice."""

Rows = Sequence[Sequence[str | int]]


class Notice(NamedTuple):
    """An article of the publisher."""

    slug: str
    day: str
    title: str
    paragraphs: tuple[str, ...]


NOTICES: Final = (
    Notice(
        "first-quarter",
        "2025-04-10",
        "Detainers in the first quarter",
        (
            "The Records Office received 212 detainers between January and March 2025.",
            "Of these, 93 detainers were recorded as declined and 4 as received with insufficient notice.",
            "The counts are those of the booking system on April 7, 2025.",
        ),
    ),
    Notice(
        "policy",
        "2025-05-02",
        "Notice on the policy of the Sample County jail",
        (
            "From May 1, 2025, the Sample County jail honors a detainer only with a warrant signed by a judge.",
            "The policy was enacted by the county board on April 22, 2025.",
        ),
    ),
)
SECOND_QUARTER: Final = Notice(
    "second-quarter",
    "2025-07-09",
    "Detainers in the second quarter",
    (
        "The Records Office received 240 detainers between April and June 2025.",
        "Of these, 101 detainers were recorded as declined and 7 as received with insufficient notice.",
    ),
)
BULLETINS: Final = (
    Notice("1", "2025-06-03", "Bulletin 1: how we count", ("A detainer is counted in the month of its date.",)),
)
SECOND_BULLETIN: Final = Notice(
    "2", "2025-07-09", "Bulletin 2: second quarter", ("The figures of the second quarter were published today.",)
)


def page(title: str, body: str) -> bytes:
    """An HTML page in the publisher's frame."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>'
        f"<header><p>{PUBLISHER}</p></header><main><h1>{escape(title)}</h1>{body}</main>"
        f"<footer><p>{INVENTED}</p></footer></body></html>"
    ).encode()


def article(notice: Notice) -> bytes:
    """One notice as a page."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in notice.paragraphs)
    return page(notice.title, f'<p><time datetime="{notice.day}">{notice.day}</time></p>{text}')


def index(notices: Sequence[Notice]) -> bytes:
    """The page that lists the notices, newest first."""
    items = "".join(
        f'<li class="notice"><a href="/notices/{one.slug}">{escape(one.title)}</a>'
        f' <time datetime="{one.day}">{one.day}</time></li>'
        for one in sorted(notices, key=lambda one: one.day, reverse=True)
    )
    return page("Notices", f"<ul>{items}</ul>")


def feed(bulletins: Sequence[Notice], base: str) -> bytes:
    """The bulletins as RSS."""
    items = "".join(
        f"<item><title>{escape(one.title)}</title><link>{base}/bulletins/{one.slug}</link>"
        f"<guid>{base}/bulletins/{one.slug}</guid><description>{escape(one.paragraphs[0])}</description></item>"
        for one in bulletins
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{PUBLISHER}</title>'
        f"<link>{base}/</link><description>{INVENTED}</description>{items}</channel></rss>"
    ).encode()


def html_table(counties: Mapping[str, tuple[int, int]]) -> bytes:
    """The counties as a table on a page."""
    rows = "".join(
        f"<tr><td>{name}</td><td>{declined}</td><td>{notice}</td></tr>" for name, (declined, notice) in counties.items()
    )
    head = "<tr><th>Jurisdiction</th><th>Declined</th><th>Insufficient notice</th></tr>"
    return page("Declined detainers by county, 2025", f'<table id="counties">{head}{rows}</table>')


def csv_table(rows: Rows) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def xlsx_table(sheet: str, rows: Rows) -> bytes:
    """Rows as a workbook of one sheet, made of the five parts that a workbook must have."""
    cells = "".join(f'<row r="{number}">{"".join(map(_xlsx_cell, row))}</row>' for number, row in enumerate(rows, 1))
    kind, rels = (
        "application/vnd.openxmlformats-",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "officedocument.spreadsheetml"
    packages = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        f'<Default Extension="rels" ContentType="{kind}package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}{office}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}{office}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name), '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
    return file.getvalue()


def _xlsx_cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def pdf_table(title: str, rows: Rows) -> bytes:
    """Rows as a ruled table on one PDF page in a font that every reader has."""
    edges, top, height = (72, 300, 420, 540), 700, 24
    ops = [f"BT /F 16 Tf 72 740 Td ({title}) Tj ET", f"BT /F 8 Tf 72 60 Td ({INVENTED}) Tj ET"]
    bottom = top - height * len(rows)
    ops += [f"{x} {bottom} m {x} {top} l S" for x in edges]
    ops += [f"{edges[0]} {top - height * n} m {edges[-1]} {top - height * n} l S" for n in range(len(rows) + 1)]
    for number, row in enumerate(rows, 1):
        for x, value in zip(edges, row, strict=False):
            ops.append(f"BT /F 11 Tf {x + 6} {top - height * number + 8} Td ({value}) Tj ET")
    stream = "\n".join(ops)
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    )
    text, offsets = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    text += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    text += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{text.index('xref')}\n%%EOF\n"
    return text.encode("ascii")
