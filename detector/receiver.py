"""What is believed of a receiver: when samples count as lost, and what its crystal and its level are known to be.

The values stand in the profile. Nothing here talks to a receiver.
"""

from dataclasses import dataclass

__all__ = ["ReceiverLevels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverLevels:
    """Levels of capture, and the calibration of the receiver.

    Parameters
    ----------
    gap_s
        Lateness of the stream that, if it is never made up for, is a gap [s].
    gap_confirm_s
        For how long it must not be made up for [s].
    remote_gap_s, remote_gap_confirm_s
        The same for samples that come over a network, where they queue.
    rate_error_share
        Share of the sample rate by which samples may come too slowly or too fast before the receiver counts as ill.
    frequency_correction_ppm
        Correction of the receiver's crystal, where the sensor's settings give none.
    """

    gap_s: float
    gap_confirm_s: float
    remote_gap_s: float
    remote_gap_confirm_s: float
    rate_error_share: float
    frequency_correction_ppm: float

    def __post_init__(self) -> None:
        for name in ("gap_s", "gap_confirm_s", "remote_gap_s", "remote_gap_confirm_s", "rate_error_share"):
            if not 0 < getattr(self, name) <= 10:
                raise ValueError(f"{name}: {getattr(self, name)} is not in (0, 10]")
        if not -200 <= self.frequency_correction_ppm <= 200:
            raise ValueError(f"frequency_correction_ppm: {self.frequency_correction_ppm} is outside -200 to 200")
