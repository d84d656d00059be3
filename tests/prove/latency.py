"""The proof ``latency``: from the end of a burst on air to its alert on the event stream, with six sensors on one machine.

Each trial runs the demonstration's own sensors, each in its process and in real time, against a hub behind a socket, and
reads the event stream for a minute. An alert's time counts from the end of the last burst in the detection that opened
it to the message's arrival. What was heard before every sensor had started does not count. A machine that is busy with
other work is not timed: the trial says so, and counts nothing else.
"""

import json
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from detector.site import dump_site
from sdr.sources import demo_site
from tests.prove.proof import Bound, Outcomes, Proof, Share
from tests.prove.serving import serving
from wingwatch import demo_sensors, sensors

__all__ = ["PROOF"]

LISTEN_S: Final = 60.0
START_S: Final = 60.0
"""The sensors have started by then, or something is wrong."""

REST_S: Final = 3.0
"""After the last sensor's first word: what waited while they started is through."""

PATIENCE_S: Final = 20.0
STAT: Final = Path("/proc/stat")
LOOK_S: Final = 2.0
IDLE_SHARE: Final = 0.7
"""A machine that rests for so much of a look is not busy with other work."""

MEDIAN_S: Final = 1.0
NEARLY_ALL_S: Final = 2.0


@dataclass
class Stream:
    """When each alert was first told [s since 1970]."""

    first_s: dict[int, float] = field(default_factory=dict)
    ready: threading.Event = field(default_factory=threading.Event)
    over: bool = False

    def follow(self, address: str) -> None:
        """Read the event stream until it is over."""
        with httpx.stream("GET", f"{address}/api/v1/events", timeout=PATIENCE_S) as response:
            self.ready.set()
            kind = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "alert":
                    self.first_s.setdefault(json.loads(value)["id"], time.time())
                if self.over:
                    return


def trial(seed: int) -> Outcomes:
    """A minute of the simulated site."""
    if idle_share(LOOK_S) < IDLE_SHARE:
        return {"the machine was free": False}
    tokens = {place.name: secrets.token_urlsafe(24) for place in demo_site().sensors}
    site = dump_site(demo_site()).decode()
    with tempfile.TemporaryDirectory() as name, serving(site, tokens) as (_, address):
        stream = Stream()
        reader = threading.Thread(target=stream.follow, args=(address,), daemon=True)
        reader.start()
        stream.ready.wait(PATIENCE_S)
        with sensors(demo_sensors(tokens, address, Path(name), seed=seed)):
            wait_for(address, tokens)
            began_s = time.time()
            time.sleep(LISTEN_S)
            waits = waits_s(address, stream.first_s, began_s=began_s, ended_s=time.time() - NEARLY_ALL_S)
        stream.over = True
    return {
        "the machine was free": True,
        "alert on the event stream within 1 s": Share(sum(wait <= MEDIAN_S for wait in waits), len(waits)),
        "alert on the event stream within 2 s": Share(sum(wait <= NEARLY_ALL_S for wait in waits), len(waits)),
    }


def idle_share(seconds: float) -> float:
    """Share of its processors' time in which the machine rests, over some seconds; all of it where it does not say."""
    if not STAT.exists():
        return 1.0
    before = processor_time()
    time.sleep(seconds)
    idle, total = (after - first for after, first in zip(processor_time(), before, strict=True))
    return idle / max(1, total)


def processor_time() -> tuple[int, int]:
    """Time in which the processors rested, and all of it, since the machine started [ticks]; see proc(5)."""
    ticks = [int(word) for word in STAT.read_text().splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def waits_s(address: str, first_s: dict[int, float], *, began_s: float, ended_s: float) -> list[float]:
    """How long each alert took from the evidence that opened it, of evidence of a span of time."""
    evidence: dict[int, tuple[int, float]] = {}
    for detection in listed(address, "detections"):
        alert, end_s = detection["alert"], datetime.fromisoformat(detection["end_utc"]).astimezone(UTC).timestamp()
        if alert is not None:
            evidence[alert] = min((detection["id"], end_s), evidence.get(alert, (detection["id"], end_s)))
    told = ((first_s.get(alert, float("inf")), end_s) for alert, (_, end_s) in evidence.items())
    return [heard_s - end_s for heard_s, end_s in told if began_s <= end_s <= ended_s]


def listed(address: str, what: str) -> list[dict[str, Any]]:
    """All items of a list."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = httpx.get(f"{address}/api/v1/{what}", params=after, timeout=PATIENCE_S)
        page.raise_for_status()
        found += page.json()["items"]
        if (following := page.json()["next"]) is None:
            return found
        after = {"cursor": following}


def wait_for(address: str, tokens: dict[str, str]) -> None:
    """Wait until every sensor has said a word.

    Raises
    ------
    TimeoutError
        If one has not.
    """
    ends_s = time.monotonic() + START_S
    while {one["name"] for one in listed(address, "sensors") if one["state"] == "fresh"} < tokens.keys():
        if time.monotonic() > ends_s:
            raise TimeoutError(f"not every sensor has started within {START_S:.0f} s")
        time.sleep(0.5)
    time.sleep(REST_S)


PROOF: Final = Proof(
    name="latency",
    claim="With six simulated sensors on this machine an alert is out a second after its evidence, nearly always within two.",
    count=20,
    few=1,
    trial=trial,
    bounds=(
        Bound(about="alert on the event stream within 1 s", at_least=0.5),
        Bound(about="alert on the event stream within 2 s", at_least=0.99),
    ),
    parallel=False,
)
