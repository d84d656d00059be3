"""Looking closely at places that the energy nominated: normal bursts alone, folded, and what is no phone.

Energy nominates, the training sequences prove, and both must agree before a place becomes a track.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.base import beacon, raised
from detector.gsm.correlate import Correlator
from detector.gsm.doubt import believed, bursty, stranger_log10_p
from detector.gsm.emitter import home_of_track, opened
from detector.gsm.gate import CELLS
from detector.gsm.image import is_image, is_product
from detector.gsm.lanes import Lane, energy_log10_p, folded_lanes, single_lanes
from detector.gsm.past import contrast, snr_of, unevenness
from detector.gsm.proof import Proof, prove, screen
from detector.gsm.standard import NORMAL_BITS, TRAINING_START
from detector.gsm.state import Failed
from detector.gsm.telling import Teller
from detector.gsm.track import Track
from detector.types import FloatArray

__all__ = ["Looker"]

NEAREST_SYMBOLS: Final = 110.0
"""Two tracks of one carrier lie no nearer; their bursts would overlap."""

CHECK_FRAMES: Final = 208
"""How often base stations are looked for: about once a second."""

MOST_SINGLES: Final = 16
"""How many of the single bursts of a lane are looked at."""

MOST_COUNTED: Final = 24
"""Of what is left out, so many are counted."""

FOLDED_LANES: Final = 2
LAST_FOLDED_LANES: Final = 6
MOST_WINDOWS: Final = 48
"""Lanes of each folding pattern that are looked at, in a segment and in a run's last, and the loudest of their frames."""


