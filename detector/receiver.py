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
    least_noise_steps
        Noise below so many steps of the converter (rms of either part) drowns in its rounding: the gain is too low.
    level_offset_db
        Power at the antenna [dBm] less power in the samples [dBFS], at a gain of 0 dB; None while it is not known.
    """

    gap_s: float
    gap_confirm_s: float
    remote_gap_s: float
    remote_gap_confirm_s: float
    rate_error_share: float
    frequency_correction_ppm: float
    least_noise_steps: float
    level_offset_db: float | None

    def __post_init__(self) -> None:
        for name in ("gap_s", "gap_confirm_s", "remote_gap_s", "remote_gap_confirm_s", "rate_error_share"):
            if not 0 < getattr(self, name) <= 10:
                raise ValueError(f"{name}: {getattr(self, name)} is not in (0, 10]")
        if not -200 <= self.frequency_correction_ppm <= 200:
            raise ValueError(f"frequency_correction_ppm: {self.frequency_correction_ppm} is outside -200 to 200")
        if not 0 <= self.least_noise_steps <= 10:
            raise ValueError(f"least_noise_steps: {self.least_noise_steps} is outside 0 to 10")
        if self.level_offset_db is not None and not -200 <= self.level_offset_db <= 200:
            raise ValueError(f"level_offset_db: {self.level_offset_db} is outside -200 to 200")

    def power_dbm(self, power_dbfs: float, gain_db: float | None) -> float | None:
        """Power at the antenna; None while the level or the gain is not known."""
        if self.level_offset_db is None or gain_db is None:
            return None
        return power_dbfs + self.level_offset_db - gain_db
