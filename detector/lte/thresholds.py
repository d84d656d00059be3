"""Every threshold of the LTE search; the values stand in the profile."""

from dataclasses import dataclass

__all__ = ["LteThresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LteThresholds:
    """Thresholds of the LTE search.

    Parameters
    ----------
    burst_pfa
        Probability that noise alone passes the energy gate, per test.
    """

    burst_pfa: float

    def __post_init__(self) -> None:
        if not 0 < self.burst_pfa < 1:
            raise ValueError(f"burst_pfa={self.burst_pfa} is outside (0, 1)")
