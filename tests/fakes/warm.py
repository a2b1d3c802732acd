"""The command line in processes that start at once, so that many can be killed.

Each is a fork of one that has imported everything. From there on it is what a shell
would start: a process of its own, arguments, and output that goes to a file.
"""

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

from rimebatch.cli.main import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "rimebatch.cli.run", "rimebatch.cli.plan"])


def start_warm(output: Path, *arguments: str | Path) -> BaseProcess:
    """Start a command that has a key; what it says is appended to *output*."""
    process = _FORKS.Process(target=_main, args=(output, list(map(str, arguments))))
    process.start()
    return process


def run_warm(output: Path, *arguments: str | Path) -> str:
    """Run a command that succeeds, and return all that *output* has then."""
    process = start_warm(output, *arguments)
    process.join()
    said = output.read_text(encoding="utf-8")
    assert process.exitcode == 0, said
    return said


def _main(output: Path, arguments: list[str]) -> None:
    with output.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ["RIME_API_KEY"] = "any-key"
    sys.argv[1:] = arguments
    main()
