"""The timing of simulated phones against what real stacks send."""

from itertools import pairwise

import numpy as np
import pytest

from detector.gsm.standard import FRAME_S, SLOT_S, SLOTS
from detector.lte.standard import SUBFRAME_S
from detector.types import Label
from sdr.synthetic import gsm_phone, lte_phone
from sdr.synthetic.acts import ACTS, Act
from sdr.synthetic.gsm_phone import GsmRadio, Sector, arfcn_hz, call_frames
from sdr.synthetic.lte_phone import LteRadio
from sdr.synthetic.population import ARFCNS, LTE_CARRIER

GSM_ACTS = [act for act, script in ACTS.items() if script.technology == "gsm"]
LTE_ACTS = [act for act, script in ACTS.items() if script.technology == "lte"]


def gsm_radio(*, signalling=2, slot=4):
    sector = Sector(arfcn=37, hopping=ARFCNS, offset=1, training_sequence=5, origin_s=-1.234)
    return GsmRadio(sector=sector, signalling=signalling, slot=slot, error_hz=0.0)


def sent_by(act, rng, *, duration_s=10.0, start_s=100.0, radio=None):
    if act in GSM_ACTS:
        make, radio = gsm_phone.transmissions, radio or gsm_radio()
    else:
        make, radio = lte_phone.transmissions, LteRadio(carrier=LTE_CARRIER, origin_s=-0.0123, error_hz=0.0)
    return list(make(radio, act, start_s=start_s, stop_s=start_s + duration_s, rng=rng))


def slots_of(sent, radio):
    """Frame and slot of each burst."""
    count = [int((one.start_s - radio.sector.origin_s) / SLOT_S + 0.01) for one in sent]
    return [divmod(n, SLOTS) for n in count]


@pytest.mark.parametrize("act", list(Act))
def test_a_phone_sends_one_thing_at_a_time_within_its_episode(act, rng):
    sent = sent_by(act, rng)
    assert all(one.start_s + one.duration_s < two.start_s + 1e-9 for one, two in pairwise(sent))
    assert sent[0].start_s >= 100.0
    assert sent[-1].start_s + sent[-1].duration_s < 111.0


@pytest.mark.parametrize("act", [Act.LOCATION_UPDATE, Act.TEXT])
@pytest.mark.parametrize("signalling", range(8))
def test_signalling_is_an_access_burst_a_pause_and_groups_of_four_on_the_51_frame_cycle(act, signalling, rng):
    radio = gsm_radio(signalling=signalling)
    access, *normal = sent_by(act, rng, duration_s=4.2, radio=radio)
    assert access.label == Label.GSM_AB
    assert {one.label for one in normal} == {Label.GSM_NB}
    # The pause is as measured on real stacks, and then at most one cycle until the channel's turn comes.
    assert 0.09 <= normal[0].start_s - access.start_s < 0.315 + 51 * FRAME_S
    assert 60 <= len(normal) <= 128
    frames, slots = zip(*slots_of(normal, radio), strict=True)
    assert set(slots) == {1}
    groups = np.array(frames).reshape(-1, 4)
    assert (np.diff(groups, axis=1) == 1).all()
    main = groups[(groups[:, 0] - (15 + 4 * signalling)) % 51 == 0]
    assert set(np.diff(main[:, 0])) == {51}
    # Beside each second group of the main channel stands one of its slow control channel.
    assert abs((len(groups) - len(main)) - len(main) / 2) <= 1


@pytest.mark.parametrize("slot", range(2, 8))
def test_a_call_takes_25_of_26_frames(slot, rng):
    radio = gsm_radio(slot=slot)
    call = [one for one in sent_by(Act.CALL, rng, radio=radio) if slots_of([one], radio)[0][1] == slot]
    frames = np.array([frame for frame, _ in slots_of(call, radio)])
    missing = np.setdiff1d(np.arange(frames[0], frames[-1]), frames)
    assert set(missing % 26) == {25 if slot % 2 == 0 else 12}
    assert set(np.diff(missing)) == {26}


@pytest.mark.parametrize("slot", range(2, 8))
def test_a_silent_call_takes_12_of_104_frames(slot):
    silent = np.zeros(1040, np.bool_)
    assert len(list(call_frames(slot, 0, silent.size, silent))) == 10 * 12


