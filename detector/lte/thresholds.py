"""Every threshold of the LTE search; the values stand in the profile."""

from dataclasses import dataclass

__all__ = ["ActivityThresholds", "BoxThresholds", "LteThresholds", "SoundingThresholds", "UplinkThresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxThresholds:
    """Which energies may be one shared channel; each a share of its mean excess over the noise.

    Parameters
    ----------
    unequal, uneven
        By how much its two slots may differ beyond noise, over all its blocks and in each.
    hollow
        What each of its blocks must have, less noise.
    """

    unequal: float
    uneven: float
    hollow: float

    def __post_init__(self) -> None:
        positive(self, "unequal", "uneven", "hollow")


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkThresholds:
    """When reference sequences speak for a cell and for a box. Evidence as in :class:`LteThresholds`.

    Parameters
    ----------
    weak_share
        Share of ``box_likelihood`` from which a box's reference sequences are looked at.
    alike_share, alike_boxes
        A box is as alike to its sequence as its level allows from this share of the evidence that is expected of it; of the
        boxes that prove a cell so many must be, as a share.
    clear_evidence, unlike_share
        A box that is expected to bring so much evidence, and brings less than this share of it, is none of the cell's.
    trusted_evidence
        Of a segment, from which energy on the cell's lattice is taken for the cell's.
    alone_evidence
        That a box must bring itself in a segment that has less.
    """

    weak_share: float
    alike_share: float
    alike_boxes: float
    clear_evidence: float
    unlike_share: float
    trusted_evidence: float
    alone_evidence: float

    def __post_init__(self) -> None:
        positive(self, "weak_share", "alike_share", "clear_evidence", "trusted_evidence", "alone_evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundingThresholds:
    """When faint boxes are a sounding; all are ratios of powers.

    Parameters
    ----------
    faint
        Level of a box under which it may be one: on a map of slots a sounding is a seventh as strong as it is.
    level
        How far a block's last symbol stands over the noise and over the symbols before.
    comb
        How far its one set of subcarriers stands over the other.
    """

    faint: float
    level: float
    comb: float

    def __post_init__(self) -> None:
        positive(self, "faint", "level", "comb")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityThresholds:
    """What a phone does, by the share of subframes in which it sends.

    Parameters
    ----------
    data_share, call_share
        From which it sends data in bulk (voice takes about a sixth), and from which it speaks: one that only keeps in touch
        stays under it.
    signalling_s
        A registration is over after this long [s].
    agreeing_deviations
        Standard deviations up to which a burst is on its phone's carrier, for how sure it is that it is one phone.
    """

    data_share: float
    call_share: float
    signalling_s: float
    agreeing_deviations: float

    def __post_init__(self) -> None:
        positive(self, "signalling_s", "agreeing_deviations")
        if not 0 <= self.call_share <= self.data_share <= 1:
            raise ValueError(f"call_share={self.call_share} is outside 0..{self.data_share}, or data_share is over 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class LteThresholds:
    """Thresholds of the LTE search. Evidence is minus the natural logarithm of a probability under the null hypothesis.

    Parameters
    ----------
    preamble_deviations
        Excess energy, in standard deviations of noise, from which a place is searched for preambles of any root.
    train_deviations
        The same of the energy of a train of them, folded.
    preamble_known_deviations
        The same where the profile knows roots of this site.
    preamble_occasion_deviations
        The same in the band in which a cell that was heard listens; where it was heard in each frame, it is searched anyway.
    preamble_searches, preamble_searches_per_s
        Places searched for preambles, the loudest first: as many at once, and in the long run so many in a second of
        samples; what energy would have had searched, and was not, is counted in an event.
    preamble_first_lag
        Share of what the first lag of a preamble as strong as a window would bring, from which the others are taken.
    preamble_rank, preamble_known_rank
        Sum over the lags from which a window's best-ranked roots are correlated, and a known one.
    preamble_evidence, preamble_known_evidence
        Evidence from which a correlation is a preamble, of any root and of a known one.
    preamble_tried
        Logarithm of the hypotheses that a preamble's evidence had to beat; the rest of it counts for the emission.
    site_roots
        Physical roots of the cells around this site, tried everywhere at the lower levels.
    stir_deviations
        Excess energy of a slot in one block, in standard deviations, from which a segment's channels are looked at.
    box_likelihood
        Log likelihood ratio against noise from which a box on the lattice is a burst, in a band of twelve blocks; in a wider
        one it is more by the logarithm of how much wider.
    lattice_contrast
        How far the best phase of a lattice stands out over the middle one before its reference sequences are looked at
        where energies come and go: radios with slots of another length stand out alike on all.
    lattice_restless
        Mean square of the change from slot to slot, in standard deviations of noise, from which energies come and go.
    lattice_evidence
        Evidence of the reference sequences from which a lattice is a cell's, of one segment or of several together.
    lattice_promise
        Evidence of one segment from which those before it are asked too, and those after it are read however quiet.
    lattice_reads, lattice_reads_per_s
        Segments in which an unknown cell is looked for: as many at once, and in the long run so many in a second of
        samples; what stirred and was not read is counted in an event.
    speaking_s
        A cell that was heard so lately is followed whether anything stirs or not [s].
    same_carrier_deviations
        Standard deviations up to which two bursts are on one phone's carrier.
    carrier_bursts
        Bursts that must agree on a carrier on which no known phone sends before they are another phone.
    strays
        Bursts on unknown carriers that are remembered for it.
    sure_evidence
        Evidence beyond the number of hypotheses at which an emission's score is 0.9.
    jamming_db
        Level of the quietest part of the band over the learned floor from which it counts as jammed [dB].
    release_s
        Silence after which an emission has ended [s].
    boxes, uplink, sounding, activity
        Which energies may be channels, which of them are a cell's, which of those are soundings, and what they tell of a
        phone.
    """

    preamble_deviations: float
    train_deviations: float
    preamble_known_deviations: float
    preamble_occasion_deviations: float
    preamble_searches: float
    preamble_searches_per_s: float
    preamble_first_lag: float
    preamble_rank: float
    preamble_known_rank: float
    preamble_evidence: float
    preamble_known_evidence: float
    preamble_tried: float
    site_roots: tuple[int, ...]
    stir_deviations: float
    box_likelihood: float
    lattice_contrast: float
    lattice_restless: float
    lattice_evidence: float
    lattice_promise: float
    lattice_reads: float
    lattice_reads_per_s: float
    speaking_s: float
    same_carrier_deviations: float
    carrier_bursts: int
    strays: int
    sure_evidence: float
    jamming_db: float
    release_s: float
    boxes: BoxThresholds
    uplink: UplinkThresholds
    sounding: SoundingThresholds
    activity: ActivityThresholds

    def __post_init__(self) -> None:
        positive(
            self,
            "preamble_searches",
            "preamble_searches_per_s",
            "preamble_rank",
            "lattice_reads",
            "lattice_reads_per_s",
            "sure_evidence",
            "jamming_db",
            "release_s",
        )
        if not 0 < self.preamble_known_evidence <= self.preamble_evidence:
            raise ValueError(
                f"preamble_known_evidence={self.preamble_known_evidence} is outside (0, {self.preamble_evidence}]"
            )
        if outside := [root for root in self.site_roots if not 1 <= root <= 838]:
            raise ValueError(f"site_roots: {outside[0]} is outside 1..838")


def positive(thresholds: object, *names: str) -> None:
    """Raise a ValueError that names the first field that is not positive."""
    for name in names:
        if not getattr(thresholds, name) > 0:
            raise ValueError(f"{name}={getattr(thresholds, name)} is not positive")
