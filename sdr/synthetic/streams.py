"""One seed, many independent streams of randomness: whoever draws more than before disturbs nobody else."""

from enum import IntEnum

import numpy as np

__all__ = ["Use", "stream"]


class Use(IntEnum):
    """What a stream is for. The numbers are part of what a seed means: they are added to, never changed."""

    PHONES = 0
    TIMETABLE = 1
    SHADOWING = 2
    FADING = 3
    RECEIVER = 4
    RING = 5
    NOISE = 6
    PAYLOAD = 7


def stream(seed: int, use: Use, *key: int | str) -> np.random.Generator:
    """The randomness of one use, and of one thing by its key of numbers and names."""
    words = [word for part in key for word in ([part] if isinstance(part, int) else [len(part), *part.encode()])]
    return np.random.default_rng([seed, use, *words])
