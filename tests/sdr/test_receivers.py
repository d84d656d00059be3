"""Every kind of receiver from end to end: the real pyrtlsdr, the real rtl_tcp and SoapySDR's real module, over a fake driver."""

import json
import lzma
import re
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np
import pytest

from detector.pipeline import Pipeline, merged
from detector.types import Label
from sdr.recording import open_recording
from sdr.replay import ReplaySource
from sdr.samples import FORMATS, to_iq
from sdr.source import SourceError
from tests.sdr.fake_dongle import LIMITS, SERIAL, fake_dongle, rtl_tcp

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
RATE_HZ = 2.4e6
CENTRE_HZ = 893.6e6
QUIET_S = 0.6
NAME = "gsm_registration"
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def air(tmp_path_factory):
    """A registration between stretches of noise, as bytes of a receiver that plays it over and over."""
    rng = np.random.default_rng(list(b"registration"))
    raw = lzma.decompress((GOLDEN / f"{NAME}.sigmf-data.xz").read_bytes())
    clean = np.pad(to_iq(raw, FORMATS["ci8"]), int(QUIET_S * RATE_HZ))
    noisy = 20 * clean / np.abs(clean).max() + rng.normal(0, 1.5, (clean.size, 2)).view(complex)[:, 0]
    steps = np.clip(np.rint(noisy.astype(np.complex64).view(np.float32) + 127.5), 0, 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("air") / "air.cu8"
    path.write_bytes(steps[: steps.size // 512 * 512].tobytes())
    return path


def one_turn(source, turn):
    """Blocks of one turn of the air, without a gap."""
    first = None
    for block in source.blocks():
        first = block.start if first is None else first
        assert block.samples.size
        yield block
        if block.stop - first >= turn:
            return


def searched(blocks, profile, plan):
    """What the pipeline finds, places counted from the first block."""
    pipeline = Pipeline(profile=profile, plan=plan)
    out = merged([*map(pipeline.push, blocks), pipeline.flush()])
    return [(b.label, b.start - blocks[0].start, b.count, b.freq_lower_hz, b.snr_db) for b in out.bursts], out


def replayed(path, data, datatype, count, profile, plan):
    """What a recording of the same samples gives through ``sigmf:``, flat out."""
    about = {"core:datatype": datatype, "core:sample_rate": RATE_HZ, "core:version": "1.0.0"}
    captures = [{"core:sample_start": 0, "core:frequency": CENTRE_HZ}]
    path.write_text(json.dumps({"global": about, "captures": captures, "annotations": []}))
    path.with_suffix(".sigmf-data").write_bytes(data[: 2 * count])
    with ReplaySource(open_recording(path), clock=lambda: EPOCH) as source:
        return searched(list(source.blocks()), profile, plan)


def place(blocks, whole, fmt):
    """Where in the air the first block begins [bytes]."""
    fmt = FORMATS[fmt]
    head = np.rint(blocks[0].samples[:256].view(np.float32) * fmt.scale + fmt.offset)
    found = (whole + whole[:4096]).find(head.astype(fmt.dtype).tobytes())
    assert found >= 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "datatype"), [("rtlsdr", "cu8"), ("rtltcp", "cu8"), ("soapy", "ci8")], ids=["rtlsdr", "rtltcp", "soapy"]
)
def test_the_same_bursts_are_found_through_every_receiver(kind, datatype, air, tmp_path, profile, plan):
    whole = air.read_bytes()
    with ExitStack() as stack:
        dongle = stack.enter_context(fake_dongle(air=air))
        address = stack.enter_context(rtl_tcp(dongle)) if kind == "rtltcp" else {"soapy": "driver=rtlsdr"}.get(kind, "")
        source = stack.enter_context(dongle.source(kind=kind, address=address, centre_hz=CENTRE_HZ))
        blocks = list(one_turn(source, len(whole) // 2))
        assert source.state.dropped == source.state.overruns == source.state.faults == 0
    assert all(one.stop == other.start for one, other in pairwise(blocks))
    if datatype == "ci8":
        whole = (np.frombuffer(whole, np.uint8) ^ 0x80).tobytes()
    at = place(blocks, whole, datatype)
    count = blocks[-1].stop - blocks[0].start
    bursts, out = searched(blocks, profile, plan)
    expected, _ = replayed(tmp_path / "air.sigmf-meta", (2 * whole)[at:] + whole, datatype, count, profile, plan)
    assert bursts == expected
    assert sum(burst[0].technology == Label.GSM_NB.technology for burst in bursts) >= 25
    assert {d.technology for d in out.detections} == {Label.GSM_NB.technology}


def test_a_block_bears_its_boot_its_times_its_gain_and_what_was_clipped():
    with fake_dongle() as dongle, dongle.source(address=SERIAL) as source:
        first, second = (block for _, block in zip(range(2), source.blocks(), strict=False))
        assert (source.state.gain_db, source.state.hardware) == (29.7, f"RTL-SDR {SERIAL}")
        assert abs((source.utc_of(second.start) - second.utc).total_seconds()) < first.samples.size / RATE_HZ
    assert first.boot == second.boot == source.boot
    assert (first.start, second.start, first.fresh, second.fresh) == (0, first.stop, True, False)
    # The second one may show that the first came late; neither can come early.
    assert second.monotonic_s - first.monotonic_s < first.samples.size / RATE_HZ + 1e-6
    assert (first.gain_db, first.clipped) == (29.7, 0)
    assert first.utc_error_s >= LIMITS.gap_s


@pytest.mark.parametrize(
    ("trouble", "address", "message"),
    [
        ("away", "", "the first dongle cannot be opened .*no dongle is attached: plug it in"),
        ("busy", "", f"the first dongle cannot be opened .*attached are {SERIAL}; end the program that uses it"),
        ("", "4711", f"dongle 4711 cannot be opened .*attached are {SERIAL}"),
    ],
)
def test_a_dongle_that_cannot_be_opened_says_what_to_do_in_one_line(trouble, address, message):
    with fake_dongle() as dongle:
        if trouble:
            (dongle.state / trouble).touch()
        with pytest.raises(SourceError, match=f"rtlsdr: {message}") as caught:
            dongle.source(address=address)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_or_takes_no_second_client_says_what_to_do():
    with fake_dongle() as dongle:
        with rtl_tcp(dongle) as address, dongle.source(kind="rtltcp", address=address) as source:
            next(source.blocks())
            with pytest.raises(SourceError, match=r"does not greet \(.*\); has it another client already\?"):
                dongle.source(kind="rtltcp", address=address)
        with pytest.raises(SourceError, match=re.escape(f"rtltcp: {address} cannot be reached")):
            dongle.source(kind="rtltcp", address=address)


@pytest.mark.parametrize(("kind", "address"), [("soapy", "driver=lime"), ("rtltcp", "nowhere:port"), ("rtltcp", "")])
def test_what_cannot_be_opened_otherwise_says_so_in_one_line(kind, address):
    with fake_dongle() as dongle, pytest.raises(SourceError, match=f"^{kind}: .*[?)7]") as caught:
        dongle.source(kind=kind, address=address)
    assert "\n" not in str(caught.value)


def test_a_server_whose_dongle_is_pulled_out_is_found_again():
    with fake_dongle() as dongle, ExitStack() as servers:
        address = servers.enter_context(rtl_tcp(dongle))
        with dongle.source(kind="rtltcp", address=address) as source:
            stream = source.blocks()
            next(stream)
            servers.close()
            assert len(list(takewhile(lambda block: block.samples.size, stream))) < 1000
            assert source.state.faults == 1


def test_blocked_output_never_stalls_capture_and_what_is_dropped_is_counted():
    with fake_dongle(FLAT_OUT="1") as dongle, dongle.source(rate_error_share=1e9) as source:
        stream = source.blocks()
        first = next(stream)
        seen = first
        while not source.state.dropped:
            seen = next(stream)
        behind = next(block for block in stream if block.start > seen.stop)
        assert behind.start - seen.stop >= seen.samples.size
        assert source.state.faults == 0
