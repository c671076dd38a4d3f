"""Mail through a real server: exactly once where it answers, at least once under one identity where it does not."""

import logging
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from scraper.alerts import Outbox, Report, deliver, preview, probe
from scraper.model import Notice
from scraper.settings import Retry, Settings
from tests.mailserver import PASSWORD, USER, MailServer, certificate, mail_server, mails, raw_server
from tests.notices import NOW, OLD_SHA, SHA, Events, anywhere, audience, change, notice, numbered, settings, smtp

__all__ = ["certificate", "mails"]
THREE = ("a@desk.test", "b@desk.test", "c@desk.test")


class Desk:
    """An outbox with its events and settings, and a clock that a test moves."""

    def __init__(self, outbox: Outbox, where: Settings, notices: list[Notice]) -> None:
        self.outbox, self.settings, self.events, self.now = outbox, where, Events(notices), NOW
        outbox.plan(notices, where, NOW, anywhere)

    def deliver(self, hours: float = 0) -> Report:
        self.now += timedelta(hours=hours)
        return deliver(self.outbox, self.events, self.settings, self.now)

    def add(self, *notices: Notice) -> None:
        self.events.notices |= {one.event.event_id: one for one in notices}
        self.outbox.plan(notices, self.settings, self.now, anywhere)


@contextmanager
def desk(where: Settings, *notices: Notice) -> Iterator[Desk]:
    with Outbox(where.storage.deliveries) as outbox:
        yield Desk(outbox, where, list(notices) or [notice()])


def copies(server: MailServer) -> Counter[str]:
    return Counter(one.recipients[0] for one in server.received)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_each_recipient_gets_an_own_mail_with_stable_headers(tmp_path: Path, mails: MailServer) -> None:
    """M5."""
    one = notice("revised", changes=(change("=cmd"),))
    with desk(settings(tmp_path, smtp(mails.port)), one) as mine:
        assert mine.deliver() == Report(sent=3, deferred=0, dead=(), problem="")
        assert mine.deliver().sent == 0
    assert copies(mails) == dict.fromkeys(THREE, 1)
    for received in mails.received:
        message = received.message
        (address,) = received.recipients
        assert [str(message["To"])] == [address]
        assert not any(other in received.data.decode() for other in THREE if other != address)
        assert message["From"].addresses[0].addr_spec == "watch@watch.test"
        assert message["Date"].datetime == NOW
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Id"] == "<newsroom.detainer-watch.watch.test>"
        assert message["Precedence"] == "bulk"
        assert message["Message-ID"].endswith("@watch.test>")
        assert message["References"] == message["In-Reply-To"]
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
        assert one.event.url in text
        assert SHA in text
        assert SHA in html
        (sheet,) = message.iter_attachments()
        assert "'=cmd" in sheet.get_content()
    assert len({received.message_id for received in mails.received}) == 3
    assert len({str(received.message["References"]) for received in mails.received}) == 1
    assert mails.connections == 1


@pytest.mark.parametrize(
    "words", ["Title\r\nBcc: evil@evil.test", "x" * 20_000, "{{7*7}}", "<script>", "é" * 400, "a\u202eb"]
)
def test_a_hostile_title_adds_no_header_no_recipient_and_no_long_line(
    tmp_path: Path, mails: MailServer, words: str
) -> None:
    """C16."""
    one = notice("revised", words, announced=words, publisher=words, changes=(change(words, words, "1"),))
    with desk(settings(tmp_path, smtp(mails.port)), one) as mine:
        assert mine.deliver().sent == 3
    assert copies(mails) == dict.fromkeys(THREE, 1)
    for received in mails.received:
        assert received.message["Bcc"] is None
        assert max(len(line) for line in received.data.split(b"\r\n")) < 998
        assert received.message["Subject"].startswith("Revised: “")


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["421 busy", "451 not now", "452 full"])
def test_a_temporary_no_is_tried_again_and_told_once(
    tmp_path: Path, mails: MailServer, phase: str, answer: str
) -> None:
    """M1."""
    mails.answers[phase] = answer
    with desk(settings(tmp_path, smtp(mails.port))) as mine:
        assert mine.deliver().deferred == 3
        assert mine.deliver().deferred == 3
        assert mine.outbox.pending() == 3
        mails.answers.clear()
        assert mine.deliver().sent == 3
        assert mine.deliver() == Report(sent=0, deferred=0, dead=(), problem="")
    assert copies(mails) == dict.fromkeys(THREE, 1)


