"""The GSM search: segments in, bursts and emissions out.

The gate measures the energy of every carrier in every cell of the frame; what stands out there, alone or folded, is
proved by the known sequences; what was proved is a track, whose frames are judged one by one. Past seconds are kept so
that what is proved late is still told from its beginning.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.doubt import believed
from detector.gsm.emitter import home_of_access, opened
from detector.gsm.gate import CELLS, frame_energy, make_gate, read
from detector.gsm.lanes import Place, clean, single_places
from detector.gsm.looking import Looker
from detector.gsm.overload import overloaded, without_products
from detector.gsm.past import empty_past, grown, over_quiet
from detector.gsm.proof import prove, screen
from detector.gsm.reel import wound
from detector.gsm.standard import ACCESS_BITS
from detector.gsm.state import GsmState
from detector.gsm.tools import make_tools
from detector.gsm.track import burst_rise, inside_rise
from detector.search import Context
from detector.types import Burst, Finding, FloatArray, Label, Segment

__all__ = ["KEEP_FRAMES", "GsmState", "begin", "step"]

KEEP_SEGMENTS: Final = 8
KEEP_FRAMES: Final = 416
"""1.9 s: eight 51-frame cycles, four 104-frame cycles."""

MOST_PLACES: Final = 10
"""Places of access bursts that are screened, for each place that the correlators may look at."""

GUARD_STEPS: Final = 0.8
"""How much of an access burst's guard period is looked at, from one step behind the burst: what the map's steps leave free."""

SINGLE_REST_SEGMENTS: Final = 1
FOLDED_REST_SEGMENTS: Final = 2
"""For how many segments a place rests that proved nothing."""


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
    marks, share = overloaded(gate, segment, frames), 10 ** (tools.thresholds.overload_db / 10)
    normal, access = (without_products(clean(e, tools.channels, tools.thresholds), marks, share) for e in measured)
    state = replace(
        state,
        gate=gate,
        past=grown(state.past, measured[0], normal, keep=KEEP_FRAMES, clip_sigma=tools.thresholds.clip_sigma),
        reel=wound(state.reel, segment, keep=KEEP_SEGMENTS),
        energies=(*state.energies, energy)[-KEEP_SEGMENTS:],
    )
    return Round(state, tools, segment, frames, normal, access).run()


class Round(Looker):
    """One segment's work: what is known is followed, what is new is looked for, and all is told."""

    def run(self) -> tuple[GsmState, Finding]:
        """Follow what is known, look for what is new, and tell."""
        tracks = tuple(self.followed(track) for track in self.state.tracks)
        self.state = replace(self.state, tracks=tracks)
        self.look_for_beacons()
        self.look_at(self.single(), SINGLE_REST_SEGMENTS)
        self.look_for_access()
        self.look_at(self.folded(), FOLDED_REST_SEGMENTS)
        self.learn_patience()
        return self.finish()

    def look_for_access(self) -> None:
        """Screen what is unexplained for access bursts, and look closely at what the screen leaves."""
        tools = self.tools
        most = MOST_PLACES * self.most_looks
        found = list(single_places(self.unmasked(), self.access_sigma(), most + 1))
        self.skipped += len(found) - len(found[:most])
        places = [place for place in found[:most] if place.channel not in self.resting]
        if not places:
            return
        for place, top in zip(places, self.screened(places), strict=True):
            if top > tools.thresholds.access_evidence:
                self.look_for_access_at(place)

    def screened(self, places: Sequence[Place]) -> FloatArray:
        """The most that the sequences say of each place, shape (len(places),): of loud ones, the rarer sequences too."""
        tools, said = self.tools, np.zeros(len(places), np.float32)
        loud = np.array([place.sigma > tools.thresholds.lone_sigma for place in places])
        carriers = tools.channels.carriers_hz[[place.channel for place in places]]
        begins = self.begins(places)
        for correlator, which in ((tools.access, ~loud), (tools.rare, loud)):
            shifts = self.shifts(correlator, tools.screen_shifts)
            said[which] = screen(correlator, self.state.reel, begins[which], carriers[which], shifts)
        return said

    def access_sigma(self) -> FloatArray:
        """Energy from which a place is screened, shape (n_channels,): less where a phone is known."""
        sigma = np.full(self.access.shape[2], self.tools.thresholds.access_sigma, np.float32)
        sigma[[track.channel for track in self.state.tracks]] = self.tools.thresholds.known_access_sigma
        return sigma

    def unmasked(self) -> FloatArray:
        """Access bursts' energies, on carriers with known bursts over their own pauses instead of the raised floor."""
        tools, cells = self.tools, self.access.copy()
        steps = ACCESS_BITS * tools.symbol / tools.samples_a_step
        for channel in {track.channel for track in self.state.tracks}:
            unit = float(np.sqrt(tools.channels.variance[channel] / steps))
            cells[..., channel] = over_quiet(cells[..., channel], float(self.state.past.usual[channel]), unit)
        return cells

    def begins(self, places: Sequence[Place]) -> NDArray[np.float64]:
        """Where bursts begin that begin with their cells."""
        gate = self.state.gate
        rows = np.array([self.frames.start + place.row for place in places])
        cells = np.array([place.cell for place in places])
        return gate.begins(rows) + cells * (gate.period / CELLS)

    def look_for_access_at(self, place: Place) -> None:
        """Prove one access burst, and tell it."""
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
            thresholds=tools.thresholds,
        )
        energy = self.snr(np.array([place.sigma], np.float32), channel, ACCESS_BITS)
        if proof is None or not believed(proof, energy, float(energy[0]), tools.thresholds):
            return
        begin = float(begins[0]) + proof.lag
        if any(burst.label == Label.GSM_AB and self.same_place(burst, channel, begin) for burst in self.bursts):
            return
        rise = inside_rise(np.array([begin]), self.state.energies, channel, ACCESS_BITS * tools.symbol)
        snr = self.over_pauses(rise, channel)
        snr_db = float(self.told_db(snr)[0])
        if snr_db < tools.thresholds.least_access_snr_db or self.goes_on(begin, channel, float(rise[0])):
            return
        home = home_of_access(self.state.emitters, channel, snr_db, tools.thresholds)
        if home is None:
            home = opened(self.state.keys, channel, proof)
            self.state = replace(self.state, keys=home.key + 1)
        self.put(replace(home, log10_p=min(home.log10_p, proof.log10_p)))
        self.add(home.key, channel, Label.GSM_AB, np.array([begin]), snr, {"sequence": proof.sequence})

    def goes_on(self, begin: float, channel: int, rise: float) -> bool:
        """Whether what began like an access burst is as strong in its guard period, which no phone fills (TS 45.002, 5.2.7)."""
        tools = self.tools
        guard = begin + ACCESS_BITS * tools.symbol + tools.samples_a_step
        after, _ = burst_rise(np.array([guard]), self.state.energies, channel, GUARD_STEPS * tools.samples_a_step)
        loud = tools.thresholds.guard_snr * float(tools.channels.gain[channel])
        return float(after[0]) > max(tools.thresholds.guard_share * rise, loud)

    def same_place(self, burst: Burst, channel: int, begin: float) -> bool:
        """Whether a burst that was told is one that begins there."""
        carrier = self.tools.channels.carriers_hz[channel]
        on_carrier = burst.freq_lower_hz < carrier < burst.freq_upper_hz
        return on_carrier and abs(burst.start - begin) < ACCESS_BITS * self.tools.symbol / 2
