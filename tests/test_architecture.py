"""The house rules: imports go down only, pure floors stay pure, nothing grows crooked."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "scraper"
FLOORS = (
    {"cli"},
    {"demo"},
    {"demo_files"},
    {"daemon"},
    {"pipeline"},
    {"config", "fetch", "store", "alerts", "publish", "health", "export", "warc", "memento", "parsing"},
    {"resources", "memory"},
    {"archive"},
    {"readers", "checks", "diff", "render", "suggest"},
    {"documents", "places", "wording"},
    {"settings"},
    {"model"},
    {"known"},
    {"facts"},
    {"terms", "errors", "ids"},
)
"""From the top down; a room may import rooms of lower floors only, and `alerts` and `render` etc. by name."""
PURE = set().union(*FLOORS[8:])
IMPURE = {"httpx", "sqlite3", "sqlite_utils", "smtplib", "apscheduler", "os", "time", "random", "socket", "subprocess"}
LONGEST_FUNCTION, LONGEST_MODULE, LONGEST_PACKAGE = 60, 350, 15870
"""Lines; of the package only those with code on them (see docs/decisions/0011-size-with-readers.md)."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "scraper":
                yield from (f"scraper.{alias.name}" for alias in node.names)


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    for module in imports(path):
        parts = module.split(".")
        if parts[0] != "scraper" or len(parts) < 2 or parts[1] in (here, "__version__"):
            continue
        assert floor(parts[1]) > floor(here), f"{path.name} ({here}) imports {module}"


def test_every_room_has_a_floor() -> None:
    rooms = {room(path) for path in modules()} - {"__init__"}
    assert rooms <= set().union(*FLOORS)


@pytest.mark.parametrize("path", [p for p in modules() if room(p) in PURE], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_pure_rooms_touch_nothing_outside(path: Path) -> None:
    used = {module.split(".")[0] for module in imports(path)}
    assert not used & IMPURE
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)}
    assert not calls & {"open", "datetime.now", "datetime.utcnow", "date.today", "datetime.today", "input", "print"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_functions_and_modules_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert lines <= LONGEST_FUNCTION, f"{path.name}: {node.name} has {lines} lines"


def test_the_package_stays_small() -> None:
    assert sum(code_lines(path) for path in modules()) <= LONGEST_PACKAGE


def code_lines(path: Path) -> int:
    """Lines that hold a statement or a part of one: no blank lines, comments or docstrings."""
    text = path.read_text("utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {n for t in tokens if t.type not in skipped for n in range(t.start[0], t.end[0] + 1)}
    return len(lines - docstrings)


def test_tests_use_no_mocks_and_no_sleeps() -> None:
    for path in Path(__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        assert not {m for m in imports(path) if "mock" in m}, path.name
        calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert "time.sleep" not in calls, path.name