def test_a_silent_speaker_leaves_holes_of_120_ms(rng):
    radio = gsm_radio()
    call = [one for one in sent_by(Act.CALL_DTX, rng, duration_s=20) if slots_of([one], radio)[0][1] == radio.slot]
    gaps_s = np.diff([one.start_s for one in call])
    assert np.isclose(gaps_s, 26 * FRAME_S).sum() > 10
    assert 0.1 < len(call) * FRAME_S / (call[-1].start_s - call[0].start_s) < 0.95


def test_a_hopping_call_keeps_its_slot_and_changes_its_carrier_each_frame(rng):
    radio = gsm_radio()
    sent = sent_by(Act.CALL_HOPPING, rng)
    call = [one for one in sent if slots_of([one], radio)[0][1] == radio.slot]
    assert {one.carrier_hz for one in call} == {arfcn_hz(n) for n in ARFCNS}
    signalling = {one.carrier_hz for one in sent if slots_of([one], radio)[0][1] != radio.slot}
    assert signalling == {arfcn_hz(37)}
    neighbours = [(a, b) for a, b in pairwise(call) if b.start_s - a.start_s < 1.5 * FRAME_S]
    assert all(a.carrier_hz != b.carrier_hz for a, b in neighbours)


def test_power_control_lowers_a_call_step_by_step(rng):
    levels = [one.level_db for one in sent_by(Act.CALL, rng)]
    assert levels[0] == 6.0
    assert levels[-1] == 0.0
    assert {round(b - a, 6) for a, b in pairwise(levels)} == {0.0, -2.0}


def test_channels_outside_the_band_are_refused():
    assert arfcn_hz(36) == pytest.approx(897.2e6)
    with pytest.raises(ValueError, match="arfcn=125"):
        arfcn_hz(125)


def test_an_unanswered_phone_repeats_its_preamble_louder(rng):
    sent = sent_by(Act.UNANSWERED, rng, duration_s=3.3)
    assert {one.label for one in sent} == {Label.LTE_PRACH}
    trains = np.array([one.start_s for one in sent]).reshape(2, 10)
    assert np.diff(trains, axis=1) == pytest.approx(np.full((2, 9), 0.02))
    assert trains[1, 0] - trains[0, 0] == pytest.approx(3.0)
    assert [one.level_db for one in sent[:10]] == [6.0 - 2 * k for k in range(9, -1, -1)]
    assert sent[0].upper_hz - sent[0].lower_hz == pytest.approx(839 * 1250)


def test_a_registration_is_a_preamble_a_grant_of_three_blocks_and_isolated_subframes(rng):
    shares = []
    for _ in range(40):
        preamble, grant, *rest = sent_by(Act.REGISTRATION, rng, duration_s=0.4)
        assert preamble.label == Label.LTE_PRACH
        assert grant.label == Label.LTE_PUSCH
        assert grant.start_s - preamble.start_s == pytest.approx(0.011)
        assert grant.upper_hz - grant.lower_hz == pytest.approx(3 * 180e3)
        assert all(one.start_s - preamble.start_s < 0.25 for one in rest)
        shares.append(sum(one.duration_s for one in rest) / 0.235)
    # 40 times 235 subframes, each taken with probability 0.08: five standard deviations.
    assert np.mean(shares) == pytest.approx(0.08, abs=5 * np.sqrt(0.08 * 0.92 / (40 * 235)))


@pytest.mark.parametrize(
    ("act", "low", "high"), [(Act.IDLE, 0.025, 0.06), (Act.VOICE, 0.13, 0.21), (Act.UPLOAD, 0.78, 0.9)]
)
def test_the_air_is_taken_as_real_stacks_take_it(act, low, high, rng):
    sent = [one for one in sent_by(act, rng) if one.start_s > 100.3]
    assert low < sum(one.duration_s for one in sent) / 9.7 < high


def test_a_quiet_connection_reports_each_40_ms_at_opposite_edges(rng):
    sent = [one for one in sent_by(Act.IDLE, rng) if one.start_s > 100.3 and one.label == Label.LTE_PUCCH]
    reports = [(a, b) for a, b in pairwise(sent) if a.lower_hz < 0 < b.lower_hz]
    assert len(reports) > 150
    for first, second in reports:
        assert second.start_s - first.start_s == pytest.approx(SUBFRAME_S / 2)
        assert first.lower_hz == pytest.approx(-540e3)
        assert second.upper_hz == pytest.approx(540e3)
    gaps_s = np.diff([first.start_s for first, _ in reports])
    # A report that falls on a grant goes with its data.
    assert gaps_s / 0.04 == pytest.approx(np.round(gaps_s / 0.04))
    assert np.median(gaps_s) == pytest.approx(0.04)
