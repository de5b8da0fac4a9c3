"""The answers of the API as they are sent. Made by `python -m tools.client_types`; do not edit."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict


class ActAnswer(TypedDict):
    """One act of a person on a job; `job` is the id of a job that it made, or that the job was made of."""

    at: str
    who: str
    token: str
    verb: str
    said: str
    job: str | None


AfterEnum: TypeAlias = Literal["Approved", "Rejected", "PendingManualApproval"]

AlignmentEnum: TypeAlias = Literal["rows", "loose", "blob", "whole"]


class ApiTokenAnswer(TypedDict):
    """An API token without its secret, of which `prefix` has the first letters."""

    id: int
    name: str
    owner: str
    role: RoleEnum | BlankEnum
    prefix: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    last_used_from: str | None
    revoked_at: str | None


class AppliedAnswer(TypedDict):
    """What applying a file changed, or would change; `is_new` if the deployment is new."""

    slug: str
    is_new: bool
    changes: list[StageChangeAnswer]


class ApprovalChangeAnswer(TypedDict):
    """A change of the approval that was made here; `before` is empty for the registration."""

    before: str
    after: AfterEnum
    note: str
    by: str | None
    at: str


ApprovalEnum: TypeAlias = Literal["Approved", "Rejected", "PendingManualApproval"]


class ArchiveAnswer(TypedDict):
    """The check of one container's archive; `files` are the first names, `whole` is true if all were read."""

    uri: str
    level: ArchiveAnswerLevelEnum
    says: str
    size: int | None
    modified: str | None
    files: list[str]
    whole: bool


ArchiveAnswerLevelEnum: TypeAlias = Literal["ok", "warn", "fail"]


class AttemptAnswer(TypedDict):
    """One attempt at a job: its origin, and what it wrote itself."""

    id: str
    attempt: int
    origin: OriginEnum
    name: str
    state: JobState
    objects_total: int | None
    objects_done: int | None


class BadRecordAnswer(TypedDict):
    """A record that fails by itself. `record` counts from 1 without empty lines; `line` is null without
    lines.
    """

    record: int
    line: int | None
    reason: str


BlankEnum: TypeAlias = Literal[""]


class BrowseAnswer(TypedDict):
    """A page of names at an address; `next` is the address of the following page."""

    path: str
    buckets: list[EntryAnswer]
    folders: list[EntryAnswer]
    objects: list[EntryAnswer]
    next: str | None
    matches: MatchesAnswer | None


class CauseAnswer(TypedDict):
    """The jobs that failed with one cause; the logs of `unread` of them may still show another cause."""

    cause: str
    title: str
    count: int
    first: str | None
    last: str | None
    models: dict[str, int]
    unread: int


class ChangeAnswer(TypedDict):
    """A change to the request: `value` as text, empty to leave the field out; `was` is null if it was not
    set.
    """

    field: str
    value: str
    was: Any
    says: str
    url: str


class ChangedAnswer(TypedDict):
    """A field of the request whose value differs from the one in `parent`; null for a value that is not
    given.
    """

    field: str
    was: Any
    now: Any


class ColumnAnswer(TypedDict):
    """A column of the first CSV row; `number` is its position in filters, `sent` is whether the model is
    sent it.
    """

    number: int
    text: str
    sent: bool


class CompareAnswer(TypedDict):
    """Two to four jobs beside each other; predictions are those of each further job against the first."""

    jobs: list[CompareJobAnswer]
    settings: list[CompareSettingAnswer]
    predictions: list[PredictionDiffAnswer]


class CompareJobAnswer(TypedDict):
    """One of the jobs; `cost` is in US dollars, null if it is not known."""

    id: str
    name: str
    url: str
    state: str
    model: str
    duration_seconds: int
    cost: str | None
    files: int | None
    records: int | None


class CompareSettingAnswer(TypedDict):
    """A setting that differs; `values` in the order of the jobs, null where it was not set."""

    field: str
    values: list[Any]


class ConnectionAnswer(TypedDict):
    """A connection; `last_error` is empty while calls succeed, a limit is null if there is none."""

    slug: str
    name: str
    kind: ConnectionAnswerKindEnum
    region: str
    endpoint_url: str
    role_arn: str
    account_id: str
    import_external: bool
    max_running: int | None
    max_instances: int | None
    max_instances_per_type: dict[str, int]
    engine_key: str
    allowed_places: list[str]
    allowed_models: list[str]
    allow_deletes: bool
    viewers_read_data: bool
    queue_url: str
    queue_read_at: str | None
    queue_error: str
    checked_at: str | None
    last_ok_at: str | None
    last_error: str
    created_at: str


