"""How long commands take that send nothing: seconds of CPU and of the clock.

    PYTHONPATH=tests python benchmarks/start.py [--hours 12] [--rounds 5]

It makes a book of so many hours, all of it on record and rendered, and a manifest of
5,000 segments with nothing on record, and runs the commands that plan and go on. Each
has a process of its own, start and imports included. The medians of several rounds are
printed below those of Python itself; last, how often a run that had nothing to do
opened or used a socket. An hour takes 140 MB in the folder for temporary files.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from fakes.long_jobs import TAKE_CHARS, make_text, record_plan
from rimebatch.manifest import load_manifest
from rimebatch.manifest.model import MAX_CHARS
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.folders import transcripts_of

RATE_HZ: Final = 8000  # what is not read may as well be small
CHAPTER_S: Final = 24 * 60  # of speech
NEW_SEGMENTS: Final = 5000
NEW_JOBS: Final = 50
PARAGRAPH_CHARS: Final = 900
SEGMENTS_OF_PARAGRAPH: Final = 2
PROSE: Final = Path(__file__).parents[1] / "jobs" / "texts"

HEAD: Final = f"""\
manifest: 1
endpoint: cloud
max_chars: {{max_chars}}
voice: {{{{speaker: luna, modelId: arcana, lang: eng, audioFormat: pcm, \
samplingRate: {RATE_HZ}}}}}
jobs:
"""

# Pairs of AF_UNIX are trio's, which wakes itself up over them: nobody else is there.
COUNT_SOCKETS: Final = """
import runpy, socket, sys
counted = []
def hear(event, args):
    if event == "socket.__new__" and args[1] != socket.AF_UNIX:
        counted.append(event)
    elif event in {"socket.connect", "socket.getaddrinfo"}:
        counted.append(event)
sys.addaudithook(hear)
try:
    runpy.run_module("rimebatch", run_name="__main__", alter_sys=True)
finally:
    print(len(counted))
"""


def write_manifest(path: Path, texts: list[str], max_chars: int) -> None:
    """Write a manifest with a job for each of *texts*, which lie beside it."""
    lines = [HEAD.format(max_chars=max_chars)]
    for number, text in enumerate(texts, start=1):
        name = f"{path.stem}-{number:02}"
        path.with_name(f"{name}.txt").write_text(text, encoding="utf-8")
        lines.append(f"  - {{id: {name}, text_file: {name}.txt}}\n")
    path.write_text("".join(lines), encoding="utf-8")


def make_book(path: Path, out: Path, hours: float) -> None:
    """Write the manifest of a book, and put all of it on record."""
    chapters = max(1, round(hours * 3600 / CHAPTER_S))
    minutes = hours * 60 / chapters
    write_manifest(path, [make_text(minutes)] * chapters, TAKE_CHARS)
    for job in make_plan(load_manifest(path)).jobs:
        record_plan(job, transcripts_of(out / path.stem, job.id))


def make_new(path: Path) -> None:
    """Write a manifest of prose that nobody has recorded."""
    prose = " ".join(f.read_text(encoding="utf-8") for f in sorted(PROSE.iterdir()))
    paragraphs = cycle(textwrap.wrap(prose, PARAGRAPH_CHARS)[:-1])  # all are full
    count = NEW_SEGMENTS // SEGMENTS_OF_PARAGRAPH // NEW_JOBS
    texts = ["\n\n".join(islice(paragraphs, count)) for _ in range(NEW_JOBS)]
    write_manifest(path, texts, MAX_CHARS)


def run(folder: Path, *words: str) -> str:
    """Run Python in *folder* with these *words* behind it; return what it printed."""
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=folder, check=False, text=True, capture_output=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def measure(folder: Path, *words: str) -> tuple[float, float]:
    """Return the seconds of CPU, and of the clock, that `run` takes."""
    cpu, begun_s = os.times(), time.perf_counter()
    run(folder, *words)
    wall_s, now = time.perf_counter() - begun_s, os.times()
    user_s = now.children_user - cpu.children_user
    return user_s + now.children_system - cpu.children_system, wall_s


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_book(folder / "book.yaml", folder / "outputs", options.hours)
        make_new(folder / "new.yaml")
        run(folder, "-m", "rimebatch", "run", "book.yaml")  # renders it
        commands = {
            "python -c pass": ("-c", "pass"),
            "import trio, click": ("-c", "import trio, click"),
            "--help": ("-m", "rimebatch", "--help"),
            "plan, all on record": ("-m", "rimebatch", "plan", "book.yaml"),
            "plan, all new": ("-m", "rimebatch", "plan", "new.yaml"),
            "run, nothing to do": ("-m", "rimebatch", "run", "book.yaml"),
        }
        for what, words in commands.items():
            rounds = [measure(folder, *words) for _ in range(options.rounds)]
            cpu_s, wall_s = map(statistics.median, zip(*rounds, strict=True))
            print(f"{what:20} {cpu_s:6.2f} s of CPU {wall_s:6.2f} s", flush=True)
        counted = run(folder, "-c", COUNT_SOCKETS, "run", "--quiet", "book.yaml")
        print(f"{'run, sockets':20} {counted.strip():>6}")


if __name__ == "__main__":
    main()
