"""What can be set about an engine: one frozen record, made once by `engine.__main__` and passed down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from engine.errors import BadSetting
from engine.limits import Limits
from engine.whole_numbers import whole_number

__all__ = ["BadSetting", "Config", "Unsettled", "read_confinement", "read_days", "read_numbers", "read_ports"]

_ANSWERS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What no public source settles about SageMaker: one setting for each, with what we take to be likelier.

    In the environment a setting is ENGINE_ and its name in capitals, with a yes or a no.
    """

    #: A range's end belongs to it: the developer guide's examples say so, the JSONPath it refers to does not.
    range_end_included: bool = False
    #: AssembleWith Line adds a newline to an answer that already ends in one.
    double_newlines: bool = False
    #: A line that is sent by itself (SplitType Line, SingleRecord) keeps its newline.
    newline_sent: bool = True
    #: A 4xx answer is tried again as a 5xx one is.
    refusals_retried: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Unsettled:
        """The settings as the environment has them, by default ours. Raises BadSetting."""
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
    """Where the engine listens, where it keeps things, and who it says it is."""

    data_dir: Path
    runtimes_dir: Path
    host: str = "127.0.0.1"
    port: int = 8070
    account_id: str = "000000000000"
    region: str = "us-east-1"
    #: Seconds a model server may take until /ping answers 200 before its job fails.
    #: AWS gives up after about 30 minutes; on one machine that only wastes time.
    ping_deadline: float = 300.0
    #: Bytes that an object may have that is filtered or joined without a split and without MaxPayloadInMB.
    largest_unsplit: int = 1024**3
    #: Bytes of a MultiRecord request when MaxPayloadInMB is 0; a longer record goes alone.
    batch_without_limit: int = 6 * 1024**2
    #: Seconds between two measurements of what a job's instances use.
    metrics_pause: float = 5.0
    #: Where the events of jobs are sent, an http or https address; see operations.events.
    events_url: str | None = None
    #: Or the SQS queue, or one like it, that they are sent to.
    events_queue: str | None = None
    #: How many jobs run at once; later ones are InProgress without a TransformStartTime until it is their turn,
    #: as on AWS while instances are being provisioned.
    max_running_jobs: int = 4
    #: How many may run beside those, each as the only one of its owner; see runner.places.
    spare_places: int = 4
    #: A folder of further runtimes (see engine.runtimes.registry), for images that are not built in.
    extra_runtimes: Path | None = None
    #: How many instances jobs in progress may have together, by instance type or "total"; see operations.quotas.
    quotas: Mapping[str, float] = field(default_factory=dict)
    #: Requests a second, by SageMaker operation or "each"; see operations.throttle. Nothing is throttled without.
    rate_limits: Mapping[str, float] = field(default_factory=dict)
    #: Instance types that AWS is to have none of just now: jobs on them are accepted and then fail.
    no_capacity: frozenset[str] = frozenset()
    unsettled: Unsettled = Unsettled()
    #: "prefer" confines model code by the means that the system has, "require" does not start where some are
    #: missing, "off" does not confine it.
    confinement: str = "prefer"
    #: TCP ports that model code may connect to, unless its model has EnableNetworkIsolation.
    connect_ports: tuple[int, ...] = ()
    #: Days for which log events are kept; 0 keeps them for good. A log group may have a policy of its own.
    log_retention_days: int = 90
    limits: Limits = field(default_factory=Limits)

    @property
    def database(self) -> Path:
        """The SQLite file that holds models, jobs, tags and logs."""
        return self.data_dir / "engine.sqlite3"

    @property
    def objects_dir(self) -> Path:
        """The folder of the S3 store: its index and the bodies too large to be inline."""
        return self.data_dir / "objects"

    @property
    def jobs_dir(self) -> Path:
        """The folder under which each running instance gets a working directory."""
        return self.data_dir / "jobs"

    @property
    def credentials_file(self) -> Path:
        """JSON with the access key that clients sign with, made at first start, readable by its owner only."""
        return self.data_dir / "credentials.json"


def read_numbers(setting: str, text: str) -> dict[str, float]:
    """The numbers in `name=number,name=number`, the form of the settings that hold several.

    Raises BadSetting, naming `setting`, for anything but finite numbers from 0 up under names of their own.
    """
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
    """The port numbers in `number,number`. Raises BadSetting."""
    ports = [whole_number(part.strip()) or 0 for part in text.split(",") if part.strip()]
    if not all(0 < port < 65536 for port in ports):
        raise BadSetting(f"{setting} must be port numbers with commas between them, not {text!r}.")
    return tuple(ports)


def read_days(setting: str, text: str, default: int) -> int:
    """A whole number of days from 0 up; `default` for an empty text. Raises BadSetting."""
    if not text.strip():
        return default
    days = whole_number(text, digits=5)
    if days is None:
        raise BadSetting(f"{setting} must be a whole number of days, not {text!r}.")
    return days


def read_confinement(setting: str, text: str) -> str:
    """One of the words for `Config.confinement`; "prefer" for an empty text. Raises BadSetting."""
    word = text.strip().lower() or "prefer"
    if word not in ("prefer", "require", "off"):
        raise BadSetting(f"{setting} must be prefer, require or off, not {text!r}.")
    return word