ConnectionAnswerKindEnum: TypeAlias = Literal["aws", "engine"]


class CostAnswer(TypedDict):
    """A job's cost, so far if it is not `final`; if `amount` is null, `reason` says why."""

    amount: float | None
    currency: str
    instance_seconds: int | None
    price: float | None
    final: bool
    reason: ReasonEnum | NullEnum


class DataCaptureConfig(TypedDict):
    """Where SageMaker keeps a copy of what goes in and comes out."""

    destination_s3_uri: str
    kms_key_id: str
    generate_inference_id: bool


class DeploymentAnswer(TypedDict):
    """A model package group with its stages. `newest_version` is the newest approved one in the registry."""

    slug: str
    name: str
    description: str
    url: str
    connection: str
    package_group: str
    follow: DeploymentAnswerFollowEnum
    settings: dict[str, Any]
    preprocess: dict[str, Any] | None
    stages: list[StageAnswer]
    newest_version: int | None
    looked_at: str | None
    look_error: str
    created_by: str
    created_at: str
    changed_at: str


DeploymentAnswerFollowEnum: TypeAlias = Literal["offer", "promote"]


class DifferenceAnswer(TypedDict):
    """A field that the job has other than its preset had it then; null where one of them does not give it."""

    field: str
    preset: Any
    job: Any
    locked: bool


class EntryAnswer(TypedDict):
    """A bucket, folder or object; `size` and `modified` are null if it has none."""

    uri: str
    name: str
    size: int | None
    modified: str | None


class EstimateAnswer(TypedDict):
    """How long the job will take, from so many similar `jobs` of the team; amounts are null without a
    price.
    """

    jobs: int
    seconds_low: int
    seconds: int
    seconds_high: int
    cost_usd_low: float | None
    cost_usd: float | None
    cost_usd_high: float | None
    at_least: bool


class EventAnswer(TypedDict):
    """One entry of the timeline; only a `move` changes the state."""

    at: str
    attempt: int
    kind: EventAnswerKindEnum
    from_state: JobState | BlankEnum
    to_state: JobState
    reason: str
    by: str


EventAnswerKindEnum: TypeAlias = Literal["move", "note", "warning"]


class ExportAnswer(TypedDict):
    """A deployment as a YAML file, and as files by their paths; `problem` says why there are none of
    these.
    """

    file: str
    folder: dict[str, str]
    problem: str


class FailureAnswer(TypedDict):
    """Why a job failed. `cause` is the same for all such failures; `source` is where `quoted` comes from.
    `object` is the key of the input that failed, empty if it is not known, and `records` are those
    of its request that failed, null if they are not known. While the job's log is `unread`, the
    cause may still change.
    """

    cause: str
    title: str
    quoted: str
    source: str
    advice: str
    change: ChangeAnswer | None
    object: str
    records: RecordPlaceAnswer | None
    unread: bool


class FileAnswer(TypedDict):
    """An input object and its state; `error` is the data log's line about a failed one. `records` are
    those of the request that failed, null if they are not known. `size` is null for a manifest's
    entries, `rows_in` and `rows_out` while rows are not compared.
    """

    key: str
    state: FileAnswerStateEnum
    size: int | None
    output_key: str
    rows_in: int | None
    rows_out: int | None
    error: str
    records: RecordPlaceAnswer | None


FileAnswerStateEnum: TypeAlias = Literal["written", "waiting", "failed", "missing"]


class FileCountsAnswer(TypedDict):
    """The number of input objects that are known one by one, and of these the number for each value of
    `only`.
    """

    known: int
    missing: int
    failed: int
    rows: int


class FilesAnswer(TypedDict):
    """Input objects in order; `next` is the address of those after them."""

    results: list[FileAnswer]
    next: str | None
    counts: FileCountsAnswer


class FindingAnswer(TypedDict):
    """A fact about a request; `fix` is the change of fields that mends it, null if none is known."""

    code: str
    level: FindingAnswerLevelEnum
    field: str
    reason: str
    fix: dict[str, Any] | None


