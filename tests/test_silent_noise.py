"""What must raise none: the same content served in other ways, on an index, on its documents and on a table."""

import gzip
import io
import unicodedata
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from tests.desk import Desk
from tests.publisher import Publisher, Reply, serving

NEWS = {"id": "news", "reader": "page", "path": "/list", "follow": "main li a", "confirm": {"withdrawn_rounds": 2}}
COLUMNS = {"jurisdiction": "Jurisdiction", "state": "State", "count": {"header": "Declined", "type": "integer"}}
LIST = {"id": "counts", "reader": "table", "path": "/table", "columns": COLUMNS}
SHOWN = {"id": "shown", "reader": "page", "path": "/table"}
SOURCES = [NEWS, LIST, SHOWN]
NAMES = ("b", "a")
ROWS = [
    ("Doña Ana County", "NM", "1,804"),
    ("Prince George’s County", "MD", "2,981"),
    ("Fairfax County", "VA", "1,151"),
]

PAGE = """<!DOCTYPE html><html lang="en"><head><title>{title}</title><meta charset="utf-8">
<meta name="csrf-token" content="c4f1"><link rel="stylesheet" href="/css/css_8f3a.css?v=1"><script nonce="n0nce"
src="/js/main.8f3a.js"></script><script>window.token = "t1"; var now = 1763870400;</script></head>
<body class="page-node-1" data-build="b1"><div id="cookie"></div>
<form><input type="hidden" name="form_build_id" value="form-1"></form>
<main id="main"><div class="view js-view-dom-id-0a1b" id="colorbox-1"><h1>{title}</h1><!-- served by web1 -->
<img src="/seal.png?itok=8f3a" alt="">{body}<div id="ad"></div><p id="clock"></p><p id="views"></p></div></main>
<footer><p>Footer of the publisher</p></footer></body></html>"""


def page(title: str, body: str) -> str:
    return PAGE.replace("{title}", title).replace("{body}", body)


def article(name: str) -> str:
    text = f"In the week of February 4, 2017, 206 of the county’s detainers were declined in Doña Ana ({name})."
    return page(f"Report {name}", f"<p>{text}</p><p>A second paragraph about the counts and how they were made.</p>")


def listing(*names: str) -> str:
    items = "".join(f'<li><a href="/r/{name}">Report {name}</a> <span>of March 3, 2017</span></li>' for name in names)
    return page("Reports", f"<ul>{items}</ul>")


def table(rows: list[tuple[str, ...]] = ROWS) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "<tr><th>Jurisdiction</th><th>State</th><th>Declined</th></tr>"
    return page("Counts by county", f"<p>The county’s counts.</p><table>{head}{body}</table>")


def publish(site: Publisher, change: Callable[[str], str] = lambda text: text) -> None:
    """The index, two documents and a table, each as `change` renders it."""
    site.put("/list", change(listing(*NAMES)))
    site.put("/table", change(table()))
    for name in NAMES:
        site.put(f"/r/{name}", change(article(name)))


