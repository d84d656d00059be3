"""Every threshold of the GSM search; the values stand in the profile."""

from dataclasses import dataclass

__all__ = ["DoubtThresholds", "FrameThresholds", "GsmThresholds", "KinThresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtThresholds:
    """When a proof by the sequences agrees with what the energy says.

    Parameters
    ----------
    contrast_bias, contrast_error
        What the energy over a frame's quiet places may err, as an SNR: always, and with one window.
    most_promised
        Energy promises no more coherence than this, as minus the logarithm of what the sequence leaves unexplained.
    most_told
        Coherence and energy tell no greater SNR than this: the channel's echoes bound it.
    doubtful_contrast
        SNR over the quiet places of the frame below which the rest of the frame is looked at before a new place is believed.
    faint_contrast, continuous_places
        So many other places of the frame with training sequences that stand out by less than so much are a faint base
        station's.
    """

    contrast_bias: float
    contrast_error: float
    most_promised: float
    most_told: float
    doubtful_contrast: float
    faint_contrast: float
    continuous_places: int

    def __post_init__(self) -> None:
        positive(self, "contrast_error", "most_promised", "most_told", "continuous_places")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameThresholds:
    """Which frames of a known slot hold a burst. Evidence is minus the natural logarithm of a probability in noise.

    Parameters
    ----------
    paint_evidence
        Of one burst, by its energy and its training sequence together, from which it is given.
    least_said
        Evidence of a loud burst's training sequence, as a share of what its energy promises.
    least_share
        Least power of a burst, as a share of the median of its track's bursts in the same segment.
    loud_snr
        SNR from which a burst is loud.
    own_lags_symbols
        A burst lies no further from its track's timing than this.
    strong_evidence
        From which a burst's own timing is worth more than its track's.
    doubtful_evidence
        Where the energy says more and the track's own sequence less, all sequences are tried.
    access_doubtful_evidence
        The same for the access burst's sequence, unless the energy promises more.
    most_energy_evidence
        A burst's energy says no more than this.
    most_promised, most_expected
        The most that a loud burst's energy promises of its sequence: asked of a burst is a share of the first, and one that
        says less than half the second may be an access burst.
    neighbours, least_odds, most_odds
        How many frames to either side may say something of a frame, and the least and most that they may say, as natural
        logarithms of odds: never enough without a measure of its own.
    energetic_evidence
        Evidence of its energy from which a frame's training sequence counts for its emission.
    few_clear, pace
        A track's timing goes this share of the way to the median of its clear bursts, if there are so many in a segment.
    """

    paint_evidence: float
    least_said: float
    least_share: float
    loud_snr: float
    own_lags_symbols: float
    strong_evidence: float
    doubtful_evidence: float
    access_doubtful_evidence: float
    most_energy_evidence: float
    most_promised: float
    most_expected: float
    neighbours: int
    least_odds: float
    most_odds: float
    energetic_evidence: float
    few_clear: int
    pace: float

    def __post_init__(self) -> None:
        positive(self, "paint_evidence", "own_lags_symbols", "most_promised", "neighbours", "few_clear")
        shares(self, "least_said", "least_share", "pace")
        if not self.least_odds <= 0 <= self.most_odds < self.paint_evidence:
            raise ValueError(
                f"least_odds={self.least_odds} and most_odds={self.most_odds} are not about 0 and below "
                f"paint_evidence={self.paint_evidence}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class KinThresholds:
    """Which tracks and access bursts are one phone's.

    Parameters
    ----------
    same_phone_db
        An access burst belongs to what else is heard on its carrier if their levels differ by less.
    same_slots_db
        Two slots that are used in the same frames belong to one phone if their levels differ by less.
    hop_symbols, hop_overlap
        Tracks on two carriers are one hopping call if their timing differs by less, and no more than this share of their
        frames is common.
    slots_symbols, slots_common, few_frames
        Two slots belong to one phone if their timing differs by a whole number of slots to within this, and at least this
        share of their frames, of at least so many, is common.
    """

    same_phone_db: float
    same_slots_db: float
    hop_symbols: float
    hop_overlap: float
    slots_symbols: float
    slots_common: float
    few_frames: int

    def __post_init__(self) -> None:
        positive(self, "same_phone_db", "same_slots_db", "hop_symbols", "slots_symbols", "few_frames")
        shares(self, "hop_overlap", "slots_common")


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
    least_access_snr_db
        An access burst that holds less than this, measured inside it, is none: its sequence was found where there is no energy.
    guard_share, guard_snr
        Power in an access burst's guard period, as a share of its own and as an SNR, from which it is something that goes on.
    access_evidence
        Evidence of one window by the access burst's sequence from which it is looked at closely; minus a natural logarithm of
        the probability in noise.
    lone_sigma
        The same as ``single_sigma``, from which one burst alone may be a normal burst, or an access burst of the rarer sequences.
    few_singles
        How many weaker bursts in one place of the frame are looked at as normal bursts.
    clip_sigma
        A cell counts for no more than this in a fold, so that one strong burst or impulse is not a column.
    wide_ratio, wide_hz
        Energy on all carriers of a stretch of the band from one to another so far away, each stronger than this share of the
        strongest, is an impulse or a wideband signal.
    fold_sigma
        The same for energy folded over many frames.
    last_fold_sigma
        The same when the run ends, and no more frames will come.
    fold_snr_db
        SNR of a folded burst below which no place is looked at: no sequence could prove it.
    leak_margin
        Energy of a burst over what the bursts beside it may have leaked there, as a ratio.
    spill_margin
        The same over what a known burst of its own carrier may have left beside its own place in time.
    splatter_db, image_db, overload_db
        What a burst may leave on any other carrier, on the one at the mirrored offset, and on any while it overloads the receiver.
    product_db
        What is weaker by more than this than two phones in its slot may be their product.
    image_likeness
        Evidence of a stronger burst's image, as a share of the best training sequence's, from which it is the image.
    proof_log10_p
        Logarithm of the probability that noise alone explains as well what the correlators found at a place; below it,
        the place is an emission and its bursts are given.
    hopeless_log10_p
        The same, above which a first look is not gone into.
    clear_log10_p
        The same, below which the receiver's frequency error is known.
    track_trials
        Hypotheses among which a track was found, by which the same is judged of all its bursts together.
    rival_symbols, most_rival
        An explanation that lies further away in time than this is another one. The best other one that neither noise nor the
        likeness of the sequences explains, as a share of the evidence of the one that is believed.
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
    continuous_rest_s
        How long a continuous carrier is left alone before it is looked at again [s].
    score_log10_p, score_slope
        Minus the logarithm of that probability at which the score is one half, and how steeply it rises there, per decade.
    most_energy_decades
        What folded energy adds to such a proof, at most: it tells where to look, and is no proof of its own.
    call_fill
        Share of the frames from which a slot is in full use.
    cycle_share
        Share of the frames that must come again at the same place of a cycle, to tell signalling and silence from data.
    stray_frames
        How many places of such a cycle may hold frames that belong to no cycle.
    block_fill
        Share of any 26 frames up to which they may be signalling, or silence in a call.
    noise_frames
        Frames of eight on end from which, in a short emission, they describe the noise of a silence.
    pause_share, whole_blocks
        The most that the emptiest place of thirteen frames holds, as a share of the others, and the least share of the frames
        that stand in blocks of four, of packet data.
    least_snr_db
        No burst is told to be weaker [dB].
    looks_a_segment
        How many places the correlators look at in one segment, the strongest first.
    fewest_looks
        How few they become where all that are looked at prove nothing, segment after segment.
    gone_s
        An emission ends when nothing of it was heard for this long [s].
    doubt, frames, kin
        When a proof is doubted, which frames hold a burst, and what belongs together.
    """

    frequency_error_ppm: float
    single_sigma: float
    access_sigma: float
    known_access_sigma: float
    least_access_snr_db: float
    guard_share: float
    guard_snr: float
    access_evidence: float
    lone_sigma: float
    few_singles: int
    clip_sigma: float
    wide_ratio: float
    wide_hz: float
    fold_sigma: float
    last_fold_sigma: float
    fold_snr_db: float
    leak_margin: float
    spill_margin: float
    splatter_db: float
    image_db: float
    overload_db: float
    product_db: float
    image_likeness: float
    proof_log10_p: float
    hopeless_log10_p: float
    clear_log10_p: float
    track_trials: float
    rival_symbols: float
    most_rival: float
    least_coherence: float
    least_contrast: float
    beacon_db: float
    most_said: float
    continuous_log10_p: float
    continuous_rest_s: float
    score_log10_p: float
    score_slope: float
    most_energy_decades: float
    call_fill: float
    cycle_share: float
    stray_frames: int
    block_fill: float
    noise_frames: int
    pause_share: float
    whole_blocks: float
    least_snr_db: float
    looks_a_segment: int
    fewest_looks: int
    gone_s: float
    doubt: DoubtThresholds
    frames: FrameThresholds
    kin: KinThresholds

    def __post_init__(self) -> None:
        positive(
            self,
            *(
                "frequency_error_ppm",
                "single_sigma",
                "few_singles",
                "clip_sigma",
                "wide_hz",
                "fold_sigma",
                "leak_margin",
            ),
            *(
                "spill_margin",
                "track_trials",
                "rival_symbols",
                "score_slope",
                "looks_a_segment",
                "fewest_looks",
                "gone_s",
            ),
        )
        shares(
            self,
            "wide_ratio",
            "most_rival",
            "call_fill",
            "cycle_share",
            "block_fill",
            "pause_share",
            "whole_blocks",
        )
        for name in ("fold_snr_db", "splatter_db", "image_db", "overload_db", "proof_log10_p", "clear_log10_p"):
            if not getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} is not negative")


def positive(thresholds: object, *names: str) -> None:
    """Raise a ValueError that names the first field that is not positive."""
    for name in names:
        if not getattr(thresholds, name) > 0:
            raise ValueError(f"{name}={getattr(thresholds, name)} is not positive")


def shares(thresholds: object, *names: str) -> None:
    """Raise a ValueError that names the first field that is no share."""
    for name in names:
        if not 0 <= getattr(thresholds, name) <= 1:
            raise ValueError(f"{name}={getattr(thresholds, name)} is not in 0 to 1")
