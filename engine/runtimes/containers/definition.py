"""What a container of a job may do: its files, limits, rights, network and variables.

docs/security.md describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import docker
from docker.types import Mount, Ulimit

from engine.instance_sizes import instance_cpus
from engine.limits import Limits
from engine.placement import Placement
from transform.request_addresses import SUBMIT_DIRECTORY

#: Where SageMaker's contract has the model, and its toolkits a script (developer guide, "Use your own inference code
#: with batch transform").
MODEL_DIR = "/opt/ml/model"
_SCRIPT_DIR = "/opt/ml/code"
#: The port that a container must listen on.
PORT = 8080
#: Of Docker's capabilities those that servers need which start as root and go on as another user, as nginx does.
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
_BILLION = 1_000_000_000


def container_variables(environment: Mapping[str, str], placement: Placement) -> dict[str, str]:
    """The variables of a container: the job's, with the addresses of the folders in it."""
    own_variables = {"SAGEMAKER_MODEL_DIR": MODEL_DIR, "SAGEMAKER_BIND_TO_PORT": str(PORT)}
    if placement.script_dir is not None and environment.get(SUBMIT_DIRECTORY) == str(placement.script_dir):
        own_variables[SUBMIT_DIRECTORY] = _SCRIPT_DIR
    return {**environment, **own_variables}


def host_config(
    client: docker.APIClient, placement: Placement, limits: Limits, network: str, *, published: bool
) -> dict[str, Any]:
    """Docker's HostConfig of a container in that network; `published` gives its port one on 127.0.0.1."""
    bounds = limits.of_server(placement.instance_type)
    processors = min(instance_cpus(placement.instance_type), client.info()["NCPU"])
    folders = {MODEL_DIR: placement.model_dir}
    if placement.script_dir is not None:
        folders[_SCRIPT_DIR] = placement.script_dir
    config: dict[str, Any] = client.create_host_config(
        mounts=[
            Mount(target, str(source), type="bind", read_only=True) for target, source in folders.items()
        ],
        network_mode=network,
        port_bindings={PORT: ("127.0.0.1",)} if published else None,
        cap_drop=["ALL"],
        cap_add=list(_CAPABILITIES),
        security_opt=["no-new-privileges"],
        mem_limit=bounds["memory"],
        memswap_limit=bounds["memory"],
        shm_size=bounds["shared_memory"],
        nano_cpus=processors * _BILLION,
        pids_limit=bounds["processes"],
        ulimits=[Ulimit(name="fsize", soft=bounds["file_size"], hard=bounds["file_size"])],
        # The engine reads the output as it comes and bounds it; the daemon would keep all of it on its disk.
        log_config={"Type": "none", "Config": {}},
    )
    return config
