"""The proofs ``supervision``, ``supervision-live`` and ``healthy-day``: faults of sensors are told in time, and nothing else is.

On an injected clock, each trial runs the hub's own services on a database of its own: a dozen sensors are learned for a minute;
then each breaks in its own way at a random moment, but for one. Live, the same sensors speak to a hub behind a socket and
the alarms are read off the event stream. The healthy day asks the pure part alone: a day of heartbeats with all that
is usual in a prison, and no alarm.
"""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from api.alarms import AlarmKind
from api.app import create_app
from api.hub import Hub, ingest, sweep
from api.repository import Repository
from api.settings import Settings
from detector.wire import Batch, dump_batch
from tests.prove.fleet import BEAT_S, CONTROL, FAULTS, LIMITS_S, FakeSensor, site_of
from tests.prove.proof import Bound, Outcomes, Proof
from tests.prove.serving import TOKEN, serving

__all__ = ["LIVE", "PROOF", "latencies_of", "live_of"]

START: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""03:00 in Paris."""

LEARN_S: Final = 70.0
SPREAD_S: Final = 10.0
PATIENCE_S: Final = 40.0
NAMES: Final = (CONTROL, *FAULTS)
TEST_PHONE: Final = '[[test_phone]]\nname = "gate"\nwing = "A"\ntechnology = "gsm"\nhours = ["mon-sun 02:55-03:01"]\n'
TEST_ENDS_S: Final = 60.0


@dataclass
class Clock:
    """A clock that is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def trial(seed: int) -> Outcomes:
    """Every fault once, on an injected clock."""
    found = latencies_of(seed)
    outcomes: dict[str, bool] = {
        f"{name} within {LIMITS_S[kind]:.0f} s": found.get(name, np.inf) <= LIMITS_S[kind]
        for name, (kind, _) in FAULTS.items()
    }
    outcomes["missed test within 30 s"] = found.get("gate", np.inf) <= 30.0
    outcomes["stalled hub within 30 s"] = found["hub"] <= 30.0
    return outcomes | {"no alarm of another kind": not found.get(CONTROL)}


def latencies_of(seed: int) -> dict[str, float]:
    """How long after its fault each sensor's alarm came [s]; those that nothing explains count as the healthy one's."""
    rng = np.random.default_rng(seed)
    sensors = [FakeSensor(name=name, rng=rng, begins=START, fault_s=fault_of(name, LEARN_S, rng)) for name in NAMES]
    clock = Clock()
    with hub_of(site_of(NAMES, more=TEST_PHONE), clock) as hub:
        play(hub, clock, sensors, until_s=LEARN_S + SPREAD_S + PATIENCE_S)
        raised = alarms_of(hub)
        found = {"hub": stalls_after_s(hub, clock)}
    begins_s = {sensor.name: sensor.fault_s for sensor in sensors} | {"gate": TEST_ENDS_S}
    kinds = {name: kind for name, (kind, _) in FAULTS.items()} | {"gate": AlarmKind.TEST}
    for name, kind, raised_s in raised:
        if kinds.get(name) is kind and raised_s >= begins_s[name]:
            found[name] = min(found.get(name, np.inf), raised_s - begins_s[name])
        else:
            found[CONTROL] = 1.0
    return found


def fault_of(name: str, learned_s: float, rng: np.random.Generator) -> float:
    """When a sensor breaks [s]."""
    return np.inf if name == CONTROL else learned_s + float(rng.uniform(0, SPREAD_S))


def play(hub: Hub, clock: Clock, sensors: list[FakeSensor], *, until_s: float) -> None:
    """Let the sensors speak and the hub sweep, each in its own rhythm, until a time."""
    turns: list[tuple[float, int]] = [(float(s.rng.uniform(0, BEAT_S)), n) for n, s in enumerate(sensors)]
    turns.append((0.0, -1))
    heapify(turns)
    while turns[0][0] < until_s:
        at_s, number = heappop(turns)
        clock.now = START + timedelta(seconds=at_s)
        if number < 0:
            sweep(hub)
        elif (batch := sensors[number].batch(at_s)) is not None:
            ingest(hub, batch.sensor, dump_batch(batch))
        heappush(turns, (at_s + (1.0 if number < 0 else BEAT_S), number))


def alarms_of(hub: Hub) -> list[tuple[str, AlarmKind, float]]:
    """Which alarms were raised when [s]."""
    with hub.database.reading() as connection:
        alarms = Repository(connection).watching.alarms(limit=1000)
    return [(a.name, a.kind, a.raised_us / 1e6 - START.timestamp()) for a in alarms]


def stalls_after_s(hub: Hub, clock: Clock) -> float:
    """How long after its last sweep the hub itself says that it has stalled [s]."""
    last = clock.now
    while not hub.heart.is_stalled(now_us=hub.now_us, away_us=hub.watch_rules.away_us):
        clock.now += timedelta(seconds=1)
    return (clock.now - last).total_seconds()


