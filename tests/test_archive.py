"""The archive keeps every byte once, whole, and says so when it cannot."""

import gzip
import hashlib
import os
import pickle
import random
import subprocess
import sys
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.archive import Archive, Archived
from scraper.errors import ArchiveError

PAGE = b"<p>206 detainers recorded as declined</p>" * 400
CHILD = "import os, resource, sys\nfrom pathlib import Path\nfrom scraper.archive import Archive\n"


def child(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own."""
    return subprocess.run([sys.executable, "-c", CHILD + code, *args], capture_output=True, text=True, timeout=60)


def files(archive: Archive) -> list[Path]:
    return sorted(path for path in archive.folder.rglob("*") if path.is_file())


@given(data=st.binary(max_size=3000))
def test_what_was_kept_is_read_back_exactly(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        sha256 = archive.keep(data)
        assert sha256 == hashlib.sha256(data).hexdigest()
        assert archive.has(sha256)
        assert archive.read(sha256) == data


def test_the_path_comes_from_the_hash_only_and_any_gzip_tool_reads_it(tmp_path: Path) -> None:
    """C17."""
    archive = Archive(tmp_path / "deep" / "archive")
    sha256 = archive.keep(PAGE)
    path = archive.path(sha256)
    assert path.relative_to(archive.folder).parts == (sha256[:2], f"{sha256}.gz")
    assert gzip.decompress(path.read_bytes()) == PAGE
    assert path.stat().st_size < len(PAGE) / 10
    assert files(archive) == [path]


def test_bytes_that_are_compressed_already_are_wrapped_not_compressed_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    data = b"PK\x03\x04" + b"0" * 1000
    path = archive.path(archive.keep(data))
    assert path.stat().st_size > len(data)
    assert archive.read(hashlib.sha256(data).hexdigest()) == data


def test_keeping_the_same_bytes_again_writes_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    path = archive.path(archive.keep(PAGE))
    before = path.stat()
    archive.keep(PAGE)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_equal_bytes_give_equal_files_in_two_archives(tmp_path: Path) -> None:
    one, two = Archive(tmp_path / "one"), Archive(tmp_path / "two")
    sha256 = one.keep(PAGE)
    assert two.keep(PAGE) == sha256
    assert one.path(sha256).read_bytes() == two.path(sha256).read_bytes()


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n", "a" * 64 + "/..", "\0" * 64]
)
def test_only_64_hex_digits_name_a_file(tmp_path: Path, name: str) -> None:
    archive = Archive(tmp_path)
    for ask in (archive.path, archive.has, archive.read):
        with pytest.raises(ArchiveError, match="is not a sha256"):
            ask(name)


def test_a_missing_or_altered_file_is_named(tmp_path: Path) -> None:
    """S8: reading and verifying name the file; sound files are not mentioned."""
    archive = Archive(tmp_path)
    sound, gone, altered, cut, rubbish = (archive.keep(PAGE + bytes([n])) for n in range(5))
    archive.path(gone).unlink()
    archive.path(altered).write_bytes(gzip.compress(PAGE))
    archive.path(cut).write_bytes(archive.path(cut).read_bytes()[:-20])
    archive.path(rubbish).write_bytes(b"\x00" * 50)
    sentences = list(archive.verify([sound, gone, altered, cut, rubbish]))
    assert len(sentences) == 4
    for sha256, sentence, words in zip(
        (gone, altered, cut, rubbish), sentences, ("is missing", "was altered", "cannot be read", "cannot"), strict=True
    ):
        assert str(archive.path(sha256)) in sentence
        assert words in sentence
        with pytest.raises(ArchiveError, match=sha256):
            archive.read(sha256)


def test_kill_in_the_middle_of_keep_leaves_no_half_file(tmp_path: Path) -> None:
    """S1, S8: each file that bears its final name is whole; what is left over is found and removed."""
    archive = Archive(tmp_path)
    code = (
        CHILD + "archive = Archive(Path(sys.argv[1]))\nprint('ready', flush=True)\n"
        "while True: print(archive.keep(b'PK\\x03\\x04' + os.urandom(8_000_000)), flush=True)\n"
    )
    killed_inside = 0
    kept: list[str] = []
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            kept.append(writer.stdout.readline().strip())
            while not list(archive.stray()):
                pass
            writer.kill()
            kept += [line.strip() for line in writer.stdout if len(line) == 65]
        killed_inside += archive.tidy()
        assert list(archive.stray()) == []
        assert list(archive.verify(path.stem for path in tmp_path.glob("??/*.gz"))) == []
    assert killed_inside > 0
    assert all(archive.has(sha256) for sha256 in kept)


def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """S2."""
    code = (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\narchive = Archive(Path(sys.argv[1]))\n"
        "from scraper.errors import ArchiveError\n"
        "try: archive.keep(os.urandom(100_000))\nexcept ArchiveError as error: print(error)\n"
        "print(archive.read(archive.keep(b'small')))"
    )
    done = child(code, str(tmp_path))
    assert "could not be written: File too large. Nothing was kept." in done.stdout
    assert "b'small'" in done.stdout, done.stderr
    assert [path.name for path in files(Archive(tmp_path))] == [f"{hashlib.sha256(b'small').hexdigest()}.gz"]


def test_a_read_only_folder_is_told() -> None:
    """S5."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sha256 = Archive(folder).keep(PAGE)
        for path in (folder / sha256[:2], folder):
            path.chmod(0o555)
        code = (
            "from scraper.errors import ArchiveError\nos.geteuid() or os.setuid(65534)\n"
            "archive = Archive(Path(sys.argv[1]))\ndata = archive.read(sys.argv[2])\n"
            "print(len(data), archive.keep(data))\n"
            "try: archive.keep(b'new')\nexcept ArchiveError as error: print(error)"
        )
        done = child(code, name, sha256)
        folder.chmod(0o755)
        assert f"{len(PAGE)} {sha256}" in done.stdout, done.stderr
        assert "could not be written: Permission denied" in done.stdout


def test_many_threads_keeping_the_same_bytes_end_with_one_file(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with ThreadPoolExecutor(16) as pool:
        hashes = set(pool.map(archive.keep, [PAGE] * 200))
    assert hashes == {hashlib.sha256(PAGE).hexdigest()}
    assert files(archive) == [archive.path(hashes.pop())]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    sha256 = archive.keep(PAGE)
    stray = archive.path(sha256).parent / ".1234.part"
    stray.write_bytes(b"half")
    notes = tmp_path / "README"
    notes.write_text("ours")
    assert archive.tidy() == 1
    assert (archive.tidy(), notes.read_text(), os.path.exists(stray)) == (0, "ours", False)


@given(data=st.binary(max_size=3000), size=st.integers(1, 700))
def test_what_was_kept_is_read_as_a_stream_exactly(data: bytes, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        content = archive.content(archive.keep(data))
        with content.open() as stream:
            assert b"".join(iter(lambda: stream.read(size), b"")) == data
        with content.open() as stream:
            assert stream.read() == data == content.read()
        assert pickle.loads(pickle.dumps(content)).read() == data


def to_the_end(content: Archived) -> None:
    with content.open() as stream:
        while stream.read(65_536):
            pass


@pytest.mark.parametrize("lead", [b"<p>", b"PK\x03\x04"], ids=["packed", "wrapped"])
def test_a_stream_of_what_was_altered_cut_or_removed_says_so_at_its_end(tmp_path: Path, lead: bytes) -> None:
    archive = Archive(tmp_path)
    data = lead + random.Random(1).randbytes(3_000_000)
    sha256 = archive.keep(data)
    content, path = archive.content(sha256), archive.path(sha256)
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    other = gzip.compress(data[:-1] + b"!", 0)
    for bad in (bytes(flipped), good[:-4], good[: len(good) // 2], other, gzip.compress(b""), b"", b"plain", good[:9]):
        path.write_bytes(bad)
        with pytest.raises(ArchiveError, match=sha256):
            to_the_end(content)
        with pytest.raises(ArchiveError, match=sha256):
            content.read()
    path.unlink()
    with pytest.raises(ArchiveError, match=sha256):
        content.open()
    path.write_bytes(good)
    with content.open() as stream:
        assert stream.read(3) == lead[:3], "who stops before the end learns nothing of it"


def test_a_stream_of_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    content = archive.content(archive.keep(PAGE * 2000))
    tracemalloc.start()
    try:
        with content.open() as stream:
            assert sum(map(len, iter(lambda: stream.read(1 << 18), b""))) == len(PAGE) * 2000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