@pytest.mark.parametrize("answer", ["550 sender unknown", "530 authenticate first"])
def test_a_server_that_refuses_the_sender_loses_no_mail(tmp_path: Path, mails: MailServer, answer: str) -> None:
    """M1: MAIL 5xx is our trouble, not the recipients'."""
    mails.answers["MAIL"] = answer
    with desk(settings(tmp_path, smtp(mails.port))) as mine:
        report = mine.deliver()
        assert (report.deferred, report.dead) == (3, ())
        assert answer in report.problem
        mails.answers.clear()
        assert mine.deliver().sent == 3


def test_greylisting_is_waited_for(tmp_path: Path, mails: MailServer) -> None:
    """M1."""
    mails.greylist = True
    where = settings(tmp_path, smtp(mails.port), retry=Retry(first_seconds=60))
    with desk(where) as mine:
        report = mine.deliver()
        assert (report.deferred, report.problem) == (3, "")
        assert mine.deliver() == Report(sent=0, deferred=0, dead=(), problem="")
        assert mine.deliver(hours=0.02).sent == 3
    assert copies(mails) == dict.fromkeys(THREE, 1)


def test_a_closed_port_defers_everything_and_heals(tmp_path: Path) -> None:
    """M1."""
    port = free_port()
    with desk(settings(tmp_path, smtp(port))) as mine:
        report = mine.deliver()
        assert report.deferred == 3
        assert f"localhost:{port} could not be used" in report.problem
        with mail_server(port=port) as server:
            assert mine.deliver().sent == 3
            assert copies(server) == dict.fromkeys(THREE, 1)


@pytest.mark.parametrize(
    "greeting", [b"", b"421 go away\r\n", b"554 no\r\n", b"garbage\r\n", b"220 " + b"x" * 20_000 + b"\r\n"]
)
def test_a_server_without_a_good_greeting_is_given_up_quickly(tmp_path: Path, greeting: bytes) -> None:
    """M1: one connection, one timeout, however many mails wait."""
    patience = 10 if greeting else 1
    with (
        raw_server(greeting) as (port, connections),
        desk(settings(tmp_path, smtp(port, timeout_seconds=patience)), *numbered(5)) as mine,
    ):
        report = mine.deliver()
        assert (report.sent, mine.outbox.pending()) == (0, 15)
        assert report.problem
    assert len(connections) <= 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_hangs_costs_two_timeouts_and_repeats_carry_the_same_message_id(
    tmp_path: Path, mails: MailServer, when: str
) -> None:
    """M1, M2."""
    mails.hang = when
    with desk(settings(tmp_path, smtp(mails.port, timeout_seconds=0.5))) as mine:
        report = mine.deliver()
        assert (report.sent, mine.outbox.pending()) == (0, 3)
        assert mails.connections <= 2
        mails.hang = ""
        mine.settings = settings(tmp_path, smtp(mails.port))
        assert mine.deliver().sent == 3
        assert mine.deliver().sent == 0
    identities = {(one.recipients[0], one.message_id) for one in mails.received}
    assert len(identities) == 3
    assert set(copies(mails)) == set(THREE)
    assert set(copies(mails).values()) <= ({1} if when == "before" else {1, 2})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_at_data_repeats_only_under_the_same_message_id_and_date(
    tmp_path: Path, mails: MailServer, when: str
) -> None:
    """M2."""
    mails.drop = when
    with desk(settings(tmp_path, smtp(mails.port))) as mine:
        report = mine.deliver()
        assert report.deferred == 3
        assert "broke off" in report.problem
        mails.drop = ""
        assert mine.deliver(hours=1).sent == 3
    assert len({(one.recipients[0], one.message_id, str(one.message["Date"])) for one in mails.received}) == 3


