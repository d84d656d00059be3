from ipaddress import ip_address, ip_network

import pytest

from api.channels.addresses import is_permitted, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("0.0.0.0", False),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
    ],
)
def test_what_is_public(address, public):
    assert is_public(ip_address(address)) is public


def test_a_network_allows_its_own_and_nothing_else():
    networks = (ip_network("10.1.0.0/16"),)
    assert is_permitted(ip_address("10.1.2.3"), networks)
    assert is_permitted(ip_address("::ffff:10.1.2.3"), networks)
    assert not is_permitted(ip_address("10.2.2.3"), networks)
    assert not is_permitted(ip_address("fd00::1"), networks)
