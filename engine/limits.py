"""Limits of one model server and of one job, set by ENGINE_LIMITS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from engine.errors import BadSetting
from engine.instance_sizes import instance_cpus, instance_memory
from transform.archives import MAX_BYTES

MIB = 1024**2
_DAY = 86400
#: SageMaker ends a transform job after this many days.
_LONGEST_JOB_DAYS = 5
#: The share of the machine's memory that a model server gets if its instance type has more.
_SHARE_OF_MEMORY = 0.8
#: The share of the disk that jobs leave free, and its upper bound in bytes.
_SHARE_OF_DISK, _MOST_FREE = 0.05, 512 * MIB
#: The share of the file system's files that jobs leave free.
_SHARE_OF_FILES = 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a model server (memory_mb, processes, open_files, cpu_seconds), of all jobs (in_flight_mb), of a job.

    Those of layers (layer_mb, layers_mb) are for the packages that requirements.txt files name.

    Names in _mb are in MiB. 0 means a default: for `memory_mb` the instance type's memory, at most 80 % of the
    machine's; for `cpu_seconds` five days of the type's virtual CPUs; for `free_mb`, the disk space that jobs leave
    free, 5 % of the disk and at most 512 MiB; for `in_flight_mb` an eighth of the machine's memory, at most 1 GiB.
    """

    memory_mb: int = 0
    processes: int = 1024
    open_files: int = 65536
    cpu_seconds: int = 0
    #: Files that a job may write into its folders. SageMaker's volume has 30 GB.
    disk_mb: int = 30 * 1024
    #: Unpacked size of a model archive.
    unpacked_mb: int = MAX_BYTES // MIB
    #: What one requirements.txt may install, with its downloads; and all of these layers together.
    layer_mb: int = 8 * 1024
    layers_mb: int = 32 * 1024
    #: Stored log lines of a job.
    log_mb: int = 256
    #: Size of one answer of a model server, which is held in memory.
    answer_mb: int = 256
    free_mb: int = 0
    #: Requests and answers that the engine holds in memory for all jobs together.
    in_flight_mb: int = 0

    @classmethod
    def from_numbers(cls, setting: str, numbers: Mapping[str, float]) -> Limits:
        """The defaults replaced by those numbers. Raises BadSetting for an unknown name."""
        names = [item.name for item in fields(cls)]
        for name in numbers:
            if name not in names:
                raise BadSetting(f"{setting} has {name!r}; it takes {', '.join(names)}.")
        return cls(**{name: int(number) for name, number in numbers.items()})

    def memory_of(self, instance_type: str) -> int:
        """Bytes of memory that an instance of that type may use."""
        largest = int(_memory_of_machine() * _SHARE_OF_MEMORY)
        return self.memory_mb * MIB or min(instance_memory(instance_type), largest)

    @property
    def in_flight(self) -> int:
        """Bytes of requests and answers that the engine holds for all jobs together."""
        return self.in_flight_mb * MIB or min(_memory_of_machine() // 8, 1024 * MIB)

    def of_server(self, instance_type: str) -> dict[str, int]:
        """The limits of one model server: bytes, counts and seconds by the names that the keeper reads."""
        memory = self.memory_of(instance_type)
        return {
            "memory": memory,
            "shared_memory": memory // 2,
            "processes": self.processes,
            # Above `disk_mb`, so that the engine notices the excess first and can give it as the job's failure reason.
            "file_size": 2 * self.disk_mb * MIB,
            "open_files": self.open_files,
            "cpu_seconds": self.cpu_seconds or _LONGEST_JOB_DAYS * _DAY * instance_cpus(instance_type),
        }

    def space_left(self, folder: Path) -> int:
        """Bytes that jobs may still write to the disk of `folder`; negative if too little or too few files are free."""
        status = os.statvfs(folder)
        # Some file systems have no limit, and say 0.
        if status.f_files and status.f_favail < status.f_files * _SHARE_OF_FILES:
            return -1
        size = status.f_blocks * status.f_frsize
        kept_free = self.free_mb * MIB or min(int(size * _SHARE_OF_DISK), _MOST_FREE)
        return status.f_bavail * status.f_frsize - kept_free


def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
