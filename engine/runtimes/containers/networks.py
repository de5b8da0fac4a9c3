"""The network of a container: one of its own, with or without a way out."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

#: Where networks without a way out are: addresses for benchmarks between devices (RFC 2544), which no network uses.
_RANGE = ipaddress.ip_network("198.18.0.0/15")
#: The length of their prefixes: the bridge, the container, and the gateway that does not exist.
_PREFIX = 29
#: How many networks are tried if others have the same addresses.
_TRIES = 20


def create_network(
    client: docker.APIClient, name: str, labels: Mapping[str, str], *, is_closed: bool
) -> None:
    """Create the network of one container; a closed one has no way out, but this machine reaches it.

    Raises APIError.
    """
    if not is_closed:
        client.create_network(name, driver="bridge", labels=dict(labels))
        return
    for attempt in range(1, _TRIES + 1):
        try:
            client.create_network(
                name, driver="bridge", internal=True, labels=dict(labels), ipam=_closed_addresses()
            )
        except APIError as error:
            if attempt == _TRIES or "overlap" not in str(error):
                raise
        else:
            return


def _closed_addresses() -> Any:
    """Addresses of a network whose gateway does not exist.

    Docker before 24 gives containers of internal networks a default route, and relies on the packet filter.
    """
    step = 2 ** (32 - _PREFIX)
    first = int(_RANGE.network_address) + step * secrets.randbelow(_RANGE.num_addresses // step)
    network = ipaddress.ip_network((first, _PREFIX))
    pool = IPAMPool(subnet=str(network), aux_addresses={"DefaultGatewayIPv4": str(network[-2])})
    return IPAMConfig(pool_configs=[pool])
