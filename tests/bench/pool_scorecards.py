"""Pools the JSON scorecards of several seeds: each share with its trials and its Wilson interval at 95 %.

A scorecard holds what ``detect`` found on recordings it did not make (``scorecard.py RECORDINGS --seed N --json``). Run it
from the project's root: ``python tests/bench/pool_scorecards.py seed-*.json``. It judges nothing.
"""

import argparse
import json
import math
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

SHARES = ("recall_kind", "recall_one")


def wilson(hits: float, trials: int, deviations: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (Wilson 1927); trials are taken as independent, which bursts of one scene are not."""
    share, scale = hits / trials, deviations**2 / trials
    middle = (share + scale / 2) / (1 + scale)
    half = deviations / (1 + scale) * math.sqrt(share * (1 - share) / trials + scale / trials / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def bursts(cards: list[dict[str, Any]]) -> Iterator[str]:
    """Recall of each kind against SNR: right kind, one to one, trials."""
    pooled: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for card in cards:
        for label, by_snr in card["bursts"].items():
            for snr, row in by_snr.items():
                pooled[label, int(snr)].update({key: row[key] * row["bursts"] for key in (*SHARES, "recall_tech")})
                pooled[label, int(snr)]["trials"] += row["bursts"]
    for (label, snr), sums in sorted(pooled.items()):
        trials = sums["trials"]
        low, high = wilson(sums["recall_kind"], trials)
        kind, one, technology = (sums[key] / trials for key in (*SHARES, "recall_tech"))
        yield (
            f"{label:32s} {snr:+3d} dB  kind {kind:.3f} [{low:.3f}, {high:.3f}]  one {one:.3f}  "
            f"technology {technology:.3f}  of {trials}"
        )


def phones(cards: list[dict[str, Any]]) -> Iterator[str]:
    """Phones found, by technology, fading and SNR."""
    pooled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for card in cards:
        for who, (hits, trials) in card["phones_found"].items():
            pooled[who].update(hits=hits, trials=trials)
    for who, sums in sorted(pooled.items()):
        low, high = wilson(sums["hits"], sums["trials"])
        yield (f"phones {who:40s} {sums['hits']} of {sums['trials']}  [{low:.2f}, {high:.2f}]")


def quiet(cards: list[dict[str, Any]]) -> Iterator[str]:
    """Detections and bursts where there is no phone, and what else a card counts."""
    for air in ("empty_air", "silent_air"):
        seconds, found, said = (
            sum(card[air][key] for card in cards) for key in ("seconds", "detections", "phone_bursts")
        )
        yield (f"{air}: {found} detections and {said} phone bursts in {seconds:.1f} s")
    scenes = sum(card["scenes"] for card in cards)
    false = sum(card["false_bursts_per_s"] * card["scenes"] for card in cards) / scenes
    moved = sum(card["downlink_in_uplink"][0] for card in cards), [n for c in cards for n in c["downlink_in_uplink"][1]]
    yield (
        f"stray detections: {[card['stray_detections'] for card in cards]}; false bursts {false:.3f}/s in {scenes} scenes"
    )
    yield (f"base stations in an uplink: {len(moved[1])} of {moved[0]} found {sorted(set(moved[1]))}")
    for key in sorted({key for card in cards for key in card["at_6_or_8_db"]}):
        values = [card["at_6_or_8_db"][key] for card in cards if key in card["at_6_or_8_db"]]
        yield (
            f"{key}: median of {len(values)} medians {statistics.median(values)}, worst {min(values)} to {max(values)}"
        )
    for name in sorted({name for card in cards for name in card["real_phones"]}):
        yield (f"real uplink {name}: {sorted({tuple(card['real_phones'][name]) for card in cards})}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cards", nargs="+", type=Path, help="scorecards as JSON")
    given = [json.loads(path.read_text()) for path in parser.parse_args().cards]
    lines = chain(bursts(given), phones(given), quiet(given))
    sys.stdout.writelines(f"{line}\n" for line in lines)
