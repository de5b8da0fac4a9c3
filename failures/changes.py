"""The change to a failed job's request that is worth a try, as a value for a field of the new-job form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from failures.blame import read_refusal
from failures.instances import akin, larger
from transform.csv_head import has_first_column_of_names

MEGABYTE = 1024 * 1024
#: SageMaker's defaults and maximums.
_PAYLOAD, _MOST_PAYLOAD = 6, 100
_SECONDS, _MOST_SECONDS = 600, 3600
TIMEOUT = "model_client_config.invocations_timeout_in_seconds"
#: Types whose records are lines.
_OF_LINES = {"text/csv", "application/jsonlines", "text/libsvm", "application/x-jsonlines"}
_TYPES = re.compile(
    r"\b(?:text/csv|application/json(?:lines)?|text/libsvm|text/x-libsvm|image/(?:jpeg|png))\b"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a failed job. `spec` has the SDK's field names, `largest_input` is in bytes."""

    spec: Mapping[str, Any] = field(default_factory=dict)
    instance_type: str = ""
    #: Whether it ran in the embedded engine, where instance types are names only.
    embedded: bool = False
    largest_input: int | None = None
    #: The first bytes of its first input, if they were read.
    head: bytes = b""
    fallbacks: tuple[str, ...] = ()
    #: How many outputs it wrote: what did well with the request as it is.
    written: int = 0

    def of(self, name: str) -> Any:
        """The request's value of a form field; None if it has none."""
        group, _, inner = name.partition(".")
        value = self.spec.get(group)
        return value.get(inner) if inner and isinstance(value, Mapping) else (None if inner else value)


@dataclass(frozen=True, slots=True)
class Change:
    """A field of the new-job form, the value to try (empty: leave it out), and what that does."""

    field: str
    value: str
    says: str


#: Makes a change from the facts and the line that shows the cause; None if no change is worth a try.
Proposal = Callable[[Facts, str], Change | None]


def nothing(facts: Facts, line: str) -> Change | None:
    """Propose nothing: no setting of the job helps."""
    return None


def either(*proposals: Proposal) -> Proposal:
    """The first proposal that is not None."""

    def propose(facts: Facts, line: str) -> Change | None:
        return next((change for proposal in proposals if (change := proposal(facts, line))), None)

    return propose


def put(name: str, value: str, says: str) -> Proposal:
    """Set a field to a value, unless the request has it already."""

    def propose(facts: Facts, line: str) -> Change | None:
        return None if str(facts.of(name) or "") == value else Change(name, value, says)

    return propose


def without(name: str, says: str) -> Proposal:
    """Leave a field out, if the request has it."""

    def propose(facts: Facts, line: str) -> Change | None:
        return Change(name, "", says) if facts.of(name) not in (None, "", "None", "$") else None

    return propose


def split_lines(facts: Facts, line: str) -> Change | None:
    """Send lines instead of whole objects, if the content type has lines."""
    is_sent_whole = facts.of("split_type") in (None, "None")
    if not is_sent_whole or str(facts.of("content_type") or "").partition(";")[0].strip() not in _OF_LINES:
        return None
    return Change("split_type", "Line", "Sends a file in calls of a few lines instead of in one piece.")


def larger_payload(facts: Facts, line: str) -> Change | None:
    """Raise MaxPayloadInMB: to the largest object if objects are sent whole, else to twice its value."""
    now = facts.of("max_payload")
    now = _PAYLOAD if now is None else int(now)
    most = _MOST_PAYLOAD // max(1, int(facts.of("max_concurrent_transforms") or 1))
    value = min(2 * now, most)
    if facts.of("split_type") in (None, "None") and facts.largest_input:
        value = math.ceil(facts.largest_input / MEGABYTE)
    if not 0 < now < value <= most:
        return None
    return Change("max_payload", str(value), f"Lets a call carry {value} MB instead of {now} MB.")


