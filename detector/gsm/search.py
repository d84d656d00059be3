"""The GSM search: segments in, bursts and emissions out.

The gate measures the energy of every carrier in every cell of the frame; what stands out there, alone or folded, is
proved by the known sequences; what was proved is a track, whose frames are judged one by one. Past seconds are kept so
that what is proved late is still told from its beginning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.base import beacon, raised
from detector.gsm.correlate import Correlator
from detector.gsm.doubt import believed, bursty
from detector.gsm.emitter import Emitter, emission_of, heard, home_of_access, home_of_track, opened
from detector.gsm.gate import CELLS, Energy, Gate, frame_energy, make_gate, read
from detector.gsm.lanes import Lane, Place, clean, folded_lanes, single_lanes, single_places
from detector.gsm.past import Past, contrast, empty_past, explained, grown, snr_of
from detector.gsm.proof import Proof, log10_tail, prove, screen
from detector.gsm.reel import Reel, wound
from detector.gsm.standard import ACCESS_BITS, NORMAL_BITS, RASTER_HZ, TRAINING_START
from detector.gsm.tools import Tools, make_tools
from detector.gsm.track import STRONG_EVIDENCE, Measured, Track, chosen, follow, measure
from detector.search import Context
from detector.types import Burst, Finding, FloatArray, Label, Segment

__all__ = ["GsmState", "begin", "step"]

KEEP_SEGMENTS: Final = 8
KEEP_FRAMES: Final = 416
"""1.9 s: eight 51-frame cycles, four 104-frame cycles."""

NEAREST_SYMBOLS: Final = 110.0
"""Two tracks of one carrier lie no nearer; their bursts would overlap."""

DOUBTFUL_CONTRAST: Final = 1.5
"""Below it, the rest of the frame is looked at before a new place is believed."""

CONTINUOUS_PLACES: Final = 4
"""Other places of the frame with training sequences from which a faint carrier counts as a base station's."""

CONTINUOUS_S: Final = 1.0
"""How long a continuous carrier is left alone before it is looked at again."""

ENERGETIC: Final = 2.0
"""Evidence of its energy from which a frame's training sequence counts for its emission."""

FEW_SINGLES: Final = 2
MOST_SINGLES: Final = 16
MOST_PLACES: Final = 4
ACCESS_EVIDENCE: Final = 14.0
MOST_WINDOWS: Final = 48
FOLDED_LANES: Final = 2
LEAST_SNR: Final = 1e-2

BITS: Final = {Label.GSM_NB: NORMAL_BITS, Label.GSM_AB: ACCESS_BITS}

CHECK_FRAMES: Final = 208
"""How often base stations are looked for: about once a second."""

CLEAR_LOG10_P: Final = -15.0
"""A proof from which the receiver's frequency error is known."""

SINGLE_REST_SEGMENTS: Final = 1
FOLDED_REST_SEGMENTS: Final = 2
"""For how many segments a place rests that proved nothing."""

