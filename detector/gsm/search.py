"""The GSM search: segments in, bursts and emissions out.

The gate measures the energy of every carrier in every cell of the frame; what stands out there, alone or folded, is
proved by the known sequences; what was proved is a track, whose frames are judged one by one. Past seconds are kept so
that what is proved late is still told from its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.channels import Channels, make_channels
from detector.gsm.correlate import Correlator, evidence, make_correlator
from detector.gsm.gate import CELLS, Energy, Gate, frame_energy, make_gate, read
from detector.gsm.lanes import Lane, clean, folded_lanes, single_lanes
from detector.gsm.proof import Proof, log10_tail, prove, shifts_for, sight
from detector.gsm.reel import Reel, wound
from detector.gsm.standard import (
    ACCESS_BITS,
    ACCESS_EXTENDED_TAIL,
    ACCESS_SYNC,
    NORMAL_BITS,
    RASTER_HZ,
    SYMBOL_S,
    TRAINING,
    TRAINING_START,
)
from detector.gsm.thresholds import GsmThresholds
from detector.gsm.track import Measured, Track, follow, measure
from detector.search import Context
from detector.types import Activity, Burst, Emission, Finding, FloatArray, Label, Segment, Technology

__all__ = ["GsmState", "begin", "step"]

KEEP: Final = 8
REACH_SYMBOLS: Final = 40.0
FINE_REACH_SYMBOLS: Final = 3.0
BLIND_CENTRE_HZ: Final = 900e6
COARSE_STEP: Final = 2
PAST_FRAMES: Final = 52
NEAREST_SYMBOLS: Final = 110.0
CONTINUOUS_S: Final = 1.0
QUIET_QUANTILE: Final = 0.1
CONTRAST_ERROR: Final = 0.4
CONTRAST_BIAS: Final = 0.05
MOST_SAID: Final = 5.0
DOUBTFUL_CONTRAST: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tools:
    """What is made once a run."""

    channels: Channels
    training: Correlator
    fine: Correlator
    access: Correlator
    training_shifts: NDArray[np.int64]
    access_shifts: NDArray[np.int64]
    thresholds: GsmThresholds
    rate_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An emission so far."""

    key: int
    kinds: frozenset[Label]
    channel: int
    start: int
    stop: int
    bursts: int
    snrs: tuple[float, ...]
    log10_p: float
    sequence: int
    coherence: float
    rival: float
    clipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GsmState:
    """What the GSM search carries from one segment to the next."""

    tools: Tools | None
    gate: Gate
    reel: Reel = field(default_factory=Reel)
    energies: tuple[Energy, ...] = ()
    past: FloatArray = field(default_factory=lambda: np.empty((0, CELLS, 0), np.float32))
    raw: FloatArray = field(default_factory=lambda: np.empty((0, CELLS, 0), np.float32))
    tracks: tuple[Track, ...] = ()
    heard: tuple[Heard, ...] = ()
    keys: int = 0
    continuous: tuple[tuple[int, int], ...] = ()


def begin(context: Context) -> GsmState:
    """State at the start of a run."""
    thresholds = context.profile.gsm
    rate = context.tuning.sample_rate_hz
    centre = context.tuning.centre_hz or BLIND_CENTRE_HZ
    error = thresholds.frequency_error_ppm * 1e-6 * centre
    channels = make_channels(
        context,
        frequency_error_hz=error,
        splatter=10 ** (thresholds.splatter_db / 10),
        image=10 ** (thresholds.image_db / 10),
    )
    gate = make_gate(first=context.first, rate_hz=rate)
    if not channels.carriers_hz.size:
        return GsmState(tools=None, gate=gate)
    access = np.hstack([np.tile(ACCESS_EXTENDED_TAIL, (len(ACCESS_SYNC), 1)), ACCESS_SYNC])
    training = make_correlator(TRAINING, rate_hz=rate, reach_symbols=REACH_SYMBOLS)
    access_bank = make_correlator(access, rate_hz=rate, reach_symbols=REACH_SYMBOLS)
    tools = Tools(
        channels=channels,
        training=training,
        fine=make_correlator(TRAINING, rate_hz=rate, reach_symbols=FINE_REACH_SYMBOLS),
        access=access_bank,
        training_shifts=shifts_for(training, error, COARSE_STEP),
        access_shifts=shifts_for(access_bank, error, 1),
        thresholds=thresholds,
        rate_hz=rate,
    )
    empty = np.empty((0, CELLS, channels.carriers_hz.size), np.float32)
    return GsmState(tools=tools, gate=gate, past=empty, raw=empty)


