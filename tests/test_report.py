"""The report in a real browser: what is heard is marked, by mouse and by key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.browser import CHROMIUM, Page, open_browser
from fakes.reports import FAULT, HOSTILE, TEXTS, make_run, write_audio
from rimebatch.renderer.report import make_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
]

RUN = make_run()
MARKED = "(document.querySelector('.word.now')?.textContent ?? null)"
HERE = "Number(document.querySelector('.segment.now').dataset.segment)"
HEARD_MS = "Math.round(document.querySelector('audio').currentTime * 1000)"
IS_PAUSED = "document.querySelector('audio').paused"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    """Run the browser, once for all tests."""
    with open_browser() as page:
        yield page


@pytest.fixture
def page(browser: Page, tmp_path: Path) -> Iterator[Page]:
    """Open the report of `RUN`, beside its audio; nothing may be complained of."""
    write_audio(tmp_path, RUN)
    (tmp_path / "report.html").write_text(make_report(RUN), "utf-8")
    browser.prefer("light")
    browser.resize(1440, 900)
    browser.open(tmp_path / "report.html")
    yield browser

    assert [] == browser.complaints


def move_to(page: Page, ms: float) -> None:
    """Put the player at a time, as a hand on its bar does."""
    page.evaluate(
        "(() => { const bar = document.querySelector('#player input[type=range]');"
        f"bar.value = {ms}; bar.dispatchEvent(new Event('input')); }})()"
    )
    page.wait_for("!document.querySelector('audio').seeking")


def open_first(page: Page) -> None:
    """Open the first job, and wait until its audio is there."""
    page.press("j")
    page.wait_for("document.querySelector('audio').readyState > 1")


def test_what_is_there_at_once(page: Page) -> None:
    """Summary and rows are there; hostile titles are shown as what they are."""
    texts = page.evaluate(
        "[...document.querySelectorAll('#summary dd:not(.more)')].map(e => e.innerText)"
    )
    titles = page.evaluate(
        "[...document.querySelectorAll('.open')].map(e => e.textContent)"
    )

    assert isinstance(texts, list)
    assert ["2 of 2", f"{sum(job.chars for job in RUN.jobs)}", "0.03 USD", "3"] == [
        texts[number] for number in (0, 2, 3, 4)
    ]
    assert ["Chapter One", HOSTILE] == titles


def test_the_text_is_as_printed(page: Page) -> None:
    """An open job has every character of its text, in paragraphs and headings."""
    open_first(page)
    segments = page.evaluate(
        "[...document.querySelectorAll('.segment:not(p)')].map(e => e.textContent)"
    )
    blocks = page.evaluate(
        "[...document.querySelectorAll('.text > *')].map(e => e.tagName)"
    )

    assert [text for text, _ in TEXTS] == segments
    assert ["H3", "P", "P", "P"] == blocks


def test_each_word_is_marked_in_its_time(page: Page) -> None:
    """Wherever the player is put, the word that is spoken there is marked."""
    open_first(page)
    job = RUN.jobs[0].spoken
    for segment in job.segments:
        for word in segment.words:
            move_to(page, (word.start + word.end) / 2 / job.rate_hz * 1000)

            expected = segment.text[word.char_start : word.char_end]
            assert expected == page.evaluate(MARKED)


def test_playing(page: Page) -> None:
    """The space bar plays and pauses, and the mark goes on with the sound."""
    open_first(page)
    assert "Chapter" == page.evaluate(MARKED)
    page.press(" ")
    page.wait_for(f"{MARKED} === 'One'")

    assert not page.evaluate(IS_PAUSED)
    page.press(" ")
    page.wait_for(IS_PAUSED)


def test_a_click_on_a_word(page: Page) -> None:
    """A word that is clicked is heard from its start."""
    open_first(page)
    page.click("[data-word='6']")
    page.wait_for(f"!({IS_PAUSED}) && {MARKED} === 'Bob'")
    word = RUN.jobs[0].spoken.segments[1].words[4]
    heard_ms = page.evaluate(HEARD_MS)

    assert isinstance(heard_ms, int)
    assert -1 <= heard_ms - word.start / 8 < 1000
    page.press(" ")


def test_segments_by_key(page: Page) -> None:
    """Keys j and k go to the next and the previous segment, arrows by five seconds."""
    open_first(page)
    for key, segment in (("j", 1), ("j", 2), ("k", 1)):
        page.press(key)
        page.wait_for(f"{HERE} === {segment}")

        focused = page.evaluate("Number(document.activeElement.dataset.segment)")
        assert segment == focused
    start_ms = page.evaluate(HEARD_MS)
    assert isinstance(start_ms, int)
    page.press("ArrowRight")
    assert start_ms + 5000 == page.evaluate(HEARD_MS)
    page.press("ArrowLeft")
    assert start_ms == page.evaluate(HEARD_MS)


def test_problems_by_key(page: Page) -> None:
    """Key n goes to the next problem, into the next job if need be, and p back."""
    open_first(page)
    seen = []
    for key in "nnnpp":
        page.press(key)
        seen.append(
            page.evaluate(
                "[document.querySelector('.opened .open').textContent,"
                " Number(document.activeElement.dataset.segment)]"
            )
        )

    one = "Chapter One"
    assert [[one, 1], [one, 3], [HOSTILE, 4], [one, 3], [one, 1]] == seen
    told = page.evaluate("document.querySelector('#player .segment').textContent")
    chars = len(TEXTS[1][0])
    assert told == f"Segment 2 of 5 · {chars} characters · sent 2 times · {FAULT.what}"


def test_the_next_job_follows(page: Page) -> None:
    """At the end of a job the next one is played, and its text shown."""
    open_first(page)
    move_to(page, RUN.jobs[0].spoken.frames / 8 - 200)
    page.press(" ")
    page.wait_for("document.querySelectorAll('.job')[1].matches('.opened')")
    page.wait_for("document.querySelector('audio').currentTime > 0")

    assert "ch%2002%23%3F.wav" in str(
        page.evaluate("document.querySelector('audio').src")
    )
    page.press(" ")


def test_dark_and_light(page: Page) -> None:
    """The page is as bright as the system, until a key or a button says otherwise."""
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.press("t")
    dark = page.evaluate(colour)

    assert ("rgb(250, 249, 246)", "rgb(21, 23, 26)") == (light, dark)
    page.click("#theme")
    assert light == page.evaluate(colour)
    page.prefer("dark")
    page.wait_for(f"{colour} === {dark!r}")


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_no_width_is_too_small(page: Page, width: int) -> None:
    """Nothing stands out to the right, on a desk or on a phone."""
    page.resize(width, 844)
    open_first(page)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_audio_that_is_not_there(page: Page, tmp_path: Path) -> None:
    """Where the audio is gone, the player says which file is missing."""
    (tmp_path / "ch01.wav").unlink()
    page.press("j")
    page.press(" ")
    page.wait_for(
        "document.querySelector('#player .segment').textContent.startsWith("
        "'ch01.wav cannot be played')"
    )
    page.complaints.clear()  # of the file
