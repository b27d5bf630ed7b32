"""Where the server listens, and how a person is told: one address of this network, a QR code, a few words."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from ipaddress import IPv4Address, IPv6Address, ip_address

from audioguide.core.errors import InputError

LOOPBACK = IPv4Address("127.0.0.1")
_HTTP = 80
"""The port that no browser names."""
_ELSEWHERE = (
    (socket.AF_INET, "198.51.100.1"),
    (socket.AF_INET6, "2001:db8::1"),
    (socket.AF_INET, "192.168.1.1"),
    (socket.AF_INET, "10.0.0.1"),
    (socket.AF_INET, "172.16.0.1"),
)
"""Addresses that stand for the rest of the world (RFC 5737, RFC 3849), and for a home network without a way out."""
_WHITE_ON_BLACK, _PLAIN = "\033[97;40m", "\033[0m"
_BORDER = 2
"""Modules of quiet around a QR code; four is the standard, but on a black terminal phones read it with two."""
HINTS = (
    "The phone must be on the same Wi-Fi, and no guest one (those keep devices apart); if it finds nothing, let the "
    "firewall pass Python, and leave a VPN.",
    "On the phone: Do Not Disturb on; in a podcast app, 'trim silence' and faster speeds off.",
)

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens."""

    address: Address
    port: int

    @property
    def host(self) -> str:
        """As it stands in an address bar and in the Host header."""
        return self._with_port(f"[{self.address}]" if self.address.version == 6 else str(self.address))

    def hosts(self) -> frozenset[str]:
        """Return the Host headers that are ours; a page of another site that resolves to this address has another."""
        local = {self._with_port("localhost")} if self.address.is_loopback else set[str]()
        return frozenset({self.host, *local})

    def _with_port(self, name: str) -> str:
        return name if self.port == _HTTP else f"{name}:{self.port}"


def private_address(found: Iterator[Address] | None = None) -> Address:
    """Return the address of this computer on its own network: the one from which it would go out.

    Args:
        found: the addresses to choose from; left open, those that the system goes out from.

    Raises:
        InputError: it has none, or only public ones.
    """
    addresses = list(found if found is not None else outgoing())
    for address in addresses:
        if is_private(address):
            return address
    if addresses:
        raise InputError(
            f"this computer stands open on the Internet ({addresses[0]}), and what is shared there anyone could reach; "
            "join a home network, or use --local"
        )
    raise InputError("this computer is on no network; join the Wi-Fi that the phone is on, or use --local")


def is_private(address: Address) -> bool:
    """Return whether an address is one of a local network, which the Internet does not route.

    >>> [is_private(ip_address(text)) for text in ("192.168.1.9", "fd00::2", "8.8.8.8", "127.0.0.1", "169.254.1.1")]
    [True, True, False, False, False]
    """
    odd = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return address.is_private and not odd and not address.is_reserved


def outgoing() -> Iterator[Address]:
    """Yield the addresses from which this computer would reach others; nothing is sent."""
    for family, there in _ELSEWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((there, 9))  # of a datagram socket: only chooses the route
                yield ip_address(probe.getsockname()[0])
            except (OSError, ValueError):
                continue


def listen(address: Address, port: int) -> tuple[socket.socket, Place]:
    """Return a listening socket at one address, and where that is.

    Raises:
        InputError: the port is taken, or not for us.
    """
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # told, or asyncio leaves Nagle's delay on
    try:
        if os.name == "posix":  # elsewhere it would let two programs have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        words = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"port {port} of {address} cannot be used ({words}); leave --port out for a free one"
        ) from error
    return listener, Place(address, listener.getsockname()[1])


def qr(url: str, *, coloured: bool) -> str:
    """Return a QR code for a terminal, in half blocks, light on dark; in colours of its own where it may have them."""
    import segno

    text = StringIO()
    segno.make(url, micro=False, error="l").terminal(out=text, border=_BORDER, compact=True)
    lines = text.getvalue().splitlines()
    return "\n".join(f"{_WHITE_ON_BLACK}{line}{_PLAIN}" if coloured else line for line in lines)
