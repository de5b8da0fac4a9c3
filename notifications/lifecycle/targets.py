"""Which addresses messages may be sent to: by the URL when a channel is saved, by the IP address at each delivery.

The connection is made to the IP address that was checked, so that a name that points elsewhere a moment later
(DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address
#: RFC 6052: IPv4 addresses behind a translator.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: The only part of IPv6 with public addresses (IANA, IPv6 Address Space), and one in it that is for documents.
_GLOBAL_UNICAST, _DOCUMENTS = ipaddress.ip_network("2000::/3"), ipaddress.ip_network("3fff::/20")
#: IPv4 networks that `is_global` takes for public in some versions of Python: IETF protocols (and a cloud's metadata),
#: 6to4 relays; and the address of Azure's platform.
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
LONGEST_URL = 2048


class BadTarget(ValueError):
    """The URL or its IP address may not be sent to; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """A URL that may be sent to, in parts; `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_https(self) -> bool:
        """Whether it is encrypted."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """The value of the Host header field."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_https else 80) else f"{name}:{self.port}"


def parse_url(text: str) -> WebhookUrl:
    """The parts of a URL that may be sent to. Nothing is resolved. Raises BadTarget."""
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadTarget(
            f"It must be a URL of at most {LONGEST_URL:,} printable ASCII characters without blanks."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadTarget(f"It is no URL: {error}.") from error
    schemes = ("https", "http") if settings.WEBHOOK_HTTP else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise BadTarget(f"It must be a URL that begins with {' or '.join(f'{name}://' for name in schemes)}.")
    if parts.username is not None or parts.password is not None:
        raise BadTarget("It must not hold a user name or password.")
    port = port or (443 if parts.scheme == "https" else 80)
    if not any(port in allowed for allowed in settings.WEBHOOK_PORTS):
        raise BadTarget(f"The port {port} is not among those that may be used: {_ports()}.")
    _check_name(parts.hostname)
    return WebhookUrl(parts.scheme, parts.hostname, port, _path(parts))


def resolve(url: WebhookUrl) -> list[str]:
    """The IP addresses of the URL's host, all of which may be sent to. Raises BadTarget, and OSError if it has none."""
    rows = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
    for address in addresses:
        check_ip(address)
    return addresses


def check_ip(text: str) -> None:
    """Raise BadTarget unless the IP address is public or in a network that the operator allows."""
    # A scope such as %eth0 belongs to link-local addresses.
    address = ipaddress.ip_address(text.partition("%")[0])
    if any(
        address.version == network.version and address in network for network in settings.WEBHOOK_NETWORKS
    ):
        return
    for inner in (address, *_embedded(address)):
        if not _is_public(inner):
            raise BadTarget(
                f"{text} is a private, local or reserved address; BATCHDECK_WEBHOOK_NETWORKS may allow its network."
            )


def _is_public(address: _IP) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    is_unicast = address in _GLOBAL_UNICAST and address not in _DOCUMENTS
    # What leads to an IPv4 address is public if that is.
    return is_unicast or address in _NAT64 or address.ipv4_mapped is not None


def _embedded(address: _IP) -> list[_IP]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each_address for each_address in inner if each_address is not None]


def _check_name(host: str) -> None:
    """Refuse a literal IP address that may not be sent to; names are resolved at delivery."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    check_ip(host)


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _ports() -> str:
    return ", ".join(
        str(ports.start) if len(ports) == 1 else f"{ports.start}-{ports.stop - 1}"
        for ports in settings.WEBHOOK_PORTS
    )
