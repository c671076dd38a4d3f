"""One module per publication: bytes in, references and facts out. Pure."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol, cast

from scraper.known import Known
from scraper.model import Compared, Discovery, Document, Fact, Options, Reading, ReleaseRef
from scraper.readers import (
    cis_map,
    cis_post,
    detainer_records,
    dhs_list,
    doj_list,
    feed,
    history,
    ice_287g,
    ice_ddor,
    ice_ddr,
    ice_news,
    judicial_watch,
    page,
    table,
)
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
_BATCH: Final = 2000

READERS: Final[Mapping[str, Reader]] = {
    name: cast(Reader, module)
    for name, module in {
        "page": page,
        "feed": feed,
        "table": table,
        "ice_news": ice_news,
        "ice_287g": ice_287g,
        "ice_ddor": ice_ddor,
        "ice_ddr": ice_ddr,
        "detainer_records": detainer_records,
        "cis_post": cis_post,
        "cis_map": cis_map,
        "judicial_watch": judicial_watch,
        "doj_list": doj_list,
        "dhs_list": dhs_list,
        "history": history,
    }.items()
}
"""Name in `config.yaml` -> reader. A new reader is one module and one line here."""


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
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch
    digest = ticked.content_hash(reading.title, reading.paragraphs)
    return Compared(
        reading=reading, content_hash=digest, rows=ticked.rows(), figures=ticked.figures, gone=ticked.gone()
    )


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
