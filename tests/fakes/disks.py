"""A disk that is full, or fails, as far as this process can tell."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_CALLS: Final = (
    *("open", "write", "fsync", "fdatasync"),
    *("replace", "rename", "unlink", "mkdir"),
)


class _Function(Protocol):
    def __call__(self, *args: object, **options: object) -> object: ...


@dataclass(frozen=True)
class Call:
    """A call of the operating system that is about to be made.

    Attributes:
        name: Of the function in `os`.
        path: What it is about; the first of two.
        args: All that it is given.
        perform: Makes it, with these arguments or others in their place.
    """

    name: str
    path: Path
    args: tuple[object, ...]
    perform: _Function


@contextmanager
def guard(folder: Path, meet: Callable[[Call], object]) -> Iterator[None]:
    """Have *meet* make every call that changes something in *folder*, or fail it.

    What is written by libraries in C, and by files of Python's own, is not met.
    """
    real = {name: getattr(os, name) for name in _CALLS}

    def stand_in(name: str, perform: _Function) -> _Function:
        def call(*args: object, **options: object) -> object:
            path = _find_path(args[0])
            if options or not path.is_relative_to(folder):
                return perform(*args, **options)
            return meet(Call(name, path, args, perform))

        return call

    try:
        for name, perform in real.items():
            setattr(os, name, stand_in(name, perform))
        yield
    finally:
        for name, perform in real.items():
            setattr(os, name, perform)


def _find_path(what: object) -> Path:
    if isinstance(what, int):
        return Path(f"/proc/self/fd/{what}").readlink()
    assert isinstance(what, str | bytes | os.PathLike)
    return Path(os.fsdecode(what))


def skip_syncs(folder: Path) -> AbstractContextManager[None]:
    """Have nothing in *folder* really synced, which nobody can tell and is quick."""
    syncs = {"fsync", "fdatasync"}
    return guard(
        folder,
        lambda call: None if call.name in syncs else call.perform(*call.args),
    )


@contextmanager
def largest_file(count_bytes: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
