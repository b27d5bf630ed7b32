"""Where a server listens: on loopback, or at one private address of this computer."""

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from audioguide.core.errors import InputError

LOOPBACK = IPv4Address("127.0.0.1")
_HTTP_PORT = 80
"""The port that browsers leave out of URLs and Host headers."""
_PROBES = (
    (socket.AF_INET, "198.51.100.1"),
    (socket.AF_INET6, "2001:db8::1"),
    (socket.AF_INET, "192.168.1.1"),
    (socket.AF_INET, "10.0.0.1"),
    (socket.AF_INET, "172.16.0.1"),
)
"""Destinations to look up routes for: two on the Internet, reserved for documentation (RFC 5737, RFC 3849), then
typical home networks, which may have no way out."""

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens."""

    address: Address
    port: int

    @property
    def host(self) -> str:
        """Address and port as in a URL and in the Host header."""
        return self._with_port(f"[{self.address}]" if self.address.version == 6 else str(self.address))

    def hosts(self) -> frozenset[str]:
        """Return the Host headers to accept: another site whose name resolves to this address sends its own name."""
        local = {self._with_port("localhost")} if self.address.is_loopback else set[str]()
        return frozenset({self.host, *local})

    def url(self, token: str) -> str:
        """Return the URL of the page below a token, with a slash at its end."""
        return f"http://{self.host}/{token}/"

    def _with_port(self, name: str) -> str:
        return name if self.port == _HTTP_PORT else f"{name}:{self.port}"


def private_address(addresses: Iterable[Address] | None = None) -> Address:
    """Return the address of this computer on its local network.

    Args:
        addresses: to choose from, the preferred one first; None: those that this computer sends from.

    Raises:
        InputError: there is no address, or none that is private.
    """
    candidates = list(outgoing_addresses() if addresses is None else addresses)
    for address in candidates:
        if is_private(address):
            return address
    if candidates:
        raise InputError(
            f"the address of this computer, {candidates[0]}, is not private: strangers on the Internet could reach it; "
            "join a home network, or use --local"
        )
    raise InputError("this computer is not connected to a network; join the same Wi-Fi as the phone, or use --local")


def is_private(address: Address) -> bool:
    """Return whether an address belongs to a local network and is not routed on the Internet.

    >>> [is_private(ip_address(text)) for text in ("192.168.1.9", "fd00::2", "8.8.8.8", "127.0.0.1", "169.254.1.1")]
    [True, True, False, False, False]
    """
    special = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return address.is_private and not special and not address.is_reserved


def outgoing_addresses() -> Iterator[Address]:
    """Yield the addresses that this computer sends from; nothing is sent."""
    for family, destination in _PROBES:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((destination, 9))  # on a datagram socket this only chooses a route
                yield ip_address(probe.getsockname()[0])
            except (OSError, ValueError):
                continue


def listen(address: Address, port: int) -> tuple[socket.socket, Place]:
    """Return a socket that listens at one address, and its place; port 0 takes a free port.

    Raises:
        InputError: the port is taken or not permitted.
    """
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # asyncio turns off Nagle's algorithm only on sockets that name the protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows the option would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"port {port} of {address} cannot be used ({reason}); omit --port to use a free one"
        ) from error
    return listener, Place(address, listener.getsockname()[1])