def other(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def after(mark: str, block: str) -> Callable[[str], str]:
    return other(f'id="{mark}">', f'id="{mark}">{block}')


CLOCKS = (
    "Last generated: 2026-11-23 04:00:00", "Page last updated: Monday, November 23, 2026 4:00 PM",
    "Last Updated: 11/23/2026, 04:00:12 AM", "Data last refreshed 23 Nov 2026 at 16:00 UTC", "Generated at 04:00:12",
    "This page was generated on November 23, 2026 at 4:00 p.m. EST", "Last updated: 3 hours ago",
    "Updated 5 minutes ago", "Current time: 04:00:12", "Report run time: 2026-11-23T04:00:12Z",
    "As of 11/23/2026 4:00:12 PM", "Last modified: Mon, 23 Nov 2026 04:00:00 GMT", "Last Reviewed: 11/23/2026 04:00",
    "Page rendered in 0.123 seconds",
)  # fmt: skip
COUNTERS = ("1,204 views", "Views: 1,205", "Viewed 12 times", "Shares 33", "17 people are reading this", "Downloads: 9")
RENDERS: dict[str, Callable[[str], str]] = {
    "comments": other("<!-- served by web1 -->", "<!-- served by web2 at 04:00:12 --><!-- cached -->"),
    "a nonce in an attribute": other("n0nce", "q7Zr2"),
    "a csrf token in a meta tag": other("c4f1", "d5e2"),
    "a token in a hidden input": other("form-1", "form-Xy9"),
    "tokens and times in a script": other('"t1"; var now = 1763870400', '"t2"; var now = 1763870499'),
    "ids of each render in a class": other("js-view-dom-id-0a1b", "js-view-dom-id-77ff"),
    "ids of each render as an id": other("colorbox-1", "colorbox-93847"),
    "a build number in an attribute": other('data-build="b1"', 'data-build="b2" data-render-id="9"'),
    "an asset hash in a stylesheet": other("css_8f3a.css?v=1", "css_11c0.css?v=2"),
    "an asset hash in a script's address": other("main.8f3a.js", "main.90ab.js"),
    "a query behind an image": other("itok=8f3a", "itok=zz11"),
    "white space between elements": lambda text: text.replace("><", ">\n\t  <"),
    "white space between words": lambda text: text.replace(" of ", "\r\n   of  "),
    "no-break spaces as entities": lambda text: text.replace(" of ", "&nbsp;of "),
    "no-break spaces as characters": lambda text: text.replace(" of ", " of\u202f").replace("4, 2017", "4,\u00a02017"),
    "entities for letters": lambda text: text.replace("’", "&#8217;").replace("ñ", "&ntilde;"),
    "straight quotes for curly ones": lambda text: text.replace("’", "'"),
    "decomposed letters": lambda text: unicodedata.normalize("NFD", text),
    "soft hyphens and zero-width spaces": lambda text: text.replace("County", "Coun\u00adty").replace(
        "count", "\u200bcount"
    ),
    "capitals in tags, other quotes and attributes": lambda text: text.replace("<p>", '<P class="x1">').replace(
        "</p>", "</P>"
    ),
    "inline elements around words": lambda text: text.replace("County", "<span>County</span>").replace(
        "2017", "<b>2017</b>"
    ),
    "a cookie banner": after(
        "cookie",
        '<div class="cookie-banner" id="onetrust-banner-sdk" role="dialog"><p>We use cookies on this site to '
        "improve your experience. By clicking Accept you agree.</p><button>Accept</button></div>",
    ),
    "a cookie banner in the main part": after(
        "main", '<div class="eu-cookie-compliance-banner"><p>We use cookies. Accept or decline.</p></div>'
    ),
    "an advertisement": after("ad", '<div class="ad-slot"><p>Buy 2 for 1, until March 4!</p></div>'),
    "another advertisement": after("ad", '<ins class="adsbygoogle"><p>Win $1,000</p></ins><p>Advertisement</p>'),
    **{f"a clock, {clock}": after("clock", clock) for clock in CLOCKS},
    **{f"a counter, {counter}": after("views", counter) for counter in COUNTERS},
}


def same(desk: Desk, act: Callable[[], object], rounds: int = 2) -> None:
    """No event, no edition and no reading, and all sources well."""
    sql = "SELECT (SELECT count(*) FROM edition) AS editions, (SELECT count(*) FROM reading) AS readings"
    before, held = desk.kinds(), [tuple(row) for row in desk.ask(sql)]
    act()
    for _ in range(rounds):
        assert not desk.check().failed, desk.health()
    changes = [tuple(row) for row in desk.ask("SELECT column_name, before, after FROM change")]
    assert desk.kinds() == before, changes
    assert [tuple(row) for row in desk.ask(sql)] == held, changes


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    publish(publisher)
    desk = Desk(tmp_path, publisher, *SOURCES)
    assert not desk.check().failed, desk.health()
    return desk


@pytest.mark.parametrize("name", RENDERS)
def test_another_render_of_the_same_content_raises_none(desk: Desk, name: str) -> None:
    """C12; on an index, on documents behind it, on a table and on a page watched in place."""
    same(desk, lambda: publish(desk.publisher, RENDERS[name]))


@pytest.mark.parametrize("clock", [*CLOCKS, *COUNTERS])
def test_a_clock_that_runs_on_raises_none(desk: Desk, clock: str) -> None:
    """From one time to another, not only from none to one."""
    publish(desk.publisher, after("clock", clock))
    desk.check()
    same(desk, lambda: publish(desk.publisher, after("clock", clock.translate(str.maketrans("0135", "1202")))), 1)


HEAD = ("Jurisdiction", "State", "Declined")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(end: str = "\n", quote: str = '"', separator: str = ",") -> bytes:
    return end.join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in [HEAD, *ROWS]).encode()


