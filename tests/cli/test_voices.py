"""``rimebatch voices``, from an empty cache to a list."""

from pathlib import Path

import pytest

from fakes.catalogue import ALL_V2, VOICE_DETAILS
from fakes.users import invoke, read_lines
from fakes.web import CATALOGUE, Answer, open_web
from rimebatch.cli.voice_copy import find_copy


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("RIME_API_KEY", "a-key")


@pytest.fixture
def _copied() -> None:
    with open_web() as web:
        assert (
            0
            == invoke(
                "voices", "--update", "--url", f"{web.url}/data/voices/"
            ).exit_code
        )


def test_an_update_makes_a_copy() -> None:
    """Both files are asked for once, without a key, and the copy is announced."""
    with open_web() as web:
        result = invoke("voices", "--update", "--url", f"{web.url}/data/voices")

    assert 0 == result.exit_code
    assert f"Copied 7 voices to {find_copy()}.\n" == result.output
    assert list(CATALOGUE) == [path for path, _ in web.asked]
    assert not any("Authorization" in headers for _, headers in web.asked)
    assert find_copy().exists()


def test_an_update_for_programs() -> None:
    """A program learns when the copy was made and where it is."""
    with open_web() as web:
        url = f"{web.url}/data/voices"
        result = invoke("voices", "--update", "--json", "--url", url)
    [line] = read_lines(result.stdout)

    assert ("voices-copied", 7) == (line.event, line.voices)
    assert str(find_copy()) == line.file
    assert line.date.endswith("Z")


@pytest.mark.parametrize(
    ("path", "answer", "why"),
    [
        ("all-v2.json", Answer(b"", 503), "the answer was 503"),
        ("all-v2.json", Answer(ALL_V2[:-9]), "not a catalogue of voices"),
        (
            "all-v2.json",
            Answer(ALL_V2[:-9], headers={"Content-Length": str(len(ALL_V2))}),
            "not a catalogue of voices",
        ),
        ("voice_details.json", Answer(b"{}"), "not a catalogue of voices"),
        ("voice_details.json", Answer(b"", 404), "the answer was 404"),
    ],
)
@pytest.mark.usefixtures("_copied")
def test_a_failed_update_leaves_the_copy(path: str, answer: Answer, why: str) -> None:
    """An update that fails is one line, and the copy of before stays."""
    before = find_copy().read_bytes()
    with open_web({**CATALOGUE, f"/data/voices/{path}": answer}) as web:
        result = invoke("voices", "--update", "--url", f"{web.url}/data/voices")

    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: ")
    assert why in result.stderr
    assert 1 == result.stderr.count("\n")
    assert before == find_copy().read_bytes()


def test_no_copy() -> None:
    """Without a copy there is no list, and the line says how to make one."""
    result = invoke("voices")

    assert 1 == result.exit_code
    assert "" == result.stdout
    assert result.stderr == (
        "Error: there is no copy of the service's catalogue of voices; "
        "make one: rimebatch voices --update\n"
    )


@pytest.mark.usefixtures("_copied")
def test_a_list_for_people() -> None:
    """Each voice is a line, with what helps to choose, and the date at the end."""
    result = invoke("voices")
    heading, *lines, last = result.stdout.splitlines()

    assert heading.split() == [
        "model",
        "lang",
        "speaker",
        "gender",
        "age",
        "country",
        "dialect",
        "description",
    ]
    assert 7 == len(lines)
    assert "coda    eng   luna     Female" in lines[3]
    assert last.startswith("7 voices, as of 2")


@pytest.mark.usefixtures("_copied")
def test_what_came_from_the_web_is_only_text() -> None:
    """Neither colours of a terminal nor of our own tables come through."""
    output = invoke("voices").stdout

    assert "Voilà\\x1b[31m: [bold]warm[/bold]." in output
    assert "\x1b" not in output


@pytest.mark.parametrize(
    ("options", "speakers"),
    [
        (["--model", "codav1"], ["astra", "luna", "aurelie"]),
        (["--lang", "es-MX"], ["isa"]),
        (["--lang", "en", "--model", "mistv2"], ["cove"]),
        (["--model", "arcanav3"], ["astra", "luna"]),
    ],
)
@pytest.mark.usefixtures("_copied")
def test_filters(options: list[str], speakers: list[str]) -> None:
    """Models and languages are found by any of their names."""
    *voices, last = read_lines(invoke("voices", "--json", *options).stdout)

    assert speakers == [voice.speaker for voice in voices]
    assert {"voice"} == {voice.event for voice in voices}
    assert ("voices", len(speakers)) == (last.event, last.voices)


@pytest.mark.usefixtures("_copied")
def test_a_program_gets_every_field() -> None:
    """Details come as the service gave them, with fields that are new."""
    lines = read_lines(invoke("voices", "--json", "--model", "coda").stdout)
    luna = lines[1]

    assert ("coda", "eng", "luna") == (luna.model, luna.lang, luna.speaker)
    assert luna.details is not None
    assert ["calm"] == luna.details["mood"]


@pytest.mark.parametrize(
    "options",
    [["--model", "cosa"], ["--lang", "xyz"], ["--model", "coda", "--lang=es"]],
)
@pytest.mark.usefixtures("_copied")
def test_no_such_voice(options: list[str]) -> None:
    """A filter that nothing passes says what there is."""
    result = invoke("voices", *options)

    assert 2 == result.exit_code
    assert "its models are arcana, coda, mistv2, and its languages" in result.stderr


@pytest.mark.usefixtures("_copied")
def test_nothing_but_an_update_goes_online() -> None:
    """A list asks nobody, whatever the address."""
    assert 0 == invoke("voices", "--url", "http://127.0.0.1:1/").exit_code


def test_details_are_not_the_list() -> None:
    """Who stands in the details alone is no voice that can be asked for."""
    assert b"gone" in VOICE_DETAILS
    assert b"gone" not in ALL_V2
