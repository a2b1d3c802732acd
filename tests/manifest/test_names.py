"""Names: which can be files everywhere, and which are one file somewhere."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.names import find_name_flaw, make_collision_key

REMEDY = "use letters, digits, - and _, such as ch01"
INVISIBLE = "holds an invisible character"
BORDERS = "is empty, or begins or ends with a dot or a space"
DEVICE = "is the name of a device on Windows"


@pytest.mark.parametrize(
    "name",
    [
        "ch01",
        "Kapitel Zwölf",
        "第一章",
        "глава-1",
        "a.b",
        "console",
        "com10",
        "x" * 120,
        "é" * 60,
        "it's (1) & more",
    ],
)
def test_safe_names_pass(name: str) -> None:
    """Letters of any script, digits, inner dots and spaces are fine up to 120 bytes."""
    assert find_name_flaw(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", f'"" {BORDERS}'),
        (".", f'"." {BORDERS}'),
        ("..", f'".." {BORDERS}'),
        (".x", f'".x" {BORDERS}'),
        ("x.", f'"x." {BORDERS}'),
        (" x", f'" x" {BORDERS}'),
        ("x ", f'"x " {BORDERS}'),
        ("../x", '"../x" holds /, which a file name cannot'),
        ("a/b", '"a/b" holds /, which a file name cannot'),
        ("a\\b", '"a\\b" holds \\, which a file name cannot'),
        ("a:b", '"a:b" holds :, which a file name cannot'),
        ('a"b', '"a"b" holds ", which a file name cannot'),
        ("a<", '"a<" holds <, which a file name cannot'),
        ("a>", '"a>" holds >, which a file name cannot'),
        ("a|", '"a|" holds |, which a file name cannot'),
        ("a?", '"a?" holds ?, which a file name cannot'),
        ("a*", '"a*" holds *, which a file name cannot'),
        ("a\0b", f'"a\\x00b" {INVISIBLE}'),
        ("a\nb", f'"a\\nb" {INVISIBLE}'),
        ("a\u200bb", f'"a\\u200bb" {INVISIBLE}'),
        ("a\u00a0b", f'"a\\xa0b" {INVISIBLE}'),
        ("CON", f'"CON" {DEVICE}'),
        ("nul.txt", f'"nul.txt" {DEVICE}'),
        ("Com1.tar.gz", f'"Com1.tar.gz" {DEVICE}'),
        ("LPT¹", f'"LPT¹" {DEVICE}'),
        ("aux .x", f'"aux .x" {DEVICE}'),
        ("CONOUT$", f'"CONOUT$" {DEVICE}'),
        ("x" * 121, f'"{"x" * 39}…" is 121 bytes long; a file name may have 120'),
        ("é" * 61, f'"{"é" * 39}…" is 122 bytes long; a file name may have 120'),
    ],
)
def test_unsafe_names_are_described(name: str, expected: str) -> None:
    """What some system cannot store, or would take for another name, is refused."""
    assert Flaw(expected, REMEDY) == find_name_flaw(name)


@given(st.text())
def test_accepted_names_are_one_component_everywhere(name: str) -> None:
    """An accepted name is a single component of a path, and no special one."""
    if find_name_flaw(name) is None:
        assert (name,) == PurePosixPath(name).parts
        assert (name,) == PureWindowsPath(name).parts
        assert name not in {".", ".."}
        assert len(name.encode()) <= 120


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ch01", "cH01"), ("\u00e9", "e\u0301"), ("Straße", "STRASSE"), ("\u0130", "i̇")],
)
def test_names_that_some_system_confuses_share_a_key(one: str, other: str) -> None:
    """Case and the way an accent is stored do not tell two names apart."""
    assert make_collision_key(one) == make_collision_key(other)


def test_different_names_have_different_keys() -> None:
    """An accent does tell two names apart."""
    assert make_collision_key("e") != make_collision_key("é")


@given(st.text(), st.text())
def test_outputs_of_different_names_never_meet(one: str, other: str) -> None:
    """Suffixes cannot make the files of two names that do not collide the same."""
    if make_collision_key(one) != make_collision_key(other):
        suffixes = (".wav", ".words.json")
        files = {make_collision_key(one + suffix) for suffix in suffixes}

        assert files.isdisjoint(make_collision_key(other + end) for end in suffixes)
