"""Virtual CPUs and memory of SageMaker's instance types."""

from __future__ import annotations

GIB = 1024**3

#: Virtual CPUs of the sizes without a number; "2xlarge" has twice those of "xlarge".
_SMALL = {"medium": 2, "large": 2, "xlarge": 4}
#: GiB of memory per virtual CPU, by the first letters of the family's name (EC2's instance types); others have 4.
_MEMORY_PER_CPU = {"c": 2.0, "r": 8.0, "p": 8.0, "inf": 2.0}


def instance_cpus(instance_type: str) -> int:
    """The virtual CPUs of a type such as "ml.m5.xlarge"; 2 if the name has another form."""
    size = instance_type.rpartition(".")[2]
    number = size.removesuffix("xlarge")
    return 4 * int(number) if number.isdecimal() else _SMALL.get(size, 2)


def instance_memory(instance_type: str) -> int:
    """The memory of an instance type in bytes, estimated from its family and virtual CPUs."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    longest = max((name for name in _MEMORY_PER_CPU if family.startswith(name)), key=len, default="")
    return int(instance_cpus(instance_type) * _MEMORY_PER_CPU.get(longest, 4.0) * GIB)
