"""The hub's own heart: when what time asks for was last done, so that a hub that answers, but does nothing, is found out."""

import json

from detector.times import format_utc, from_microseconds

__all__ = ["Heart"]


class Heart:
    """Beats once a sweep; may be read from any thread."""

    def __init__(self) -> None:
        self._beat_us: int | None = None

    @property
    def beat_us(self) -> int | None:
        """When it last beat; None before the first time."""
        return self._beat_us

    def beat(self, now_us: int) -> None:
        """Say that a sweep was done."""
        self._beat_us = now_us

    def is_stalled(self, *, now_us: int, away_us: int) -> bool:
        """Whether it has stopped."""
        return self._beat_us is not None and now_us - self._beat_us > away_us

    def told(self) -> str:
        """The beat as the feed tells it: JSON."""
        return json.dumps(
            {"swept_utc": None if self._beat_us is None else format_utc(from_microseconds(self._beat_us))}
        )
