import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.site import (
    Antenna,
    Cell,
    Image,
    Jammer,
    Landing,
    Plan,
    Reference,
    SensorPlace,
    Site,
    SiteError,
    TestPhone,
    Wall,
    Wing,
    Zone,
    dump_site,
    landing_plan,
    parse_hours,
    parse_site,
    schematic_svg,
)
from detector.types import Technology

HEAD = 'name = "x"\ncountry = "FR"\ntime_zone = "UTC"\n'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(20))
WHOLE = Site(
    name='Quoted "prison" \\ é 🐦',
    country="FR",
    time_zone="Europe/Paris",
    wings=(
        Wing(name="A", title="A wing", bands=("P-GSM 900", "LTE 20"), heard_share=0.25),
        Wing(name="B", title="B wing"),
    ),
    landings=(Landing(name="A-1", wing="A", title="Ground floor"), Landing(name="A-2", wing="A", title="A-2")),
    cells=(
        Cell(
            name="A-1-01",
            wing="A",
            landing="A-1",
            centre_m=(1.0, 2.0, 1.0),
            polygon=((0.0, 0.0), (9.5, 0.0), (0.0, 7.0)),
        ),
        Cell(name="A-2-01", wing="A", landing="A-2", centre_m=(1.5, -2.0, 4.0), size_m=(3.0, 2.0, 2.5)),
    ),
    sensors=(
        SensorPlace(
            name="A1",
            wing="A",
            place_m=(0.0, 2.5, 2.6),
            receivers=("rtlsdr:00000001",),
            antenna=Antenna(model="whip", gain_dbi=2.0, cable_db=0.5),
            bands=("LTE 20",),
        ),
        SensorPlace(name="P1", place_m=(-20.0, 0.0, 4.0)),
    ),
    zones=(Zone(name="gate", centre_m=(50.0, 0.0, 1.0), hours=(parse_hours("mon-fri 07:00-19:30"),)),),
    walls=(
        Wall(start_m=(0.0, 0.0), end_m=(0.0, 9.0), loss_db=12.0, landing="A-1"),
        Wall(start_m=(0.0, 0.0), end_m=(1.0, 1.0)),
    ),
    plans=(
        Plan(landing="A-1", media=Image.PNG, data=PNG, width=640.0, height=480.0),
        Plan(landing="A-2", media=Image.SVG, data=b'<svg viewBox="0 0 1 1">\n</svg>', width=1.0, height=1.0),
    ),
    references=(Reference(name="broadcast", frequency_hz=98.2e6, sensors=("A1",)),),
    jammers=(Jammer(name="yard", wings=("B",), bands=("LTE 20",), hours=(parse_hours("mon-sun 20:00-06:00"),)),),
    test_phones=(
        TestPhone(
            name="gate phone",
            wing="B",
            technology=Technology.GSM,
            hours=(parse_hours("mon-sun 03:00-03:10"),),
            channel="ARFCN 36",
        ),
    ),
)


def faults_of(text):
    with pytest.raises(SiteError) as caught:
        parse_site(text.encode())
    assert "\n" not in str(caught.value)
    return caught.value.faults


def test_a_site_written_is_read_back():
    assert parse_site(dump_site(WHOLE)) == WHOLE


@given(
    texts=st.lists(st.text(min_size=1, max_size=60).filter(str.isprintable), min_size=2, max_size=2),
    place=st.tuples(*[st.floats(-9e5, 9e5)] * 3),
)
def test_any_names_and_places_are_read_back(texts, place):
    site = Site(
        name=texts[0],
        country="FR",
        time_zone="UTC",
        wings=(Wing(name=texts[1], title=texts[0]),),
        cells=(Cell(name=texts[0], wing=texts[1], landing=texts[0], centre_m=place),),
        sensors=(SensorPlace(name="S", place_m=place, wing=texts[1]),),
    )
    assert parse_site(dump_site(site)) == site


def test_without_places_nothing_tells_where_sensors_stand():
    text = dump_site(WHOLE, places=False).decode()
    assert "place_m" not in text
    assert "rtlsdr" not in text
    assert "whip" not in text
    assert "A-2-01" in text


