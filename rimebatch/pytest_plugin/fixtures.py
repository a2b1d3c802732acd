"""The fixtures: what a test asks for to speak ws3.

What they are made of is loaded when a test asks for it, and not by every run of pytest:
trio alone takes longer than most test suites to start.
"""
# ruff: noqa: PLC0415  # see above

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from rimebatch.errors import RimeBatchError
from rimebatch.pytest_plugin.checks import CHECKED, CLOCK, PASSED, Checked
from rimebatch.pytest_plugin.collection import claim_transcript
from rimebatch.pytest_plugin.options import Settings, find_endpoint, read_settings
from rimebatch.pytest_plugin.summary import tally_of

if TYPE_CHECKING:
    from rimebatch.pytest_plugin.service import Ws3Service
    from rimebatch.pytest_plugin.transcript import Ws3Transcript
    from rimebatch.recorder.transports.endpoint import Endpoint
    from rimebatch.transcript import Redactor


@pytest.fixture
def ws3_transcript(request: pytest.FixtureRequest) -> Iterator["Ws3Transcript"]:
    """The service that this test speaks to, played from the transcript of the test.

    Hand its ``connect`` to the code under test. Time is virtual, nothing is sent, and a
    test that leaves the record fails. ``--ws3-record`` has it recorded instead.
    """
    settings = _find_settings(request)
    with TemporaryDirectory(prefix="ws3-") as scratch:
        open_it = _record if settings.is_recorded else _play
        yield from open_it(request, settings, Path(scratch))


@pytest.fixture
def ws3_service(request: pytest.FixtureRequest) -> Iterator["Ws3Service"]:
    """A service on a socket that plays the transcript of this test, for any client.

    Give its ``url`` to a client in another process or language. Time is real, and a
    test whose client leaves the record fails. ``--ws3-record`` puts a recording proxy
    in its place.
    """
    settings = _find_settings(request)
    with TemporaryDirectory(prefix="ws3-") as scratch:
        open_it = _record_clients if settings.is_recorded else _play_to_clients
        yield from open_it(request, settings, Path(scratch))


@pytest.fixture
def ws3_cut_each(request: pytest.FixtureRequest) -> int | None:
    """The entry after which the line is lost; the test runs once for each.

    ``None`` where there is no transcript yet: then it runs once, uncut, to be recorded.
    """
    place: int | None = request.param
    return place


@pytest.fixture(scope="session")
def _ws3_endpoint(pytestconfig: pytest.Config) -> Iterator["Endpoint"]:
    """Where tests are recorded from; a local service is started once for all."""
    from rimebatch.pytest_plugin.recorder import open_endpoint

    with ExitStack() as stack:
        with _failing():
            opened = open_endpoint(find_endpoint(pytestconfig), os.environ)
            endpoint = stack.enter_context(opened)
        yield endpoint


def _find_settings(request: pytest.FixtureRequest) -> Settings:
    """Return what holds for the test, which has its transcript or may be recorded."""
    test = request.node
    assert isinstance(test, pytest.Function)  # what else asks for a fixture
    claim_transcript(test)  # for tests that ask for a fixture by a call
    settings = read_settings(test)
    if not settings.is_recorded and not settings.path.exists():
        command = f"pytest {shlex.quote(test.nodeid)} --ws3-record=once"
        pytest.fail(
            f"{settings.path}: there is no such transcript, and nothing is recorded "
            f"unasked; record it with `{command}`",
            pytrace=False,
        )
    return settings


def _play(
    request: pytest.FixtureRequest, settings: Settings, scratch: Path
) -> Iterator["Ws3Transcript"]:
    from rimebatch.pytest_plugin.player import make_player
    from rimebatch.pytest_plugin.transcript import Ws3Transcript

    with _failing():
        player = make_player(settings, _find_cut(request), scratch)
    request.node.stash[CLOCK] = player.clock
    _follow(request, player)
    yield Ws3Transcript(settings.path, player)
    tally = tally_of(request.config)
    tally.count(diverged=player.divergences, unplayed=player.unplayed)
    tally.virtual_s += player.clock.current_time()


def _record(
    request: pytest.FixtureRequest, settings: Settings, scratch: Path
) -> Iterator["Ws3Transcript"]:
    from rimebatch.pytest_plugin.recorder import Recorder
    from rimebatch.pytest_plugin.transcript import Ws3Transcript

    endpoint = request.getfixturevalue("_ws3_endpoint"), find_endpoint(request.config)
    recorder = Recorder(settings.path.stem, endpoint, scratch, _find_redactor())
    request.node.stash[CLOCK] = None
    _follow(request, recorder)
    yield Ws3Transcript(settings.path, recorder)
    _save(request, recorder.paths, settings.path)


def _play_to_clients(
    request: pytest.FixtureRequest, settings: Settings, scratch: Path
) -> Iterator["Ws3Service"]:
    from rimebatch.pytest_plugin.service import open_replay_service

    opened = open_replay_service(settings, _find_cut(request), scratch)
    with ExitStack() as stack:
        with _failing():
            service = stack.enter_context(opened)
        _follow(request, service)
        yield service
        verdict = service.verdict()
    tally = tally_of(request.config)
    tally.count(diverged=verdict.divergences, unplayed=verdict.unplayed)


def _record_clients(
    request: pytest.FixtureRequest, settings: Settings, scratch: Path
) -> Iterator["Ws3Service"]:
    from rimebatch.pytest_plugin.service import open_recording_proxy
    from rimebatch.transcript import JobTranscripts

    folder = scratch / settings.path.stem
    opened = open_recording_proxy(settings, find_endpoint(request.config), folder)
    with ExitStack() as stack:
        with _failing():
            service = stack.enter_context(opened)
        _follow(request, service)
        yield service
    _save(request, JobTranscripts(folder).paths(), settings.path)


def _follow(request: pytest.FixtureRequest, checked: Checked) -> None:
    """Have *checked* be asked for its complaints when the test has run."""
    request.node.stash.setdefault(CHECKED, []).append(checked)


def _find_cut(request: pytest.FixtureRequest) -> int | None:
    if "ws3_cut_each" not in request.fixturenames:
        return None
    place: int | None = request.getfixturevalue("ws3_cut_each")
    return place


def _save(request: pytest.FixtureRequest, sources: Sequence[Path], path: Path) -> None:
    """Save what was recorded if the test passed; if not, what was there stays."""
    from rimebatch.pytest_plugin.saving import save_connections

    if request.node.stash.get(PASSED, False):
        with _failing():
            save_connections(sources, path, _find_redactor())
        tally_of(request.config).recorded += 1


def _find_redactor() -> "Redactor":
    from rimebatch.transcript import Redactor
    from rimebatch.transcript.credentials import find_secrets

    return Redactor(secrets=find_secrets(os.environ))


@contextmanager
def _failing() -> Iterator[None]:
    """Fail the test by one line, in place of a traceback, for what is foreseen."""
    try:
        yield
    except (RimeBatchError, pytest.UsageError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
