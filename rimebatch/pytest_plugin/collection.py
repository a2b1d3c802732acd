"""What is done with tests as they are collected, before any of them runs.

It knows which fixtures a test asks for, and reads a transcript only to find where a
test wants it cut.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

from rimebatch.errors import TranscriptError
from rimebatch.pytest_plugin.checks import CLOCK
from rimebatch.pytest_plugin.options import read_settings
from rimebatch.pytest_plugin.summary import owners_of

if TYPE_CHECKING:
    from trio.abc import Clock, Instrument

    from rimebatch.replay import Recording

_CUT: Final = "ws3_cut_each"
_PLAYED: Final = "ws3_transcript"
_OWNING: Final = frozenset({_CUT, _PLAYED, "ws3_service"})

_Result = TypeVar("_Result")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have a test with `ws3_cut_each` run once for each entry to cut at."""
    if _CUT in metafunc.fixturenames:
        places = _find_cuts(metafunc.definition) or [None]
        names = ["uncut" if place is None else f"cut-at-{place}" for place in places]
        metafunc.parametrize(_CUT, places, ids=names, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note what *item* owns, and have it run in the time of its transcript."""
    if not isinstance(item, pytest.Function) or _OWNING.isdisjoint(item.fixturenames):
        return
    claim_transcript(item)
    if _PLAYED in item.fixturenames and _is_for_trio(item):
        run = partial(_run_in_its_time, item)
        # First, so that it goes before what the trio mode of pytest-trio adds.
        item.add_marker(pytest.mark.trio(run=run), append=False)


def claim_transcript(item: pytest.Function) -> None:
    """Note that *item* owns its transcript, and that its module has been seen."""
    owners = owners_of(item.config)
    owners.modules.add(item.path)
    owners.paths.add(read_settings(item).path)


def _find_cuts(test: pytest.Function) -> list[int | None]:
    """Return where the transcript of *test* can be cut; nowhere if there is none."""
    # Loaded by such tests alone, and not by every run of pytest.
    from rimebatch.replay import read_recording  # noqa: PLC0415

    settings = read_settings(test)
    if settings.is_recorded:
        return []
    try:
        return list(_list_cuts(read_recording(settings.path)))
    except TranscriptError:
        return []  # what is wrong with it, the fixture says


def _list_cuts(recording: "Recording") -> Iterator[int]:
    """Yield the entries after which there is a line that can be lost."""
    from rimebatch.replay import Ended  # noqa: PLC0415  # as above

    if not recording.opening.is_accepted:
        return
    yield recording.opening.number
    for step in recording.steps:
        if isinstance(step, Ended) and step.by == "server":
            return
        yield step.number


def _is_for_trio(item: pytest.Function) -> bool:
    """Whether pytest-trio will run *item*, by the runner that it is told."""
    has_own = any("run" in marker.kwargs for marker in item.iter_markers("trio"))
    has_plugin = item.config.pluginmanager.hasplugin("trio")
    return has_plugin and not has_own and inspect.iscoroutinefunction(item.obj)


def _run_in_its_time(
    item: pytest.Function,
    main: Callable[[], Awaitable[_Result]],
    *,
    clock: "Clock | None",
    instruments: "Sequence[Instrument]",
) -> _Result:
    """Do what `trio.run` does, by the clock of the transcript that is played."""
    import trio  # noqa: PLC0415  # loaded by then

    clock = clock or item.stash[CLOCK]
    return trio.run(main, clock=clock, instruments=instruments)
