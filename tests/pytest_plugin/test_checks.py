"""A test that left the record fails, whatever its code made of that."""

from fakes.recordings import done, farewell, heard, make, said, take, text
from fakes.suites import Suite


def test_a_divergence_that_was_caught(suite: Suite) -> None:
    """Code that catches the error does not save the test, and the report is whole."""
    suite.put("test_one")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    with pytest.raises(Exception):\n"
        "        await speak(ws3_transcript.connect, 'two')\n"
    )
    result = suite.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_one.jsonl, entry 2: changed: the client said something else at *",
            "*recorded: *One.*",
            "*live: *Two.*",
        ]
    )


def test_a_divergence_that_was_not_caught(suite: Suite) -> None:
    """It fails the test by itself, and its report is not told twice."""
    suite.put("test_one")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    await speak(ws3_transcript.connect, 'two')\n"
    )
    result = suite.run("--tb=short")

    result.assert_outcomes(failed=1)
    assert 1 == result.stdout.str().count("recorded: ")


def test_another_failure(suite: Suite) -> None:
    """Beside the failure of the code, a section says how it left the record."""
    suite.put("test_one")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    with pytest.raises(Exception):\n"
        "        await speak(ws3_transcript.connect, 'two')\n"
        "    assert 1 == 2\n"
    )
    result = suite.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "-* ws3 -*", "*: changed: *"])


def test_stopping_early(suite: Suite) -> None:
    """Not everything was heard: that fails, unless the marker says that it may be."""
    suite.put("test_one")
    suite.put("test_two")
    suite.write(
        "async def stop(connect):\n"
        "    async with connect(QUERY) as line:\n"
        '        await line.send(\'{"text": "One.", "contextId": "one"}\')\n'
        "async def test_one(ws3_transcript):\n"
        "    with pytest.raises(Exception):\n"
        "        await stop(ws3_transcript.connect)\n"
        "@pytest.mark.ws3(unplayed='ignore')\n"
        "async def test_two(ws3_transcript):\n"
        "    await stop(ws3_transcript.connect)\n"
        "    assert ws3_transcript.unplayed and not ws3_transcript.divergences\n"
    )

    suite.run().assert_outcomes(passed=1, failed=1)


def test_dropping_the_line(suite: Suite) -> None:
    """Audio cut short by a client that gives up does not pass for all of it."""
    suite.put("test_one")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    with pytest.raises(KeyError):\n"
        "        async with ws3_transcript.connect(QUERY) as line:\n"
        '            await line.send(\'{"text": "One.", "contextId": "one"}\')\n'
        "            raise KeyError\n"
    )
    result = suite.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*missing: the client left*"])


def test_a_connection_that_was_not_made(suite: Suite) -> None:
    """Every transcript of the test is to be played."""
    suite.put("test_one")
    suite.put("test_one.2")
    suite.write(
        "async def test_one(ws3_transcript):\n"
        "    await speak(ws3_transcript.connect, 'one')\n"
    )
    result = suite.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_one.2.jsonl: unplayed: nobody connected"])


def test_what_is_expected_to_fail(suite: Suite) -> None:
    """A divergence is a failure like any other to pytest's own markers."""
    suite.put("test_one")
    suite.write(
        "@pytest.mark.xfail(strict=True)\ndef test_one(ws3_transcript):\n    pass\n"
    )

    suite.run().assert_outcomes(xfailed=1)


def test_what_is_skipped(suite: Suite) -> None:
    """A test that skips itself has nothing to play."""
    suite.put("test_one")
    suite.write("def test_one(ws3_transcript):\n    pytest.skip('not today')\n")

    suite.run().assert_outcomes(skipped=1)


def test_faults_are_no_reproach(suite: Suite) -> None:
    """From a fault on, nobody holds the code to what it once said."""
    recording = make(
        said(text("One.", "one")), heard(done("one")), *take("two"), *farewell()
    )
    suite.put("test_one", recording)
    suite.write(
        "@pytest.mark.ws3(faults=[{'cut': 'first done'}])\n"
        "async def test_one(ws3_transcript):\n"
        "    async with ws3_transcript.connect(QUERY) as line:\n"
        '        await line.send(\'{"text": "One.", "contextId": "one"}\')\n'
        "        await line.receive()\n"
    )

    suite.run().assert_outcomes(passed=1)
