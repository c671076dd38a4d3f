"""A table of any number of rows and its successors, made from seeds: nothing of it is kept in the repository."""

import csv
import random
from itertools import islice
from pathlib import Path
from typing import Final

COLUMNS: Final = (
    "record", "state", "county", "agency", "facility", "citizenship", "issued", "declined", "type", "offence", "count",
    "note",
)  # fmt: skip
KEY: Final = COLUMNS[0]
_COUNT: Final = COLUMNS.index("count")
_STATES = ("California", "Illinois", "Virginia", "Massachusetts", "Connecticut", "New York", "Minnesota", "Texas")
_COUNTRIES = ("Mexico", "Guatemala", "Honduras", "El Salvador", "Cuba")
_FORMS = ("I-247A", "I-247D", "I-247N")
_OFFENCES = ("Assault", "Dangerous Drugs", "Traffic Offenses", "Robbery", "Burglary", "DUI Liquor")


def write(path: Path, rows: int) -> None:
    """Write a table of `rows` rows; three in ten hold two spaces in a cell, as tables of publishers do."""
    draw = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(number, draw) for number in range(rows))


def _row(number: int, draw: random.Random) -> tuple[object, ...]:
    return (
        f"R{number:07}", draw.choice(_STATES), f"County {draw.randrange(3000)}", f"Sheriff {draw.randrange(4000)}",
        f"Jail {draw.randrange(5000)}", draw.choice(_COUNTRIES), _date(draw), _date(draw), draw.choice(_FORMS),
        draw.choice(_OFFENCES), draw.randrange(1, 400), "" if draw.random() < 0.7 else "Not  Applicable",
    )  # fmt: skip


def _date(draw: random.Random) -> str:
    return f"20{draw.randrange(10, 26)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"


def succeed(before: Path, after: Path, rows: int, changes: int, seed: int) -> None:
    """Write the table as it stands in `before` with one cell changed in `changes` of its rows.

    Counts only grow, so no table comes twice in a line of successors.
    """
    chosen = set(random.Random(seed).sample(range(rows), changes))
    with before.open(newline="", encoding="utf-8") as old, after.open("w", newline="", encoding="utf-8") as new:
        new.writelines(islice(old, 1))
        for number, line in enumerate(old):
            if number in chosen:
                cells = line.split(",")
                cells[_COUNT] = str(int(cells[_COUNT]) + 1)
                line = ",".join(cells)
            new.write(line)
