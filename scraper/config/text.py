"""YAML text into plain values that know where they stand, without running, expanding or guessing anything.

Read from parser events, so that depth and size are bounded whatever the text is. Plain scalars follow YAML 1.2:
`no`, `1:30` and `012` are text, never false, 90 or 10. Tags, merge keys and repeated keys are flaws.
"""

import re
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
_TAGS: Final = {yaml.ScalarEvent: "str", yaml.MappingStartEvent: "map", yaml.SequenceStartEvent: "seq"}

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

    def __init__(self, mark: Mark, text: str, loc: Loc = ()) -> None:
        super().__init__(text)
        self.flaw = Flaw(*mark, path_of(loc), text)


def path_of(loc: Loc) -> str:
    """Return `sources[0].every` for ("sources", 0, "every")."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


class Loaded:
    """Plain values (dict, list, str, int, float, bool, None) with a mark for every key and value.

    Takes parser events one by one; values are read by recursion, which never goes deeper than MAX_DEPTH.
    """

    def __init__(self, text: str) -> None:
        self.data: Any = None
        self.flaws: list[Flaw] = []
        self._marks: dict[Loc, tuple[Mark, Mark]] = {}  # of key and value; an alias brings none of its own along
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._size = 0
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        starts = (event for event in self._events if isinstance(event, yaml.DocumentStartEvent))
        for documents, start in enumerate(starts):
            if documents:
                raise Broken(_mark(start), "a second document begins here; write one, without ---")
            self.data = self._value(next(self._events), ())

    def mark(self, loc: Loc, *, of_key: bool = False) -> Mark:
        """Return where the value (or its key) at `loc` stands; for what is missing, where its block begins."""
        if loc in self._marks:
            return self._marks[loc][0 if of_key else 1]
        return self.mark(loc[:-1]) if loc else (1, 1)

    def _value(self, event: yaml.Event, loc: Loc) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise Broken(_mark(event), f"*{event.anchor} stands for nothing written before it", loc)
            value, size = self._anchors[event.anchor]
            self._grow(size, event, loc)
            return value
        before = self._size
        self._grow(1, event, loc)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{_TAGS[type(event)]}"):
            self._flaw(event, f"remove the tag {event.tag!r}; only plain values are read", loc)
        if isinstance(event, yaml.ScalarEvent):
            value = plain_value(event.value) if event.implicit[0] and event.tag is None else event.value
        elif len(loc) >= MAX_DEPTH:
            raise Broken(_mark(event), f"blocks are nested more than {MAX_DEPTH} deep", loc)
        else:
            value = self._dict(loc) if isinstance(event, yaml.MappingStartEvent) else self._list(loc)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, self._size - before
        return value

    def _list(self, loc: Loc) -> list[Any]:
        made: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = (*loc, len(made))
            self._marks[inner] = _mark(event), _mark(event)
            made.append(self._value(event, inner))
        return made

    def _dict(self, loc: Loc) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise Broken(_mark(key), "a key must be a word", loc)
            inner, event = (*loc, key.value), next(self._events)
            if key.value == "<<":
                self._flaw(key, "merge keys are not read; write the lines out", inner)
            if key.value in made:
                line, _ = self.mark(inner, of_key=True)
                self._flaw(key, f"this key stands already in line {line}; remove one of the two", inner)
                self._value(event, inner)
            else:
                self._marks[inner] = _mark(key), _mark(event)
                made[key.value] = self._value(event, inner)
        return made

    def _grow(self, size: int, event: yaml.Event, loc: Loc) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            raise Broken(_mark(event), f"aliases make more than {MAX_VALUES:,} values of this file", loc)

    def _flaw(self, event: yaml.Event, text: str, loc: Loc) -> None:
        self.flaws.append(Flaw(*_mark(event), path_of(loc), text))


def read(data: bytes) -> Loaded:
    """Return the one document in `data`. Raises Broken where it is no YAML in UTF-8 at all."""
    try:
        return Loaded(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        here = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Broken(here, "this is not UTF-8 text; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Broken(where, f"broken YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise Broken((1, 1), f"broken YAML: {' '.join(str(error).split())}") from None


def _mark(event: yaml.Event) -> Mark:
    start = cast(Any, event.start_mark)  # the C parser always sets it
    return start.line + 1, start.column + 1


def plain_value(text: str) -> Any:
    """Return what an unquoted scalar means in YAML 1.2's core schema, decimal numbers only."""
    if text in _WORD_FORMS:
        return _WORD_FORMS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
