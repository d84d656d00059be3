"""Which addresses of a host may be connected to: the one that was checked is the one that is used.

A name may be made to point at this machine or its neighbours between a check and a connection. So a name is resolved once,
its addresses are judged, and the connection goes to an address, never to the name.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from api.channels.port import AwayError, BarredError

__all__ = ["Network", "is_public", "permitted_addresses"]

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def permitted_addresses(host: str, port: int, *, networks: Sequence[Network]) -> list[str]:
    """The addresses of a host that may be connected to, in the resolver's order.

    Parameters
    ----------
    networks
        What is allowed in spite of not being public.

    Raises
    ------
    AwayError
        If the name cannot be resolved.
    BarredError
        If none of its addresses is allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AwayError(f"{host}: the name cannot be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    if allowed := [each for each in addresses if is_permitted(ip_address(each), networks)]:
        return allowed
    raise BarredError(f"{host} is {', '.join(addresses)}, which is not public and not in networks")


def is_permitted(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is public, or of an allowed network."""
    plain = unmapped(address)
    return is_public(plain) or any(plain in network for network in networks if network.version == plain.version)


def is_public(address: Address) -> bool:
    """Whether an address belongs to one host of the internet."""
    plain = unmapped(address)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does: mapped, 6to4, or translated (RFC 6052)."""
    if not isinstance(address, IPv6Address):
        return address
    if address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address
