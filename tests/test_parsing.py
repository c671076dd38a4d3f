"""The heavy part of reading runs in children that may run wild without harm to anyone else."""

import itertools
import os
import signal
import tempfile
import threading
import tracemalloc
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scraper.errors import LayoutChanged, Unreadable
from scraper.parsing import Parser


def process_id() -> int:
    return os.getpid()


def eat_memory() -> int:
    return len(bytearray(600 * 1024 * 1024))


def hang() -> None:
    threading.Event().wait()


def leave(code: int) -> None:
    os._exit(code)


def abort() -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def complain(text: str) -> None:
    raise LayoutChanged(text)


class Stubborn(Exception):
    """An error that cannot be rebuilt from its pickle."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def stumble() -> None:
    raise Stubborn("a", "b")


def give_back_an_error() -> Exception:
    return ValueError("a value like any other")


def make_unpicklable() -> object:
    return lambda: None


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_light_work_runs_in_this_process_and_heavy_work_in_one_child_that_is_kept() -> None:
    with Parser(256, 60) as parser:
        assert parser.run(process_id, heavy=False) == os.getpid()
        child = parser.run(process_id, heavy=True)
        assert child != os.getpid()
        assert parser.run(process_id, heavy=True) == child


def test_rest_and_the_end_of_the_block_leave_no_child_behind() -> None:
    with Parser(256, 60) as parser:
        first = parser.run(process_id, heavy=True)
        parser.rest()
        assert not is_alive(first)
        second = parser.run(process_id, heavy=True)
        assert second != first
    assert not is_alive(second)


def test_a_reader_that_eats_memory_is_unreadable_and_the_next_call_succeeds() -> None:
    with Parser(256, 60) as parser:
        with pytest.raises(Unreadable, match="needs more than 256 MB to read"):
            parser.run(eat_memory, heavy=True)
        assert parser.run(abs, -3, heavy=True) == 3


def test_what_fits_into_the_memory_is_read() -> None:
    with Parser(1024, 60) as parser:
        assert parser.run(eat_memory, heavy=True) == 600 * 1024 * 1024


def test_an_endless_reader_is_ended_by_the_wall_clock_and_the_next_call_succeeds() -> None:
    with Parser(256, 3) as parser:
        parser.run(abs, -1, heavy=True)
        with pytest.raises(Unreadable, match="took longer than 3 s to read"):
            parser.run(hang, heavy=True)
        assert parser.run(abs, -3, heavy=True) == 3


@pytest.mark.parametrize(("crash", "args"), [(leave, (3,)), (leave, (0,)), (abort, ())])
def test_a_reader_that_kills_its_process_is_unreadable_and_the_next_call_succeeds(crash: object, args: object) -> None:
    with Parser(256, 60) as parser:
        with pytest.raises(Unreadable, match="reader crashed on it"):
            parser.run(crash, *args, heavy=True)  # type: ignore[arg-type, misc]
        assert parser.run(abs, -3, heavy=True) == 3


def test_errors_of_the_product_arrive_as_they_were_raised_with_the_trace_for_programmers() -> None:
    with Parser(256, 60) as parser:
        with pytest.raises(LayoutChanged, match="no table") as caught:
            parser.run(complain, "no table", heavy=True)
        assert str(caught.value) == "no table"
        assert "in complain" in caught.value.__notes__[0]
        child = parser.run(process_id, heavy=True)
        with pytest.raises(LayoutChanged):
            parser.run(complain, "again", heavy=True)
        assert parser.run(process_id, heavy=True) == child


def test_errors_and_results_that_do_not_pickle_are_told_and_hang_nothing() -> None:
    with Parser(256, 60) as parser:
        with pytest.raises(RuntimeError, match="Stubborn: ab"):
            parser.run(stumble, heavy=True)
        with pytest.raises((AttributeError, RuntimeError), match="lambda"):
            parser.run(make_unpicklable, heavy=True)
        assert isinstance(parser.run(give_back_an_error, heavy=True), ValueError)


def test_a_call_that_kills_its_child_does_not_touch_calls_of_other_threads() -> None:
    outcomes: dict[int, object] = {}

    def call(number: int) -> None:
        try:
            outcomes[number] = (
                parser.run(leave, 9, heavy=True) if number % 3 == 0 else parser.run(abs, -number, heavy=True)
            )
        except Unreadable as error:
            outcomes[number] = error

    with Parser(256, 60, workers=2) as parser:
        threads = [threading.Thread(target=call, args=(number,)) for number in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {number for number, outcome in outcomes.items() if isinstance(outcome, Unreadable)} == {0, 3, 6}
    assert [outcomes[number] for number in (1, 2, 4, 5, 7, 8)] == [1, 2, 4, 5, 7, 8]


def test_threads_that_rest_at_once_lose_no_worker() -> None:
    """Sources end their checks side by side; each then lets the idle children go."""
    with Parser(memory_mb=512, seconds=60, workers=2) as parser, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: [parser.rest() for _ in range(300)], range(8)))
        assert [parser.run(len, "four", heavy=True) for _ in range(2)] == [4, 4]


def count_to(number: int, size: int = 1) -> Generator[tuple[int, str], None, str]:
    for one in range(number):
        yield one, "x" * size
    return f"counted to {number}"


def count_and_stumble(number: int) -> Generator[int, None, None]:
    yield from range(number)
    raise LayoutChanged("no more")


def count_and_leave(number: int) -> Generator[int, None, None]:
    yield from range(number)
    os._exit(3)


def count_for_ever() -> Generator[int, None, None]:
    number = 0
    while True:
        yield number
        number += 1


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("number", [0, 1, 3000])
def test_what_a_reader_yields_is_gone_through_as_often_as_wanted(heavy: bool, number: int) -> None:
    with Parser(256, 60) as parser, parser.stream(count_to, number, heavy=heavy) as spool:
        assert spool.result == f"counted to {number}"
        for _ in range(2):
            assert [one for one, _ in spool] == list(range(number))
        assert [one for one, _ in itertools.islice(spool, 2)] == list(range(min(number, 2)))
        assert [one for one, _ in spool] == list(range(number)), "from the start, wherever it was left"


def test_much_goes_to_a_file_that_nobody_else_sees_and_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Parser(256, 60) as parser:
        tracemalloc.start()
        with parser.stream(count_to, 400, 100_000, heavy=True) as spool:
            assert sum(len(text) for _, text in spool) == 40_000_000
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()
        for broken in (count_and_stumble, count_and_leave):
            with pytest.raises((LayoutChanged, Unreadable)):
                parser.stream(broken, 5, heavy=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("heavy", [False, True])
def test_an_error_after_some_items_arrives_and_the_next_call_succeeds(heavy: bool) -> None:
    with Parser(256, 60) as parser:
        with pytest.raises(LayoutChanged, match="no more"):
            parser.stream(count_and_stumble, 5, heavy=heavy)
        with parser.stream(count_to, 3, heavy=heavy) as spool:
            assert spool.result == "counted to 3"


def test_a_reader_that_dies_or_never_ends_while_it_yields_is_unreadable() -> None:
    with Parser(256, 2) as parser:
        parser.run(abs, -1, heavy=True)
        with pytest.raises(Unreadable, match="crashed on it"):
            parser.stream(count_and_leave, 5, heavy=True)
        parser.run(abs, -1, heavy=True)
        with pytest.raises(Unreadable, match="took longer than 2 s"):
            parser.stream(count_for_ever, heavy=True)
        assert parser.run(abs, -3, heavy=True) == 3
