"""The daemon as a user runs it: on schedule, alone, with the site alive, and gone within seconds of SIGTERM."""

import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from scraper.errors import StoreError
from tests.commands import run, running, until
from tests.desk import Desk
from tests.publisher import Publisher, Reply
from tests.test_pipeline import NEWS, ROWS, TABLE, article, listing, publish, table


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    publish(publisher)
    port = free_port()
    web = {"host": "127.0.0.1", "port": port, "public_url": f"http://127.0.0.1:{port}"}
    return Desk(tmp_path, publisher, NEWS | {"every": "1s", "jitter": "0s"}, TABLE | {"every": "1h"}, web=web)


def baseline(desk: Desk) -> bool:
    try:
        return len(desk.kinds()) >= 2
    except StoreError:  # the daemon is just making it
        return False


def page(desk: Desk) -> int:
    try:
        return httpx.get(desk.settings.web.public_url, timeout=5).status_code
    except httpx.TransportError:
        return 0


def test_a_release_published_while_watching_is_mailed_once(desk: Desk) -> None:
    with running("watch", cwd=desk.folder) as process:
        until(lambda: baseline(desk), "the baseline")
        desk.publisher.put("/r/c", article("c"))
        desk.publisher.put("/list", listing("c", "a", "b"))
        until(lambda: desk.subjects()["New"], "the mail")
        asked = len(desk.publisher.paths())
        until(lambda: len(desk.publisher.paths()) > asked + 8, "two more rounds")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert desk.kinds().count("new") == 1
    assert desk.subjects()["New"] == 1
    assert desk.publisher.paths().count("/table") == 1, "not due again for an hour"


def test_a_restart_keeps_the_schedule(desk: Desk) -> None:
    for _ in range(2):
        with running("watch", cwd=desk.folder) as process:
            asked = len(desk.publisher.paths())
            until(lambda asked=asked: len(desk.publisher.paths()) > asked + 3, "a round")
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    assert desk.publisher.paths().count("/table") == 1


def test_s6_a_second_daemon_says_so_and_exits(desk: Desk) -> None:
    with running("watch", cwd=desk.folder):
        until(lambda: baseline(desk), "the baseline")
        done = run("watch", cwd=desk.folder)
        assert done.returncode == 1
        assert "already at work" in done.stderr
        assert "Traceback" not in done.stderr


def test_up_serves_restarts_datasette_and_ends_both_on_sigterm(desk: Desk) -> None:
    with running("up", cwd=desk.folder) as process:
        until(lambda: page(desk) == 200, "the first page")
        (site,) = psutil.Process(process.pid).children()
        site.kill()
        until(lambda: not site.is_running() or site.status() == psutil.STATUS_ZOMBIE, "the death of the site")
        until(lambda: page(desk) == 200, "the site again")
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert page(desk) == 0
    assert not [child for child in children if child.is_running()]


def test_p3_sigterm_in_mid_fetch_ends_within_10_s_and_the_next_round_is_exact(desk: Desk) -> None:
    asked, hang = threading.Event(), threading.Event()

    def never(_: object) -> None:
        asked.set()
        hang.wait(60)

    good = desk.publisher.pages["/r/a"]
    desk.publisher.pages["/r/a"] = Reply(raw=never)
    with running("watch", cwd=desk.folder) as process:
        assert asked.wait(30)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 10
    hang.set()
    desk.publisher.pages["/r/a"] = good
    assert run("check", cwd=desk.folder).returncode == 0
    assert len(desk.ask("SELECT * FROM edition WHERE source_id = 'news'")) == 2
    assert "new" not in desk.kinds()


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_s1_killed_at_the_nth_request_nothing_is_lost_or_doubled(desk: Desk, nth: int) -> None:
    assert run("check", cwd=desk.folder).returncode == 0
    for name in ("c", "d"):
        desk.publisher.put(f"/r/{name}", article(name))
    desk.publisher.put("/list", listing("d", "c", "a", "b"))
    desk.publisher.put("/table", table([("Cook County", "IL", "7"), *ROWS[1:]]))
    before, held = len(desk.publisher.requests), threading.Event()
    answer = desk.publisher.answer

    def stop_at(handler: object) -> None:
        if len(desk.publisher.requests) - before >= nth - 1:
            held.set()
            threading.Event().wait(1)
        answer(handler)  # type: ignore[arg-type]

    desk.publisher.answer = stop_at  # type: ignore[method-assign,assignment]
    with running("check", cwd=desk.folder) as process:
        assert held.wait(30)
        process.kill()
    desk.publisher.answer = answer  # type: ignore[method-assign]
    assert run("verify", cwd=desk.folder).returncode == 0
    for _ in range(2):
        assert run("check", cwd=desk.folder).returncode == 0
    assert sorted(desk.kinds()[2:]) == ["new", "new", "revised"]
    ids = [str(mail["Message-ID"]) for mail in desk.mails()]
    assert len(set(ids)) == 5
