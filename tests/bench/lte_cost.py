"""What the LTE search costs, stage by stage, over one bare transform of the same samples.

    python -m tests.bench.lte_cost [--uploads 1] [--busy] [--rate 2.4e6] [--seconds 4.8]

Run it from the project's root. With ``--busy``, wide-band energy comes each millisecond: the search must stay bounded, and
what it left out is printed. It judges nothing.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from detector.lte import attempts, channels, search
from detector.lte.channel_gate import stirring
from detector.lte.pieces import Piece, piece_of
from detector.lte.preamble_gate import preamble_triggers
from detector.types import Technology
from tests.bench.measuring import Cut, Scene, Work, cut, make_air, print_costs
from tests.bench.pipeline_cost import search_all

MOST_TRIGGERS = 1000


def stages(given: Cut) -> Iterator[tuple[str, Work]]:
    """Each stage as work on all segments, with what the stages before it give it."""
    levels, ranges = given.context.profile.lte, given.context.ranges
    pieces: list[Piece] = []
    for segment in given.segments:
        pieces.append(piece_of(segment, pieces[-1] if pieces else None))

    def gated(piece: Piece) -> Any:
        return preamble_triggers(
            piece.energies,
            ranges=ranges,
            deviations=levels.preamble_deviations,
            train_deviations=levels.train_deviations,
            most=MOST_TRIGGERS,
        )

    yield "energies", lambda: [piece_of(segment, None) for segment in given.segments]
    yield "gate of preambles", lambda: [gated(piece) for piece in pieces]
    yield (
        "gate and search of preambles",
        lambda: [
            attempts.search_attempts(attempts.NO_ATTEMPTS, piece, (), ranges=ranges, levels=levels) for piece in pieces
        ],
    )
    yield (
        "gate of channels",
        lambda: [stirring(piece.energies, levels.stir_deviations) for piece in pieces],
    )
    yield (
        "gate and search of channels",
        lambda: [
            channels.search_channels(channels.NEW_CELL, piece, (), (), ranges=ranges, levels=levels) for piece in pieces
        ],
    )
    yield "the whole search", lambda: search_all(search, given)


def left_out(given: Cut) -> int:
    """Segments of which the bounded search left something out."""
    state, count = search.begin(given.context), 0
    for segment in given.segments:
        state, finding = search.step(state, segment)
        count += bool(finding.events)
    return count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=0)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--rate", type=float, default=2.4e6)
    parser.add_argument("--seconds", type=float, default=4.8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    scene = Scene(uploads=options.uploads, pulses=options.busy)
    samples = make_air(scene, seconds=options.seconds, rate_hz=options.rate, rng=rng)
    given = cut(samples, rate_hz=options.rate, technology=Technology.LTE)
    title = f"{options.uploads} uploads, {options.rate / 1e6:g} MS/s, {options.seconds:g} s"
    print_costs(title, stages(given), samples, count=given.count, rounds=options.rounds)
    sys.stdout.write(f"{left_out(given)} of {len(given.segments)} segments with places left out\n")


if __name__ == "__main__":
    main()
