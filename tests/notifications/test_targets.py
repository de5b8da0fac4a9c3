"""Messages go to public addresses, or to those that the operator allows; a name cannot lead elsewhere."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from jobs.services.errors import InvalidFields
from jobs.states import JobState
from notifications.lifecycle import targets
from notifications.lifecycle.targets import BadTarget, check_ip, parse_url
from notifications.models import Channel, Delivery
from notifications.services import channels
from tests.cast import House
from tests.notifications.conftest import end, member, work
from tests.notifications.receivers import HttpReceiver, Plan

Make = Callable[..., Channel]

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
    # An IPv4 address within an IPv6 one: mapped, 6to4, Teredo, NAT64.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    "2001:0:7f00:1::80ff:fffe",
    # Other forms of IPv4 within IPv6, translators of a network's own, site-local and further reserved addresses.
    *(
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "fec0::1",
        "5f00::1",
        "3fff::1",
        "2001:4:112::1",
    ),
    # Where clouds answer machines: Oracle's older metadata address, Azure's platform.
    *("192.0.0.192", "168.63.129.16", "192.88.99.1"),
]


@pytest.fixture
def strict(settings: Any) -> Any:
    """The settings of an installation whose operator allows nothing."""
    settings.WEBHOOK_NETWORKS, settings.WEBHOOK_HTTP = [], False
    settings.WEBHOOK_PORTS = [range(80, 81), range(443, 444), range(8080, 8081), range(8443, 8444)]
    return settings


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(strict: Any, address: str) -> None:
    with pytest.raises(BadTarget, match="private, local or reserved"):
        check_ip(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_is_not_refused(strict: Any, address: str) -> None:
    check_ip(address)


def test_a_network_that_the_operator_allows_is_not_refused(strict: Any) -> None:
    strict.WEBHOOK_NETWORKS = [ip_network("10.0.0.0/8")]
    check_ip("10.1.2.3")
    with pytest.raises(BadTarget):
        check_ip("192.168.1.1")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("javascript:alert(1)", "https://"),
        ("https:///path", "https://"),
        ("https://user:secret@example.com/", "password"),
        ("https://example.com:22/", "port 22"),
        ("https://example.com:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://exam ple.com/", "blanks"),
        ("https://example.com/\n", "blanks"),
        ("https://exämple.com/", "ASCII"),
        (f"https://example.com/{'x' * 3000}", "2,048"),
        ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"),
        ("https://169.254.169.254/latest/meta-data/", "private"),
        ("", "https://"),
    ],
)
def test_a_url_that_may_not_be_used_is_refused_in_words(strict: Any, url: str, word: str) -> None:
    with pytest.raises(BadTarget, match=word):
        parse_url(url)


def test_a_url_is_taken_with_its_port_and_query(strict: Any) -> None:
    url = parse_url("https://Example.com:8443/a/b?c=d#e")
    assert (url.host, url.port, url.path, url.host_header) == (
        "example.com",
        8443,
        "/a/b?c=d",
        "example.com:8443",
    )


@pytest.mark.parametrize("text", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "localhost."])
def test_other_ways_to_write_this_machine_are_refused_at_delivery(strict: Any, text: str) -> None:
    with pytest.raises((BadTarget, OSError)):
        targets.resolve(parse_url(f"https://{text}/"))


@pytest.mark.django_db
def test_a_channel_with_a_private_address_cannot_be_made(strict: Any, house: House) -> None:
    with pytest.raises(InvalidFields) as refusal:
        channels.create(member(house, "bob"), kind="webhook", name="x", address="https://10.0.0.1/")
    assert set(refusal.value.fields) == {"address"}


@pytest.mark.django_db
def test_a_name_that_points_to_a_private_address_by_the_time_of_delivery_gets_nothing(
    strict: Any, house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    strict.WEBHOOK_HTTP, strict.WEBHOOK_PORTS = True, [range(1, 65536)]
    # A public name when the channel is saved; localhost is this machine's in every resolver.
    team_channel(f"http://localhost:{receiver.port}/hook", "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert receiver.requests == []
    assert "private, local or reserved" in Delivery.objects.get().attempts.get().problem


@pytest.mark.django_db
def test_the_connection_goes_to_the_address_that_was_checked(
    house: House, receiver: HttpReceiver, team_channel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers another address each time (DNS rebinding) is asked once for a delivery."""
    resolved_hosts: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host != "rebinding.example":
            return resolve_truly(host, port, *args, **kwargs)
        resolved_hosts.append(host)
        address = "127.0.0.1" if len(resolved_hosts) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    resolve_truly = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    team_channel(f"http://rebinding.example:{receiver.port}/hook", "job.completed")
    end(house.job(JobState.IN_PROGRESS))
    work()
    assert resolved_hosts == ["rebinding.example"]
    assert receiver.requests[0].headers["host"] == f"rebinding.example:{receiver.port}"


@pytest.mark.django_db
def test_a_redirect_to_a_private_address_is_not_followed(
    house: House, receiver: HttpReceiver, team_channel: Make
) -> None:
    inner = HttpReceiver()
    try:
        receiver.plan(Plan(307, b"", {"Location": inner.url}))
        team_channel(receiver.url, "job.completed")
        end(house.job(JobState.IN_PROGRESS))
        work()
        assert inner.requests == []
        attempt = Delivery.objects.get().attempts.get()
        assert (attempt.code, attempt.problem) == (
            307,
            "The receiver answered 307; redirects are not followed.",
        )
    finally:
        inner.stop()
