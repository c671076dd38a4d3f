"""What changed between two readings: exact, blind to order, without guessing by similarity."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scraper import diff
from scraper.known import HASH_BYTES, Known, fact_hash
from scraper.model import CaseAccount, Change, Figure, ListedRow, Locator


def row(count: str, place: str = "Cook County", number: int = 1) -> ListedRow:
    return ListedRow(
        cells=json.dumps({"jurisdiction": place, "declined": count}), row_key=json.dumps([place]), row_no=number
    )


def split(before: list[ListedRow], after: list[ListedRow]) -> tuple[list[ListedRow], list[ListedRow]]:
    """The rows that are gone and those that have come, as the product tells them apart: by their hashes alone."""
    known = Known(b"".join(map(fact_hash, before)))
    come = list(known.untaken(after))
    left = known.gone()
    counts = Counter(left[at : at + HASH_BYTES] for at in range(0, len(left), HASH_BYTES))
    gone = []
    for one in before:
        if counts[fact_hash(one)]:
            counts[fact_hash(one)] -= 1
            gone.append(one)
    return gone, come


def compared(before: list[ListedRow], after: list[ListedRow]) -> tuple[Change, ...]:
    gone, come = split(before, after)
    return diff.row_changes(list(enumerate(gone, 1)), list(enumerate(come, 101)))


def applied(changes: tuple[Change, ...], before: list[ListedRow]) -> Counter[str]:
    """The table that the changes make of the old one: cells of each row, counted."""
    rows = Counter(one.cells for one in before)
    edits: dict[str, list[Change]] = {}
    for change in changes:
        if change.kind == "removed":
            rows[str(change.before)] -= 1
        elif change.kind == "added":
            rows[str(change.after)] += 1
        else:
            edits.setdefault(change.label, []).append(change)
    for label, cells in edits.items():
        (old,) = {
            text
            for text, times in rows.items()
            if times > 0 and (row := json.loads(text))["jurisdiction"] == label
            and all(row[str(one.column)] == one.before for one in cells)
        }  # fmt: skip
        new = json.loads(old) | {str(one.column): one.after for one in cells}
        rows[old] -= 1
        rows[json.dumps(new)] += 1
    return +rows


def test_a_changed_cell_names_row_column_before_and_after() -> None:
    (change,) = compared([row("188"), row("93", "Clark County")], [row("190"), row("93", "Clark County")])
    assert (change.label, change.column, change.before, change.after) == ("Cook County", "declined", "188", "190")
    assert change.kind == "changed"


def test_order_and_row_numbers_are_no_change() -> None:
    a, b = row("1", "A", 1), row("2", "B", 2)
    assert compared([a, b], [row("2", "B", 1), row("1", "A", 2)]) == ()


def test_identical_rows_count_as_often_as_they_stand() -> None:
    (change,) = compared([row("5"), row("5")], [row("5")])
    assert (change.kind, change.column) == ("removed", None)


def test_rows_that_share_an_identity_are_never_paired_by_guess() -> None:
    told = compared([row("5"), row("6")], [row("7"), row("8")])
    assert Counter(change.kind for change in told) == {"removed": 2, "added": 2}


def test_a_case_inserted_at_the_top_moves_no_other() -> None:
    first = CaseAccount(position=1, place_quoted="Bronx", citizenship_quoted="Guyana")
    moved = CaseAccount(position=2, place_quoted="Bronx", citizenship_quoted="Guyana")
    assert fact_hash(first) == fact_hash(moved)


def test_the_same_measure_of_two_states_is_two_figures() -> None:
    def figure(state: str, value: int) -> Figure:
        words = {"measure": "detainer_declined", "unit": "detainers", "value_quoted": str(value)}
        return Figure(value=value, state_quoted=state, **words)  # type: ignore[arg-type]

    told = diff.row_changes([(1, figure("CA", 5)), (2, figure("IL", 6))], [(3, figure("CA", 7)), (4, figure("IL", 8))])
    assert [(c.row_id, c.before, c.after) for c in told] == [(3, "5", "7"), (4, "6", "8")]


def test_a_figure_that_moves_on_the_page_states_the_same() -> None:
    a = Figure(measure="detainer_declined", unit="detainers", value=206, value_quoted="206", locator=Locator(page=1))
    b = Figure(measure="detainer_declined", unit="detainers", value=206, value_quoted="206", locator=Locator(page=2))
    assert fact_hash(a) == fact_hash(b)


def test_a_figure_changed_inside_a_sentence_is_seen() -> None:
    before = ["ICE declined 206 detainers that week.", "Other text."]
    (change,) = diff.text_changes(before, ["ICE declined 207 detainers that week.", "Other text."])
    assert change.before == before[0]
    assert change.after is not None
    assert "207" in change.after


def test_paragraphs_in_another_order_are_no_change() -> None:
    assert diff.text_changes(["a", "b", "c"], ["c", "a", "b"]) == ()


def test_an_announced_correction_is_told_apart_from_a_silent_edit() -> None:
    announced = diff.text_changes(["Text."], ["Correction: the report counted transfers.", "Text."])
    silent = diff.text_changes(["Text."], ["Text, corrected or not."])
    assert diff.announcement(announced) == "Correction: the report counted transfers."
    assert diff.announcement(silent) == ""


def test_summary_counts_rows_not_cells() -> None:
    old = ListedRow(cells='{"a": "1", "b": "2"}', row_key='["x"]', row_no=1)
    new = ListedRow(cells='{"a": "3", "b": "4"}', row_key='["x"]', row_no=1)
    assert diff.summary(compared([old], [new])) == "1 row changed"


cells = st.sampled_from(["1", "2", "3"])
tables = st.lists(st.builds(row, cells, st.sampled_from(["A", "B", "C"])), max_size=8)


@given(tables)
def test_a_table_compared_with_itself_has_no_change(table: list[ListedRow]) -> None:
    assert compared(table, table[::-1]) == ()


@given(tables, tables)
def test_applying_the_changes_to_the_old_table_gives_the_new_one(
    before: list[ListedRow], after: list[ListedRow]
) -> None:
    assert applied(compared(before, after), before) == Counter(one.cells for one in after)


@given(tables, tables)
def test_readings_have_the_same_content_hash_exactly_when_they_state_the_same(
    before: list[ListedRow], after: list[ListedRow]
) -> None:
    def content(known: list[ListedRow], stated: list[ListedRow]) -> str:
        ticked = Known(b"".join(map(fact_hash, known)))
        list(ticked.untaken(stated))
        assert ticked.rows() == len(stated)
        return ticked.content_hash("", ())

    same = Counter(map(fact_hash, before)) == Counter(map(fact_hash, after))
    assert (content([], before) == content(before, after)) == same
    assert content(before, after) == content([], after) == content(after, after[::-1])