@pytest.mark.parametrize("answer", ["550 no such user", "553 mailbox name not allowed", "501 bad address"])
def test_one_refused_recipient_harms_nobody_else_and_the_operator_is_told_once(
    tmp_path: Path, mails: MailServer, answer: str
) -> None:
    """M3."""
    mails.refuse["b@desk.test"] = answer
    with desk(settings(tmp_path, smtp(mails.port)), *numbered(3)) as mine:
        report = mine.deliver()
        assert report.dead == ("b@desk.test",) * 3
        assert report.sent == 3 * 2 + 1
        mine.add(notice(title="A later one", release_id="later"))
        assert mine.deliver().sent == 2
        assert {row.state for row in mine.outbox.rows() if row.recipient == "b@desk.test"} == {"dead"}
        assert mine.outbox.pending() == 0
    assert copies(mails) == {"a@desk.test": 4, "c@desk.test": 4, "ops@desk.test": 1}
    assert mails.commands.count("RCPT b@desk.test") == 4
    (note,) = mails.to("ops@desk.test")
    assert note.message["Subject"] == "Mail not delivered: b@desk.test"
    assert answer in note.data.decode()


def test_a_refusal_at_data_is_for_that_mail_only(tmp_path: Path, mails: MailServer) -> None:
    mails.answers["DATA"] = "554 content refused"
    with desk(settings(tmp_path, smtp(mails.port))) as mine:
        assert mine.deliver().dead[:3] == THREE
        mails.answers.clear()
        mine.add(notice(title="A later one", release_id="later"))
        assert mine.deliver().sent == 3


def test_an_operator_who_cannot_be_reached_is_told_nothing_about_it(tmp_path: Path, mails: MailServer) -> None:
    mails.refuse = dict.fromkeys(("ops@desk.test", "b@desk.test"), "550 no such user")
    one = notice("source_failing", release_id=None)
    with desk(settings(tmp_path, smtp(mails.port)), one, notice()) as mine:
        for _ in range(4):
            mine.deliver(hours=30)
        assert mine.outbox.pending() == 0
    assert mails.commands.count("RCPT ops@desk.test") == 2
    assert copies(mails) == {"a@desk.test": 1, "c@desk.test": 1}


def test_a_temporary_no_for_one_holds_up_nobody(tmp_path: Path, mails: MailServer) -> None:
    """M4."""
    mails.refuse["a@desk.test"] = "450 mailbox busy"
    with desk(settings(tmp_path, smtp(mails.port)), *numbered(2)) as mine:
        assert mine.deliver() == Report(sent=4, deferred=2, dead=(), problem="")
        mails.refuse.clear()
        assert mine.deliver().sent == 2
    assert copies(mails) == dict.fromkeys(THREE, 2)


def test_a_server_that_dies_after_two_mails_is_finished_later_exactly_once(tmp_path: Path) -> None:
    """M4."""
    port = free_port()
    with desk(settings(tmp_path, smtp(port))) as mine:
        with mail_server(port=port) as first:
            first.stop_after = 2
            report = mine.deliver()
            assert (report.sent, report.deferred) == (2, 1)
        assert mine.deliver().deferred == 1
        with mail_server(port=port) as second:
            assert mine.deliver().sent == 1
    assert copies(first) + copies(second) == dict.fromkeys(THREE, 1)


