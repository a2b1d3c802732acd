"""Tests of `rimebatch.transcript.locks`."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from pathlib import Path
from stat import S_IMODE
from threading import Barrier, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.disks import largest_file
from rimebatch.errors import HeldError, OutputError
from rimebatch.transcript.locks import LOCK_NAME, hold, read_holder

NOW = "2026-01-02T03:04:05Z"
EARLIER = "2026-01-02T03:00:00Z"

# Holds the folder until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from rimebatch.transcript.locks import hold

with hold(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_run(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process that holds *folder*, and let it end by itself."""
    command = [sys.executable, "-c", HOLDER, str(folder), EARLIER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert b"held\n" == process.stdout.readline()
        yield process


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be nobody for a while, if we are root, whom no mode keeps out."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def error_of(folder: Path) -> str:
    """Return what the second to come is told."""
    with pytest.raises(HeldError) as held, hold(folder, NOW):
        pass
    return str(held.value)


def test_the_second_run_is_told_who_is_there(tmp_path: Path) -> None:
    """A run that finds the folder held says by whom, where, since when, what to do."""
    with another_run(tmp_path) as process:
        said = error_of(tmp_path)

    assert (
        f"{tmp_path}: in use by pid {process.pid} on {os.uname().nodename} since "
        f"{EARLIER}; wait for it to end, then run again"
    ) == said


def test_a_run_that_ended_holds_nothing(tmp_path: Path) -> None:
    """The folder is free as soon as the other run has ended by itself."""
    with another_run(tmp_path) as process:
        pass

    assert 0 == process.returncode
    with hold(tmp_path, NOW):
        pass


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    """After kill -9 the folder is free, though the name of the dead is still there."""
    with another_run(tmp_path) as process:
        process.kill()
        process.wait()

    assert f"pid {process.pid} " in (tmp_path / LOCK_NAME).read_text()
    with hold(tmp_path, NOW):
        assert f"pid {os.getpid()} on " in error_of(tmp_path)


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    """Of several threads of one process that want a folder, one has it."""
    all_have_tried = Barrier(8)

    def try_to_hold(_: int) -> bool:
        try:
            with hold(tmp_path, NOW):
                all_have_tried.wait()
                return True
        except HeldError:
            all_have_tried.wait()
            return False

    with ThreadPoolExecutor(8) as threads:
        held = list(threads.map(try_to_hold, range(8)))

    assert 1 == held.count(True)


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A program started meanwhile, and still running, does not keep the folder."""
    with hold(tmp_path, NOW):
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    with child, hold(tmp_path, NOW):
        pass


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    """What is made can be read by this user alone."""
    folder = tmp_path / "transcripts" / "ch01"
    with hold(folder, NOW):
        pass

    assert 0o700 == S_IMODE(folder.stat().st_mode)
    assert 0o600 == S_IMODE((folder / LOCK_NAME).stat().st_mode)


def test_folders_do_not_exclude_each_other(tmp_path: Path) -> None:
    """A job can be held while its output folder is."""
    with hold(tmp_path, NOW), hold(tmp_path / "ch01", NOW):
        pass


def test_an_error_within_is_nobody_elses(tmp_path: Path) -> None:
    """What fails while the folder is held comes out as it is, and frees the folder."""
    failure = BlockingIOError("not about the lock")
    with pytest.raises(BlockingIOError) as raised, hold(tmp_path, NOW):
        raise failure

    assert failure is raised.value
    with hold(tmp_path, NOW):
        pass


def test_a_longer_name_is_overwritten_whole(tmp_path: Path) -> None:
    """Nothing is left of what the file said before."""
    (tmp_path / LOCK_NAME).write_text("x" * 1000)
    with hold(tmp_path, NOW):
        pass

    assert (
        f"pid {os.getpid()} on {os.uname().nodename} since {NOW}\n"
        == (tmp_path / LOCK_NAME).read_text()
    )


@given(
    content=st.binary(max_size=600)
    | st.sampled_from(
        [
            b"pid 1 on here since 2026-01-02T03:0",  # torn
            b"pid 1 on \x1b[31mhere since now\n",
            b"pid 1 on he\nre since now\n",
        ]
    )
)
def test_a_damaged_name_names_nobody(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """The folder is held just the same, and the error is one line to print."""
    folder = tmp_path_factory.mktemp("damaged")
    with hold(folder, NOW):
        (folder / LOCK_NAME).write_bytes(content)

        assert (
            f"{folder}: in use by another process; wait for it to end, then run again"
        ) == error_of(folder)
    with hold(folder, NOW):
        pass


@pytest.mark.parametrize(
    ("mode", "place"),
    [(0o555, "shut"), (0o555, "shut/new"), (0o000, "shut"), (0o000, "shut/new")],
)
def test_a_folder_that_is_shut(tmp_path: Path, mode: int, place: str) -> None:
    """A folder that is read-only, or not even readable, is an output error."""
    tmp_path.chmod(0o711)
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut").chmod(mode)
    with (
        chdir(tmp_path),
        without_privileges(),
        pytest.raises(OutputError) as error,
        hold(Path(place), NOW),
    ):
        pass

    assert (
        f"{place}: cannot lock the folder: Permission denied; "
        "make it writable, or write elsewhere"
    ) == str(error.value)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", "File exists"),
        ("file/ch01", "Not a directory"),
        ("folder", "Is a directory"),
        ("link", "Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_locked(tmp_path: Path, place: str, reason: str) -> None:
    """Anything in the way is an output error, and is left alone."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder" / LOCK_NAME).mkdir(parents=True)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / LOCK_NAME).symlink_to(tmp_path / "file")
    with (
        pytest.raises(OutputError, match=f"cannot lock the folder: {reason}; "),
        hold(tmp_path / place, NOW),
    ):
        pass

    assert "precious" == (tmp_path / "file").read_text()


