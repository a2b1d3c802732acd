"""A service whose second synthesis goes wrong, and a client that hears it out."""

from functools import partial
from urllib.parse import urlencode

import pytest
import trio

from fakes.clients import Hear, Heard, listen
from rimebatch.server import ServiceOptions, serve_ws3
from rimebatch.server.voices import ToneVoice
from rimebatch.ws3.commands import Eos, Flush, Text

QUERY = {
    "speaker": "luna",
    "modelId": "mistv3",
    "audioFormat": "pcm",
    "samplingRate": "4000",
    "segment": "never",
}


@pytest.fixture
async def url(nursery: trio.Nursery) -> str:
    """Start a service for one test; its address."""
    options = ServiceOptions(voice=ToneVoice(), api_key="a-key")
    address: str = await nursery.start(serve_ws3, options)
    return address


@pytest.fixture
def hear(url: str) -> Hear:
    """Return what has two texts spoken, and gives all that comes of it.

    Its arguments are the fault to ask for, if any, and how long a silence is an end.
    """

    async def hear_out(fault: str = "", patience_s: float = 5) -> Heard:
        query = urlencode({**QUERY, **({"fault": fault} if fault else {})})
        commands = (Text("One two.", "a"), Flush(), Text("Three.", "b"), Flush(), Eos())
        talk = partial(listen, f"{url}?{query}", *commands, patience_s=patience_s)
        with trio.fail_after(10):
            return await trio.to_thread.run_sync(talk, abandon_on_cancel=True)

    return hear_out
