"""The errors of services. Each message is a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.text import capfirst


class InvalidFields(Exception):
    """Some fields have values that cannot be used; nothing was saved.

    `fields` maps a field's name to sentences that say what it must be.
    """

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)


class NameTaken(InvalidFields):
    """Another job of the connection has the name; `key` is that job's id.

    It tells a client that repeats a request, because no answer came, that the first request arrived.
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
    """The action is not possible now, such as stopping a job that has ended."""


class NoSuchObject(NotPossible):
    """The job has no output, input file or log stream of this name."""


class NoSuchPlace(NotPossible):
    """No line of the log has this place."""


class OutputsExist(NotPossible):
    """A job would replace `count` objects at its output path; `instead` is a path at which it replaces none.

    `counted` is their number in words, and `description` says where they are.
    """

    def __init__(self, count: int, counted: str, description: str, output_path: str, instead: str) -> None:
        pronoun = "it" if count == 1 else "them"
        super().__init__(
            f"{capfirst(description)}. This job would replace {pronoun} below {output_path}. "
            f"Send replace_outputs: true to replace {pronoun}, or another output_path, such as {instead}."
        )
        self.count = count
        self.counted = counted
        self.instead = instead


class OlderOutputs(NotPossible):
    """A further attempt would replace `count` objects that were there before the job ran."""

    def __init__(self, count: int) -> None:
        objects, pronoun = ("1 object", "it") if count == 1 else (f"{count:,} objects", "them")
        super().__init__(
            f"In place of what is missing there {'is' if count == 1 else 'are'} {objects} from before this job ran. "
            f"Send replace_outputs: true to replace {pronoun}."
        )
        self.count = count


class DefaultExists(NotPossible):
    """The model has another default preset, whose slug is `preset`."""

    def __init__(self, model: str, name: str, preset: str) -> None:
        super().__init__(
            f"Run on the model {model} begins with the preset {name}. Send replace_default: true to take its place."
        )
        self.preset = preset


class JobsOfOthers(NotPossible):
    """A filter would stop `count` jobs of other people too; `owners` says whose all of them are."""

    def __init__(self, count: int, owners: str) -> None:
        super().__init__(
            f"Not all jobs that match were submitted by you: {owners}. Send stop_others: true to stop those "
            'of others too, or add "owner": "me" to the filter.'
        )
        self.count = count


class ObjectExists(NotPossible):
    """An upload or a conversion would replace an object, and `more` others.

    Its `size` in bytes and `modified` time are None if they are not known.
    """

    def __init__(self, uri: str, size: int | None, modified: datetime | None, more: int = 0) -> None:
        if more:
            text = (
                f"There are {more + 1:,} objects already, such as {uri}. Send replace=true to replace them."
            )
        else:
            text = f"There is an object {uri} already. Send replace=true to replace it."
        super().__init__(text)
        self.uri = uri
        self.size = size
        self.modified = modified


class Unavailable(Exception):
    """The connection did not answer, or refused; the message says why and what to do."""
