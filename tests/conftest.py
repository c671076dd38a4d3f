"""Fixtures every test may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publisher import Publisher, serving

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A real publisher on loopback."""
    with serving(Publisher()) as one:
        yield one


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real inputs that lies beside the project; the test is skipped where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real inputs is not beside this checkout")
    return CORPUS
