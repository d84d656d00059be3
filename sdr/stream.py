"""The frames of one opening of a receiver as blocks: placed on the source's count, stamped, and judged.

Knows no process and waits for nothing. A block is given once it is known that no samples are missing before it, or how many;
a stream that comes at the wrong pace, or stands still, is a fault.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Final

from detector.types import Tuning
from sdr.frames import Frame
from sdr.gaps import Arrival, GapLimits, Judged, StreamWatch, judge
from sdr.receiver import Tuned
from sdr.samples import SampleFormat, clipped_samples, to_iq
from sdr.source import CapturedBlock
from sdr.timekeeping import Clocks

__all__ = ["BEGINNING", "FaultError", "Place", "Stream"]

RATE_WINDOW_S: Final = 5.0

FLAT_S: Final = 1.0
"""No receiver gives the same value for so long: its noise moves even the coarsest converter now and then."""

PLACING_TRANSFERS: Final = 5
"""The promptest of so many places an opening that is not the first on the count: any single one may come late."""


class FaultError(Exception):
    """The receiver failed; the message is one line that says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a source's count stands: its next sample, and when sample 0 was taken by the monotonic clock."""

    next: int
    zero_s: float | None


BEGINNING: Final = Place(next=0, zero_s=None)


class Stream:
    """The samples of one opening.

    Parameters
    ----------
    boot
        The opening of the source, which may hold several of these.
    place
        Where the source's count stood at the end of the one before; time that passed since then counts as missing.
    gain_db
        Tuner gain in use.
    rate_error_share
        Share by which the pace may be off over five seconds.
    """

    def __init__(
        self,
        *,
        boot: str,
        tuning: Tuning,
        format: SampleFormat,  # noqa: A002 - the word of everybody else
        gain_db: float | None,
        limits: GapLimits,
        rate_error_share: float,
        clocks: Clocks,
        place: Place = BEGINNING,
    ) -> None:
        self._boot = boot
        self._tuning = tuning
        self._format = format
        self._gain_db = gain_db
        self._rate_error_share = rate_error_share
        self._clocks = clocks
        self._place = place
        self._shift = 0
        self._watch = StreamWatch(sample_rate_hz=tuning.sample_rate_hz, limits=limits)
        self._held: deque[bytes | bytearray] = deque()
        self._first: list[Arrival] | None = []
        self._fresh = True
        self._begun_s: float | None = None
        self._tuned: Tuned | None = None
        self._left_out = 0
        self._paced: Arrival | None = None
        self._flat_s = 0.0

    @property
    def place(self) -> Place:
        """Where the source's count stands now."""
        return self._place

    def take(self, frame: Frame) -> Iterator[CapturedBlock]:
        """Take a frame of samples; gives the blocks of which it is now known what is missing before them.

        What is still held back when the stream ends is not known well enough to be given.

        Raises
        ------
        FaultError
            If the samples come too slowly or too fast, or stand still.
        """
        arrival = self._arrival(frame)
        self._held.append(frame.data)
        for one in self._placed(arrival):
            self._watch, judged = judge(self._watch, one)
            yield from self._blocks(judged)
        self._check_pace(arrival)
        self._check_life(frame.data, arrival.lasts_s)

    def tuning(self, begun_s: float) -> None:
        """Samples that were taken from this time on are of no use, until :meth:`tuned` says otherwise."""
        self._begun_s, self._tuned = begun_s, None

    def tuned(self, tuned: Tuned) -> None:
        """The receiver has tuned; what is taken once it has settled bears the new tuning and begins a run."""
        self._tuned = tuned

    def _arrival(self, frame: Frame) -> Arrival:
        lasts_s = len(frame.data) / self._format.sample_bytes / self._tuning.sample_rate_hz
        return Arrival(count=frame.count, time_s=frame.time_s, lasts_s=lasts_s)

    def _placed(self, arrival: Arrival) -> list[Arrival]:
        """The transfers that can be judged, since it is known where the first of them stands on the source's count."""
        if self._first is None:
            return [arrival]
        self._first.append(arrival)
        zero_s = self._place.zero_s
        if zero_s is not None:
            if len(self._first) < PLACING_TRANSFERS:
                return []
            self._place_first(self._first, zero_s)
        placed, self._first = self._first, None
        return placed

    def _place_first(self, arrivals: list[Arrival], zero_s: float) -> None:
        """Let the time since the last opening count as missing."""
        rate = self._tuning.sample_rate_hz
        by_clock = min(round((one.time_s - zero_s) * rate) - one.count for one in arrivals)
        first = arrivals[0].count - round(arrivals[0].lasts_s * rate)
        self._shift = max(by_clock, self._place.next - first)
        self._watch = replace(self._watch, missing=self._shift)

    def _blocks(self, judged: Iterable[Judged]) -> Iterator[CapturedBlock]:
        for one in judged:
            self._shift += one.missing
            data, size = self._held.popleft(), self._format.sample_bytes
            start = one.arrival.count - len(data) // size + self._shift
            for first, last in self._of_use(start, start + len(data) // size):
                yield self._block(data[(first - start) * size : (last - start) * size], first)

    def _of_use(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The pieces of some samples that are of use, each of one tuning, which is set by then."""
        if self._begun_s is None:
            yield start, stop
            return
        begun = min(stop, max(start, self._at(self._begun_s)))
        if start < begun:
            yield start, begun
        settled = stop if self._tuned is None else min(stop, max(begun, self._at(self._tuned.settled_s)))
        self._left_out += settled - begun
        if settled < stop and self._tuned is not None:
            self._tuning = replace(self._tuning, centre_hz=self._tuned.centre_hz)
            self._begun_s, self._tuned, self._fresh = None, None, True
            yield settled, stop

    def _at(self, time_s: float) -> int:
        """The sample that was taken at a time."""
        return ceil((time_s - self._watch.baseline_s) * self._tuning.sample_rate_hz)

    def _block(self, data: bytes | bytearray, start: int) -> CapturedBlock:
        samples = to_iq(data, self._format)
        zero_s = self._watch.baseline_s
        taken_s = zero_s + start / self._tuning.sample_rate_hz
        ago_s = self._clocks.monotonic() - taken_s
        block = CapturedBlock(
            tuning=self._tuning,
            start=start,
            samples=samples,
            fresh=self._fresh,
            left_out=self._left_out if self._fresh else 0,
            boot=self._boot,
            monotonic_s=taken_s,
            utc=self._clocks.utc() - timedelta(seconds=ago_s),
            utc_error_s=self._clocks.utc_error_s() + self._watch.limits.gap_s,
            gain_db=self._gain_db,
            clipped=clipped_samples(data, self._format),
        )
        if self._fresh:
            self._fresh, self._left_out = False, 0
        self._place = Place(next=block.stop, zero_s=zero_s)
        return block

    def _check_pace(self, arrival: Arrival) -> None:
        paced = self._paced = self._paced or arrival
        if arrival.time_s - paced.time_s < RATE_WINDOW_S:
            return
        self._paced = arrival
        rate_hz = (arrival.count - paced.count) / (arrival.time_s - paced.time_s)
        wanted_hz = self._tuning.sample_rate_hz
        if abs(rate_hz / wanted_hz - 1) > self._rate_error_share:
            raise FaultError(f"{rate_hz:,.0f} samples come in a second in place of {wanted_hz:,.0f}")

    def _check_life(self, data: bytes | bytearray, lasts_s: float) -> None:
        flat = data[: self._format.sample_bytes] * (len(data) // self._format.sample_bytes) == data
        self._flat_s = self._flat_s + lasts_s if flat else 0.0
        if self._flat_s >= FLAT_S:
            raise FaultError(f"the samples have stood still for {self._flat_s:.1f} s: the tuner is deaf")
