"""The picture of measured probability of detection beside theory, as SVG that is legible on light and on dark pages.

Drawn from the written results of ``gsm-pd`` and ``lte-pd`` alone, and the same to the byte whenever it is drawn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.prove import gsm_pd, lte_pd
from tests.prove.intervals import interval_of
from tests.prove.proof import Share
from tests.prove.theory import access_pd, blocks_pd, normal_bursts_pd, preamble_pd

__all__ = ["draw"]

Shares = Mapping[str, Share]
Limit = Callable[[ArrayLike], NDArray[np.float64]]

WIDTH: Final = 960
HEIGHT: Final = 452
PANEL_WIDTH: Final = 408
PANEL_HEIGHT: Final = 250
TOP: Final = 118
LEFTS: Final = (52, 532)
TICK_DB: Final = 3
MINUS: Final = "\N{MINUS SIGN}"
CALL_BURSTS: Final = 208
VOICE_SUBFRAMES: Final = 317
"""Of one resource block each: as many as a phone of ``lte-pd`` sends on average, registration and call."""

STYLE: Final = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.grid { stroke: #59636e; stroke-opacity: .22 }
.axis { stroke: #59636e; stroke-opacity: .7 }
.limit { fill: none; stroke-width: 1.6; stroke-dasharray: 5 4; stroke-opacity: .85 }
.measured { fill: none; stroke-width: 2 }
.interval { stroke-width: 1.6 }
.a { stroke: #0969da } .b { stroke: #c2571a } .c { stroke: #1a7f5a }
circle.a, rect.a { fill: #0969da } circle.b, rect.b { fill: #c2571a } circle.c, rect.c { fill: #1a7f5a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9aa4af } .grid, .axis { stroke: #9aa4af }
  .a { stroke: #58a6ff } .b { stroke: #f0883e } .c { stroke: #3fb98c }
  circle.a, rect.a { fill: #58a6ff } circle.b, rect.b { fill: #f0883e } circle.c, rect.c { fill: #3fb98c }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Measured shares over SNR, and what theory allows.

    Parameters
    ----------
    name
        Of the share at an SNR, as the proof counts it.
    limit
        Probability of detection by SNR.
    limit_says
        What the limit is one of.
    """

    title: str
    name: Callable[[float], str]
    snrs_db: Sequence[float]
    limit: Limit
    limit_says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One technology: its curves, and the range of SNR."""

    title: str
    axis: str
    low_db: float
    high_db: float
    left: int
    curves: tuple[Curve, ...]

    def x(self, snr_db: float) -> float:
        """Place of an SNR."""
        return self.left + PANEL_WIDTH * (snr_db - self.low_db) / (self.high_db - self.low_db)


PANELS: Final = (
    Panel(
        title="GSM: share found",
        axis="SNR in 200 kHz [dB]",
        low_db=-16.0,
        high_db=7.0,
        left=LEFTS[0],
        curves=(
            Curve(
                title="a phone, from one second of call",
                name=gsm_pd.call_name,
                snrs_db=gsm_pd.CALL_SNRS_DB,
                limit=partial(normal_bursts_pd, bursts=CALL_BURSTS, false_alarm=1e-8),
                limit_says="energy of 208 bursts",
            ),
            Curve(
                title="a normal burst in that call",
                name=gsm_pd.normal_name,
                snrs_db=gsm_pd.CALL_SNRS_DB,
                limit=normal_bursts_pd,
                limit_says="energy of one burst alone",
            ),
            Curve(
                title="a lone access burst",
                name=gsm_pd.access_name,
                snrs_db=gsm_pd.ACCESS_SNRS_DB,
                limit=access_pd,
                limit_says="its known sequence",
            ),
        ),
    ),
    Panel(
        title="LTE: share found",
        axis="SNR in the signal's own band [dB]",
        low_db=-18.0,
        high_db=8.0,
        left=LEFTS[1],
        curves=(
            Curve(
                title="a preamble, in a train of ten",
                name=lte_pd.train_name,
                snrs_db=lte_pd.PREAMBLE_SNRS_DB,
                limit=preamble_pd,
                limit_says="any of 838 roots",
            ),
            Curve(
                title="a phone, from one second of call",
                name=lte_pd.voice_name,
                snrs_db=lte_pd.VOICE_SNRS_DB,
                limit=partial(blocks_pd, subframes=VOICE_SUBFRAMES, false_alarm=1e-8),
                limit_says="energy of all it sends",
            ),
            Curve(
                title="a PUSCH subframe of one block",
                name=lte_pd.shared_name,
                snrs_db=lte_pd.VOICE_SNRS_DB,
                limit=blocks_pd,
                limit_says="its energy",
            ),
        ),
    ),
)


def draw(shares: Sequence[Shares]) -> str:
    """The picture.

    Parameters
    ----------
    shares
        What ``gsm-pd`` and ``lte-pd`` counted.
    """
    body = [line for panel, counted in zip(PANELS, shares, strict=True) for line in panel_lines(panel, counted)]
    foot = (
        "Dots: measured by the production pipeline with the default profile, 8-bit receiver at 2.4 MS/s, no fading; "
        "bars: 95 %. Dashed: what theory allows."
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Probability of detection against SNR, measured and in theory, for GSM and LTE</title>"
    lines = [head, title, f"<style>{STYLE}</style>", *body, text(LEFTS[0], HEIGHT - 14, foot, "small"), "</svg>"]
    return "\n".join(lines) + "\n"


def panel_lines(panel: Panel, shares: Shares) -> Iterator[str]:
    """One panel."""
    yield text(panel.left, 26, panel.title, "title")
    yield from axes(panel)
    for place, (colour, curve) in enumerate(zip("abc", panel.curves, strict=True)):
        yield from legend(panel.left, 48 + 20 * place, colour, curve)
        yield limit_line(panel, curve, colour)
        yield from measured_lines(panel, curve, colour, shares)


def axes(panel: Panel) -> Iterator[str]:
    """Grid, ticks and their numbers."""
    right, bottom = panel.left + PANEL_WIDTH, TOP + PANEL_HEIGHT
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        kind = "axis" if share == 0 else "grid"
        yield f'<line class="{kind}" x1="{panel.left}" x2="{right}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>'
        yield text(panel.left - 8, y(share) + 4, f"{share:.0%}".replace("%", " %"), "small", anchor="end")
    for snr_db in range(-18, 9, TICK_DB):
        if panel.low_db <= snr_db <= panel.high_db:
            x = panel.x(snr_db)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>'
            yield text(x, bottom + 18, f"{snr_db}".replace("-", MINUS), "small", anchor="middle")
    yield text(panel.left + PANEL_WIDTH / 2, bottom + 38, panel.axis, "small", anchor="middle")


def legend(left: float, top: float, colour: str, curve: Curve) -> Iterator[str]:
    """A curve's name beside its colour."""
    yield f'<circle class="{colour}" cx="{left + 5}" cy="{top - 4}" r="4"/>'
    yield text(left + 16, top, curve.title)
    yield f'<line class="limit {colour}" x1="{left + 252}" x2="{left + 276}" y1="{top - 4}" y2="{top - 4}"/>'
    yield text(left + 282, top, curve.limit_says, "small")


