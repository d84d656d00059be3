"""Every threshold of the GSM search; the values stand in the profile."""

from dataclasses import dataclass

__all__ = ["GsmThresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GsmThresholds:
    """Thresholds of the GSM search.

    Parameters
    ----------
    frequency_error_ppm
        Largest frequency error of the receiver that is looked for.
    single_sigma
        Energy of one burst, in deviations of the noise, from which its place is looked at closely.
    access_sigma
        The same for an access burst.
    known_access_sigma
        The same on a carrier on which a phone is known.
    access_evidence
        Evidence of one window by the access burst's sequence from which it is looked at closely; minus a natural logarithm of
        the probability in noise, as ``paint_evidence``.
    lone_sigma
        The same as ``single_sigma``, from which one burst alone may be a normal burst, or an access burst of the rarer sequences.
    fold_sigma
        The same for energy folded over many frames.
    last_fold_sigma
        The same when the run ends, and no more frames will come.
    leak_margin
        Energy of a burst over what the bursts beside it may have leaked there, as a ratio.
    splatter_db, image_db
        What a burst may leave on any other carrier, and on the one at the mirrored offset.
    proof_log10_p
        Logarithm of the probability that noise alone explains as well what the correlators found at a place; below it,
        the place is an emission and its bursts are given.
    most_rival
        The best other explanation, as a share of the evidence of the one that is believed.
    least_coherence
        Coherence with the known sequences, as a share of what the energy promises (both as minus the logarithm of the rest).
    least_contrast
        What must stand out of the quiet places of the frame, as a share of what stands out of the learned floor.
    beacon_db
        A carrier's floor over the band's from which it is looked at for a base station.
    most_said
        Signal to noise that the coherence tells, as a multiple of what stands out of the quiet places of the frame: what says
        more is a continuous carrier, such as a base station's.
    continuous_log10_p
        As ``proof_log10_p``, from which a carrier that says more than stands out is left alone for a while.
    least_said
        Evidence of a loud burst's training sequence, as a share of what its energy promises.
    least_share
        Least power of a burst, as a share of the median of its track's bursts in the same segment.
    paint_evidence
        Evidence (minus the natural logarithm of a probability in noise) of one burst, by its energy and its training sequence
        together, from which it is given where an emission is known.
    score_log10_p, score_slope
        Minus the logarithm of that probability at which the score is one half, and how steeply it rises there, per decade.
    same_phone_db
        An access burst belongs to what else is heard on its carrier if their levels differ by less.
    same_slots_db
        Two slots that are used in the same frames belong to one phone if their levels differ by less.
    call_fill
        Share of the frames from which a slot is a call.
    cycle_share
        Share of the frames that must come again at the same place of a cycle, to tell signalling and silence from data.
    block_fill
        Share of the frames below which a short emission is taken for signalling.
    looks_a_segment
        How many places the correlators look at in one segment, the strongest first.
    gone_s
        An emission ends when nothing of it was heard for this long [s].
    """

    frequency_error_ppm: float
    single_sigma: float
    access_sigma: float
    known_access_sigma: float
    access_evidence: float
    lone_sigma: float
    fold_sigma: float
    last_fold_sigma: float
    leak_margin: float
    splatter_db: float
    image_db: float
    proof_log10_p: float
    most_rival: float
    least_coherence: float
    least_contrast: float
    beacon_db: float
    most_said: float
    continuous_log10_p: float
    least_said: float
    least_share: float
    paint_evidence: float
    score_log10_p: float
    score_slope: float
    same_phone_db: float
    same_slots_db: float
    call_fill: float
    cycle_share: float
    block_fill: float
    looks_a_segment: int
    gone_s: float

    def __post_init__(self) -> None:
        for name in ("frequency_error_ppm", "single_sigma", "fold_sigma", "leak_margin", "score_slope", "gone_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)} is not positive")
        for name in ("splatter_db", "image_db", "proof_log10_p"):
            if not getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} is not negative")
