"""The site as readers and strangers meet it: a real Datasette process over a live WAL file with an open writer."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import feedparser
import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from scraper.publish import command, environment
from scraper.settings import Settings, Smtp
from tests.site_data import NASTY, PAGE, WEEKLY, Example, create, fill, insert, settings

RELEASE = f"/release/{quote(WEEKLY, safe='')}"
OURS = [
    "/",
    "/sources",
    "/data",
    "/asof?date=2017-03-25&source=weekly",
    "/asof?date=2026-11-30&source=nasty",
    RELEASE,
    "/release/nasty%3A1",
    "/figure/11",
    "/figure/15",
    "/place/06085",
    "/-/search?q=script",
    "/asof",
    "/no-such-page",
]
TABLES = [
    "/detainers",
    "/detainers/release",
    "/detainers/figure",
    "/detainers/source",
    "/detainers/listed_row",
    "/detainers/change",
    "/detainers/problem",
    "/detainers/event",
    "/detainers/edition",
    "/detainers/correction",
    "/detainers/current_figures",
    "/detainers/what_changed",
    "/detainers/listed_rows",
    "/detainers/figure/15",
    "/detainers/jurisdiction_profile",
    "/detainers?sql=select+title,publisher,url+from+release",
]


@dataclass
class Running:
    """A site that answers, and what stands in it."""

    example: Example
    client: httpx.Client
    process: subprocess.Popen[str]

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def query(self, sql: str) -> httpx.Response:
        return self.client.get("/detainers.json", params={"sql": sql})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(asked: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run the site until it listens; end it at the end."""
    child = subprocess.Popen(command(asked), env=os.environ | environment(asked), stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    try:
        for line in child.stderr:
            if "running on" in line:
                break
        drain = threading.Thread(target=child.stderr.read, daemon=True)
        drain.start()
        yield child
    finally:
        child.terminate()
        child.wait(timeout=10)
        drain.join(timeout=10)
        child.stderr.close()


@contextmanager
def running(folder: Path, smtp: Smtp | None = None) -> Iterator[Running]:
    example = fill(folder, free_port(), smtp)
    with process(example.settings) as child, client_of(example.settings) as client:
        yield Running(example, client, child)


def client_of(asked: Settings) -> httpx.Client:
    return httpx.Client(base_url=asked.web.public_url, timeout=10.0, follow_redirects=False, trust_env=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One site for all tests that only read, beside a writer in mid-transaction."""
    folder = tmp_path_factory.mktemp("site")
    with running(folder) as one:
        deliveries = sqlite3.connect(one.example.settings.storage.deliveries)
        deliveries.execute("CREATE TABLE delivery (recipient TEXT)")
        deliveries.execute("INSERT INTO delivery VALUES ('reader@example.net')")
        deliveries.commit()
        deliveries.close()
        writer = sqlite3.connect(one.example.settings.storage.database, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE release SET title = 'half written'")
        yield one
        writer.execute("ROLLBACK")
        writer.close()


@pytest.mark.parametrize("path", OURS[:-1])
def test_every_page_answers_while_a_writer_is_in_mid_transaction(site: Running, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert "half written" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", TABLES)
def test_every_table_answers_in_datasette(site: Running, path: str) -> None:
    """Foreign keys written without a column must not break Datasette's table pages."""
    assert site.get(path).status_code == 200


def test_home_tells_the_state_of_sources_what_is_new_and_the_record(site: Running) -> None:
    text = site.get("/").text
    assert "Blocked by the publisher: The publisher refused with HTTP 403." in text
    assert "Not checked yet." in text
    assert "13,207 detainers" in text
    assert "at least 25,000 people" in text
    assert "28 Jan 2017 – 3 Feb 2017" in text
    assert text.index("23 Nov 2026") < text.index("10 Apr 2017"), "newest first"


def test_home_filters_events_by_publisher_and_kind(site: Running) -> None:
    events = LexborHTMLParser(site.get("/?publisher=Example+Agency&kind=revised").text).css(".events li")
    assert [event.css_first(".kind").text() for event in events] == ["Revised"]
    assert "Nothing of this kind so far" in site.get("/?kind=withdrawn").text
    assert site.get("/?page=x").status_code == 400


def test_a_release_shows_what_it_states_with_editions_changes_and_citation(site: Running) -> None:
    text = site.get(RELEASE).text
    for words in (
        "13,207 detainers",
        "0 detainers",
        "not stated",
        "An account as the report tells it.",
        "206",
        "13,207",
        "Two detainers went to a similarly named place.",
        site.example.first,
        site.example.second,
        "“Updated on 10 April.”",
        "Read again by a newer reader",
    ):
        assert words in text
    assert "206 detainers" not in text, "a value of the past is not stated now"
    assert "A column was not read" in site.get("/release/nasty%3A1").text


def test_a_figure_leads_back_to_the_archived_document(site: Running) -> None:
    text = site.get("/figure/11").text
    for words in (
        "13,207 detainers",
        "page 2, table 1, row 4, column “Declined”",
        site.example.second,
        "Edition 2",
        "HTTP 200",
        "etag",
        "206 detainers",
    ):
        assert words in text
    assert "No longer stated" in site.get("/figure/10").text


def test_a_place_shows_each_publisher_apart(site: Running) -> None:
    page = LexborHTMLParser(site.get("/place/06085").text)
    heads = [node.text() for node in page.css("h2")]
    assert sum(head.startswith("Figures") for head in heads) == 2
    assert "Two detainers went to a similarly named place." in page.text()


@pytest.mark.parametrize(
    ("date", "stated", "absent"),
    [("2017-03-25", "206 detainers", "13,207"), ("2017-04-10", "13,207 detainers", "206 detainers")],
)
def test_as_of_a_day_shows_the_reading_that_stood_then(site: Running, date: str, stated: str, absent: str) -> None:
    text = site.get(f"/asof?date={date}&source=weekly").text
    assert stated in text
    assert absent not in text


def test_as_of_a_day_explains_what_it_cannot_answer(site: Running) -> None:
    assert "Nothing had been seen" in site.get("/asof?date=2016-01-01&source=weekly").text
    assert site.get("/asof?date=tomorrow&source=weekly").status_code == 400
    assert site.get("/asof?date=2017-01-01&source=none").status_code == 400


def test_search_finds_places_and_releases_and_takes_any_text(site: Running) -> None:
    assert "Cook County" in site.get("/-/search?q=cook").text
    assert "Weekly report" in site.get("/-/search?q=reports+weekly").text, "words in any order and form"
    assert "An account as the report tells it." in site.get("/-/search?q=burglary").text
    assert "Nothing found." in site.get("/-/search?q=zebra").text
    for text in ('"', "%", "a AND (", "'; drop table release", "*", "\x00"):
        assert site.client.get("/-/search", params={"q": text}).status_code == 200


def test_the_same_is_there_as_json_for_other_sites(site: Running) -> None:
    for path in (
        f"{RELEASE}.json",
        "/figure/11.json",
        "/place/06085.json",
        "/sources.json",
        "/data.json",
        "/home.json",
        "/asof.json?date=2017-04-10&source=weekly",
    ):
        answer = site.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["access-control-allow-origin"] == "*"
        assert isinstance(answer.json(), dict)
    assert site.get("/figure/11.json").json()["figure"]["value"] == 13207
    assert site.get("/release/none.json").json() == {"ok": False, "error": "There is no release with this identifier."}


def test_the_feed_is_valid_and_names_each_event_once(site: Running) -> None:
    answer = site.get("/feed.atom")
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) == 4
    assert feed.entries[0].link.startswith(site.example.settings.web.public_url)


def test_unknown_things_are_told_in_our_style(site: Running) -> None:
    for path in (
        "/release/none",
        "/figure/99",
        "/figure/abc",
        "/place/99999",
        "/no-such-page",
        "/detainers/none",
        "/nope/deep/er",
    ):
        answer = site.get(path)
        assert answer.status_code == 404, path
        assert 'class="masthead"' in answer.text
    assert site.get("/figure/" + "9" * 30).status_code == 404


@pytest.mark.parametrize(
    "sql",
    [
        "insert into place values ('1','1','x','x','x')",
        "delete from release",
        "drop table release",
        "update release set title = ''",
        "attach database '/tmp/x.db' as x",
        "pragma journal_mode = delete",
        "pragma query_only = 0",
        "select load_extension('x')",
        "with x as (select 1) delete from release",
        "vacuum into '/tmp/x.db'",
        "select zeroblob(900000000)",
        "select writefile('/tmp/x', 'x')",
        "select readfile('/etc/passwd')",
        "explain delete from release; drop table place",
    ],
)
def test_w1_statements_that_write_attach_or_load_are_refused(site: Running, sql: str) -> None:
    answer = site.query(sql)
    assert answer.status_code >= 400 or not answer.json()["ok"]
    assert site.query("select count(*) from release").json()["rows"] == [[2]]


def test_w2_an_endless_query_is_cut_and_the_site_goes_on(site: Running) -> None:
    """The client gives up after 10 seconds: an answer at all is the proof."""
    for path in ("/detainers.json", "/detainers"):
        endless = "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t"
        answer = site.client.get(path, params={"sql": endless})
        assert answer.status_code == 400
        assert "longer than allowed" in answer.text
    assert site.get("/").status_code == 200


def test_w2_arbitrary_sql_is_allowed_and_bounded(site: Running) -> None:
    assert site.query("select 6 * 7").json()["rows"] == [[42]]
    many = site.query("with recursive t(n) as (select 1 union all select n + 1 from t where n < 5000) select n from t")
    assert len(many.json()["rows"]) == 1000
    assert many.json()["truncated"]


@pytest.mark.parametrize(
    "path",
    [
        "/-/metadata.json",
        "/-/plugins.json",
        "/-/settings.json",
        "/-/versions.json",
        "/-/databases.json",
        "/-/threads.json",
        "/-/actor.json",
        "/.json",
        "/detainers.json",
        "/detainers/SOURCE",
        "/detainers/Source.json",
        "/_internal",
        "/_internal.json",
        "/_memory",
        "/deliveries",
        "/deliveries.db",
        "/deliveries/delivery",
        "/DELIVERIES/DELIVERY.json",
        "/detainers.db",
        "/detainers/delivery",
        "/detainers/DELIVERY.json",
        "/",
        "/sources",
        "/data",
        "/-/health",
    ],
)
def test_w3_no_address_or_path_is_told_anywhere(site: Running, path: str) -> None:
    answer = site.get(path)
    folder = str(site.example.settings.storage.database.parent)
    for secret in ("reader@example.net", "ops@example.org", "desk@example.org", "watch@example.org", folder):
        assert secret not in answer.text


def test_w3_the_file_itself_and_datasette_s_inner_tables_are_closed(site: Running) -> None:
    for path in (
        "/detainers.db",
        "/deliveries.db",
        "/_internal",
        "/_internal.db",
        "/-/permissions",
        "/-/patterns",
        "/-/auth-token?token=x",
    ):
        assert site.get(path).status_code >= 400, path
    assert site.query("select name from pragma_database_list").json()["rows"] == [["main"]]


@pytest.mark.parametrize("route", ["/assets/", "/-/static/", "/archive/", "/-/static-plugins/datasette_search_all/"])
@pytest.mark.parametrize(
    "rest",
    [
        "../../config.yaml",
        "%2e%2e/%2e%2e/detainers.db",
        "..%2f..%2fdetainers.db",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "..\\x",
        "%00",
    ],
)
def test_w4_no_path_leads_out(site: Running, route: str, rest: str) -> None:
    with socket.create_connection(("127.0.0.1", site.example.settings.web.port), timeout=10) as wire:
        wire.sendall(f"GET {route}{rest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status >= 400
    assert b"root:" not in answer


@pytest.mark.parametrize("path", [*OURS, *TABLES])
def test_w5_what_publishers_wrote_is_inert_on_every_page(site: Running, path: str) -> None:
    answer = site.get(path)
    page = LexborHTMLParser(answer.text)
    assert all(node.attributes.get("src", "").startswith("/") for node in page.css("script"))
    assert not [node for node in page.css("script") if node.text().strip()]
    assert not page.css("img[src=x], iframe, object, embed")
    for node in page.css("*"):
        assert not [name for name in node.attributes if name.startswith("on")]
        for name in ("href", "src", "action"):
            assert (node.attributes.get(name) or "").split(":")[0].strip().lower() not in (
                "javascript",
                "data",
                "vbscript",
            )


@pytest.mark.parametrize(
    "path", [*OURS, *TABLES, "/-/health", "/feed.atom", "/assets/site.css", "/detainers.json", "//evil.test/"]
)
def test_w5_every_answer_carries_strict_headers(site: Running, path: str) -> None:
    headers = site.client.get(httpx.URL(site.example.settings.web.public_url).copy_with(raw_path=path.encode())).headers
    policy = headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert headers["x-content-type-options"] == "nosniff"
    assert rules["default-src"] == "'none'"
    assert "http" not in policy
    assert "unsafe" not in rules.get("script-src", "") + rules.get("style-src", "") + rules.get("style-src-elem", "")
    if path in OURS[:-1]:
        assert "unsafe" not in policy
        assert "script-src" not in policy


@pytest.mark.parametrize(
    "path", ["//evil.test/", "//evil.test", "/\\evil.test/", "//evil.test/%2e%2e", "/%2Fevil.test/", "//evil.test/x%"]
)
def test_w6_no_redirect_leaves_the_site(site: Running, path: str) -> None:
    with socket.create_connection(("127.0.0.1", site.example.settings.web.port), timeout=10) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    head = answer.split(b"\r\n\r\n")[0].lower()
    assert b"\r\nlocation: //" not in head
    assert b"\r\nlocation: /\\" not in head
    assert b"\r\nlocation: http" not in head


def test_an_archived_page_is_a_download_that_no_browser_runs(site: Running) -> None:
    answer = site.get(f"/archive/{site.example.first}")
    assert answer.content == PAGE
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"] == f'attachment; filename="{site.example.first}.html"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_recorded_hashes_are_served_from_the_archive(site: Running) -> None:
    assert site.get(f"/archive/{'0' * 64}").status_code == 404
    assert site.get(f"/archive/{'a' * 64}").status_code == 404, "recorded, but its file is missing"
    assert site.get(f"/archive/{site.example.first.upper()}").status_code == 404
    assert site.get("/archive/").status_code == 404


def test_robots_are_kept_off(site: Running) -> None:
    assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /"


def test_identifiers_in_datasette_s_tables_lead_to_our_pages(site: Running) -> None:
    page = LexborHTMLParser(site.get("/detainers/current_figures").text)
    links = {node.attributes["href"] for node in page.css("td a")}
    assert {"/figure/11", RELEASE, f"/archive/{site.example.second}"} <= links
    assert not [link for link in links if link and NASTY in link]


def test_a_committed_row_is_on_the_next_page_and_health_follows_the_sources(tmp_path: Path) -> None:
    with running(tmp_path) as site, sqlite3.connect(site.example.settings.storage.database) as writer:
        bad = site.get("/-/health")
        assert bad.status_code == 503
        assert [problem["source_id"] for problem in bad.json()["problems"]] == ["newsroom"]
        insert(
            writer,
            "release",
            release_id="https://www.example.org/data.json",
            source_id="posts",
            key="d",
            publisher="P",
            title="A new post",
            url="https://www.example.org/data.json",
            first_seen_at="2026-11-24T00:00:00Z",
            last_seen_at="2026-11-24T00:00:00Z",
        )
        writer.execute("UPDATE source SET state = 'ok'")
        writer.commit()
        assert site.get("/-/health").status_code == 200
        identifier = quote("https://www.example.org/data.json", safe="")
        assert "A new post" in site.get(f"/release/{identifier}").text, "an identifier may end in .json"
        assert site.get(f"/release/{identifier}.json").json()["release"]["title"] == "A new post"
    writer.close()


def test_mails_to_a_folder_are_told_without_an_address(site: Running, tmp_path: Path) -> None:
    assert "Mails are written to a folder until a mail server is set." in site.get("/").text
    smtp = Smtp(
        host="mail.example.org",
        port=587,
        starttls=True,
        tls=False,
        username="u",
        password="hidden",
        sender="a@b.example",
        ca_file=None,
    )
    assert "--mail-folder" not in command(settings(tmp_path, smtp=smtp))
    assert "hidden" not in " ".join(command(settings(tmp_path, smtp=smtp)))


@pytest.mark.parametrize("content", [None, b"this is no database, only text of some length" * 40])
def test_without_a_readable_database_the_process_ends_with_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    asked = settings(tmp_path, free_port())
    if content:
        asked.storage.database.write_bytes(content)
    done = subprocess.run(command(asked), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0
    assert str(asked.storage.database) in done.stderr
    assert done.stderr.strip().endswith(".")
    assert "Traceback" not in done.stderr


def test_a_database_without_sources_or_without_tables_gives_friendly_pages(tmp_path: Path) -> None:
    empty, bare = tmp_path / "empty", tmp_path / "bare"
    for folder in (empty, bare):
        folder.mkdir()
    asked = settings(empty, free_port())
    create(asked.storage.database).close()
    with process(asked), client_of(asked) as client:
        for path in ("/", "/sources", "/data", "/asof", "/feed.atom", "/-/health"):
            assert client.get(path).status_code == 200, path
        assert "No source has been checked yet" in client.get("/").text
    asked = settings(bare, free_port())
    asked.storage.database.touch()
    with process(asked), client_of(asked) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "The database has no tables yet" in answer.text
        assert client.get("/-/health").status_code == 503


def test_p3_the_process_ends_on_sigterm_also_while_a_query_runs(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        endless = "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t"
        with socket.create_connection(("127.0.0.1", site.example.settings.web.port), timeout=10) as wire:
            wire.sendall(f"GET /detainers.json?sql={quote(endless)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            site.process.send_signal(signal.SIGTERM)
            assert site.process.wait(timeout=10) in (0, -signal.SIGTERM)
