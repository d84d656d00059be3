"""What one sensor hears of the simulated air: the timetable's transmissions, scaled, mixed and converted to bytes.

Each transmission is rendered when the first block that it touches is made, on the sensor's own sample grid, and added
only where it lies. Transmissions far below the noise, or outside the band, are left out.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import ceil, floor, log10
from typing import Final

import numpy as np

from detector.lte.standard import RESOURCE_BLOCK_HZ, SUBCARRIER_HZ
from detector.site import SensorPlace, Site
from detector.types import Iq, Tuning
from sdr.synthetic import gsm_phone, lte_phone
from sdr.synthetic.gsm_phone import GsmRadio
from sdr.synthetic.population import populate
from sdr.synthetic.propagation import Building, Channel, channel, loss_db, shadowing_db
from sdr.synthetic.receiver import BLOCK_SAMPLES, Bytes, Receiver, background, converted, steps
from sdr.synthetic.streams import Use, stream
from sdr.synthetic.timetable import Episode, episodes
from sdr.synthetic.tones import period_of
from sdr.synthetic.transmission import Span, Transmission

__all__ = ["Heard", "Reception", "receive"]

INAUDIBLE_DB: Final = -18.0
"""Weaker than this in its own bandwidth, a transmission is left out."""

RAMP_S: Final = 1e-3
"""Longer than any ramp."""

HEADROOM_DB: Final = 11.0
"""How far fading and levels may lift a transmission over its phone's nominal power, bandwidth for bandwidth."""

NEVER_S: Final = 1e9
"""Later than any source lasts."""

LATE_S: Final = 1.0
"""The last transmission of an episode ends sooner than this after it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """A transmission as it reaches the converter.

    Parameters
    ----------
    episode
        Number of its episode.
    first
        Sample that ``iq`` begins at; negative where it began before the source was opened.
    iq
        Shape (n,), in steps of the converter.
    lower_hz, upper_hz
        Edges as offsets from the centre of the tuning.
    snr_db
        Over the noise in its own bandwidth, in the middle of the band.
    """

    episode: int
    transmission: Transmission
    first: int
    iq: Iq
    lower_hz: float
    upper_hz: float
    snr_db: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """From the phone of an episode to the sensor: the mean level of its nominal power at the antenna, and the fading."""

    episode: int
    level_dbm: float
    fading: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Where, from when on and how one sensor listens.

    Parameters
    ----------
    opened_s
        When sample 0 is taken, seconds since the epoch.
    acts
        What is sent in place of the seed's own timetable, in the order of starts; after the last there is silence.

    Raises
    ------
    ValueError
        If the sample rate is not a multiple of LTE's 15 kHz, or the opening lies before the epoch.
    """

    site: Site
    sensor: SensorPlace
    seed: int
    tuning: Tuning
    receiver: Receiver
    opened_s: float = 0.0
    building: Building = field(default_factory=Building)
    acts: tuple[Episode, ...] | None = None

    def __post_init__(self) -> None:
        period_of(self.tuning.sample_rate_hz, SUBCARRIER_HZ)
        if self.opened_s < 0:
            raise ValueError(f"opened_s={self.opened_s} lies before the epoch")


def receive(reception: Reception) -> Iterator[tuple[Bytes, tuple[Heard, ...]]]:
    """Blocks of ``BLOCK_SAMPLES`` samples as bytes, without end, each with the transmissions that begin in it."""
    rate = reception.tuning.sample_rate_hz
    quiet = background(reception.receiver, reception.sensor, sample_rate_hz=rate, seed=reception.seed)
    coming = heard(reception)
    first, ahead = next(coming)
    sounding: list[Heard] = []
    for index in count():
        start, fresh = index * BLOCK_SAMPLES, []
        while first < start + BLOCK_SAMPLES:
            fresh += [] if ahead is None else [ahead]
            first, ahead = next(coming)
        sounding = [one for one in sounding + fresh if one.first + one.iq.size > start]
        analogue = quiet.block(index)
        mix(analogue.view(np.complex64), sounding, start)
        yield converted(analogue), tuple(fresh)


def mix(block: Iq, sounding: list[Heard], start: int) -> None:
    """Add to a block what of the transmissions lies in it."""
    for one in sounding:
        skip = max(0, start - one.first)
        at = max(0, one.first - start)
        piece = one.iq[skip : skip + block.size - at]
        block[at : at + piece.size] += piece


def heard(reception: Reception) -> Iterator[tuple[int, Heard | None]]:
    """What reaches the converter from the opening on, each behind its first sample; None for what nobody hears here."""
    rate = reception.tuning.sample_rate_hz
    for start_s, link, sent in on_air(reception):
        one = None if link is None or sent is None else arriving(reception, link, sent)
        yield (floor((start_s - reception.opened_s) * rate) if one is None else one.first), one


