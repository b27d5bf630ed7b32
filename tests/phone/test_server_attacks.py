"""The server under attack, over raw sockets: only the shared files are sent, nothing fails, other clients are served.

Its time limits are longer than any client here waits, so that no answer comes only because an attacker was cut off.
"""

import base64
import http.client
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from support.phone import Shared, add, sharing, with_cover
from support.web import PATIENCE_S, TOKEN, Running, read_to_end

from audioguide.storage.store import Store
from audioguide.web.app import Limits

SECRET = b"for the owner's eyes only"
PATIENT = Limits(request_s=100 * PATIENCE_S, stall_s=100 * PATIENCE_S)
MAX_CPU_S = 1.0
"""CPU time of this process, server included, for one ordinary request; it takes a few milliseconds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Iterator[Shared]:
    parent = tmp_path_factory.mktemp("attacked")
    (parent / "secret.txt").write_bytes(SECRET)
    folder = parent / "sessions"
    folder.mkdir()
    (folder / "secret.txt").write_bytes(SECRET)
    (folder / "secret.mp3").write_bytes(SECRET)
    with_cover(add(folder, "a.mp3", 60, shared_store))
    add(folder, "long.mp3", 3600, shared_store)
    with sharing(folder, shared_store, PATIENT) as server:
        server.get()
        yield server


@pytest.fixture(autouse=True)
def healthy_afterwards(server: Shared, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After each attack the server answers an ordinary request, without much work, and has logged neither errors nor
    the token."""
    yield
    assert_served(server)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert TOKEN not in caplog.text


def assert_served(server: Running) -> None:
    """An ordinary client gets the page while the attack still goes on, or after it."""
    before_s = time.process_time()
    assert server.get().status == 200
    assert time.process_time() - before_s < MAX_CPU_S


def name_of(server: Running, stem: str, suffix: str = "mp3") -> str:
    found = re.search(rf"{stem}-[0-9a-f]{{8}}[.]{suffix}", server.get("feed.xml").body.decode())
    assert found
    return found[0]


def answer_to(server: Running, target: str | bytes, *headers: str, method: str = "GET") -> bytes:
    """Return the raw answer to a request whose target is sent as it is."""
    path = target.encode("latin-1") if isinstance(target, str) else target
    lines = [method.encode() + b" " + path + b" HTTP/1.1", b"Host: " + server.host.encode(), b"Connection: close"]
    return server.raw(b"\r\n".join([*lines, *(header.encode("latin-1") for header in headers), b"", b""]))


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 ([0-9]{3}) ", answer)
    return int(found[1]) if found else 0


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


# --- paths ---

UPWARDS = (
    "../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..%5c", "..\\", "..%c0%af", "%c0%ae%c0%ae/",
    "..%ef%bc%8f", "%uff0e%uff0e/", "....//", "..;/", ".%00./", "..%00/", "./../", "//", "%2f", "\\..\\",
)  # fmt: skip
SECRETS = ("secret.txt", "sessions/secret.txt", "etc/passwd", "sessions/a.mp3", "a.mp3", "secret.mp3", "%00", "")


def targets(server: Running) -> Iterator[str]:
    for up in UPWARDS:
        for name in SECRETS:
            for depth in (1, 3):
                yield f"/{TOKEN}/{up * depth}{name}"
    for start in ("", "/", f"http://{server.host}/{TOKEN}/", f"//{TOKEN}/", f"/{TOKEN}//", "/./", f"/x/../{TOKEN}/"):
        for name in SECRETS[:4]:
            yield f"{start}{name}"
    yield from (
        f"/{TOKEN}/{name}" for name in (".", "..", "*", "~", "built/", "a.mp3", "secret.mp3", ".audioguide.json")
    )
    yield from (f"/{TOKEN}/index.html{end}" for end in ("%00", "/", "%20", ".bak", ";x", "%23", "/../secret.txt"))


def test_no_path_leads_to_a_file_that_is_not_shared(server: Running) -> None:
    not_found = body(answer_to(server, f"/{TOKEN}/nothing"))
    tried = 0
    with server.connect() as client:
        for target in targets(server):
            if not target or target.endswith((f"{TOKEN}/", "\0")):
                continue
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
            response = http.client.HTTPResponse(client)
            response.begin()
            assert (response.status, response.read()) == (404, not_found), target
            tried += 1
    assert tried > 250


