"""What a service raises when it cannot do what was asked. Each message is a sentence for the person."""

from __future__ import annotations

from collections.abc import Mapping


class InvalidFields(Exception):
    """Some of what was given cannot be used; nothing was saved.

    `fields` maps a field's name to sentences that say what it must be.
    """

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)


class NameTaken(InvalidFields):
    """Another job of the connection has the name; `key` is that job's id.

    Whoever repeats a request because no answer came learns from it that the first one arrived.
    """

    def __init__(self, name: str, key: str) -> None:
        super().__init__(
            {
                "name": [
                    f"It is taken by the job {key} of this connection; names are used once and never freed."
                ]
            }
        )
        self.name = name
        self.key = key


class NotPossible(Exception):
    """What was asked makes no sense now, such as stopping a job that has ended."""


class NoSuchObject(NotPossible):
    """A job has no output, input file or log stream of the name."""


class NoSuchPlace(NotPossible):
    """A place in a log that no line has."""


class OutputsExist(NotPossible):
    """A job would replace `count` objects at its output path; `instead` is a path at which it replaces none."""

    def __init__(self, count: int, counted: str, output_path: str, instead: str) -> None:
        are, them = ("is", "it") if count == 1 else ("are", "them")
        super().__init__(
            f"{counted} {are} there already below {output_path} and would be replaced. Send replace_outputs: true to "
            f"replace {them}, or another output_path, such as {instead}."
        )
        self.count = count
        self.counted = counted
        self.instead = instead


class OlderOutputs(NotPossible):
    """A further attempt would replace `count` objects that were there before the job ran."""

    def __init__(self, count: int) -> None:
        objects, them = ("1 object", "it") if count == 1 else (f"{count:,} objects", "them")
        super().__init__(
            f"In place of what is missing there {'is' if count == 1 else 'are'} {objects} from before this job ran. "
            f"Send replace_outputs: true to replace {them}."
        )
        self.count = count


class Unavailable(Exception):
    """The connection could not be asked, or refused; the message says why and what to do."""
