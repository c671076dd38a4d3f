"""Every byte the product was served, kept under its own sha256.

A file lies at `<folder>/<first two hex digits>/<sha256>.gz`: nothing a publisher says can become part of a path.
The content is always gzip (bytes that are already compressed are only wrapped), so `zcat` reads every file.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from isal import igzip, isal_zlib

from scraper.errors import ArchiveError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMPRESSED: Final = (b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_STRAY: Final = ".part"
_DAMAGED: Final[tuple[type[Exception], ...]] = (OSError, EOFError, isal_zlib.error)  # type: ignore[assignment]
_PIECE: Final = 1 << 20
_EFFORT: Final = 3
"""Of ISA-L: a tenth of the time of zlib's usual effort, for a quarter more disk."""


class Archive:
    """A content-addressed folder. Safe to use from many threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the bytes with this hash lie or would lie. Raises ArchiveError unless it is 64 hex digits."""
        if not _SHA256.fullmatch(sha256):
            raise ArchiveError(f"{sha256[:80]!r} is not a sha256: 64 hex digits are needed.")
        return self.folder / sha256[:2] / f"{sha256}.gz"

    def has(self, sha256: str) -> bool:
        """Say whether a file of that name is there; `read` checks its content."""
        return self.path(sha256).is_file()

    def keep(self, data: bytes) -> str:
        """Store `data` durably and return its sha256. Bytes that are there already are not written again.

        Raises ArchiveError when the disk is full or the folder is read-only; nothing half-written stays behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        try:
            if not path.is_file():
                self._write(path, data)
        except OSError as error:
            raise ArchiveError(f"{path} could not be written: {error.strerror or error}. Nothing was kept.") from error
        return sha256

    def _write(self, path: Path, data: bytes) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self.folder)
        stray = path.parent / f".{uuid.uuid4().hex}{_STRAY}"
        try:
            with stray.open("xb") as file:
                _pack(data, file)
                file.flush()
                os.fsync(file.fileno())
            stray.replace(path)
        except OSError:
            stray.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def read(self, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises ArchiveError, naming the file, when it is missing or altered."""
        path = self.path(sha256)
        try:
            data: bytes = igzip.decompress(path.read_bytes())
        except FileNotFoundError as error:
            raise ArchiveError(f"The archived file {path} is missing.") from error
        except _DAMAGED as error:
            raise ArchiveError(f"The archived file {path} cannot be read: {error}.") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ArchiveError(
                f"The archived file {path} was altered: its content does not have the sha256 in its name."
            )
        return data

    def content(self, sha256: str) -> "Archived":
        """Return the bytes with this hash as something that another process can open."""
        return Archived(folder=self.folder, sha256=sha256)

    def verify(self, hashes: Iterable[str]) -> Iterator[str]:
        """Yield one sentence for each of `hashes` whose file is missing, unreadable or altered."""
        for sha256 in hashes:
            try:
                self.read(sha256)
            except ArchiveError as error:
                yield str(error)

    def stray(self) -> Iterator[Path]:
        """Yield what an interrupted `keep` left: temporary files that no row refers to."""
        return self.folder.glob(f"??/.*{_STRAY}")

    def tidy(self) -> int:
        """Remove stray files and return how many. Call it as the only writer, at start."""
        strays = list(self.stray())
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Archived bytes that are read where they are needed, by whichever process. A `model.Content`."""

    folder: Path
    sha256: str

    def read(self) -> bytes:
        """Return all bytes. Raises ArchiveError as `Archive.read` does."""
        return Archive(self.folder).read(self.sha256)

    def open(self) -> io.BufferedReader:
        """Return the bytes as a stream; ArchiveError when they are missing, or, at the end, altered."""
        return io.BufferedReader(_Checked(Archive(self.folder).path(self.sha256), self.sha256), 1 << 20)

    def file(self) -> BinaryIO:
        """Return the bytes as a nameless file; ArchiveError when they are missing or altered."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed by who asked for it
        with self.open() as stream:
            shutil.copyfileobj(stream, file, _PIECE)
        file.seek(0)
        return cast(BinaryIO, file)


class _Checked(io.RawIOBase):
    """The unpacked bytes of an archived file, hashed on the way."""

    def __init__(self, path: Path, sha256: str) -> None:
        self._path, self._sha256 = path, sha256
        self._seen = hashlib.sha256()
        try:
            self._file = igzip.open(path)
        except OSError as error:
            raise ArchiveError(f"The archived file {path} cannot be read: {error}.") from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            count: int = self._file.readinto(buffer)
        except _DAMAGED as error:
            raise ArchiveError(f"The archived file {self._path} cannot be read: {error}.") from error
        self._seen.update(memoryview(buffer)[:count])
        if not count and self._seen.hexdigest() != self._sha256:
            raise ArchiveError(
                f"The archived file {self._path} was altered: its content does not have the sha256 in its name."
            )
        return count

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _pack(data: bytes, file: BinaryIO) -> None:
    """Write `data` as gzip piece by piece: a large file must not stand in memory twice."""
    whole = memoryview(data)
    plain = data.startswith(_COMPRESSED)
    packer = gzip.GzipFile if plain else igzip.IGzipFile
    with packer(filename="", mode="wb", fileobj=file, compresslevel=0 if plain else _EFFORT, mtime=0) as packed:
        for at in range(0, len(whole), _PIECE):
            packed.write(whole[at : at + _PIECE])


def _sync_folder(folder: Path) -> None:
    """Make a new name in `folder` survive a power cut: syncing the file alone does not."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