def test_bytes_that_are_invalid_in_a_path_are_refused(server: Running) -> None:
    for path in (b"/\xff\xfe", b"/\xc0\xae\xc0\xae/", b"/a b", b"/\x00", b"/\x7f", b"/a\tb"):
        answer = answer_to(server, path)
        assert status(answer) in (0, 400, 404) and SECRET not in answer


# --- token, host and method ---


def test_under_another_token_every_answer_is_the_same_404(server: Running) -> None:
    not_found = body(answer_to(server, f"/{TOKEN}/nothing"))
    guesses = [
        "",
        "x",
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.lower(),
        TOKEN.upper(),
        TOKEN[::-1],
        "A" * len(TOKEN),
        "A" * 4000,
    ]
    guesses += [
        "%64" + TOKEN[1:],
        TOKEN[:-1] + "%51",
        base64.b64encode(TOKEN.encode()).decode(),
        f"{TOKEN}%2f",
        f".{TOKEN}",
    ]
    for guess in guesses:
        for name in ("", "index.html", "feed.xml", name_of(server, "a")):
            for method in ("GET", "POST", "HEAD"):
                answer = answer_to(server, f"/{guess}/{name}", method=method)
                assert status(answer) == 404 and body(answer) == (b"" if method == "HEAD" else not_found)
    assert [status(answer_to(server, path)) for path in ("/", "/favicon.ico", "/robots.txt", "*")] == [404] * 4


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "evil.example:{port}", "127.0.0.1:{port}.evil.example",
        "127.0.0.1:{port}@evil.example", "0.0.0.0:{port}", "[::1]:{port}", "127.1:{port}", "2130706433:{port}",
        "LOCALHOST:{port}x", "", "127.0.0.1:{port}, evil.example", "127.0.0.1:0{port}",
    ],
)  # fmt: skip
def test_another_host_is_refused_for_every_path(server: Running, host: str) -> None:
    host = host.format(port=server.port)
    for path in (f"/{TOKEN}/", "/", f"/{TOKEN}/{name_of(server, 'a')}"):
        answer = server.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert status(answer) in (400, 421) and len(body(answer)) < 60


def test_there_must_be_exactly_one_host_header(server: Running) -> None:
    line, host = f"GET /{TOKEN}/ HTTP/1.1\r\n", f"Host: {server.host}\r\n"
    for headers in ("", host * 2, f"{host}Host: evil.example\r\n", f"Host: evil.example\r\n{host}", f" {host}"):
        assert status(server.raw(f"{line}{headers}\r\n".encode())) in (400, 421)
    for version in ("1.0", "0.9"):
        assert status(server.raw(f"GET /{TOKEN}/ HTTP/{version}\r\n\r\n".encode())) in (400, 421)
    forwarded = [f"X-Forwarded-Host: {server.host}\r\n", f"Forwarded: host={server.host}\r\n"]
    assert status(server.raw(f"{line}Host: evil.example\r\n{''.join(forwarded)}\r\n".encode())) == 421
    forged = ("X-Forwarded-Host: evil.example", "X-Original-URL: /secret.txt")
    assert status(answer_to(server, f"/{TOKEN}/", *forged)) == 200
    assert status(server.raw(f"{line}Host: localhost:{server.port}\r\nConnection: close\r\n\r\n".encode())) == 200


def test_only_get_and_head_are_answered(server: Running) -> None:
    methods = "POST PUT DELETE PATCH OPTIONS TRACE PROPFIND MKCOL CONNECT DEBUG get Get X BREW QUERY".split()  # noqa: SIM905
    for method in methods:
        answer = answer_to(server, f"/{TOKEN}/", method=method)
        assert status(answer) == 405 and b"allow: GET, HEAD\r\n" in answer.replace(b"Allow", b"allow")
        assert status(answer_to(server, "/", method=method)) == 404
    assert status(answer_to(server, f"/{TOKEN}/", "X-HTTP-Method-Override: DELETE")) == 200
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x")
    assert status(answer_to(server, f"/{TOKEN}/", *upgrade)) == 200


