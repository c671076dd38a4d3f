"""How the check of one source went."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from scraper import checks
from scraper.model import Problem
from scraper.store.database import Row
from scraper.terms import SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a round of a source was not good."""

    state: SourceState
    words: str


def with_way_out(problems: Iterable[Problem], source_id: str) -> tuple[Problem, ...]:
    """Add to what a person may accept how that is done."""
    how = f"; if that is right: check --source {source_id} --accept"
    return tuple(replace(p, text=p.text + how) if p.code in checks.ACCEPTABLE else p for p in problems)


@dataclass(slots=True, kw_only=True)
class Checked:
    """How a check went; filled while it runs."""

    source_id: str
    baseline: bool
    at: str
    """The present time of this check: when its newest answer was asked for. A replay knows it too."""
    listed: int = 0
    index_good: bool = False
    """The index was read and lists what can be expected of it."""
    fetched: int = 0
    told: list[str] = field(default_factory=list)
    """Kinds of the events recorded."""
    changes: int = 0
    trouble: Trouble | None = None
    note: str = ""
    """What a person should know of a round that is well all the same."""
    pending: bool = False
    """A listed release could not be had yet: the index must be read again next round even if it has not changed."""
    left_out: list[Row] = field(default_factory=list)
    """Known releases that the index does not name any more, while it names new ones."""
    moved: dict[str, str] = field(default_factory=dict)
    """Key under which the index names a known release -> the key under which it is known."""
    open: dict[tuple[str, str], str] = field(default_factory=dict)
    """Problems open when the check began: (address, topic) -> text of one that holds a reading back, or ""."""

    def worry(self, trouble: Trouble) -> None:
        """Keep the first trouble met."""
        self.trouble = self.trouble or trouble

    def still_held(self, url: str, topic: str) -> None:
        """What was held back and has not changed since is still held back."""
        text = self.open.get((url, topic))
        if text:
            self.worry(Trouble(state="layout_changed", words=text))
