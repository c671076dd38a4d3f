"""Every mistake in a configuration as a sentence with its place and its fix."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scraper.config.schema import StorageBlock, schema
from scraper.config.text import Flaw, Loaded, Loc, path_of
from scraper.config.values import shown

_LOOPBACK: Final = re.compile(r"localhost|127\.[0-9.]+|\[?::1\]?")
_BOOLEANS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NO_INTEGER: Final = "{shown} is not a whole number; write digits only, without quotes"
_NO_BLOCK: Final = "{kind} stands where a block of keys is expected"
_SAID: Final = {
    "value_error": "{error}",
    "missing": "is missing; add {key}: …",
    "string_type": "{kind} stands where text is expected",
    "bool_type": "{shown} is not true or false; write {boolean}",
    "int_type": _NO_INTEGER,
    "int_from_float": _NO_INTEGER,
    "float_type": "{shown} is not a number; write digits only, without quotes",
    "list_type": "{kind} stands where a list is expected",
    "model_type": _NO_BLOCK,
    "model_attributes_type": _NO_BLOCK,
    "dict_type": _NO_BLOCK,
    "greater_than_equal": "{shown} is out of range; write at least {ge}",
    "greater_than": "{shown} is out of range; write more than {gt}",
    "less_than_equal": "{shown} is out of range; write at most {le}",
    "too_short": "is empty; write at least one",
    "too_long": "must be empty: this is not built in yet",
    "string_pattern_mismatch": "has characters that are not allowed here; it must match {pattern}",
}
"""By pydantic's name of the error; fields are its own context, and those that `_sentence` adds."""


def of_shape(loaded: Loaded, error: ValidationError) -> list[Flaw]:
    """Return pydantic's findings in our words, each where it stands in the file."""
    flaws = []
    for detail in error.errors(include_url=False):
        unknown, missing = detail["type"] == "extra_forbidden", detail["type"] == "missing"
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        mark = loaded.mark(loc[:-1] if missing else loc, of_key=unknown or loc != detail["loc"])
        flaws.append(Flaw(*mark, path_of(loc), _unknown(loc) if unknown else _sentence(detail)))
    return flaws


def _sentence(detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "literal_error":
        return choices(value, re.findall(r"'([^']*)'", str(context["expected"])))
    said = _SAID.get(kind)
    if said is None:
        return detail["msg"][:1].lower() + detail["msg"][1:]
    if kind == "string_type" and isinstance(value, bool | int | float):
        said = '{shown} is not text; write it in quotes: "{shown}"'
    if kind == "list_type" and not isinstance(value, dict):
        said += "; write [{item}]"
    kinds = {dict: "a block of keys", list: "a list", type(None): "nothing"}
    return said.format(
        **context,
        shown=shown(value),
        kind=kinds.get(type(value), shown(value)),
        item="" if value is None else shown(value).strip('"'),
        boolean=_BOOLEANS.get(str(value).lower(), "true or false"),
        key=detail["loc"][-1] if detail["loc"] else "",
    )


def choices(value: Any, known: list[str]) -> str:
    """Return the sentence for a word that is not one of `known`."""
    return f"{shown(value)} is not one of {', '.join(known)}{_meant(value, known, '')}"


def _meant(value: Any, known: list[str], otherwise: str) -> str:
    near = difflib.get_close_matches(str(value), known, 1)
    return f"; did you mean {near[0]}?" if near else otherwise


def _unknown(loc: Loc) -> str:
    known = _keys(loc[:-1])
    return "unknown key" + _meant(loc[-1], known, f"; known here: {', '.join(known)}")


def _keys(loc: Loc) -> list[str]:
    """Return the keys that the schema knows in the block at `loc`."""
    made = schema()
    node: Mapping[str, Any] = made
    for part in (*loc, None):
        node = next((form for form in node.get("anyOf", ()) if "$ref" in form), node)
        if "$ref" in node:
            node = made["$defs"][node["$ref"].rpartition("/")[2]]
        if isinstance(part, int):
            node = node["items"]
        elif part is not None:
            named: Any = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), {})
            node = node.get("properties", {}).get(part) or named
    return list(node.get("properties", {}))


