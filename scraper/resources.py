"""Where the files that travel with the product are found, from a checkout or from an installed wheel."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent


def reference_dir() -> Path:
    """Return the folder of places, aliases and the history of record (CSV)."""
    return _first(_PACKAGE / "reference", _PACKAGE.parent / "db" / "reference")


def starter_config() -> str:
    """Return the text of the shipped, commented `config.yaml`."""
    return _first(_PACKAGE / "config.yaml", _PACKAGE.parent / "config.yaml").read_text(encoding="utf-8")


def _first(*paths: Path) -> Path:
    return next((path for path in paths if path.exists()), paths[-1])