def step(state: GsmState, segment: Segment) -> tuple[GsmState, Finding]:
    """Read one segment."""
    tools = state.tools
    if tools is None:
        return state, Finding()
    gate, energy, frames = read(state.gate, segment, tools.channels)
    reel = wound(state.reel, segment, keep=KEEP)
    normal, access = frame_energy(gate, energy, frames, tools.channels)
    plain = normal
    normal = clean(normal, tools.channels.leak, tools.thresholds.leak_margin)
    access = clean(access, tools.channels.leak, tools.thresholds.leak_margin)
    state = replace(
        state,
        gate=gate,
        reel=reel,
        energies=(*state.energies, energy)[-KEEP:],
    )
    past = np.concatenate([state.past, normal])[-KEEP * PAST_FRAMES :]
    raw = np.concatenate([state.raw, plain])[-KEEP * PAST_FRAMES :]
    work = Work(
        state=state,
        tools=tools,
        segment=segment,
        frames=frames,
        past=past,
        raw=raw,
        past_first=frames.stop - len(past),
        access=access.copy(),
        first_key=state.keys,
        continuous={channel for channel, until in state.continuous if until > segment.start},
    )
    work.follow_tracks()
    work.search_single()
    work.search_access()
    work.search_folds()
    return work.finish()


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """One segment's work."""

    state: GsmState
    tools: Tools
    segment: Segment
    frames: range
    past: FloatArray
    raw: FloatArray
    past_first: int
    access: FloatArray
    bursts: list[Burst] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    continuous: set[int] = field(default_factory=set)
    first_key: int = 0

    def follow_tracks(self) -> None:
        tracks = tuple(self.followed(track) for track in self.state.tracks)
        self.state = replace(self.state, tracks=tracks)

    def followed(self, track: Track) -> Track:
        gate = self.state.gate
        frames = np.arange(track.frame, self.frames.stop)
        begins = gate.begins(frames)
        whole = begins + track.phase + NORMAL_BITS * SYMBOL_S * self.tools.rate_hz <= self.segment.stop
        frames, begins = frames[whole], begins[whole]
        if not frames.size:
            return track
        found = measure(
            track,
            frames,
            begins,
            reel=self.state.reel,
            energies=self.state.energies,
            channels=self.tools.channels,
            correlator=self.tools.fine,
        )
        chosen = self.chosen(found)
        self.mask(track, found.frames[chosen])
        self.paint(track, found, chosen)
        return follow(track, found, chosen, int(frames[-1]) + 1)

    def chosen(self, found: Measured) -> NDArray[np.bool_]:
        t = self.tools.thresholds
        said = np.maximum(found.own, found.best)
        together = np.minimum(found.energy_evidence, 20.0) + said
        promised = (self.tools.fine.freedom - 1) * np.log1p(np.maximum(found.rise, 0.0))
        loud = found.rise > 1
        return (together >= t.paint_evidence) & (~loud | (said >= t.least_said * np.minimum(promised, 25.0)))

    def mask(self, track: Track, frames: NDArray[np.int64]) -> None:
        cell = round(track.phase / (self.state.gate.period / CELLS))
        first = self.past_first
        for begin in range(cell - 4, cell + 5):
            rows = frames + begin // CELLS - first
            rows = rows[(rows >= 0) & (rows < len(self.past))]
            self.past[rows, begin % CELLS, track.channel] = 0
            rows = rows + first - self.frames.start
            self.access[rows[rows >= 0], begin % CELLS, track.channel] = 0

    def paint(self, track: Track, found: Measured, chosen: NDArray[np.bool_]) -> None:
        if not chosen.any():
            return
        rate = self.tools.rate_hz
        at = found.begins + np.where(found.own >= 12, found.lag, 0.0)
        snrs = []
        for i in np.flatnonzero(chosen):
            snr = 10 * np.log10(max(float(found.rise[i]), 1e-2))
            snrs.append(snr)
            self.bursts.append(
                self.burst(
                    Label.GSM_NB, track.key, track.channel, float(at[i]), NORMAL_BITS, snr, {"tsc": int(track.sequence)}
                )
            )
        self.hear(track.key, Label.GSM_NB, int(at[chosen].min()), round(at[chosen].max() + NORMAL_BITS * SYMBOL_S * rate), snrs)

    def burst(self, label, key, channel, begin, n_bits, snr, detail) -> Burst:
        carrier = float(self.tools.channels.carriers_hz[channel])
        rate = self.tools.rate_hz
        noise = self.noise_power(channel)
        return Burst(
            label=label,
            start=round(begin),
            count=round(n_bits * SYMBOL_S * rate),
            freq_lower_hz=carrier - RASTER_HZ / 2,
            freq_upper_hz=carrier + RASTER_HZ / 2,
            snr_db=snr,
            power_dbfs=snr + noise,
            emission=key,
            detail=detail,
        )

    def noise_power(self, channel: int) -> float:
        floor = float(np.sum(self.segment.floor * self.tools.channels.weights[:, channel]))
        bins = RASTER_HZ / (self.tools.rate_hz / self.segment.step)
        return float(10 * np.log10(floor * bins))

    def hear(self, key: int, label: Label, start: int, stop: int, snrs: list[float]) -> None:
        heard = list(self.state.heard)
        for i, h in enumerate(heard):
            if h.key == key:
                heard[i] = replace(
                    h,
                    kinds=h.kinds | {label},
                    start=min(h.start, start),
                    stop=max(h.stop, stop),
                    bursts=h.bursts + len(snrs),
                    snrs=(*h.snrs, *snrs)[-500:],
                )
        self.touched.add(key)
        self.state = replace(self.state, heard=tuple(heard))

    def search_single(self) -> None:
        threshold = self.tools.thresholds.single_sigma
        fresh = self.past[self.frames.start - self.past_first :]
        for lane in single_lanes(fresh, self.frames, threshold):
            near = np.arange(lane.cell - 1, lane.cell + 2) % CELLS
            energy = fresh[(lane.frames - self.frames.start)[:, None], near, lane.channel].max(axis=1)
            open_ = energy > threshold
            if open_.any():
                self.look(replace(lane, frames=lane.frames[open_]), self.snr(lane.channel, float(np.median(energy[open_]))))

    def snr(self, channel: int, sigma: float, n_bits: int = NORMAL_BITS) -> float:
        """Power over the noise in 200 kHz of a burst whose energy stands so many deviations out."""
        steps = n_bits * SYMBOL_S * self.tools.rate_hz / self.segment.step
        channels = self.tools.channels
        return float(sigma * np.sqrt(channels.variance[channel] / steps) / channels.gain[channel])

    def search_folds(self) -> None:
        for lane in folded_lanes(self.past, self.past_first, self.tools.thresholds.fold_sigma):
            held = self.past[lane.frames - self.past_first, lane.cell, lane.channel]
            self.look(lane, self.snr(lane.channel, max(0.0, float(np.median(held)))))

    def look(self, lane: Lane, snr: float) -> None:
        tools, gate = self.tools, self.state.gate
        if lane.channel in self.continuous:
            return
        proof = self.proof_of(lane)
        if proof is None:
            return
        contrast = self.contrast(lane)
        if not self.believed(proof, snr, contrast):
            if proof.log10_p < tools.thresholds.continuous_log10_p and not self.bursty(proof, contrast):
                self.silence(lane.channel)
            return
        if contrast < DOUBTFUL_CONTRAST and lane.frames.size > 2 and self.lies_on_continuous(lane):
            self.silence(lane.channel)
            return
        phase = lane.cell * gate.period / CELLS + proof.lag
        oldest = self.past_first
        if phase < 0:
            phase += gate.period
        for track in self.state.tracks:
            apart = abs((track.phase - phase + gate.period / 2) % gate.period - gate.period / 2)
            if track.channel == lane.channel and apart < NEAREST_SYMBOLS * SYMBOL_S * tools.rate_hz:
                return
        key = self.state.keys
        track = Track(
            key=key, channel=lane.channel, sequence=proof.sequence, phase=phase, offset_hz=proof.offset_hz, frame=oldest
        )
        heard = self.opened(key, Label.GSM_NB, lane.channel, proof)
        self.state = replace(self.state, keys=key + 1, heard=(*self.state.heard, heard))
        track = self.followed(track)
        self.state = replace(self.state, tracks=(*self.state.tracks, track))

    def believed(self, proof: Proof, snr: float, contrast: float) -> bool:
        """Whether a proof holds against what the energy says.

        Parameters
        ----------
        snr
            Of the bursts over the learned floor, linear.
        contrast
            The same over the quietest places of the same frames: what a continuous carrier lacks.
        """
        t = self.tools.thresholds
        return (
            proof.log10_p <= t.proof_log10_p
            and proof.rival <= t.most_rival
            and proof.coherence >= t.least_coherence * snr / (1 + snr)
            and self.bursty(proof, contrast)
        )

    def bursty(self, proof: Proof, contrast: float) -> bool:
        """Whether what is coherent also stands out in time."""
        said = min(proof.coherence / (1 - proof.coherence), MOST_SAID)
        error = CONTRAST_BIAS + CONTRAST_ERROR / np.sqrt(proof.windows)
        return said <= self.tools.thresholds.most_said * (max(contrast, 0.0) + error)

    def lies_on_continuous(self, lane: Lane) -> bool:
        """Whether known sequences fill the rest of the frame as well, and do not stand out there."""
        for cell in range(lane.cell + 3, lane.cell + CELLS - 2, 2):
            other = replace(lane, cell=cell % CELLS)
            proof = self.proof_of(other)
            if (
                proof is not None
                and proof.log10_p < self.tools.thresholds.continuous_log10_p
                and not self.bursty(proof, self.contrast(other))
            ):
                return True
        return False

    def proof_of(self, lane: Lane) -> Proof | None:
        tools, gate = self.tools, self.state.gate
        return prove(
            tools.training,
            self.state.reel,
            gate.begins(lane.frames) + lane.cell * gate.period / CELLS,
            first_bit=TRAINING_START,
            carrier_hz=float(tools.channels.carriers_hz[lane.channel]),
            shifts=tools.training_shifts,
        )

    def silence(self, channel: int) -> None:
        """Leave a continuous carrier alone, and take back what this segment made of it."""
        self.continuous.add(channel)
        fresh = {h.key for h in self.state.heard if h.key >= self.first_key and h.channel == channel}
        self.bursts = [b for b in self.bursts if b.emission not in fresh]
        self.state = replace(
            self.state,
            heard=tuple(h for h in self.state.heard if h.key not in fresh),
            tracks=tuple(t for t in self.state.tracks if t.key not in fresh),
        )

    def contrast(self, lane: Lane) -> float:
        """Energy of a lane over the quietest cells of its frames, in bursts' SNR."""
        channels = self.tools.channels
        steps = NORMAL_BITS * SYMBOL_S * self.tools.rate_hz / self.segment.step
        unit = np.sqrt(channels.variance[lane.channel] / steps)
        cells = 1 + self.raw[lane.frames - self.past_first, :, lane.channel].mean(axis=0) * unit
        quiet = max(float(np.quantile(cells, QUIET_QUANTILE)), 1e-3)
        return float((cells[lane.cell] / quiet - 1) / channels.gain[lane.channel])

    def opened(self, key: int, label: Label, channel: int, proof: Proof) -> Heard:
        return Heard(
            key=key,
            kinds=frozenset(),
            channel=channel,
            start=self.segment.stop,
            stop=0,
            bursts=0,
            snrs=(),
            log10_p=proof.log10_p,
            sequence=proof.sequence,
            coherence=proof.coherence,
            rival=proof.rival,
        )

    def search_access(self) -> None:
        tools, gate = self.tools, self.state.gate
        hits = self.access > tools.thresholds.single_sigma
        for channel in np.flatnonzero(hits.any(axis=(0, 1))):
            if int(channel) in self.continuous:
                continue
            column = np.where(hits[:, :, channel], self.access[:, :, channel], 0.0).ravel()
            while column.max() > 0:
                at = int(column.argmax())
                frame, cell = divmod(at, CELLS)
                self.try_access(int(channel), self.frames.start + frame, cell, float(column[at]))
                column[max(0, at - 3) : at + 4] = 0

    def try_access(self, channel: int, frame: int, cell: int, sigma: float) -> None:
        tools, gate = self.tools, self.state.gate
        begin = gate.begins(frame) + cell * gate.period / CELLS
        proof = prove(
            tools.access,
            self.state.reel,
            np.array([begin]),
            first_bit=0,
            carrier_hz=float(tools.channels.carriers_hz[channel]),
            shifts=tools.access_shifts,
        )
        ratio = self.snr(channel, sigma, ACCESS_BITS)
        if proof is None or not self.believed(proof, ratio, ratio):
            return
        length = ACCESS_BITS * SYMBOL_S * tools.rate_hz
        snr = float(10 * np.log10(ratio))
        start = float(begin + proof.lag)
        key = self.access_key(channel, proof, snr)
        self.bursts.append(
            self.burst(Label.GSM_AB, key, channel, start, ACCESS_BITS, snr, {"sequence": proof.sequence})
        )
        self.hear(key, Label.GSM_AB, round(start), round(start + length), [snr])

    def access_key(self, channel: int, proof: Proof, snr: float) -> int:
        for h in self.state.heard:
            if h.channel == channel and h.bursts and abs(float(np.median(h.snrs)) - snr) < 6:
                better = replace(h, log10_p=min(h.log10_p, proof.log10_p))
                heard = tuple(better if other is h else other for other in self.state.heard)
                self.state = replace(self.state, heard=heard)
                return h.key
        key = self.state.keys
        heard = (*self.state.heard, self.opened(key, Label.GSM_AB, channel, proof))
        self.state = replace(self.state, keys=key + 1, heard=heard)
        return key

    def finish(self) -> tuple[GsmState, Finding]:
        state, tools = self.state, self.tools
        gone = tools.thresholds.gone_s * tools.rate_hz
        emissions, heard = [], []
        for h in state.heard:
            ended = self.segment.final or self.segment.stop - h.stop > gone
            if h.bursts and (ended or h.key in self.touched):
                emissions.append(self.emission(h, ended))
            if not ended:
                heard.append(h)
        alive = {h.key for h in heard}
        tracks = tuple(t for t in state.tracks if t.key in alive)
        bursts = tuple(sorted(self.bursts, key=lambda b: b.start))
        state = replace(state, heard=tuple(heard), tracks=tracks, past=self.past, raw=self.raw)
        until = self.segment.stop + round(CONTINUOUS_S * tools.rate_hz)
        known = [(c, u) for c, u in state.continuous if u > self.segment.stop]
        known += [(c, until) for c in self.continuous - {c for c, _ in known}]
        state = replace(state, continuous=tuple(known))
        return state, Finding(bursts=bursts, emissions=tuple(emissions))

    def emission(self, h: Heard, ended: bool) -> Emission:
        t = self.tools.thresholds
        carrier = float(self.tools.channels.carriers_hz[h.channel])
        snr = float(np.median(h.snrs))
        score = 1 / (1 + 10 ** ((h.log10_p + t.score_log10_p) * t.score_slope))
        return Emission(
            key=h.key,
            technology=Technology.GSM,
            kinds=tuple(sorted(h.kinds)),
            activity=Activity.UNKNOWN,
            start=h.start,
            stop=h.stop,
            freq_lower_hz=carrier - RASTER_HZ / 2,
            freq_upper_hz=carrier + RASTER_HZ / 2,
            bursts=h.bursts,
            snr_db=snr,
            power_dbfs=snr + self.noise_power(h.channel),
            score=float(score),
            parts={
                "log10_p": h.log10_p,
                "bursts": float(h.bursts),
                "coherence": h.coherence,
                "rival": h.rival,
                "sequence": float(h.sequence),
            },
            ended=ended,
        )
