"""What the command line knows of a field of a job."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["str", "int", "float", "bool", "words", "texts"]


class JobField(NamedTuple):
    """A field of `POST jobs/`; `is_own` if it is Batchdeck's own, not one of CreateTransformJob."""

    name: str
    kind: Kind
    choices: tuple[str, ...]
    help: str
    is_own: bool

    @property
    def option(self) -> str:
        """The option of the command line, such as --content-type."""
        name = self.name.replace(".", "-").replace("_", "-")
        # An option with one of several values names one: --tag, --fallback-instance-type.
        return "--" + (name.removesuffix("s") if self.kind in ("words", "texts") else name)

    @property
    def parameter(self) -> str:
        """The name of the option's value in Python."""
        return self.name.replace(".", "__")
