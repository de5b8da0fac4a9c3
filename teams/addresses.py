"""Where a request comes from, behind proxies too."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of the nearest machine that is not one of our proxies; None on a Unix socket.

    A proxy appends to X-Forwarded-For the address it was called from, so the list is read from its end, and only
    while each address is in BATCHDECK_TRUSTED_PROXIES: anybody may have written what stands before them.
    """
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and _is_proxy(address) and forwarded:
        before = _parse(forwarded.pop())
        if before is None:
            break
        address = before
    return str(address) if address is not None else None


def _is_proxy(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None
