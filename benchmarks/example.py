"""The client on the page that describes the service, as it stands there.

But for two things: its ``+=``, which copies all audio with every chunk, is a list, so
that it is no straw man; and it does not print the words.
"""

import asyncio  # noqa: TID251  # which it runs on
import base64
import json
import ssl
import time

import websockets
from receivers import PROBE_S, Course, Way, list_messages, trust_service

from rimebatch.manifest.plan import Plan, PlannedJob
from rimebatch.ws3.query import encode_query


class RimeClient:
    """One conversation."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        self.url = url
        self.tls = tls
        self.audio_data: list[bytes] = []
        self.words: list[tuple[str, float]] = []

    async def send_messages(
        self, websocket: websockets.ClientConnection, job: PlannedJob
    ) -> None:
        """Send all there is to say."""
        for message in list_messages(job):
            await websocket.send(message)

    async def handle_audio(self, websocket: websockets.ClientConnection) -> None:
        """Receive until the service closes."""
        while True:
            try:
                audio = await websocket.recv()
            except websockets.exceptions.ConnectionClosedOK:
                break
            message = json.loads(audio)
            if message["type"] == "chunk":
                self.audio_data.append(base64.b64decode(message["data"]))
            if message["type"] == "timestamps":
                times = message["word_timestamps"]
                self.words.extend(zip(times["words"], times["start"], strict=False))

    async def run(self, job: PlannedJob, lasted_s: list[float]) -> None:
        """Have *job* said, and note how long that took."""
        async with websockets.connect(self.url, ssl=self.tls) as websocket:
            begun_s = time.monotonic()
            await asyncio.gather(
                self.send_messages(websocket, job), self.handle_audio(websocket)
            )
            lasted_s.append(time.monotonic() - begun_s)


def run_example(plan: Plan, way: Way) -> Course:
    """Receive all jobs at once, and keep their audio."""
    return asyncio.run(_run_watched(plan, way))


async def _run_watched(plan: Plan, way: Way) -> Course:
    course = Course()
    url = plan.manifest.endpoint
    tls = trust_service(url)
    watching = asyncio.create_task(_watch_loop(course.delays_s, way))
    clients = (
        RimeClient(f"{url}?{encode_query(job.query)}", tls).run(job, course.lasted_s)
        for job in plan.jobs
    )
    await asyncio.gather(*clients)
    watching.cancel()
    return course


async def _watch_loop(delays_s: list[float], way: Way) -> None:
    while way.is_watched:
        due_s = time.monotonic() + PROBE_S
        await asyncio.sleep(PROBE_S)
        delays_s.append(time.monotonic() - due_s)