class Looker(Teller):
    """A teller that looks for new tracks."""

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
                uneven=self.uneven,
                thresholds=thresholds,
            ):
                for other in range(self.tools.channels.carriers_hz.size):
                    self.rest(other)
                return

    def contrast(self, lane: Lane) -> float:
        """How far a lane stands out of the quiet places of its frames, as an SNR."""
        return contrast(self.state.past, lane, self.tools.channels, self.tools.burst_steps)

    def uneven(self, lane: Lane) -> bool:
        """Whether the slots of a lane's frames differ in power: a beacon's never do (TS 45.008, clause 7.1)."""
        loudest = unevenness(self.state.past, lane, self.tools.channels, self.tools.burst_steps)
        return loudest >= self.tools.thresholds.doubt.doubtful_contrast

    def single(self) -> Iterator[tuple[Lane, FloatArray]]:
        """Lanes of single bursts with their SNR, as far as nothing explains them when their turn comes."""
        threshold = self.tools.thresholds.single_sigma
        for lane in single_lanes(self.normal, self.frames, threshold):
            near = np.arange(lane.cell - 1, lane.cell + 2) % CELLS
            energy = self.normal[(lane.frames - self.frames.start)[:, None], near, lane.channel].max(axis=1)
            left = energy > threshold
            if left.sum() >= self.tools.thresholds.few_singles or energy.max() > self.tools.thresholds.lone_sigma:
                loudest = np.sort(np.argsort(energy)[-min(MOST_SINGLES, int(left.sum())) :])
                yield (
                    replace(lane, pattern=lane.frames[loudest], frames=lane.frames[loudest]),
                    self.snr(energy[loudest], lane.channel, NORMAL_BITS),
                )

    def folded(self) -> Iterator[tuple[Lane, FloatArray]]:
        """Lanes that stand out of the past when it is folded, with the SNR of their loudest frames."""
        past, thresholds, last = self.state.past, self.tools.thresholds, self.segment.final
        for lane in folded_lanes(
            past.unexplained,
            past.usual,
            past.first,
            threshold=thresholds.last_fold_sigma if last else thresholds.fold_sigma,
            least=self.least_folded(),
            per_pattern=LAST_FOLDED_LANES if last else FOLDED_LANES,
            most_frames=MOST_WINDOWS,
        ):
            held = past.energy[lane.frames - past.first, lane.cell, lane.channel]
            yield lane, self.snr(held, lane.channel, NORMAL_BITS)

    def least_folded(self) -> float:
        """Energy of a burst of the least SNR that is worth folding, in deviations of the noise."""
        channels, steps = self.tools.channels, self.tools.burst_steps
        per_snr = float(np.median(channels.gain / np.sqrt(channels.variance / np.float32(steps))))
        return float(10 ** (self.tools.thresholds.fold_snr_db / 10)) * per_snr

    def snr(self, sigma: FloatArray, channel: int, n_bits: int) -> FloatArray:
        """Linear SNR of bursts whose energy stands so many deviations out."""
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
        every = iter(lanes)
        for lane, snrs in islice(every, self.most_looks):
            if self.rests(lane):
                continue
            tracks = len(self.state.tracks)
            self.look(lane, snrs)
            if len(self.state.tracks) == tracks:
                self.vain += 1
                until = self.frames.stop + rest_segments * len(self.frames)
                failed = Failed(lane.channel, lane.cell, lane.frames.size, until)
                self.state = replace(self.state, failed=(*self.state.failed, failed))
        self.skipped += sum(not self.rests(lane) for lane, _ in islice(every, MOST_COUNTED))

    def rests(self, lane: Lane) -> bool:
        """Whether a lane's carrier is left alone, or the lane proved nothing lately; there is a last look at a run's end."""
        if lane.channel in self.resting:
            return True
        last = lane.folded and self.segment.final
        return not last and any(failed.holds(lane) for failed in self.state.failed)

    @property
    def most_looks(self) -> int:
        """Places of one kind that may be looked at in this segment."""
        patience = self.state.patience
        return self.tools.thresholds.looks_a_segment if patience is None else patience

    def learn_patience(self) -> None:
        """Look at half as many places in the next segment where all were looked at in vain; at all again once one was not."""
        thresholds, most = self.tools.thresholds, self.most_looks
        if any(track.key >= self.first_key for track in self.state.tracks):
            patience = thresholds.looks_a_segment
        elif self.vain >= most:
            patience = max(thresholds.fewest_looks, most // 2)
        else:
            patience = min(most + 1, thresholds.looks_a_segment)
        self.state = replace(self.state, patience=patience)

    def look(self, lane: Lane, snrs: FloatArray) -> None:
        """Prove one lane: it becomes a track, rests as a continuous carrier, or nothing."""
        proof, thresholds = self.proof_of(lane), self.tools.thresholds
        if proof is None:
            return
        stands_out = self.contrast(lane)
        if not believed(proof, snrs, stands_out, thresholds):
            doubted = proof.log10_p < thresholds.continuous_log10_p and not bursty(proof, stands_out, thresholds)
            if doubted and not self.uneven(lane):
                self.rest(lane.channel)
            return
        snr_db = float(np.median(self.told_db(snrs)))
        if self.stranger(lane, proof, snrs) or self.made_by_others(lane, proof, snr_db):
            return
        if lane.frames.size <= thresholds.few_singles and self.rather_access(lane, proof):
            return
        if (
            stands_out < thresholds.doubt.doubtful_contrast
            and lane.frames.size > thresholds.few_singles
            and not self.uneven(lane)
            and self.continues(lane)
        ):
            self.rest(lane.channel)
            return
        centred = self.proof_of(lane, proof.lag)
        if centred is not None and centred.evidence > proof.evidence:
            proof = replace(centred, lag=centred.lag + proof.lag)
        self.welcome(lane, proof, snr_db)

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
            thresholds=tools.thresholds,
        )

    def made_by_others(self, lane: Lane, proof: Proof, snr_db: float) -> bool:
        """Whether a lane holds what the receiver made of stronger phones' bursts on other carriers at the same time."""
        tools, gate = self.tools, self.state.gate
        place, carrier = lane.cell * gate.period / CELLS, float(tools.channels.carriers_hz[lane.channel])
        levels = {emitter.key: emitter.snr_db for emitter in self.state.emitters if emitter.bursts}
        strong = [
            (track, self.later(track, place) - proof.lag)
            for track in self.state.tracks
            if track.channel != lane.channel and levels.get(track.key, snr_db) > snr_db
        ]
        together = [
            (track, later)
            for track, later in strong
            if abs(later) < NEAREST_SYMBOLS * tools.symbol and levels[track.key] > snr_db + tools.thresholds.product_db
        ]
        same = [
            track
            for track, later in together
            if track.sequence == proof.sequence and abs(later) < tools.thresholds.rival_symbols * tools.symbol
        ]
        if is_product(carrier, self.carriers(track for track, _ in together), self.carriers(same)):
            return True
        return any(
            is_image(
                tools.training,
                tools.images,
                self.state.reel,
                gate.begins(lane.frames) + place,
                sequence=track.sequence,
                later=later + proof.lag,
                carrier_hz=carrier,
                shifts=self.shifts(tools.training, tools.training_shifts),
                near_symbols=tools.thresholds.rival_symbols,
                likeness=tools.thresholds.image_likeness,
            )
            for track, later in strong
            if track.sequence != proof.sequence
        )

    def carriers(self, tracks: Iterable[Track]) -> NDArray[np.float64]:
        """Carriers of some tracks."""
        channels = np.array([track.channel for track in tracks], np.int64)
        return self.tools.channels.carriers_hz[channels]

    def later(self, track: Track, place: float) -> float:
        """Samples by which a track's bursts begin later than a place of the frame."""
        period = self.state.gate.period
        return (track.phase - place + period / 2) % period - period / 2

    def stranger(self, lane: Lane, proof: Proof, snrs: FloatArray) -> bool:
        """Whether random bits explain a proof as well, unless they are those of a slot and a sequence that are known."""
        thresholds, place = self.tools.thresholds, lane.cell * self.state.gate.period / CELLS
        if stranger_log10_p(proof, snrs) <= thresholds.proof_log10_p:
            return False
        near = thresholds.kin.hop_symbols * self.tools.symbol
        return not any(
            track.sequence == proof.sequence and abs(self.later(track, place) - proof.lag) < near
            for track in self.state.tracks
        )

    def rather_access(self, lane: Lane, proof: Proof) -> bool:
        """Whether an access burst's sequences say more of a few lone bursts than the training sequences do."""
        tools, gate = self.tools, self.state.gate
        said = screen(
            tools.rare,
            self.state.reel,
            gate.begins(lane.frames) + lane.cell * gate.period / CELLS,
            np.full(lane.frames.size, tools.channels.carriers_hz[lane.channel]),
            self.shifts(tools.rare, tools.screen_shifts),
        )
        return float(said.sum()) > proof.evidence

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
            stands_out = self.contrast(other)
            proved += stands_out < thresholds.doubt.faint_contrast
            sure = proof.log10_p <= thresholds.continuous_log10_p
            if proved >= thresholds.doubt.continuous_places or (sure and not bursty(proof, stands_out, thresholds)):
                return True
        return False

    def settled(self, channel: int) -> bool:
        """Whether a phone was told on a carrier in an earlier segment: a crowded carrier is no continuous one."""
        return any(track.channel == channel and track.key < self.first_key for track in self.state.tracks)

    def rest(self, channel: int) -> None:
        """Leave a continuous carrier alone, and take back what this segment made of it."""
        if self.settled(channel):
            return
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
        if proof.log10_p < self.tools.thresholds.clear_log10_p:
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
        found, hits = self.judged(track)
        frames, watched = lane.frames, lane.frames.size
        if found is not None and hits.any():
            frames, watched = found.frames[hits], found.frames.size
            snr_db = float(np.median(self.told_db(self.over_pauses(found.inside[hits], lane.channel))))
        home = home_of_track(
            track,
            frames,
            snr_db,
            watched=watched,
            emitters=self.state.emitters,
            tracks=self.state.tracks,
            rate_hz=self.tools.rate_hz,
            period=period,
            thresholds=self.tools.thresholds,
        )
        if home is None:
            self.state = replace(self.state, keys=key + 1)
            energy = energy_log10_p(lane, self.tools.channels.carriers_hz.size)
            self.put(opened(key, lane.channel, proof, energy))
        else:
            track = replace(track, key=home.key)
            self.put(replace(home, log10_p=min(home.log10_p, proof.log10_p)))
        track = self.told(track, found, hits)
        self.state = replace(self.state, tracks=(*self.state.tracks, track))
