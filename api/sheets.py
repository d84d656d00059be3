"""The search list and the hand-over as sheets of paper: one plain page of HTML each, that any browser prints. Pure.

Times are the site's own. A sheet leaves room to write down what a search found; it holds nothing that runs.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from api.views import AlertView
from api.views_reports import Handover, SearchedCellView, SearchList

__all__ = ["POLICY", "handover_sheet", "search_sheet"]

STYLE: Final = (
    "@page{size:A4;margin:14mm}body{font:10.5pt/1.35 sans-serif;color:#000;background:#fff;margin:1.5em auto;max-width:62em}"
    "h1{font-size:16pt;margin:0}h2{font-size:12pt;margin:1.4em 0 .3em}p{margin:.2em 0}"
    "table{border-collapse:collapse;width:100%}thead{display:table-header-group}tr{break-inside:avoid}"
    "th,td{border:1px solid #777;padding:.25em .5em;text-align:left;vertical-align:top}td.n{text-align:right}td.w{width:22%}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of a sheet: its own style, and nothing else."""

NOTHING: Final = "<p>None.</p>"

SEARCH_HEADS: Final = ("", "Cell", "Landing", "Chance", "Best hours", "Last heard", "Alerts", "Searched", "Result")
ALERT_HEADS: Final = ("Alert", "Wing", "Since", "State", "Priority", "Why it fired")


def search_sheet(told: SearchList, *, site: str) -> str:
    """The search list as a page.

    Parameters
    ----------
    site
        Its name.
    """
    zone = ZoneInfo(told.time_zone)
    head = f"From {told.alerts} alerts since {at(told.since_utc, zone)}. Chance is that a phone is there now."
    parts = [made(told.made_utc, zone), f"<p>{escape(head)}</p>", search_table(told.items, zone)]
    return page(f"Search list: {site}", parts)


def search_table(found: Sequence[SearchedCellView], zone: ZoneInfo) -> str:
    """Cells in their order, or that there is none."""
    rows = [search_row(place, cell, zone) for place, cell in enumerate(found, 1)]
    return table(SEARCH_HEADS, rows) if rows else NOTHING


def search_row(place: int, cell: SearchedCellView, zone: ZoneInfo) -> str:
    """A cell, with room for what the search finds."""
    hours = ", ".join(f"{hour.hour:02d}-{(hour.hour + 1) % 24:02d} h" for hour in cell.hours)
    searched = f"{cell.found} found, {cell.not_found} not" if cell.found or cell.not_found else ""
    numbers = ", ".join(f"{alert}" for alert in cell.alerts)
    words = (cell.name, cell.landing, f"{cell.probability:.0%}", hours, at(cell.last_utc, zone), numbers, searched)
    return f'<td class="n">{place}</td>{cells(words)}<td class="w"></td>'


def handover_sheet(told: Handover, *, site: str) -> str:
    """The hand-over as a page."""
    zone = ZoneInfo(told.time_zone)
    parts = [made(told.made_utc, zone), f"<p>Since {escape(at(told.since_utc, zone))}.</p>"]
    parts += section("Wings", ("Wing", "State", "Why"), ((w.title, w.state, w.why) for w in told.wings))
    counts = ((c.wing or "outside", c.outcome or "none yet", f"{c.alerts}") for c in told.alerts)
    parts += section("Alerts of the shift", ("Wing", "Outcome", "Alerts"), counts)
    parts += section("Unfinished", ALERT_HEADS, (alert_words(alert, zone) for alert in told.unfinished))
    busy = ((s.wing or "outside", at(s.began_utc, zone), s.why) for s in told.standing)
    parts += section("Standing alarms", ("Wing", "Since", "What"), busy)
    shelves = ((s.name, at(s.until_utc, zone), s.asked_by.name, s.reason) for s in told.shelves)
    parts += section("Shelved", ("What", "Until", "Asked by", "Reason"), shelves)
    silent = ((s.name, s.wing or "perimeter", s.state) for s in told.not_listening)
    parts += section("Not listening", ("Sensor", "Wing", "State"), silent)
    deaf = ((d.sensor, f"{d.loss_db:.0f} dB less than its peers (± {d.spread_db:.0f} dB)") for d in told.deaf)
    parts += section("Hears less than it should", ("Sensor", "By"), deaf)
    deeds = ((at(t.at_utc, zone), f"{t.alert}", t.act, t.actor.name, t.note) for t in told.transitions)
    parts += section("What was done", ("When", "Alert", "What", "Who", "Note"), deeds)
    parts += ["<h2>Cells to search first</h2>", search_table(told.search, zone)]
    return page(f"Hand-over: {site}", parts)


def alert_words(alert: AlertView, zone: ZoneInfo) -> tuple[str, ...]:
    """An alert that is not closed."""
    reasons = " ".join(alert.reasons)
    return f"{alert.id}", alert.wing or "outside", at(alert.opened_utc, zone), alert.state, alert.priority, reasons


def section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A heading and its table, or that there is nothing."""
    made_rows = [cells(row) for row in rows]
    return [f"<h2>{escape(title)}</h2>", table(heads, made_rows) if made_rows else NOTHING]


def table(heads: Sequence[str], rows: Iterable[str]) -> str:
    """A table of rows whose cells are made already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cells(words: Iterable[str]) -> str:
    """Texts as the cells of a row."""
    return "".join(f"<td>{escape(word)}</td>" for word in words)


def made(moment: datetime, zone: ZoneInfo) -> str:
    """When a sheet was made."""
    return f"<p>Made {escape(at(moment, zone))}, {escape(zone.key)}.</p>"


def at(moment: datetime, zone: ZoneInfo) -> str:
    """An instant by the site's own clock, to the minute."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )
