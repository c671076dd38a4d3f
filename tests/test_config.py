"""config.yaml: what it says is what the rooms get; every mistake has its line, its key and its fix (K1-K3)."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from scraper import config, readers, resources, terms
from scraper.config.schema import SourceBlock
from scraper.errors import ConfigError
from scraper.model import Column
from scraper.settings import Settings

ROOT = Path(__file__).parent.parent
GOOD = "contact: data-desk@example.org\n"
SOURCE = "  - {id: a, reader: page, url: https://www.ice.gov/x, every: 6h}\n"


def load(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Settings:
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.load(path, environ or {})


def mistakes(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> str:
    """Return the error text without the folder in front of each line."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    return str(caught.value).replace(f"{folder}/", "")


def source(tmp_path: Path, keys: str) -> Settings:
    return load(tmp_path, f"{GOOD}sources:\n  - {{id: a, reader: page, url: 'https://www.ice.gov/x', {keys}}}\n")


def test_the_contract_of_the_design_is_read_in_full(tmp_path: Path) -> None:
    got = load(tmp_path, CONTRACT, {"SMTP_PASSWORD": "s3cret"})
    assert got.fetch.contact == "data-desk@example.org"
    assert got.fetch.allow_private == ("127.0.0.1:9000",)
    assert (got.fetch.per_host_per_second, got.fetch.timeout_seconds) == (None, 60)
    assert got.storage.database == tmp_path / "db/detainers.db"
    assert got.storage.outbox == tmp_path / "db/outbox"
    assert got.web.public_url == "http://127.0.0.1:8001"
    smtp = got.alerts.smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.starttls, smtp.tls, smtp.password) == ("localhost", 587, True, False, "s3cret")
    assert got.alerts.sender == "Detainer Watch <watch@example.org>"
    assert (got.alerts.retry.first_seconds, got.alerts.retry.max_hours) == (0, 96)
    newsroom, county = got.alerts.audiences
    assert (newsroom.name, newsroom.to, newsroom.digest) == ("newsroom", ("desk@example.org",), "immediate")
    assert (county.places, county.events, county.sources) == (
        ("06085", "Cook County, IL"),
        terms.READER_EVENTS,
        ("list",),
    )
    assert [one.id for one in got.sources] == ["ice-ddor", "list"]
    assert (got.sources[0].every_seconds, got.sources[0].cron) == (21600, None)
    assert got.sources[0].confirm.quiet_days == 90
    table = got.sources[1]
    assert (table.every_seconds, table.cron, table.jitter_seconds) == (None, "15 */6 * * 1", 5)
    assert table.options.columns == (
        Column(name="jurisdiction", header="Jurisdiction"),
        Column(name="count", header="Declined", type="integer", measure="detainer_declined", unit="detainers"),
    )
    assert (table.options.key, table.options.series_kind) == (("jurisdiction",), "cumulative")
    assert table.allow_hosts == ("example.org",)


CONTRACT = """\
contact: data-desk@example.org
storage: {database: db/detainers.db, deliveries: db/deliveries.db, archive: db/archive}
fetch: {per_host_per_second: null, concurrency: 8, timeout_seconds: 60, max_body_mb: 200, retries: 2,
        respect_robots: true, allow_private: ["127.0.0.1:9000"]}
web: {host: 127.0.0.1, port: 8001, public_url: "http://127.0.0.1:8001/"}
alerts:
  smtp: {host: localhost, port: 587, starttls: true, username: "watch", password_env: SMTP_PASSWORD,
         from: "Detainer Watch <watch@example.org>", ca_file: null}
  operator: [ops@example.org]
  retry: {first_seconds: 0, max_hours: 96}
  audiences:
    newsroom: {to: [desk@example.org], events: [new, revised, corrected, withdrawn, restored], digest: immediate}
    county-desk: {to: [local@example.org], places: ["06085", "Cook County, IL"], digest: daily, apprise: [],
                  sources: [list]}
health: {ping_url: null}
sources:
  - id: ice-ddor
    reader: page
    publisher: U.S. Immigration and Customs Enforcement
    url: https://www.ice.gov/declined-detainer-outcome-report
    every: 6h
    allow_hosts: [www.ice.gov]
    expect: {releases_min: 1}
    confirm: {withdrawn_rounds: 3, quiet_days: 90}
  - id: list
    reader: table
    url: https://example.org/list.csv
    cron: "15 */6 * * 1"
    jitter: 5s
    columns:
      jurisdiction: Jurisdiction
      count: {header: Declined, type: integer, measure: detainer_declined, unit: detainers}
    key: [jurisdiction]
    series_kind: cumulative
"""


