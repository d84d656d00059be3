"""What the whole pipeline costs, part by part, over one bare transform of the same samples.

    python -m tests.bench.pipeline_cost [--seconds 2.4] [--rounds 5] [--seed 1]

Run it from the project's root. It prints the conversion of an RTL-SDR's bytes, the front end (power map and floor), each
search, and the whole from bytes to detections: for air without phones, with four calls, with an upload, and in the worst
case of the search over roots, energy that comes and goes with each millisecond; at 2.4 MS/s, and at 10 MS/s, where fifty
ARFCNs are heard (but for the upload, whose subcarriers do not fit that rate). It judges nothing.
"""

import argparse
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from detector.lte.standard import SUBCARRIER_HZ
from detector.pipeline import SEARCHES
from detector.search import Search
from detector.types import Iq, Technology
from sdr.samples import from_iq
from tests.bench.measuring import CU8, SCENES, Cut, Work, blocks_of_bytes, cut, make_air, print_costs, push_all

RATES_HZ = (2.4e6, 10e6)


def parts(samples: Iq, rate_hz: float) -> Iterator[tuple[str, Work]]:
    """The pipeline's parts as work on all samples."""
    data = from_iq(samples, CU8)
    yield "conversion of bytes", lambda: deque(blocks_of_bytes(data), maxlen=0)
    yield "front end, from bytes", whole(data, rate_hz, {})
    for technology, search in SEARCHES.items():
        given = cut(samples, rate_hz=rate_hz, technology=technology)
        yield f"{technology.upper()} search alone", partial(search_all, search, given)
    gsm = Technology.GSM
    yield "whole pipeline with GSM, from bytes", whole(data, rate_hz, {gsm: SEARCHES[gsm]})
    yield "whole pipeline with all searches, from bytes", whole(data, rate_hz, SEARCHES)


def whole(data: bytes, rate_hz: float, searches: Mapping[Technology, Search[Any]]) -> Work:
    """All that a sensor's process does with a receiver's bytes."""
    return lambda: push_all(blocks_of_bytes(data), rate_hz=rate_hz, searches=searches)


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
