"""The one stateful thing of the detection core: blocks in, bursts and detections out.

The pipeline cuts a gapless run of samples into segments at fixed places, gives each to the searches, and holds the
emissions that they report against the profile. A gap or a new tuning ends the run: state is reset, samples are never
spliced. Since the cuts do not depend on the blocks, any chunking of a recording gives the same result.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import numpy as np

from detector import emissions, noise, rivalry, spectra
from detector.bands import BandPlan, channel_of, ranges
from detector.emissions import Judged
from detector.gsm import search as gsm_search
from detector.lte import search as lte_search
from detector.profile import Profile
from detector.search import Context, Search
from detector.types import (
    EMPTY_OUTPUT,
    Burst,
    Candidate,
    Channel,
    Detection,
    Emission,
    Event,
    EventKind,
    Finding,
    FloatArray,
    Iq,
    IqBlock,
    Output,
    Segment,
    Technology,
    Tuning,
)

__all__ = ["HOP_S", "LEAD_S", "SEARCHES", "Pipeline"]

HOP_S: Final = 0.24
"""New samples of a segment: 52 TDMA frames, two 26-frame multiframes, or 24 LTE radio frames."""

LEAD_S: Final = 0.012
"""Old samples before them: more than the longest burst (a preamble of format 3 takes 3 ms) and a frame."""

SEARCHES: Final[Mapping[Technology, Search[Any]]] = {Technology.GSM: gsm_search, Technology.LTE: lte_search}

SHADOW: Final = Technology.GSM
CASTER: Final = Technology.LTE
"""Bursts of the first that known phones of the second cover are no bursts of their own; see :mod:`detector.rivalry`."""

SHADOW_S: Final = 2.5
"""How far back a search may tell bursts of what it proves late."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A gapless stretch of one tuning."""

    tuning: Tuning
    first: int
    n_bins: int
    hop: int
    lead: int
    states: dict[Technology, Any]
    buffer: Iq
    filled: int = 0
    at: int = 0
    stop: int = 0
    floor: FloatArray | None = None
    judged: dict[tuple[Technology, int], Judged] = field(default_factory=dict)
    covered: rivalry.Covered = field(default_factory=rivalry.Covered)
    tallies: dict[int, rivalry.Tally] = field(default_factory=dict)