def as_xlsx(producer: str = "a", sheets_first: bool = False, numbers: bool = False) -> bytes:
    book = openpyxl.Workbook()
    book.properties.creator = producer
    for row in [HEAD, *ROWS]:
        book.active.append([int(cell.replace(",", "")) if numbers and cell[0].isdigit() else cell for cell in row])
    if numbers:
        for cell in book.active["C"]:
            cell.number_format = "#,##0"
    out = io.BytesIO()
    book.save(out)
    return zipped_anew(out.getvalue()) if sheets_first else out.getvalue()


def zipped_anew(data: bytes) -> bytes:
    """The same members in the other order, stored instead of deflated, of another day."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in reversed(old.namelist()):
            new.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), old.read(name))
    return out.getvalue()


def as_pdf(producer: str = "a", compressed: int = 1, title: str = "x") -> bytes:
    out = io.BytesIO()
    table = Table([HEAD, *ROWS], style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    SimpleDocTemplate(out, author=producer, producer=producer, title=title, pageCompression=compressed).build([table])
    return out.getvalue()


FILES: dict[str, tuple[bytes, bytes, str]] = {
    "a pdf by another producer, of another time": (as_pdf(), as_pdf("someone else", title="y"), "application/pdf"),
    "a pdf without compression": (as_pdf(), as_pdf(compressed=0), "application/pdf"),
    "a workbook by another author": (as_xlsx(), as_xlsx("someone else"), XLSX),
    "a workbook zipped in another order": (as_xlsx(), as_xlsx(sheets_first=True), XLSX),
    "a csv with other line ends": (as_csv(), as_csv("\r\n"), "text/csv"),
    "a csv with a byte-order mark": (as_csv(), b"\xef\xbb\xbf" + as_csv(), "text/csv"),
    "a csv in UTF-16": (as_csv(), as_csv().decode().encode("utf-16"), "text/csv"),
    "a csv in Windows-1252": (as_csv(), as_csv().decode().encode("cp1252"), "text/csv"),
    "a csv with semicolons": (as_csv(), as_csv(separator=";"), "text/csv"),
    "a csv with a line end and an empty line at its end": (as_csv(), as_csv() + b"\r\n\r\n", "text/csv"),
    "a csv with other quoting": (as_csv(separator=";"), as_csv(separator=";", quote=""), "text/csv"),
    "a csv called plain text": (as_csv(), as_csv(), "text/plain"),
}


@pytest.mark.parametrize("reader", ["table", "page"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_saved_again_raises_none(tmp_path: Path, publisher: Publisher, name: str, reader: str) -> None:
    before, after, media_type = FILES[name]
    publisher.put("/file", before, "text/csv" if media_type == "text/plain" else media_type)
    source = {"id": "file", "reader": reader, "path": "/file"} | ({"columns": COLUMNS} if reader == "table" else {})
    desk = Desk(tmp_path, publisher, source)
    assert not desk.check().failed, desk.health()
    same(desk, lambda: publisher.put("/file", after, media_type))


def redirect(site: Publisher, old: str, new: str, status: int = 301) -> None:
    site.pages.setdefault(new, site.pages[old])
    site.put(old, "moved", status=status, headers={"Location": new})


def chain(site: Publisher) -> None:
    """302 to 301 to the page, in another folder, for every address."""
    for path in ("/list", "/table", "/r/a", "/r/b"):
        redirect(site, path, f"/2026/moved{path}")
        site.put(path, "moved", status=302, headers={"Location": f"{path}/hop"})
        site.put(f"{path}/hop", "moved", status=301, headers={"Location": f"/2026/moved{path}"})


def relinked(*pairs: tuple[str, str]) -> Callable[[Publisher], object]:
    def act(site: Publisher) -> None:
        body = listing(*NAMES)
        for old, new in pairs:
            assert old in body
            body = body.replace(old, new)
            site.pages.setdefault(new.split('"')[1].partition("#")[0], site.pages[f"/r/{old[-2]}"])
        site.put("/list", body)

    return act


def reordered(site: Publisher) -> None:
    site.put("/list", listing(*NAMES[::-1]))
    site.put("/table", table(ROWS[::-1]))


def archived(site: Publisher) -> None:
    """A bulk edit: the prefix in every <title> and in every line of the index."""
    publish(
        site,
        lambda text: text.replace("<title>Report", "<title>Archived: Report").replace('">Report', '">Archived: Report'),
    )


def zipped(site: Publisher) -> None:
    for path in ("/list", "/table", "/r/a", "/r/b"):
        body = gzip.compress(site.pages[path].body)
        site.put(path, body, headers={"Content-Encoding": "gzip"})


def charset(label: str) -> Callable[[Publisher], object]:
    def act(site: Publisher) -> None:
        for path in ("/list", "/table", "/r/a", "/r/b"):
            site.put(path, site.pages[path].body, label)

    return act


SERVINGS: dict[str, Callable[[Publisher], object]] = {
    "another order of items and rows": reordered,
    "a 301 to the same content": lambda site: redirect(site, "/r/a", "/other/a"),
    "a 301 of the index": lambda site: redirect(site, "/list", "/other/list"),
    "a 308 of a table": lambda site: redirect(site, "/table", "/other/table", 308),
    "a chain of redirects": chain,
    "utm parameters": relinked(('"/r/a"', '"/r/a?utm_source=x&utm_medium=y"')),
    "fbclid": relinked(('"/r/b"', '"/r/b?fbclid=IwAR0"')),
    "a fragment": relinked(('"/r/b"', '"/r/b#x"')),
    "archived before every title": archived,
    "gzip": zipped,
    "no charset label": charset("text/html"),
    "another charset label": charset("text/html; charset=iso-8859-1"),
    "a wrong media type": charset("application/octet-stream"),
}


@pytest.mark.parametrize("name", SERVINGS)
def test_another_way_of_serving_the_same_content_raises_none(desk: Desk, name: str) -> None:
    same(desk, lambda: SERVINGS[name](desk.publisher), 3)


def wall(body: str, status: int = 200, **headers: str) -> Reply:
    return Reply(body.encode(), status, {"Content-Type": "text/html", **headers}, conditional=False)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """A Content-Length that is too long."""
    body = article("a").encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(len(body) + 100))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


WALLS = {
    "access denied": wall("<html><head><title>Access Denied</title></head><body>Reference #18.2f</body></html>"),
    "a challenge": wall("<title>Just a moment...</title><body><p>Checking your browser before you go on</p></body>"),
    "maintenance": wall("<title>ICE</title><body><h1>Scheduled maintenance</h1><p>We will be back shortly.</p></body>"),
    "a login": wall("<title>Log in</title><body><form>Name <input><input type=password></form></body>"),
    "an empty body": wall(""),
    "white space": wall(" \n "),
    "a frame without content": wall("<title>ICE</title><body><div id='app'></div><script>1</script></body>"),
    "a cut body": Reply(raw=cut),
    "gzip that is none": wall(article("a"), **{"Content-Encoding": "gzip"}),
    "a redirect to itself": wall("", 301, Location="/r/a"),
    "a redirect to a login": wall("", 302, Location="/login"),
    **{f"status {status}": wall("no", status) for status in (204, 401, 403, 429, 451, 500, 502, 503)},
}


@pytest.mark.parametrize("name", WALLS)
def test_what_stands_in_the_place_of_a_page_is_flagged_and_no_news(desk: Desk, name: str) -> None:
    """On documents and a table, then on the index as well; and what comes after is as before."""
    site = desk.publisher
    site.put("/login", "<title>Log in to your account</title><body><input type=password></body>")
    sql = "SELECT row_id, cells, last_reading FROM listed_row UNION ALL SELECT reading_id, text, state FROM reading"
    before = [tuple(row) for row in desk.ask(sql)]
    for path in ("/r/a", "/table", "/list"):
        site.pages[path] = WALLS[name]
        report = desk.check()
        assert {one.source_id for one in report.failed} >= {"news"}, desk.health()
        assert all(one.trouble and one.trouble.words for one in report.failed)
    assert [tuple(row) for row in desk.ask(sql)] == before
    publish(site)
    for _ in range(2):
        assert not desk.check().failed, desk.health()
    assert set(desk.kinds()[3:]) <= {"source_blocked", "source_failing", "layout_changed", "source_recovered"}
    assert [tuple(row) for row in desk.ask(sql)] == before
    assert not desk.ask("SELECT text FROM problem WHERE closed_at IS NULL")


@pytest.mark.parametrize("next_page", [False, True])
def test_an_item_pushed_off_the_first_page_by_a_newer_one_raises_only_the_newer_one(
    tmp_path: Path, publisher: Publisher, next_page: bool
) -> None:
    names = ["5", "4", "3", "2", "1"]

    def put() -> None:
        for number, at in enumerate(range(0, len(names), 3)):
            more = f'<a class="next" href="?page={number + 1}">Older</a>' if next_page and at + 3 < len(names) else ""
            body = listing(*names[at : at + 3]).replace("</ul>", f"</ul>{more}")
            publisher.put(f"/list?page={number}" if number else "/list", body)
        for name in names:
            publisher.put(f"/r/{name}", article(name))

    put()
    source = NEWS | ({"next_page": "a.next", "max_pages": 5} if next_page else {}) | {"follow": "main li a"}
    desk = Desk(tmp_path, publisher, source)
    desk.check()
    for name in ("6", "7", "8"):
        names.insert(0, name)
        put()
        for _ in range(4):
            assert not desk.check().failed, desk.health()
    told = [kind for kind in desk.kinds()[1:] if kind != "delisted"]
    assert told == ["new", "new", "new"]
    assert desk.kinds().count("delisted") == (0 if next_page else 3), "recorded, low key"
    assert sum(desk.subjects().values()) == 4, "the baseline and three new ones"


@pytest.mark.parametrize("servers", [2, 3])
def test_servers_that_alternate_are_told_once_each_way_and_then_damped(
    tmp_path: Path, publisher: Publisher, servers: int
) -> None:
    publisher.put("/table", table())
    desk = Desk(tmp_path, publisher, LIST)
    desk.check()
    for number in range(12):
        publisher.put("/table", table([*ROWS[:2], ("Fairfax County", "VA", f"{1151 + (number + 1) % servers:,}")]))
        desk.check()
    assert desk.kinds()[1:] == ["revised"] * servers, "the way there and the way back"
    publisher.put("/table", table([*ROWS[:2], ("Fairfax County", "VA", "7")]))
    desk.check()
    desk.check()
    assert desk.kinds()[1:] == ["revised"] * (servers + 1), "what none of them said is news"


def test_two_servers_of_which_one_is_asked_at_random_are_damped(tmp_path: Path, publisher: Publisher) -> None:
    """Not strictly in turn: A A B A B B A B A A B A."""
    publisher.put("/table", table())
    desk = Desk(tmp_path, publisher, LIST)
    desk.check()
    for which in "ABABBABAABAB":
        publisher.put("/table", table() if which == "A" else table([*ROWS[:2], ("Fairfax County", "VA", "9")]))
        desk.check()
    assert desk.kinds()[1:] == ["revised", "revised"]


def test_our_own_better_reader_raises_none_and_its_changes_say_so(desk: Desk) -> None:
    columns = {"place": "Jurisdiction", "state": "State", "declined": {"header": "Declined", "type": "integer"}}
    better = [NEWS | {"ignore": ["h1"]}, LIST | {"columns": columns}, SHOWN | {"select": "main p"}]
    before = desk.kinds(), len(desk.ask("SELECT 1 FROM edition"))
    desk.watch(*better)
    for _ in range(3):
        assert not desk.check().failed, desk.health()
    assert (desk.kinds(), len(desk.ask("SELECT 1 FROM edition"))) == before
    told = desk.ask("SELECT event_id, caused_by, column_name FROM change")
    assert {(row["event_id"], row["caused_by"]) for row in told} == {(None, "reader")}
    assert desk.ask("SELECT count(DISTINCT reader_version) AS n FROM reading WHERE stream LIKE 'counts%'")[0]["n"] == 2
    desk.publisher.put("/table", table([*ROWS[:2], ("Fairfax County", "VA", "9")]))
    desk.check()
    (change,) = desk.ask("SELECT * FROM change WHERE caused_by = 'publisher' AND table_name = 'listed_row'")
    assert (change["column_name"], change["before"], change["after"]) == ("declined", "1,151", "9")


def test_servers_that_disagree_on_what_is_listed_tell_the_newer_item_once(desk: Desk) -> None:
    desk.publisher.put("/r/c", article("c"))
    for number in range(12):
        desk.publisher.put("/list", listing(*(("c", *NAMES) if number % 2 == 0 else NAMES)))
        assert not desk.check().failed, desk.health()
    assert desk.kinds()[3:] == ["new"]


def test_servers_that_disagree_on_a_title_tell_it_both_ways_once(desk: Desk) -> None:
    other_title = listing(*NAMES).replace('">Report a', '">Report a, final')
    for number in range(12):
        desk.publisher.put("/list", other_title if number % 2 == 0 else listing(*NAMES))
        desk.check()
    assert desk.kinds()[3:] == ["revised", "revised"]


FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>News</title><link>{base}/</link>
<description>News of the publisher</description><lastBuildDate>Mon, 23 Nov 2026 04:0{n}:00 GMT</lastBuildDate>
<ttl>{n}</ttl>{items}</channel></rss>"""