def test_a_mail_is_given_up_after_max_hours_and_waits_longer_each_time(tmp_path: Path) -> None:
    where = settings(tmp_path, smtp(free_port()), audience("a@desk.test"), retry=Retry(first_seconds=60, max_hours=96))
    with desk(where) as mine:
        tries = 0
        for _ in range(200):
            report = mine.deliver(hours=0.5)
            tries += report.deferred
            if report.dead:
                break
        assert report.dead[0] == "a@desk.test"
        assert 96 <= (mine.now - NOW).total_seconds() / 3600 <= 101
        assert 20 < tries < 40


def test_a_burst_is_sent_in_order_over_one_connection(tmp_path: Path, mails: MailServer) -> None:
    """M7."""
    with desk(settings(tmp_path, smtp(mails.port)), *numbered(12)) as mine:
        assert mine.deliver().sent == 36
    for address in THREE:
        told = [re.search(r"\d\d", str(one.message["Subject"])) for one in mails.to(address)]
        assert [found[0] for found in told if found] == [f"{n:02}" for n in range(1, 13)]
    assert mails.connections == 1


def test_starttls_with_a_password_over_a_verified_connection(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    with mail_server(certificate=certificate, auth=True) as server:
        secure = smtp(server.port, starttls=True, username=USER, password=PASSWORD, ca_file=certificate[0])
        with desk(settings(tmp_path, secure)) as mine:
            assert mine.deliver() == Report(sent=3, deferred=0, dead=(), problem="")
        assert copies(server) == dict.fromkeys(THREE, 1)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd knows STARTTLS only
def test_tls_from_the_start_with_a_password(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    with mail_server(certificate=certificate, auth=True, implicit=True) as server:
        secure = smtp(server.port, tls=True, username=USER, password=PASSWORD, ca_file=certificate[0])
        with desk(settings(tmp_path, secure)) as mine:
            assert mine.deliver().sent == 3


def test_an_unknown_certificate_stops_all_mail(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """M6."""
    with mail_server(certificate=certificate, auth=True) as server:
        secure = smtp(server.port, starttls=True, username=USER, password=PASSWORD)
        with desk(settings(tmp_path, secure)) as mine:
            report = mine.deliver()
        assert (report.sent, report.deferred, server.received) == (0, 3, [])
        assert "certificate" in report.problem


@pytest.mark.parametrize(
    "ehlo", [b"250 mail.test\r\n", b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n", b"250-mail.test\r\n250 STARTTLS\r\n"]
)
@pytest.mark.parametrize("starttls", [True, False])
def test_without_tls_no_mail_goes_out_and_the_password_is_never_said(
    tmp_path: Path, ehlo: bytes, starttls: bool
) -> None:
    """M6: STARTTLS missing, stripped, or refused."""
    replies = {b"EHLO": ehlo, b"STARTTLS": b"454 not available\r\n", b"AUTH": b"235 welcome\r\n"}
    with raw_server(b"220 mail.test\r\n", replies) as (port, heard):
        secret = smtp(port, starttls=starttls, username=USER, password=PASSWORD)
        with desk(settings(tmp_path, secret)) as mine:
            report = mine.deliver()
            assert (report.sent, report.deferred) == (0, 3)
            assert mine.outbox.pending() == 3
    assert "STARTTLS" in report.problem.upper()
    assert {line.split()[0].upper() for lines in heard for line in lines} <= {b"EHLO", b"STARTTLS", b"QUIT"}


def test_the_password_stands_in_no_file_log_or_report(
    tmp_path: Path, certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """K3: also when the server says it back."""
    caplog.set_level(logging.DEBUG)
    wrong = PASSWORD[::-1]
    with mail_server(certificate=certificate, auth=True) as server:
        secret = smtp(server.port, starttls=True, username=USER, password=wrong, ca_file=certificate[0])
        with desk(settings(tmp_path, secret)) as mine:
            refused = mine.deliver()
    with raw_server(b"554 " + wrong.encode() + b"\r\n") as (port, _):
        secret = smtp(port, username=USER, password=wrong)
        with desk(settings(tmp_path, secret), notice("revised")) as mine:
            echoed = mine.deliver()
            files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "user name or password" in refused.problem
    assert "554" in echoed.problem
    assert wrong not in refused.problem + echoed.problem + caplog.text + repr(secret)
    assert wrong.encode() not in files


def test_without_a_mail_server_each_mail_is_a_file_and_a_resend_writes_the_same_name(tmp_path: Path) -> None:
    where = settings(tmp_path, None)
    with desk(where, notice(title="../../etc/passwd\x00 <b>")) as mine:
        assert mine.deliver().sent == 3
        files = sorted(path.name for path in where.storage.outbox.iterdir())
        mine.outbox._db.execute("UPDATE mail SET state = 'sending'")  # as a crash just after writing leaves it
        assert mine.deliver().sent == 3
    assert sorted(path.name for path in where.storage.outbox.iterdir()) == files
    assert len(files) == 6
    assert all(re.fullmatch(r"20261123T040000Z-new-etc-passwd-b-[0-9a-f]{10}\.(eml|html)", name) for name in files)
    for path in where.storage.outbox.glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert str(message["To"]) in THREE
        assert "<title>New: “../../etc/passwd &lt;b&gt;”" in path.with_suffix(".html").read_text("utf-8")


def test_an_outbox_folder_that_cannot_be_written_is_a_problem_and_heals(tmp_path: Path) -> None:
    where = settings(tmp_path, None)
    where.storage.outbox.write_text("a file stands where the folder should be")
    with desk(where) as mine:
        report = mine.deliver()
        assert (report.sent, report.deferred) == (0, 3)
        assert "could not be written" in report.problem
        where.storage.outbox.unlink()
        assert mine.deliver().sent == 3


def test_an_address_taken_out_of_the_configuration_gets_no_more_mail(tmp_path: Path, mails: MailServer) -> None:
    mails.answers["MAIL"] = "451 not now"
    with desk(settings(tmp_path, smtp(mails.port))) as mine:
        mine.deliver()
        mails.answers.clear()
        mine.settings = settings(tmp_path, smtp(mails.port), audience("a@desk.test"))
        assert mine.deliver().sent == 1
        assert mine.outbox.pending() == 0


def test_an_event_that_is_gone_is_reported_not_sent(tmp_path: Path, mails: MailServer) -> None:
    with desk(settings(tmp_path, smtp(mails.port), audience("a@desk.test"))) as mine:
        mine.events.notices.clear()
        report = mine.deliver()
        assert report.dead == ("a@desk.test",)
    assert "not in the database" in mails.to("ops@desk.test")[0].data.decode()


def test_an_address_no_server_can_take_harms_nobody_else(tmp_path: Path, mails: MailServer) -> None:
    where = settings(tmp_path, smtp(mails.port), audience("dösk@desk.test", "nobody", "a@dösk.test", "a@desk.test"))
    with desk(where) as mine:
        report = mine.deliver()
    assert mails.to("a@desk.test")
    assert report.dead == ("dösk@desk.test", "nobody", "a@dösk.test")


def test_a_preview_shows_each_notice_and_sends_nothing(tmp_path: Path) -> None:
    shown = preview([notice(before=None), notice("revised", changes=(change(),))], settings(tmp_path, None))
    assert [mail.subject.split(":")[0] for mail in shown] == ["New", "Revised"]
    assert all("This is a preview" in mail.text and OLD_SHA not in mail.text for mail in shown)
    assert not list(tmp_path.iterdir())


def test_a_test_mail_reaches_every_configured_address(tmp_path: Path, mails: MailServer) -> None:
    mails.refuse["b@desk.test"] = "550 no such user"
    report = probe(settings(tmp_path, smtp(mails.port)), NOW)
    assert (report.sent, report.dead) == (3, ("b@desk.test",))
    assert set(mails.subjects) == {"Test mail from Detainer Watch"}
