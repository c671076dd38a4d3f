"""Every mistake in a configuration as a sentence with its place and its fix."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scraper.config.schema import schema
from scraper.config.text import Flaw, Loaded, Loc, path_of
from scraper.config.values import shown

_LOOPBACK: Final = re.compile(r"localhost|127\.[0-9.]+|\[?::1\]?")
_BOOLEANS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def of_shape(loaded: Loaded, error: ValidationError) -> list[Flaw]:
    """Return pydantic's findings in our words, each where it stands in the file."""
    flaws = []
    for detail in error.errors(include_url=False):
        unknown, missing = detail["type"] == "extra_forbidden", detail["type"] == "missing"
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        of_key = unknown or loc != detail["loc"]
        mark = loaded.mark(loc[:-1] if missing else loc, of_key=of_key)
        flaws.append(Flaw(*mark, path_of(loc), _unknown(loc) if unknown else _sentence(detail)))
    return flaws


def _sentence(detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    match kind:
        case "value_error":
            return str(context["error"])
        case "missing":
            return f"is missing; add {detail['loc'][-1]}: …"
        case "string_type" if isinstance(value, bool | int | float):
            return f'{shown(value)} is not text; write it in quotes: "{value}"'
        case "string_type":
            return f"{_kind(value)} stands where text is expected"
        case "bool_type":
            return f"{shown(value)} is not true or false; write {_BOOLEANS.get(str(value).lower(), 'true or false')}"
        case "int_type" | "int_from_float" | "float_type":
            whole = "" if kind == "float_type" else "whole "
            return f"{shown(value)} is not a {whole}number; write digits only, without quotes"
        case "list_type":
            fix = (
                ""
                if isinstance(value, dict)
                else f"; write [{shown(value).strip(chr(34)) if value is not None else ''}]"
            )
            return f"{_kind(value)} stands where a list is expected{fix}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{_kind(value)} stands where a block of keys is expected"
        case "literal_error":
            return choices(value, tuple(re.findall(r"'([^']*)'", str(context["expected"]))))
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            words, name = _LIMITS[kind]
            return f"{shown(value)} is out of range; write {words} {context[name]}"
        case "too_short":
            return "is empty; write at least one"
        case "too_long":
            return "must be empty: this is not built in yet"
        case "string_pattern_mismatch":
            return f"has characters that are not allowed here; it must match {context['pattern']}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _kind(value: Any) -> str:
    return {dict: "a block of keys", list: "a list", type(None): "nothing"}.get(type(value), shown(value))


def choices(value: Any, known: tuple[str, ...]) -> str:
    """Return the sentence for a word that is not one of `known`."""
    near = difflib.get_close_matches(str(value), known, 1)
    return f"{shown(value)} is not one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else "")


def _unknown(loc: Loc) -> str:
    known = tuple(_keys(loc[:-1]))
    near = difflib.get_close_matches(str(loc[-1]), known, 1)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known here: {', '.join(known)}"


def _keys(loc: Loc) -> Mapping[str, Any]:
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
    found: Mapping[str, Any] = node.get("properties", {})
    return found


def of_sense(data: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[Loc, str]]:
    """Yield what is wrong between keys that are each well-formed; tolerates any shape."""
    yield from _of_storage(_block(data.get("storage")))
    sources = [(n, source) for n, source in enumerate(_list(data.get("sources"))) if isinstance(source, dict)]
    first: dict[str, int] = {}
    for n, source in sources:
        name = source.get("id")
        if isinstance(name, str) and first.setdefault(name, n) != n:
            yield ("sources", n, "id"), f"{shown(name)} is already the id of sources[{first[name]}]; choose another"
        for loc, text in _of_source(source):
            yield ("sources", n, *loc), text
    alerts = _block(data.get("alerts"))
    yield from _of_smtp(_block(alerts.get("smtp")), environ)
    for audience, block in _block(alerts.get("audiences")).items():
        for n, name in enumerate(_list(_block(block).get("sources"))):
            if isinstance(name, str) and name not in first:
                yield ("alerts", "audiences", audience, "sources", n), choices(name, tuple(first) or ("(no source)",))


def _of_storage(storage: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    paths = {"database": "db/detainers.db", "deliveries": "db/deliveries.db", "archive": "db/archive", **storage}
    seen: dict[str, str] = {}
    for key, path in paths.items():
        if not isinstance(path, str):
            continue
        if path.startswith("~"):
            yield ("storage", key), "~ is not read here; write the full path"
        if (other := seen.setdefault(path.replace("/./", "/").removeprefix("./"), key)) != key:
            yield ("storage", key), f"is the same as storage.{other}; recipients and archive need places of their own"


def _of_source(source: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    every, cron = source.get("every"), source.get("cron")
    if every is not None and cron is not None:
        yield ("cron",), "both every and cron are written; keep one"
    elif every is None and cron is None:
        yield (), "has no schedule; write every: 6h, or cron:"
    columns = _block(source.get("columns"))
    if source.get("reader") == "table" and not columns:
        yield (), 'reader: table needs columns; write columns: {jurisdiction: "Header as published"}'
    for key in ("columns", "key"):
        if source.get(key) and source.get("reader") in ("page", "feed", "ice_news", "ice_287g"):
            yield (key,), f"belongs to reader: table; remove it or change reader: {source['reader']}"
    for n, name in enumerate(_list(source.get("key"))):
        if isinstance(name, str) and columns and name not in columns:
            yield ("key", n), choices(name, tuple(map(str, columns)))
    url, hosts = source.get("url"), _list(source.get("allow_hosts"))
    match = re.match(r"https?://(\[[^/]+\]|[^/:?#@]+)", str(url).lower())
    if match and hosts and match[1] not in [re.sub(r":[0-9]+$", "", str(host).lower()) for host in hosts]:
        yield ("allow_hosts",), f"the host of url is not in it; add {match[1]}"


def _of_smtp(smtp: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[Loc, str]]:
    starttls, tls = smtp.get("starttls"), smtp.get("tls")
    if starttls is True and tls is True:
        yield ("alerts", "smtp", "tls"), "starttls and tls are both true; keep one"
    if not (username := smtp.get("username")):
        return
    if starttls is False and tls is not True and not _LOOPBACK.fullmatch(str(smtp.get("host", ""))):
        yield ("alerts", "smtp", "starttls"), "the password would travel in clear; write starttls: true or tls: true"
    name = smtp.get("password_env", "SMTP_PASSWORD")
    if isinstance(username, str) and isinstance(name, str) and re.fullmatch(r"\w+", name) and not environ.get(name):
        yield (
            ("alerts", "smtp", "password_env" if "password_env" in smtp else "username"),
            f'the environment variable {name} is not set; set it to the mail server\'s password, or write username: ""',
        )


def _block(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