def feed(base: str, *names: str, n: int = 1) -> str:
    items = "".join(
        f'<item><title>Report {name}</title><link>{base}/r/{name}</link><guid isPermaLink="false">id {name}</guid>'
        f"<pubDate>Fri, 03 Mar 2017 10:00:00 GMT</pubDate></item>"
        for name in names
    )
    return FEED.replace("{base}", base).replace("{n}", str(n)).replace("{items}", items)


def test_a_feed_built_anew_in_another_order_or_cut_back_by_newer_items_tells_only_those(
    tmp_path: Path, publisher: Publisher
) -> None:
    for name in "abc":
        publisher.put(f"/r/{name}", article(name))
    publisher.put("/feed", feed(publisher.base, "b", "a"), "application/rss+xml")
    desk = Desk(tmp_path, publisher, {"id": "news", "reader": "feed", "path": "/feed"})
    desk.check()
    publisher.put("/feed", feed(publisher.base, "a", "b", n=2), "application/rss+xml")
    same_desk = desk.kinds()
    assert not desk.check().failed, desk.health()
    assert desk.kinds() == same_desk
    publisher.put("/feed", feed(publisher.base, "c", "b", n=3), "application/rss+xml")
    for _ in range(2):
        assert not desk.check().failed, desk.health()
    assert desk.kinds()[1:] == ["new"]


