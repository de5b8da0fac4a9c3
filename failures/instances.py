"""Instance types: those that forms suggest, and others to try after a failure, by size and family."""

from __future__ import annotations

from dataclasses import dataclass

_COMMON = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_GPU = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")


@dataclass(frozen=True, slots=True)
class Family:
    """The sizes of a family that CreateTransformJob accepts, smallest first (botocore's TransformInstanceType).

    Instances of one size are about equal in families of one `kind`. `suggested` are the sizes that forms suggest,
    because teams use them most; any other can be typed.
    """

    sizes: tuple[str, ...]
    kind: str = ""
    suggested: tuple[str, ...] = ()


#: Of each kind, the families that are tried first come first.
FAMILIES: dict[str, Family] = {
    "m5": Family(
        ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"),
        "general",
        suggested=("large", "xlarge", "2xlarge", "4xlarge"),
    ),
    "m6i": Family((*_COMMON, "32xlarge"), "general"),
    "m7i": Family((*_COMMON, "48xlarge"), "general"),
    "m4": Family(("xlarge", "2xlarge", "4xlarge", "10xlarge", "16xlarge"), "general"),
    "c5": Family(
        ("xlarge", "2xlarge", "4xlarge", "9xlarge", "18xlarge"),
        "compute",
        suggested=("xlarge", "2xlarge", "4xlarge"),
    ),
    "c6i": Family((*_COMMON, "32xlarge"), "compute"),
    "c7i": Family((*_COMMON, "48xlarge"), "compute"),
    "c4": Family(("xlarge", "2xlarge", "4xlarge", "8xlarge"), "compute"),
    "r6i": Family((*_COMMON, "32xlarge"), "memory"),
    "r7i": Family((*_COMMON, "48xlarge"), "memory"),
    "g4dn": Family(_GPU, "gpu", suggested=("xlarge", "2xlarge")),
    "g5": Family((*_GPU, "24xlarge", "48xlarge"), "gpu", suggested=("xlarge", "2xlarge")),
    "g6": Family((*_GPU, "24xlarge", "48xlarge"), "gpu"),
    "g6e": Family((*_GPU, "24xlarge", "48xlarge"), "gpu"),
    "p3": Family(("2xlarge", "8xlarge", "16xlarge"), "large gpu", suggested=("2xlarge",)),
    "p2": Family(("xlarge", "8xlarge", "16xlarge"), "large gpu"),
    "trn1": Family(("2xlarge", "32xlarge")),
    "inf2": Family(("xlarge", "8xlarge", "24xlarge", "48xlarge")),
}
#: The types that forms suggest.
INSTANCE_TYPES = tuple(f"ml.{name}.{size}" for name, family in FAMILIES.items() for size in family.suggested)

#: vCPUs, GB of memory, and GPUs of the suggested types, as the service's price pages have them.
SIZES = {
    "ml.m5.large": (2, 8, ""),
    "ml.m5.xlarge": (4, 16, ""),
    "ml.m5.2xlarge": (8, 32, ""),
    "ml.m5.4xlarge": (16, 64, ""),
    "ml.c5.xlarge": (4, 8, ""),
    "ml.c5.2xlarge": (8, 16, ""),
    "ml.c5.4xlarge": (16, 32, ""),
    "ml.g4dn.xlarge": (4, 16, "T4"),
    "ml.g4dn.2xlarge": (8, 32, "T4"),
    "ml.g5.xlarge": (4, 16, "A10G"),
    "ml.g5.2xlarge": (8, 32, "A10G"),
    "ml.p3.2xlarge": (8, 61, "V100"),
}


def size_text(instance_type: str) -> str:
    """What a suggested type has, as in "4 vCPU, 16 GB, 1 A10G GPU"; empty for other types."""
    if instance_type not in SIZES:
        return ""
    cpus, memory, gpu = SIZES[instance_type]
    return f"{cpus} vCPU, {memory} GB{f', 1 {gpu} GPU' if gpu else ''}"


def larger(instance_type: str) -> str:
    """The next larger type of the same family; empty if there is none, or the family is unknown."""
    name, size = _parts(instance_type)
    sizes = FAMILIES[name].sizes if name in FAMILIES else ()
    following = sizes[sizes.index(size) + 1 :] if size in sizes else ()
    return f"ml.{name}.{following[0]}" if following else ""


def akin(instance_type: str) -> str:
    """A type of the same size in another family of the same kind; empty if none is known."""
    name, size = _parts(instance_type)
    kind = FAMILIES[name].kind if name in FAMILIES else ""
    names = [
        other_name
        for other_name, family in FAMILIES.items()
        if kind and family.kind == kind and other_name != name and size in family.sizes
    ]
    return f"ml.{names[0]}.{size}" if names else ""


def _parts(instance_type: str) -> tuple[str, str]:
    family, _, size = instance_type.removeprefix("ml.").partition(".")
    return family, size
