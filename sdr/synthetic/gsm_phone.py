"""When a GSM phone sends what: registrations, texts and calls, burst by burst on the standard's multiframes.

An access burst, a pause, groups of four bursts on the 51-frame cycle of a signalling channel; in a call then 25 of 26
frames, or next to nothing while its speaker is silent. Slots are the uplink's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.standard import FRAME_S, SLOT_S, SYMBOL_S
from detector.types import Label
from sdr.synthetic.acts import Act
from sdr.synthetic.gmsk import Bits
from sdr.synthetic.gsm_waveform import access_bits, normal_bits, transmission
from sdr.synthetic.transmission import Transmission

__all__ = ["GsmRadio", "Sector", "arfcn_hz", "transmissions"]

SDCCH_FIRST: Final = tuple((15 + 4 * channel) % 51 for channel in range(8))  # TS 45.002, 7, table 4: SDCCH/8, uplink
SACCH_FIRST: Final = (47, 51, 55, 59, 98, 0, 4, 8)  # TS 45.002, 7, table 4: SACCH/C8, uplink, of 102 frames
SID_FRAMES: Final = range(52, 60)  # TS 45.008, 8.3: of 104 frames
SIGNALLING_SLOT: Final = 1

Flags = NDArray[np.bool_]

GRANT_S: Final = (0.090, 0.315)
SET_UP_S: Final = (1.2, 2.2)
SPEECH_S: Final = (1.0, 4.0)
SILENCE_S: Final = (0.6, 3.0)

UNCONTROLLED_DB: Final = 6.0
"""A phone begins at the cell's full power and is then told to speak lower: by 2 dB in 13 frames (TS 45.008, 4.7)."""

DETOUR_S: Final = SYMBOL_S / 4
"""By so much an access burst comes late, which knows nothing of the way to the base station yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """A sector of a GSM base station.

    Parameters
    ----------
    arfcn
        Of its own carrier, on which access and signalling always are.
    hopping
        The carriers over which a hopping call goes.
    offset
        Where in that list this sector begins (MAIO).
    training_sequence
        Code of all its normal bursts.
    origin_s
        When its frame 0 began, seconds since the epoch.
    """

    arfcn: int
    hopping: tuple[int, ...]
    offset: int
    training_sequence: int
    origin_s: float

    def frame_after(self, time_s: float) -> int:
        """The first frame that begins no sooner than a time."""
        return ceil((time_s - self.origin_s) / FRAME_S)

    def slot_s(self, frame: int, slot: int) -> float:
        """When a slot of a frame begins."""
        return self.origin_s + frame * FRAME_S + slot * SLOT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class GsmRadio:
    """What the network gives a GSM phone: a signalling channel (0 to 7) and a slot for calls (2 to 7)."""

    sector: Sector
    signalling: int
    slot: int
    error_hz: float

    def clashes(self, other: "GsmRadio") -> bool:
        """Whether both may not speak at once, or they would speak over each other."""
        return self.slot == other.slot or self.signalling == other.signalling


def arfcn_hz(arfcn: int) -> float:
    """Uplink carrier of a channel of P-GSM 900 (TS 45.005, 2)."""
    if not 1 <= arfcn <= 124:
        raise ValueError(f"arfcn={arfcn} is outside P-GSM 900 (1..124)")
    return 890e6 + 200e3 * arfcn


def transmissions(
    radio: GsmRadio, act: Act, *, start_s: float, stop_s: float, rng: np.random.Generator
) -> Iterator[Transmission]:
    """All bursts of one act, in their order."""
    sector = radio.sector
    asked = sector.frame_after(start_s)
    granted = asked + ceil(rng.uniform(*GRANT_S) / FRAME_S)
    stop = sector.frame_after(stop_s)
    yield burst(radio, Label.GSM_AB, access_bits(rng=rng), asked, slot=0, level_db=UNCONTROLLED_DB)
    connected = granted + ceil(rng.uniform(*SET_UP_S) / FRAME_S)
    calling = act in {Act.CALL, Act.CALL_DTX, Act.CALL_HOPPING}
    for frame in signalling_frames(radio.signalling, granted, connected if calling else stop):
        yield normal_burst(radio, frame, slot=SIGNALLING_SLOT, level_db=UNCONTROLLED_DB, rng=rng)
    if not calling:
        return
    speaking = speech(connected, stop, dtx=act is Act.CALL_DTX, rng=rng)
    for frame in call_frames(radio.slot, connected, stop, speaking):
        level_db = max(0.0, UNCONTROLLED_DB - 2.0 * ((frame - connected) // 13))
        arfcn = hop(sector, frame) if act is Act.CALL_HOPPING else sector.arfcn
        yield normal_burst(radio, frame, slot=radio.slot, level_db=level_db, arfcn=arfcn, rng=rng)


def signalling_frames(channel: int, first: int, stop: int) -> Iterator[int]:
    """Frames of the whole blocks of a signalling channel, from one frame to another."""
    for frame in range(first, stop):
        for begin, period in ((SDCCH_FIRST[channel], 51), (SACCH_FIRST[channel], 102)):
            place = (frame - begin) % period
            if place < 4 and frame - place >= first and frame - place + 4 <= stop:
                yield frame


def call_frames(slot: int, first: int, stop: int, speaking: Flags) -> Iterator[int]:
    """Frames of a full-rate call (TS 45.002, 7, table 1): in silence only its control channel and one description of noise."""
    control, idle = (12, 25) if slot % 2 == 0 else (25, 12)
    for frame in range(first, stop):
        place = frame % 26
        if place != idle and (speaking[frame - first] or place == control or frame % 104 in SID_FRAMES):
            yield frame


def speech(first: int, stop: int, *, dtx: bool, rng: np.random.Generator) -> Flags:
    """Whether each frame of a call is sent for its speech, shape (stop - first,)."""
    speaking = np.ones(max(0, stop - first), np.bool_)
    at = ceil(rng.uniform(*SPEECH_S) / FRAME_S)
    while dtx and at < speaking.size:
        silence = ceil(rng.uniform(*SILENCE_S) / FRAME_S)
        speaking[at : at + silence] = False
        at += silence + ceil(rng.uniform(*SPEECH_S) / FRAME_S)
    return speaking


def hop(sector: Sector, frame: int) -> int:
    """The carrier of a hopping call in a frame, in turn (TS 45.002, 6.2.3, HSN 0)."""
    return sector.hopping[(frame + sector.offset) % len(sector.hopping)]


def normal_burst(
    radio: GsmRadio, frame: int, *, slot: int, level_db: float, rng: np.random.Generator, arfcn: int | None = None
) -> Transmission:
    """A normal burst with random payload."""
    bits = normal_bits(radio.sector.training_sequence, rng=rng)
    return burst(radio, Label.GSM_NB, bits, frame, slot=slot, level_db=level_db, arfcn=arfcn)


def burst(
    radio: GsmRadio, label: Label, bits: Bits, frame: int, *, slot: int, level_db: float, arfcn: int | None = None
) -> Transmission:
    """A burst in a slot, on the sector's own carrier unless another is named."""
    late_s = DETOUR_S if label is Label.GSM_AB else 0.0
    return transmission(
        label,
        bits,
        start_s=radio.sector.slot_s(frame, slot) + late_s,
        carrier_hz=arfcn_hz(radio.sector.arfcn if arfcn is None else arfcn) + radio.error_hz,
        level_db=level_db,
    )
