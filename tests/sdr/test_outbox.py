import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sdr.outbox import Outbox, OutboxError, OutboxFullError

ROOT = Path(__file__).parents[2]


def test_parcels_leave_in_their_order_and_once(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1") as box:
        for sequence in range(3):
            box.put(boot="b", sequence=sequence, body=b"%d" % sequence)
        seen = []
        while (parcel := box.head()) is not None:
            seen.append(parcel.body)
            box.done(parcel)
        assert seen == [b"0", b"1", b"2"]
        assert len(box) == 0


def in_another_process(code, path):
    """Run code that knows Outbox, and the file's path as sys.argv[1], in a process of its own."""
    known = "import os, sys; from pathlib import Path; from sdr.outbox import Outbox; path = Path(sys.argv[1]); "
    command = [sys.executable, "-c", known + code, path]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_what_was_taken_survives_the_process(tmp_path):
    path = tmp_path / "box.sqlite"
    died = in_another_process("Outbox(path, sensor='B1').put(boot='first', sequence=1, body=b'x'); os._exit(9)", path)
    assert died.returncode == 9
    with Outbox(path, sensor="B1") as box:
        assert [(box.head().boot, box.head().body)] == [("first", b"x")]


def test_each_put_is_synced_to_disk(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1") as box:
        (mode,) = box._db.execute("PRAGMA journal_mode").fetchone()
        (level,) = box._db.execute("PRAGMA synchronous").fetchone()
    assert (mode, level) == ("wal", 2)


def test_a_full_outbox_refuses_and_keeps_what_it_has(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1", max_bytes=10) as box:
        box.put(boot="b", sequence=1, body=b"12345678")
        with pytest.raises(OutboxFullError, match="holds 8 of 10 bytes"):
            box.put(boot="b", sequence=2, body=b"123")
        box.done(box.head())
        box.put(boot="b", sequence=2, body=b"123")
        assert box.head().sequence == 2


def test_the_bound_counts_what_an_earlier_process_left(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1") as box:
        box.put(boot="b", sequence=1, body=b"12345678")
    with Outbox(tmp_path / "box.sqlite", sensor="B1", max_bytes=10) as box, pytest.raises(OutboxFullError):
        box.put(boot="b", sequence=2, body=b"123")


def test_a_refused_parcel_is_kept_but_no_longer_in_the_way(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path, sensor="B1") as box:
        box.put(boot="b", sequence=1, body=b"bad")
        box.put(boot="b", sequence=2, body=b"good")
        box.refuse(box.head())
        assert (box.head().body, len(box)) == (b"good", 1)
    assert sqlite3.connect(path).execute("SELECT body FROM parcel WHERE refused").fetchall() == [(b"bad",)]


def test_an_outbox_is_open_in_one_place_at_a_time(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path, sensor="B1"):
        second = in_another_process("Outbox(path, sensor='B1')", path)
        assert second.stderr.splitlines()[-1].startswith(f"sdr.outbox.OutboxError: outbox {path}: another process uses")
        with pytest.raises(OutboxError, match=r"box\.sqlite: another process uses it"):
            Outbox(path, sensor="B1")
    Outbox(path, sensor="B1").close()


def test_an_outbox_of_another_sensor_is_left_alone(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path, sensor="A1") as box:
        box.put(boot="b", sequence=1, body=b"x")
    with pytest.raises(OutboxError, match="it holds the batches of sensor A1; give B1 one of its own"):
        Outbox(path, sensor="B1")
    with Outbox(path, sensor="A1") as box:
        assert len(box) == 1


def test_a_file_that_can_be_no_outbox_is_named_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"these are not the bytes of a database" * 99)
    for path in (tmp_path, tmp_path / "file", tmp_path / "file" / "box.sqlite"):
        with pytest.raises(OutboxError, match=f"^outbox {re.escape(str(path))}: .+$"):
            Outbox(path, sensor="B1")


def test_what_was_refused_takes_no_room_from_what_waits(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path, sensor="B1", max_bytes=10) as box:
        box.put(boot="b", sequence=1, body=b"12345678")
        assert box.refuse(box.head()) == 0
        box.put(boot="b", sequence=2, body=b"12345678")
    with Outbox(path, sensor="B1", max_bytes=10) as box:
        box.put(boot="b", sequence=3, body=b"90")
        with pytest.raises(OutboxFullError):
            box.put(boot="b", sequence=4, body=b"1")


def test_the_oldest_refused_parcels_go_first_and_are_counted(tmp_path):
    path = tmp_path / "box.sqlite"
    with Outbox(path, sensor="B1", max_refused_bytes=10) as box:
        dropped = []
        for sequence, size in enumerate((4, 4, 2, 7, 11)):
            box.put(boot="b", sequence=sequence, body=bytes(size))
            dropped.append(box.refuse(box.head()))
        box.put(boot="b", sequence=9, body=b"waits")
        assert dropped == [0, 0, 0, 2, 3]
        assert (len(box), box.head().body) == (1, b"waits")


def test_a_disk_that_takes_no_more_is_a_full_outbox(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1") as box:
        (pages,) = box._db.execute("PRAGMA page_count").fetchone()
        box._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OutboxFullError, match="cannot be written: database or disk is full"):
            box.put(boot="b", sequence=1, body=bytes(100_000))
        assert len(box) == 0
