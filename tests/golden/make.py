"""Cuts the golden recordings out of larger ones: `python tests/golden/make.py RECORDINGS`.

The crops are packed with xz. Clean ones are mixed into seeded noise by the test that uses them, so that they stay small;
those that were taken off the air stay as they are. Where each comes from, and under which licence, stands in its metadata.
"""

import json
import lzma
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PARTS = {"ci16_le": "<i2", "ci8": "i1", "cu8": "u1", "cf32_le": "<f4"}
OWN = "GPL-3.0-or-later (own output of software networks; nothing was on the air)"


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Seconds of a recording; ``clean`` ones bear truth, ``centre_hz`` moves what was received elsewhere."""

    source: str
    begin_s: float
    end_s: float
    clean: bool = True
    centre_hz: float | None = None


CROPS = {
    "gsm_registration": Crop(source="gsm/open_01_lu_2m4", begin_s=0.0, end_s=1.5),
    "gsm_call_dtx": Crop(source="gsm/open_05_call_dtx_native_dc", begin_s=1.0, end_s=2.2),
    "gsm_hopping_call": Crop(source="gsm/open_06_hop_2m4", begin_s=4.0, end_s=4.6),
    "lte_unanswered": Crop(source="lte/o1_prach_noanswer_6prb", begin_s=0.0, end_s=0.3),
    "lte_registration": Crop(source="lte/o3_attach_6prb", begin_s=0.0, end_s=0.4),
    "lte_voice": Crop(source="lte/o4_voice_6prb", begin_s=0.2, end_s=0.6),
    "real_lte_uplink": Crop(source="real/lte_ul_real_b_prach_1M92", begin_s=0.0, end_s=0.0228, clean=False),
    "real_lte_downlink_moved": Crop(
        source="real/rtl_lte_dl_f1860_s1p92_g0_1s", begin_s=0.3, end_s=0.4, clean=False, centre_hz=897e6
    ),
    "real_pager_moved": Crop(source="real/rtl_pager_00d060", begin_s=0.2, end_s=0.3, clean=False, centre_hz=847e6),
}


def load(source: Path) -> tuple[dict, np.ndarray]:
    """Metadata, and the parts of the samples, shape (n, 2)."""
    meta = json.loads(source.with_suffix(".sigmf-meta").read_text())
    packed, plain = source.with_suffix(".sigmf-data.xz"), source.with_suffix(".sigmf-data")
    data = lzma.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
    return meta, np.frombuffer(data, PARTS[meta["global"]["core:datatype"]]).reshape(-1, 2)


def cut(crop: Crop, recordings: Path) -> tuple[dict, np.ndarray]:
    """The crop's metadata and parts."""
    meta, parts = load(recordings / crop.source)
    rate = meta["global"]["core:sample_rate"]
    first, last = round(crop.begin_s * rate), min(round(crop.end_s * rate), len(parts))
    parts = parts[first:last]
    datatype = meta["global"]["core:datatype"]
    if crop.clean:
        parts = np.round(parts * (100 / np.abs(parts.astype(int)).max())).astype(np.int8)
        datatype = "ci8"
    bursts = [
        {
            "core:sample_start": a["core:sample_start"] - first,
            "core:sample_count": a["core:sample_count"],
            "core:freq_lower_edge": a["core:freq_lower_edge"],
            "core:freq_upper_edge": a["core:freq_upper_edge"],
            "core:label": a["core:label"],
        }
        for a in meta["annotations"]
        if crop.clean and first <= a["core:sample_start"] <= last - a["core:sample_count"]
    ]
    centre = crop.centre_hz or meta["captures"][0].get("core:frequency")
    about = {
        "core:datatype": datatype,
        "core:sample_rate": rate,
        "core:version": "1.2.0",
        "core:description": f"{crop.begin_s} to {crop.end_s} s of {Path(crop.source).name}",
        "core:license": OWN if crop.clean else meta["global"].get("core:license", ""),
        "core:author": origin(meta["global"]),
    }
    capture = {"core:sample_start": 0} | ({"core:frequency": centre} if centre else {})
    return {"global": about, "captures": [capture], "annotations": bursts}, parts


def origin(about: dict) -> str:
    """Where samples come from: a public repository with path and commit, or the software that made them."""
    if "origin:repository" not in about:
        return "software networks of Osmocom and srsRAN, run for these tests"
    return f"{about['origin:repository']}, {about['origin:path']}, commit {about['origin:commit']}"


def main() -> None:
    """Write every crop beside this file."""
    for name, crop in CROPS.items():
        meta, parts = cut(crop, Path(sys.argv[1]))
        out = Path(__file__).parent / name
        out.with_suffix(".sigmf-meta").write_text(json.dumps(meta, indent=1) + "\n")
        out.with_suffix(".sigmf-data.xz").write_bytes(lzma.compress(parts.tobytes(), preset=9))


if __name__ == "__main__":
    main()