FindingAnswerLevelEnum: TypeAlias = Literal["error", "warning", "note"]


class GroupAnswer(TypedDict):
    """The objects of one folder that a prefix matches; `also`: probably by accident. `key` is empty for no
    folder.
    """

    key: str
    objects: int
    bytes: int
    also: bool


HoldEnum: TypeAlias = Literal["held", "accepted", "refused"]


class JobAnswer(TypedDict):
    """A transform job, with its request in the SDK's field names; null is a field that was not given."""

    id: str
    name: str
    state: JobState
    hold: HoldEnum | NullEnum
    state_reason: str
    failure: FailureAnswer | None
    warnings: list[str]
    url: str
    api_url: str
    connection: str
    model: str
    arn: str
    submitted_by: str
    external: bool
    origin: OriginEnum
    preset: str | None
    deployment: str
    parent: str | None
    root: str | None
    attempt: int
    attempts_count: int
    created_at: str
    changed_at: str
    accepted_at: str | None
    started_at: str | None
    ended_at: str | None
    objects_total: int | None
    objects_done: int | None
    bytes_total: int | None
    eta: str | None
    stop_requested_at: str | None
    instance_type_used: str
    cost: CostAnswer
    archived_at: str | None
    priority: int
    fallback_instance_types: list[str]
    max_retries: int
    deadline_minutes: int | None
    max_idle_minutes: int | None
    max_cost_usd: float | None
    max_payload: int | None
    max_concurrent_transforms: int | None
    env: dict[str, str] | None
    data_type: str | None
    data: str | None
    content_type: str | None
    split_type: str | None
    strategy: str | None
    compression_type: str | None
    output_path: str | None
    accept: str | None
    assemble_with: str | None
    output_kms_key: str | None
    instance_type: str | None
    instance_count: int | None
    volume_kms_key: str | None
    transform_ami_version: str | None
    input_filter: str | None
    output_filter: str | None
    join_source: str | None
    model_client_config: ModelClientConfig | None
    data_capture_config: DataCaptureConfig | None
    experiment_config: dict[str, str] | None
    tags: dict[str, str] | None


class JobDetailAnswer(TypedDict):
    """A transform job with its CreateTransformJob JSON, its timeline and all attempts at it."""

    id: str
    name: str
    state: JobState
    hold: HoldEnum | NullEnum
    state_reason: str
    failure: FailureAnswer | None
    warnings: list[str]
    url: str
    api_url: str
    connection: str
    model: str
    arn: str
    submitted_by: str
    external: bool
    origin: OriginEnum
    preset: str | None
    deployment: str
    parent: str | None
    root: str | None
    attempt: int
    attempts_count: int
    created_at: str
    changed_at: str
    accepted_at: str | None
    started_at: str | None
    ended_at: str | None
    objects_total: int | None
    objects_done: int | None
    bytes_total: int | None
    eta: str | None
    stop_requested_at: str | None
    instance_type_used: str
    cost: CostAnswer
    archived_at: str | None
    request: dict[str, Any]
    events: list[EventAnswer]
    timeline: list[EventAnswer]
    attempts: list[AttemptAnswer]
    objects_missing: int | None
    rows: RowsAnswer | None
    preset_differences: list[DifferenceAnswer]
    changes: list[ChangedAnswer]
    trial_of: TrialOfAnswer | None
    priority: int
    fallback_instance_types: list[str]
    max_retries: int
    deadline_minutes: int | None
    max_idle_minutes: int | None
    max_cost_usd: float | None
    max_payload: int | None
    max_concurrent_transforms: int | None
    env: dict[str, str] | None
    data_type: str | None
    data: str | None
    content_type: str | None
    split_type: str | None
    strategy: str | None
    compression_type: str | None
    output_path: str | None
    accept: str | None
    assemble_with: str | None
    output_kms_key: str | None
    instance_type: str | None
    instance_count: int | None
    volume_kms_key: str | None
    transform_ami_version: str | None
    input_filter: str | None
    output_filter: str | None
    join_source: str | None
    model_client_config: ModelClientConfig | None
    data_capture_config: DataCaptureConfig | None
    experiment_config: dict[str, str] | None
    tags: dict[str, str] | None


