"""The whole chain on a simulated clock: phones of the simulated site, sensors through the pipeline, and a real hub.

Each sensor hears its own air through the production pipeline, agent and outbox; what it would send, and when, is kept, and
then given to the hub over HTTP in the order of time. The sensors' clocks differ. Nothing here judges what came of it.
"""

import asyncio
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import numpy as np
import structlog
from fastapi import FastAPI

from api.app import create_app
from api.hub import sweep
from api.settings import Settings
from detector.pipeline import Pipeline
from detector.site import Site, dump_site
from detector.types import IqBlock, Tuning
from sdr.agent import Sensor
from sdr.courier import Courier
from sdr.defaults import band_plan, default_profile
from sdr.outbox import Outbox
from sdr.source import SourceState
from sdr.sources import demo_site
from sdr.synthetic.acts import ACTS, Act
from sdr.synthetic.population import Phone, populate
from sdr.synthetic.source import SimulatedSource
from sdr.synthetic.timetable import Episode

__all__ = ["CLOCK_S", "Told", "act_of", "alerts_of", "four_wings", "phones_apart"]

EPOCH: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST_S: Final = (0.8, 3.0)
LONGEST_ACT_S: Final = 6.0
"""A call is heard for no longer: its alert is due long before."""

AFTER_S: Final = 2.0
SWEEP_S: Final = 1.0
REST_S: Final = 6
"""The hub is swept for so long after the last word: silences count by then."""

UNDER_WAY_S: Final = (0.02, 0.3)
"""From a sensor to the hub."""

CLOCK_S: Final = 0.025
"""Sensors' clocks are off by up to so much, either way: up to 50 ms between two."""

WING_M: Final = 32.0
TOKEN: Final = "a secret of sixteen characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a sensor sends, and when it does [s since the epoch, by a right clock]."""

    at_s: float
    sensor: str
    body: bytes


class Skewed:
    """A simulated source whose clock is off; it remembers how far it has read."""

    def __init__(self, source: SimulatedSource, *, skew_s: float) -> None:
        self._source = source
        self._skew = timedelta(seconds=skew_s)
        self.now = EPOCH

    @property
    def tuning(self) -> Tuning:
        return self._source.tuning

    @property
    def boot(self) -> str:
        return self._source.boot

    @property
    def state(self) -> SourceState:
        return self._source.state

    def utc_of(self, sample: int) -> datetime:
        return self._source.utc_of(sample) + self._skew

    def blocks(self) -> Iterator[IqBlock]:
        for block in self._source.blocks():
            self.now = self._source.utc_of(block.stop)
            yield block

    def close(self) -> None:
        self._source.close()

    def clock(self) -> datetime:
        """Its own time."""
        return self.now + self._skew

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Noting(Courier):
    """A courier that carries nothing, and notes what it was given and when."""

    def __init__(self, outbox: Outbox, source: Skewed, sensor: str) -> None:
        super().__init__(outbox=outbox, post=lambda _: 200, pause=lambda _: None)
        self._source, self._sensor = source, sensor
        self.told: list[Told] = []

    def tell(self, heartbeat: bytes | None = None) -> None:
        """Note the heartbeat and all that waits."""
        bodies = [] if heartbeat is None else [heartbeat]
        while (parcel := self._outbox.head()) is not None:
            bodies.append(parcel.body)
            self._outbox.done(parcel)
        at_s = (self._source.now - EPOCH).total_seconds()
        self.told += [Told(at_s=at_s, sensor=self._sensor, body=body) for body in bodies]


def four_wings() -> Site:
    """The demonstration's site with a fourth wing, whose phones share the GSM sector of the first."""
    site = demo_site()
    shift = 3 * WING_M

    def moved(name: str) -> str:
        return "D" + name.removeprefix("A")

    def beyond(place: tuple[float, float, float]) -> tuple[float, float, float]:
        return place[0] + shift, place[1], place[2]

    wings = tuple(replace(w, name="D", title="D wing") for w in site.wings if w.name == "A")
    cells = tuple(
        replace(c, name=moved(c.name), wing="D", landing=moved(c.landing), centre_m=beyond(c.centre_m))
        for c in site.cells
        if c.wing == "A"
    )
    sensors = tuple(
        replace(s, name=moved(s.name), wing="D", place_m=beyond(s.place_m)) for s in site.sensors if s.wing == "A"
    )
    landings = tuple(replace(x, name=moved(x.name), wing="D") for x in site.landings if x.wing == "A")
    return replace(
        site,
        wings=site.wings + wings,
        cells=site.cells + cells,
        sensors=site.sensors + sensors,
        landings=site.landings + landings,
    )