TRIALS: Final = 1e4
"""Hypotheses among which a track was found."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A place that proved nothing and is not looked at before a frame."""

    channel: int
    cell: int
    until: int

    def holds(self, lane: Lane) -> bool:
        """Whether a lane is this place."""
        apart = abs(lane.cell - self.cell)
        return lane.channel == self.channel and min(apart, CELLS - apart) <= 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GsmState:
    """What the GSM search carries from one segment to the next.

    Parameters
    ----------
    tools
        None where no uplink is heard.
    keys
        How many emitters there were.
    continuous
        Carriers that are left alone, and until which sample.
    failed
        Places that proved nothing lately.
    offset_hz
        The receiver's frequency error, once a clear proof told it.
    next_check
        Frame at which base stations are looked for again.
    """

    tools: Tools | None
    gate: Gate
    past: Past
    reel: Reel = field(default_factory=Reel)
    energies: tuple[Energy, ...] = ()
    tracks: tuple[Track, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    keys: int = 0
    continuous: tuple[tuple[int, int], ...] = ()
    failed: tuple[Failed, ...] = ()
    offset_hz: float | None = None
    next_check: int = 0


def begin(context: Context) -> GsmState:
    """State at the start of a run."""
    tools = make_tools(context)
    gate = make_gate(first=context.first, rate_hz=context.tuning.sample_rate_hz)
    return GsmState(tools=tools, gate=gate, past=empty_past(tools.channels.carriers_hz.size if tools else 0))


def step(state: GsmState, segment: Segment) -> tuple[GsmState, Finding]:
    """Read one segment."""
    tools = state.tools
    if tools is None:
        return state, Finding()
    gate, energy, frames = read(state.gate, segment, tools.channels)
    measured = frame_energy(gate, energy, frames, tools.channels)
    normal, access = (clean(e, tools.channels.leak, tools.thresholds.leak_margin) for e in measured)
    state = replace(
        state,
        gate=gate,
        past=grown(state.past, measured[0], normal, keep=KEEP_FRAMES),
        reel=wound(state.reel, segment, keep=KEEP_SEGMENTS),
        energies=(*state.energies, energy)[-KEEP_SEGMENTS:],
    )
    return Round(state, tools, segment, frames, normal, access).run()


class Round:
    """One segment's work on a state that is replaced as findings come in; nothing outlives :meth:`run`."""

    def __init__(
        self, state: GsmState, tools: Tools, segment: Segment, frames: range, normal: FloatArray, access: FloatArray
    ) -> None:
        self.state, self.tools, self.segment, self.frames = state, tools, segment, frames
        self.normal, self.access = normal, access
        self.first_key = state.keys
        self.bursts: list[Burst] = []
        self.touched: set[int] = set()
        self.resting = {channel for channel, until in state.continuous if until > segment.start}
        self.quiet: set[int] = set()
        alive = tuple(failed for failed in state.failed if failed.until >= frames.stop)
        self.state = replace(state, failed=alive)

    def run(self) -> tuple[GsmState, Finding]:
        """Follow what is known, look for what is new, and tell."""
        tracks = tuple(self.followed(track) for track in self.state.tracks)
        self.state = replace(self.state, tracks=tracks)
        self.look_for_beacons()
        self.look_at(self.single(), SINGLE_REST_SEGMENTS)
        self.look_for_access()
        self.look_at(self.folded(), FOLDED_REST_SEGMENTS)
        return self.finish()

    # Known tracks

    def followed(self, track: Track) -> Track:
        gate, tools = self.state.gate, self.tools
        frames = np.arange(track.frame, self.frames.stop)
        begins = gate.begins(frames)
        whole = begins + track.phase + NORMAL_BITS * tools.symbol <= self.segment.stop
        if not whole.any():
            return track
        found = measure(
            track,
            frames[whole],
            begins[whole],
            reel=self.state.reel,
            energies=self.state.energies,
            channels=tools.channels,
            correlator=tools.fine,
        )
        if not found.frames.size:
            return replace(track, frame=int(frames[whole][-1]) + 1)
        hits = chosen(found, tools.fine.freedom, tools.thresholds)
        self.explain(track, found.frames[hits])
        self.tell(track, found, hits)
        return follow(track, found, hits)

    def explain(self, track: Track, frames: NDArray[np.int64]) -> None:
        """Blank what a track's bursts hold: of these frames, the one before, and the one to come."""
        place = track.phase / (self.state.gate.period / CELLS)
        coming = frames[-1:] + 1 if frames.size and frames[-1] == self.frames.stop - 1 else frames[:0]
        frames = np.concatenate([np.array(track.frames[-1:], np.int64), frames, coming])
        past = self.state.past
        for cells, first, n_bits in (
            (past.unexplained, past.first, NORMAL_BITS),
            (self.normal, self.frames.start, NORMAL_BITS),
            (self.access, self.frames.start, ACCESS_BITS),
        ):
            explained(cells, first, past, channel=track.channel, place=place, frames=frames, n_bits=n_bits)

    def tell(self, track: Track, found: Measured, hits: NDArray[np.bool_]) -> None:
        emitter = self.emitter(track.key)
        energetic = found.energy_evidence >= ENERGETIC
        said = emitter.said + float(found.central[energetic].sum())
        windows = emitter.windows + int(energetic.sum())
        log10_p = min(emitter.log10_p, log10_tail(windows, said, TRIALS)) if windows else emitter.log10_p
        self.put(replace(emitter, said=said, windows=windows, log10_p=log10_p))
        if not hits.any():
            return
        begins = found.begins + np.where(found.own >= STRONG_EVIDENCE, found.lag, 0.0)
        snrs = 10 * np.log10(np.maximum(found.rise, LEAST_SNR))
        detail = {"tsc": track.sequence, "slot_phase_symbols": round(track.phase / self.tools.symbol % 156.25, 2)}
        noise_dbfs = self.noise_dbfs(track.channel)
        bursts = [
            self.burst(Label.GSM_NB, track.key, track.channel, float(begins[i]), float(snrs[i]), noise_dbfs, detail)
            for i in np.flatnonzero(hits)
        ]
        self.add(track.key, track.channel, bursts)

    def burst(
        self,
        label: Label,
        key: int,
        channel: int,
        begin: float,
        snr_db: float,
        noise_dbfs: float,
        detail: Mapping[str, int | float | str],
    ) -> Burst:
        carrier = float(self.tools.channels.carriers_hz[channel])
        start, count = round(begin), round(BITS[label] * self.tools.symbol)
        return Burst(
            label=label,
            start=start,
            count=count,
            freq_lower_hz=carrier - RASTER_HZ / 2,
            freq_upper_hz=carrier + RASTER_HZ / 2,
            snr_db=snr_db,
            power_dbfs=snr_db + noise_dbfs,
            clipped=self.clipped(start, count),
            emission=key,
            detail=detail,
        )

    def clipped(self, start: int, count: int) -> bool:
        """Whether the converter stood at its end in a burst of this segment."""
        if not self.segment.clipped:
            return False
        begin = max(0, start - self.segment.iq_start)
        parts = self.segment.iq[begin : max(0, start + count - self.segment.iq_start)].view(np.float32)
        return bool(parts.size) and float(np.abs(parts).max()) >= self.segment.tuning.limit

    def noise_dbfs(self, channel: int) -> float:
        """Noise in 200 kHz."""
        density = float(self.segment.floor @ self.tools.channels.weights[:, channel])
        return float(10 * np.log10(density * RASTER_HZ * self.segment.step / self.tools.rate_hz))

    def add(self, key: int, channel: int, bursts: Sequence[Burst]) -> None:
        self.bursts += bursts
        self.touched.add(key)
        label = bursts[0].label
        self.put(
            heard(
                self.emitter(key),
                label,
                channel=channel,
                start=min(burst.start for burst in bursts),
                stop=max(burst.start + burst.count for burst in bursts),
                snrs_db=[burst.snr_db for burst in bursts],
                noise_dbfs=self.noise_dbfs(channel),
                clipped=any(burst.clipped for burst in bursts),
            )
        )

    def emitter(self, key: int) -> Emitter:
        return next(emitter for emitter in self.state.emitters if emitter.key == key)

    def put(self, emitter: Emitter) -> None:
        others = tuple(other for other in self.state.emitters if other.key != emitter.key)
        self.state = replace(self.state, emitters=(*others, emitter))

    # New places

    def look_for_beacons(self) -> None:
        """Once in a while, look for a base station; where one is heard, every carrier rests."""
        thresholds, past = self.tools.thresholds, self.state.past
        if self.frames.stop < self.state.next_check or not len(self.frames):
            return
        self.state = replace(self.state, next_check=self.frames.stop + CHECK_FRAMES)
        for channel in raised(self.segment.floor, self.tools.channels, thresholds):
            if beacon(
                channel,
                past.stop - 1,
                prove=self.proof_of,
                contrast=self.contrast,
                thresholds=thresholds,
            ):
                for other in range(self.tools.channels.carriers_hz.size):
                    self.rest(other)
                return

    def contrast(self, lane: Lane) -> float:
        return contrast(self.state.past, lane, self.tools.channels, self.tools.burst_steps)

    def single(self) -> Iterator[tuple[Lane, FloatArray]]:
        """Lanes of single bursts with their SNR, as far as nothing explains them when their turn comes."""
        threshold = self.tools.thresholds.single_sigma
        for lane in single_lanes(self.normal, self.frames, threshold):
            near = np.arange(lane.cell - 1, lane.cell + 2) % CELLS
            energy = self.normal[(lane.frames - self.frames.start)[:, None], near, lane.channel].max(axis=1)
            left = energy > threshold
            if left.sum() >= FEW_SINGLES or energy.max() > self.tools.thresholds.lone_sigma:
                loudest = np.sort(np.argsort(energy)[-min(MOST_SINGLES, int(left.sum())) :])
                yield (
                    replace(lane, pattern=lane.frames[loudest], frames=lane.frames[loudest]),
                    self.snr(energy[loudest], lane.channel, NORMAL_BITS),
                )

    def folded(self) -> Iterator[tuple[Lane, FloatArray]]:
        past = self.state.past
        for lane in folded_lanes(
            past.unexplained,
            past.usual,
            past.first,
            threshold=self.tools.thresholds.fold_sigma,
            per_pattern=FOLDED_LANES,
            most_frames=MOST_WINDOWS,
        ):
            held = past.energy[lane.frames - past.first, lane.cell, lane.channel]
            yield lane, self.snr(held, lane.channel, NORMAL_BITS)

    def snr(self, sigma: FloatArray, channel: int, n_bits: int) -> FloatArray:
        tools = self.tools
        return snr_of(
            sigma,
            channel,
            tools.channels,
            n_bits=n_bits,
            samples_a_step=tools.samples_a_step,
            rate_hz=tools.rate_hz,
        )

    def look_at(self, lanes: Iterable[tuple[Lane, FloatArray]], rest_segments: int) -> None:
        """Look at lanes, the best first; one that proves nothing is not looked at again for some segments."""
        for lane, snrs in islice(lanes, self.tools.thresholds.looks_a_segment):
            if lane.channel in self.resting or any(failed.holds(lane) for failed in self.state.failed):
                continue
            tracks = len(self.state.tracks)
            self.look(lane, snrs)
            if len(self.state.tracks) == tracks:
                until = self.frames.stop + rest_segments * len(self.frames)
                self.state = replace(self.state, failed=(*self.state.failed, Failed(lane.channel, lane.cell, until)))

    def look(self, lane: Lane, snrs: FloatArray) -> None:
        proof, thresholds = self.proof_of(lane), self.tools.thresholds
        if proof is None:
            return
        stands_out = self.contrast(lane)
        if not believed(proof, snrs, stands_out, thresholds):
            if proof.log10_p < thresholds.continuous_log10_p and not bursty(proof, stands_out, thresholds):
                self.rest(lane.channel)
            return
        if stands_out < DOUBTFUL_CONTRAST and lane.frames.size > FEW_SINGLES and self.continues(lane):
            self.rest(lane.channel)
            return
        centred = self.proof_of(lane, proof.lag)
        if centred is not None and centred.evidence > proof.evidence:
            proof = replace(centred, lag=centred.lag + proof.lag)
        self.welcome(lane, proof, float(10 * np.log10(max(float(np.median(snrs)), LEAST_SNR))))

    def proof_of(self, lane: Lane, later: float = 0.0) -> Proof | None:
        """What the training sequences say of a lane, or of a place some samples later."""
        tools, gate = self.tools, self.state.gate
        return prove(
            tools.training,
            self.state.reel,
            gate.begins(lane.frames) + lane.cell * gate.period / CELLS + later,
            first_bit=TRAINING_START,
            carrier_hz=float(tools.channels.carriers_hz[lane.channel]),
            shifts=self.shifts(tools.training, tools.training_shifts),
        )

    def shifts(self, correlator: Correlator, every: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frequency errors to try: all, or those about the one that is known."""
        if self.state.offset_hz is None:
            return every
        return round(self.state.offset_hz / correlator.bin_hz) + np.arange(-1, 2)

    def continues(self, lane: Lane) -> bool:
        """Whether training sequences fill the rest of the frame as well, or do not stand out there."""
        thresholds, proved = self.tools.thresholds, 0
        for cell in range(lane.cell + 3, lane.cell + CELLS - 2, 2):
            other = replace(lane, cell=cell % CELLS)
            proof = self.proof_of(other)
            if proof is None or proof.log10_p > thresholds.proof_log10_p:
                continue
            proved += 1
            sure = proof.log10_p <= thresholds.continuous_log10_p
            if proved >= CONTINUOUS_PLACES or (sure and not bursty(proof, self.contrast(other), thresholds)):
                return True
        return False

    def rest(self, channel: int) -> None:
        """Leave a continuous carrier alone, and take back what this segment made of it."""
        self.resting.add(channel)
        self.quiet.add(channel)
        fresh = {e.key for e in self.state.emitters if e.key >= self.first_key and channel in e.channels}
        self.bursts = [burst for burst in self.bursts if burst.emission not in fresh]
        self.state = replace(
            self.state,
            emitters=tuple(e for e in self.state.emitters if e.key not in fresh),
            tracks=tuple(track for track in self.state.tracks if track.key not in fresh),
        )

    def welcome(self, lane: Lane, proof: Proof, snr_db: float) -> None:
        """Make a track of a proof, and tell what it held in all the past that is kept."""
        period = self.state.gate.period
        phase = (lane.cell * period / CELLS + proof.lag) % period
        for other in self.state.tracks:
            apart = abs((other.phase - phase + period / 2) % period - period / 2)
            if other.channel == lane.channel and apart < NEAREST_SYMBOLS * self.tools.symbol:
                return
        if proof.log10_p < CLEAR_LOG10_P:
            self.state = replace(self.state, offset_hz=proof.offset_hz)
        key = self.state.keys
        track = Track(
            key=key,
            channel=lane.channel,
            sequence=proof.sequence,
            phase=phase,
            offset_hz=proof.offset_hz,
            frame=self.state.past.first,
        )
        home = home_of_track(
            track,
            lane.frames,
            snr_db,
            emitters=self.state.emitters,
            tracks=self.state.tracks,
            rate_hz=self.tools.rate_hz,
            period=period,
            thresholds=self.tools.thresholds,
        )
        if home is None:
            self.state = replace(self.state, keys=key + 1)
            self.put(opened(key, lane.channel, proof))
        else:
            track = replace(track, key=home.key)
            self.put(replace(home, log10_p=min(home.log10_p, proof.log10_p)))
        track = self.followed(track)
        self.state = replace(self.state, tracks=(*self.state.tracks, track))

    def look_for_access(self) -> None:
        tools = self.tools
        most = MOST_PLACES * tools.thresholds.looks_a_segment
        places = [
            place
            for place in single_places(self.access, tools.thresholds.access_sigma, most)
            if place.channel not in self.resting
        ]
        if not places:
            return
        carriers = tools.channels.carriers_hz[[place.channel for place in places]]
        shifts = self.shifts(tools.access, tools.access_shifts)
        said = screen(tools.access, self.state.reel, self.begins(places), carriers, shifts)
        for place, top in zip(places, said, strict=True):
            if place.sigma > tools.thresholds.lone_sigma or top > ACCESS_EVIDENCE:
                self.look_for_access_at(place)

    def begins(self, places: Sequence[Place]) -> NDArray[np.float64]:
        """Where bursts begin that begin with their cells."""
        gate = self.state.gate
        rows = np.array([self.frames.start + place.row for place in places])
        cells = np.array([place.cell for place in places])
        return gate.begins(rows) + cells * (gate.period / CELLS)

    def look_for_access_at(self, place: Place) -> None:
        tools, channel = self.tools, place.channel
        begins = self.begins([place])
        rare = place.sigma > tools.thresholds.lone_sigma
        proof = prove(
            tools.rare if rare else tools.access,
            self.state.reel,
            begins,
            first_bit=0,
            carrier_hz=float(tools.channels.carriers_hz[channel]),
            shifts=self.shifts(tools.rare if rare else tools.access, tools.access_shifts),
        )
        snrs = self.snr(np.array([place.sigma], np.float32), channel, ACCESS_BITS)
        if proof is None or not believed(proof, snrs, float(snrs[0]), tools.thresholds):
            return
        snr_db = float(10 * np.log10(snrs[0]))
        home = home_of_access(self.state.emitters, channel, snr_db, tools.thresholds)
        if home is None:
            home = opened(self.state.keys, channel, proof)
            self.state = replace(self.state, keys=home.key + 1)
        self.put(replace(home, log10_p=min(home.log10_p, proof.log10_p)))
        detail: Mapping[str, int | float | str] = {"sequence": proof.sequence}
        self.add(
            home.key,
            channel,
            [
                self.burst(
                    Label.GSM_AB,
                    home.key,
                    channel,
                    float(begins[0]) + proof.lag,
                    snr_db,
                    self.noise_dbfs(channel),
                    detail,
                )
            ],
        )

    # The end of a segment

    def finish(self) -> tuple[GsmState, Finding]:
        state, tools, segment = self.state, self.tools, self.segment
        gone = segment.stop - tools.thresholds.gone_s * tools.rate_hz
        over = {e.key for e in state.emitters if segment.final or e.stop < gone}
        told = [e for e in state.emitters if e.bursts and (e.key in over or e.key in self.touched)]
        emissions = tuple(
            emission_of(
                emitter,
                state.tracks,
                channels=tools.channels,
                rate_hz=tools.rate_hz,
                thresholds=tools.thresholds,
                ended=emitter.key in over,
            )
            for emitter in sorted(told, key=lambda e: e.key)
        )
        until = segment.stop + round(CONTINUOUS_S * tools.rate_hz)
        continuous = [(c, u) for c, u in state.continuous if c in self.resting - self.quiet]
        state = replace(
            state,
            emitters=tuple(e for e in state.emitters if e.key not in over),
            tracks=tuple(track for track in state.tracks if track.key not in over),
            continuous=(*continuous, *((c, until) for c in sorted(self.quiet))),
        )
        bursts = tuple(sorted(self.bursts, key=lambda burst: (burst.start, burst.freq_lower_hz)))
        return state, Finding(bursts=bursts, emissions=emissions)
