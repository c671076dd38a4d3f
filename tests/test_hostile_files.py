"""Encrypted, cut, forged and boundless files: one clear problem each, and nobody else notices (C2, C3, C19, N9, N12).

All cases run side by side through the same rounds of the real command. Each is a source of its own with three
releases: one known before, which turns hostile and comes back; one new and hostile, which is put right later; and a
good new neighbour.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import ddor_reports, hostile
from tests import test_readers_ice_ddr as ddr
from tests.desk import Desk
from tests.hostile import LOGIN, MIB, Rows
from tests.publisher import Publisher, serving

PDF, HTML, CSV = "application/pdf", "text/html; charset=utf-8", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMIT_MB, CHILD_MB, SECONDS = 350, 256, 60
OLD, NEXT, BAD = "old", "next", "bad"


def numbered(number: int) -> Rows:
    """A table that is another one for each number."""
    head = ("Jurisdiction", "State", "Declined")
    return [head, ("Cook County", "IL", 10 + number), ("King County", "WA", 20 + number), ("Lake County", "IN", number)]


def agreements(number: int) -> Rows:
    head = ("STATE", "LAW ENFORCEMENT AGENCY", "TYPE", "COUNTY", "SUPPORT TYPE", "SIGNED")
    more = ("TEXAS", f"Agency {number}", "County", "Aransas County", "Jail Enforcement Model", "2020-06-08")
    return [head, ("OHIO", "Butler County Sheriff", "County", "Butler County", "Task Force Model", "2025-02-01"), more]


def records(number: int) -> Rows:
    head = ("Detainer Prepare Date", "Detainer Lift Reason", "Facility State", "Detention Facility")
    return [head, ("2024-01-05", "Detainer Declined by LEA", "IL", "Cook County Jail"),
            ("2024-02-0" + str(number), "Insufficient Notice to ICE", "WA", "King County Jail")]  # fmt: skip


def quarterly(number: int) -> bytes:
    title = f"Declined Detainer Report: Fiscal Year 2018, {('First', 'Second', 'Third')[number - 1]} Quarter"
    cases = ("January 14, 2018", "March 2, 2018", "May 3, 2018")[number - 1]
    return hostile.pdf(
        title, ddr.INTRO.replace("3 cases", "1 cases"), f"1. {ddr.LAPD.replace('January 14, 2018', cases)}", title=title
    )


def weekly(number: int) -> bytes:
    return ddor_reports.pdf(ddor_reports.made(rows=2 + number, policies=2), ddor_reports.LAYOUTS[0])


def told(number: int) -> str:
    return f"In fiscal year 2018 Cook County declined {number}25 detainers, the office said in its paper."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which documents a reader is offered: its block, names of files, and good content by number (1, 2, 3)."""

    reader: str
    ending: str
    good: Callable[[int], bytes]
    options: dict[str, Any] = field(default_factory=dict)
    name: str = "{}"
    names: tuple[str, str, str] = (OLD, NEXT, BAD)
    media_type: str = PDF

    @property
    def id(self) -> str:
        return f"{self.reader}-{self.ending}"

    def file(self, which: str) -> str:
        return self.name.format(self.names[(OLD, NEXT, BAD).index(which)]) + f".{self.ending}"