def smaller_payload(facts: Facts, line: str) -> Change | None:
    """Halve MaxPayloadInMB if calls have several records."""
    now = facts.of("max_payload")
    now = _PAYLOAD if now is None else int(now)
    if facts.of("split_type") in (None, "None") or facts.of("strategy") == "SingleRecord" or now == 1:
        return None
    value = max(1, now // 2) if now else _PAYLOAD
    was = f"{now} MB" if now else "any size"
    return Change("max_payload", str(value), f"Sends calls of at most {value} MB instead of {was}.")


def one_record(facts: Facts, line: str) -> Change | None:
    """Send one record in a call, if calls have several records."""
    if facts.of("split_type") in (None, "None") or facts.of("strategy") == "SingleRecord":
        return None
    return Change("strategy", "SingleRecord", "Sends one record a call instead of as many as fit.")


def more_time(facts: Facts, line: str) -> Change | None:
    """Double the time for a call, up to SageMaker's limit of an hour."""
    now = int(facts.of(TIMEOUT) or _SECONDS)
    value = min(_MOST_SECONDS, 2 * now)
    return (
        Change(TIMEOUT, str(value), f"Waits {value} seconds for an answer, not {now}.")
        if value > now
        else None
    )


def larger_instance(facts: Facts, line: str) -> Change | None:
    """More memory: the next size of the same family."""
    value = "" if facts.embedded else larger(facts.instance_type)
    return Change("instance_type", value, f"The next size after {facts.instance_type}.") if value else None


def other_instance(facts: Facts, line: str) -> Change | None:
    """The first fallback type that is another one, else a type of the same size."""
    listed = [fallback for fallback in facts.fallbacks if fallback != facts.instance_type]
    value = listed[0] if listed else akin(facts.instance_type)
    return Change("instance_type", value, f"Instead of {facts.instance_type}.") if value else None


def fewer_instances(facts: Facts, line: str) -> Change | None:
    """As many instances as the quota allows, if it allows any."""
    refusal = read_refusal(line)
    instance_count = int(facts.of("instance_count") or 1)
    if refusal is None or not 0 < refusal.limit < instance_count:
        return None
    return Change(
        "instance_count",
        str(refusal.limit),
        f"The quota has {refusal.limit}, the job asks for {instance_count}.",
    )


def listed_type(name: str, says: str) -> Proposal:
    """The first content type in the line that is not the request's own."""

    def propose(facts: Facts, line: str) -> Change | None:
        now = str(facts.of(name) or "").partition(";")[0].strip()
        # Messages name the refused type first, and then the accepted types.
        named = [type_name for type_name in _TYPES.findall(line) if type_name != now]
        return Change(name, named[0], says) if named else None

    return propose


def other_filter(facts: Facts, line: str) -> Change | None:
    """Leave out the filter that the line quotes, or the request's only filter."""
    names = [name for name in ("input_filter", "output_filter") if facts.of(name) not in (None, "", "$")]
    log_names = {"input_filter": "inputfilter", "output_filter": "outputfilter"}
    quoted = [n for n in names if log_names[n] in line.lower() or str(facts.of(n)) in line]
    name = (quoted or names or [""])[0]
    return Change(name, "", f"Leaves {facts.of(name)} out.") if name else None


#: The numbers of columns sent and expected, in the words of XGBoost's container, XGBoost and scikit-learn.
_COLUMNS = (
    re.compile(
        r"inference data (?P<got>\d+) is not consistent with feature size of trained model (?P<wanted>\d+)"
    ),
    re.compile(r"expected: (?P<wanted>\d+), got (?P<got>\d+)"),
    re.compile(r"X has (?P<got>\d+) features?, but .*?expecting (?P<wanted>\d+)"),
    re.compile(r"Model n_features is (?P<wanted>\d+) and input n_features is (?P<got>\d+)"),
)


def first_column_out(facts: Facts, line: str) -> Change | None:
    """Propose InputFilter $[1:], which keeps the first CSV column from the model, if no filter is set.

    Not if the line says that more than one column is too many, nor if other files of the job succeeded.
    """
    csv = str(facts.of("content_type") or "").startswith("text/csv")
    if not csv or facts.written or facts.of("input_filter") not in (None, "", "$"):
        return None
    counts = next((match for pattern in _COLUMNS if (match := pattern.search(line))), None)
    if counts and int(counts["got"]) != int(counts["wanted"]) + 1:
        return None
    return Change("input_filter", "$[1:]", "Keeps the first column, such as an id, from the model.")


def text_column_out(facts: Facts, line: str) -> Change | None:
    """As `first_column_out`, if the rows begin with a text; a header is a row, which no filter removes."""
    return first_column_out(facts, line) if has_first_column_of_names(facts.head) else None
