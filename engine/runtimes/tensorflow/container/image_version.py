"""What differs between versions of the image, from its tag."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageGeneration:
    """The version of TensorFlow in the image, as (major, minor)."""

    number: tuple[int, int]

    @property
    def checks_attributes(self) -> bool:
        """Whether names, versions and methods in the custom attributes are checked."""
        return self.number >= (2, 20)

    @property
    def passes_errors_on(self) -> bool:
        """Whether an error of TensorFlow Serving is the answer; older images give it to `output_handler`."""
        return self.number >= (2, 20)

    @property
    def splits_fields(self) -> bool:
        """Whether each field of CSV is a number or a text; older images quote whole lines."""
        return self.number >= (2, 20)

    @property
    def ignores_parameters(self) -> bool:
        """Whether content types are compared without parameters and case."""
        return self.number >= (2, 20)

    @property
    def wait_seconds(self) -> int:
        """The default of SAGEMAKER_TFS_WAIT_TIME_SECONDS."""
        return 60 if self.number >= (2, 20) else 300

    @property
    def word_for_invalid(self) -> str:
        """How an invalid argument is named inside of messages."""
        return "INVALID_ARGUMENT" if self.number >= (2, 8) else "Invalid argument"


def read_generation(tag: str) -> ImageGeneration:
    """The version that a tag such as 2.19.0-cpu-py312 names; the newest for a tag without a number."""
    match = re.match(r"(\d+)\.(\d+)", tag)
    return ImageGeneration((int(match[1]), int(match[2])) if match else (2, 20))
