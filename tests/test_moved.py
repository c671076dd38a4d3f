"""Addresses that move: relative links start where a page was answered, and a release that moved is the same release."""

import re
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.publisher import Publisher
from tests.test_pipeline import article
from tests.test_replay import same_after_replay

NEWS = {"id": "news", "reader": "page", "path": "/list", "follow": "main li a", "confirm": {"withdrawn_rounds": 2}}


def listing(*links: str, head: str = "") -> str:
    items = "".join(f'<li><a href="{link}">Report {link[-1]}</a></li>' for link in links)
    return f"<html><head><title>Reports</title>{head}</head><body><main><ul>{items}</ul></main></body></html>"


def redirect(site: Publisher, old: str, new: str, status: int = 301) -> None:
    site.put(old, "moved", status=status, headers={"Location": new})


def urls_of(desk: Desk) -> list[str]:
    rows = desk.ask("SELECT url FROM release WHERE source_id = 'news' ORDER BY url")
    return [row["url"].removeprefix(desk.publisher.base) for row in rows]


def rounds(desk: Desk, count: int = 3) -> None:
    for _ in range(count):
        assert not desk.check().failed, desk.health()


@pytest.mark.parametrize(
    ("href", "head", "at"),
    [
        ("r/a", "", "/2026/r/a"),
        ("./r/a", "", "/2026/r/a"),
        ("../r/a", "", "/r/a"),
        ("/r/a", "", "/r/a"),
        ("a", '<base href="docs/">', "/2026/docs/a"),
        ("a", '<base href="/docs/">', "/docs/a"),
        ("?id=a", "", "/2026/list?id=a"),
    ],
)
def test_relative_links_start_where_the_page_was_answered(
    tmp_path: Path, publisher: Publisher, href: str, head: str, at: str
) -> None:
    redirect(publisher, "/list", "/hop", 302)
    redirect(publisher, "/hop", "/2026/list")
    publisher.put("/2026/list", listing(href, head=head))
    publisher.put(at, article("a"))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    assert urls_of(desk) == [at]
    assert desk.kinds() == ["baseline"]
    desk.watch(NEWS | {"ignore": [".x"]})
    rounds(desk)
    assert urls_of(desk) == [at], "read again from the archive by another version of the reader"
    desk.watch(NEWS)
    rounds(desk)
    same_after_replay(desk)


def test_the_next_page_of_a_redirected_index_is_found(tmp_path: Path, publisher: Publisher) -> None:
    redirect(publisher, "/list", "/2026/list")
    publisher.put("/2026/list", listing("r/a").replace("</ul>", '</ul><a class="next" href="list2">Older</a>'))
    redirect(publisher, "/2026/list2", "/2025/list2")
    publisher.put("/2025/list2", listing("r/b"))
    publisher.put("/2026/r/a", article("a"))
    publisher.put("/2025/r/b", article("b"))
    desk = Desk(tmp_path, publisher, NEWS | {"next_page": "a.next", "max_pages": 3})
    rounds(desk)
    assert urls_of(desk) == ["/2025/r/b", "/2026/r/a"]