def test_every_fault_is_named_at_once():
    text = (
        'name = 3\ncountry = "FR"\ncolour = "red"\n'
        '[[wing]]\nname = "A"\ntitle = "A"\n[[wing]]\nname = "A"\ntitle = ""\n'
        '[[landing]]\nname = "A-1"\nwing = "Z"\n'
        '[[cell]]\nname = "c"\nwing = "B"\nlanding = "L"\ncentre_m = [1, 2]\nsize_m = [0, 1, 1]\n'
        '[[sensor]]\nname = "no spaces"\nplace_m = [1, 2, inf]\nreceivers = [3]\nantenna = { gain_dbi = 99, colour = 1 }\n'
        '[[zone]]\nname = "c"\ncentre_m = [0, 0, 0]\nhours = ["noon"]\n'
        "[[wall]]\nstart_m = [0, 0]\nend_m = 3\n"
        '[[plan]]\nlanding = "L"\nwidth = 0\nheight = 1\n'
        '[[reference]]\nname = "r"\nfrequency_mhz = 0\nsensors = ["Z1"]\n'
        '[[jammer]]\nname = "j"\nwings = ["Z"]\nhours = 3\n'
        '[[test_phone]]\nname = "t"\nwing = "Z"\ntechnology = "5g"\n'
    )
    found = faults_of(text)
    for expected in (
        "site: name is 3; expected a text",
        "time_zone is None; expected a text",
        "colour: unknown key",
        "wing 'A': title is ''",
        "wing 'A' stands twice",
        "landing 'A-1': wing 'Z' is not in the site",
        "cell 'c': centre_m is [1, 2]; expected three numbers [m]",
        "cell 'c': size_m is [0, 1, 1]; expected three numbers above zero [m]",
        "cell 'c': wing 'B' is not in the site",
        "cell 'c': landing 'L' is not in the site",
        "sensor 'no spaces': name is 'no spaces'; expected 1 to 64 letters",
        "place_m is [1, 2, inf]",
        "receivers: each is a text",
        "antenna: gain_dbi is 99; expected a number from -40 to 40",
        "antenna: colour: unknown key",
        "zone 'c': a cell has the same name",
        "hours: 'noon' is not hours such as",
        "end_m is 3; expected two numbers",
        "svg is None; expected either svg or png",
        "width is 0",
        "plan: landing 'L' is not in the site",
        "reference 'r': frequency_mhz is 0; expected a number from 0.1 to 10000",
        "reference 'r': sensor 'Z1' is not in the site",
        "jammer 'j': wing 'Z' is not in the site",
        "jammer 'j': hours is 3; expected a list of texts",
        "test_phone 't': wing 'Z' is not in the site",
        "test_phone 't': technology is '5g'; expected one of gsm",
        "test_phone 't': hours is None; expected the times in which it speaks",
    ):
        assert any(expected in fault for fault in found), (expected, found)


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        ('svg = "<p>"', "expected an SVG drawing"),
        ("svg = \"<svg onload='x()'/>\"", "a drawing without onload"),
        ('svg = "<svg><script/></svg>"', "a drawing without <script"),
        ('svg = "<!DOCTYPE svg><svg/>"', "a drawing without <!doctype"),
        ('png = "AAAA"', "a PNG picture in base64"),
        ('png = "not base64"', "a PNG picture in base64"),
        (f'png = "{base64.b64encode(PNG).decode()}"\nsvg = "<svg/>"', "either svg or png"),
    ],
)
def test_a_plan_is_a_picture_that_does_nothing(plan, fault):
    cell = '[[wing]]\nname = "A"\ntitle = "A"\n[[cell]]\nname = "c"\nwing = "A"\nlanding = "L"\ncentre_m = [0, 0, 0]\n'
    found = faults_of(f'{HEAD}{cell}[[plan]]\nlanding = "L"\nwidth = 1\nheight = 1\n{plan}\n')
    assert [fault in each for each in found] == [True]


@pytest.mark.parametrize(
    ("polygon", "fault"),
    [
        ("[[0, 0], [1, 1]]", "at least three corners"),
        ("[[0, 0], [1, 1], [2]]", "each corner is two numbers"),
        ("3", "a list of corners"),
        ("[[0, 0], [1, 1], [2, 0]]", "landing 'L' has no plan"),
    ],
)
def test_an_outline_needs_three_corners_and_a_plan(polygon, fault):
    cell = f'[[cell]]\nname = "c"\nwing = "A"\nlanding = "L"\ncentre_m = [0, 0, 0]\npolygon = {polygon}\n'
    assert any(fault in each for each in faults_of(f'{HEAD}[[wing]]\nname = "A"\ntitle = "A"\n{cell}'))