JobState: TypeAlias = Literal[
    "WAITING",
    "SUBMITTING",
    "IN_PROGRESS",
    "STOPPING",
    "COMPLETED",
    "FAILED",
    "STOPPED",
    "REJECTED",
    "CANCELLED",
]


class LogLineAnswer(TypedDict):
    """A line of the log; `id` is its place, for `at`, `token` or `before`."""

    at: str
    text: str
    stream: str
    id: str
    level: LogLineAnswerLevelEnum | BlankEnum


LogLineAnswerLevelEnum: TypeAlias = Literal["error", "warning"]


class LogsAnswer(TypedDict):
    """Lines in order of time; `token` is the place after them, `before` the place before them. `before` is
    empty at the log's beginning; `more` is true if later lines exist already.
    """

    streams: list[str]
    stream: str
    results: list[LogLineAnswer]
    token: str
    before: str
    more: bool
    note: str


class MatchesAnswer(TypedDict):
    """What a job with this prefix would read; if `more`, numbers are minimums. `fix` is a URI without
    siblings.
    """

    objects: int
    bytes: int
    largest: int
    more: bool
    groups: list[GroupAnswer]
    fix: str


class MeAnswer(TypedDict):
    """Who asks: the person, their team and role there, and the token; `role` is what this request may do."""

    username: str
    name: str
    team: str
    team_name: str
    role: RoleEnum
    token: TokenAnswer | None


class MetricAnswer(TypedDict):
    """One number with its standard deviation."""

    name: str
    value: float
    deviation: float | None


class MetricDocumentAnswer(TypedDict):
    """A document of ModelMetrics with its numbers; `problem` says why it has none."""

    title: str
    uri: str
    metrics: list[MetricAnswer]
    problem: str


class ModelAnswer(TypedDict):
    """A registered model."""

    id: int
    name: str
    connection: str
    image: str
    model_data: str
    env: dict[str, str]
    execution_role_arn: str
    containers: Any
    arn: str
    description: str
    created_at: str
    figures: ModelFiguresAnswer


class ModelClientConfig(TypedDict):
    """How long and how often SageMaker asks the model; SageMaker's default holds for what is left out."""

    invocations_timeout_in_seconds: int
    invocations_max_retries: int


class ModelDetailAnswer(TypedDict):
    """A model with the last check of its archives, and the causes of its failed jobs."""

    id: int
    name: str
    connection: str
    image: str
    model_data: str
    env: dict[str, str]
    execution_role_arn: str
    containers: Any
    arn: str
    description: str
    created_at: str
    figures: ModelFiguresAnswer
    archives: list[ArchiveAnswer]
    archives_checked_at: str | None
    failures: dict[str, int]


class ModelFiguresAnswer(TypedDict):
    """Figures of a model over the jobs of the last 90 days; `jobs` counts all jobs, up to 1,001."""

    jobs: int
    last_job: str | None
    last_state: str | None
    last_created_at: str | None
    completed: int
    failed: int
    success_rate: float | None
    median_seconds: int | None
    cost_per_1000_records: float | None
    priced: int


class MoverAnswer(TypedDict):
    """A row whose prediction changed; `shift` is the second number less the first, null for labels."""

    file: str
    row: int
    key: str
    first: str
    second: str
    shift: float | None


class NewTokenAnswer(TypedDict):
    """A token that was made; the secret is shown this once, and null for a request that was repeated."""

    id: int
    name: str
    owner: str
    role: RoleEnum
    expires_at: str | None
    secret: str | None


NullEnum: TypeAlias = None

OriginEnum: TypeAlias = Literal["new", "finish", "retry", "clone", "trial", "search", "tuning"]


class OutputAnswer(TypedDict):
    """An output object; `name` is its key below the output path, `size` in bytes. `rows_in` and `rows_out`
    are the rows of the input and of the output, null while they are not compared.
    """

    key: str
    name: str
    input_key: str
    size: int
    modified: str
    rows_in: int | None
    rows_out: int | None
    uri: str
    preview_url: str
    download_url: str


class OutputsAnswer(TypedDict):
    """Outputs in key order; `next` is the URL of the next page."""

    results: list[OutputAnswer]
    next: str | None
    objects_done: int | None
    objects_total: int | None