class Pipeline:
    """Searches a stream of blocks for phones.

    Parameters
    ----------
    profile
        Every threshold.
    plan
        The uplinks in use here; energy outside them is never a phone.
    day
        Which entries of the plan are active; None for all.
    searches
        By technology; all that there are if left out.

    Examples
    --------
    >>> pipeline = Pipeline(profile=profile, plan=plan)      # doctest: +SKIP
    >>> for block in source:                                 # doctest: +SKIP
    ...     for detection in pipeline.push(block).detections:
    ...         print(detection)
    >>> rest = pipeline.flush()                              # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        profile: Profile,
        plan: BandPlan,
        day: date | None = None,
        searches: Mapping[Technology, Search[Any]] = SEARCHES,
    ) -> None:
        self._profile = profile
        self._hash = profile.hash
        self._plan = plan
        self._day = day
        self._searches = searches
        self._run: Run | None = None
        self._emissions = 0

    @property
    def noise_floor_dbfs(self) -> float | None:
        """Learned noise power over the whole received band [dB below full scale]; None while nothing was learned."""
        if self._run is None or self._run.floor is None:
            return None
        return float(10 * np.log10(self._run.floor.sum()))

    @property
    def noise_steps(self) -> float | None:
        """Learned noise in steps of the converter (rms of either part); None while not learned, or without steps."""
        if self._run is None or self._run.floor is None or not self._run.tuning.quantum:
            return None
        return steps_of(self._run.floor, self._run.tuning.quantum)

    def push(self, block: IqBlock) -> Output:
        """Read one block; gives what became known with it.

        A block that does not begin where the one before it ended, or is of another tuning, ends the run.

        Raises
        ------
        ValueError
            If the block lies before what was already read of the same tuning.
        """
        run = self._run
        out = []
        if run is not None and (block.fresh or block.tuning != run.tuning or block.start != run.stop):
            if block.start < run.stop:
                raise ValueError(f"block.start={block.start} lies before {run.stop}, which was already read")
            out.append(self.flush())
            if (missing := block.start - block.left_out - run.stop) > 0:
                detail = f"{missing} samples are missing"
                out.append(Output(events=(Event(kind=EventKind.GAP, start=run.stop, stop=block.start, detail=detail),)))
            run = None
        if run is None:
            run = self._run = self._begin(block)
        out += self._fill(run, block.samples)
        return merged(out)

    def flush(self) -> Output:
        """End the run: gives all that was still held back. The next block begins a new run."""
        run, self._run = self._run, None
        if run is None or run.stop - run.first < self._profile.levels.shortest_steps * run.n_bins:
            return EMPTY_OUTPUT
        return self._search(run, final=True)

    def _begin(self, block: IqBlock) -> Run:
        rate = block.tuning.sample_rate_hz
        n_bins = spectra.transform_size(rate)
        hop = round(HOP_S * rate / n_bins) * n_bins
        lead = int(np.ceil(LEAD_S * rate / n_bins)) * n_bins
        states = {
            technology: search.begin(
                Context(
                    tuning=block.tuning,
                    first=block.start,
                    ranges=ranges(self._plan, technology, block.tuning, self._day),
                    n_bins=n_bins,
                    lead=lead,
                    profile=self._profile,
                )
            )
            for technology, search in self._searches.items()
        }
        return Run(
            tuning=block.tuning,
            first=block.start,
            n_bins=n_bins,
            hop=hop,
            lead=lead,
            states=states,
            buffer=np.empty(hop + n_bins, np.complex64),
            at=block.start,
            stop=block.start,
        )

    def _fill(self, run: Run, samples: Iq) -> Iterator[Output]:
        done = 0
        while done < samples.size:
            # A full segment waits for one more step, so that the last one of a run is never without one.
            if run.filled == run.buffer.size:
                yield self._search(run, final=False)
                self._advance(run)
            taken = samples[done : done + run.buffer.size - run.filled]
            run.buffer[run.filled : run.filled + taken.size] = taken
            run.filled += taken.size
            run.stop += taken.size
            done += taken.size

    @staticmethod
    def _advance(run: Run) -> None:
        """Begin the next segment behind the last samples of this one."""
        cut = run.filled - run.n_bins
        lead = min(run.lead, cut)
        buffer = np.empty(lead + run.hop + run.n_bins, np.complex64)
        buffer[: lead + run.n_bins] = run.buffer[cut - lead : run.filled]
        run.buffer, run.filled, run.at = buffer, lead + run.n_bins, run.at + run.hop

    def _search(self, run: Run, *, final: bool) -> Output:
        segment = self._segment(run, stop=run.stop if final else run.at + run.hop, final=final)
        out = [Output(events=(*self._overload(segment), *self._drowned(segment)))]
        findings: dict[Technology, Finding] = {}
        for technology, search in self._searches.items():
            run.states[technology], findings[technology] = search.step(run.states[technology], segment)
        told: dict[Technology, Output] = {
            one: self._judge(run, one, findings[one], now=segment.stop) for one in findings if one != SHADOW
        }
        if SHADOW in findings:
            told[SHADOW] = self._judge(run, SHADOW, self._unshadowed(run, findings), now=segment.stop)
        out += [told[technology] for technology in findings]
        forgotten = segment.stop - self._profile.levels.forget_s * run.tuning.sample_rate_hz
        run.judged = {key: memory for key, memory in run.judged.items() if memory.seen >= forgotten}
        run.tallies = {key: tally for key, tally in run.tallies.items() if (SHADOW, key) in run.judged}
        return merged(out)

    def _unshadowed(self, run: Run, findings: Mapping[Technology, Finding]) -> Finding:
        """What the search of narrow bursts found, without what known phones of the wide-band technology cover."""
        wide = findings.get(CASTER, Finding())
        sure = [burst for burst in wide.bursts if self._known(run, burst)]
        since = run.at - round(SHADOW_S * run.tuning.sample_rate_hz)
        run.covered = rivalry.with_more(run.covered, sure, since=since)
        levels = self._profile.levels
        run.tallies = rivalry.tallied(run.tallies, findings[SHADOW], run.covered, levels.shadow_cover)
        return rivalry.doubted(findings[SHADOW], run.tallies, levels.shadow_share)

    @staticmethod
    def _known(run: Run, burst: Burst) -> bool:
        """Whether a burst of the wide-band technology is of an emission that was told as a phone."""
        return burst.emission is not None and run.judged[CASTER, burst.emission].parts > 0

    def _segment(self, run: Run, *, stop: int, final: bool) -> Segment:
        begin = run.stop - run.filled
        iq = run.buffer[: stop - begin]
        new = iq[run.at - begin :]
        power = spectra.power_map(new, run.n_bins)
        levels = self._profile.levels
        fresh = noise.floor_of(power, quantile=levels.floor_quantile)
        run.floor = noise.follow(run.floor, fresh, rise=levels.floor_rise, fall=levels.floor_fall)
        first = run.at == run.first
        return Segment(
            tuning=run.tuning,
            start=run.at,
            stop=stop,
            iq=iq,
            iq_start=begin,
            power=power,
            step=run.n_bins,
            floor=run.floor,
            own_start=run.first if first else run.at - run.lead // 2,
            own_stop=stop if final else stop - run.lead // 2,
            clipped=clipped_samples(new, run.tuning.limit),
            first=first,
            final=final,
        )

    def _overload(self, segment: Segment) -> Iterator[Event]:
        share = segment.clipped / max(1, segment.stop - segment.start)
        if share >= self._profile.levels.overload_share:
            detail = f"{share:.1%} of the samples stood at the converter's limit: lower the gain"
            yield Event(kind=EventKind.OVERLOAD, start=segment.start, stop=segment.stop, detail=detail)

    def _drowned(self, segment: Segment) -> Iterator[Event]:
        quantum, least = segment.tuning.quantum, self._profile.receiver.least_noise_steps
        if quantum and (steps := steps_of(segment.floor, quantum)) < least:
            detail = f"the noise is {steps:.2f} steps of the converter, below {least:g}: raise the gain"
            yield Event(kind=EventKind.DROWNED, start=segment.start, stop=segment.stop, detail=detail)

    def _judge(self, run: Run, technology: Technology, finding: Finding, *, now: int) -> Output:
        detections: list[Detection] = []
        candidates: list[Candidate] = []
        for emission in finding.emissions:
            memory, detection, candidate = emissions.judge(
                emission,
                self._memory(run, technology, emission.key),
                now=now,
                sample_rate_hz=run.tuning.sample_rate_hz,
                levels=self._profile.levels,
                channel=self._channel(run.tuning, emission),
                profile=self._hash,
            )
            run.judged[technology, emission.key] = memory
            detections += [detection] if detection else []
            candidates += [candidate] if candidate else []
        bursts = [self._numbered(run, technology, burst) for burst in finding.bursts]
        return Output(
            bursts=tuple(bursts), detections=tuple(detections), candidates=tuple(candidates), events=finding.events
        )

    def _memory(self, run: Run, technology: Technology, key: int) -> Judged:
        memory = run.judged.get((technology, key))
        if memory is None:
            self._emissions += 1
            memory = run.judged[technology, key] = Judged(emission=self._emissions, seen=run.stop)
        return memory

    def _numbered(self, run: Run, technology: Technology, burst: Burst) -> Burst:
        """The burst with its emission's number in place of the search's own key."""
        if burst.emission is None:
            return burst
        return replace(burst, emission=self._memory(run, technology, burst.emission).emission)

    def _channel(self, tuning: Tuning, emission: Emission) -> Channel | None:
        if tuning.centre_hz is None:
            return None
        middle = tuning.centre_hz + (emission.freq_lower_hz + emission.freq_upper_hz) / 2
        return channel_of(self._plan, emission.technology, middle, self._day)


def clipped_samples(iq: Iq, limit: float) -> int:
    """How many samples of an array stand at or beyond the converter's limit in either part."""
    parts = iq.view(np.float32)
    if not parts.size or (parts.max() < limit and parts.min() > -limit):
        return 0
    return int(np.count_nonzero((np.abs(parts).reshape(-1, 2) >= limit).any(axis=1)))


def steps_of(floor: FloatArray, quantum: float) -> float:
    """Noise in steps of the converter, rms of either part; by the median bin, which lines and the DC offset leave alone."""
    return float(np.sqrt(np.median(floor) * floor.size / 2)) / quantum


def merged(outputs: Iterable[Output]) -> Output:
    """Several outputs as one, in their order."""
    outs = list(outputs)
    if not outs:
        return EMPTY_OUTPUT
    return Output(
        bursts=tuple(burst for out in outs for burst in out.bursts),
        detections=tuple(detection for out in outs for detection in out.detections),
        candidates=tuple(candidate for out in outs for candidate in out.candidates),
        events=tuple(event for out in outs for event in out.events),
    )
