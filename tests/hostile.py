"""Files that harm, mislead or cannot be read, and good ones beside them, each made by a function of ours."""

import io
import random
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import openpyxl
from reportlab.lib.pagesizes import letter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

MIB = 1024 * 1024
BODY = getSampleStyleSheet()["BodyText"]
LOGIN = "<html><head><title>Sign in</title></head><body><form><p>Please sign in to see this document.</p></form>"
Rows = list[tuple[Any, ...]]


# --- PDF ------------------------------------------------------------------------------------------------------------
def pdf(*lines: str, rows: Rows | None = None, title: str = "", **options: Any) -> bytes:
    """Paragraphs, then a table drawn with rules."""
    flow: list[Any] = [Paragraph(line, BODY) for line in lines]
    if rows:
        flow.append(Table([list(map(str, row)) for row in rows], style=[("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=letter, title=title, invariant=True, **options).build(flow)
    return out.getvalue()


def encrypted_pdf() -> bytes:
    return pdf("Declined: 12", encrypt=StandardEncryption("secret", ownerPassword="other"))


def scanned_pdf() -> bytes:
    """Three pages of noise."""
    from PIL import Image

    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    noise = Image.frombytes("L", (200, 260), random.Random(1).randbytes(200 * 260))
    for _ in range(3):
        canvas.drawImage(ImageReader(noise), 0, 0, 595, 842)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def pages_pdf(count: int) -> bytes:
    """A file of `count` pages with one line each."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    text = b"BT /F1 12 Tf 72 700 Td (Declined detainers: 12) Tj ET"
    objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(text), text))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
    objects += [page] * count
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj" % number + one + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def overwritten(data: bytes) -> bytes:
    """The file with all of its middle gone."""
    edge = min(len(data) // 8, 200)
    return data[:edge] + b"\x07" * (len(data) - 2 * edge) + data[-edge:]


# --- XLSX -----------------------------------------------------------------------------------------------------------
def workbook(*rows: tuple[Any, ...], sheets: int = 1) -> bytes:
    """A workbook with these rows in its first sheet, and `sheets` - 1 others that hold something else."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    for number in range(1, sheets):
        book.create_sheet(f"S{number}").append(("x", number))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def large(data: bytes) -> bytes:
    """The workbook with a picture of 5 MB in it, which makes it one that is read row by row."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/media/image1.png", random.Random(2).randbytes(5 * MIB))
    return out.getvalue()


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
_HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_LINE = b'<row><c t="inlineStr"><is><t>Cook County</t></is></c><c><v>12</v></c></row>' * 100


def _deflated(size: int) -> tuple[bytes, int, int]:
    """A sheet of about `size` bytes as raw deflate, its CRC and its exact size, made without holding it."""
    press, crc, length, out = zlib.compressobj(6, zlib.DEFLATED, -15), 0, 0, []
    block = _LINE * (MIB // len(_LINE))
    for piece in (_HEAD, *[block] * (size // len(block)), b"</sheetData></worksheet>"):
        crc, length = zlib.crc32(piece, crc), length + len(piece)
        out.append(press.compress(piece))
    return b"".join([*out, press.flush()]), crc, length


def bomb(parts: int, each: int) -> bytes:
    """A workbook with `parts` sheets that unpack to `each` bytes; one of the size of an honest one."""
    data, crc, size = _deflated(each)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(("a", "b"), sheets=parts))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if not name.startswith("xl/worksheets/"):
                new.writestr(name, old.read(name))
        start = new.start_dir
        for number in range(1, parts + 1):
            info = zipfile.ZipInfo(f"xl/worksheets/sheet{number}.xml")
            info.compress_type, info.header_offset = zipfile.ZIP_DEFLATED, start
            info.CRC, info.compress_size, info.file_size = crc, len(data), size
            out.seek(start)
            out.write(info.FileHeader() + data)
            start = out.tell()
            new.filelist.append(info)
        new.start_dir, new._didModify = start, True  # type: ignore[attr-defined]
    return out.getvalue()


_LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]>"  # fmt: skip


def laughing(data: bytes, name: str) -> bytes:
    """The workbook with a part that unfolds to a milliard laughs."""

    def joke(part: bytes) -> bytes:
        start = part.find(b"?>") + 2 if part.startswith(b"<?xml") else 0
        end = part.find(b">", start) + 1
        return part[:start] + _LAUGHS + part[start:end] + b"&j;" + part[end:]

    return changed(data, name, joke)


def ole(*, encrypted: bool) -> bytes:
    """The beginning of a file as Excel encrypts it, or of an XLS that holds nothing."""
    name = "EncryptedPackage" if encrypted else "Workbook"
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + name.encode("utf-16-le") + bytes(4000)


# --- CSV and HTML ---------------------------------------------------------------------------------------------------
def csv(rows: Rows) -> bytes:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows).encode()


def nested(tag: str, times: int) -> bytes:
    return f"<html><head><title>Deep</title></head><body>{f'<{tag}>' * times}Declined: 12".encode()


def endless_page(size: int) -> bytes:
    words = b"<p>In one week 12 detainers were declined by the county of the example, it says.</p>\n"
    return b"<html><head><title>Long</title></head><body>" + words * (size // len(words))
