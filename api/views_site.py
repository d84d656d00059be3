"""What callers are given of the site beside its TOML: its versions and its landings, as JSON."""

from urllib.parse import quote

from api.rows import SiteVersion
from api.views import ActorView, Utc, View, actor_view
from detector.site import Landing, LandingPlan
from detector.times import from_microseconds

__all__ = ["LandingView", "SiteVersionView", "landing_view", "site_version_view"]


class SiteVersionView(View):
    """A version of the site."""

    source: str
    digest: str
    at_utc: Utc
    actor: ActorView


class LandingView(View):
    """A landing as it is drawn: its picture's address, and the outline of each cell in the picture's units."""

    name: str
    wing: str
    title: str
    plan: str
    schematic: bool
    width: float
    height: float
    outlines: dict[str, list[tuple[float, float]]]


def site_version_view(version: SiteVersion) -> SiteVersionView:
    """A version of the site as callers see it."""
    return SiteVersionView(
        source=version.source,
        digest=version.digest,
        at_utc=from_microseconds(version.at_us),
        actor=actor_view(version.actor),
    )


def landing_view(landing: Landing, plan: LandingPlan) -> LandingView:
    """A landing as callers see it."""
    return LandingView(
        name=landing.name,
        wing=landing.wing,
        title=landing.title,
        plan=f"/api/v1/site/plans/{quote(landing.name, safe='')}",
        schematic=plan.plan is None,
        width=plan.width,
        height=plan.height,
        outlines={name: list(corners) for name, corners in plan.outlines.items()},
    )
