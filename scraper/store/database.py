"""One connection, one writer: opening with care, numbered migrations, and transactions."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from scraper.errors import StoreError

MIGRATIONS = ("schema.sql", "schema-2.sql")
"""Step n brings `user_version` from n to n + 1; each runs in one transaction. Only ever append."""
VERSION = len(MIGRATIONS)
_SOON = 0.5
"""Seconds that cheap rows (fetch log, page state) may wait for their commit."""

_AT_ONCE = 10_000
_ROOM_KB = 128 * 1024

Row = sqlite3.Row


class Database:
    """The published SQLite file, opened for writing by one process and shared by its threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._depth = 0
        self._begun = 0.0

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Open or create the file; StoreError when it is damaged, read-only, locked or from a newer version."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = not path.exists() or path.stat().st_size == 0
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the database cannot be opened for writing: {error}") from error
        try:
            return cls(_prepared(connection, path, fresh), path)
        except sqlite3.Error as error:
            connection.close()
            raise StoreError(f"{path}: {_words(error)} The file was left as it is.") from error
        except StoreError:
            connection.close()
            raise

    @classmethod
    def reading(cls, path: Path) -> "Database":
        """Open an existing file for questions only; takes no lock and writes nothing."""
        if not path.is_file():
            raise StoreError(f"{path}: there is no database yet; run `detainer-watch check` or `up` first.")
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            connection.close()
            raise StoreError(f"{path}: {_words(error)}") from error
        if found != VERSION:
            connection.close()
            raise StoreError(f"{path}: schema {found}, this version reads {VERSION}; run the daemon once to upgrade.")
        return cls(connection, path)

    def close(self) -> None:
        """Commit what waits and close."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._connection.close()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One thread at a time; what the disk or another process refuses becomes a sentence."""
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                raise StoreError(f"{self.path}: {_words(error)}") from error

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Return all rows of a query; its values in order, or one mapping of their names."""
        named = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        with self._lock:
            return self._connection.execute(sql, named).fetchall()

    def one(self, sql: str, *values: Any) -> Row | None:
        """Return the first row of a query, if any."""
        named = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        with self._lock:
            row: Row | None = self._connection.execute(sql, named).fetchone()
            return row

    def blobs(self, sql: str, *values: Any) -> bytes:
        """Return the one column of a query of any size as its values in a row."""
        found = bytearray()
        with self._lock:
            cursor = self._connection.cursor()
            cursor.row_factory = None
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(_AT_ONCE):
                found += b"".join([row[0] for row in rows])
        return bytes(found)

    def soon(self, sql: str, *values: Any) -> int:
        """Write a cheap row that may be committed a moment later; return its row id."""
        with self._locked():
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
                self._begun = time.monotonic()
            rowid = self._connection.execute(sql, values).lastrowid or 0
            if not self._depth and time.monotonic() - self._begun > _SOON:
                self.flush()
            return rowid

    def flush(self) -> None:
        """Commit what `soon` has written."""
        with self._locked():
            if self._connection.in_transaction and not self._depth:
                self._connection.execute("COMMIT")

    @contextmanager
    def atomic(self) -> Iterator["Database"]:
        """All or nothing, also after kill -9; nested blocks join the outer one."""
        with self._locked():
            if self._depth:
                yield self
                return
            self.flush()
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has rolled it back already
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    @contextmanager
    def roomy(self) -> Iterator[None]:
        """Give SQLite the memory that many rows at once need: their index is filled in no order."""
        with self._lock:
            before = self._connection.execute("PRAGMA cache_size").fetchone()[0]
            self._connection.execute(f"PRAGMA cache_size = -{_ROOM_KB}")
            try:
                yield
            finally:
                self._connection.execute(f"PRAGMA cache_size = {before}")
                self._connection.execute("PRAGMA shrink_memory")

    def write(self, sql: str, *values: Any) -> None:
        """Run one statement of the surrounding `atomic` block (or a transaction of its own)."""
        with self.atomic():
            self._connection.execute(sql, values)

    def write_all(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for many values."""
        with self.atomic():
            self._connection.executemany(sql, values)

    def insert(self, table: str, row: Mapping[str, Any], *, ignore: bool = False) -> None:
        """Insert one row by column names."""
        self.insert_all(table, tuple(row), [tuple(row.values())], ignore=ignore)

    def insert_all(
        self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], *, ignore: bool = False
    ) -> None:
        """Insert many rows; `table` and `columns` are our own names, never a stranger's text."""
        marks = ", ".join("?" * len(columns))
        verb = "INSERT OR IGNORE" if ignore else "INSERT"
        with self.atomic():
            self._connection.executemany(f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def backup(self, target: Path) -> None:
        """Write a consistent copy to `target`, which must not exist, while others read and write."""
        with self._lock:
            self.flush()
            self._connection.execute("VACUUM INTO ?", (str(target),))

    def integrity(self) -> list[str]:
        """Return what `integrity_check` and `foreign_key_check` complain of; empty when all is well."""
        found = [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [
            f"{row[0]}: row {row[1]} refers to nothing in {row[2]}" for row in self.rows("PRAGMA foreign_key_check")
        ]


def _prepared(connection: sqlite3.Connection, path: Path, fresh: bool) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA foreign_keys = ON")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise StoreError(
            f"{path}: written by a newer version (schema {found}, this one knows {VERSION}); upgrade first."
        )
    if not fresh and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StoreError(f"{path}: the database is damaged; restore a backup, or move the file away to keep it.")
    if not fresh and found == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(f"{path}: this SQLite file was not made by Detainer Watch.")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if found < VERSION:
        _migrate(connection, path, found)
    # `release` has no integer key of its own, so a copy made by VACUUM may number its rows anew
    connection.execute("INSERT INTO release_fts (release_fts) VALUES ('rebuild')")
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, found: int) -> None:
    if found:
        copy = path.with_name(f"{path.name}.before-v{VERSION}")
        copy.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(copy),))
    script = "".join(resources.files("scraper.store").joinpath(name).read_text("utf-8") for name in MIGRATIONS[found:])
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {VERSION};\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    _enable_search(connection)


def _enable_search(connection: sqlite3.Connection) -> None:
    """Full-text search, kept in step by triggers (sqlite-utils writes them)."""
    import sqlite_utils  # 10 MB that a daemon need not carry once the tables stand

    database = sqlite_utils.Database(connection)
    for table, columns in {
        "release": ["title", "publisher", "citation"],
        "case_account": ["agency_quoted", "place_quoted", "charges_quoted", "quote"],
        "policy": ["jurisdiction_quoted", "policy_quoted", "criteria_quoted"],
    }.items():
        if not database.table(table).detect_fts():
            database.table(table).enable_fts(columns, create_triggers=True, tokenize="porter")


def _words(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return "another process holds the database; stop it or try again."
    if "readonly" in text or "unable to open" in text:
        return "the database cannot be written; check the folder's permissions and that the disk is not read-only."
    if "not a database" in text or "malformed" in text:
        return "the database is damaged; restore a backup, or move the file away to keep it."
    if "full" in text:
        return "the disk is full."
    return f"SQLite says: {text}."
