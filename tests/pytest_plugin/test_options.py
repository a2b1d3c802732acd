"""What can be set, and which of several settings holds."""

import pytest

from fakes.suites import Suite
from rimebatch.pytest_plugin.options import (
    Settings,
    find_endpoint,
    find_orphans_mode,
    find_record_mode,
    read_settings,
)


def settings_of(suite: Suite, *options: str, marker: str = "") -> Settings:
    """Return what holds for a test with that marker."""
    suite.write(f"{marker}\ndef test_one(ws3_transcript):\n    pass\n")
    [test] = suite.collect(*options)
    assert isinstance(test, pytest.Function)
    return read_settings(test)


def test_by_default(suite: Suite) -> None:
    """A test is replayed as recorded, from a transcript of its own, all of it."""
    assert Settings(
        path=suite.transcripts / "test_one.jsonl",
        record="none",
        match="json",
        gate="context",
        pace=1.0,
        faults=(),
        must_play_all=True,
    ) == settings_of(suite)


def test_the_marker_goes_before_the_command_line(suite: Suite) -> None:
    """Marker, command line, ini file: each goes before the next."""
    ini = ("-o", "ws3_pace=3", "-o", "ws3_match=any", "-o", "ws3_gate=total")
    marker = "@pytest.mark.ws3(pace=0.5)"

    assert 0.5 == settings_of(suite, *ini, "--ws3-pace=2", marker=marker).pace
    assert 2.0 == settings_of(suite, *ini, "--ws3-pace=2").pace
    assert 3.0 == settings_of(suite, *ini).pace
    assert ("any", "total") == (
        settings_of(suite, *ini).match,
        settings_of(suite, *ini).gate,
    )


def test_the_closest_marker_holds(suite: Suite) -> None:
    """What a module says, a test can say otherwise, and the rest stays."""
    marker = (
        "pytestmark = pytest.mark.ws3(match='any', unplayed='ignore')\n"
        "@pytest.mark.ws3(match='exact')"
    )
    settings = settings_of(suite, marker=marker)

    assert ("exact", False) == (settings.match, settings.must_play_all)


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("'shared one'", "transcripts/test_it/shared%20one.jsonl"),
        ("'records/0001.jsonl'", "records/0001.jsonl"),
        ("__import__('pathlib').Path('a/b')", "a/b"),
    ],
)
def test_a_named_transcript(suite: Suite, named: str, path: str) -> None:
    """A name is one beside the test's own, and a path begins at the test's folder."""
    marker = f"@pytest.mark.ws3(transcript={named})"

    assert suite.folder / path == settings_of(suite, marker=marker).path


@pytest.mark.parametrize(
    ("written", "read"),
    [("'bad.yaml'", "bad.yaml"), ("[{'drop': 'recv[1]'}]", [{"drop": "recv[1]"}])],
)
def test_faults(suite: Suite, written: str, read: object) -> None:
    """Faults are an overlay beside the test, or what would stand in one."""
    settings = settings_of(suite, marker=f"@pytest.mark.ws3(faults={written})")

    assert (suite.folder / read if isinstance(read, str) else read) == settings.faults


def test_transcripts_may_lie_elsewhere(suite: Suite) -> None:
    """The folder of transcripts has the name that the ini file gives it."""
    settings = settings_of(suite, "-o", "ws3_transcripts_dir=spoken")

    assert suite.folder / "spoken" / "test_it" / "test_one.jsonl" == settings.path


def test_a_test_in_a_class_with_parameters(suite: Suite) -> None:
    """A transcript is called after the classes, the test and its parameters."""
    suite.write(
        "class TestVoice:\n"
        "    @pytest.mark.parametrize('text', ['a/b'])\n"
        "    def test_one(self, ws3_transcript, text):\n        pass\n"
    )
    [test] = suite.collect()
    assert isinstance(test, pytest.Function)

    assert "TestVoice.test_one[a%2Fb].jsonl" == read_settings(test).path.name


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ("ws3('name')", "write the name, as in transcript="),
        ("ws3(tape='name')", "'tape' is not known"),
        ("ws3(unplayed='maybe')", "unplayed: 'maybe' is not known"),
        ("ws3(pace=-1)", "-1 is no pace"),
        ("ws3(pace='inf')", "'inf' is no pace"),
        ("ws3(faults=3)", "faults is neither a path nor a list"),
    ],
)
def test_a_wrong_marker(suite: Suite, marker: str, complaint: str) -> None:
    """What there is not is refused in a line that names the test."""
    suite.write(f"@pytest.mark.{marker}\ndef test_one(ws3_transcript):\n    pass\n")
    result = suite.run()

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"ERROR: test_it.py::test_one: ws3*{complaint}*"])


@pytest.mark.parametrize(
    "setting", ["ws3_record=always", "ws3_orphans=delete", "ws3_pace=fast"]
)
def test_a_wrong_ini_file(suite: Suite, setting: str) -> None:
    """A setting that there is not ends the run before it begins."""
    with pytest.raises(pytest.UsageError, match=setting.partition("=")[0]):
        suite.configure("-o", setting)


def test_whether_it_records(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line goes before the ini file; on a build server it alone counts."""
    ini = ("-o", "ws3_record=once")

    assert "none" == find_record_mode(suite.configure())
    assert "once" == find_record_mode(suite.configure(*ini))
    assert "rewrite" == find_record_mode(
        suite.configure(*ini, "--ws3-record", "rewrite")
    )
    monkeypatch.setenv("CI", "true")
    assert "none" == find_record_mode(suite.configure(*ini))
    assert "once" == find_record_mode(suite.configure("--ws3-record=once"))


@pytest.mark.parametrize(
    ("mode", "is_there", "is_recorded"),
    [
        ("none", False, False),
        ("none", True, False),
        ("once", False, True),
        ("once", True, False),
        ("rewrite", True, True),
    ],
)
def test_what_is_recorded(
    suite: Suite, mode: str, is_there: bool, is_recorded: bool
) -> None:
    """Once: only what has no transcript; rewrite: everything; none: nothing."""
    if is_there:
        suite.put("test_one")

    assert is_recorded == settings_of(suite, "--ws3-record", mode).is_recorded


def test_the_rest_of_the_command_line(suite: Suite) -> None:
    """Endpoint and orphans have their defaults, and can be set."""
    unset = suite.configure()
    set_ = suite.configure("--ws3-endpoint=cloud", "--ws3-orphans=fail")

    assert ("local", "warn") == (find_endpoint(unset), find_orphans_mode(unset))
    assert ("cloud", "fail") == (find_endpoint(set_), find_orphans_mode(set_))


def test_names_are_not_those_of_pytest_recording(suite: Suite) -> None:
    """Beside pytest-recording, whose options and fixtures these are, all goes well."""
    (suite.folder / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser):\n"
        "    for name in ('--record-mode', '--block-network', '--allowed-hosts',\n"
        "                 '--disable-recording'):\n"
        "        parser.addoption(name)\n"
        "@pytest.fixture\n"
        "def vcr(): pass\n"
        "@pytest.fixture\n"
        "def block_network(): pass\n"
        "@pytest.fixture\n"
        "def default_cassette_name(): pass\n"
    )
    suite.put("test_one")
    suite.write(
        "@pytest.mark.vcr\n"
        "async def test_one(ws3_transcript, vcr, block_network):\n"
        "    await speak(ws3_transcript.connect, 'one')\n"
    )

    assert {"passed": 1} == suite.outcomes(
        "--record-mode=none", "-o", "markers=vcr", "--strict-markers"
    )
