"""What the GSM search makes once a run: its carriers, its correlators and the frequency errors that they try."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.channels import Channels, make_channels
from detector.gsm.correlate import Correlator, make_correlator
from detector.gsm.image import turned_about
from detector.gsm.proof import shifts_for
from detector.gsm.standard import ACCESS_EXTENDED_TAIL, ACCESS_SYNC, NORMAL_BITS, SYMBOL_S, TRAINING
from detector.gsm.thresholds import GsmThresholds
from detector.search import Context

__all__ = ["Tools", "make_tools"]

REACH_SYMBOLS: Final = 52.0
"""Reach of the correlators about a lane: lanes are looked at three cells of 31 symbols apart."""

FINE_REACH_SYMBOLS: Final = 3.0
"""Reach about a known timing."""

COARSE_LAGS_A_SYMBOL: Final = 1.4
"""How densely lags are tried where a sequence is only looked for: a quarter of a decibel less than where timing is told."""

COARSE_STEP: Final = 3
SCREEN_STEP: Final = 2
"""Bins between two frequency errors that are tried at first, for training sequences and for access bursts: a decibel at most."""

BLIND_CENTRE_HZ: Final = 900e6
"""Where the tuning does not tell its centre, a frequency error in parts per million is one of this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tools:
    """What is made once a run.

    Parameters
    ----------
    training, images, fine
        Training sequences of normal bursts about a cell, their images there, and the sequences about a known timing.
    access, rare
        The access burst's sequence in ordinary use, with its extended tail bits, and all three.
    training_shifts, screen_shifts, access_shifts
        Frequency errors to try, in bins of the correlator: coarse ones, and all for an access burst that passed the screen.
    samples_a_step
        Of the power map.
    """

    channels: Channels
    training: Correlator
    images: Correlator
    fine: Correlator
    access: Correlator
    rare: Correlator
    training_shifts: NDArray[np.int64]
    screen_shifts: NDArray[np.int64]
    access_shifts: NDArray[np.int64]
    thresholds: GsmThresholds
    rate_hz: float
    samples_a_step: int

    @property
    def symbol(self) -> float:
        """Samples a symbol."""
        return SYMBOL_S * self.rate_hz

    @property
    def burst_steps(self) -> float:
        """Steps of the power map under a normal burst."""
        return NORMAL_BITS * self.symbol / self.samples_a_step


def make_tools(context: Context) -> Tools | None:
    """The tools of a run, or None where no uplink is heard."""
    thresholds = context.profile.gsm
    rate = context.tuning.sample_rate_hz
    error = thresholds.frequency_error_ppm * 1e-6 * (context.tuning.centre_hz or BLIND_CENTRE_HZ)
    channels = make_channels(
        context,
        frequency_error_hz=error,
        splatter=10 ** (thresholds.splatter_db / 10),
        image=10 ** (thresholds.image_db / 10),
    )
    if not channels.carriers_hz.size:
        return None
    training, fine, access, rare = correlators(rate)
    return Tools(
        channels=channels,
        training=training,
        images=turned_about(training),
        fine=fine,
        access=access,
        rare=rare,
        training_shifts=shifts_for(training, error, COARSE_STEP),
        screen_shifts=shifts_for(access, error, SCREEN_STEP),
        access_shifts=shifts_for(access, error, 1),
        thresholds=thresholds,
        rate_hz=rate,
        samples_a_step=context.n_bins,
    )


@lru_cache(maxsize=4)
def correlators(rate_hz: float) -> tuple[Correlator, Correlator, Correlator, Correlator]:
    """For training sequences, coarse and fine, and for access bursts, in ordinary use and all; made once a sample rate."""
    known = np.hstack([np.tile(ACCESS_EXTENDED_TAIL, (len(ACCESS_SYNC), 1)), ACCESS_SYNC])
    coarse = partial(make_correlator, rate_hz=rate_hz, reach_symbols=REACH_SYMBOLS, lags_a_symbol=COARSE_LAGS_A_SYMBOL)
    fine = make_correlator(TRAINING, rate_hz=rate_hz, reach_symbols=FINE_REACH_SYMBOLS)
    return coarse(TRAINING), fine, coarse(known[:1]), coarse(known)