def of_sense(data: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[Loc, str]]:
    """Yield what is wrong between keys that are each well-formed; tolerates any shape."""
    first: dict[str, int] = {}
    for n, source in enumerate(_list(data.get("sources"))):
        name = _block(source).get("id")
        if isinstance(name, str) and first.setdefault(name, n) != n:
            yield ("sources", n, "id"), f"{shown(name)} is already the id of sources[{first[name]}]; choose another"
        if isinstance(source, dict):
            yield from ((("sources", n, *loc), text) for loc, text in _of_source(source))
    yield from ((("storage", key), text) for key, text in _of_storage(_block(data.get("storage"))))
    alerts = _block(data.get("alerts"))
    smtp = _block(alerts.get("smtp"))
    yield from ((("alerts", "smtp", key), text) for key, text in _of_smtp(smtp, environ))
    for audience, block in _block(alerts.get("audiences")).items():
        for n, name in enumerate(_list(_block(block).get("sources"))):
            if isinstance(name, str) and name not in first:
                yield ("alerts", "audiences", audience, "sources", n), choices(name, list(first) or ["(no source)"])


def _of_storage(storage: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    paths = {key: field.default for key, field in StorageBlock.model_fields.items()} | dict(storage)
    seen: dict[str, str] = {}
    for key, path in paths.items():
        if not isinstance(path, str):
            continue
        if path.startswith("~"):
            yield key, "~ is not read here; write the full path"
        if (other := seen.setdefault(path.replace("/./", "/").removeprefix("./"), key)) != key:
            yield key, f"is the same as storage.{other}; recipients and archive need places of their own"


def _of_source(source: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    schedules = sum(source.get(key) is not None for key in ("every", "cron"))
    if schedules == 2:
        yield ("cron",), "both every and cron are written; keep one"
    elif schedules == 0:
        yield (), "has no schedule; write every: 6h, or cron:"
    columns = _block(source.get("columns"))
    if source.get("reader") == "table" and not columns:
        yield (), 'reader: table needs columns; write columns: {jurisdiction: "Header as published"}'
    for key in ("columns", "key"):
        if source.get(key) and source.get("reader") not in ("table", None):
            yield (key,), f"belongs to reader: table; remove it or change reader: {source['reader']}"
    for n, name in enumerate(_list(source.get("key"))):
        if isinstance(name, str) and columns and name not in columns:
            yield ("key", n), choices(name, list(columns))
    url, hosts = source.get("url"), _list(source.get("allow_hosts"))
    match = re.match(r"https?://(\[[^/]+\]|[^/:?#@]+)", str(url).lower())
    if match and hosts and match[1] not in [re.sub(r":[0-9]+$", "", str(host).lower()) for host in hosts]:
        yield ("allow_hosts",), f"the host of url is not in it; add {match[1]}"


def _of_smtp(smtp: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    starttls, tls, username = (smtp.get(key) for key in ("starttls", "tls", "username"))
    if starttls is True and tls is True:
        yield "tls", "starttls and tls are both true; keep one"
    if not isinstance(username, str) or not username:
        return
    if starttls is False and tls is not True and not _LOOPBACK.fullmatch(str(smtp.get("host", ""))):
        yield "starttls", "the password would travel in clear; write starttls: true or tls: true"
    name = smtp.get("password_env", "SMTP_PASSWORD")
    if isinstance(name, str) and re.fullmatch(r"\w+", name) and not environ.get(name):
        yield (
            "password_env" if "password_env" in smtp else "username",
            f'the environment variable {name} is not set; set it to the mail server\'s password, or write username: ""',
        )


def _block(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
