"""The list of the U.S. Department of Homeland Security of 29 May 2025: counties and cities by state."""

from typing import Final

from scraper.model import Discovery, Document, Options, Reading, ReleaseRef
from scraper.readers import page, place_lists
from scraper.terms import SeriesKind

SERIES_KIND: SeriesKind = "cumulative"
_RULES: Final = place_lists.Rules(by_state=True)


def discover(document: Document, options: Options) -> Discovery:
    """Return the page itself; `LayoutChanged` for anything that is not the list, such as a challenge page."""
    found = page.discover(document, options)
    place_lists.read(document, found.refs[0], options, _RULES)
    return found


def read(document: Document, ref: ReleaseRef, options: Options) -> Reading:
    """Return one row per place, its state from the heading; `LayoutChanged` where there are none."""
    return place_lists.read(document, ref, options, _RULES)
