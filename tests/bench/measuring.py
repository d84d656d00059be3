"""What the benchmarks share: seeded air in eight bits, the segments that the pipeline makes of it, and costs as ratios.

A cost is processor time over that of one bare transform, ``scipy.fft.fft(x.reshape(-1, 256))``, of as many samples, the
least of some rounds: what else the machine does then, and how fast it is, hardly count. Nothing here judges a cost.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import scipy.fft

from detector.gsm.standard import FRAME_S, TRAINING
from detector.pipeline import Pipeline
from detector.search import Context
from detector.types import Finding, Iq, IqBlock, Segment, Technology, Tuning
from sdr.defaults import band_plan, default_profile
from sdr.samples import FORMATS, to_iq
from sdr.synthetic.acts import Act
from sdr.synthetic.gsm_phone import GsmRadio, Sector, call_frames, normal_burst
from sdr.synthetic.lte_phone import LteRadio, transmissions
from sdr.synthetic.lte_waveform import LteCarrier
from sdr.synthetic.transmission import Transmission
from tests.prove.air import add, converted, noise

__all__ = [
    "CENTRE_HZ",
    "CU8",
    "SCENES",
    "Cut",
    "Scene",
    "bare_s",
    "blocks_of_bytes",
    "cut",
    "least_s",
    "make_air",
    "print_costs",
    "push_all",
]

CENTRE_HZ: Final = 897e6
NOISE_STEPS: Final = 2.5
SNR_DB: Final = 15.0
BLOCK_SAMPLES: Final = 1 << 17
CU8: Final = FORMATS["cu8"]
BARE_SAMPLES: Final = 2_400_000
"""One second of an RTL-SDR's samples, which the bare transform takes at once."""

PULSES_DB: Final = 4.0

Work = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Air of one kind: who speaks in it, and whether wide-band energy comes and goes with the milliseconds."""

    calls: int = 0
    uploads: int = 0
    pulses: bool = False


SCENES: Final[Mapping[str, Scene]] = {
    "nobody": Scene(),
    "four GSM calls": Scene(calls=4),
    "an LTE upload": Scene(uploads=1),
    "energy each ms": Scene(pulses=True),
}


def make_air(scene: Scene, *, seconds: float, rate_hz: float, rng: np.random.Generator) -> Iq:
    """The air of a scene as an 8-bit receiver gives it, shape (seconds * rate_hz,)."""
    air = noise(seconds, rms=NOISE_STEPS, rng=rng, rate_hz=rate_hz)
    sent = [one for number in range(scene.calls) for one in gsm_call(number, seconds, rng)]
    sent += [one for _ in range(scene.uploads) for one in lte_upload(seconds, rng)]
    add(air, sent, centre_hz=CENTRE_HZ, noise_power=NOISE_STEPS**2, snr_db=SNR_DB, rate_hz=rate_hz)
    if scene.pulses:
        step = round(rate_hz * 1e-3)
        loud = np.repeat(rng.random(air.size // step + 1) < 0.5, step)[: air.size]
        air *= np.where(loud, np.float32(10 ** (PULSES_DB / 20)), np.float32(1.0))
    return converted(air)


def gsm_call(number: int, seconds: float, rng: np.random.Generator) -> list[Transmission]:
    """A call on every other ARFCN and in every other slot."""
    sector = Sector(
        arfcn=32 + 2 * number, hopping=(), offset=0, training_sequence=number % len(TRAINING), origin_s=1e-3
    )
    radio = GsmRadio(sector=sector, signalling=0, slot=2 * number % 8, error_hz=0.0)
    stop = int(seconds / FRAME_S) - 2
    frames = call_frames(radio.slot, 0, stop, np.ones(stop, np.bool_))
    return [normal_burst(radio, frame, slot=radio.slot, level_db=0.0, rng=rng) for frame in frames]


def lte_upload(seconds: float, rng: np.random.Generator) -> list[Transmission]:
    """A phone that registers and sends without a pause."""
    carrier = LteCarrier(earfcn=21450, centre_hz=CENTRE_HZ, blocks=6, cell=30, root=129)
    radio = LteRadio(carrier=carrier, origin_s=0.0, error_hz=0.0)
    return list(transmissions(radio, Act.UPLOAD, start_s=0.01, stop_s=seconds - 0.01, rng=rng))


@dataclass(slots=True, kw_only=True)
class Cut:
    """What the pipeline gave to a search: the context of its run, and every segment."""

    samples: Iq
    context: Context
    segments: list[Segment] = field(default_factory=list)

    @property
    def count(self) -> int:
        """New samples of all segments."""
        return sum(segment.stop - segment.start for segment in self.segments)


class Recorder:
    """A search that finds nothing and keeps what it is given."""

    def __init__(self) -> None:
        self.context: Context | None = None
        self.segments: list[Segment] = []

    def begin(self, context: Context) -> None:
        """Keep the context."""
        self.context = context

    def step(self, _state: None, segment: Segment) -> tuple[None, Finding]:
        """Keep the segment."""
        self.segments.append(segment)
        return None, Finding()


def cut(samples: Iq, *, rate_hz: float, technology: Technology) -> Cut:
    """The segments that the production pipeline gives to a technology's search."""
    recorder = Recorder()
    push_all(blocks_of(samples), rate_hz=rate_hz, searches={technology: recorder})
    assert recorder.context is not None
    return Cut(samples=samples, context=recorder.context, segments=recorder.segments)


def push_all(blocks: Iterable[Iq], *, rate_hz: float, searches: Mapping[Technology, Any]) -> None:
    """Let a pipeline read blocks of samples, one behind the other."""
    pipeline = Pipeline(profile=default_profile(), plan=band_plan(), searches=searches)
    tuning = Tuning(sample_rate_hz=rate_hz, centre_hz=CENTRE_HZ, limit=1.0)
    start = 0
    for block in blocks:
        pipeline.push(IqBlock(tuning=tuning, start=start, samples=block))
        start += block.size
    pipeline.flush()


def blocks_of(samples: Iq) -> Iterator[Iq]:
    """Samples in blocks."""
    for start in range(0, samples.size, BLOCK_SAMPLES):
        yield samples[start : start + BLOCK_SAMPLES]


def blocks_of_bytes(data: bytes) -> Iterator[Iq]:
    """The same from the bytes of an RTL-SDR, which are converted block by block."""
    size = BLOCK_SAMPLES * CU8.sample_bytes
    for start in range(0, len(data), size):
        yield to_iq(data[start : start + size], CU8)


def least_s(work: Work, rounds: int) -> float:
    """Least processor time of several rounds [s]."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def bare_s(samples: Iq, rounds: int) -> float:
    """Processor time of the bare transform [s a sample]."""
    rows = samples[: min(samples.size, BARE_SAMPLES) // 256 * 256].reshape(-1, 256)
    return least_s(lambda: scipy.fft.fft(rows), 4 * rounds) / rows.size


def print_costs(title: str, works: Iterable[tuple[str, Work]], samples: Iq, *, count: int, rounds: int) -> None:
    """Print what each work costs for so many samples, over the bare transform and in nanoseconds a sample."""
    bare = bare_s(samples, rounds)
    sys.stdout.write(f"{title}; bare transform {1e9 * bare:.2f} ns a sample\n")
    for name, work in works:
        each = least_s(work, rounds) / count
        sys.stdout.write(f"{each / bare:9.2f}{1e9 * each:10.1f} ns  {name}\n")
        sys.stdout.flush()