ROUND = st.tuples(
    st.booleans(), st.sampled_from(sorted(RENDERS)), st.sampled_from(["up", "up", "up", "status 503", "access denied"])
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROUND, min_size=1, max_size=6))
def test_every_true_change_is_told_once_in_the_round_it_becomes_visible(rounds: list[tuple[bool, str, str]]) -> None:
    """Whatever render it is served in, and however often the source is down meanwhile."""
    with serving(Publisher()) as site, TemporaryDirectory() as folder:
        publish(site)
        desk = Desk(Path(folder), site, NEWS, LIST)
        desk.check()
        stated = seen = 206
        for changes, render, state in rounds:
            stated += changes
            publish(site, lambda text, n=stated, name=render: RENDERS[name](text.replace("206 of", f"{n} of")))  # type: ignore[misc]
            site.put("/table", RENDERS[render](table([*ROWS[:2], ("Fairfax County", "VA", f"{945 + stated:,}")])))
            if state != "up":
                site.pages.update(dict.fromkeys(("/r/a", "/r/b", "/table"), WALLS[state]))
            before = len(desk.kinds())
            desk.check()
            told = [kind for kind in desk.kinds()[before:] if not kind.startswith(("source_", "layout_"))]
            assert told == ["revised"] * (3 if state == "up" and stated != seen else 0)
            seen = stated if state == "up" else seen
        told_rows = desk.ask("SELECT event_id, count(*) AS n FROM change GROUP BY 1")
        assert {row["n"] for row in told_rows} <= {1}
        assert None not in {row["event_id"] for row in told_rows}