def phones_apart(site: Site, *, count: int, seed: int, rng: np.random.Generator) -> list[Phone]:
    """Phones of different wings that a network would let speak at once."""
    phones = populate(site, seed=seed)
    while True:
        chosen: list[Phone] = []
        for index in rng.permutation(len(phones)):
            phone = phones[index]
            if all(phone.cell.wing != other.cell.wing and not phone.clashes(other) for other in chosen):
                chosen.append(phone)
            if len(chosen) == count:
                return chosen


def act_of(number: int, phone: Phone, *, rng: np.random.Generator) -> Episode:
    """One act that the phone is able to do, begun soon."""
    acts = [act for act, script in ACTS.items() if script.technology is phone.technology]
    if phone.technology.value == "gsm" and number:
        acts.remove(Act.CALL_HOPPING)
    weights = np.array([ACTS[act].weight for act in acts])
    act = acts[rng.choice(len(acts), p=weights / weights.sum())]
    start_s = rng.uniform(*FIRST_S)
    lasts_s = min(LONGEST_ACT_S, rng.uniform(ACTS[act].shortest_s, ACTS[act].longest_s))
    return Episode(number=number, phone=phone, act=act, start_s=start_s, stop_s=start_s + lasts_s)


def alerts_of(site: Site, acts: Sequence[Episode], *, seed: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The alerts that stand after some acts, as the hub lists them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    ordered = tuple(sorted(acts, key=lambda act: act.start_s))
    seconds = max(act.stop_s for act in acts) + AFTER_S
    told: list[Told] = []
    for place in site.sensors:
        skew_s = rng.uniform(-CLOCK_S, CLOCK_S)
        late_s = rng.uniform(*UNDER_WAY_S)
        heard = listened(site, place.name, ordered, seed=seed, seconds=seconds, skew_s=skew_s)
        told += [replace(one, at_s=one.at_s + late_s) for one in heard]
    return asyncio.run(hub_after(site, sorted(told, key=lambda one: one.at_s)))


def listened(
    site: Site, sensor: str, acts: tuple[Episode, ...], *, seed: int, seconds: float, skew_s: float
) -> list[Told]:
    """What one sensor sends while it hears some acts."""
    air = SimulatedSource(site, sensor, seed=seed, epoch=EPOCH, acts=acts, duration_s=seconds, boot="boot")
    source, profile = Skewed(air, skew_s=skew_s), default_profile()
    with tempfile.TemporaryDirectory() as folder, Outbox(Path(folder) / "outbox.sqlite", sensor=sensor) as outbox:
        courier = Noting(outbox, source, sensor)
        Sensor(
            name=sensor,
            source=source,
            pipeline=Pipeline(profile=profile, plan=band_plan(site.country), day=EPOCH.date()),
            outbox=outbox,
            courier=courier,
            clock=source.clock,
            profile=profile,
        ).run(threading.Event())
        return courier.told


class Hands:
    """The hands of a hub's clock."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now


async def hub_after(site: Site, told: Sequence[Told]) -> list[dict[str, Any]]:
    """The alerts of a hub that was sent all this, each at its time, and was swept each second."""
    hands = Hands()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.toml"
        file.write_bytes(dump_site(site))
        tokens = {place.name: TOKEN for place in site.sensors}
        settings = Settings(site=file, data_dir=Path(folder), port=0, sensor_tokens=tokens)
        app = create_app(settings, clock=hands)
        try:
            return await alerts_after(app, hands, told)
        finally:
            app.state.hub.database.close()


async def alerts_after(app: FastAPI, hands: Hands, told: Sequence[Told]) -> list[dict[str, Any]]:
    """Send everything at its time; list the alerts some time after the last word."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        swept_s = 0.0
        for one in told:
            while swept_s + SWEEP_S <= one.at_s:
                swept_s += SWEEP_S
                at(app, hands, swept_s)
            hands.now = EPOCH + timedelta(seconds=one.at_s)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            sent = await client.post(f"/api/v1/sensors/{one.sensor}/batches", content=one.body, headers=headers)
            sent.raise_for_status()
        for _ in range(REST_S):
            swept_s += SWEEP_S
            at(app, hands, swept_s)
        listed = await client.get("/api/v1/alerts")
        listed.raise_for_status()
        items: list[dict[str, Any]] = listed.json()["items"]
        return items


def at(app: FastAPI, hands: Hands, second_s: float) -> None:
    """Sweep the hub at a second."""
    hands.now = EPOCH + timedelta(seconds=second_s)
    sweep(app.state.hub)
