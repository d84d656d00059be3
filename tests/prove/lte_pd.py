"""The proof ``lte-pd``: how often LTE phones and what they send are found, against SNR in the signal's own band.

Each trial makes, for each SNR, a lone preamble and a train of ten, of roots that nobody told the detector, and a phone
that registers and speaks for a second, on the air of an 8-bit receiver at 2.4 MS/s, and lets the production pipeline
search it; some of the preambles also at a site whose profile knows their root. No fading.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from detector.lte.standard import PREAMBLE_LENGTH, RESOURCE_BLOCK_HZ, SUBFRAME_S
from detector.types import Label
from sdr.synthetic.acts import Act
from sdr.synthetic.lte_phone import LteRadio, transmissions
from sdr.synthetic.lte_waveform import LteCarrier
from sdr.synthetic.transmission import Transmission
from tests.prove.air import heard
from tests.prove.finding import Phone, burst_share
from tests.prove.proof import Bound, Outcome, Outcomes, Proof, Rate, Share

__all__ = [
    "KNOWN_SNRS_DB",
    "PREAMBLE_SNRS_DB",
    "PROOF",
    "VOICE_SNRS_DB",
    "control_name",
    "known_name",
    "preamble_name",
    "shared_name",
    "train_name",
    "voice_name",
]

PREAMBLE_SNRS_DB: Final = (-17.0, -15.5, -14.0, -12.5, -11.0, -9.5, -8.0, -5.0)
KNOWN_SNRS_DB: Final = (-14.0, -12.5, -11.0)
VOICE_SNRS_DB: Final = (-11.0, -8.0, -6.5, -5.0, -3.5, -2.0, -0.5, 1.0, 4.0, 7.0)

CENTRE_HZ: Final = 897e6
OFFSET_HZ: Final = 300e3
"""So far off centre a carrier of six blocks still lies where the receiver's filter is flat."""

ERROR_HZ: Final = 500.0
GROUPS: Final = 30
VOICE_S: Final = 1.25
"""A quarter of it is the registration."""

TRAIN_S: Final = 0.2
QUIET_S: Final = 0.2
CONTROL: Final = frozenset({Label.LTE_PUCCH, Label.LTE_PUSCH, Label.LTE_SRS})
"""Whatever of LTE's channels a PUCCH is taken for, a phone was heard."""


def preamble_name(snr_db: float) -> str:
    """Name of the share of lone preambles found."""
    return f"lone preamble at {snr_db:g} dB"


def train_name(snr_db: float) -> str:
    """Name of the share of preambles found, in trains of ten that nobody answers."""
    return f"preamble in a train at {snr_db:g} dB"


def known_name(snr_db: float) -> str:
    """Name of the share of preambles found in such trains, where the profile knows their root."""
    return f"preamble of a known root in a train at {snr_db:g} dB"


def shared_name(snr_db: float) -> str:
    """Name of the share of subframes of PUSCH of one resource block found, in calls of one second."""
    return f"PUSCH of one block in a call at {snr_db:g} dB"


def control_name(snr_db: float) -> str:
    """Name of the share of slots of PUCCH found, in calls of one second."""
    return f"PUCCH slot in a call at {snr_db:g} dB"


def voice_name(snr_db: float) -> str:
    """Name of the share of phones that registering and one second of call give away."""
    return f"phone with one second of call at {snr_db:g} dB"


