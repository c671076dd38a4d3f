"""Runs what reads strangers' bytes, the heavy part in a child process with a limit on memory and time.

A child per worker and a pipe instead of `ProcessPoolExecutor`: that one cannot end a task, breaks for every caller
when one task kills its process, and does not tell how the process ended.
"""

import multiprocessing
import pickle
import queue
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final, Generic, Self, TypeVar

from scraper.errors import Unreadable

Item = TypeVar("Item")
Result = TypeVar("Result")
OUT_OF_MEMORY: Final = 77
_START_SECONDS: Final = 120.0
_SPAWN: Final = multiprocessing.get_context("spawn")


_IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of what a document states that are held in memory; more goes to a temporary file."""


class Spool(Generic[Item, Result]):
    """What a generator yielded, on disk where it is much, and what it returned; may be gone through several times."""

    result: Result

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  closed by `close`
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def put(self, item: bytes) -> None:
        """Take an item as pickled by us."""
        self._file.write(item)
        self._count += 1

    def __iter__(self) -> Iterator[Item]:
        self._file.seek(0)
        for _ in range(self._count):
            yield pickle.load(self._file)  # noqa: S301  our own bytes


class Parser:
    """Runs functions here or in one of up to `workers` children; safe to share between threads.

    A child starts when first needed, is kept for the next call, and ends with `rest` or the `with` block. It may grow
    by `memory_mb` MiB beyond what it needs at rest, and each call may take `seconds` by the wall clock.
    """

    def __init__(self, memory_mb: int, seconds: float, workers: int = 1) -> None:
        self._memory_mb = memory_mb
        self._seconds = seconds
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._workers = workers
        for _ in range(workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.rest()

    def run(self, function: Callable[..., Result], *args: object, heavy: bool) -> Result:
        """Return `function(*args)`; what it raises is raised here.

        `heavy`: in a child; function, arguments and result must pickle. `Unreadable` where the child runs out of
        memory or time or crashes; the next call gets a new child, and calls of other threads do not notice.
        """
        if not heavy:
            return function(*args)
        with Spool[None, Result]() as spool:
            result: Result = self._in_child(function, args, spool.put)
            return result

    def stream(
        self,
        function: Callable[..., Generator[Item, None, Result]],
        *args: object,
        heavy: bool,
        step: Callable[[], None] = lambda: None,
    ) -> Spool[Item, Result]:
        """Return all that `function(*args)` yields, and what it returns; otherwise as `run`. Close it after use.

        `step` is called after each item.
        """
        spool = Spool[Item, Result]()

        def put(item: bytes) -> None:
            spool.put(item)
            step()

        try:
            spool.result = self._in_child(function, args, put) if heavy else _drained(function(*args), put)
        except BaseException:
            spool.__exit__()
            raise
        return spool

    def _in_child(self, function: Callable[..., Any], args: tuple[object, ...], put: Callable[[bytes], None]) -> Any:
        child, healthy = self._idle.get(), None
        try:
            child = child or _Child(self._memory_mb)
            succeeded, result = child.call(function, args, self._seconds, put)
            healthy = child
        finally:
            if child and not healthy:
                child.end()
            self._idle.put(healthy)
        if not succeeded:
            raise result
        return result

    def rest(self) -> None:
        """End the children that have nothing to do; the next call starts new ones."""
        idle = []
        with suppress(queue.Empty):  # another thread may be quicker: then there is one fewer to end
            while True:
                idle.append(self._idle.get_nowait())
        for child in idle:
            if child:
                child.end()
            self._idle.put(None)


class _Child:
    """One child process and its pipe; of no use any more once a call raised."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, memory_mb), daemon=True, name="reader")
        try:
            with theirs:
                self._process.start()
            if not self._pipe.poll(_START_SECONDS):
                raise EOFError
            self._pipe.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise RuntimeError("The child process that reads documents does not start.") from error

    def call(
        self, function: Callable[..., Any], args: tuple[object, ...], seconds: float, put: Callable[[bytes], None]
    ) -> tuple[bool, Any]:
        """Return True and the result, or False and the exception that the function raised; `put` gets its items."""
        until = time.monotonic() + seconds
        try:
            self._pipe.send((function, args))
        except OSError:
            raise Unreadable(self._ending()) from None
        while (message := self._message(until, seconds)).startswith(_YIELDED):
            put(message[1:])
        return message.startswith(_RETURNED), pickle.loads(message[1:])  # noqa: S301  from our own child

    def _message(self, until: float, seconds: float) -> bytes:
        try:
            if not self._pipe.poll(max(0.0, until - time.monotonic())):
                raise Unreadable(f"The document took longer than {seconds:g} s to read.")
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise Unreadable(self._ending()) from None

    def end(self) -> None:
        """Kill the process and close everything."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._process.close()
        self._pipe.close()

    def _ending(self) -> str:
        self._process.join(_START_SECONDS)
        code = self._process.exitcode
        if code in (OUT_OF_MEMORY, -signal.SIGKILL):
            return f"The document needs more than {self._memory_mb} MB to read."
        return f"The reader crashed on it (exit code {code}); it may be damaged or need more than {self._memory_mb} MB."


def _serve(pipe: Connection, memory_mb: int) -> None:
    """Answer calls until the parent hangs up. Only the parent decides when this process ends, not Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(memory_mb)
    pipe.send("ready")
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes(), lambda item: pipe.send_bytes(_YIELDED + item)))


_YIELDED, _RETURNED, _RAISED = b"+", b"=", b"!"
"""What stands before the pickle in a message from a child."""


def _answer(task: bytes, put: Callable[[bytes], None]) -> bytes:
    """Return the message with the result, or with an error that has its traceback as a note."""
    try:
        function, args = pickle.loads(task)  # noqa: S301  from our own parent
        result = function(*args)
        del task, args  # they may be large
        if isinstance(result, Generator):
            result = _drained(result, put)
        return _RETURNED + pickle.dumps(result)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except BaseException as error:
        trace = traceback.format_exc()
        with suppress(Exception):
            error.add_note(trace)
            answer = pickle.dumps(error)
            pickle.loads(answer)  # noqa: S301  our own bytes
            return _RAISED + answer
        return _RAISED + pickle.dumps(RuntimeError(trace))


def _drained(items: Generator[Any, None, Result], put: Callable[[bytes], None]) -> Result:
    try:
        while True:
            put(pickle.dumps(next(items)))
    except StopIteration as end:
        result: Result = end.value
        return result


def _limit(memory_mb: int) -> None:
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm") as file:
            baseline = int(file.read().split()[0]) * resource.getpagesize()
        most = baseline + memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
