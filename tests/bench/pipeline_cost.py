"""What the whole pipeline costs, part by part, over one bare transform of the same samples.

    python -m tests.bench.pipeline_cost [--seconds 2.4] [--rounds 5] [--seed 1]

Run it from the project's root. It prints the front end (power map and floor), each search and all together, for air without
phones, with four calls, with an upload, and in the worst case of the search over roots, energy that comes and goes with
each millisecond; at 2.4 MS/s, and at 10 MS/s, where fifty ARFCNs are heard (but for the upload, whose subcarriers do not
fit that rate). It judges nothing.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from detector.lte.standard import SUBCARRIER_HZ
from detector.pipeline import SEARCHES
from detector.search import Search
from detector.types import Iq
from tests.bench.measuring import SCENES, Cut, Work, cut, make_air, print_costs, push_all

RATES_HZ = (2.4e6, 10e6)


def parts(samples: Iq, rate_hz: float) -> Iterator[tuple[str, Work]]:
    """The pipeline's parts as work on all samples."""
    yield "front end", partial(push_all, samples, rate_hz=rate_hz, searches={})
    for technology, search in SEARCHES.items():
        yield technology.upper(), partial(search_all, search, cut(samples, rate_hz=rate_hz, technology=technology))
    yield "all", partial(push_all, samples, rate_hz=rate_hz, searches=SEARCHES)


def search_all(search: Search[Any], given: Cut) -> None:
    """One search on all segments."""
    state = search.begin(given.context)
    for segment in given.segments:
        state, _ = search.step(state, segment)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for rate_hz in RATES_HZ:
        for name, scene in SCENES.items():
            if scene.uploads and rate_hz % SUBCARRIER_HZ:
                continue
            rng = np.random.default_rng(options.seed)
            samples = make_air(scene, seconds=options.seconds, rate_hz=rate_hz, rng=rng)
            title = f"{name}, {rate_hz / 1e6:g} MS/s, {options.seconds:g} s"
            print_costs(title, parts(samples, rate_hz), samples, count=samples.size, rounds=options.rounds)


if __name__ == "__main__":
    main()
