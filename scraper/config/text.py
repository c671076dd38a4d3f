"""YAML text into plain values that know where they stand, without running, expanding or guessing anything.

Read from parser events, so that depth and size are bounded whatever the text is. Plain scalars follow YAML 1.2:
`no`, `1:30` and `012` are text, never false, 90 or 10. Tags, merge keys and repeated keys are flaws.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

import yaml

MAX_DEPTH: Final = 40
MAX_VALUES: Final = 1_000_000
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?"
)
_WORDS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}
_WORD_FORMS: Final = {form: value for word, value in _WORDS.items() for form in (word, word.title(), word.upper())}
_TEXT_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")

Loc = tuple[str | int, ...]
Mark = tuple[int, int]


class Flaw(NamedTuple):
    """One mistake: line and column from 1, the path of keys, and a sentence with the fix."""

    line: int
    column: int
    path: str
    text: str


class Broken(Exception):
    """The text cannot be read on from here; carries the flaw."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.text)
        self.flaw = flaw


@dataclass
class Loaded:
    """Plain values (dict, list, str, int, float, bool, None) with a mark for every key and value."""

    data: Any = None
    flaws: list[Flaw] = field(default_factory=list)
    marks: dict[int, dict[str | int, tuple[Mark, Mark]]] = field(default_factory=dict)
    """By id of a dict or list: key or index -> (mark of the key, mark of the value)."""

    def mark(self, loc: Loc, *, of_key: bool = False) -> Mark:
        """Return where the value (or its key) at `loc` stands; for what is missing, where its block begins."""
        here, container = (1, 1), self.data
        for part in loc:
            found = self.marks.get(id(container), {}).get(part)
            if found is None:
                break
            here, container = found[0 if of_key and part == loc[-1] else 1], container[part]
        return here


def path_of(loc: Loc) -> str:
    """Return `sources[0].every` for ("sources", 0, "every")."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def read(text: str) -> Loaded:
    """Return the one document in `text`. Raises Broken where it is no YAML at all."""
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Broken(Flaw(*where, "", f"broken YAML: {error.problem or error.context}")) from None
    except yaml.YAMLError as error:
        raise Broken(Flaw(1, 1, "", f"broken YAML: {' '.join(str(error).split())}")) from None
    return builder.loaded


@dataclass(slots=True)
class _Frame:
    container: dict[str, Any] | list[Any]
    anchor: str | None
    mark: Mark
    key: str | None = None
    key_mark: Mark = (1, 1)
    repeated: bool = False
    size: int = 1


class _Builder:
    """Takes parser events one by one; a stack instead of recursion, so that depth cannot overflow anything."""

    def __init__(self) -> None:
        self.loaded = Loaded()
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        start = cast(Any, event.start_mark)  # the C parser always sets it
        mark = (start.line + 1, start.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, mark)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event, mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self.stack.pop()
            self._put(frame.container, frame.mark, frame.size, frame.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._broken(mark, f"*{event.anchor} stands for nothing written before it")
            self._put(*self._resolved(event.anchor, mark))
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._broken(mark, "a second document begins here; write one, without ---")

    def _resolved(self, anchor: str, mark: Mark) -> tuple[Any, Mark, int]:
        value, size = self.anchors[anchor]
        return value, mark, size

    def _open(self, container: dict[str, Any] | list[Any], event: yaml.CollectionStartEvent, mark: Mark) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self._broken(mark, f"blocks are nested more than {MAX_DEPTH} deep")
        if self._awaits_key():
            raise self._broken(mark, "a key must be a word")
        self._check_tag(event.tag, ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"), mark)
        self.stack.append(_Frame(container, event.anchor, mark))
        self.loaded.marks[id(container)] = {}

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> None:
        if self._awaits_key():
            self._key(event.value, mark)
            return
        self._check_tag(event.tag, _TEXT_TAGS, mark)
        plain = event.implicit[0] and event.tag is None
        self._put(plain_value(event.value) if plain else event.value, mark, 1, event.anchor)

    def _awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].container, dict) and self.stack[-1].key is None

    def _key(self, name: str, mark: Mark) -> None:
        frame = self.stack[-1]
        frame.key, frame.key_mark, frame.repeated = name, mark, name in frame.container
        if frame.repeated:
            first = self.loaded.marks[id(frame.container)][name][0]
            self._flaw(mark, f"this key stands already in line {first[0]}; remove one of the two")
        elif name == "<<":
            self._flaw(mark, "merge keys are not read; write the lines out")

    def _put(self, value: Any, mark: Mark, size: int = 1, anchor: str | None = None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.loaded.data = value
            return
        frame = self.stack[-1]
        frame.size += size
        if frame.size > MAX_VALUES:
            raise self._broken(mark, f"aliases make more than {MAX_VALUES:,} values of this file")
        marks = self.loaded.marks[id(frame.container)]
        if isinstance(frame.container, list):
            marks[len(frame.container)] = (mark, mark)
            frame.container.append(value)
            return
        if frame.key is None:
            raise self._broken(mark, "a key must be a word")
        if not frame.repeated:
            marks[frame.key] = (frame.key_mark, mark)
            frame.container[frame.key] = value
        frame.key = None

    def _check_tag(self, tag: str | None, allowed: tuple[str | None, ...], mark: Mark) -> None:
        if tag is not None and tag not in allowed:
            self._flaw(mark, f"remove the tag {tag!r}; only plain values are read")

    def _loc(self) -> Iterator[str | int]:
        for frame in self.stack:
            if isinstance(frame.container, list):
                yield len(frame.container)
            elif frame.key is not None:
                yield frame.key

    def _flaw(self, mark: Mark, text: str) -> None:
        self.loaded.flaws.append(Flaw(*mark, path_of(tuple(self._loc())), text))

    def _broken(self, mark: Mark, text: str) -> Broken:
        return Broken(Flaw(*mark, path_of(tuple(self._loc())), text))


def plain_value(text: str) -> Any:
    """Return what an unquoted scalar means in YAML 1.2's core schema, decimal numbers only."""
    if text in _WORD_FORMS:
        return _WORD_FORMS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
