"""Who is told of what, when, and that an event is planned once for ever."""

import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scraper.alerts import Outbox, deliver
from scraper.alerts.audience import due_at, recipients
from scraper.errors import StoreError
from scraper.model import Notice
from scraper.settings import Audience, Digest, Settings
from scraper.terms import OPERATOR_EVENTS
from tests.mailserver import MailServer, mails
from tests.notices import NOW, Events, anywhere, audience, notice, numbered, settings, smtp

__all__ = ["mails"]


def told(one: Notice, *audiences: Audience, operator: tuple[str, ...] = ("ops@desk.test",)) -> dict[str, str]:
    alerts = replace(settings(Path(), None).alerts, audiences=audiences, operator=operator)
    return {found.address: found.audience for found in recipients(one, alerts, anywhere)}


def plan(folder: Settings, notices: Sequence[Notice], now: datetime = NOW) -> int:
    with Outbox(folder.storage.deliveries) as outbox:
        return outbox.plan(notices, folder, now, anywhere)


def test_an_audience_gets_the_kinds_it_names() -> None:
    desk = audience("a@desk.test", events=("revised",))
    assert told(notice("revised"), desk) == {"a@desk.test": "newsroom"}
    assert told(notice("new"), desk) == {}
    assert told(notice("delisted"), audience("a@desk.test")) == {}
    assert told(notice("delisted"), audience("a@desk.test", events=("delisted",))) == {"a@desk.test": "newsroom"}


@pytest.mark.parametrize("kind", OPERATOR_EVENTS)
def test_source_problems_go_to_the_operator_only(kind: str) -> None:
    desk = audience("a@desk.test", events=(kind,))
    assert told(notice(kind, release_id=None), desk) == {"ops@desk.test": "operator"}


def test_a_baseline_goes_to_operators_and_to_every_audience_of_the_source() -> None:
    one = notice("baseline", release_id=None, place_ids=())
    mine = audience("a@desk.test", events=("new",), places=("17031",))
    other = audience("b@desk.test", name="other", sources=("cis",))
    assert told(one, mine, other) == {"a@desk.test": "newsroom", "ops@desk.test": "operator"}


def test_places_and_sources_filter() -> None:
    def desk(**kw: tuple[str, ...]) -> Audience:
        return replace(audience("a@desk.test"), **kw)  # type: ignore[arg-type]

    assert told(notice(), desk(places=("06",)))
    assert told(notice(), desk(places=("17", "06085")))
    assert not told(notice(), desk(places=("17",)))
    assert not told(notice(place_ids=()), desk(places=("06",)))
    assert told(notice(place_ids=()), desk())
    assert told(notice(), desk(sources=("ice-ddor",)))
    assert not told(notice(), desk(sources=("cis",)))


def test_history_of_record_is_told_to_nobody(tmp_path: Path) -> None:
    folder = settings(tmp_path, None)
    one = notice(source_id="history")
    assert plan(folder, [one]) == 0
    with Outbox(folder.storage.deliveries) as outbox:
        assert outbox.planned() == {one.event.event_id}


def test_an_address_in_two_audiences_gets_one_mail_by_the_prompter_rule(tmp_path: Path) -> None:
    slow = audience("a@desk.test", name="slow", digest="daily")
    fast = audience("Desk <A@desk.test>", name="fast")
    assert told(notice(), slow, fast) == {"a@desk.test": "fast"}
    folder = settings(tmp_path, None, slow, fast)
    assert plan(folder, [notice()]) == 1


def test_planning_again_adds_nothing_even_with_a_new_audience(tmp_path: Path) -> None:
    folder = settings(tmp_path, None)
    assert plan(folder, numbered(2)) == 6
    assert plan(folder, numbered(3)) == 3
    assert plan(settings(tmp_path, None, audience("new@desk.test")), numbered(3)) == 0


def test_a_plan_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    folder = settings(tmp_path, None)

    def breaking(place_id: str, wanted: str) -> bool:
        raise RuntimeError("the gazetteer broke")

    picky = settings(tmp_path, None, audience("a@desk.test"), audience("b@desk.test", name="b", places=("06",)))
    with Outbox(folder.storage.deliveries) as outbox:
        with pytest.raises(RuntimeError):
            outbox.plan(numbered(2), picky, NOW, breaking)
        assert outbox.planned() == frozenset()
        assert outbox.pending() == 0
        assert outbox.plan(numbered(2), picky, NOW, anywhere) == 4


