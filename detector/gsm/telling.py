"""What is told of known tracks: their bursts in each segment, and the emissions at its end.

A teller works on one segment and holds the state while findings come in. It looks for nothing new.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.emitter import Emitter, emission_of, heard
from detector.gsm.gate import CELLS
from detector.gsm.limits import left_out
from detector.gsm.past import explained, pause
from detector.gsm.proof import log10_tail
from detector.gsm.standard import ACCESS_BITS, NORMAL_BITS, RASTER_HZ
from detector.gsm.state import GsmState
from detector.gsm.tools import Tools
from detector.gsm.track import Measured, Track, chosen, follow, measure
from detector.types import Burst, Finding, FloatArray, Label, Segment

__all__ = ["Teller"]

TINY: Final = 1e-30

BITS: Final = {Label.GSM_NB: NORMAL_BITS, Label.GSM_AB: ACCESS_BITS}


class Teller:
    """One segment's work on a state that is replaced as findings come in; nothing outlives it."""

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
        self.vain = self.skipped = 0
        self.pauses: dict[int, float] = {}
        alive = tuple(failed for failed in state.failed if failed.until >= frames.stop)
        self.state = replace(state, failed=alive)

    def followed(self, track: Track) -> Track:
        """The track after this segment, its bursts told."""
        return self.told(track, *self.judged(track))

    def judged(self, track: Track) -> tuple[Measured | None, NDArray[np.bool_]]:
        """What the next frames of a track hold, None if there are none, and which of them hold a burst."""
        gate, tools = self.state.gate, self.tools
        frames = np.arange(track.frame, self.frames.stop)
        begins = gate.begins(frames)
        whole = begins + track.phase + NORMAL_BITS * tools.symbol <= self.segment.stop
        if not whole.any():
            return None, np.empty(0, np.bool_)
        found = measure(
            track,
            frames[whole],
            begins[whole],
            reel=self.state.reel,
            energies=self.state.energies,
            channels=tools.channels,
            correlator=tools.fine,
            access=tools.access,
            thresholds=tools.thresholds.frames,
        )
        if not found.frames.size:
            return None, np.empty(0, np.bool_)
        return found, chosen(found, tools.fine.freedom, tools.thresholds)

    def told(self, track: Track, found: Measured | None, hits: NDArray[np.bool_]) -> Track:
        """The track with the bursts among what was measured, and they are told."""
        if found is None:
            return track
        self.explain(track, found.frames[hits])
        self.tell(track, found, hits)
        return follow(track, found, hits, self.tools.thresholds.frames)

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
            explained(
                cells,
                first,
                past,
                channel=track.channel,
                place=place,
                frames=frames,
                n_bits=n_bits,
                spill_margin=self.tools.thresholds.spill_margin,
            )

    def tell(self, track: Track, found: Measured, hits: NDArray[np.bool_]) -> None:
        """Add what was measured to the track's emitter, and its bursts to the finding."""
        emitter = self.emitter(track.key)
        thresholds = self.tools.thresholds
        energetic = found.energy_evidence >= thresholds.frames.energetic_evidence
        said = emitter.said + float(found.fair[energetic].sum())
        windows = emitter.windows + int(energetic.sum())
        log10_p = (
            min(emitter.log10_p, log10_tail(windows, said, thresholds.track_trials)) if windows else emitter.log10_p
        )
        self.put(replace(emitter, said=said, windows=windows, log10_p=log10_p))
        if not hits.any():
            return
        begins = found.begins + np.where(found.own >= thresholds.frames.strong_evidence, found.lag, 0.0)
        snrs = self.over_pauses(found.inside, track.channel)
        detail = {"tsc": track.sequence, "slot_phase_symbols": round(track.phase / self.tools.symbol % 156.25, 2)}
        self.add(track.key, track.channel, Label.GSM_NB, begins[hits], snrs[hits], detail)

    def told_db(self, snrs: FloatArray) -> NDArray[np.float64]:
        """Linear SNRs as they are told."""
        least_db = self.tools.thresholds.least_snr_db
        return np.asarray(np.maximum(10 * np.log10(np.maximum(snrs, TINY)), least_db), np.float64)

    def clipped(self, start: int, count: int) -> bool:
        """Whether the converter stood at its end in a burst of this segment."""
        if not self.segment.clipped:
            return False
        begin = max(0, start - self.segment.iq_start)
        parts = self.segment.iq[begin : max(0, start + count - self.segment.iq_start)].view(np.float32)
        return bool(parts.size) and float(np.abs(parts).max()) >= self.segment.tuning.limit

    def pause(self, channel: int) -> float:
        """What a carrier holds in its pauses in this segment, over the learned floor."""
        if channel not in self.pauses:
            self.pauses[channel] = pause(self.state.energies[-1], channel, self.tools.channels)
        return self.pauses[channel]

    def over_pauses(self, rise: FloatArray, channel: int) -> FloatArray:
        """SNR over the carrier's pauses, linear, of bursts whose rise over the learned floor is known.

        A floor that bursts have raised has their shape, which takes from the weight of the bins in which they are strong.
        """
        weights, floor = self.tools.channels.weights[:, channel], self.segment.floor
        shaped = (weights**2 / floor).sum() / (weights / floor).sum() / (weights**2).sum()
        return np.asarray(
            ((1 + rise) / self.pause(channel) - 1) / (self.tools.channels.gain[channel] * shaped), np.float32
        )

    def noise_dbfs(self, channel: int) -> float:
        """Noise in 200 kHz, in the carrier's pauses, as it weighs on a burst's energy: lines of the receiver's own hardly do."""
        density = self.pause(channel) / float((self.tools.channels.weights[:, channel] / self.segment.floor).sum())
        return float(10 * np.log10(density * RASTER_HZ * self.segment.step / self.tools.rate_hz))

    def add(
        self,
        key: int,
        channel: int,
        label: Label,
        begins: NDArray[np.float64],
        snrs: FloatArray,
        detail: Mapping[str, int | float | str],
    ) -> None:
        """Give measured bursts on one carrier, and let their emitter know them.

        Parameters
        ----------
        begins, snrs
            Shape (n,): absolute samples at which they begin, and their SNR, linear.
        """
        carrier, noise_dbfs = float(self.tools.channels.carriers_hz[channel]), self.noise_dbfs(channel)
        starts, count = np.rint(begins).astype(np.int64).tolist(), round(BITS[label] * self.tools.symbol)
        snrs_db = self.told_db(snrs).tolist()
        clipped = [self.clipped(start, count) for start in starts]
        self.bursts += [
            Burst(
                label=label,
                start=start,
                count=count,
                freq_lower_hz=carrier - RASTER_HZ / 2,
                freq_upper_hz=carrier + RASTER_HZ / 2,
                snr_db=snr_db,
                power_dbfs=snr_db + noise_dbfs,
                clipped=at_end,
                emission=key,
                detail=detail,
            )
            for start, snr_db, at_end in zip(starts, snrs_db, clipped, strict=True)
        ]
        self.touched.add(key)
        self.put(
            heard(
                self.emitter(key),
                label,
                channel=channel,
                start=min(starts),
                stop=max(starts) + count,
                middle=sorted(starts)[len(starts) // 2],
                snrs_db=snrs_db,
                noise_dbfs=noise_dbfs,
                clipped=any(clipped),
                rate_hz=self.tools.rate_hz,
            )
        )

    def emitter(self, key: int) -> Emitter:
        """The emitter of a key."""
        return next(emitter for emitter in self.state.emitters if emitter.key == key)

    def put(self, emitter: Emitter) -> None:
        """Keep a new state of an emitter."""
        others = tuple(other for other in self.state.emitters if other.key != emitter.key)
        self.state = replace(self.state, emitters=(*others, emitter))

    def finish(self) -> tuple[GsmState, Finding]:
        """The next state, and all that this segment brought."""
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
        until = segment.stop + round(tools.thresholds.continuous_rest_s * tools.rate_hz)
        limited, events = left_out(state.limited, self.skipped, segment)
        continuous = [(c, u) for c, u in state.continuous if c in self.resting - self.quiet]
        state = replace(
            state,
            emitters=tuple(e for e in state.emitters if e.key not in over),
            tracks=tuple(track for track in state.tracks if track.key not in over),
            limited=limited,
            continuous=(*continuous, *((c, until) for c in sorted(self.quiet))),
        )
        bursts = tuple(sorted(self.bursts, key=lambda burst: (burst.start, burst.freq_lower_hz)))
        return state, Finding(bursts=bursts, emissions=emissions, events=events)
