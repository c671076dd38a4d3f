"""One module per publication: bytes in, references and facts out. Pure."""

from collections.abc import Mapping
from typing import Final, Protocol, cast

from scraper.model import Discovery, Document, Options, Reading, ReleaseRef
from scraper.readers import (
    cis_map,
    cis_post,
    dhs_list,
    doj_list,
    feed,
    history,
    ice_287g,
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


READERS: Final[Mapping[str, Reader]] = {
    name: cast(Reader, module)
    for name, module in {
        "page": page,
        "feed": feed,
        "table": table,
        "ice_news": ice_news,
        "ice_287g": ice_287g,
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
    return READERS[name].discover(document, options)


def read(name: str, document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Run a reader's `read` by its name: what can be sent to another process."""
    return READERS[name].read(document, ref, options)
