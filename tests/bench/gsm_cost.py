"""What the GSM search costs, stage by stage, over one bare transform of the same samples.

    python -m tests.bench.gsm_cost [--calls 4] [--rate 2.4e6] [--seconds 4.8]

Run it from the project's root. It judges nothing.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from detector.gsm import gate, lanes, past, search
from detector.gsm.tools import make_tools
from detector.types import Technology
from tests.bench.measuring import Cut, Scene, Work, cut, make_air, print_costs
from tests.bench.pipeline_cost import search_all


def stages(given: Cut) -> Iterator[tuple[str, Work]]:
    """Each stage as work on all segments, with what the stages before it give it."""
    tools = make_tools(given.context)
    assert tools is not None
    limits = tools.thresholds
    place = gate.make_gate(first=0, rate_hz=tools.rate_hz)
    inputs, history = [], past.empty_past(tools.channels.carriers_hz.size)
    histories = []
    for segment in given.segments:
        before = place
        place, energy, frames = gate.read(place, segment, tools.channels)
        cells = gate.frame_energy(place, energy, frames, tools.channels)
        history = past.grown(history, cells[0], cells[0], keep=search.KEEP_FRAMES, clip_sigma=limits.clip_sigma)
        inputs.append((segment, before, energy, frames, cells))
        histories.append(history)
    yield "gate: energy of every carrier", lambda: [gate.read(b, s, tools.channels) for s, b, *_ in inputs]
    yield "gate: cells of the frame", lambda: [gate.frame_energy(b, e, f, tools.channels) for _, b, e, f, _ in inputs]
    yield (
        "leakage",
        lambda: [lanes.clean(c, tools.channels, limits) for *_, both in inputs for c in both],
    )
    yield "single lanes", lambda: [list(lanes.single_lanes(c[0], f, limits.single_sigma)) for *_, f, c in inputs]
    yield (
        "folds",
        lambda: [
            list(
                lanes.folded_lanes(
                    h.unexplained, h.usual, 0, threshold=limits.fold_sigma, least=0, per_pattern=2, most_frames=48
                )
            )
            for h in histories
        ],
    )
    yield "the whole search", lambda: search_all(search, given)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2.4e6)
    parser.add_argument("--seconds", type=float, default=4.8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    samples = make_air(Scene(calls=options.calls), seconds=options.seconds, rate_hz=options.rate, rng=rng)
    given = cut(samples, rate_hz=options.rate, technology=Technology.GSM)
    title = f"{options.calls} calls, {options.rate / 1e6:g} MS/s, {options.seconds:g} s"
    print_costs(title, stages(given), samples, count=given.count, rounds=options.rounds)


if __name__ == "__main__":
    main()