@contextmanager
def hub_of(site: str, clock: Clock) -> Iterator[Hub]:
    """A hub without a socket, with a database of its own."""
    folder = Path(tempfile.mkdtemp())
    (folder / "site.toml").write_text(site)
    hub: Hub = create_app(Settings(site=folder / "site.toml", data_dir=folder), clock=clock).state.hub
    try:
        yield hub
    finally:
        hub.database.close()
        shutil.rmtree(folder)


# --- live: behind a socket, by the machine's own clock

LIVE_BEAT_S: Final = 1.0
LIVE_LEARN_S: Final = 10.0


@dataclass
class Stream:
    """When each alarm came on the event stream [s, monotonic]."""

    raised_s: dict[tuple[str, str], float] = field(default_factory=dict)
    ready: threading.Event = field(default_factory=threading.Event)
    news: threading.Condition = field(default_factory=threading.Condition)

    def follow(self, address: str) -> None:
        """Read the stream until the hub ends it."""
        with httpx.stream("GET", f"{address}/api/v1/events", timeout=PATIENCE_S) as response:
            self.ready.set()
            kind = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "alarm":
                    self.note(json.loads(value))

    def note(self, alarm: Mapping[str, str]) -> None:
        """Note an alarm."""
        with self.news:
            self.raised_s.setdefault((alarm["name"], alarm["kind"]), time.monotonic())
            self.news.notify_all()


def live_trial(seed: int) -> Outcomes:
    """Every fault once, through a hub behind a socket."""
    found = live_of(seed)
    outcomes: dict[str, bool] = {
        f"{name} within {LIMITS_S[kind]:.0f} s": found.get(name, np.inf) <= LIMITS_S[kind]
        for name, (kind, _) in FAULTS.items()
    }
    return outcomes | {"no alarm of another kind": CONTROL not in found}


def live_of(seed: int, *, beat_s: float = LIVE_BEAT_S) -> dict[str, float]:
    """As :func:`latencies_of`, by the machine's own clock."""
    rng = np.random.default_rng(seed)
    begins, zero_s = datetime.now(UTC), time.monotonic()
    learned_s = LIVE_LEARN_S
    sensors = [FakeSensor(name=name, rng=rng, begins=begins, fault_s=fault_of(name, learned_s, rng)) for name in NAMES]
    kinds = {name: str(kind) for name, (kind, _) in FAULTS.items()}
    tokens = dict.fromkeys(NAMES, TOKEN)
    options = {"learn_beats": 6, "hub_grace_s": 1.0, "flow_window_s": 5.0}
    with serving(site_of(NAMES), tokens, **options) as (_, address):
        stream = Stream()
        threading.Thread(target=stream.follow, args=(address,), daemon=True).start()
        stream.ready.wait(PATIENCE_S)
        ends_s = learned_s + SPREAD_S + PATIENCE_S
        with httpx.Client(timeout=PATIENCE_S) as client:
            while (now_s := time.monotonic() - zero_s) < ends_s and len(stream.raised_s) < len(FAULTS):
                for sensor in sensors:
                    if (batch := sensor.batch(time.monotonic() - zero_s, beat_s=beat_s)) is not None:
                        post(client, address, batch)
                with stream.news:
                    stream.news.wait(max(0.0, zero_s + now_s + beat_s - time.monotonic()))
                # Heartbeats keep their rhythm whatever came meanwhile.
                time.sleep(max(0.0, zero_s + now_s + beat_s - time.monotonic()))
    faults_s = {sensor.name: sensor.fault_s for sensor in sensors}
    found: dict[str, float] = {}
    for (name, kind), raised_s in stream.raised_s.items():
        latency_s = raised_s - zero_s - faults_s.get(name, np.inf)
        expected = kinds.get(name) == kind and latency_s >= 0
        found[name if expected else CONTROL] = latency_s if expected else 1.0
    return found


def post(client: httpx.Client, address: str, batch: Batch) -> None:
    """Send what a sensor says."""
    client.post(
        f"{address}/api/v1/sensors/{batch.sensor}/batches",
        content=dump_batch(batch),
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).raise_for_status()


def bounds_of(names: Mapping[str, float]) -> tuple[Bound, ...]:
    """That every fault is told in time, and nothing else."""
    told = tuple(Bound(about=f"{name} within {limit_s:.0f} s", at_least=1.0) for name, limit_s in names.items())
    return (*told, Bound(about="no alarm of another kind", at_least=1.0))


BY_NAME: Final = {name: LIMITS_S[kind] for name, (kind, _) in FAULTS.items()}

PROOF: Final = Proof(
    name="supervision",
    claim="Each fault of a sensor or of the hub is an alarm within 30 s, a frozen or saturated one within 10 s.",
    count=50,
    few=1,
    trial=trial,
    bounds=bounds_of(BY_NAME | {"missed test": 30.0, "stalled hub": 30.0}),
)

LIVE: Final = Proof(
    name="supervision-live",
    claim="The same, in real time, from a hub's event stream.",
    count=1,
    few=1,
    trial=live_trial,
    bounds=bounds_of(BY_NAME),
    parallel=False,
)
