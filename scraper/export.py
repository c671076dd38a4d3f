"""Tables as files for other programs: CSV and JSON, with formulas made harmless."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VIEWS = ("current_figures", "events", "changes", "source_health", "listed_rows", "jurisdiction_profile", "what_changed")
TABLES = ("release", "edition", "reading", "capture", "fetch", "figure", "case_account", "policy", "agreement_287g",
          "listed_row", "detainer_record", "correction", "place", "problem")  # fmt: skip


def neutral(cell: Any) -> Any:
    """Return a cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_csv(path: Path, columns: list[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as CSV (UTF-8) and return their number."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([neutral(_text(row[name])) for name in columns])
            count += 1
    return count


def as_json(path: Path, columns: list[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as one JSON object a line and return their number."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({name: _text(row[name]) for name in columns}, ensure_ascii=False) + "\n")
            count += 1
    return count


def _text(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