def limit_line(panel: Panel, curve: Curve, colour: str) -> str:
    """What theory allows."""
    snrs_db = np.linspace(panel.low_db, panel.high_db, 231)
    points = zip(snrs_db, curve.limit(snrs_db), strict=True)
    return polyline(f"limit {colour}", [(panel.x(snr_db), y(pd)) for snr_db, pd in points])


def measured_lines(panel: Panel, curve: Curve, colour: str, shares: Shares) -> Iterator[str]:
    """Dots with their intervals, joined."""
    counted = [(panel.x(snr_db), shares[curve.name(snr_db)]) for snr_db in curve.snrs_db]
    yield polyline(f"measured {colour}", [(x, y(one.hits / one.trials)) for x, one in counted])
    for x, one in counted:
        low, high = interval_of(one, confidence=0.95)
        yield f'<line class="interval {colour}" x1="{x:.1f}" x2="{x:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}"/>'
        yield f'<circle class="{colour}" cx="{x:.1f}" cy="{y(one.hits / one.trials):.1f}" r="3.2"/>'


def y(share: float) -> float:
    """Place of a share."""
    return TOP + PANEL_HEIGHT * (1 - share)


def polyline(kind: str, points: Sequence[tuple[float, float]]) -> str:
    """A line through points."""
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
