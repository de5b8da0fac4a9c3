"""What a team may use of a shared account or engine: places in S3, and names of models and jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from transform.keys import output_folder, parse_s3_uri

#: What SageMaker takes for a name, and a star at the end for all that begin so.
_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,62})\*?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Scope:
    """Folders in S3 as (bucket, key prefix that ends in a slash or is empty), and names, `name*` for a beginning.

    Without places all of S3 may be used, without names every model and job.
    """

    places: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    #: Nothing may be written, created, changed or deleted.
    reads_only: bool = False

    @classmethod
    def parse(cls, places: Iterable[str], names: Iterable[str]) -> Scope:
        """Parse texts such as s3://bucket/folder/ and churn-*. Raises ValueError with a sentence."""
        return cls(tuple(parse_place(text) for text in places), tuple(parse_name(text) for text in names))

    @property
    def uris(self) -> list[str]:
        """The places as they are written."""
        return [f"s3://{bucket}/{prefix}" for bucket, prefix in self.places]

    @property
    def is_everything(self) -> bool:
        """Whether everything is allowed."""
        return not self.places and not self.names and not self.reads_only

    def allows(self, bucket: str, key: str) -> bool:
        """Whether the object with this key may be used, or all objects whose keys begin with it."""
        return not self.places or any(bucket == name and key.startswith(start) for name, start in self.places)

    def allows_uri(self, uri: str) -> bool:
        """As `allows`, for an s3:// address; False for any other text."""
        try:
            return self.allows(*parse_s3_uri(uri))
        except ValueError:
            return not self.places

    def allows_output(self, uri: str) -> bool:
        """Whether outputs may be written below this S3OutputPath, which may leave its last slash out."""
        try:
            bucket, key = parse_s3_uri(uri)
        except ValueError:
            return not self.places
        return self.allows(bucket, output_folder(key))

    def touches(self, bucket: str) -> bool:
        """Whether anything in the bucket may be used."""
        return not self.places or any(bucket == name for name, _ in self.places)

    def leads_to(self, bucket: str, prefix: str) -> bool:
        """Whether an allowed place lies below the prefix, or contains it."""
        return self.allows(bucket, prefix) or any(
            bucket == name and start.startswith(prefix) for name, start in self.places
        )

    @property
    def job_names(self) -> tuple[str, ...]:
        """The names of jobs that may be used, `name*` for a beginning; empty for every job.

        A job is mostly named `MODEL-…`, so the full name of a model allows such jobs too.
        """
        return self.names + tuple(f"{name}-*" for name in self.names if not name.endswith("*"))

    def allows_model(self, name: str) -> bool:
        """Whether a model, or a package or group of the registry, of this name may be used."""
        return _matches(self.names, name)

    def allows_job(self, name: str) -> bool:
        """Whether a job of this name may be used."""
        return _matches(self.job_names, name)

    def allows_pipeline(self, name: str) -> bool:
        """Whether a pipeline of this name, in any case, may be used: SageMaker's ARNs have it in small letters."""
        return _matches(tuple(pattern.lower() for pattern in self.job_names), name.lower())

    def contains(self, other_scope: Scope) -> bool:
        """Whether the other scope allows nothing that this one does not."""
        places, names = other_scope.places, other_scope.names
        return (
            (not self.places or (bool(places) and all(self.allows(*place) for place in places)))
            and (not self.names or (bool(names) and all(self.allows_pattern(name) for name in names)))
            and (not self.reads_only or other_scope.reads_only)
        )

    def allows_pattern(self, pattern: str) -> bool:
        """Whether every model whose name fits `name` or `name*` may be used."""
        return not self.names or any(
            pattern == name or (name.endswith("*") and pattern.startswith(name[:-1])) for name in self.names
        )

    def covers(self, beginning: str) -> bool:
        """Whether every job whose name begins with this text may be used."""
        return not self.names or any(
            beginning.startswith(pattern[:-1]) for pattern in self.job_names if pattern.endswith("*")
        )

    def shared_with(self, other_scope: Scope) -> list[str]:
        """The places and the names of jobs of this scope of which the other scope allows a part too, as texts."""
        places = [
            f"s3://{bucket}/{start}"
            for bucket, start in self.places
            if any(
                bucket == name and (start.startswith(prefix) or prefix.startswith(start))
                for name, prefix in other_scope.places
            )
        ]
        names = [
            mine for mine in self.job_names if any(_meet(mine, theirs) for theirs in other_scope.job_names)
        ]
        return [*places, *names]


#: No limit at all.
EVERYTHING = Scope()


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns
    )


def _meet(pattern: str, other_pattern: str) -> bool:
    """Whether a name fits both patterns."""
    beginning, other_beginning = pattern.removesuffix("*"), other_pattern.removesuffix("*")
    fits_other = beginning.startswith(other_beginning) and other_pattern.endswith("*")
    fits_own = other_beginning.startswith(beginning) and pattern.endswith("*")
    return beginning == other_beginning or fits_other or fits_own


def parse_place(text: str) -> tuple[str, str]:
    """Bucket and folder of s3://bucket/folder/. Raises ValueError with a sentence."""
    try:
        bucket, prefix = parse_s3_uri(text.strip())
    except ValueError:
        bucket, prefix = "", ""
    if not text.strip().startswith("s3://") or not _BUCKET.fullmatch(bucket) or len(prefix) > 1000:
        raise ValueError(f"{text!r} is no place in S3; write it as s3://bucket/ or s3://bucket/folder/.")
    return bucket, output_folder(prefix)


def parse_name(text: str) -> str:
    """A model's name, or the beginning of names followed by a star. Raises ValueError with a sentence."""
    if not _NAME.fullmatch(text.strip()):
        raise ValueError(
            f"{text!r} is no name of a model; it has letters, digits and hyphens, and may end in *."
        )
    return text.strip()
