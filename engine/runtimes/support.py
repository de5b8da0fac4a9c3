"""Which means of confinement this system has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from engine.config import Config
from engine.runtimes.cgroups import Groups, find_groups

KEEPER = Path(__file__).resolve().with_name("keeper")

#: If the engine is root, servers run as the user with this id plus their port number: ids that nobody else uses.
FIRST_USER_ID = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Support:
    """Which means of confinement this system has, as the keeper's probe finds them.

    `ports` and `signals` say what its version of Landlock can restrict besides files. `groups` is where control groups
    with a memory limit can be made.
    """

    landlock: bool = False
    ports: bool = False
    signals: bool = False
    seccomp: bool = False
    namespaces: bool = False
    network: bool = False
    user_ids: bool = False
    groups: Groups | None = None

    def gaps(self) -> list[str]:
        """What the system cannot keep model code from, as sentences that say what the system lacks."""
        rows = (
            (
                self.landlock or self.namespaces,
                "Model code can read and write what the engine's user can: the kernel has no Landlock (Linux 5.13) "
                "and allows no namespaces.",
            ),
            (
                self.namespaces,
                "Model code sees the names of the machine's files, and a process of it that starts others faster than "
                "they can be ended may outlive its job: the system allows no user, mount and process namespaces.",
            ),
            (
                self.ports,
                "Model code can connect to the machine's TCP ports through sockets that it is handed: there are no "
                "rules for ports (Landlock of Linux 6.7).",
            ),
            (
                self.namespaces or self.signals,
                "Model code can signal the engine's processes: there are neither process namespaces nor scoped "
                "signals (Landlock of Linux 6.12).",
            ),
            (
                self.seccomp,
                "Model code can make every system call: there is no seccomp filter for this machine.",
            ),
            (
                self.groups is not None,
                "Model code can fill the machine's memory with what no process shows, such as the queues of its "
                "sockets: the engine can make no control group (cgroup) with a memory limit below its own.",
            ),
            (
                self.user_ids or os.geteuid() != 0,
                "Model code runs as root: it cannot be given another user here. Start the engine as an ordinary user.",
            ),
        )
        return [sentence for is_covered, sentence in rows if not is_covered]


def find_support(config: Config) -> Support:
    """Find which means work on this system by trying each. With `confinement` "off" there are none."""
    if config.confinement == "off" or sys.platform != "linux":
        return Support()
    with tempfile.TemporaryDirectory(prefix="batchdeck-probe-") as folder:
        command = [sys.executable, "-I", "-S", str(KEEPER), "--probe", folder, str(FIRST_USER_ID)]
        answer = subprocess.run(command, capture_output=True, check=True, env={}, timeout=60).stdout
    return replace(Support(**json.loads(answer)), groups=find_groups())
