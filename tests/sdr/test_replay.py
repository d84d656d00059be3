import json
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import numpy as np
import pytest

from sdr.recording import BLOCK_SAMPLES, open_recording
from sdr.replay import ReplaySource

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
RATE = 1e6
SAMPLES = 2 * BLOCK_SAMPLES + 1000


@pytest.fixture
def recording(tmp_path, rng):
    """Two whole blocks and a short one; the second capture begins within the second block."""
    meta = tmp_path / "air.sigmf-meta"
    captures = [
        {"core:sample_start": 0, "core:frequency": 897e6},
        {"core:sample_start": BLOCK_SAMPLES + 500, "core:frequency": 902e6},
    ]
    about = {"core:datatype": "cu8", "core:sample_rate": RATE, "core:version": "1.0.0"}
    meta.write_text(json.dumps({"global": about, "captures": captures, "annotations": []}))
    meta.with_suffix(".sigmf-data").write_bytes(rng.bytes(2 * SAMPLES))
    return open_recording(meta)


def test_a_recording_is_played_once_and_whole(recording):
    with ReplaySource(recording, clock=lambda: EPOCH) as source:
        played = list(source.blocks())
    assert all(a.stop == b.start for a, b in pairwise(played))
    assert (played[0].start, played[-1].stop) == (0, SAMPLES)
    assert [b.start for b in played if b.fresh] == [0, BLOCK_SAMPLES + 500]


def test_a_loop_counts_on_and_each_turn_begins_a_run(recording):
    with ReplaySource(recording, clock=lambda: EPOCH, loop=True) as source:
        blocks_a_turn = len(list(ReplaySource(recording, clock=lambda: EPOCH).blocks()))
        played = list(islice(source.blocks(), 3 * blocks_a_turn))
    assert all(a.stop == b.start for a, b in pairwise(played))
    turns = [played[at] for at in range(0, len(played), blocks_a_turn)]
    assert [(b.start, b.fresh) for b in turns] == [(0, True), (SAMPLES, True), (2 * SAMPLES, True)]
    np.testing.assert_array_equal(turns[0].samples, turns[2].samples)


def test_each_block_waits_until_its_last_sample_is_due(recording):
    due = []
    source = ReplaySource(recording, clock=lambda: EPOCH, pace=due.append, loop=True)
    for block in islice(source.blocks(), 7):
        assert due[-1] == source.utc_of(block.stop) == EPOCH + timedelta(seconds=block.stop / RATE)
    assert len(due) == 7


def test_the_tuning_is_that_of_the_block_in_hand(recording):
    source = ReplaySource(recording, clock=lambda: EPOCH)
    assert source.tuning.centre_hz == 897e6
    seen = [source.tuning == block.tuning for block in source.blocks()]
    assert all(seen)
    assert source.tuning.centre_hz == 902e6


def test_closing_ends_the_blocks(recording):
    source = ReplaySource(recording, clock=lambda: EPOCH, loop=True)
    stream = source.blocks()
    next(stream)
    source.close()
    assert list(stream) == []
    source.close()


def test_each_opening_is_a_boot_of_its_own(recording):
    boots = {ReplaySource(recording, clock=lambda: EPOCH).boot for _ in range(3)}
    assert len(boots) == 3
