"""What differs between the versions of the XGBoost image, from the tag of the one that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The version of an image without a tag.
NEWEST_OF_ALL_FORMS = (1, 7)
#: The versions of images whose tags do not name them.
_VERSIONS = {"latest": (0, 72), "1": (0, 72)}


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """The version of XGBoost in an image, as (major, minor)."""

    tag: str
    number: tuple[int, int]

    @property
    def serves_ensembles(self) -> bool:
        """Whether every file of the archive is a model; older images load the first file alone."""
        return self.number >= (1, 2)

    @property
    def reads_best_ntree_limit(self) -> bool:
        """Whether its library takes over the attribute `best_ntree_limit` of a model that XGBoost saved."""
        return (1, 4) <= self.number < (2, 0)

    @property
    def counts_limit_in_trees(self) -> bool:
        """Whether `best_ntree_limit` counts trees; later images use it as a number of rounds."""
        return self.number < (2, 0)

    @property
    def shifts_libsvm(self) -> bool:
        """Whether a libsvm payload without index 0 is read as counting from 1; else index n is column n."""
        return self.number >= (3, 0)

    @property
    def ignores_surplus_columns(self) -> bool:
        """Whether columns behind those of the model are dropped instead of refused."""
        return self.number < (1, 1)

    @property
    def pickles_only_models(self) -> bool:
        """Whether a pickle of its library holds a model in the old binary form, and no configuration."""
        return self.number < (1, 0)

    @property
    def takes_infinity(self) -> bool:
        """Whether its library accepts infinite values."""
        return self.number < (1, 4)

    @property
    def infinity_words(self) -> str:
        """What its library says of an infinite value."""
        if self.number >= (2, 0):
            return "Input data contains `inf` or a value too large, while `missing` is not set to `inf`"
        return "Input data contains `inf` or `nan`"


def read_image_version(tag: str) -> ImageVersion:
    """The version that a tag such as 1.7-1 names."""
    match = re.match(r"(\d+)\.(\d+)", tag)
    named = (int(match[1]), int(match[2])) if match else NEWEST_OF_ALL_FORMS
    return ImageVersion(tag, _VERSIONS.get(tag, named))
