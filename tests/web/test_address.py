"""Where a server listens."""

import http.client
from ipaddress import ip_address

import pytest
from support.web import PATIENCE_S, serving

from audioguide.core.errors import InputError
from audioguide.web.address import LOOPBACK, Place, listen, outgoing_addresses, private_address
from audioguide.web.resource import Resource


async def find(name: str) -> Resource | None:
    return Resource("text/plain", name.encode(), '"x"', immutable=False)


def has_ipv6() -> bool:
    try:
        listen(ip_address("::1"), 0)[0].close()
    except (InputError, OSError):
        return False
    return True


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        (["192.168.1.9", "fd00::1"], "192.168.1.9"),
        (["10.1.2.3"], "10.1.2.3"),
        (["172.31.0.1"], "172.31.0.1"),
        (["93.184.216.34", "fd12:3456::1"], "fd12:3456::1"),
    ],
)
def test_the_first_private_address_is_chosen(addresses: list[str], chosen: str) -> None:
    assert str(private_address(map(ip_address, addresses))) == chosen


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        (
            ["93.184.216.34", "2606:2800:220:1::1"],
            r"address of this computer, 93\.184\.216\.34, is not private: strang",
        ),
        (["100.64.0.1"], "is not private"),
        (["127.0.0.1"], "is not private"),
        ([], "not connected to a network; join the same Wi-Fi as the phone, or use --local"),
    ],
)
def test_without_a_private_address_the_error_says_why(addresses: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        private_address(map(ip_address, addresses))


def test_a_place_accepts_one_host_and_on_loopback_a_name() -> None:
    assert Place(ip_address("192.168.1.9"), 8000).hosts() == {"192.168.1.9:8000"}
    assert Place(ip_address("fd00::2"), 8000).hosts() == {"[fd00::2]:8000"}
    assert Place(ip_address("10.0.0.1"), 80).hosts() == {"10.0.0.1"}
    assert Place(LOOPBACK, 8000).hosts() == {"127.0.0.1:8000", "localhost:8000"}


def test_a_place_has_a_url() -> None:
    assert Place(ip_address("fd00::2"), 8000).url("secret") == "http://[fd00::2]:8000/secret/"


def test_a_server_listens_at_one_address_only() -> None:
    others = [address for address in outgoing_addresses() if not address.is_loopback]
    with serving(find) as server:
        for address in [*others, ip_address("127.0.0.2")]:
            with pytest.raises(OSError):
                http.client.HTTPConnection(str(address), server.port, timeout=PATIENCE_S).connect()


@pytest.mark.skipif(not has_ipv6(), reason="this computer has no IPv6")
def test_a_server_may_listen_on_ipv6() -> None:
    with serving(find, at=listen(ip_address("::1"), 0)) as server:
        assert server.host == f"[::1]:{server.port}" and server.get().status == 200
        assert server.get(headers={"Host": f"127.0.0.1:{server.port}"}).status == 421


def test_a_port_that_is_taken_is_named() -> None:
    listener, place = listen(LOOPBACK, 0)
    with listener, pytest.raises(InputError, match=rf"port {place.port} of 127\.0\.0\.1 cannot be used"):
        listen(LOOPBACK, place.port)
