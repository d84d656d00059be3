"""Who is to be told what: the channels, each with its filter, and what of the site a notice bears. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.alerts import Priority
from api.channels.notice import ChannelFacts, Kind, Notice
from api.channels.settings import ChannelSettings
from detector.site import Site

__all__ = ["Audience", "Route", "routes_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A channel and what it is to have.

    Parameters
    ----------
    wings
        None for all, and for what is of no wing.
    """

    channel: str
    kinds: frozenset[Kind]
    wings: frozenset[str] | None
    least: Priority

    def admits(self, notice: Notice, *, follows: bool) -> bool:
        """Whether the channel is to have a notice.

        Parameters
        ----------
        follows
            Whether it had an earlier one about the same thing: whoever was told of an alert is told how it goes on.
        """
        own = isinstance(notice.facts, ChannelFacts) and notice.facts.channel == self.channel
        if own or notice.kind not in self.kinds:
            return False
        if follows or not notice.kind.has_wing:
            return True
        in_wing = self.wings is None or notice.wing in self.wings
        return in_wing and notice.priority.rank >= self.least.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """All channels, and the site that they are told of."""

    site: Site
    simulated: bool
    routes: tuple[Route, ...]

    def title(self, wing: str | None) -> str | None:
        """A wing as people call it."""
        return next((each.title for each in self.site.wings if each.name == wing), wing)

    def of(self, notice: Notice, *, followers: Collection[str]) -> list[str]:
        """The channels that are to have a notice; ``followers`` had an earlier one about the same thing."""
        return [r.channel for r in self.routes if r.admits(notice, follows=r.channel in followers)]


def routes_of(channels: Mapping[str, ChannelSettings]) -> tuple[Route, ...]:
    """The filters of some channels."""
    return tuple(
        Route(
            channel=name,
            kinds=told.wanted,
            wings=frozenset(told.wings) or None,
            least=told.least_priority,
        )
        for name, told in channels.items()
    )