# --- malformed requests ---


def test_a_body_or_a_smuggled_request_ends_the_connection(server: Running) -> None:
    inner = f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
    first = f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {server.host}\r\n"
    for headers in (
        f"Content-Length: {len(inner)}\r\n",
        "Transfer-Encoding: chunked\r\n",
        f"Content-Length: {len(inner)}\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1e3\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n\tContent-Length: 5\r\nContent-Length: 9\r\n",
    ):
        answer = server.raw(f"{first}{headers}\r\n0\r\n\r\n{inner}".encode())
        assert status(answer) in (400, 501) and answer.count(b"HTTP/1.1 ") == 1, headers


def test_a_body_that_never_comes_is_not_waited_for(server: Running) -> None:
    for headers in (
        "Content-Length: 1000000000\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 9\r\nExpect: 100-continue\r\n",
    ):
        assert status(server.raw(f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {server.host}\r\n{headers}\r\n".encode())) == 400


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    name = name_of(server, "a")
    one = f"GET /{TOKEN}/{name} HTTP/1.1\r\nHost: {server.host}\r\nRange: bytes={{}}-{{}}\r\n\r\n"
    whole = server.get(name).body
    last = one.format(0, 0).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    rest = server.raw(("".join(one.format(at, at + 99) for at in range(200)) + last).encode())
    for at in range(200):
        head, _, rest = rest.partition(b"\r\n\r\n")
        assert status(head) == 206 and rest[:100] == whole[at : at + 100]
        rest = rest[100:]
    assert status(rest) == 206 and body(rest) == whole[:1]


def test_too_long_lines_and_headers_are_refused(server: Running) -> None:
    line, host = f"GET /{TOKEN}/", f"Host: {server.host}\r\n"
    for request in (
        f"{line}{'a' * 20_000} HTTP/1.1\r\n{host}\r\n",
        f"{line}?{'a' * 200_000} HTTP/1.1\r\n{host}\r\n",
        f"{line} HTTP/1.1\r\n{host}X: {'a' * 20_000}\r\n\r\n",
        f"{line} HTTP/1.1\r\n{host}{'X: a' * 100_000}\r\n\r\n",
        f"{line} HTTP/1.1\r\n{host}{''.join(f'X-{number}: y' + chr(13) + chr(10) for number in range(5000))}\r\n",
        f"{line} HTTP/1.1\r\n{host}Range: bytes={','.join(f'{at}-' for at in range(9000))}\r\n\r\n",
        "A" * 1_000_000,
    ):
        with server.connect() as client:
            try:
                client.sendall(request.encode())
            except ConnectionError:
                continue
            assert status(read_to_end(client)) in (0, 400, 431)


def test_what_is_not_http_is_refused(server: Running) -> None:
    chance = random.Random(5)
    hello = bytes.fromhex("1603010200010001fc0303") + chance.randbytes(512)
    shapes = [
        hello,
        b"\0" * 600,
        b"GET /\r\n\r\n",
        f"GET /{TOKEN}/\r\n\r\n".encode(),
        b"SSH-2.0-x\r\n",
        b"\r\n\r\n\r\n",
    ]
    shapes += [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET\r\n\r\n",
    ]
    shapes += [chance.randbytes(chance.randrange(1, 2000)) + b"\r\n\r\n" for _ in range(150)]
    for shape in shapes:
        with server.connect() as client:
            client.sendall(shape)
            client.shutdown(socket.SHUT_WR)
            answer = read_to_end(client)
        assert status(answer) in (0, 400, 404, 421) and b"<" not in answer, shape


# --- ranges ---


def odd_range(chance: random.Random) -> str:
    """Return something similar to a Range header."""
    numbers = ["", "0", "1", "-1", "99", "1e9", "9" * 25, "०", "0x9", " 7", str(chance.randrange(500_000))]
    count = chance.choice([1, 1, 1, 2, 3, 60])
    parts = [f"{chance.choice(numbers)}{chance.choice('-------=,')}{chance.choice(numbers)}" for _ in range(count)]
    unit = chance.choice(["bytes", "bytes", "bytes", "Bytes", "items", "", "byte", "bytes "])
    return (f"{unit}{chance.choice('====:- ')}{','.join(parts)}").encode("ascii", "replace").decode()


def test_ten_thousand_odd_ranges_are_answered_correctly(server: Running) -> None:
    chance, name = random.Random(2026), name_of(server, "a", "jpg")  # small, and a part of a file
    whole = server.get(name).body
    counts: dict[int, int] = {}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for _ in range(10_000):
        near_end = f"bytes={chance.randrange(len(whole) - 900, len(whole) + 300)}-"
        value = odd_range(chance) if chance.random() < 0.5 else near_end
        condition = {"If-Range": chance.choice(['"x"', 'W/"x"', "now", ""])} if chance.random() < 0.05 else {}
        connection.request("GET", f"/{TOKEN}/{name}", headers={"Range": value, **condition})
        response = connection.getresponse()
        got = response.read()
        counts[response.status] = counts.get(response.status, 0) + 1
        assert response.status in (200, 206, 416), value
        if response.status == 206:
            found = re.fullmatch(rf"bytes (\d+)-(\d+)/{len(whole)}", response.headers["content-range"])
            assert found, value
            assert got == whole[int(found[1]) : int(found[2]) + 1], value
        else:
            assert got == (whole if response.status == 200 else b""), value
    connection.close()
    assert set(counts) == {200, 206, 416} and min(counts.values()) > 300


# --- slow clients, and many ---


def test_slow_writers_and_readers_do_not_delay_others(server: Running) -> None:
    name = name_of(server, "long")
    with server.crowd(120) as writers, server.crowd(40) as readers:
        for client in writers:
            client.sendall(f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {server.host}\r\nX: ".encode())
        for client in readers:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(f"GET /{TOKEN}/{name} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        for turn in range(30):
            for client in writers[turn::30]:
                client.sendall(b"a")
            readers[turn].recv(10)
            assert server.get(name_of(server, "a"), {"Range": "bytes=0-999"}).status == 206
        for client in [*writers, *readers]:  # they are still connected, so the others did not wait for their end
            client.setblocking(False)
            with suppress(BlockingIOError):
                assert client.recv(1, socket.MSG_PEEK)


def test_more_writers_than_connections_do_not_lock_others_out(server: Running) -> None:
    with server.crowd(260) as writers:
        for client in writers:
            try:
                client.sendall(b"GET / HT")
            except ConnectionError:
                continue
        assert_served(server)


def test_fifty_phones_stream_an_hour_in_constant_memory(tmp_path: Path, shared_store: Store) -> None:
    """The server is a separate process on one core; it may grow by 48 MB: 50 chunks of 128 kB, twice, and a margin."""
    size = add(tmp_path, "long.mp3", 3600, shared_store).stat().st_size
    arguments = [sys.executable, "-m", "audioguide", "share", str(tmp_path), "--local"]
    command = subprocess.Popen(
        [*arguments, "--cache", str(shared_store.folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert command.stdout
        _, _, host, token, _ = command.stdout.readline().split("/")
        process = psutil.Process(command.pid)
        if hasattr(process, "cpu_affinity"):
            process.cpu_affinity([min(os.sched_getaffinity(0))])
        server = Running(host, token)
        name = name_of(server, "long")
        assert len(server.get(name).body) == size
        before, most, received = process.memory_info().rss, 0, []
        phones = [threading.Thread(target=lambda: received.append(_download(host, token, name))) for _ in range(50)]
        for phone in phones:
            phone.start()
        while any(phone.is_alive() for phone in phones):
            most = max(most, process.memory_info().rss)
            time.sleep(0.05)
    finally:
        command.kill()
        command.communicate()
    assert received == [size] * 50
    assert most - before < 48 << 20


def _download(host: str, token: str, name: str) -> int:
    """Download a file, and return the number of its bytes."""
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", f"/{token}/{name}", headers={"Range": "bytes=0-"})
    response = connection.getresponse()
    count, buffer = 0, bytearray(1 << 16)
    while taken := response.readinto(buffer):
        count += taken
    connection.close()
    return count