class PackageVersionAnswer(TypedDict):
    """A version with its containers, metrics, approval and use."""

    group: str
    number: int
    arn: str
    status: str
    approval: ApprovalEnum | BlankEnum
    approval_description: str
    description: str
    created_at: str
    modified_at: str | None
    containers: list[dict[str, Any]]
    content_types: list[str]
    response_types: list[str]
    transform_instance_types: list[str]
    metadata: dict[str, str]
    metrics: list[MetricDocumentAnswer]
    history: list[ApprovalChangeAnswer]
    use: VersionUseAnswer


class PackageVersionSummary(TypedDict):
    """A version in a list; `stage` is that of its life cycle."""

    number: int
    arn: str
    status: str
    approval: ApprovalEnum | BlankEnum
    description: str
    created_at: str
    stage: str


class PairAnswer(TypedDict):
    """The input record and the output row with one number; null if there is none."""

    file: str
    row: int
    input: RecordAnswer | None
    output: RecordAnswer | None
    prediction: str | None


PredictionDiffAnswer = TypedDict(
    "PredictionDiffAnswer",
    {
        "with": "str",
        "matched_by": "str",
        "files": "int",
        "files_compared": "int",
        "rows": "int",
        "changed": "int",
        "only_first": "int",
        "only_second": "int",
        "complete": "bool",
        "notes": "list[str]",
        "first": "QuantilesAnswer",
        "second": "QuantilesAnswer",
        "movers": "list[MoverAnswer]",
    },
)


class PreflightAnswer(TypedDict):
    """The findings, errors first, then warnings and notes; what the input's prefix matches; an estimate; a
    trial of the filters.
    """

    findings: list[FindingAnswer]
    matches: MatchesAnswer | None
    estimate: EstimateAnswer | None
    trial: TrialAnswer | None


class PresetAnswer(TypedDict):
    """A saved request: `body` as `POST jobs/` takes it, `rules` for the fields that are locked or hidden.
    `is_default`: Run on its model's page begins with it. `gone` is a sentence where its model is no
    longer there, else empty.
    """

    slug: str
    name: str
    description: str
    body: dict[str, Any]
    rules: dict[str, Literal["locked", "hidden"]]
    is_default: bool
    gone: str
    created_by: str
    created_at: str
    changed_at: str


class PromotionAnswer(TypedDict):
    """A version on its way into a stage. `problem` says which call failed and which permission it needs."""

    id: str
    deployment: str
    stage: str
    kind: PromotionAnswerKindEnum
    state: PromotionAnswerStateEnum
    version: int
    from_version: int | None
    requested_by: str
    requested_at: str
    decided_by: str
    decided_at: str | None
    note: str
    problem: str
    ended_at: str | None


PromotionAnswerKindEnum: TypeAlias = Literal["promotion", "roll-back"]

PromotionAnswerStateEnum: TypeAlias = Literal[
    "offered", "waiting", "approved", "deployed", "failed", "rejected", "replaced"
]


class QuantilesAnswer(TypedDict):
    """Figures of the predictions of one job; null if they are no numbers."""

    count: int
    nulls: int
    mean: float | None
    least: float | None
    p05: float | None
    p25: float | None
    median: float | None
    p75: float | None
    p95: float | None
    most: float | None


ReasonEnum: TypeAlias = Literal["not_started", "nothing_ran", "not_billed", "no_price", "time_unknown"]


class RecordAnswer(TypedDict):
    """One half of a pair: the record's first 64 KiB; `length` is the whole record's in bytes, null if
    unknown.
    """

    text: str
    cut: bool
    length: int | None
    values: list[ValueAnswer]


class RecordPlaceAnswer(TypedDict):
    """A range of an object's records and of their lines, from 1, ends included; lines are null for binary
    records.
    """

    first: int
    last: int
    first_line: int | None
    last_line: int | None


class RecordsAnswer(TypedDict):
    """Rows of one file; `next` is the URL of the following rows, `looked` the last row that was read."""

    file: str | None
    output_key: str | None
    alignment: AlignmentEnum
    why: str
    rows_in: int | None
    rows_out: int | None
    warnings: list[str]
    trouble: str
    looked: int
    results: list[PairAnswer]
    next: str | None


RoleEnum: TypeAlias = Literal["viewer", "operator", "admin"]


class RowsAnswer(TypedDict):
    """The comparison of rows of inputs and outputs: in how many files, and in how many they differ."""

    compared: int
    differ: int
    pending: bool
    note: str


