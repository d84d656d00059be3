"""What the GSM search costs, stage by stage, over one bare transform of the same samples.

Run it from the project's root: ``python tests/bench/gsm_cost.py [--calls 4] [--rate 2.4e6] [--seconds 4.8]``. It makes
seeded air in eight bits, cuts it into segments as the pipeline does, and prints the processor time of each stage as a
multiple of ``scipy.fft.fft(x.reshape(-1, 256))``, the least of some rounds. It judges nothing.
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
from detector.gsm import gate, lanes, past, search
from detector.gsm.modulation import main_pulse
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SLOT_S, SYMBOL_S, TRAINING, TRAINING_START
from detector.gsm.tools import make_tools
from detector.pipeline import HOP_S, LEAD_S
from detector.profile import parse_profile
from detector.search import Context
from detector.types import Iq, Segment, Tuning

PROFILE = Path(__file__).parents[2] / "detector" / "data" / "default-profile.json"


def burst(rate_hz: float, sequence: int, rng: np.random.Generator) -> Iq:
    """A normal burst of random bits, by the main pulse alone."""
    bits = rng.integers(0, 2, NORMAL_BITS)
    bits[TRAINING_START : TRAINING_START + TRAINING.shape[1]] = TRAINING[sequence]
    times, pulse = main_pulse()
    at = np.arange(int(NORMAL_BITS * SYMBOL_S * rate_hz)) / (SYMBOL_S * rate_hz)
    out = np.zeros(at.size, complex)
    for number, bit in enumerate(bits):
        out += (1 - 2 * bit) * 1j ** (number % 4) * np.interp(at - number - 0.5, times, pulse, left=0, right=0)
    return out.astype(np.complex64)


def air(rate_hz: float, seconds: float, calls: int, rng: np.random.Generator) -> Iq:
    """Noise of a few quantiser steps with calls of 15 dB over it in 200 kHz, in eight bits."""
    n = int(rate_hz * seconds)
    samples = 0.02 * (rng.standard_normal(n) + 1j * rng.standard_normal(n)) / np.sqrt(2)
    level = 0.02 * np.sqrt(10**1.5 * 200e3 / rate_hz)
    for call in range(calls):
        carrier = (-600e3 + 400e3 * call) / rate_hz
        for frame in range(int(seconds / FRAME_S) - 1):
            if frame % 26 == 25:
                continue
            one = burst(rate_hz, call % 8, rng)
            start = round((frame * FRAME_S + (2 * call % 8) * SLOT_S) * rate_hz) + 100
            samples[start : start + one.size] += (
                level * one * np.exp(2j * np.pi * carrier * np.arange(start, start + one.size))
            )
    parts = np.clip(np.round(samples.astype(np.complex64).view(np.float32) * 127.5 + 127.5), 0, 255)
    return ((parts - 127.5) / 127.5).astype(np.float32).view(np.complex64)


def segments(samples: Iq, tuning: Tuning) -> list[Segment]:
    """The pieces that the pipeline would give to a search."""
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


def stages(pieces: list[Segment], context: Context) -> dict[str, Callable[[], Any]]:
    """Each stage as work on all pieces, with what the stages before it give it."""
    tools = make_tools(context)
    assert tools is not None
    place = gate.make_gate(first=0, rate_hz=tools.rate_hz)
    inputs, history = [], past.empty_past(tools.channels.carriers_hz.size)
    histories = []
    for piece in pieces:
        before = place
        place, energy, frames = gate.read(place, piece, tools.channels)
        cells = gate.frame_energy(place, energy, frames, tools.channels)
        history = past.grown(history, cells[0], cells[0], keep=search.KEEP_FRAMES)
        inputs.append((before, energy, frames, cells))
        histories.append(history)
    limits = tools.thresholds

    def whole() -> None:
        state = search.begin(context)
        for piece in pieces:
            state, _ = search.step(state, piece)

    return {
        "gate: energy of every carrier": lambda: [
            gate.read(before, piece, tools.channels) for piece, (before, *_) in zip(pieces, inputs, strict=True)
        ],
        "gate: cells of the frame": lambda: [gate.frame_energy(b, e, f, tools.channels) for b, e, f, _ in inputs],
        "leakage": lambda: [
            lanes.clean(c, tools.channels.leak, limits.leak_margin) for *_, both in inputs for c in both
        ],
        "single lanes": lambda: [list(lanes.single_lanes(c[0], f, limits.single_sigma)) for *_, f, c in inputs],
        "folds": lambda: [
            list(
                lanes.folded_lanes(
                    h.unexplained, h.usual, 0, threshold=limits.fold_sigma, per_pattern=2, most_frames=48
                )
            )
            for h in histories
        ],
        "the whole search": whole,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2.4e6)
    parser.add_argument("--seconds", type=float, default=4.8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    tuning = Tuning(sample_rate_hz=args.rate, centre_hz=897e6, limit=1.0)
    samples = air(args.rate, args.seconds, args.calls, rng)
    pieces = segments(samples, tuning)
    profile = parse_profile(PROFILE.read_bytes())
    half = args.rate / 2
    context = Context(
        tuning=tuning,
        first=0,
        ranges=((-half, half),),
        n_bins=pieces[0].step,
        lead=pieces[1].start - pieces[1].iq_start,
        profile=profile,
    )
    second = samples[: int(args.rate) // 256 * 256]
    bare = least(lambda: scipy.fft.fft(second.reshape(-1, 256)), 4 * args.rounds) / (second.size / args.rate)
    heard_s = sum(piece.stop - piece.start for piece in pieces) / args.rate
    sys.stdout.write(
        f"{args.calls} calls, {args.rate / 1e6:g} MS/s, {heard_s:.1f} s; bare transform {1e3 * bare:.2f} ms/s\n"
    )
    n_bins = pieces[0].step
    front = {
        "front end: power map": lambda: [spectra.power_map(p.iq[p.start - p.iq_start :], n_bins) for p in pieces],
        "front end: floor": lambda: [noise.floor_of(p.power) for p in pieces],
    }
    for name, work in (front | stages(pieces, context)).items():
        sys.stdout.write(f"{least(work, args.rounds) / heard_s / bare:7.2f}  {name}\n")


if __name__ == "__main__":
    main()
