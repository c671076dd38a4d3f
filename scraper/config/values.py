"""The kinds of values in `config.yaml`, each with the sentence for one that is not of its kind."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from scraper.config import cron

_EMAIL: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_HOST: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]"
_HOST_WORDS: Final = "a host; write it without scheme and path, as in www.ice.gov"
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_SPOKEN: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|sec|m|min|h|hr|d|day|second|minute|hour|week|w)s?\s*", re.I)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST: Final = 3650 * 86400


def _seconds(value: Any) -> float:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        if (seconds := float(match[1]) * _SECONDS[match[2]]) <= _LONGEST:
            return seconds
        raise ValueError(f"{value} is longer than ten years; write at most 3650d")
    fix = "write 30s, 15m, 6h or 1d"
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write {value}s, {value}m, {value}h or {value}d")
    if isinstance(value, str) and (match := _SPOKEN.fullmatch(value)):
        number, unit = match[1], match[2][0].lower()
        fix = f"write {float(number) * 7:g}d" if unit == "w" else f"write {number}{unit}"
    raise ValueError(f"{shown(value)} is not a duration; {fix}")


def _interval(value: float) -> float:
    if value < 1:
        raise ValueError("must be at least 1s")
    return value


def _line(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("must be one line of text that is not empty")
    return value


def _like(pattern: str, words: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(f"{shown(value)} is not {words}")
        return value

    return AfterValidator(check)


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"[\x00-\x20\x7f]", value):
        raise ValueError(f"{shown(value)} is not a web address; write https:// or http:// and a host")
    if parts.username is not None:
        raise ValueError("a web address must hold no user name or password; remove what stands before the @")
    return value


def _parsed(value: str, parse: Callable[[str], object], words: str) -> str:
    try:
        parse(value)
    except (ValueError, SelectolaxError, re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{shown(value)}{words.format(error)}") from None
    return value


def _cron(value: str) -> str:
    return _parsed(value, cron.check, ": {}")


@lru_cache(maxsize=1024)
def _selector(value: str) -> str:
    return _parsed(value, LexborHTMLParser("<p>").css_first, " is not a CSS selector")


def _links(value: str) -> str:
    if not value.startswith("re:"):
        return _selector(value)
    return _parsed(value, lambda written: re.compile(written[3:]), " is not a regular expression: {}")


def shown(value: Any) -> str:
    """Return a stranger's value short and printable, text in quotes."""
    text = str(value) if not isinstance(value, str) else f'"{value}"'
    text = "".join(character if character.isprintable() else "�" for character in text)
    return text if len(text) <= 60 else f"{text[:57]}…"


Line = Annotated[str, Field(max_length=2000), AfterValidator(_line)]
Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30s", "15m", "6h", "1d"]}),
]
Email = Annotated[str, _like(_EMAIL, "an e-mail address; write name@example.org")]
Host = Annotated[str, _like(_HOST, _HOST_WORDS), AfterValidator(str.lower)]
AllowedHost = Annotated[str, _like(rf"(?:{_HOST})(?::[1-9][0-9]{{0,4}})?", _HOST_WORDS), AfterValidator(str.lower)]
HostPort = Annotated[str, _like(rf"(?:{_HOST}):[1-9][0-9]{{0,4}}", 'a host with a port, as in "127.0.0.1:8080"')]
Sender = Annotated[str, _like(rf"(?:[^\x00-\x1f\x7f<>]*<{_EMAIL}>|{_EMAIL})", "a sender: Some Name <name@example.org>")]
Contact = Annotated[str, _like(rf"{_EMAIL}|https?://[!-~]+", "a contact; write an e-mail or web address of yours")]
Place = Annotated[
    str,
    Field(max_length=200),
    AfterValidator(_line),
    _like(r"[0-9]{2}|[0-9]{5}|.*[^0-9].*", 'a place; write "06" for a state, "06085" for a county, or a name'),
]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_url)]
Selector = Annotated[str, AfterValidator(_selector)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Times = Annotated[int, Field(ge=1, le=10_000)]
Interval = Annotated[Duration, AfterValidator(_interval)]
Crontab = Annotated[str, AfterValidator(_cron)]
Links = Annotated[str, AfterValidator(_links)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
