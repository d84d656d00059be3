import sqlite3

import pytest

from sdr.outbox import Outbox, OutboxFullError


def test_parcels_leave_in_their_order_and_once(tmp_path):
    with Outbox(tmp_path / "box.sqlite") as box:
        for sequence in range(3):
            box.put(boot="b", sequence=sequence, body=b"%d" % sequence)
        seen = []
        while (parcel := box.head()) is not None:
            seen.append(parcel.body)
            box.done(parcel)
        assert seen == [b"0", b"1", b"2"]
        assert len(box) == 0


def test_what_was_taken_survives_the_process(tmp_path):
    Outbox(tmp_path / "box.sqlite").put(boot="first", sequence=1, body=b"x")  # never closed
    with Outbox(tmp_path / "box.sqlite") as box:
        assert [(box.head().boot, box.head().body)] == [("first", b"x")]


def test_each_put_is_synced_to_disk(tmp_path):
    with Outbox(tmp_path / "box.sqlite") as box:
        (mode,) = box._db.execute("PRAGMA journal_mode").fetchone()
        (level,) = box._db.execute("PRAGMA synchronous").fetchone()
    assert (mode, level) == ("wal", 2)


def test_a_full_outbox_refuses_and_keeps_what_it_has(tmp_path):
    with Outbox(tmp_path / "box.sqlite", max_bytes=10) as box:
        box.put(boot="b", sequence=1, body=b"12345678")
        with pytest.raises(OutboxFullError, match="holds 8 of 10 bytes"):
            box.put(boot="b", sequence=2, body=b"123")
        box.done(box.head())
        box.put(boot="b", sequence=2, body=b"123")
        assert box.head().sequence == 2


def test_the_bound_counts_what_an_earlier_process_left(tmp_path):
    with Outbox(tmp_path / "box.sqlite") as box:
        box.put(boot="b", sequence=1, body=b"12345678")
    with Outbox(tmp_path / "box.sqlite", max_bytes=10) as box, pytest.raises(OutboxFullError):
        box.put(boot="b", sequence=2, body=b"123")


def test_a_refused_parcel_is_kept_but_no_longer_in_the_way(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path) as box:
        box.put(boot="b", sequence=1, body=b"bad")
        box.put(boot="b", sequence=2, body=b"good")
        box.refuse(box.head())
        assert (box.head().body, len(box)) == (b"good", 1)
    assert sqlite3.connect(path).execute("SELECT body FROM parcel WHERE refused").fetchall() == [(b"bad",)]
