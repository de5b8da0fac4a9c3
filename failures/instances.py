"""Instance types: those that forms suggest, and others to try after a failure, by size and family."""

from __future__ import annotations

_COMMON = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_GPU = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")

#: The sizes of each family that CreateTransformJob accepts, smallest first (botocore's TransformInstanceType).
SIZES: dict[str, tuple[str, ...]] = {
    "m4": ("xlarge", "2xlarge", "4xlarge", "10xlarge", "16xlarge"),
    "c4": ("xlarge", "2xlarge", "4xlarge", "8xlarge"),
    "p2": ("xlarge", "8xlarge", "16xlarge"),
    "p3": ("2xlarge", "8xlarge", "16xlarge"),
    "c5": ("xlarge", "2xlarge", "4xlarge", "9xlarge", "18xlarge"),
    "m5": ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"),
    **dict.fromkeys(("m6i", "c6i", "r6i"), (*_COMMON, "32xlarge")),
    **dict.fromkeys(("m7i", "c7i", "r7i"), (*_COMMON, "48xlarge")),
    "g4dn": _GPU,
    **dict.fromkeys(("g5", "g6", "g6e"), (*_GPU, "24xlarge", "48xlarge")),
    "trn1": ("2xlarge", "32xlarge"),
    "inf2": ("xlarge", "8xlarge", "24xlarge", "48xlarge"),
}
#: The types that forms suggest, because teams use them most; any other can be typed.
INSTANCE_TYPES = (
    "ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge", "ml.c5.xlarge", "ml.c5.2xlarge", "ml.c5.4xlarge",
    "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge", "ml.g5.2xlarge", "ml.p3.2xlarge",
)  # fmt: skip
#: Families whose instances of one size are about equal.
_KIN = (
    ("m5", "m6i", "m7i", "m4"),
    ("c5", "c6i", "c7i", "c4"),
    ("r6i", "r7i"),
    ("g4dn", "g5", "g6", "g6e"),
    ("p3", "p2"),
)


def larger(instance_type: str) -> str:
    """The next larger type of the same family; empty if there is none, or the family is unknown."""
    family, size = _parts(instance_type)
    sizes = SIZES.get(family, ())
    following = sizes[sizes.index(size) + 1 :] if size in sizes else ()
    return f"ml.{family}.{following[0]}" if following else ""


def akin(instance_type: str) -> str:
    """A type of the same size in another family of the same kind; empty if none is known."""
    family, size = _parts(instance_type)
    kin = next((group for group in _KIN if family in group), ())
    families = [
        family_of_kin for family_of_kin in kin if family_of_kin != family and size in SIZES[family_of_kin]
    ]
    return f"ml.{families[0]}.{size}" if families else ""


def _parts(instance_type: str) -> tuple[str, str]:
    family, _, size = instance_type.removeprefix("ml.").partition(".")
    return family, size
