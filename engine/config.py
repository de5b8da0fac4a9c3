"""The engine's configuration: one frozen record that `engine.__main__` makes and passes down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from engine.errors import BadSetting
from engine.limits import Limits
from engine.whole_numbers import whole_number

__all__ = [
    "BadSetting",
    "Config",
    "Unsettled",
    "read_confinement",
    "read_days",
    "read_docker",
    "read_numbers",
    "read_ports",
]

#: Where Docker's daemon listens unless DOCKER_HOST says otherwise.
_DOCKER_HOST = "unix:///var/run/docker.sock"

_ANSWERS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Questions about SageMaker that no public source answers, one setting each; the default is the likelier answer.

    The environment variable ENGINE_<NAME> sets each of them to yes or no.
    """

    #: A range includes its end, as in the developer guide's examples; in the JSONPath they refer to it does not.
    range_end_included: bool = False
    #: AssembleWith Line adds a newline to an answer that already ends in one.
    double_newlines: bool = False
    #: A line that is sent alone (SplitType Line, SingleRecord) keeps its newline.
    newline_sent: bool = True
    #: A request is repeated after a 4xx answer, as after a 5xx answer.
    refusals_retried: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Unsettled:
        """Read the settings from the environment. Raises BadSetting."""
        answers: dict[str, bool] = {}
        for item in fields(cls):
            variable = f"ENGINE_{item.name.upper()}"
            text = environment.get(variable, "").strip().lower()
            if text and text not in _ANSWERS:
                raise BadSetting(f"{variable} must be yes or no, not {text!r}")
            if text:
                answers[item.name] = _ANSWERS[text]
        return cls(**answers)


@dataclass(frozen=True, slots=True)
class Config:
    """Where the engine listens, where it stores its data, its account and region, and its limits."""

    data_dir: Path
    runtimes_dir: Path
    host: str = "127.0.0.1"
    port: int = 8070
    account_id: str = "000000000000"
    region: str = "us-east-1"
    #: Seconds a model server may take until /ping answers 200 before its job fails.
    #: AWS gives up after about 30 minutes; on one machine that only wastes time.
    ping_deadline: float = 300.0
    #: Largest object in bytes that can be filtered or joined without a SplitType and without MaxPayloadInMB.
    largest_unsplit: int = 1024**3
    #: Bytes of a MultiRecord request when MaxPayloadInMB is 0. A longer record is sent alone.
    batch_without_limit: int = 6 * 1024**2
    #: Seconds between two measurements of the CPU and memory of a job's instances.
    metrics_pause: float = 5.0
    #: The http or https address that receives job events; see operations.events.
    events_url: str | None = None
    #: Or the address of the SQS queue, or a compatible one, that receives them.
    events_queue: str | None = None
    #: How many jobs run at once. Later jobs wait: they are InProgress without a TransformStartTime, as on AWS while
    #: instances are provisioned.
    max_running_jobs: int = 4
    #: How many further jobs may run, each as the only running job of its owner; see runner.places.
    spare_places: int = 4
    #: A folder of additional runtimes for images that have no built-in one; see engine.runtimes.registry.
    extra_runtimes: Path | None = None
    #: Maximum number of instances of all jobs in progress, by instance type or "total"; see operations.quotas.
    quotas: Mapping[str, float] = field(default_factory=dict)
    #: Requests per second, by SageMaker operation or "each"; see operations.throttle. Empty: no throttling.
    rate_limits: Mapping[str, float] = field(default_factory=dict)
    #: Instance types without capacity: jobs on them are accepted and then fail.
    no_capacity: frozenset[str] = frozenset()
    unsettled: Unsettled = Unsettled()
    #: "prefer" confines model code as far as the system can, "require" refuses to start if the system cannot confine
    #: it fully, "off" does not confine it.
    confinement: str = "prefer"
    #: TCP ports that model code may connect to, unless the model has EnableNetworkIsolation.
    connect_ports: tuple[int, ...] = ()
    #: The Unix socket of the Docker daemon that runs images without a runtime; None: no such images run.
    docker: Path | None = None
    #: Days until log events are deleted, 0 for never. A log group's own retention policy comes first.
    log_retention_days: int = 90
    limits: Limits = field(default_factory=Limits)

    @property
    def local_host(self) -> str:
        """The host by which processes of this machine reach the engine."""
        return "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104

    @property
    def database(self) -> Path:
        """The SQLite file with models, jobs, tags and logs."""
        return self.data_dir / "engine.sqlite3"

    @property
    def objects_dir(self) -> Path:
        """The folder of the S3 store: its index, and the bodies that are too large for the index."""
        return self.data_dir / "objects"

    @property
    def jobs_dir(self) -> Path:
        """The folder with a working directory for each running instance."""
        return self.data_dir / "jobs"

    @property
    def credentials_file(self) -> Path:
        """JSON file with the engine's access key, created at first start, readable by its owner only."""
        return self.data_dir / "credentials.json"


def read_numbers(setting: str, text: str) -> dict[str, float]:
    """Parse `name=number,name=number`. Raises BadSetting unless names are unique and numbers finite and at least 0."""
    numbers: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = (piece.strip() for piece in part.partition("="))
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not name or name in numbers or not (math.isfinite(value) and value >= 0):
            raise BadSetting(f"{setting} has {part!r}; write name=number pairs with commas between them.")
        numbers[name] = value
    return numbers


def read_ports(setting: str, text: str) -> tuple[int, ...]:
    """Parse port numbers separated by commas. Raises BadSetting."""
    ports = [whole_number(part.strip()) or 0 for part in text.split(",") if part.strip()]
    if not all(0 < port < 65536 for port in ports):
        raise BadSetting(f"{setting} must be port numbers with commas between them, not {text!r}.")
    return tuple(ports)


def read_days(setting: str, text: str, default: int) -> int:
    """Parse a whole number of days, 0 or more; an empty text is `default`. Raises BadSetting."""
    if not text.strip():
        return default
    days = whole_number(text, digits=5)
    if days is None:
        raise BadSetting(f"{setting} must be a whole number of days, not {text!r}.")
    return days


def read_confinement(setting: str, text: str) -> str:
    """Parse a value of `Config.confinement`; an empty text is "prefer". Raises BadSetting."""
    word = text.strip().lower() or "prefer"
    if word not in ("prefer", "require", "off"):
        raise BadSetting(f"{setting} must be prefer, require or off, not {text!r}.")
    return word


def read_docker(setting: str, text: str, environment: Mapping[str, str]) -> Path | None:
    """Parse a value of `Config.docker`: yes, no or a socket's address. Raises BadSetting.

    With yes it is DOCKER_HOST of the environment, or Docker's default. Only sockets of this machine can be used, since
    the daemon reads the job's folders.
    """
    word = text.strip()
    answer = _ANSWERS.get(word.lower()) if word else False
    if answer is False:
        return None
    address = environment.get("DOCKER_HOST") or _DOCKER_HOST if answer else word
    path = address.removeprefix("unix://")
    if path == address or not path.startswith("/"):
        name = "DOCKER_HOST" if answer else setting
        raise BadSetting(f"{name} must be a socket of this machine, such as {_DOCKER_HOST}, not {address!r}.")
    return Path(path)
