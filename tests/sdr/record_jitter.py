"""Record how late a receiver's callbacks come on this machine: python -m tests.sdr.record_jitter SECONDS OUT.npy.

The fake dongle's clock is exact, so what a callback comes late by is the machine's scheduling and the interpreter's. The
recording of the tests, callback_jitter.npy, was made for five minutes on two processors that five other programs kept busy.
"""

import os
import sys
from pathlib import Path

import numpy as np

from sdr.receiver import Request
from tests.sdr.fake_dongle import fake_dongle

RATE_HZ = 2.4e6


def record(seconds: float) -> np.ndarray:
    """Lateness of each callback over the promptest one [us]."""
    late_s = []
    with fake_dongle() as dongle:
        interrupt = os.eventfd(0)
        request = Request(kind="rtlsdr", address="", sample_rate_hz=RATE_HZ, centre_hz=897e6)
        capture = dongle.launch(request, interrupt=interrupt)
        capture.read(5.0)
        count = 0
        while count < seconds * RATE_HZ:
            frame = capture.read(5.0)
            count = frame.count
            late_s.append(frame.time_s - frame.count / RATE_HZ)
        capture.end(1.0)
        os.close(interrupt)
    return np.rint(1e6 * (np.array(late_s) - min(late_s))).astype(np.uint32)


if __name__ == "__main__":
    np.save(Path(sys.argv[2]), record(float(sys.argv[1])))
