"""What the LTE search costs, stage by stage, over one bare transform of the same samples.

Run it from the project's root: ``PYTHONPATH=. python tests/bench/lte_cost.py [--phones 1] [--busy] [--rate 2.4e6]``. It
makes seeded air in eight bits, cuts it into segments as the pipeline does, and prints the processor time of each stage as
a multiple of ``scipy.fft.fft(x.reshape(-1, 256))``, the least of some rounds. With ``--busy``, wide-band energy comes each
millisecond: the search must stay bounded, and what it left out is printed. It judges nothing.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft

from detector import noise, spectra
from detector.lte import attempts, channels, search
from detector.lte.channel_gate import stirring
from detector.lte.pieces import Piece, piece_of
from detector.lte.preamble_gate import preamble_triggers
from detector.pipeline import HOP_S, LEAD_S
from detector.profile import parse_profile
from detector.search import Context
from detector.types import Iq, Segment, Tuning
from sdr.synthetic.lte_waveform import LteCarrier, preamble, pusch
from sdr.synthetic.transmission import Span

PROFILE = Path(__file__).parents[2] / "detector" / "data" / "default-profile.json"
CARRIER = LteCarrier(earfcn=21450, centre_hz=0.0, blocks=6, cell=0, root=129)
NOISE = 0.02


def air(rate_hz: float, seconds: float, phones: int, rng: np.random.Generator, *, busy: bool) -> Iq:
    """Noise of a few quantiser steps, with attempts and subframes of 5 dB over it, in eight bits."""
    n = int(rate_hz * seconds)
    parts = rng.standard_normal((2, n), dtype=np.float32)
    samples = (parts[0] + 1j * parts[1]) * np.float32(NOISE / np.sqrt(2))
    level = NOISE * np.sqrt(10**0.5 * 1.08e6 / rate_hz)
    for phone in range(phones):
        for start_s in np.arange(0.05 + 0.003 * phone, seconds - 0.02, 0.02):
            one = preamble(CARRIER, shift=int(rng.integers(0, 839)))
            grant = pusch(CARRIER, subframe=0, first_block=1, blocks=4, rng=rng)
            for waveform, at_s in ((one, start_s), (grant, start_s + 0.008)):
                begin = round(at_s * rate_hz)
                span = Span(first_s=0.0, count=round(1e-3 * rate_hz), sample_rate_hz=rate_hz, offset_hz=-200e3 * phone)
                samples[begin : begin + span.count] += (level * waveform.render(span)).astype(np.complex64)
    if busy:
        step = int(rate_hz * 1e-3)
        pulses = np.repeat(rng.random(n // step + 1) < 0.5, step)[:n]
        samples *= np.where(pulses, np.float32(1.6), np.float32(1.0))
    rounded = np.clip(np.round(samples.view(np.float32) * 127.5 + 127.5), 0, 255)
    return ((rounded - 127.5) / 127.5).astype(np.float32).view(np.complex64)


def segments(samples: Iq, tuning: Tuning) -> list[Segment]:
    """The segments that the pipeline would give to a search."""
    rate = tuning.sample_rate_hz
    n_bins = spectra.transform_size(rate)
    hop, lead = round(HOP_S * rate / n_bins) * n_bins, int(np.ceil(LEAD_S * rate / n_bins)) * n_bins
    out, floor = [], None
    for start in range(0, samples.size - hop + 1, hop):
        power = spectra.power_map(samples[start : start + hop], n_bins)
        floor = noise.follow(floor, noise.floor_of(power))
        begin = max(0, start - lead)
        out.append(
            Segment(
                tuning=tuning,
                start=start,
                stop=start + hop,
                iq=samples[begin : start + hop],
                iq_start=begin,
                power=power,
                step=n_bins,
                floor=floor,
                own_start=max(0, start - lead // 2),
                own_stop=start + hop - lead // 2,
                first=start == 0,
            )
        )
    return out


def least(work: Callable[[], Any], rounds: int) -> float:
    """Least processor time of several rounds [s]."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def stages(cut: list[Segment], context: Context) -> dict[str, Callable[[], Any]]:
    """Each stage as work on all segments, with what the stages before it give it."""
    levels, ranges = context.profile.lte, context.ranges
    pieces: list[Piece] = []
    for segment in cut:
        pieces.append(piece_of(segment, pieces[-1] if pieces else None))

    def gated(piece: Piece) -> Any:
        return preamble_triggers(
            piece.groups,
            step_s=piece.step_s,
            group_hz=piece.group_hz,
            ranges=ranges,
            deviations=levels.preamble_deviations,
            train_deviations=levels.train_deviations,
            most=1000,
        )

    def whole() -> None:
        state = search.begin(context)
        for segment in cut:
            state, _ = search.step(state, segment)

    return {
        "groups": lambda: [piece_of(segment, None) for segment in cut],
        "gate of preambles": lambda: [gated(piece) for piece in pieces],
        "gate and search of preambles": lambda: [
            attempts.search_attempts(attempts.NO_ATTEMPTS, piece, (), ranges=ranges, levels=levels) for piece in pieces
        ],
        "gate of channels": lambda: [
            stirring(p.groups, step_s=p.step_s, group_hz=p.group_hz, deviations=levels.stir_deviations) for p in pieces
        ],
        "gate and search of channels": lambda: [
            channels.search_channels(channels.NEW_CELL, piece, (), (), ranges=ranges, levels=levels) for piece in pieces
        ],
        "the whole search": whole,
    }


def left_out(cut: list[Segment], context: Context) -> int:
    """Segments of which the bounded search left something out."""
    state, count = search.begin(context), 0
    for segment in cut:
        state, finding = search.step(state, segment)
        count += bool(finding.events)
    return count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--phones", type=int, default=0)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--rate", type=float, default=2.4e6)
    parser.add_argument("--seconds", type=float, default=4.8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    tuning = Tuning(sample_rate_hz=args.rate, centre_hz=897e6, limit=1.0)
    samples = air(args.rate, args.seconds, args.phones, rng, busy=args.busy)
    cut = segments(samples, tuning)
    half = args.rate / 2
    context = Context(
        tuning=tuning,
        first=0,
        ranges=((-half, half),),
        n_bins=cut[0].step,
        lead=cut[1].start - cut[1].iq_start,
        profile=parse_profile(PROFILE.read_bytes()),
    )
    second = samples[: int(args.rate) // 256 * 256]
    bare = least(lambda: scipy.fft.fft(second.reshape(-1, 256)), 4 * args.rounds) / (second.size / args.rate)
    heard_s = sum(segment.stop - segment.start for segment in cut) / args.rate
    rows = [f"{args.phones} phones, {args.rate / 1e6:g} MS/s, {heard_s:.1f} s; bare transform {1e3 * bare:.2f} ms/s"]
    for name, work in stages(cut, context).items():
        rows.append(f"{least(work, args.rounds) / heard_s / bare:7.2f}  {name}")
    rows.append(f"{left_out(cut, context):7d}  of {len(cut)} segments with places left out")
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
