"""Sample formats: bytes of a converter to complex samples whose full scale is 1.

A format is a constant record. The offset of unsigned bytes is the middle of their range; a receiver's own offset is a
DC line, which the detector has to live with anyway.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detector.types import Iq, Tuning

__all__ = ["FORMATS", "SampleFormat", "clipped_samples", "format_of", "from_iq", "to_iq"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFormat:
    """One SigMF datatype.

    Parameters
    ----------
    dtype
        numpy type of one part.
    offset, scale
        A part p is (p - offset) / scale of full scale.
    limit
        Magnitude of a part at which the converter stands at its end; infinite for floating point.
    """

    name: str
    dtype: str
    offset: float
    scale: float
    limit: float

    @property
    def sample_bytes(self) -> int:
        """Bytes of one complex sample."""
        return 2 * np.dtype(self.dtype).itemsize

    @property
    def quantum(self) -> float:
        """Distance of two steps of the converter, full scale being 1; 0 for floating point."""
        return 0.0 if np.dtype(self.dtype).kind == "f" else 1 / self.scale

    def tuning(self, sample_rate_hz: float, centre_hz: float | None) -> Tuning:
        """A tuning of a receiver whose samples come in this format."""
        return Tuning(sample_rate_hz=sample_rate_hz, centre_hz=centre_hz, limit=self.limit, quantum=self.quantum)


FORMATS: Final = {
    fmt.name: fmt
    for fmt in (
        SampleFormat(name="cu8", dtype="u1", offset=127.5, scale=127.5, limit=1.0),
        SampleFormat(name="ci8", dtype="i1", offset=0.0, scale=128.0, limit=127 / 128),
        SampleFormat(name="ci16_le", dtype="<i2", offset=0.0, scale=32768.0, limit=32767 / 32768),
        SampleFormat(name="cf32_le", dtype="<f4", offset=0.0, scale=1.0, limit=float("inf")),
    )
}


def format_of(tuning: Tuning) -> SampleFormat:
    """The format that samples came in, by the steps of the converter; floating point where it has none."""
    return next((fmt for fmt in FORMATS.values() if fmt.quantum == tuning.quantum), FORMATS["cf32_le"])


def to_iq(data: bytes | bytearray | memoryview, fmt: SampleFormat) -> Iq:
    """Whole samples as complex64.

    Parameters
    ----------
    data
        Interleaved in-phase and quadrature parts, a whole number of samples.

    Returns
    -------
    Iq
        Shape (len(data) // fmt.sample_bytes,).
    """
    parts = np.frombuffer(data, fmt.dtype)
    out = np.empty(parts.size, np.float32)
    np.subtract(parts, np.float32(fmt.offset), out=out, dtype=np.float32)
    out *= np.float32(1 / fmt.scale)
    return out.view(np.complex64)


def from_iq(iq: Iq, fmt: SampleFormat) -> bytes:
    """What a converter gave for some samples: undoes :func:`to_iq` to the bit."""
    parts = iq.view(np.float32)
    steps = np.rint(parts * np.float32(fmt.scale) + np.float32(fmt.offset)) if fmt.quantum else parts
    return bytes(steps.astype(fmt.dtype).tobytes())


def clipped_samples(data: bytes | bytearray | memoryview, fmt: SampleFormat) -> int:
    """How many samples stand at an end of the converter in either part; 0 for floating point."""
    parts = np.frombuffer(data, fmt.dtype)
    if parts.dtype.kind == "f":
        return 0
    ends = np.iinfo(parts.dtype)
    clipped = (parts == ends.min) | (parts == ends.max)
    return int(np.count_nonzero(clipped.reshape(-1, 2).any(axis=1))) if clipped.any() else 0
