"""Ports: what counts as taken, and what a person is told."""

from __future__ import annotations

import socket

import pytest

from launcher import ports


def test_a_free_port_can_be_listened_on_at_once() -> None:
    port = ports.free_port()
    ports.require_free("127.0.0.1", port, "--host", "--port")
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("listens_on", ["127.0.0.1", "0.0.0.0"])
def test_a_port_someone_listens_on_is_taken(listens_on: str) -> None:
    with socket.create_server((listens_on, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ports.PortTaken, match=rf"Port {port} .* is taken .* --engine-port"):
            ports.require_free("127.0.0.1", port, "--engine-host", "--engine-port")


def test_a_port_whose_server_has_just_ended_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = listener.accept()
            # The side that closes first keeps the port in TIME_WAIT.
            served.close()
            assert client.recv(1) == b""
    ports.require_free("127.0.0.1", port, "--host", "--port")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_ours_is_told_from_a_taken_port(host: str) -> None:
    with pytest.raises(ports.PortTaken, match="no address of this machine; choose another with --host"):
        ports.require_free(host, ports.free_port(), "--host", "--port")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
        ("10.1.2.3", "http://10.1.2.3:8000"),
    ],
)
def test_the_url_is_one_that_this_machine_can_open(host: str, url: str) -> None:
    assert ports.url(host, 8000) == url