def on_air(reception: Reception) -> Iterator[tuple[float, Link | None, Transmission | None]]:
    """Transmissions of the audible episodes that end after the opening, in the order of starts, ramps counted in.

    The beginning of each episode is told too, without a transmission: a sensor that hears nothing comes on all the same.
    """
    silence_dbm = reception.receiver.density_dbm_hz() + 10 * log10(RESOURCE_BLOCK_HZ) + INAUDIBLE_DB
    waiting: list[tuple[float, int, Link, Transmission, Iterator[Transmission]]] = []

    def wait(link: Link, rest: Iterator[Transmission]) -> None:
        if (sent := next(rest, None)) is not None:
            heapq.heappush(waiting, (sent.start_s - sent.waveform.ramp_s, link.episode, link, sent, rest))

    def sent_before(end_s: float) -> Iterator[tuple[float, Link | None, Transmission | None]]:
        while waiting and waiting[0][0] < end_s:
            start_s, _, link, sent, rest = heapq.heappop(waiting)
            yield start_s, link, sent
            wait(link, rest)

    for episode in timetable(reception):
        yield from sent_before(episode.start_s - RAMP_S)
        yield episode.start_s - RAMP_S, None, None
        if episode.stop_s + LATE_S < reception.opened_s:
            continue
        link = link_of(reception, episode)
        if link.level_dbm + HEADROOM_DB > silence_dbm:
            wait(link, transmissions(episode, seed=reception.seed))
    yield from sent_before(NEVER_S)
    yield NEVER_S, None, None


def timetable(reception: Reception) -> Iterator[Episode]:
    """Who speaks when, as far as this sensor is told it."""
    if reception.acts is not None:
        return iter(reception.acts)
    return episodes(populate(reception.site, seed=reception.seed), seed=reception.seed)


def transmissions(episode: Episode, *, seed: int) -> Iterator[Transmission]:
    """All that a phone sends in one episode; the same for every sensor."""
    radio, rng = episode.phone.radio, stream(seed, Use.PAYLOAD, episode.number)
    if isinstance(radio, GsmRadio):
        return gsm_phone.transmissions(radio, episode.act, start_s=episode.start_s, stop_s=episode.stop_s, rng=rng)
    return lte_phone.transmissions(radio, episode.act, start_s=episode.start_s, stop_s=episode.stop_s, rng=rng)


def link_of(reception: Reception, episode: Episode) -> Link:
    """How an episode reaches the sensor."""
    phone, sensor, building, seed = episode.phone, reception.sensor, reception.building, reception.seed
    lost_db = loss_db(phone, sensor, building) + shadowing_db(phone.cell, sensor, building, seed=seed)
    fading = channel(episode.number, sensor, seed=seed)
    return Link(episode=episode.number, level_dbm=phone.power_dbm - lost_db, fading=fading)


def arriving(reception: Reception, link: Link, sent: Transmission) -> Heard | None:
    """A transmission on the sensor's own samples; None if nothing of it is heard."""
    rate = reception.tuning.sample_rate_hz
    centre_hz = (reception.tuning.centre_hz or 0.0) + reception.receiver.error_hz
    offset_hz = sent.carrier_hz - centre_hz
    lower_hz, upper_hz = offset_hz + sent.lower_hz, offset_hz + sent.upper_hz
    start_s, ramp_s = sent.start_s - reception.opened_s, sent.waveform.ramp_s
    first, stop = ceil((start_s - ramp_s) * rate), ceil((start_s + sent.duration_s + ramp_s) * rate)
    fading = link.fading.gain(sent.start_s, offset_hz)
    level_dbm = link.level_dbm + sent.level_db + 20 * log10(abs(fading))
    snr_db = level_dbm - reception.receiver.density_dbm_hz() - 10 * log10(sent.upper_hz - sent.lower_hz)
    if stop <= 0 or lower_hz >= rate / 2 or upper_hz <= -rate / 2 or snr_db < INAUDIBLE_DB:
        return None
    span = Span(first_s=first / rate - start_s, count=stop - first, sample_rate_hz=rate, offset_hz=offset_hz)
    amplitude = steps(level_dbm - reception.receiver.full_scale_dbm(rate)) * np.complex64(fading / abs(fading))
    return Heard(
        episode=link.episode,
        transmission=sent,
        first=first,
        iq=sent.waveform.render(span) * amplitude,
        lower_hz=lower_hz,
        upper_hz=upper_hz,
        snr_db=snr_db,
    )
