"""What the simulated air costs: seconds of air for each second of processor time, per sensor of the demo site.

    python tests/bench/synthetic_cost.py [--seconds 30] [--rate 1.92e6] [--seed 1]

Not a test: nothing is asserted of time. The start of a source is counted apart, since it is paid once.
"""

import argparse
import sys
import time
from datetime import UTC, datetime

from sdr.sources import demo_site
from sdr.synthetic.source import SimulatedSource

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def cost_s(sensor: str, *, seconds: float, rate: float, seed: int) -> tuple[float, float]:
    """Processor time up to the first block, and of the others [s]."""
    began = time.process_time()
    source = SimulatedSource(
        demo_site(), sensor, seed=seed, epoch=EPOCH, sample_rate_hz=rate, duration_s=seconds, pace=None
    )
    blocks = source.blocks()
    next(blocks)
    ready = time.process_time()
    for _ in blocks:
        pass
    return ready - began, time.process_time() - ready


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the air")
    parser.add_argument("--rate", type=float, default=1.92e6, help="samples per second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    head = f"{'sensor':8}{'start s':>9}{'x real time':>13}{'share of a core':>17}{'ns a sample':>13}\n"
    sys.stdout.write(head)
    for place in demo_site().sensors:
        start_s, rest_s = cost_s(place.name, seconds=options.seconds, rate=options.rate, seed=options.seed)
        share = rest_s / options.seconds
        sys.stdout.write(
            f"{place.name:8}{start_s:9.2f}{1 / share:13.1f}{share:17.1%}{1e9 * share / options.rate:13.1f}\n"
        )


if __name__ == "__main__":
    main()
