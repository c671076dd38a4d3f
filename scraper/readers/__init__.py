"""One module per publication: bytes in, references and facts out. Pure."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

from scraper.documents import kinds
from scraper.errors import Unreadable
from scraper.known import Known
from scraper.model import Compared, Discovery, Document, Fact, Options, Reading, ReleaseRef
from scraper.terms import SeriesKind


class Reader(Protocol):
    """What a reader module offers. Both functions are pure and raise `DocumentError` where they cannot read."""

    SERIES_KIND: SeriesKind
    """Whether each release covers its own period or restates the whole; a source's block may say otherwise."""

    def discover(self, document: Document, options: Options) -> Discovery:
        """Return the releases that an index document lists."""

    def read(self, document: Document, ref: ReleaseRef, options: Options) -> Reading:
        """Return all that the document of a release states."""


class Streams(Protocol):
    """What a reader of tables of any size offers besides."""

    STREAMED: Sequence[str]
    """Media types whose documents need not be in memory."""

    def stream(
        self, document: Document, ref: ReleaseRef, options: Options, known: Known
    ) -> Generator[Fact, None, Reading]:
        """Yield each fact right after it was offered to `known`, which may not want it; return the rest."""


Told = tuple[bool, Fact]
"""Whether it is known, and the fact."""
_FILE: Final = re.compile(r"\.(?:pdf|xlsx?|csv)$", re.IGNORECASE)
BATCH: Final = 2000
"""Facts that leave a reading process together."""


class _Readers(Mapping[str, Reader]):
    """Each module is loaded when it is first asked for: a process carries only the readers that it runs."""

    _NAMES: Final = (
        "page", "feed", "table", "ice_news", "ice_287g", "ice_ddor", "ice_ddr", "detainer_records", "cis_post",
        "cis_map", "judicial_watch", "doj_list", "dhs_list", "history",
    )  # fmt: skip

    def __getitem__(self, name: str) -> Reader:
        if name not in self._NAMES:
            raise KeyError(name)
        return cast(Reader, import_module(f"scraper.readers.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)


READERS: Final[Mapping[str, Reader]] = _Readers()
"""Name in `config.yaml` -> reader. A new reader is one module and one name here."""


def discover(name: str, document: Document, options: Options) -> Discovery:
    """Run a reader's `discover` by its name: what can be sent to another process."""
    return READERS[name].discover(_held(name, document), options)


def read(name: str, document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Run a reader's `read` by its name: what can be sent to another process."""
    return READERS[name].read(document.loaded(), ref, options)


def compare(
    name: str, document: Document, ref: ReleaseRef, options: Options, hashes: bytes, remake: bool
) -> Generator[list[Told], None, Compared]:
    """Read a document and yield, a batch at a time, the facts that are not known by their hash; return the rest.

    Each fact comes with whether it is known: always False, but where `remake` wants the known ones too.
    """
    _refuse_stand_in(document)
    ticked, batch = Known(hashes, remake=remake), list[Told]()
    del hashes  # of a million rows, 16 MB
    facts = _stream(name, document, ref, options, ticked)
    while True:
        try:
            fact = next(facts)
        except StopIteration as end:
            reading: Reading = end.value
            break
        batch.append((ticked.was_known, fact))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch
    digest = ticked.content_hash(reading.title, reading.paragraphs)
    return Compared(
        reading=reading, content_hash=digest, rows=ticked.rows(), figures=ticked.figures, gone=ticked.gone()
    )


def _refuse_stand_in(document: Document) -> None:
    """Raise `Unreadable` for a web page in place of a file: what it says is not what the file stated (C2, N9)."""
    ending = _FILE.search(urlsplit(document.url).path)
    if ending and document.media_type in kinds.PAGES:
        raise Unreadable(f"The address is that of a file ({ending[0].lower()}), but it answers with a web page.")


def _stream(
    name: str, document: Document, ref: ReleaseRef, options: Options, known: Known
) -> Generator[Fact, None, Reading]:
    """Yield the facts that are wanted: as the reader streams them, or from what it read as a whole."""
    reader = READERS[name]
    if hasattr(reader, "stream"):
        streaming = cast(Streams, reader)
        return (yield from streaming.stream(_held(name, document), ref, options, known))
    reading = reader.read(document.loaded(), ref, options)
    yield from known.untaken(reading.facts)
    return replace(reading, facts=())


def _held(name: str, document: Document) -> Document:
    """Only what a reader can take as a stream may stay outside of memory."""
    return document if document.media_type in getattr(READERS[name], "STREAMED", ()) else document.loaded()