@pytest.mark.parametrize("relative", [True, False])
def test_a_site_that_moves_with_redirects_raises_none_and_its_next_item_one(
    tmp_path: Path, publisher: Publisher, relative: bool
) -> None:
    """The index moves into another folder; its links lead there; the old addresses redirect."""
    start = "r/" if relative else "/r/"
    publisher.put("/list", listing(f"{start}b", f"{start}a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    start = "r/" if relative else "/2026/r/"
    publisher.put("/2026/list", listing(f"{start}b", f"{start}a"))
    redirect(publisher, "/list", "/2026/list")
    for name in "ab":
        publisher.put(f"/2026/r/{name}", article(name))
        redirect(publisher, f"/r/{name}", f"/2026/r/{name}")
    rounds(desk)
    assert desk.kinds() == ["baseline"]
    publisher.put("/2026/list", listing(f"{start}c", f"{start}b", f"{start}a"))
    publisher.put("/2026/r/c", article("c"))
    rounds(desk)
    assert desk.kinds() == ["baseline", "new"]
    assert urls_of(desk) == ["/2026/r/a", "/2026/r/b", "/2026/r/c"]
    for name in "ab":
        publisher.pages.pop(f"/r/{name}")
    rounds(desk)
    assert desk.kinds() == ["baseline", "new"], "the old addresses are of no account any more"
    publisher.put("/2026/r/a", article("a", "Declined detainers in the week: 7."))
    rounds(desk)
    publisher.pages.pop("/2026/r/b")
    rounds(desk)
    assert desk.kinds() == ["baseline", "new", "revised", "withdrawn"]
    same_after_replay(desk)


def test_a_release_at_a_new_address_without_a_redirect_and_other_text_is_a_new_one(
    tmp_path: Path, publisher: Publisher
) -> None:
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "abc":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    redirect(publisher, "/r/b", "/list")
    publisher.put("/list", listing("/r/c", "/r/a"))
    rounds(desk)
    assert desk.kinds().count("new") == 1


@pytest.mark.parametrize("stays", [True, False])
def test_the_same_document_under_a_new_name_is_told_to_nobody(
    tmp_path: Path, publisher: Publisher, stays: bool
) -> None:
    """Uploaded again as a file of another name; the old file stays on the server or not."""
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    publisher.put("/list", listing("/r/b", "/r/x/a"))
    publisher.put("/r/x/a", article("a", noise="3"))
    if not stays:
        publisher.pages.pop("/r/a")
    rounds(desk, 5)
    assert desk.kinds() == ["baseline", "republished"]
    assert len(desk.mails()) == 1
    assert urls_of(desk) == ["/r/b", "/r/x/a"]
    publisher.put("/r/x/a", article("a", "Declined detainers in the week: 7."))
    rounds(desk)
    assert desk.kinds() == ["baseline", "republished", "revised"]
    same_after_replay(desk)


@pytest.mark.parametrize("by_redirect", [True, False])
def test_a_withdrawn_document_that_returns_under_a_new_name_is_restored(
    tmp_path: Path, publisher: Publisher, by_redirect: bool
) -> None:
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    publisher.put("/list", listing("/r/b"))
    publisher.pages.pop("/r/a")
    rounds(desk)
    publisher.put("/r/x/a", article("a"))
    publisher.put("/list", listing("/r/b", "/r/x/a"))
    if by_redirect:
        redirect(publisher, "/r/a", "/r/x/a")
    rounds(desk)
    assert desk.kinds() == ["baseline", "withdrawn", "restored"]
    assert urls_of(desk) == ["/r/b", "/r/x/a"]
    same_after_replay(desk)


def test_a_new_report_that_says_the_same_is_a_new_report(tmp_path: Path, publisher: Publisher) -> None:
    """Another title on the index, or the old one still listed."""
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article("a"))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    publisher.put("/r/c", article("a"))
    publisher.put("/r/x/b", article("a"))
    publisher.put("/list", listing("/r/x/b", "/r/c", "/r/b"))
    rounds(desk)
    assert desk.kinds()[:3] == ["baseline", "new", "new"]


def test_old_releases_that_all_lead_to_a_new_one_do_not_become_it(tmp_path: Path, publisher: Publisher) -> None:
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    publisher.put("/r/c", article("c", "Declined detainers in the week: 7."))
    publisher.put("/list", listing("/r/c"))
    redirect(publisher, "/r/a", "/r/c")
    redirect(publisher, "/r/b", "/r/c")
    rounds(desk)
    assert desk.kinds().count("new") == 1
    assert len(urls_of(desk)) == 3


def test_a_release_that_moved_and_was_edited_in_one_go_is_one_event(tmp_path: Path, publisher: Publisher) -> None:
    publisher.put("/list", listing("/r/b", "/r/a"))
    for name in "ab":
        publisher.put(f"/r/{name}", article(name))
    desk = Desk(tmp_path, publisher, NEWS)
    rounds(desk)
    publisher.put("/2026/r/a", article("a", "Declined detainers in the week: 7."))
    redirect(publisher, "/r/a", "/2026/r/a")
    publisher.put("/list", listing("/r/b", "/2026/r/a"))
    rounds(desk)
    assert desk.kinds() == ["baseline", "revised"]
    assert urls_of(desk) == ["/2026/r/a", "/r/b"]


def test_no_reader_lets_links_start_where_a_page_was_asked_for() -> None:
    folder = Path(__file__).parent.parent / "scraper" / "readers"
    for path in folder.glob("*.py"):
        assert not re.search(r"links\([^\n]*document\.url", path.read_text("utf-8")), path.name