FOLLOW = {"follow": "main a"}
TABLE = FOLLOW | {
    "columns": {
        "jurisdiction": "Jurisdiction",
        "state": "State",
        "count": {"header": "Declined", "type": "integer", "measure": "detainer_declined", "unit": "detainers"},
    }
}
PDFS = (
    Kind(reader="ice_ddor", ending="pdf", good=weekly, name="declined-detainer-outcome-{}"),
    Kind(reader="ice_ddr", ending="pdf", good=quarterly, name="ddr_fy2018_{}", names=("q1", "q2", "q3")),
    Kind(reader="cis_post", ending="pdf", good=lambda n: hostile.pdf("A paper", told(n)), options=FOLLOW),
    Kind(reader="judicial_watch", ending="pdf", good=lambda n: hostile.pdf("A paper", told(n))),
    Kind(reader="table", ending="pdf", good=lambda n: hostile.pdf("Counts", rows=numbered(n)), options=TABLE),
    Kind(reader="page", ending="pdf", good=lambda n: hostile.pdf("A paper", told(n)), options=FOLLOW),
)
BOOKS = tuple(
    Kind(reader=reader, ending="xlsx", good=good, options=options, name=name, media_type=XLSX, names=names)
    for reader, good, options, name, names in (
        ("ice_287g", lambda n: hostile.workbook(*agreements(n)), {}, "participatingAgencies{}",
         ("03012025", "03022025", "03032025")),
        ("detainer_records", lambda n: hostile.workbook(*records(n)), {}, "detainers-{}",
         ("FY2022", "FY2023", "FY2024")),
        ("table", lambda n: hostile.workbook(*numbered(n)), TABLE, "{}", (OLD, NEXT, BAD)),
        ("judicial_watch", lambda n: hostile.workbook(*numbered(n)), {}, "{}", (OLD, NEXT, BAD)),
        ("page", lambda n: hostile.workbook(*numbered(n)), FOLLOW, "{}", (OLD, NEXT, BAD)),
    )
)  # fmt: skip
LISTS = tuple(
    Kind(reader=reader, ending="csv", good=good, options=options, name=name, media_type=CSV, names=names)
    for reader, good, options, name, names in (
        ("detainer_records", lambda n: hostile.csv(records(n)), {}, "detainers-{}",
         ("FY2022", "FY2023", "FY2024")),
        ("table", lambda n: hostile.csv(numbered(n)), TABLE, "{}", (OLD, NEXT, BAD)),
        ("judicial_watch", lambda n: hostile.csv(numbered(n)), {}, "{}", (OLD, NEXT, BAD)),
        ("page", lambda n: hostile.csv(numbered(n)), FOLLOW, "{}", (OLD, NEXT, BAD)),
    )
)  # fmt: skip


def web_page(number: int) -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in numbered(number))
    return f"<html><head><title>Counts</title></head><body><p>{told(number)}</p><table>{rows}</table>".encode()