def test_waiting(tmp_path: Path) -> None:
    """Who waits gets the folder as soon as the other leaves it."""
    is_held = Event()

    def hold_for_an_instant() -> None:
        with hold(tmp_path, NOW):
            is_held.set()

    other = Thread(target=hold_for_an_instant)
    other.start()
    is_held.wait()
    with hold(tmp_path, NOW, wait_s=10):
        pass
    other.join()


def test_waiting_in_vain(tmp_path: Path) -> None:
    """Nobody waits longer than was said."""
    with (
        hold(tmp_path, NOW),
        pytest.raises(HeldError, match="in use by pid"),
        hold(tmp_path, NOW, wait_s=0.002),
    ):
        pass


def test_reading_who_holds_it(tmp_path: Path) -> None:
    """Whoever asks learns who is there now, not who was there last."""
    before = read_holder(tmp_path)
    with hold(tmp_path, NOW):
        found = read_holder(tmp_path)

    assert f"pid {os.getpid()} on {os.uname().nodename} since {NOW}" == found
    assert (None, None) == (before, read_holder(tmp_path))


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Where nothing was ever held, nothing is made by asking."""
    (tmp_path / "file").touch()

    assert [None] * 3 == [read_holder(tmp_path / p) for p in ("", "new", "file")]
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_reading_what_cannot_be_read(tmp_path: Path) -> None:
    """A lock that is shut is an error: it might be held."""
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "file")

    with pytest.raises(OutputError, match="symbolic links"):
        read_holder(tmp_path)


def test_readers_keep_nobody_out(tmp_path: Path) -> None:
    """However often it is asked who is there, whoever wants the folder gets it."""
    is_over = Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            read_holder(tmp_path)

    readers = [Thread(target=keep_asking) for _ in range(3)]
    with hold(tmp_path, NOW):
        pass
    for reader in readers:
        reader.start()
    try:
        for _ in range(200):
            with hold(tmp_path, NOW):
                pass
    finally:
        is_over.set()
        for reader in readers:
            reader.join()


def test_a_reader_who_stays(tmp_path: Path) -> None:
    """One who never stops reading, such as one put to sleep, is not waited for long."""
    with hold(tmp_path, NOW):
        pass
    with (tmp_path / LOCK_NAME).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)

        assert "in use by" in error_of(tmp_path)


def test_no_room_for_the_name(tmp_path: Path) -> None:
    """A disk without room for one line is an output error, and nothing stays held."""
    with (
        largest_file(0),
        pytest.raises(OutputError, match="cannot lock the folder: File too large; "),
        hold(tmp_path, NOW),
    ):
        pass

    with hold(tmp_path, NOW):
        pass