@pytest.mark.parametrize(
    ("digest", "now", "due"),
    [
        ("immediate", "2026-11-23T04:10:00", "2026-11-23T04:10:00"),
        ("hourly", "2026-11-23T04:10:00", "2026-11-23T05:00:00"),
        ("hourly", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("daily", "2026-11-23T06:59:59", "2026-11-23T07:00:00"),
        ("daily", "2026-11-23T07:00:00", "2026-11-24T07:00:00"),
        ("weekly", "2026-11-23T06:59:00", "2026-11-23T07:00:00"),
        ("weekly", "2026-11-23T07:00:00", "2026-11-30T07:00:00"),
        ("weekly", "2028-02-29T12:00:00", "2028-03-06T07:00:00"),
    ],
)
def test_digests_are_due_at_the_full_hour_at_seven_and_on_monday(digest: Digest, now: str, due: str) -> None:
    assert due_at(digest, datetime.fromisoformat(now + "+00:00")) == datetime.fromisoformat(due + "+00:00")


def test_a_digest_collects_until_due_and_keeps_its_identity_when_it_is_sent_again(
    tmp_path: Path, mails: MailServer
) -> None:
    """M2, M7."""
    folder = settings(tmp_path, smtp(mails.port), audience("a@desk.test", digest="hourly"))
    events = numbered(4)
    with Outbox(folder.storage.deliveries) as outbox:
        outbox.plan(events[:3], folder, NOW, anywhere)
        assert deliver(outbox, Events(events), folder, NOW).sent == 0
        assert outbox.pending() == 3
        assert {row.state for row in outbox.rows()} == {"collecting"}
        due = NOW + timedelta(hours=1)
        mails.drop = "after"
        assert deliver(outbox, Events(events), folder, due).deferred == 1
        mails.drop = ""
        outbox.plan(events[3:], folder, due, anywhere)
        assert deliver(outbox, Events(events), folder, due).sent == 1
        assert outbox.pending() == 1
        assert {one.message_id for one in mails.received} == {mails.received[0].message_id}
        assert mails.subjects == ["Digest: 3 new"] * 2
        assert deliver(outbox, Events(events), folder, due + timedelta(hours=1)).sent == 1
        assert mails.subjects[2:] == ["Digest: 1 new"]
        assert mails.received[2].message_id != mails.received[0].message_id


def test_a_clock_that_went_back_holds_nothing_up(tmp_path: Path, mails: MailServer) -> None:
    """T1."""
    folder = settings(
        tmp_path, smtp(mails.port), audience("a@desk.test"), audience("b@desk.test", name="b", digest="weekly")
    )
    one = notice()
    with Outbox(folder.storage.deliveries) as outbox:
        outbox.plan([one], folder, NOW, anywhere)
        assert deliver(outbox, Events([one]), folder, NOW - timedelta(days=20)).sent == 2


def test_the_delivery_database_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deliveries.db"
    with Outbox(path) as outbox:
        outbox.plan([notice()], settings(tmp_path, None), NOW, anywhere)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes["deliveries.db"] == 0o600
    assert set(modes.values()) == {0o600}
    path.chmod(0o644)
    Outbox(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_newer_or_damaged_delivery_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """S4, S7."""
    newer, damaged = tmp_path / "newer.db", tmp_path / "damaged.db"
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.close()
    damaged.write_bytes(b"this is no database" * 1000)
    for path, words in ((newer, "version 99"), (damaged, "cannot be used")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=words):
            Outbox(path)
        assert path.read_bytes() == before


def test_times_are_utc_with_z(tmp_path: Path) -> None:
    """T5."""
    folder = settings(tmp_path, None)
    plan(folder, [notice()], datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with Outbox(folder.storage.deliveries) as outbox:
        assert {row.next_try for row in outbox.rows()} == {"2026-11-23T04:00:00.000000Z"}