def test_a_file_with_a_contact_alone_gets_every_default(tmp_path: Path) -> None:
    got = load(tmp_path, GOOD + "alerts:\n  audiences:\n    # none yet\nsources:\n" + SOURCE)
    assert got.alerts.smtp is None
    assert got.alerts.sender == "Detainer Watch <data-desk@example.org>"
    assert got.storage.archive == tmp_path / "db/archive"
    one = got.sources[0]
    assert (one.allow_hosts, one.options.publisher, one.options.title) == (("www.ice.gov",), "www.ice.gov", "a")
    assert (one.jitter_seconds, one.schedule_words) == (60, "every 6h")


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("15m", 900), ("6h", 21600), ("1d", 86400), ("1.5h", 5400), ("1s", 1)]
)
def test_durations_are_a_number_and_a_unit(tmp_path: Path, written: str, seconds: float) -> None:
    assert source(tmp_path, f"every: {written}").sources[0].every_seconds == seconds


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("storag: {}", "config.yaml:2:1: storag: unknown key; did you mean storage?"),
        ("fetch: {retry: 1}", "config.yaml:2:9: fetch.retry: unknown key; did you mean retries?"),
        ("fetch: {retries: '2'}", 'config.yaml:2:18: fetch.retries: "2" is not a whole number; write digits only, '),
        ("fetch: {retries: 2.5}", "config.yaml:2:18: fetch.retries: 2.5 is not a whole number"),
        ("fetch: {retries: true}", "config.yaml:2:18: fetch.retries: True is not a whole number"),
        ("fetch: {respect_robots: no}", 'config.yaml:2:25: fetch.respect_robots: "no" is not true or false; write f'),
        ("fetch: {timeout_seconds: 1:30}", 'config.yaml:2:26: fetch.timeout_seconds: "1:30" is not a number'),
        ("fetch: {concurrency: 012}", 'config.yaml:2:22: fetch.concurrency: "012" is not a whole number'),
        ("fetch: {concurrency: 0}", "config.yaml:2:22: fetch.concurrency: 0 is out of range; write at least 1"),
        ("fetch: {per_host_per_second: .inf}", 'fetch.per_host_per_second: ".inf" is not a number'),
        ("fetch: {allow_private: [127.0.0.1]}", 'fetch.allow_private[0]: "127.0.0.1" is not a host with a port'),
        ("fetch: 3", "config.yaml:2:8: fetch: 3 stands where a block of keys is expected"),
        ("web: {port: 0}", "web.port: 0 is out of range; write at least 1"),
        ("web: {public_url: 'javascript:alert(1)'}", "web.public_url: "),
        ("storage: {deliveries: db/detainers.db}", "storage.deliveries: is the same as storage.database"),
        ("storage: {archive: ~/archive}", "storage.archive: ~ is not read here"),
        ("alerts: {operator: ops@example.org}", 'alerts.operator: "ops@example.org" stands where a list is expected'),
        ("alerts: {operator: [ops]}", 'alerts.operator[0]: "ops" is not an e-mail address'),
        ('alerts: {operator: ["a@b.org\\nBcc: c@d.org"]}', "alerts.operator[0]: "),
        ("alerts: {audiences: {x: {places: ['06']}}}", "config.yaml:2:25: alerts.audiences.x.to: is missing; add to:"),
        ("alerts: {audiences: {x: {to: []}}}", "alerts.audiences.x.to: is empty; write at least one"),
        ("alerts: {audiences: {x: {to: [a@b.org], events: [revized]}}}", "did you mean revised?"),
        ("alerts: {audiences: {x: {to: [a@b.org], digest: dayly}}}", "did you mean daily?"),
        ("alerts: {audiences: {x: {to: [a@b.org], places: [17031]}}}", 'is not text; write it in quotes: "17031"'),
        ("alerts: {audiences: {x: {to: [a@b.org], places: ['6085']}}}", '"6085" is not a place'),
        ("alerts: {audiences: {x: {to: [a@b.org], sources: [ice]}}}", '"ice" is not one of (no source)'),
        ("alerts: {audiences: {x: {to: [a@b.org], apprise: ['slack://x']}}}", "this is not built in yet"),
        ("sources: {}", "config.yaml:2:10: sources: a block of keys stands where a list is expected"),
        (
            "contact: b@example.org",
            "config.yaml:2:1: contact: this key stands already in line 1; remove one of the two",
        ),
        ("<<: {web: 1}", "config.yaml:2:1: <<: merge keys are not read"),
        ("web: {host: *nowhere}", "*nowhere stands for nothing written before it"),
        ("web: &a {host: *a}", "*a stands for nothing written before it"),
        ("? [a]\n: 1", "a key must be a word"),
        ("---\ncontact: x@y.org", "a second document begins here"),
    ],
)
def test_each_mistake_names_line_column_key_and_fix_k1(tmp_path: Path, text: str, line: str) -> None:
    assert line in mistakes(tmp_path, GOOD + text)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("every: 6 hours", 'config.yaml:3:68: sources[0].every: "6 hours" is not a duration; write 6h'),
        ("every: 30", "sources[0].every: 30 has no unit; write 30s"),
        ("every: 500ms", 'sources[0].every: "500ms" is not a duration'),
        ("every: 0.5s", "sources[0].every: must be at least 1s"),
        ("every: 99999d", "longer than ten years"),
        ("jitter: 1s", "sources[0]: has no schedule"),
        ("every: 1h, cron: '0 * * * *'", "sources[0].cron: both every and cron are written; keep one"),
        ("cron: '* * * *'", 'sources[0].cron: "* * * *": has 4 fields; write five'),
        ("cron: '61 * * * *'", "the last value (61) is higher than the maximum value (59)"),
        ("cron: '0 0 31 2 *'", "never comes true"),
        ("cron: '0 0 * * 8'", "weekday '8' is not 0-7 or sun-sat"),
        ("cron: '0 0 * * 5-1'", "the range runs backwards"),
        ("cron: '@daily'", "has 1 fields"),
        ("every: 1h, allow_hosts: ['https://www.ice.gov']", "is not a host; write it without scheme and path"),
        ("every: 1h, allow_hosts: [ice.gov]", "the host of url is not in it; add www.ice.gov"),
        ("every: 1h, expct: {}", "sources[0].expct: unknown key; did you mean expect?"),
        ("every: 1h, expect: {releases_min: one}", 'sources[0].expect.releases_min: "one" is not a whole number'),
        ("every: 1h, confirm: {withdrawn_rounds: 0}", "write at least 1"),
        ("every: 1h, ignore: ['a[[']", 'sources[0].ignore[0]: "a[[" is not a CSS selector'),
        ("every: 1h, follow: 'a[['", 'sources[0].follow: "a[[" is not a CSS selector'),
        ("every: 1h, follow: 're:(ddor'", "is not a regular expression: missing )"),
        ("every: 1h, columns: {a: A}", "sources[0].columns: belongs to reader: table"),
        ("every: 1h, archive_when_blocked: maybe", "sources[0].archive_when_blocked: "),
        ("every: 1h, series_kind: weekly", "is not one of periodic, cumulative"),
        ("every: 1h, select: !!python/object/apply:os.system [id]", "remove the tag"),
        ('every: 1h, title: "a\\0b"', "sources[0].title: must be one line of text"),
    ],
)
def test_each_mistake_in_a_source_names_its_key_and_fix_k1(tmp_path: Path, keys: str, words: str) -> None:
    text = f"{GOOD}sources:\n  - {{id: a, reader: page, url: 'https://www.ice.gov/x',     {keys}}}\n"
    assert words in mistakes(tmp_path, text)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("id: a, reader: tabel, url: 'https://a.org/', every: 1h", "did you mean table?"),
        ("id: a, reader: page, url: 'ftp://a.org/', every: 1h", '"ftp://a.org/" is not a web address'),
        ("id: a, reader: page, url: 'https://me:pw@a.org/', every: 1h", "no user name or password"),
        ("id: a, reader: page, url: 'https://a.org/ b', every: 1h", "is not a web address"),
        ("id: a, reader: page, url: 'https:///x', every: 1h", "is not a web address"),
        ("id: ../a, reader: page, url: 'https://a.org/', every: 1h", "sources[0].id: has characters"),
        ("id: a, reader: page, every: 1h", "sources[0].url: is missing; add url:"),
        ("id: a, reader: table, url: 'https://a.org/', every: 1h", "reader: table needs columns"),
        ("id: a, reader: table, url: 'https://a.org/', every: 1h, columns: {x: X}, key: [y]", '"y" is not one of x'),
        (
            "id: a, reader: table, url: 'https://a.org/', every: 1h, columns: {x: {header: X, unit: people}}",
            "measure and unit belong together",
        ),
        (
            "id: a, reader: table, url: 'https://a.org/', every: 1h, columns: {x: {header: X, tipe: text}}",
            "sources[0].columns.x.tipe: unknown key; did you mean type?",
        ),
    ],
)
def test_a_source_that_cannot_work_is_refused_k1(tmp_path: Path, block: str, words: str) -> None:
    assert words in mistakes(tmp_path, f"{GOOD}sources:\n  - {{{block}}}\n")


