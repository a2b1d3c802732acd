"""A disk that loses its power: what of the work on it may be there afterwards.

Theory of operation. `Watched` looks at a folder whenever the operating system is asked
for something that matters, and writes down what has changed since. From these events
`Disk` knows two things of every file and every folder: what it holds, and what of that
has been synced. Only the latter survives for certain. Of the rest anything may: a file
keeps the beginning of what was appended, zeros or rubbish in its place, or holes; and
of the names that came, went or changed in a folder any are as before, any as after.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  # seeded: every state can be had again
from typing import Final, TypeAlias

from fakes.disks import Call, guard

ROOT: Final = 0  # the number of the folder that was there from the start

State: TypeAlias = Mapping[str, bytes | None]
"""What is on a disk, by relative path, folders first; ``None`` is a folder."""


@dataclass(frozen=True)
class Written:
    """A file holds something else than before."""

    file: int
    content: bytes


@dataclass(frozen=True)
class Named:
    """Names in a folder came, went, or both at once; a name is of one file."""

    folder: int
    old: str | None
    new: str | None
    file: int
    is_folder: bool = False


@dataclass(frozen=True)
class Synced:
    """What a file or a folder holds, its names, survives from here on."""

    file: int
    path: Path


@dataclass(frozen=True)
class Told:
    """Something was promised from here on, or is not promised any longer."""

    promise: str
    holds: bool = True


Event: TypeAlias = Written | Named | Synced | Told

Edit: TypeAlias = Callable[[Iterable[Event]], Iterable[Event]]
"""From what has happened to what would have, had the code been another."""


class Watched:
    """A folder, and what happens to it.

    Attributes:
        folder: What is in it when the watch begins has been synced.
        before: How that came about.
        events: All that has happened since.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._names: dict[Path, int] = {folder: ROOT}
        self._numbers = count(ROOT + 1)
        self._contents: dict[int, bytes] = {}
        self._look()
        self.before, self.events = self.events, []

    def tell(self, promise: str, holds: bool) -> None:
        """Write down that *promise* is made here, or taken back."""
        self.events.append(Told(promise, holds))

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Write down what happens inside the context; nothing is really synced."""
        with guard(self.folder, self._meet):
            yield
        self._look()

    def _meet(self, call: Call) -> object:
        self._look()
        if call.name in {"fsync", "fdatasync"}:
            self.events.append(Synced(self._names[call.path], call.path))
            return None
        result = call.perform(*call.args)
        if call.name in {"replace", "rename"}:
            self._move(call.path, Path(str(call.args[1])))
        elif call.name == "unlink":
            self._move(call.path, None)
        return result

    def _move(self, old: Path, new: Path | None) -> None:
        file = self._names.pop(old)
        if new is not None:
            self._names[new] = file
        name = new.name if new else None
        self.events.append(Named(self._names[old.parent], old.name, name, file))

    def _look(self, folder: Path | None = None) -> None:
        """Write down what is new since the last look, and what has changed."""
        folder = folder or self.folder
        for path in sorted(folder.iterdir()):
            is_folder = path.is_dir()
            if path not in self._names:
                self._names[path] = file = next(self._numbers)
                where = self._names[folder]
                self.events.append(Named(where, None, path.name, file, is_folder))
            if is_folder:
                self._look(path)
            else:
                self._look_into(self._names[path], path.read_bytes())

    def _look_into(self, file: int, content: bytes) -> None:
        if content != self._contents.get(file, b""):
            self._contents[file] = content
            self.events.append(Written(file, content))


@dataclass
class _Folder:
    """A folder: the names that survive, and how they have changed since."""

    names: dict[str, int] = field(default_factory=dict)
    changes: list[Named] = field(default_factory=list)

    def survive(self, may: Callable[[], bool]) -> dict[str, int]:
        """Return the names after those changes that *may* survive."""
        names = dict(self.names)
        for change in self.changes:
            if may():
                names.pop(change.old or "", None)
                if change.new:
                    names[change.new] = change.file
        return names


@dataclass
class _File:
    """A file: what survives of it, and what it holds."""

    synced: bytes = b""
    content: bytes = b""


class Disk:
    """What is on a disk, for certain and perhaps.

    Args:
        before: What came about, and has been synced.
    """

    def __init__(self, before: Collection[Event]) -> None:
        self._files: dict[int, _File] = {}
        self._folders = {ROOT: _Folder()}
        for event in before:
            self.add(event)
        for number in (*self._files, *self._folders):
            self._sync(number)

    def add(self, event: Event) -> None:
        """Let *event* happen."""
        match event:
            case Written(file, content):
                self._files[file].content = content
            case Named(folder, old, _, file, is_folder):
                if old is None and is_folder:
                    self._folders[file] = _Folder()
                elif old is None:
                    self._files[file] = _File()
                self._folders[folder].changes.append(event)
            case Synced(file):
                self._sync(file)
            case Told():
                pass

    def _sync(self, number: int) -> None:
        if folder := self._folders.get(number):
            folder.names = folder.survive(lambda: True)
            folder.changes = []
        else:
            file = self._files[number]
            file.synced = file.content

    def cut(self, chance: Random) -> State:
        """Return what may be found on the disk if the power is cut now."""
        state: dict[str, bytes | None] = {}
        self._survive(ROOT, "", chance.choice((0.0, 0.5, 0.5, 1.0)), chance, state)
        return state

    def _survive(
        self,
        number: int,
        at: str,
        share: float,
        chance: Random,
        state: dict[str, bytes | None],
    ) -> None:
        names = self._folders[number].survive(lambda: chance.random() < share)
        for name, file in names.items():
            path = f"{at}{name}"
            if file in self._folders:
                state[path] = None
                self._survive(file, f"{path}/", share, chance, state)
            else:
                state[path] = _tear(self._files[file], chance)


def _tear(file: _File, chance: Random) -> bytes:
    """Return what may survive of *file*."""
    synced, content = file.synced, file.content
    if synced == content:
        return content
    sure = len(synced) if content.startswith(synced) else 0
    start = chance.randint(sure, len(content))
    end = chance.randint(start, len(content))
    lost = chance.choice((bytes, chance.randbytes))(end - start)
    return chance.choice(
        (
            synced,
            content,
            content[:start],
            content[:start] + lost,
            content[:start] + lost + content[end:],
        )
    )


def lay_out(state: State, folder: Path) -> None:
    """Put *state* on the disk that *folder* is, which is empty."""
    for path, content in state.items():
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def cut_anywhere(
    watched: Watched,
    chance: Random,
    promised: Collection[str] = (),
    edit: Edit = lambda events: events,
) -> Iterator[tuple[State, frozenset[str]]]:
    """Yield what may be found after a cut at each event, and what was promised by then.

    Args:
        watched: What has happened.
        chance: Decides what survives.
        promised: What was promised before.
        edit: Makes something else of what has happened.
    """
    disk, promises = Disk(watched.before), set(promised)
    for event in edit(watched.events):
        disk.add(event)
        if isinstance(event, Told):
            (promises.add if event.holds else promises.discard)(event.promise)
        yield disk.cut(chance), frozenset(promises)
