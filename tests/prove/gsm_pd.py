"""The proof ``gsm-pd``: how often GSM phones and their bursts are found, against SNR in 200 kHz.

Each trial makes, for each SNR, a phone with one second of call, and a lone access burst, on the air of an 8-bit receiver
at 2.4 MS/s, and lets the production pipeline search it. No fading.
"""

from math import ceil
from typing import Final

import numpy as np

from detector.gsm.standard import FRAME_S, SLOTS, TRAINING
from detector.types import Label
from sdr.synthetic.gsm_phone import GsmRadio, Sector, burst, call_frames, normal_burst
from sdr.synthetic.gsm_waveform import access_bits
from sdr.synthetic.transmission import Transmission
from tests.prove.air import heard
from tests.prove.finding import Phone, burst_share
from tests.prove.proof import Bound, Outcome, Outcomes, Proof, Rate

__all__ = ["ACCESS_SNRS_DB", "CALL_SNRS_DB", "PROOF", "access_name", "call_name", "normal_name"]

CALL_SNRS_DB: Final = (-15.0, -13.5, -12.0, -10.5, -9.0, -7.5, -6.0, -3.0, 0.0, 3.0, 6.0)
ACCESS_SNRS_DB: Final = (-6.0, -4.5, -3.0, -1.5, 0.0, 1.5, 3.0, 6.0)

CENTRE_HZ: Final = 897e6
ARFCNS: Final = range(31, 40)
"""Up to 0.8 MHz from the centre: the receiver's filter is still flat there."""

ERROR_HZ: Final = 500.0
CALL_S: Final = 1.0
QUIET_S: Final = 0.2


def call_name(snr_db: float) -> str:
    """Name of the share of phones that one second of call gives away."""
    return f"phone with one second of call at {snr_db:g} dB"


def normal_name(snr_db: float) -> str:
    """Name of the share of normal bursts found, in calls of one second."""
    return f"normal burst in a call at {snr_db:g} dB"


def access_name(snr_db: float) -> str:
    """Name of the share of lone access bursts found."""
    return f"lone access burst at {snr_db:g} dB"


def trial(seed: int) -> Outcomes:
    """A phone that calls and a lone access burst at each SNR."""
    rng = np.random.default_rng(seed)
    outcomes: dict[str, Outcome] = {}
    others, hours = 0, 0.0
    for snr_db in CALL_SNRS_DB:
        sent, seconds = call(rng), CALL_S + 2 * QUIET_S
        found = heard(sent, seconds=seconds, snr_db=snr_db, centre_hz=CENTRE_HZ, rng=rng)
        phone = Phone.of(sent, centre_hz=CENTRE_HZ)
        outcomes[call_name(snr_db)] = phone.found(found)
        outcomes[normal_name(snr_db)] = burst_share(sent, found, labels={Label.GSM_NB}, centre_hz=CENTRE_HZ)
        others, hours = others + phone.others(found), hours + seconds / 3600
    for snr_db in ACCESS_SNRS_DB:
        sent = [access(rng)]
        found = heard(sent, seconds=2 * QUIET_S, snr_db=snr_db, centre_hz=CENTRE_HZ, rng=rng)
        outcomes[access_name(snr_db)] = burst_share(sent, found, labels={Label.GSM_AB}, centre_hz=CENTRE_HZ).hits == 1
    return outcomes | {"phones that are none": Rate(others, hours)}


def call(rng: np.random.Generator) -> list[Transmission]:
    """One second of a full-rate call in speech."""
    radio = drawn_radio(rng)
    first = radio.sector.frame_after(QUIET_S)
    stop = first + ceil(CALL_S / FRAME_S)
    speaking = np.ones(stop - first, np.bool_)
    frames = call_frames(radio.slot, first, stop, speaking)
    return [normal_burst(radio, frame, slot=radio.slot, level_db=0.0, rng=rng) for frame in frames]


def access(rng: np.random.Generator) -> Transmission:
    """An access burst that nothing follows."""
    radio = drawn_radio(rng)
    frame = radio.sector.frame_after(QUIET_S)
    return burst(radio, Label.GSM_AB, access_bits(rng=rng), frame, slot=0, level_db=0.0)


def drawn_radio(rng: np.random.Generator) -> GsmRadio:
    """A phone somewhere in the received band, its network at some place in its frames."""
    sector = Sector(
        arfcn=int(rng.choice(ARFCNS)),
        hopping=(),
        offset=0,
        training_sequence=int(rng.integers(len(TRAINING))),
        origin_s=-rng.uniform(0, 26 * FRAME_S),
    )
    return GsmRadio(
        sector=sector, signalling=0, slot=int(rng.integers(SLOTS)), error_hz=rng.uniform(-ERROR_HZ, ERROR_HZ)
    )


PROOF: Final = Proof(
    name="gsm-pd",
    claim="GSM phones and their bursts are found to within some decibels of theory.",
    count=60,
    few=4,
    trial=trial,
    bounds=(
        *(Bound(about=call_name(snr), at_least=pd) for snr, pd in ((-3.0, 0.99), (-6.0, 0.90), (-9.0, 0.60))),
        *(Bound(about=normal_name(snr), at_least=pd) for snr, pd in ((3.0, 0.97), (0.0, 0.93), (-3.0, 0.80))),
        *(Bound(about=access_name(snr), at_least=pd) for snr, pd in ((3.0, 0.95), (0.0, 0.70))),
    ),
)
