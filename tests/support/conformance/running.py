"""All cases of the engine's operations, in an order in which each finds what it needs, and their results."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.model import OperationModel, StructureShape

from engine.aws_models import service_model
from engine.operations import OPERATIONS
from engine.wire.abilities import instance_types
from tests.support.conformance import judging, s3_cases, s3_judging
from tests.support.conformance.cases import Accepted, Case, operation_cases
from tests.support.conformance.encoding import encode, protocols
from tests.support.conformance.s3_cases import S3Case
from tests.support.conformance.sending import Sender
from tests.support.conformance.values import BUCKET, COPIED_KEY, KEY, allows
from tests.support.engine import EngineProcess

SEED = 16

_MAKES = re.compile(r"(Create|Put|Register|Start)(?=[A-Z])")
_ENDS = re.compile(r"(Delete|Stop|Remove|Abort|Complete|Cancel|Deregister|Untag|Disable)[A-Z]")

#: Texts that name things which exist, by service and lower-case member name.
ResourceTexts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Result:
    """A case that was sent. `problem` is empty if the answer was right."""

    service: str
    operation: str
    protocol: str
    title: str
    problem: str


def engine_settings() -> dict[str, str]:
    """The environment of an engine for the cases: no instance type has capacity, so that accepted jobs end at once."""
    return {"ENGINE_NO_CAPACITY": ",".join(t for t in instance_types() if t.startswith("ml."))}


def operations(only: str = "") -> list[tuple[str, str]]:
    """Service and name of the engine's operations: what makes things first, what ends them last.

    `only` is a service, or `service:operation`.
    """
    rows = [row for row in OPERATIONS if only in ("", row[0], ":".join(row))]
    return sorted(rows, key=lambda row: (_phase(row[1]), row))


def _phase(operation: str) -> int:
    return 0 if _MAKES.match(operation) else 2 if _ENDS.match(operation) else 1


def cases_of(
    service: str, operation: str, resource_texts: ResourceTexts | None = None, seed: int = SEED
) -> list[Case | S3Case]:
    """An operation's cases, before they are written in its protocols."""
    model, texts = service_model(service).operation_model(operation), (resource_texts or {}).get(service, {})
    if service == "s3":
        return list(s3_cases.s3_cases(model, texts, seed))
    return list(operation_cases(service, model, texts, seed))


def requests_of(case: Case | S3Case) -> list[str]:
    """The protocols in which the case is sent."""
    if isinstance(case, S3Case):
        return ["rest-xml"]
    return [
        protocol for protocol in protocols(service_model(case.service)) if judging.is_sendable(case, protocol)
    ]


def all_requests(
    only: str = "", resource_texts: ResourceTexts | None = None, seed: int = SEED
) -> Iterator[tuple[str, Case | S3Case]]:
    """Each case with each of its protocols."""
    for service, operation in operations(only):
        for case in cases_of(service, operation, resource_texts, seed):
            for protocol in requests_of(case):
                yield protocol, case


def sample_of_requests(
    many: int, resource_texts: ResourceTexts | None = None, seed: int = SEED
) -> Iterator[tuple[str, Case | S3Case]]:
    """Of each operation and protocol at most that many cases, the valid request among them."""
    for service, operation in operations():
        rows: dict[str, list[Case | S3Case]] = {}
        for case in cases_of(service, operation, resource_texts, seed):
            for protocol in requests_of(case):
                rows.setdefault(protocol, []).append(case)
        for protocol, cases in rows.items():
            source = random.Random(f"{seed} {service} {operation} {protocol}")
            further_cases = source.sample(cases[1:], min(many - 1, len(cases) - 1))
            yield from ((protocol, case) for case in [cases[0], *further_cases])


class Runner:
    """Sends cases to an engine. `resource_texts` fills with what `prepare` makes."""

    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine
        self._sender = Sender(engine)
        self._names = 0
        self.resource_texts: ResourceTexts = {}

    def prepare(self) -> None:
        """Make a bucket with an object and an upload, and one thing of each operation that makes things."""
        s3 = self._engine.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for key in (KEY, COPIED_KEY):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n3,4\n")
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)
        self.resource_texts["s3"] = {"uploadid": upload["UploadId"]}
        rows = [row for row in operations() if _MAKES.match(row[1]) and row[0] != "s3"]
        for _ in range(3):
            # Things that need others are made in the next round.
            rows = [row for row in rows if not self._make_one(*row)]

    def run(self, protocol: str, case: Case | S3Case) -> Result:
        """Send a case and judge its answer."""
        if isinstance(case, S3Case):
            problem = s3_judging.problem_of(case, self._sender.send("s3", case.message))
            return Result("s3", case.operation, protocol, case.title, problem)
        model = service_model(case.service).operation_model(case.operation)
        case = replace(case, document=self._with_new_name(model, case))
        answer = self._sender.send(case.service, encode(protocol, model, case.document))
        problem = judging.problem_of(case, protocol, model, answer)
        return Result(case.service, case.operation, protocol, case.title, problem)

    def close(self) -> None:
        """Close the connection to the engine."""
        self._sender.close()

    def _make_one(self, service: str, operation: str) -> bool:
        """Try the operation's valid requests until one succeeds, and learn what it names."""
        model = service_model(service).operation_model(operation)
        protocol = protocols(service_model(service))[0]
        for case in cases_of(service, operation, self.resource_texts):
            if not isinstance(case, Case) or not isinstance(case.expected, Accepted):
                continue
            if not case.what.startswith(("required", "optional")):
                return False
            document = self._with_new_name(model, case)
            answer = self._sender.send(service, encode(protocol, model, document))
            if answer.status == 200:
                self._learn(service, document)
                self._learn(service, judging.read_answer(protocol, model, answer))
                return True
        return False

    def _learn(self, service: str, members: Mapping[str, Any]) -> None:
        texts = {name.lower(): value for name, value in members.items() if isinstance(value, str)}
        resource_texts = self.resource_texts.setdefault(service, {})
        resource_texts.update({name: text for name, text in texts.items() if not name.endswith("token")})

    def _with_new_name(self, model: OperationModel, case: Case) -> Mapping[str, Any]:
        """The case's members; a valid request that makes something gets a name that nothing has."""
        verb_match = _MAKES.match(model.name)
        if (
            not verb_match
            or not isinstance(case.expected, Accepted)
            or not isinstance(model.input_shape, StructureShape)
        ):
            return case.document
        self._names += 1
        name = f"conformance-{self._names}"
        noun = model.name.removeprefix(verb_match[1]).lower()
        return {
            member: name
            if member.lower() in (f"{noun}name", "name")
            and f"{member[:1].lower()}{member[1:]} " not in case.what
            and allows(model.input_shape.members[member], name)
            else value
            for member, value in case.document.items()
        }


def table_rows(results: Sequence[Result]) -> list[list[str]]:
    """Service, operation, cases, passes and failures, a row for each operation."""
    counts: dict[tuple[str, str], list[int]] = {}
    for result in results:
        row = counts.setdefault((result.service, result.operation), [0, 0])
        row[0] += 1
        row[1] += bool(result.problem)
    return [
        [service, operation, str(cases), str(cases - failures), str(failures)]
        for (service, operation), (cases, failures) in sorted(counts.items())
    ]