def trial(seed: int) -> Outcomes:
    """A lone preamble and a phone that calls at each SNR."""
    rng = np.random.default_rng(seed)
    outcomes: dict[str, Outcome] = {}
    for snr_db in PREAMBLE_SNRS_DB:
        outcomes[preamble_name(snr_db)] = preambles_found(train(rng)[:1], 2 * QUIET_S, snr_db, rng=rng)
        outcomes[train_name(snr_db)] = preambles_found(train(rng), TRAIN_S + 2 * QUIET_S, snr_db, rng=rng)
    for snr_db in KNOWN_SNRS_DB:
        radio = drawn_radio(rng)
        seconds, roots = TRAIN_S + 2 * QUIET_S, (radio.carrier.root,)
        outcomes[known_name(snr_db)] = preambles_found(train(rng, radio), seconds, snr_db, rng=rng, roots=roots)
    others, hours = 0, 0.0
    for snr_db in VOICE_SNRS_DB:
        sent, seconds = voice(rng), VOICE_S + 2 * QUIET_S
        found = heard(sent, seconds=seconds, snr_db=snr_db, centre_hz=CENTRE_HZ, rng=rng)
        phone = Phone.of(sent, centre_hz=CENTRE_HZ)
        shared = [one for one in sent if one.label is Label.LTE_PUSCH and in_one_block(one)]
        control = [one for one in sent if one.label is Label.LTE_PUCCH]
        outcomes[voice_name(snr_db)] = phone.found(found)
        outcomes[shared_name(snr_db)] = burst_share(shared, found, labels={Label.LTE_PUSCH}, centre_hz=CENTRE_HZ)
        outcomes[control_name(snr_db)] = burst_share(control, found, labels=CONTROL, centre_hz=CENTRE_HZ)
        others, hours = others + phone.others(found), hours + seconds / 3600
    return outcomes | {"phones that are none": Rate(others, hours)}


def train(rng: np.random.Generator, radio: LteRadio | None = None) -> list[Transmission]:
    """Ten preambles that nobody answers, one each 20 ms; of any phone, if none is given."""
    return list(
        transmissions(radio or drawn_radio(rng), Act.UNANSWERED, start_s=QUIET_S, stop_s=QUIET_S + TRAIN_S, rng=rng)
    )


def preambles_found(
    sent: list[Transmission],
    seconds: float,
    snr_db: float,
    *,
    rng: np.random.Generator,
    roots: Sequence[int] = (),
) -> Share:
    """How many of the preambles are found in so much air, where the profile knows some roots."""
    found = heard(sent, seconds=seconds, snr_db=snr_db, centre_hz=CENTRE_HZ, rng=rng, roots=roots)
    return burst_share(sent, found, labels={Label.LTE_PRACH}, centre_hz=CENTRE_HZ)


def voice(rng: np.random.Generator) -> list[Transmission]:
    """A preamble, the registration, and one second of a call."""
    radio = drawn_radio(rng)
    return list(transmissions(radio, Act.VOICE, start_s=QUIET_S, stop_s=QUIET_S + VOICE_S, rng=rng))


def in_one_block(one: Transmission) -> bool:
    """Whether a transmission fills a single resource block."""
    return one.upper_hz - one.lower_hz < 1.5 * RESOURCE_BLOCK_HZ


def drawn_radio(rng: np.random.Generator) -> LteRadio:
    """A phone of some cell of six resource blocks, somewhere in the received band."""
    carrier = LteCarrier(
        earfcn=21450,
        centre_hz=CENTRE_HZ + rng.uniform(-OFFSET_HZ, OFFSET_HZ),
        blocks=6,
        cell=GROUPS * int(rng.integers(16)),
        root=int(rng.integers(1, PREAMBLE_LENGTH)),
    )
    return LteRadio(
        carrier=carrier, origin_s=rng.uniform(0, 10 * SUBFRAME_S), error_hz=rng.uniform(-ERROR_HZ, ERROR_HZ)
    )


PROOF: Final = Proof(
    name="lte-pd",
    claim="LTE phones and what they send are found to within some decibels of theory.",
    count=60,
    few=4,
    trial=trial,
    bounds=(
        *(Bound(about=train_name(snr), at_least=pd) for snr, pd in ((-8.0, 0.95), (-11.0, 0.45))),
        Bound(about=known_name(-11.0), at_least=0.85),
        *(Bound(about=shared_name(snr), at_least=pd) for snr, pd in ((1.0, 0.95), (-2.0, 0.80))),
        *(Bound(about=control_name(snr), at_least=pd) for snr, pd in ((1.0, 0.95), (-2.0, 0.70))),
        *(Bound(about=voice_name(snr), at_least=pd) for snr, pd in ((1.0, 1.0), (-2.0, 0.95), (-5.0, 0.80))),
    ),
)
