"""Recordings that this project did not make, through the production pipeline: phones found, nothing else found.

The clean ones are mixed here into the noise of an 8-bit receiver, 15 dB below their median burst in each burst's own
bandwidth; those that were received off the air are taken as they are.
"""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from detector.pipeline import Pipeline
from detector.types import IqBlock, Label, Tuning
from sdr.samples import FORMATS, to_iq

GOLDEN = Path(__file__).parent / "golden"
SNR_DB = 15.0


def load(name):
    """Samples at full scale 1, sample rate, centre and true bursts of a golden recording."""
    meta = json.loads((GOLDEN / f"{name}.sigmf-meta").read_text())
    about, capture = meta["global"], meta["captures"][0]
    data = lzma.decompress((GOLDEN / f"{name}.sigmf-data.xz").read_bytes())
    iq = to_iq(data, FORMATS[about["core:datatype"]])
    return iq, float(about["core:sample_rate"]), capture.get("core:frequency"), meta["annotations"]


def in_noise(iq, rate, bursts, rng):
    """The samples in noise and 8 bits; the noise has a density set by the median burst."""
    densities = [
        np.mean(np.abs(iq[b["core:sample_start"] :][: b["core:sample_count"]]) ** 2)
        / (b["core:freq_upper_edge"] - b["core:freq_lower_edge"])
        for b in bursts
    ]
    noise_power = np.median(densities) * rate / 10 ** (SNR_DB / 10)
    noisy = iq + np.sqrt(noise_power / 2) * (rng.standard_normal(iq.size) + 1j * rng.standard_normal(iq.size))
    scale = 0.2 / np.sqrt(np.mean(np.abs(noisy) ** 2))
    parts = (noisy * scale).astype(np.complex64).view(np.float32)
    return to_iq(np.clip(np.round(parts * 127.5 + 127.5), 0, 255).astype(np.uint8).tobytes(), FORMATS["cu8"])


def searched(iq, rate, centre, profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan)
    tuning = Tuning(sample_rate_hz=rate, centre_hz=centre, limit=1.0)
    blocks = [IqBlock(tuning=tuning, start=s, samples=iq[s : s + 50_000]) for s in range(0, iq.size, 50_000)]
    outputs = [*map(pipeline.push, blocks), pipeline.flush()]
    return [b for out in outputs for b in out.bursts], [d for out in outputs for d in out.detections]


def found(truth, burst, centre):
    """Whether a found burst is the true one: same label, half of the box in common."""
    if str(burst.label) != truth["core:label"]:
        return False
    start, stop = truth["core:sample_start"], truth["core:sample_start"] + truth["core:sample_count"]
    low, high = truth["core:freq_lower_edge"] - centre, truth["core:freq_upper_edge"] - centre
    time = min(stop, burst.start + burst.count) - max(start, burst.start)
    band = min(high, burst.freq_upper_hz) - max(low, burst.freq_lower_hz)
    return time > 0 and band > 0 and time * band >= 0.5 * (stop - start) * (high - low)


@pytest.mark.parametrize(
    ("name", "labels", "phones"),
    [
        ("gsm_registration", {"gsm-ab", "gsm-nb"}, 1),
        ("gsm_call_dtx", {"gsm-nb"}, 1),
        ("gsm_hopping_call", {"gsm-nb"}, 3),
        ("lte_unanswered", {"lte-prach"}, 1),
        ("lte_registration", {"lte-prach", "lte-pusch"}, 1),
        ("lte_voice", {"lte-pusch"}, 1),
    ],
)
def test_phone_stacks_are_found_with_nine_in_ten_of_their_bursts(name, labels, phones, profile, plan, rng):
    iq, rate, own_centre, truth = load(name)
    bursts, detections = searched(in_noise(iq, rate, truth, rng), rate, 897e6, profile, plan)
    for label in labels:
        asked = [t for t in truth if t["core:label"] == label]
        hits = sum(any(found(t, b, own_centre) for b in bursts) for t in asked)
        assert hits >= 0.9 * len(asked), f"{label}: {hits} of {len(asked)}"
    assert {str(d.technology) for d in detections} == {name.split("_")[0]}
    assert len({d.emission for d in detections}) == phones
    assert labels <= {str(kind) for d in detections for kind in d.kinds}


def test_a_phone_off_the_air_is_found(profile, plan):
    iq, rate, centre, _ = load("real_lte_uplink")
    _, detections = searched(iq, rate, centre, profile, plan)
    assert {str(d.technology) for d in detections} == {"lte"}


@pytest.mark.parametrize("name", ["real_lte_downlink_moved", "real_pager_moved"])
def test_what_is_no_phone_off_the_air_stays_silent(name, profile, plan):
    iq, rate, centre, _ = load(name)
    bursts, detections = searched(iq, rate, centre, profile, plan)
    assert detections == []
    assert sum(b.label is not Label.UNKNOWN for b in bursts) <= 2
