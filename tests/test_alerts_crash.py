"""A real process is killed at chosen points: no mail is lost, and a repeat carries the same Message-ID (S1).

Run as a module it is that process: it plans and delivers, and exits with the number of mails still pending.
"""

import os
import queue
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scraper.alerts import Outbox, deliver
from tests.mailserver import MailServer, mails
from tests.notices import NOW, Events, anywhere, numbered, settings, smtp

__all__ = ["mails"]
RELEASES = 4
RECIPIENTS = 3


def main(port: str, folder: str) -> int:
    where = settings(Path(folder), smtp(int(port)))
    events = numbered(RELEASES)
    with Outbox(where.storage.deliveries) as outbox:
        outbox.plan(events, where, NOW, anywhere)
        deliver(outbox, Events(events), where, NOW)
        return outbox.pending()


class Child:
    """The process, and a way to kill it from the mail server's thread."""

    def __init__(self, port: int, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.test_alerts_crash", str(port), str(folder)],
            cwd=Path(__file__).parent.parent,
        )

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(120)

    def ended(self) -> int:
        return self._process.wait(120)


def killed_when(phase: str, count: int) -> Callable[[MailServer, Path], None]:
    """Start a process and kill it when the server sees `phase` for the n-th time."""

    def run(server: MailServer, folder: Path) -> None:
        seen: list[str] = []
        born: queue.SimpleQueue[Child] = queue.SimpleQueue()

        def on(at: str, detail: str) -> None:
            if at == phase:
                seen.append(detail)
                if len(seen) == count:
                    born.get(timeout=60).kill()

        server.on = on
        child = Child(server.port, folder)
        born.put(child)
        assert child.ended() == -signal.SIGKILL
        server.on = lambda phase, detail: None

    return run


def finish(server: MailServer, folder: Path) -> None:
    assert Child(server.port, folder).ended() == 0
    with closing(Outbox(folder / "deliveries.db")) as outbox:  # opening runs the integrity check
        assert outbox.pending() == 0
        assert {row.state for row in outbox.rows()} == {"sent"}


def told(server: MailServer) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for one in server.received:
        found.setdefault((one.recipients[0], str(one.message["Subject"])), set()).add(one.message_id)
    return found


@pytest.mark.parametrize(
    ("phase", "count", "repeats"),
    [("RCPT", 1, 0), ("RCPT", 5, 0), ("DATA", 2, 1), ("stored", 1, 1), ("stored", 7, 1)],
)
def test_a_killed_process_loses_no_mail(
    tmp_path: Path, mails: MailServer, phase: str, count: int, repeats: int
) -> None:
    """S1: killed at RCPT, at DATA, and between storing and the 250."""
    killed_when(phase, count)(mails, tmp_path)
    finish(mails, tmp_path)
    assert len(told(mails)) == RELEASES * RECIPIENTS
    assert all(len(identities) == 1 for identities in told(mails).values())
    assert len(mails.received) == RELEASES * RECIPIENTS + repeats


def test_a_process_killed_again_and_again_at_random_ends_with_every_mail_told(
    tmp_path: Path, mails: MailServer
) -> None:
    """S1: also just after the 250, which is when the next MAIL or RCPT comes."""
    dice = random.Random(4)
    for _ in range(5):
        killed_when(dice.choice(["RCPT", "DATA", "stored"]), dice.choice([1, 2]))(mails, tmp_path)
    finish(mails, tmp_path)
    assert len(told(mails)) == RELEASES * RECIPIENTS
    assert all(len(identities) == 1 for identities in told(mails).values())
    assert len(mails.received) <= RELEASES * RECIPIENTS + 5


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
