"""The port that every channel implements, and the ways in which one fails."""

from typing import Protocol

from api.channels.notice import Parcel

__all__ = ["AwayError", "BarredError", "Channel", "ChannelError", "PartlyError", "RefusedError"]


class ChannelError(Exception):
    """A notice that was not delivered as it should be; the message is plain, short, and holds no secret."""


class AwayError(ChannelError):
    """The peer cannot be reached, or has no time: it may take the same notice later."""


class BarredError(ChannelError):
    """The peer takes nothing from us until somebody mends it: a wrong password or certificate, a forbidden address."""


class RefusedError(ChannelError):
    """The peer will never take this notice; it may take others."""


class PartlyError(ChannelError):
    """The notice was taken for some of those it is meant for, and will never be for the others."""


class Channel(Protocol):
    """Sends notices to one peer, one at a time, from one thread at a time."""

    @property
    def target(self) -> str:
        """Where it leads, without secrets."""
        ...

    @property
    def supervised_s(self) -> float | None:
        """How often a silent channel is asked whether its peer is there [s]; None if nothing can be asked."""
        ...

    def send(self, parcel: Parcel, /) -> None:
        """Deliver a notice; the peer has it when this returns, as far as the protocol can tell.

        Raises
        ------
        ChannelError
            If it did not.
        """
        ...

    def supervise(self) -> None:
        """See whether the peer is there.

        Raises
        ------
        ChannelError
            If it is not.
        """
        ...

    def close(self) -> None:
        """Let the peer go."""
        ...
