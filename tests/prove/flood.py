"""The proof ``flood``: a flood in one wing hides no phone in another.

Each trial sends 200,000 detections of one wing to a hub behind a socket, as fast as it takes them, over 80 channels. While
that lasts, one phone speaks in each of twenty other wings, each at a time of its own; a reader of the event stream notes
when its alert came. Then everything stored is counted.
"""

import json
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import numpy as np
from sqlalchemy import text

from detector.types import Activity, Label, Technology
from detector.wire import MAX_DETECTIONS, Batch, SensorDetection, dump_batch
from tests.prove.proof import Bound, Outcomes, Proof, Share
from tests.prove.serving import TOKEN, serving

__all__ = ["PROOF", "trial_of"]

DETECTIONS: Final = 200_000
CHANNELS: Final = 80
FLOODED: Final = "B"
OTHERS: Final = tuple(f"W{n:02d}" for n in range(20))
IN_TIME_S: Final = 1.0
PATIENCE_S: Final = 60.0
SITE: Final = 'name = "Flooded"\ncountry = "FR"\ntime_zone = "UTC"\n' + "".join(
    f'[[wing]]\nname = "{wing}"\ntitle = "{wing}"\n[[sensor]]\nname = "{wing}-1"\nwing = "{wing}"\nplace_m = [{x}, 0, 0]\n'
    for x, wing in enumerate((FLOODED, *OTHERS))
)
DETECTION: Final = SensorDetection(
    technology=Technology.GSM,
    kinds=(Label.GSM_NB,),
    activity=Activity.CALL,
    start_s=0.0,
    end_s=0.5,
    start_utc=datetime(2026, 3, 1, tzinfo=UTC),
    end_utc=datetime(2026, 3, 1, tzinfo=UTC),
    freq_lower_hz=897.1e6,
    freq_upper_hz=897.3e6,
    channel=None,
    bursts=80,
    snr_db=18.0,
    power_dbfs=-31.0,
    score=0.99,
    parts={},
    clipped=False,
    emission=1,
    part=1,
    last=True,
    profile="sha256:0",
)


@dataclass
class Stream:
    """When each wing's alert came on the event stream, and which standing alarms did [s, monotonic]."""

    first_s: dict[str, float] = field(default_factory=dict)
    standing: set[int] = field(default_factory=set)
    ready: threading.Event = field(default_factory=threading.Event)

    def follow(self, address: str) -> None:
        """Read the stream until the hub ends it."""
        with httpx.stream("GET", f"{address}/api/v1/events", timeout=PATIENCE_S) as response:
            self.ready.set()
            kind = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "alert":
                    self.first_s.setdefault(json.loads(value)["wing"], time.monotonic())
                elif name == "data" and kind == "standing":
                    self.standing.add(json.loads(value)["id"])


def trial(seed: int) -> Outcomes:
    """One flood of 200,000 detections."""
    return trial_of(seed, detections=DETECTIONS)


def trial_of(seed: int, *, detections: int) -> Outcomes:
    """One flood of so many detections."""
    rng = np.random.default_rng(seed)
    tokens = {f"{wing}-1": TOKEN for wing in (FLOODED, *OTHERS)}
    with serving(SITE, tokens) as (hub, address):
        stream = Stream()
        reader = threading.Thread(target=stream.follow, args=(address,), daemon=True)
        reader.start()
        stream.ready.wait(PATIENCE_S)
        flood = threading.Thread(target=pour, args=(address, rng.integers(CHANNELS, size=detections)))
        flood.start()
        sent_s = speak(address, flood, rng=rng)
        flood.join()
        awaited(stream, sent_s)
        with hub.database.reading() as connection:
            stored = connection.scalar(text("SELECT count(*) FROM detections"))
            alarms = connection.scalar(text("SELECT count(*) FROM standing_alarms"))
    in_time = [stream.first_s.get(wing, np.inf) - at_s <= IN_TIME_S for wing, at_s in sent_s.items()]
    return {
        "alert of another wing within 1 s": Share(sum(in_time), len(in_time)),
        "one flood alarm": alarms == len(stream.standing) == 1,
        "every detection stored": stored == detections + len(OTHERS),
    }


def pour(address: str, channels: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
    """Send the flood, a full batch at a time."""
    with httpx.Client(timeout=PATIENCE_S) as client:
        for number, start in enumerate(range(0, len(channels), MAX_DETECTIONS)):
            now = datetime.now(UTC)
            some = channels[start : start + MAX_DETECTIONS]
            made = tuple(heard(int(c), start + n, now - timedelta(seconds=1)) for n, c in enumerate(some))
            send(client, address, FLOODED, number, made, now)


def speak(address: str, flood: threading.Thread, *, rng: np.random.Generator) -> dict[str, float]:
    """Let a phone speak in each other wing while the flood lasts; gives when each batch was sent [s, monotonic]."""
    sent_s: dict[str, float] = {}
    with httpx.Client(timeout=PATIENCE_S) as client:
        for wing in OTHERS:
            flood.join(rng.exponential(1.0))
            now = datetime.now(UTC)
            one = heard(int(rng.integers(CHANNELS)), 0, now - timedelta(seconds=1))
            sent_s[wing] = time.monotonic()
            send(client, address, wing, 0, (replace(one, power_dbfs=-20.0),), now)
    return sent_s


def awaited(stream: Stream, sent_s: dict[str, float]) -> None:
    """Wait until every wing's alert came, or the last one is late beyond doubt."""
    ends_s = max(sent_s.values()) + 10 * IN_TIME_S
    while not sent_s.keys() <= stream.first_s.keys() and time.monotonic() < ends_s:
        time.sleep(0.05)


def heard(channel: int, emission: int, start: datetime) -> SensorDetection:
    """Half a second of a call on one of the channels."""
    lower_hz = 880e6 + 0.4e6 * channel
    return replace(
        DETECTION,
        start_utc=start,
        end_utc=start + timedelta(seconds=0.5),
        freq_lower_hz=lower_hz,
        freq_upper_hz=lower_hz + 0.2e6,
        emission=emission,
    )


def send(
    client: httpx.Client, address: str, wing: str, number: int, made: tuple[SensorDetection, ...], now: datetime
) -> None:
    """Send a batch of a wing's sensor."""
    sensor = f"{wing}-1"
    body = dump_batch(Batch(sensor=sensor, boot="b", sequence=number, sent_utc=now, detections=made))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    client.post(f"{address}/api/v1/sensors/{sensor}/batches", content=body, headers=headers).raise_for_status()


PROOF: Final = Proof(
    name="flood",
    claim="While 200,000 detections of one wing come in, the alert of another wing is on the event stream within 1 s.",
    count=10,
    few=1,
    trial=trial,
    bounds=(
        Bound(about="alert of another wing within 1 s", at_least=0.97),
        Bound(about="one flood alarm", at_least=0.7),
        Bound(about="every detection stored", at_least=0.7),
    ),
    parallel=False,
)
