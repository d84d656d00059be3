"""The proof ``quiet-air``: where no phone speaks, next to nothing is found, whatever else the receiver suffers.

Each trial is ten seconds of made-up air on an uplink of GSM and LTE: noise around the quantiser's step, a line at zero,
spurs, carriers that come, go and drift, impulses, and steps of the gain.
"""

from typing import Final

import numpy as np

from detector.types import Iq, Label
from tests.prove.air import RATE_HZ, converted, hear, noise
from tests.prove.proof import Bound, Outcomes, Proof, Rate

__all__ = ["PROOF", "quiet_air"]

SECONDS: Final = 10.0
CENTRES_HZ: Final = (881.5e6, 897e6, 912.4e6, 1747.5e6)
QUANTISER_POWER: Final = 2 / 12
RMS_STEPS: Final = (0.3, 3.0)
DC_DB: Final = (5.0, 23.0)
SPURS: Final = 63
SPUR_DB: Final = (-10.0, 25.0)
CARRIERS: Final = 3
IMPULSES_A_SECOND: Final = 5.0
GAIN_S: Final = 10.0
GAIN_DB: Final = 4.5
BIN_HZ: Final = 10e3
"""Levels of lines are over the noise in one bin of such a width."""


def trial(seed: int) -> Outcomes:
    """Ten seconds of quiet air."""
    rng = np.random.default_rng(seed)
    found = hear(converted(quiet_air(SECONDS, rng=rng)), centre_hz=float(rng.choice(CENTRES_HZ)))
    hours = SECONDS / 3600
    emissions = {one.emission for one in found.detections}
    phones = [burst.label for burst in found.bursts if burst.label is not Label.UNKNOWN]
    return {
        "phones detected": Rate(len(emissions), hours),
        "bursts of phones": Rate(len(phones), hours),
        "preambles": Rate(phones.count(Label.LTE_PRACH), hours),
    }


def quiet_air(seconds: float, *, rng: np.random.Generator) -> Iq:
    """Air without phones as a receiver's converter gets it [steps]."""
    rms = float(np.exp(rng.uniform(*np.log(RMS_STEPS))))
    air = noise(seconds, rms=rms, rng=rng)
    add_impulses(air, rms=rms, rng=rng)
    density = np.sqrt((rms**2 + QUANTISER_POWER) * BIN_HZ / RATE_HZ)
    add_lines(air, density, rng=rng)
    for _ in range(rng.integers(CARRIERS + 1)):
        add_carrier(air, density, rng=rng)
    step_gain(air, rng=rng)
    return air


def add_impulses(air: Iq, *, rms: float, rng: np.random.Generator) -> None:
    """Clicks of 1 to 300 samples, as switches and motors make."""
    for at in rng.integers(0, air.size, rng.poisson(IMPULSES_A_SECOND * air.size / RATE_HZ)):
        click = air[at : at + int(np.exp(rng.uniform(0, np.log(300))))]
        click += click * np.float32(rng.uniform(3, 30)) + np.float32(rms)


def add_lines(air: Iq, density: float, *, rng: np.random.Generator) -> None:
    """The line at zero and the receiver's spurs; all repeat with a block of samples."""
    count = 1 << 15
    spectrum = np.zeros(count, np.complex64)
    spectrum[0] = density * 10 ** (rng.uniform(*DC_DB) / 20)
    at = rng.integers(0, count, rng.integers(SPURS + 1))
    spectrum[at] += density * 10 ** (rng.uniform(*SPUR_DB, at.size) / 20) * np.exp(2j * np.pi * rng.random(at.size))
    lines = np.fft.ifft(spectrum, norm="forward").astype(np.complex64)
    for start in range(0, air.size, count):
        air[start : start + count] += lines[: air.size - start]


def add_carrier(air: Iq, density: float, *, rng: np.random.Generator) -> None:
    """A carrier that comes and goes, drifts, and may be modulated by a voice's frequencies."""
    count = int(air.size * rng.uniform(0.1, 0.9))
    start = int(rng.uniform(0, air.size - count))
    drift_hz, swing_hz, tone_hz = rng.uniform(-2e3, 2e3), rng.choice([0.0, 2.5e3]), rng.uniform(200, 3000)
    amplitude = np.float32(density * 10 ** (rng.uniform(0, 40) / 20))
    time_s = np.arange(count) / RATE_HZ
    cycles = (rng.uniform(-0.5, 0.5) * RATE_HZ + drift_hz / 2 / SECONDS * time_s) * time_s
    if swing_hz:
        cycles += swing_hz / tone_hz * np.sin(2 * np.pi * tone_hz * time_s)
    cycles -= np.rint(cycles)
    air[start : start + count] += amplitude * np.exp(np.complex64(2j * np.pi) * cycles.astype(np.float32))


def step_gain(air: Iq, *, rng: np.random.Generator) -> None:
    """Steps of the gain at random times, the whole air with them."""
    for start in rng.integers(0, air.size, rng.poisson(air.size / RATE_HZ / GAIN_S)):
        air[start:] *= np.float32(10 ** (rng.uniform(-GAIN_DB, GAIN_DB) / 20))


PROOF: Final = Proof(
    name="quiet-air",
    claim="Where no phone speaks, no phone is detected, and fewer than 72 bursts an hour are taken for one's.",
    count=360,
    few=12,
    trial=trial,
    bounds=(
        Bound(about="phones detected", at_most=0.0),
        Bound(about="bursts of phones", at_most=72.0),
        Bound(about="preambles", at_most=0.0),
    ),
)
