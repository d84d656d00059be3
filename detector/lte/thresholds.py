"""Every threshold of the LTE search; the values stand in the profile."""

from dataclasses import dataclass

__all__ = ["LteThresholds"]


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
        Log likelihood ratio against noise from which a box on the lattice is a burst.
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

    def __post_init__(self) -> None:
        for name in (
            "preamble_searches",
            "preamble_searches_per_s",
            "lattice_reads",
            "preamble_rank",
            "sure_evidence",
            "jamming_db",
            "release_s",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)} is not positive")
        if not 0 < self.preamble_known_evidence <= self.preamble_evidence:
            raise ValueError(
                f"preamble_known_evidence={self.preamble_known_evidence} is outside (0, {self.preamble_evidence}]"
            )
        if outside := [root for root in self.site_roots if not 1 <= root <= 838]:
            raise ValueError(f"site_roots: {outside[0]} is outside 1..838")