def test_all_mistakes_are_told_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = mistakes(tmp_path, f"{GOOD}storag: {{}}\nsources:\n{SOURCE}{SOURCE}fetch: {{retries: many}}\n")
    assert told.splitlines() == [
        "config.yaml:2:1: storag: unknown key; did you mean storage?",
        'config.yaml:5:10: sources[1].id: "a" is already the id of sources[0]; choose another',
        'config.yaml:6:18: fetch.retries: "many" is not a whole number; write digits only, without quotes',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "config.yaml:1:1: the file is empty"),
        (b"# only a comment\n", "config.yaml:1:1: the file is empty"),
        (b"- a\n- b\n", "config.yaml:1:1: the file is not a block of keys"),
        (b"contact: [a\n", "config.yaml:2:1: broken YAML: did not find expected ',' or ']'"),
        (b"a:\n\t- b\n", "config.yaml:2:1: broken YAML: found character that cannot start any token"),
        (b"contact: caf\xe9@example.org\n", "config.yaml:1:13: this is not UTF-8 text"),
        (b"contact: a\x00b\n", "broken YAML"),
        (b"x: " + b"- " * 200_000, "config.yaml:1:4: broken YAML: block sequence entries are not allowed"),
        (b"- " * 200_000, "blocks are nested more than 40 deep"),
        (b"x: " + b"[" * 200, "blocks are nested more than 40 deep"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_line_k1(tmp_path: Path, text: bytes, words: str) -> None:
    assert words in mistakes(tmp_path, text)


def test_aliases_that_multiply_are_stopped_before_they_fill_the_memory(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "aliases make more than 1,000,000 values" in mistakes(tmp_path, "\n".join(rows))


def test_an_alias_stands_for_what_it_names(tmp_path: Path) -> None:
    got = load(tmp_path, f"{GOOD}alerts: {{operator: &us [a@b.org], audiences: {{x: {{to: *us}}}}}}\n")
    assert got.alerts.audiences[0].to == ("a@b.org",)


def test_no_and_numbers_with_a_zero_in_front_stay_the_text_that_was_written(tmp_path: Path) -> None:
    text = (
        GOOD
        + "alerts: {audiences: {no: {to: [a@b.org], places: [06085, 06]}}}\nsources:\n"
        + SOURCE.replace("a,", "no,")
    )
    got = load(tmp_path, text)
    assert (got.alerts.audiences[0].name, got.alerts.audiences[0].places) == ("no", ("06085", "06"))
    assert got.sources[0].id == "no"


def test_a_python_object_in_the_file_never_runs_k2(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for tag in ("object/apply", "object/new", "name", "module"):
        told = mistakes(tmp_path, f"{GOOD}web: {{host: !!python/{tag}:os.mkdir ['{canary}']}}\n")
        assert "remove the tag" in told
    assert not canary.exists()


SMTP = (
    GOOD + "alerts:\n  smtp: {{host: {host}, username: {username}, password_env: {name}, from: w@example.org{more}}}\n"
)


def test_a_missing_secret_stops_the_start_with_its_name_k1(tmp_path: Path) -> None:
    text = SMTP.format(host="mail.example.org", username="watch", name="DESK_PASSWORD", more="")
    expected = "config.yaml:3:65: alerts.smtp.password_env: the environment variable DESK_PASSWORD is not set"
    assert expected in mistakes(tmp_path, text, {"SMTP_PASSWORD": "other"})
    assert expected in mistakes(tmp_path, text, {"DESK_PASSWORD": ""})


def test_an_empty_user_name_needs_no_secret(tmp_path: Path) -> None:
    smtp = load(tmp_path, SMTP.format(host="localhost", username='""', name="X", more="")).alerts.smtp
    assert smtp is not None
    assert (smtp.username, smtp.password) == ("", "")


def test_a_password_is_shown_by_no_value_and_no_message_k3(tmp_path: Path) -> None:
    text = SMTP.format(host="mail.example.org", username="watch", name="SMTP_PASSWORD", more="")
    secret = {"SMTP_PASSWORD": "hunter-2"}
    assert "hunter-2" not in repr(load(tmp_path, text, secret))
    assert "hunter-2" not in mistakes(tmp_path, text + "oops: 1\n", secret)
    written = text.replace("from:", "password: hunter-2, from:")
    told = mistakes(tmp_path, written, secret)
    assert "alerts.smtp.password: unknown key; did you mean password_env?" in told
    assert "hunter-2" not in told


def test_a_password_is_never_sent_in_clear_to_another_machine(tmp_path: Path) -> None:
    keys = {"username": "watch", "name": "P", "more": ", starttls: false"}
    assert "would travel in clear" in mistakes(tmp_path, SMTP.format(host="mail.example.org", **keys), {"P": "x"})
    assert load(tmp_path, SMTP.format(host="127.0.0.1", **keys), {"P": "x"}).alerts.smtp is not None


def test_tls_from_the_first_byte_takes_port_465_and_no_starttls(tmp_path: Path) -> None:
    smtp = load(tmp_path, SMTP.format(host="m.example.org", username='""', name="X", more=", tls: true")).alerts.smtp
    assert smtp is not None
    assert (smtp.port, smtp.starttls, smtp.tls) == (465, False, True)
    more = ", tls: true, starttls: true"
    assert "keep one" in mistakes(tmp_path, SMTP.format(host="m.example.org", username='""', name="X", more=more))


def test_a_file_that_is_not_there_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml does not exist; `detainer-watch init` writes one"):
        config.load(tmp_path / "nothing.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path, {})


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    got = load(tmp_path, GOOD + "storage: {database: data/a.db, archive: /srv/archive}\n")
    assert got.storage.database == tmp_path / "data/a.db"
    assert got.storage.outbox == tmp_path / "data/outbox"
    assert got.storage.archive == Path("/srv/archive")


def fires(line: str, days: int = 7) -> list[str]:
    """Return the days on which `line` fires in the week from Sunday, 4 January 2026."""
    trigger, now, found = config.cron_trigger(line), datetime(2026, 1, 4, tzinfo=UTC), []
    end = now + timedelta(days=days)
    while (at := trigger.get_next_fire_time(None, now)) < end:
        found.append(at.strftime("%a%H:%M"))
        now = at + timedelta(seconds=1)
    return found


@pytest.mark.parametrize(
    ("weekday", "expected"),
    [
        ("1", "Mon"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("5-7", "Sun Fri Sat"),
        ("fri-sun", "Sun Fri Sat"),
        ("0-2", "Sun Mon Tue"),
        ("Mon,3", "Mon Wed"),
        ("*/2", "Sun Tue Thu Sat"),
        ("1-5/2", "Mon Wed Fri"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_a_weekday_number_means_the_day_that_crontab_means(weekday: str, expected: str) -> None:
    assert fires(f"0 6 * * {weekday}") == [f"{day}06:00" for day in expected.split()]


def test_day_and_weekday_together_fire_on_either_as_in_crontab() -> None:
    assert fires("30 1 7 * 1") == ["Mon01:30", "Wed01:30"]


def test_the_shipped_configuration_is_good_and_holds_every_publication() -> None:
    got = config.load(ROOT / "config.yaml", {})
    assert {
        "ice-ddor",
        "ice-ddr",
        "ice-news",
        "ice-287g",
        "ice-detention-stats",
        "cis-posts",
        "cis-2025-post",
        "cis-map",
        "judicial-watch",
        "ddp-detainers",
        "doj-list",
        "dhs-list",
    } == {one.id for one in got.sources}
    assert got.alerts.smtp is None
    assert got.storage.outbox == ROOT / "db/outbox"
    assert all(one.options.url.startswith("https://") for one in got.sources)


def test_the_examples_in_the_comments_of_the_shipped_configuration_are_good(tmp_path: Path) -> None:
    written = (ROOT / "config.yaml").read_text().splitlines()
    begin, end = (next(n for n, line in enumerate(written) if line.startswith(key)) for key in ("alerts:", "health:"))
    lines = [re.sub(r"^( +)# ", r"\1", line) for line in written[begin:end] if "smtp: null" not in line]
    got = load(tmp_path, "\n".join([GOOD, *lines]), {"SMTP_PASSWORD": "x"})
    assert got.alerts.smtp is not None
    assert [one.name for one in got.alerts.audiences] == ["newsroom", "county-desk"]


def test_the_schema_for_editors_is_the_one_of_the_code() -> None:
    text = (ROOT / "docs/config.schema.json").read_text()
    assert json.loads(text) == config.schema(), "run `make schema`"
    assert "$schema=docs/config.schema.json" in (ROOT / "config.yaml").read_text()


def test_every_key_tells_editors_what_it_is_or_is_a_block_of_keys_that_do() -> None:
    for block in (config.schema(), *config.schema()["$defs"].values()):
        assert block["description"]
        assert block["additionalProperties"] is False


def test_the_readers_named_by_the_schema_are_the_readers_there_are() -> None:
    assert set(get_args(SourceBlock.model_fields["reader"].annotation)) == set(readers.READERS) - {"history"}


def test_the_starter_is_the_shipped_file_made_for_another_folder(tmp_path: Path) -> None:
    text = config.starter(contact="me@example.org", storage="/data", host="0.0.0.0")
    got = load(tmp_path, text)
    assert (got.fetch.contact, got.web.host, got.web.public_url) == (
        "me@example.org",
        "0.0.0.0",
        "http://127.0.0.1:8001",
    )
    assert {path.parent for path in (got.storage.database, got.storage.outbox, got.storage.archive)} == {Path("/data")}
    assert "$schema=config.schema.json" in text
    assert [one.id for one in got.sources] == [one.id for one in config.load(ROOT / "config.yaml", {}).sources]


def test_bundled_files_are_found() -> None:
    assert resources.reference_dir() == ROOT / "db/reference"
    assert "sources:" in resources.starter_config()


TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*"ab", *config.schema()["properties"], "smtp", "audiences", "id"]), inner, max_size=5
        )
    ),
    max_leaves=25,
)


@effort(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | TEXTS.map(lambda value: yaml.safe_dump(value, allow_unicode=True)) | st.binary())
def test_any_text_gives_settings_or_an_error_for_people(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(text.encode("utf-8", "replace") if isinstance(text, str) else text)
    try:
        outcome: object = config.load(path, {})
    except ConfigError as error:
        outcome = error
    assert isinstance(outcome, Settings) or str(path) in str(outcome)


def test_a_wheel_brings_reference_configuration_and_schema_along(tmp_path: Path) -> None:
    """Built without the network from this checkout; imported from another folder with nothing but the wheel's files."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    place = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(place)], check=True, capture_output=True)
    program = (
        "import sys; from scraper import resources, config; import scraper; print(scraper.__file__);"
        "print(resources.reference_dir()); print(len(resources.starter_config()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(place)},
        check=True,
        capture_output=True,
        text=True,
    )
    where, reference, length = done.stdout.split()
    assert Path(where).is_relative_to(place)
    assert Path(reference) == place / "scraper/reference"
    travelled = {str(one.relative_to(place / "scraper")) for one in Path(reference).rglob("*.csv")}
    assert travelled == {str(one.relative_to(ROOT / "db")) for one in (ROOT / "db/reference").rglob("*.csv")}
    assert int(length) == len((ROOT / "config.yaml").read_text())
    bundled = {
        str(one.relative_to(ROOT))
        for one in (ROOT / "scraper").rglob("*")
        if one.suffix in (".sql", ".html", ".css", ".js")
    }
    assert bundled <= {str(one.relative_to(place)) for one in place.rglob("*")}


def test_the_glossary_explains_every_measure_unit_bound_and_event() -> None:
    text = (ROOT / "docs/glossary.md").read_text()
    words = [*terms.MEASURES, *terms.UNITS, *terms.EVENT_KINDS, *terms.BOUND_WORDS]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_the_sources_in_the_readme_are_good(tmp_path: Path) -> None:
    (blocks,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(load(tmp_path, f"{GOOD}sources:\n{blocks}").sources) == 4