class ScheduleAnswer(TypedDict):
    """When a stage runs by itself."""

    expression: str
    timezone: str
    overlap: str
    catch_up: str


class SearchAnswer(TypedDict):
    """A search in one object. `step` is the id of its latest small job; `records` is null until they are
    counted. `why_no_run` says why the object cannot be run without its bad records; it is empty if
    it can. `output_key` is what that run writes.
    """

    id: str
    job: str
    object: str
    state: SearchAnswerStateEnum
    problem: str
    records: int | None
    round: int
    most_rounds: int
    bad_records: list[BadRecordAnswer]
    bad_records_uri: str
    place: str
    output_key: str
    step: str | None
    why_no_run: str
    requested_by: str
    created_at: str
    ended_at: str | None


SearchAnswerStateEnum: TypeAlias = Literal[
    "SEARCHING", "FOUND", "REST", "COMPLETED", "NOT_FOUND", "FAILED", "STOPPED"
]


class SearchPlanAnswer(TypedDict):
    """What a search would do: at most `jobs` small jobs, each about `seconds` long or less. `cost` is in
    US dollars for all of them together at most, null without a price. `place` is the folder of the
    parts.
    """

    object: str
    bytes: int
    jobs: int
    seconds: int
    cost: str | None
    place: str


class StageAnswer(TypedDict):
    """A stage with the version that runs there, and a promotion that has not ended."""

    slug: str
    name: str
    connection: str
    execution_role_arn: str
    instance_type: str
    instance_count: int | None
    data: str
    output_path: str
    artifact_path: str
    needs_approval: bool
    schedule: ScheduleAnswer | None
    is_paused: bool
    next_runs: list[str]
    version: int | None
    model: str | None
    deployed_at: str | None
    open_promotion: PromotionAnswer | None


class StageChangeAnswer(TypedDict):
    """A value that differs; empty for a value that is not given."""

    field: str
    before: str
    after: str


class StageRunAnswer(TypedDict):
    """A run of a stage, with its steps in order. `job` is the id of the transform job, once it is
    submitted.
    """

    id: str
    url: str
    deployment: str
    stage: str
    version: int | None
    due_at: str
    state: StageRunAnswerStateEnum
    reason: str
    requested_by: str
    is_scheduled: bool
    job: str | None
    job_url: str | None
    steps: list[StepAnswer]
    created_at: str
    ended_at: str | None
    stop_requested_at: str | None


StageRunAnswerStateEnum: TypeAlias = Literal[
    "waiting", "running", "completed", "failed", "stopped", "skipped"
]


class StepAnswer(TypedDict):
    """A step of a run; `name` and `arn` are those of its job in SageMaker."""

    kind: StepAnswerKindEnum
    state: StepAnswerStateEnum
    reason: str
    name: str
    arn: str
    started_at: str | None
    ended_at: str | None


StepAnswerKindEnum: TypeAlias = Literal["processing", "transform"]

StepAnswerStateEnum: TypeAlias = Literal["waiting", "running", "completed", "failed", "stopped", "skipped"]


class TokenAnswer(TypedDict):
    """The token of a request, told apart by its `name` and the first letters of its secret."""

    name: str
    prefix: str
    expires_at: str | None


class TrialAnswer(TypedDict):
    """What the filters and the join make of the first records; `trouble` says why one of them fails."""

    records: list[TriedAnswer]
    columns: list[ColumnAnswer]
    further: int
    sent_columns: int
    trouble: str


class TrialOfAnswer(TypedDict):
    """What a job is a trial of: `request` are the fields of the job on all of the input."""

    request: dict[str, Any]
    place: str
    records: int
    objects: int
    bytes: int
    has_header: bool
    is_short: bool
    removed_at: str | None


class TriedAnswer(TypedDict):
    """An input record, what the model is sent of it, and what is written; each may be empty."""

    record: str
    sent: str
    written: str


class ValueAnswer(TypedDict):
    """A value of a record; `name` is empty if its column has none. `marked` are input values that the
    model never saw, and output values that it wrote.
    """

    name: str
    value: str
    marked: bool


class VersionUseAnswer(TypedDict):
    """What uses a version: names of models made from it, and stages that run it or will."""

    models: list[str]
    stages: list[str]
    arriving: list[str]
