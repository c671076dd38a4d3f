"""From the publisher's page to the inbox: one round over a real SMTP server, down and up again."""

from pathlib import Path

from tests.desk import Desk
from tests.mailserver import mail_server
from tests.publisher import Publisher
from tests.test_pipeline import ROWS, TABLE, table


def test_m1_rows_are_stored_while_mail_is_down_and_each_mail_arrives_once_after(
    tmp_path: Path, publisher: Publisher
) -> None:
    publisher.put("/table", table(ROWS))
    with mail_server() as server:
        smtp = {"host": "127.0.0.1", "port": server.port, "starttls": False, "username": "", "from": "w@example.org"}
        alerts = {
            "smtp": smtp,
            "operator": [],
            "retry": {"first_seconds": 0, "max_hours": 1},
            "audiences": {"newsroom": {"to": ["a@example.org", "b@example.org"], "digest": "immediate"}},
        }
        desk = Desk(tmp_path, publisher, TABLE, alerts=alerts)
        assert desk.check().sent == 2, "the baseline, to each of two"
        server.answers["MAIL"] = "421 closing for a while"
        publisher.put("/table", table([("Cook County", "IL", "7"), *ROWS[1:]]))
        report = desk.check()
        assert (report.sent, report.waiting) == (0, 2)
        assert report.mail_problem
        assert len(desk.ask("SELECT 1 FROM changes")) == 1
        server.answers.clear()
        assert desk.check().sent == 2
        assert desk.check().sent == 0
        revised = [mail for mail in server.received if str(mail.message["Subject"]).startswith("Revised")]
    assert sorted(mail.recipients for mail in revised) == [["a@example.org"], ["b@example.org"]]
    assert {str(mail.message["To"]) for mail in revised} == {"a@example.org", "b@example.org"}
