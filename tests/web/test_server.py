"""The server with friendly clients: headers, parts of files, limits, and its end."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest
from support.web import TOKEN, InThread, read_to_end, serving, wait_for, whole_file

from audioguide.storage.file_stamp import FileStamp
from audioguide.web.address import Place
from audioguide.web.app import LOOPBACK_HEADERS, SECURITY_HEADERS, Find, Limits, WebApp
from audioguide.web.resource import FileSlice, Resource

YEAR_10000 = 253_402_300_800
LONG = 24 << 20
"""Bytes of a file that does not fit into the buffers of a connection."""
PAGE = Resource("text/html; charset=utf-8", b"<!doctype html>", '"page"', immutable=False)


def finding(**resources: Resource) -> Find:
    """Return a function that finds these resources, and the page."""

    async def find(name: str) -> Resource | None:
        return {"": PAGE, **resources}.get(name)

    return find


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "long.mp3"
    path.write_bytes(bytes(range(256)) * (LONG // 256))
    return path


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "small.mp3"
    path.write_bytes(bytes(range(250)) * 40)
    return path


@pytest.fixture(scope="module")
def server(small_file: Path, long_file: Path) -> Iterator[InThread]:
    with serving(finding(small=whole_file(small_file), long=whole_file(long_file, '"long"'))) as running:
        yield running


# --- responses ---


def test_every_response_has_the_security_headers(server: InThread) -> None:
    answers = [server.get(), server.get("small"), server.get("nothing"), server.get(method="POST")]
    answers += [server.get("small", {"Range": value}) for value in ("bytes=0-1", "bytes=99999999-")]
    answers += [server.get("small", {"If-None-Match": "*"}), server.get(headers={"Host": "evil.example"})]
    answers += [server.get(headers={"Transfer-Encoding": "chunked"})]

    assert {answer.status for answer in answers} == {200, 206, 304, 400, 404, 405, 416, 421}
    expected = SECURITY_HEADERS | LOOPBACK_HEADERS
    for answer in answers:
        assert {key: answer.headers.get(key.lower()) for key in expected} == expected
        assert "server" not in answer.headers and "cache-control" in answer.headers
    raw = server.raw(b"nonsense\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 400 ") and b"content-security-policy: default-src 'none'" in raw.lower()


def test_on_a_home_network_no_header_makes_browsers_log_warnings() -> None:
    app = WebApp(TOKEN, Place(ip_address("192.168.1.9"), 8000), finding())
    assert app.headers == SECURITY_HEADERS and "Cross-Origin-Opener-Policy" not in SECURITY_HEADERS


def test_head_is_get_without_a_body(server: InThread) -> None:
    for name in ("", "small", "long", "nothing"):
        get, head = server.get(name), server.get(name, method="HEAD")
        assert head.body == b"" and head.status == get.status
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
        assert int(get.headers["content-length"]) == len(get.body)
    assert server.get("small", {"Range": "bytes=0-1"}, "HEAD").status == 200


def test_a_range_is_answered_with_a_part_of_the_file(server: InThread, small_file: Path) -> None:
    whole = small_file.read_bytes()
    size = len(whole)
    for value, start, end in (("0-1", 0, 2), (f"{size - 1}-", size - 1, size), ("-500", size - 500, size)):
        answer = server.get("small", {"Range": f"bytes={value}"})
        assert (answer.status, answer.body) == (206, whole[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.headers["content-type"] == "audio/mpeg"
    beyond = server.get("small", {"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["content-range"], beyond.body) == (416, f"bytes */{size}", b"")


def test_a_slice_of_a_file_is_served_alone(small_file: Path) -> None:
    piece = FileSlice(small_file, FileStamp.of(small_file), 100, 50)
    with serving(finding(cover=Resource("image/jpeg", piece, '"cover"', immutable=True))) as server:
        assert server.get("cover").body == small_file.read_bytes()[100:150]
        assert server.get("cover", {"Range": "bytes=-10"}).body == small_file.read_bytes()[140:150]


def test_what_a_client_has_is_not_sent_again(server: InThread) -> None:
    for name in ("", "small"):
        first = server.get(name)
        again = server.get(name, {"If-None-Match": first.headers["etag"]})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert ("immutable" in first.headers["cache-control"]) == (name == "small")
        assert ("no-cache" in first.headers["cache-control"]) == (name == "")
    first = server.get("small")
    assert server.get("small", {"If-Modified-Since": first.headers["last-modified"]}).status == 304
    part = {"Range": "bytes=5-9"}
    for condition, status in ((first.headers["etag"], 206), (first.headers["last-modified"], 206), ('"other"', 200)):
        assert server.get("small", {**part, "If-Range": condition}).status == status


def test_a_file_after_the_year_9999_is_sent_without_its_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3")
    try:
        os.utime(path, (YEAR_10000, YEAR_10000))
    except (OSError, OverflowError):
        pytest.skip("this file system has no time after the year 9999")
    if path.stat().st_mtime < YEAR_10000:
        pytest.skip("this file system has no time after the year 9999")
    with serving(finding(a=whole_file(path))) as server:
        answer = server.get("a")
        again = server.get("a", {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"})
    assert (answer.status, again.status) == (200, 200)
    assert "last-modified" not in answer.headers and answer.body == b"ID3"


@pytest.mark.parametrize("mtime_s", [YEAR_10000, -(10**12), 10**20, -(10**20)])
def test_a_time_that_datetime_cannot_represent_is_none(mtime_s: int) -> None:
    assert FileSlice(Path("a.mp3"), FileStamp(1, mtime_s * 10**9, 1), 0, 1).modified is None


def test_small_responses_are_sent_at_once(server: InThread) -> None:
    """With Nagle's algorithm each would wait 40 ms for the client's acknowledgement of the previous one."""
    with server.connect() as client:
        client.sendall(server.request("small", "Range: bytes=0-1"))
        assert client.recv(1000)
        options = [
            one.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for one in server.server.server_state.connections
        ]
    assert options and all(options)


def test_without_the_slash_after_the_token_the_client_is_redirected(server: InThread) -> None:
    answer = server.raw(f"GET /{TOKEN} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 308 ") and f"location: /{TOKEN}/\r\n".encode() in answer


# --- files that change ---


@pytest.mark.parametrize("change", ["remove", "replace", "overwrite"])
def test_a_changed_file_is_not_found(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"old content")
    with serving(finding(a=whole_file(path))) as server:
        assert server.get("a").body == b"old content"
        if change == "remove":
            path.unlink()
        elif change == "replace":
            (tmp_path / "b").write_bytes(b"new content")
            (tmp_path / "b").replace(path)
        else:
            path.write_bytes(b"new")
        for headers in ({}, {"Range": "bytes=2-"}, {"Range": "bytes=2-", "If-Range": '"file"'}):
            assert server.get("a", headers).status == 404


def test_a_response_continues_with_the_file_it_began_with(tmp_path: Path) -> None:
    path = tmp_path / "long.mp3"
    path.write_bytes(b"old " * (LONG // 4))
    with serving(finding(long=whole_file(path))) as server, server.connect() as client:
        client.sendall(server.request("long", "Connection: close"))
        first = client.recv(1000)
        (tmp_path / "new").write_bytes(bytes(LONG))
        (tmp_path / "new").replace(path)
        body = (first + read_to_end(client)).partition(b"\r\n\r\n")[2]
    assert body == b"old " * (LONG // 4)


def test_a_file_that_is_overwritten_in_place_ends_the_response(tmp_path: Path) -> None:
    path = tmp_path / "long.mp3"
    path.write_bytes(bytes(LONG))
    with serving(finding(long=whole_file(path))) as server, server.connect() as client:
        client.sendall(server.request("long"))
        client.recv(1000)
        with path.open("r+b") as file:
            file.seek(LONG // 2)
            file.write(b"\1" * (LONG // 2))
        rest = read_to_end(client)
    assert len(rest) < LONG and b"\1" not in rest.partition(b"\r\n\r\n")[2]


# --- limits ---


def test_a_client_that_sends_no_complete_request_in_time_is_disconnected() -> None:
    with serving(finding(), limits=Limits(request_s=0.5)) as server:
        for data in (b"", b"GET / HTTP/1.1\r\nHost: x", f"GET /{TOKEN}/ HTTP/1.1\r\nHost: {server.host}\r\n".encode()):
            assert server.raw(data) == b""
        with server.connect() as client, pytest.raises(OSError):  # a byte from time to time does not extend the time
            for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 400:
                client.sendall(bytes([byte]))
                time.sleep(0.05)


def test_a_client_that_stops_reading_is_disconnected(long_file: Path) -> None:
    with serving(finding(long=whole_file(long_file)), limits=Limits(stall_s=1.0)) as server:
        with server.connect() as client:
            client.sendall(server.request("long"))
            assert client.recv(10)
            wait_for(lambda: not server.server.server_state.connections, "disconnected")
        assert server.get().status == 200


def test_beyond_the_limit_a_new_client_replaces_one_that_only_waits(long_file: Path) -> None:
    limits = Limits(connections=10)
    with serving(finding(long=whole_file(long_file)), limits=limits) as server, server.crowd(25):
        assert server.get().status == 200
        assert len(server.server.server_state.connections) <= 11
        started = list[bytes]()
        with ExitStack() as busy:
            for _ in range(11):
                client = busy.enter_context(server.connect())
                client.sendall(server.request("long"))
                started.append(client.recv(1000)[:12])
            assert started[:10] == [b"HTTP/1.1 200"] * 10
            full = server.get()
            assert full.status == 503
            assert full.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]


def test_a_client_that_disconnects_leaves_nothing_open(long_file: Path) -> None:
    with serving(finding(long=whole_file(long_file))) as server:
        for _ in range(20):
            with server.connect() as client:
                client.sendall(server.request("long"))
                client.recv(100)
        state = server.server.server_state
        wait_for(lambda: not state.connections and not state.tasks, "connections and tasks ended")
        if Path("/proc/self/fd").exists():
            opened = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.exists()]
            assert long_file not in opened


# --- its end ---


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("audioguide.web.server.monotonic", clock)
    return clock


def test_it_ends_when_there_were_no_requests_for_a_time(clock: Clock) -> None:
    with serving(finding(), idle_s=3600) as server:
        for _ in range(3):
            clock.now_s += 3000
            assert server.get().status == 200
            wait_for(lambda: server.server._last_active == clock.now_s, "the request noticed")
        assert server.thread.is_alive()
        clock.now_s += 3601
        wait_for(lambda: not server.thread.is_alive(), "ended")
    assert server.server.was_idle


def test_requests_under_another_token_do_not_keep_it_running(clock: Clock) -> None:
    with serving(finding(), idle_s=3600) as server:
        clock.now_s += 3000
        assert server.raw(f"GET /other/ HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode())
        clock.now_s += 601
        wait_for(lambda: not server.thread.is_alive(), "ended")
    assert server.server.was_idle


def test_a_server_stopped_from_outside_was_not_idle() -> None:
    with serving(finding()) as server:
        assert server.get().status == 200
    assert not server.server.was_idle
