"""What a reader's browser does with the site: no request leaves it, its own policy refuses nothing, it fits a phone."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.site_data import WEEKLY
from tests.test_publish_site import Running, running

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAGES = {
    "home": "/",
    "release": f"/release/{quote(WEEKLY, safe='')}",
    "hostile": "/release/nasty%3A1",
    "figure": "/figure/11",
    "place": "/place/06085",
    "sources": "/sources",
    "data": "/data",
    "asof": "/asof?date=2017-03-25&source=weekly",
    "search": "/-/search?q=county",
    "database": "/detainers",
    "table": "/detainers/current_figures",
    "row": "/detainers/figure/15",
    "query": "/detainers?sql=select+*+from+release",
}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = "Chromium is not installed at /usr/bin/chromium: the pages were not looked at"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield one
        one.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("browser")) as one:
        yield one


def listen(page: Page, origin: str) -> list[str]:
    """Collect what must not happen: complaints in the console, errors, dialogs, requests to elsewhere."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on(
        "request",
        lambda request: None if request.url.startswith((origin, "data:image/svg")) else seen.append(request.url),
    )
    return seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_w5_pages_stay_at_home_run_nothing_and_fit(
    browser: Browser, site: Running, tmp_path: Path, size: str, scheme: str
) -> None:
    """Takes a picture of every page; nothing is wider than the screen."""
    width, height = SIZES[size]
    origin = site.example.settings.web.public_url
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    seen = listen(page, origin)
    for name, path in PAGES.items():
        page.goto(origin + path)
        page.screenshot(path=tmp_path / f"{name}-{size}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, f"{name} is too wide"
        assert seen == [], name
    context.close()
    assert len(list(tmp_path.glob("*.png"))) == len(PAGES)


def test_pages_follow_the_colour_scheme_and_show_the_focus(browser: Browser, site: Running) -> None:
    paper = {}
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(site.example.settings.web.public_url)
        paper[scheme] = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.close()
    assert paper["light"] != paper["dark"]


def test_pages_need_no_javascript_and_name_their_parts(browser: Browser, site: Running) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.example.settings.web.public_url)
    page.get_by_label("Kind").select_option("revised")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".events li").count() == 1
    page.locator(".events li a").click()
    page.get_by_role("table", name="Figures, 4 of 4").get_by_role("link", name="13,207 detainers").click()
    assert page.get_by_role("heading", level=1).inner_text() == "13,207 detainers"
    assert (
        page.get_by_role("main").count()
        == page.get_by_role("banner").count()
        == page.get_by_role("contentinfo").count()
        == 1
    )
    context.close()


def test_an_archived_page_is_downloaded_and_never_shown(browser: Browser, site: Running) -> None:
    page = browser.new_page()
    with page.expect_download() as download, pytest.raises(Error, match="Download is starting"):
        page.goto(f"{site.example.settings.web.public_url}/archive/{site.example.first}")
    assert download.value.suggested_filename == f"{site.example.first}.html"
    page.close()


def test_the_sql_page_keeps_its_editor_and_formatter(browser: Browser, site: Running) -> None:
    page = browser.new_page()
    seen = listen(page, site.example.settings.web.public_url)
    page.goto(f"{site.example.settings.web.public_url}/detainers?sql=select+1,+2+from+release")
    page.get_by_role("button", name="Format SQL").click()
    assert page.locator(".CodeMirror-line").count() > 1
    page.get_by_role("button", name="Run SQL").click()
    assert page.locator("table.rows-and-columns tbody tr").count() == 2
    assert seen == []
    page.close()
