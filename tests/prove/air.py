"""Air for proofs: noise, transmissions at a stated SNR, what spoils a receiver, and the 8-bit converter behind it.

Levels count in steps of the converter, noise of one step rms having a power of one in both parts together. What is made
here is heard by the production pipeline with the default profile and every band; nothing here judges what it found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np

from detector.bands import BandPlan
from detector.pipeline import Pipeline, merged
from detector.profile import Profile
from detector.types import FloatArray, Iq, IqBlock, Output, Tuning
from sdr.defaults import band_plan, default_profile
from sdr.samples import FORMATS, to_iq
from sdr.synthetic.transmission import Span, Transmission

__all__ = ["RATE_HZ", "add", "converted", "hear", "heard", "noise"]

RATE_HZ: Final = 2.4e6
BLOCK_SAMPLES: Final = 1 << 17
FORMAT: Final = FORMATS["cu8"]
MIDDLE: Final = -0.13
"""Of real converters, from the middle of their range [steps]: bytes average 127.37."""

MARGIN_S: Final = 20e-6
QUANTISER_POWER: Final = 2 / 12
NOISE_STEPS: Final = (1.0, 3.0)


def heard(
    sent: Sequence[Transmission],
    *,
    seconds: float,
    snr_db: float,
    centre_hz: float,
    rng: np.random.Generator,
    roots: Iterable[int] = (),
) -> Output:
    """What the production pipeline finds in air that holds some transmissions, the receiver's noise, and nothing else.

    Parameters
    ----------
    sent
        All of one strength, whatever their ``level_db``; times count from the beginning of the air.
    snr_db
        Of each over the noise in its own band, that of the converter counted in.
    roots
        Of LTE preambles, that the site's profile knows.
    """
    rms = rng.uniform(*NOISE_STEPS)
    air = noise(seconds, rms=rms, rng=rng)
    add(air, sent, centre_hz=centre_hz, noise_power=rms**2 + QUANTISER_POWER, snr_db=snr_db)
    return hear(converted(air), centre_hz=centre_hz, roots=roots)


def noise(seconds: float, *, rms: float, rng: np.random.Generator, rate_hz: float = RATE_HZ) -> Iq:
    """White noise [steps], shape (seconds * rate_hz,)."""
    parts = rng.standard_normal(2 * round(seconds * rate_hz), np.float32)
    parts *= np.float32(rms / np.sqrt(2))
    return parts.view(np.complex64)


def add(
    air: Iq,
    sent: Iterable[Transmission],
    *,
    centre_hz: float,
    noise_power: float,
    snr_db: float,
    rate_hz: float = RATE_HZ,
) -> None:
    """Add transmissions, all of one strength over the noise in their own bands.

    Parameters
    ----------
    air
        Shape (n,), its first sample at the time 0 of the transmissions, which lie within it.
    noise_power
        Of the whole received band [steps squared].
    """
    for one in sent:
        first = max(0, int((one.start_s - MARGIN_S) * rate_hz))
        last = min(air.size, int((one.start_s + one.duration_s + MARGIN_S) * rate_hz))
        span = Span(
            first_s=first / rate_hz - one.start_s,
            count=last - first,
            sample_rate_hz=rate_hz,
            offset_hz=one.carrier_hz - centre_hz,
        )
        share = (one.upper_hz - one.lower_hz) / rate_hz
        amplitude = np.sqrt(noise_power * share * 10 ** (snr_db / 10))
        air[first:last] += np.float32(amplitude) * one.waveform.render(span)


def converted(air: Iq) -> Iq:
    """What an 8-bit receiver makes of levels in steps, full scale at 1."""
    parts: FloatArray = air.view(np.float32) + np.float32(FORMAT.offset + MIDDLE)
    np.clip(np.rint(parts, out=parts), 0, 255, out=parts)
    return to_iq(parts.astype(np.uint8).tobytes(), FORMAT)


def hear(samples: Iq, *, centre_hz: float, roots: Iterable[int] = ()) -> Output:
    """All that the production pipeline finds, where the site's profile knows some roots of LTE preambles."""
    known = replace(profile(), lte=replace(profile().lte, site_roots=tuple(roots)))
    pipeline = Pipeline(profile=known, plan=plan())
    tuning = Tuning(sample_rate_hz=RATE_HZ, centre_hz=centre_hz, limit=FORMAT.limit)
    starts: Sequence[int] = range(0, samples.size, BLOCK_SAMPLES)
    blocks = [IqBlock(tuning=tuning, start=start, samples=samples[start : start + BLOCK_SAMPLES]) for start in starts]
    return merged([*map(pipeline.push, blocks), pipeline.flush()])


@cache
def profile() -> Profile:
    """The default profile, read once."""
    return default_profile()


@cache
def plan() -> BandPlan:
    """All bands, read once."""
    return band_plan()
