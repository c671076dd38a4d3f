"""Rules drawn on a page, and the grids of cells that they make.

Coordinates are PDF points with the page turned upright: x grows to the right, y upwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

Segment = tuple[float, float, float, float]
"""x and y of the start, x and y of the end."""
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

NEAR: Final = 3.0
"""Points within which rules meet or are one."""
_SLANT: Final = 1.0
_SHORTEST: Final = 4.0
_MOST_RULES: Final = 1500
"""More rules of one direction are a drawing, not a table."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight rule: where it lies across its direction, and from where to where it runs."""

    at: float
    start: float
    end: float

    def covers(self, point: float) -> bool:
        """Tell whether it passes `point` along its direction."""
        return self.start - NEAR <= point <= self.end + NEAR


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells between rules. `xs` run to the right, `ys` downwards; `cells` holds the box of the cell at each place.

    Places that share a cell (no rule between them) share its box. `closed`: rules end it at the top and the bottom.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[Box, ...], ...]
    closed: tuple[bool, bool]

    @property
    def box(self) -> Box:
        """Left, bottom, right, top."""
        return (self.xs[0], self.ys[-1], self.xs[-1], self.ys[0])

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point lies in the grid."""
        return self.xs[0] <= x <= self.xs[-1] and self.ys[-1] <= y <= self.ys[0]


def rules(segments: Iterable[Segment]) -> tuple[list[Rule], list[Rule]]:
    """Return the horizontal and the vertical rules; pieces of one rule are joined, slanted segments left out."""
    across: list[Rule] = []
    along: list[Rule] = []
    for x0, y0, x1, y1 in segments:
        if abs(y0 - y1) <= _SLANT and abs(x0 - x1) > _SLANT:
            across.append(Rule((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
        elif abs(x0 - x1) <= _SLANT and abs(y0 - y1) > _SLANT:
            along.append(Rule((x0 + x1) / 2, min(y0, y1), max(y0, y1)))
    return _joined(across), _joined(along)


def grids(across: Sequence[Rule], along: Sequence[Rule]) -> list[Grid]:
    """Return the grids with at least two columns, from top to bottom."""
    if max(len(across), len(along)) > _MOST_RULES:
        return []
    found = [grid for pair in _connected(across, along) if (grid := _grid(*pair))]
    return sorted(found, key=lambda grid: (-grid.ys[0], grid.xs[0]))


def _joined(found: list[Rule]) -> list[Rule]:
    levels: list[list[Rule]] = []
    for rule in sorted(found, key=lambda rule: rule.at):
        if levels and rule.at - levels[-1][0].at <= NEAR:
            levels[-1].append(rule)
        else:
            levels.append([rule])
    return [rule for level in levels for rule in _runs(level) if rule.end - rule.start >= _SHORTEST]


def _runs(level: list[Rule]) -> Iterator[Rule]:
    at = sum(rule.at for rule in level) / len(level)
    start, end = None, 0.0
    for rule in sorted(level, key=lambda rule: rule.start):
        if start is None:
            start, end = rule.start, rule.end
        elif rule.start <= end + NEAR:
            end = max(end, rule.end)
        else:
            yield Rule(at, start, end)
            start, end = rule.start, rule.end
    if start is not None:
        yield Rule(at, start, end)


def _connected(across: Sequence[Rule], along: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yield the groups of rules that touch each other."""
    rest_across, rest_along = set(across), set(along)
    while rest_across:
        rows, columns, fresh = set[Rule](), set[Rule](), {rest_across.pop()}
        while fresh:
            rows |= fresh
            touched = {v for v in rest_along if any(_meet(h, v) for h in fresh)}
            rest_along -= touched
            columns |= touched
            fresh = {h for h in rest_across if any(_meet(h, v) for v in touched)}
            rest_across -= fresh
        yield sorted(rows, key=lambda rule: -rule.at), sorted(columns, key=lambda rule: rule.at)


def _meet(across: Rule, along: Rule) -> bool:
    return across.covers(along.at) and along.covers(across.at)


def _grid(across: list[Rule], along: list[Rule]) -> Grid | None:
    if not along:
        return None
    xs = _levels([*(rule.at for rule in along), min(r.start for r in across), max(r.end for r in across)])
    ys = _levels([*(rule.at for rule in across), min(r.start for r in along), max(r.end for r in along)])[::-1]
    if len(xs) < 3 or len(ys) < 2:
        return None
    closed = (abs(across[0].at - ys[0]) <= NEAR, abs(across[-1].at - ys[-1]) <= NEAR)
    return Grid(tuple(xs), tuple(ys), _cells(xs, ys, across, along), closed)


def _levels(values: Iterable[float]) -> list[float]:
    levels: list[float] = []
    for value in sorted(values):
        if not levels or value - levels[-1] > NEAR:
            levels.append(value)
    return levels


def _cells(xs: list[float], ys: list[float], across: list[Rule], along: list[Rule]) -> tuple[tuple[Box, ...], ...]:
    """Join neighbouring places that no rule parts, and return the box of each place's cell."""
    height, width = len(ys) - 1, len(xs) - 1
    cell = {(row, column): {(row, column)} for row in range(height) for column in range(width)}

    def join(one: tuple[int, int], other: tuple[int, int]) -> None:
        if cell[one] is not cell[other]:
            cell[one] |= cell[other]
            for place in cell[other]:
                cell[place] = cell[one]

    for row in range(height):
        middle = (ys[row] + ys[row + 1]) / 2
        for column in range(1, width):
            if not any(abs(rule.at - xs[column]) <= NEAR and rule.covers(middle) for rule in along):
                join((row, column - 1), (row, column))
    for column in range(width):
        middle = (xs[column] + xs[column + 1]) / 2
        for row in range(1, height):
            if not any(abs(rule.at - ys[row]) <= NEAR and rule.covers(middle) for rule in across):
                join((row - 1, column), (row, column))

    def box(places: set[tuple[int, int]]) -> Box:
        rows, columns = {row for row, _ in places}, {column for _, column in places}
        return (xs[min(columns)], ys[max(rows) + 1], xs[max(columns) + 1], ys[min(rows)])

    return tuple(tuple(box(cell[row, column]) for column in range(width)) for row in range(height))