PAGES = tuple(
    Kind(reader=reader, ending="html", good=web_page, options=options, media_type=HTML)
    for reader, options in (("table", TABLE), ("cis_post", FOLLOW), ("judicial_watch", FOLLOW), ("page", FOLLOW))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A hostile body under a name, for one reader; `reason` is what the problem must say, None: it is read right."""

    kind: Kind
    name: str
    make: Callable[[], bytes]
    reason: str | None
    media_type: str

    @property
    def id(self) -> str:
        return f"{self.kind.id}-{self.name}".replace("_", "-")

    @property
    def folder(self) -> str:
        return f"/{self.id}"

    def address(self, publisher: Publisher, which: str) -> str:
        return f"{publisher.base}{self.folder}/{self.kind.file(which)}"


Made = tuple[str, Callable[[Kind], bytes], str | None]


def altered(change: Callable[[bytes], bytes]) -> Callable[[Kind], bytes]:
    return lambda kind: change(kind.good(3))


def always(make: Callable[[], bytes]) -> Callable[[Kind], bytes]:
    found: list[bytes] = []
    return lambda _: found[0] if found else found.append(make()) or found[0]  # type: ignore[func-returns-value]


HOSTILE_PDFS: tuple[Made, ...] = (
    ("encrypted", always(hostile.encrypted_pdf), "encrypted and needs a password"),
    ("corrupt", altered(hostile.overwritten), "damaged"),
    ("truncated", altered(lambda data: data[: len(data) * 2 // 3]), "cut"),
    ("pageless", always(partial(hostile.pages_pdf, 0)), "no pages|damaged"),
    ("scanned", always(hostile.scanned_pdf), "scan"),
    ("long", always(partial(hostile.pages_pdf, 10_000)), "10,000 pages"),
    ("html", always(LOGIN.encode), "web page|no PDF but text/html"),
)
CLAIM = partial(re.sub, rb"<dimension [^>]*>", b'<dimension ref="A1:XFD1048576"/>')
CORNER = partial(
    re.sub,
    rb"</sheetData>",
    b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>',
)
BOMB = always(partial(hostile.bomb, 1, 720 * MIB))
BOMBS = always(partial(hostile.bomb, 12, 60 * MIB))
HOSTILE_BOOKS: tuple[Made, ...] = (
    ("encrypted", always(partial(hostile.ole, encrypted=True)), "encrypted and needs a password"),
    ("xls", always(partial(hostile.ole, encrypted=False)), "damaged"),
    ("corrupt", altered(hostile.overwritten), "damaged|no workbook|archive|zip"),
    ("truncated", altered(lambda data: data[: len(data) * 2 // 3]), "damaged or cut"),
    ("bomb", BOMB, "unpacks? to"),
    ("bombs", BOMBS, "unpacks? to"),
    ("large-bomb", lambda kind: hostile.large(BOMB(kind)), "unpacks? to"),
    ("large-bombs", lambda kind: hostile.large(BOMBS(kind)), "unpacks? to"),
    ("laughs", altered(lambda data: hostile.laughing(data, "xl/workbook.xml")), "document type"),
    ("laughs-in-sheet", altered(lambda data: hostile.laughing(data, hostile.SHEET)), "document type"),
    ("large-laughs", altered(lambda data: hostile.large(hostile.laughing(data, "xl/workbook.xml"))), "document type"),
    ("large-laughs-in-sheet", altered(lambda data: hostile.large(hostile.laughing(data, hostile.SHEET))),
     "document type"),
    ("corner", altered(lambda data: hostile.changed(data, hostile.SHEET, CORNER)), "spreads over"),
    ("html", always(LOGIN.encode), "web page|no workbook but text/html"),
)  # fmt: skip
HOSTILE_LISTS: tuple[Made, ...] = (
    ("nul", altered(lambda data: data.replace(b"Cook", b"Co\0ok")), "NUL|binary|no text"),
    ("long-cell", altered(lambda data: data.replace(b"Cook", b"Cook" * (10 * MIB // 4))),
     "more than 1,000,000 characters"),
    ("binary", always(lambda: b"\x01\x02\x03\x04\xfe\xff\x10\x11" * 5000), "binary|not text|no text"),
    ("unclosed", altered(lambda data: data.replace(b'"Cook', b'"Cook, "x')), "not properly delimited"),
    ("one-line", always(lambda: b"Cook County,12," * (24 * MIB // 15)), "line|cells|columns|MB to read"),
    ("html", always(LOGIN.encode), "web page"),
)  # fmt: skip
HOSTILE_PAGES: tuple[Made, ...] = (
    ("divs", always(partial(hostile.nested, "div", 100_000)), "deep"),
    ("tables", always(partial(hostile.nested, "table><tr><td", 20_000)), "deep"),
    ("bodiless", always(lambda: b"<html><head><title>Nothing</title></head></html>"), "no text|No table|no table"),
    ("endless", always(partial(hostile.endless_page, 50 * MIB)), "more than 256 MB|too large"),
)


def claim(kind: Kind) -> bytes:
    """A workbook that says its sheet reaches to the last cell a sheet can have."""
    return hostile.changed(kind.good(3), hostile.SHEET, CLAIM)


def cases() -> list[Case]:
    found = [
        Case(kind=kind, name=name, make=partial(make, kind), reason=reason, media_type=kind.media_type)
        for kinds, made in (
            (PDFS, HOSTILE_PDFS), (BOOKS, HOSTILE_BOOKS), (LISTS, HOSTILE_LISTS), (PAGES, HOSTILE_PAGES)
        )
        for kind in kinds
        for name, make, reason in made
        if name != "endless" or kind.reader == "page"
    ]  # fmt: skip
    for kind in (*PDFS, *BOOKS, *LISTS):  # what only its label gets wrong is read right (N12)
        for name, label in (("labelled-html", "text/html"), ("labelled-nothing", "application/octet-stream")):
            if kind not in LISTS or name != "labelled-html":
                found.append(Case(kind=kind, name=name, make=partial(kind.good, 3), reason=None, media_type=label))
    for kind in BOOKS:
        found.append(Case(kind=kind, name="claim", make=partial(claim, kind), reason=None, media_type=XLSX))
        big = partial(lambda one: hostile.large(claim(one)), kind)
        found.append(Case(kind=kind, name="large-claim", make=big, reason=None, media_type=XLSX))
    for kind in LISTS:
        wide = partial(lambda one: one.good(3).decode().encode("utf-16"), kind)
        found.append(Case(kind=kind, name="utf-16", make=wide, reason=None, media_type=CSV))
    return found


CASES = cases()
BAD_ONES = [case for case in CASES if case.reason is not None]


class Rounds:
    """What the product kept and told, round by round."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.publisher = publisher
        self.bodies = {case.id: case.make() for case in CASES}
        blocks = [
            {"id": case.id, "reader": case.kind.reader, "path": f"{case.folder}/", "confirm": {"failed_rounds": 1}}
            | case.kind.options
            | ({"series": case.id} if case.kind.reader == "ice_ddr" else {})  # else all would be the same reports
            for case in CASES
        ]
        self.desk = Desk(folder, publisher, *blocks, parse={"memory_mb": CHILD_MB, "timeout_seconds": SECONDS})
        self.desk.top["fetch"]["timeout_seconds"] = 30
        self.desk.watch(*blocks)
        self.problems: list[dict[str, list[str]]] = []
        self.kinds: list[dict[str, list[str]]] = []
        self.editions: list[dict[str, int]] = []
        for step in (self._good, self._hostile, self._same, self._healed, self._same):
            step()
            self._look()

    def _index(self, case: Case, *which: str) -> None:
        links = "".join(f'<li><a href="{case.folder}/{case.kind.file(one)}">Paper {one}</a></li>' for one in which)
        page = f"<html><head><title>Declined Detainer Reports</title></head><body><main><ul>{links}</ul></main></body>"
        self.publisher.put(f"{case.folder}/", page)

    def _put(self, case: Case, which: str, body: bytes, media_type: str) -> None:
        self.publisher.put(f"{case.folder}/{case.kind.file(which)}", body, media_type)

    def _good(self) -> None:
        for case in CASES:
            self._put(case, OLD, case.kind.good(1), case.kind.media_type)
            self._index(case, OLD)
        assert not self.desk.check().failed

    def _hostile(self) -> None:
        for case in CASES:
            if case.reason is not None:
                self._put(case, OLD, self.bodies[case.id], case.media_type)
            self._put(case, BAD, self.bodies[case.id], case.media_type)
            self._put(case, NEXT, case.kind.good(2), case.kind.media_type)
            self._index(case, BAD, NEXT, OLD)
        self.code, self.seconds, self.rss_mb, self.output = measured_check(self.desk.folder)

    def _same(self) -> None:
        self.desk.check()

    def _healed(self) -> None:
        for case in CASES:
            self._put(case, OLD, case.kind.good(1), case.kind.media_type)
            self._put(case, BAD, case.kind.good(3), case.kind.media_type)
        self.desk.check()

    def _look(self) -> None:
        problems: dict[str, list[str]] = {}
        for row in self.desk.ask("SELECT url, text FROM problem WHERE closed_at IS NULL AND code <> 'no_period'"):
            problems.setdefault(row["url"], []).append(row["text"])
        kinds: dict[str, list[str]] = {}
        for row in self.desk.ask("SELECT url, kind FROM event WHERE release_id IS NOT NULL ORDER BY rowid"):
            kinds.setdefault(row["url"], []).append(row["kind"])
        self.problems.append(problems)
        self.kinds.append(kinds)
        counted = "SELECT url, count(*) AS n FROM edition JOIN release USING (release_id) GROUP BY url"
        self.editions.append({row["url"]: row["n"] for row in self.desk.ask(counted)})


MEASURED = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call([sys.executable, "-m", "scraper.cli", "check"])
print(code, time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
"""


def measured_check(folder: Path) -> tuple[int, float, float, str]:
    """Run `check`; return its exit code, how long it took, the memory of its largest process, and what it said.

    A small process starts it: what one is started by counts into its own peak.
    """
    command = [sys.executable, "-c", MEASURED]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=True)
    *said, last = done.stderr.splitlines()
    code, seconds, rss = last.split()
    return int(code), float(seconds), float(rss), done.stdout + "\n".join(said)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    with serving(Publisher()) as publisher:
        yield Rounds(tmp_path_factory.mktemp("hostile"), publisher)


def test_the_round_with_all_of_them_ends_in_time_within_its_memory_and_without_a_fault_of_ours(rounds: Rounds) -> None:
    assert rounds.code == 1
    assert rounds.seconds < SECONDS
    assert rounds.rss_mb < LIMIT_MB
    assert "Traceback" not in rounds.output
    assert "fault of our own" not in rounds.output


@pytest.mark.parametrize("case", BAD_ONES, ids=lambda case: case.id)
def test_a_hostile_file_is_one_problem_in_words_and_its_neighbour_is_news(case: Case, rounds: Rounds) -> None:
    bad, neighbour = (case.address(rounds.publisher, which) for which in (BAD, NEXT))
    assert case.reason is not None
    for at in (1, 2):
        (text,) = rounds.problems[at][bad]
        assert case.kind.file(BAD) in text
        assert re.search(case.reason, text), text
        assert not re.search(r"Traceback|Error\b|Exception|\bNone\b|0x[0-9a-f]", text), text
        assert bad not in rounds.editions[at]
        assert rounds.editions[at][neighbour] == 1
        assert rounds.kinds[at][neighbour] == ["new"]
        assert rounds.kinds[at].get(bad, []) in (["new"], [])
    assert rounds.kinds[1].get(bad) == rounds.kinds[2].get(bad)
    archived = rounds.desk.ask("SELECT sha256 FROM capture WHERE url = ? ORDER BY capture_id", bad)[0]["sha256"]
    assert rounds.desk.settings.storage.archive.joinpath(archived[:2]).is_dir()


@pytest.mark.parametrize("case", BAD_ONES, ids=lambda case: case.id)
def test_a_hostile_file_that_is_put_right_heals_without_a_false_alarm(case: Case, rounds: Rounds) -> None:
    old, bad = (case.address(rounds.publisher, which) for which in (OLD, BAD))
    for at in (1, 2):
        (text,) = rounds.problems[at][old]
        assert re.search(case.reason or "", text), text
    restated = case.kind.reader == "ice_287g"  # such a list is told with its row changes once it can be read
    for at in (3, 4):
        assert old not in rounds.problems[at]
        assert bad not in rounds.problems[at]
        assert rounds.editions[at][bad] == 1
        assert rounds.editions[at][old] == 1 or restated
        assert rounds.kinds[at].get(old, []) == []
        assert rounds.kinds[at][bad] == ["new"] * (1 + restated)


@pytest.mark.parametrize("case", [case for case in CASES if case.reason is None], ids=lambda case: case.id)
def test_what_only_claims_to_be_something_else_is_read_right(case: Case, rounds: Rounds) -> None:
    bad = case.address(rounds.publisher, BAD)
    for at in (1, 2, 3, 4):
        assert rounds.problems[at].get(bad, []) == []
        assert rounds.editions[at][bad] == 1
        assert rounds.kinds[at][bad] == ["new"]


LONG = {"id": "long", "reader": "table", "path": "/long.csv", "columns": TABLE["columns"]}


def test_check_on_a_terminal_shows_how_far_a_long_table_is(tmp_path: Path, publisher: Publisher) -> None:
    """Rows read are told while the child reads, rows stored while they are written."""
    rows: Rows = [("Jurisdiction", "State", "Declined"), *((f"County {n}", "IL", n) for n in range(30_000))]
    publisher.put("/long.csv", hostile.csv(rows), CSV)
    desk = Desk(
        tmp_path, publisher, {"id": "long", "reader": "table", "path": "/long.csv", "columns": TABLE["columns"]}
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    environ = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "scraper.cli", "check"], cwd=desk.folder, stdout=theirs, stderr=theirs, env=environ
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux ends a terminal that nobody holds any more with an error
            while piece := os.read(ours, 65_536):
                shown += piece
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    told = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert re.search(r"long: [0-9]{2},[0-9]{3} rows (?:read|stored)", told), told
    assert "long: now watching" in told