def test_a_cell_lies_on_a_landing_of_its_own_wing():
    wings = "".join(f'[[wing]]\nname = "{name}"\ntitle = "{name}"\n' for name in "AB")
    cells = "".join(
        f'[[cell]]\nname = "{wing}-c"\nwing = "{wing}"\nlanding = "L"\ncentre_m = [0, 0, 0]\n' for wing in "AB"
    )
    assert any("lies in wing" in fault for fault in faults_of(HEAD + wings + cells))


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_what_is_no_site_is_named_and_nothing_else_happens(data):
    with pytest.raises(SiteError):
        parse_site(data)


MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001 - by the site's own clock


@pytest.mark.parametrize(
    ("text", "hours", "inside"),
    [
        ("mon-fri 07:00-19:30", 7, True),
        ("mon-fri 07:00-19:30", 6.99, False),
        ("mon-fri 07:00-19:30", 19.5, False),
        ("mon-fri 07:00-19:30", 5 * 24 + 12, False),
        ("sat-mon 10:00-11:00", 10.5, True),
        ("sat-mon 10:00-11:00", 24 + 10.5, False),
        ("mon 22:00-06:00", 23, True),
        ("mon 22:00-06:00", 24 + 5, True),
        ("mon 22:00-06:00", 5, False),
        ("sun 22:00-06:00", 5, True),
        ("mon 00:00-24:00", 23.99, True),
    ],
)
def test_hours_hold_by_day_and_minute(text, hours, inside):
    read = parse_hours(text)
    assert read.holds(MONDAY + timedelta(hours=hours)) is inside
    assert parse_hours(str(read)) == read


@pytest.mark.parametrize(
    ("text", "hours", "ended"),
    [
        ("mon-sun 03:00-03:10", 4, 3 + 1 / 6),
        ("mon-sun 03:00-03:10", 3.1, 3 + 1 / 6 - 24),
        ("mon-sun 03:00-03:10", 3 + 1 / 6, 3 + 1 / 6),
        ("wed 22:00-06:00", 24 * 3 + 6, 24 * 3 + 6),
        ("wed 22:00-06:00", 24 * 3 + 5.9, 24 * 3 + 6 - 7 * 24),
        ("tue 22:00-06:00", 0, 2 * 24 + 6 - 7 * 24),
    ],
)
def test_hours_tell_when_they_were_last_over(text, hours, ended):
    begin, end = parse_hours(text).latest(MONDAY + timedelta(hours=hours))
    assert end == MONDAY + timedelta(hours=ended)
    assert begin < end


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "mon 7:00-8:00",
        "xyz 07:00-08:00",
        "mon-xyz 07:00-08:00",
        "mon 07:60-08:00",
        "mon 07:00-07:00",
        "mon 07:00-25:00",
    ],
)
def test_what_are_no_hours_is_refused(text):
    with pytest.raises(ValueError, match=r"hours such as|times are not"):
        parse_hours(text)


def test_a_zone_without_hours_always_permits():
    zone = Zone(name="gate", centre_m=(0, 0, 0))
    assert zone.permits(MONDAY)
    assert not WHOLE.zones[0].permits(MONDAY)


def test_a_landing_is_drawn_on_its_plan_or_as_a_schematic():
    plain = landing_plan(WHOLE, "A-1")
    assert (plain.plan, plain.width, plain.outlines["A-1-01"][1]) == (WHOLE.plans[0], 640.0, (9.5, 0.0))
    drawn = landing_plan(replace(WHOLE, plans=()), "A-2")
    assert (drawn.plan, drawn.width, drawn.height) == (None, 5.0, 4.0)
    assert drawn.outlines == {"A-2-01": ((1.0, 1.0), (4.0, 1.0), (4.0, 3.0), (1.0, 3.0))}
    svg = schematic_svg(drawn).decode()
    assert '<polygon points="1,1 4,1 4,3 1,3"/>' in svg
    with pytest.raises(KeyError, match="no-such"):
        landing_plan(WHOLE, "no-such")


def test_names_in_a_schematic_are_text_alone():
    nasty = Cell(name="<script>", wing="A", landing="L", centre_m=(0.0, 0.0, 0.0))
    site = Site(name="x", country="FR", time_zone="UTC", wings=(Wing(name="A", title="A"),), cells=(nasty,), sensors=())
    assert b"<script" not in schematic_svg(landing_plan(site, "L"))
