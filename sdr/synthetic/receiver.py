"""The simulated receiver: its noise, its own lines, and its 8-bit converter.

White noise behind a filter that falls off towards the edges, a line at zero frequency, spurs, an oscillator that is a
little off, and bytes as a dongle gives them. Noise is the sum of two pieces of one long ring, taken at places drawn anew for
each block: as cheap as reading memory, and practically never the same twice.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.site import SensorPlace
from detector.types import FloatArray
from sdr.samples import FORMATS
from sdr.synthetic.streams import Use, stream
from sdr.synthetic.transmission import front_end_gain

__all__ = ["BLOCK_SAMPLES", "Background", "Bytes", "Receiver", "background", "converted", "receiver_of"]

BLOCK_SAMPLES: Final = 1 << 15
RING_SAMPLES: Final = 1 << 20
FORMAT: Final = FORMATS["cu8"]
QUANTISER_POWER: Final = 2 / 12
"""Of both parts, in steps squared."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One sensor's receiver.

    Parameters
    ----------
    floor_dbm_hz
        Noise density at the antenna. Far above thermal noise: near phones ask for little gain.
    noise_dbfs
        Its noise over the whole band, as the converter gets it.
    error_hz
        By how much it is tuned too high.
    dc_dbfs
        Level of the line at zero frequency.
    spurs
        Place in the band, as a share of the sample rate from -1/2 to 1/2, and level [dBFS] of each.
    """

    floor_dbm_hz: float
    noise_dbfs: float
    error_hz: float
    dc_dbfs: float
    spurs: tuple[tuple[float, float], ...]

    def full_scale_dbm(self, sample_rate_hz: float) -> float:
        """Level at the antenna that would be full scale."""
        return self.floor_dbm_hz + float(10 * np.log10(sample_rate_hz)) - self.noise_dbfs

    def density_dbm_hz(self) -> float:
        """Noise density at the antenna with the converter's own noise counted in."""
        noise = 10 ** (self.noise_dbfs / 10) * FORMAT.scale**2
        return self.floor_dbm_hz + float(10 * np.log10(1 + QUANTISER_POWER / noise))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """What a receiver gives when nobody speaks, in steps of its converter, parts interleaved.

    Parameters
    ----------
    ring
        Shape (2 * RING_SAMPLES,), noise of half the power.
    lines
        Shape (2 * BLOCK_SAMPLES,): the converter's middle and the lines, which all repeat with the blocks.
    """

    ring: FloatArray
    lines: FloatArray
    seed: int
    sensor: str

    def block(self, index: int) -> FloatArray:
        """The background of a block, shape (2 * BLOCK_SAMPLES,)."""
        length = self.lines.size
        one, other = stream(self.seed, Use.NOISE, self.sensor, index).integers(0, self.ring.size - length, 2)
        out = self.ring[one : one + length] + self.ring[other : other + length]
        out += self.lines
        return out


def receiver_of(sensor: SensorPlace, *, seed: int) -> Receiver:
    """The receiver of a sensor, with faults of its own."""
    rng = stream(seed, Use.RECEIVER, sensor.name)
    return Receiver(
        floor_dbm_hz=-140.0 + rng.normal(0, 1.0),
        noise_dbfs=-36.0 + rng.normal(0, 0.5),
        error_hz=rng.normal(0, 200.0),
        dc_dbfs=-45.0 + rng.normal(0, 2.0),
        spurs=tuple((rng.uniform(-0.5, 0.5), rng.uniform(-60.0, -48.0)) for _ in range(3)),
    )


def background(receiver: Receiver, sensor: SensorPlace, *, sample_rate_hz: float, seed: int) -> Background:
    """Draw a receiver's noise once and write down its lines."""
    rng = stream(seed, Use.RING, sensor.name)
    white = rng.standard_normal(2 * RING_SAMPLES, np.float32).view(np.complex64)
    shape = front_end_gain(-sample_rate_hz / 2, sample_rate_hz / RING_SAMPLES, RING_SAMPLES, sample_rate_hz)
    ring = scipy.fft.ifft(scipy.fft.fft(white) * np.fft.fftshift(shape)).view(np.float32)
    # Two pieces are added, and white noise of one step in either part has a power of two steps.
    ring *= steps(receiver.noise_dbfs) / 2
    return Background(ring=ring, lines=lines(receiver, rng), seed=seed, sensor=sensor.name)


def lines(receiver: Receiver, rng: np.random.Generator) -> FloatArray:
    """The converter's middle, the line at zero and the spurs over one block, with phases drawn anew."""
    time = np.arange(BLOCK_SAMPLES)
    out = np.full(BLOCK_SAMPLES, FORMAT.offset * (1 + 1j))
    for place, level_dbfs in ((0.0, receiver.dc_dbfs), *receiver.spurs):
        cycles = round(place * BLOCK_SAMPLES)
        out += steps(level_dbfs) * np.exp(2j * np.pi * (cycles * time / BLOCK_SAMPLES + rng.random()))
    return out.astype(np.complex64).view(np.float32)


def steps(level_dbfs: float) -> np.float32:
    """Magnitude, in steps of the converter, of a level relative to full scale."""
    return np.float32(FORMAT.scale * 10 ** (level_dbfs / 20))


def converted(analogue: FloatArray) -> Bytes:
    """What the converter makes of levels in steps; the levels are overwritten."""
    np.rint(analogue, out=analogue)
    np.clip(analogue, 0, 255, out=analogue)
    return analogue.astype(np.uint8)
