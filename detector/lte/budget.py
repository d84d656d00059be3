"""How much work a search may do: some at once, and in the long run so much in each second of samples.

Counted in samples, never in time, so that a recording gives the same findings however fast it is read.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final

__all__ = ["FULL", "Budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Work that may be done now, in whatever unit the search counts."""

    left: float

    def earned(self, seconds: float, *, per_s: float, most: float) -> "Budget":
        """The budget after so many seconds of samples, never more than may be done at once."""
        return replace(self, left=min(most, self.left + seconds * per_s))

    def spent(self, work: float) -> "Budget":
        """The budget after some work, never less than none."""
        return replace(self, left=max(0.0, self.left - work))


FULL: Final = Budget(left=inf)
"""As much as may be done at once, whatever that is."""
