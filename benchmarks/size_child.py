"""What `size` and `workbook` run in processes of their own: the least it can cost and our reading alone.

usage: python size_child.py bare FILE            | folded FILE
       python size_child.py hashes FILE TO       | dictionary FILE HASHES
       python size_child.py workbook FILE
       python size_child.py pack CONFIG FILE TO  | read PACKED
"""

import csv
import json
import pickle
import sys
from collections.abc import Iterator
from hashlib import blake2b, file_digest
from pathlib import Path

BYTES = 16


def bare(path: str) -> None:
    """Parse and hash each row as it stands."""
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            blake2b("\0".join(row).encode(), digest_size=BYTES).digest()


def folded(path: str) -> None:
    """Parse, fold white space in each cell as the product must, and hash each row."""
    for _ in _hashed(path):
        pass


def _hashed(path: str) -> Iterator[bytes]:
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            yield blake2b("\0".join([" ".join(cell.split()) for cell in row]).encode(), digest_size=BYTES).digest()


def hashes(path: str, to: str) -> None:
    """Keep what `dictionary` compares the successor with."""
    with open(to, "wb") as file:
        file.writelines(_hashed(path))


def dictionary(path: str, known: str) -> None:
    """Compare the hashes of the rows with those of the predecessor: how many have come, how many are gone."""
    before = Path(known).read_bytes()
    left = dict.fromkeys(before[at : at + BYTES] for at in range(0, len(before), BYTES))
    come = sum(left.pop(digest, 0) is not None for digest in _hashed(path))
    print(json.dumps({"come": come, "gone": len(left)}))


def workbook(path: str) -> None:
    """Read a workbook through python-calamine, sheet by sheet, and do nothing with it but count."""
    import python_calamine

    rows = cells = 0
    with python_calamine.CalamineWorkbook.from_path(path) as book:
        for name in book.sheet_names:
            for row in book.get_sheet_by_name(name).iter_rows():
                rows, cells = rows + 1, cells + len(row)
    print(json.dumps({"rows": rows, "cells": cells}))


def pack(config_path: str, path: str, to: str) -> None:
    """Keep what the product hands to the process that reads: the document, and the hashes of what is known."""
    from scraper import config
    from scraper.archive import Archive
    from scraper.model import Document
    from scraper.store import history, rows
    from scraper.store.database import Database

    settings = config.load(Path(config_path), {})
    (source,) = settings.sources
    with open(path, "rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    document = Document(
        url=source.options.url,
        data=b"",
        media_type="text/csv",
        charset=None,
        captured_at="",
        sha256=sha256,
        content=Archive(settings.storage.archive).content(sha256),
    )
    with Database.reading(settings.storage.database) as db:
        (release,) = db.rows("SELECT release_id, key, url, title FROM release WHERE source_id = ?", source.id)
        stream = history.stream_of(source.id, release["release_id"], cumulative=False)
        known = rows.known(db, stream)
    ref = {name: release[name] for name in ("key", "url", "title")}
    Path(to).write_bytes(pickle.dumps((source.reader, document, ref, source.options, known)))


def read(packed: str) -> None:
    """Read the archived document as a child of the product does, and say what differs from what is known."""
    from scraper import readers
    from scraper.model import ReleaseRef

    reader, document, ref, options, known = pickle.loads(Path(packed).read_bytes())
    reading = readers.compare(reader, document, ReleaseRef(**ref), options, known, False)
    del known
    come = 0
    while True:
        try:
            come += len(next(reading))
        except StopIteration as end:
            print(json.dumps({"come": come, "gone": len(end.value.gone) // BYTES}))
            return


if __name__ == "__main__":
    what = {one.__name__: one for one in (bare, folded, hashes, dictionary, workbook, pack, read)}
    what[sys.argv[1]](*sys.argv[2:])
