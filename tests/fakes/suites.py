"""A test suite of somebody who has a ws3 client, run with the pytest plugin."""

from pathlib import Path
from typing import Final

import pytest

from fakes.recordings import farewell, make, take, write
from rimebatch.replay import Recording

CLIENT: Final = '''
import json

QUERY = (
    ("speaker", "luna"),
    ("audioFormat", "pcm"),
    ("samplingRate", "8000"),
    ("segment", "never"),
)

async def speak(connect, *labels):
    """Have each label spoken under its own name, and say goodbye."""
    async with connect(QUERY) as line:
        for label in labels:
            text = {"text": f"{label.title()}.", "contextId": label}
            await line.send(json.dumps(text))
            await line.send(json.dumps({"operation": "flush"}))
            while '"done"' not in (await line.receive()).message:
                pass
        await line.send(json.dumps({"operation": "eos"}))
'''


_QUIET: Final = ("-p", "no:cacheprovider")


class Suite:
    """The test suite, in a folder of its own.

    Attributes:
        folder: Where it is.
        transcripts: Where the transcripts of its tests lie.
    """

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.folder = pytester.path
        self.transcripts = self.folder / "transcripts" / "test_it"
        self._pytester = pytester
        pytester.makepyfile(client=CLIENT)

    def write(self, source: str) -> None:
        """Have it consist of the tests in *source*."""
        preamble = "import pytest\nimport trio\nfrom client import QUERY, speak\n"
        (self.folder / "test_it.py").write_text(preamble + source)

    def put(self, name: str, recording: Recording | None = None) -> Path:
        """Put a transcript under *name*: of one take, one, if nothing else is given."""
        path = self.transcripts / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return write(path, recording or make(*take("one"), *farewell()))

    def run(self, *options: str) -> pytest.RunResult:
        """Run it, in this process."""
        return self._pytester.runpytest_inprocess(*_QUIET, *options)

    def run_outside(self, *options: str) -> pytest.RunResult:
        """Run it, in a process of its own."""
        return self._pytester.runpytest_subprocess(*_QUIET, *options)

    def outcomes(self, *options: str) -> dict[str, int]:
        """Run it, and return how many tests came out how."""
        return self.run(*options).parseoutcomes()

    def collect(self, *options: str) -> list[pytest.Item]:
        """Return the tests that it has."""
        return self._pytester.inline_genitems(*options)[0]

    def configure(self, *options: str) -> pytest.Config:
        """Return the configuration that it runs by."""
        return self._pytester.parseconfigure(*options)
