"""What to draw of a landing: its floor plan with the cells' outlines, or where there is none, a schematic made of boxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from detector.site.values import Cell, Flat, Plan, Site

__all__ = ["LandingPlan", "landing_plan", "schematic_svg"]

MARGIN_M: Final = 1.0
MIN_M: Final = 1.0
"""A drawing is at least so wide and high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPlan:
    """A landing as it is drawn.

    Parameters
    ----------
    plan
        The site's own floor plan; None where the schematic takes its place.
    width, height
        Of the drawing, in the units of the outlines; y grows downwards.
    outlines
        Corners of each cell, by its name. Cells without an outline on a floor plan are left out.
    """

    landing: str
    plan: Plan | None
    width: float
    height: float
    outlines: Mapping[str, tuple[Flat, ...]]


def landing_plan(site: Site, landing: str) -> LandingPlan:
    """What to draw of a landing.

    Raises
    ------
    KeyError
        If the site has no such landing.
    """
    if landing not in {known.name for known in site.all_landings}:
        raise KeyError(f"landing {landing!r} is not in the site")
    cells = [cell for cell in site.cells if cell.landing == landing]
    plan = next((plan for plan in site.plans if plan.landing == landing), None)
    if plan is None:
        return drawn(landing, cells)
    outlines = {cell.name: cell.polygon for cell in cells if cell.polygon}
    return LandingPlan(landing=landing, plan=plan, width=plan.width, height=plan.height, outlines=outlines)


def drawn(landing: str, cells: Sequence[Cell]) -> LandingPlan:
    """A schematic in metres: the cells' boxes seen from above, north up."""
    boxes = {cell.name: box(cell) for cell in cells}
    left = min((low[0] for low, _ in boxes.values()), default=0.0) - MARGIN_M
    right = max((high[0] for _, high in boxes.values()), default=MIN_M) + MARGIN_M
    bottom = min((low[1] for low, _ in boxes.values()), default=0.0) - MARGIN_M
    top = max((high[1] for _, high in boxes.values()), default=MIN_M) + MARGIN_M
    outlines = {
        name: tuple(
            (round(x - left, 3), round(top - y, 3)) for x, y in ((low[0], high[1]), high, (high[0], low[1]), low)
        )
        for name, (low, high) in boxes.items()
    }
    return LandingPlan(
        landing=landing, plan=None, width=round(right - left, 3), height=round(top - bottom, 3), outlines=outlines
    )


def box(cell: Cell) -> tuple[Flat, Flat]:
    """The lowest and the highest corner of a cell, seen from above [m]."""
    (x, y, _), (width, depth, _) = cell.centre_m, cell.size_m
    return (x - width / 2, y - depth / 2), (x + width / 2, y + depth / 2)


def schematic_svg(plan: LandingPlan) -> bytes:
    """A landing's outlines as an SVG drawing, each with its cell's name."""
    shapes = "".join(shape(name, corners) for name, corners in plan.outlines.items())
    size = f"0 0 {plan.width:g} {plan.height:g}"
    style = 'fill="none" stroke="#555" stroke-width="0.05" font-family="sans-serif" font-size="0.6"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><g {style}>{shapes}</g></svg>\n'.encode()


def shape(name: str, corners: Sequence[Flat]) -> str:
    """A cell's outline and its name in the middle."""
    points = " ".join(f"{x:g},{y:g}" for x, y in corners)
    x, y = (sum(corner[axis] for corner in corners) / len(corners) for axis in (0, 1))
    words = f'<text x="{x:g}" y="{y:g}" fill="#555" stroke="none" text-anchor="middle">{escape(name)}</text>'
    return f'<polygon points="{points}"/>{words}'
