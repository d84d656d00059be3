"""Simulated air as a SigMF recording: 8-bit samples and, as annotations, every burst that is truly in them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Final

from detector.site import Site
from detector.types import Tuning
from sdr.samples import FORMATS
from sdr.sigmf import Pair
from sdr.synthetic.population import CENTRE_HZ, SAMPLE_RATE_HZ
from sdr.synthetic.receiver import BLOCK_SAMPLES, receiver_of
from sdr.synthetic.reception import Heard, Reception, receive
from sdr.synthetic.source import place_of

__all__ = ["write_recording"]

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


def write_recording(
    path: Path,
    site: Site,
    sensor: str,
    *,
    seconds: float,
    seed: int,
    epoch: datetime = EPOCH,
    sample_rate_hz: float = SAMPLE_RATE_HZ,
    centre_hz: float = CENTRE_HZ,
    overwrite: bool = False,
) -> None:
    """Write what a sensor hears from the epoch on.

    Parameters
    ----------
    path
        The metadata, ``<name>.sigmf-meta``; the samples are written beside it.
    seconds
        How long, rounded up to a whole sample.
    overwrite
        Whether a recording of this name may be lost; one that is interrupted leaves none.

    Raises
    ------
    KeyError
        If the site has no such sensor.
    ValueError
        If the path does not end in .sigmf-meta, or the sample rate is not a multiple of 15 kHz.
    OSError
        If a file cannot be written, or is there already.
    """
    place = place_of(site, sensor)
    tuning = FORMATS["cu8"].tuning(sample_rate_hz, centre_hz)
    reception = Reception(
        site=site, sensor=place, seed=seed, tuning=tuning, receiver=receiver_of(place, seed=seed), opened_s=0.0
    )
    samples = ceil(seconds * sample_rate_hz)
    annotations: list[dict[str, Any]] = []
    about = {
        "core:datatype": "cu8",
        "core:sample_rate": sample_rate_hz,
        "core:description": f"simulated air at sensor {sensor} of {site.name}, seed {seed}",
        "core:author": "wingwatch",
        "core:extensions": [{"name": "bench", "version": "1.0.0", "optional": True}],
    }
    capture = {
        "core:sample_start": 0,
        "core:frequency": centre_hz,
        "core:datetime": epoch.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    with Pair(path, overwrite=overwrite) as pair:
        for index, (data, fresh) in enumerate(islice(receive(reception), ceil(samples / BLOCK_SAMPLES))):
            pair.write(data[: 2 * (samples - index * BLOCK_SAMPLES)].tobytes())
            annotations += (annotation(one, tuning) for one in fresh)
        whole = sorted(within(annotations, samples), key=lambda entry: entry["core:sample_start"])
        pair.finish(about, [capture], whole)


def annotation(one: Heard, tuning: Tuning) -> dict[str, Any]:
    """The truth about one burst, without its ramps; what the band cuts off bears ``bench:partial``."""
    rate, centre_hz = tuning.sample_rate_hz, tuning.centre_hz or 0.0
    edges = max(one.lower_hz, -rate / 2), min(one.upper_hz, rate / 2)
    entry = {
        "core:sample_start": round(one.transmission.start_s * rate),
        "core:sample_count": round(one.transmission.duration_s * rate),
        "core:freq_lower_edge": round(edges[0] + centre_hz, 1),
        "core:freq_upper_edge": round(edges[1] + centre_hz, 1),
        "core:label": str(one.transmission.label),
        "bench:emitter": one.episode,
        "bench:snr_db": round(one.snr_db, 1),
    }
    return entry if edges == (one.lower_hz, one.upper_hz) else entry | {"bench:partial": True}


def within(annotations: list[dict[str, Any]], samples: int) -> Iterator[dict[str, Any]]:
    """The annotations that lie in the recording; one that its end cuts is cut with it and says so."""
    for entry in annotations:
        start, count = entry["core:sample_start"], entry["core:sample_count"]
        if start + count <= samples:
            yield entry
        elif start < samples:
            yield entry | {"core:sample_count": samples - start, "bench:partial": True}
