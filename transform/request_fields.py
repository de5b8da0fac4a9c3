"""The table of a transform request's fields: the one place where a field of CreateTransformJob is declared.

Names are those of the SDK's `Transformer` and `transform()`. Bounds come from the service's model (botocore's
CreateTransformJobRequest). From this table come the conversion to and from the request's JSON, each field's own rules,
the new-job form, the REST API's schema and answers, the code to copy and the table in docs/api.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from transform.batching import SPLIT_TYPES
from transform.field_facts import FieldFacts

#: The largest body in MB, and the largest product of concurrency and body, that the service takes.
MAX_PAYLOAD_MB = 100
_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
_KMS_KEY = {"pattern": r"[a-zA-Z0-9:/_-]{0,2048}", "must_be": "a KMS key id, alias or ARN"}
_S3_KEY_HINT = "A key's id, alias or ARN. Empty: the account's own for S3."


class FormSection(StrEnum):
    """Where the new-job form has a field."""

    ESSENTIALS = "essentials"
    RECORDS = "records"
    OUTPUT = "output"
    JOIN = "join"
    LIMITS = "limits"
    VARIABLES = "variables"
    MORE = "more"


class SdkCall(StrEnum):
    """Which call of SageMaker SDK 2 takes a field."""

    TRANSFORMER = "Transformer"
    TRANSFORM = "transform"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestField(FieldFacts):
    """A field of the request. `member` is its name in CreateTransformJob, with dots between levels."""

    member: str
    section: FormSection = FormSection.MORE
    sdk_call: SdkCall = SdkCall.TRANSFORM
    #: The argument's name in that call, if it is not the field's.
    sdk_keyword: str = ""
    is_s3_uri: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """Where the request's JSON has it."""
        return tuple(self.member.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestGroup:
    """A member of the request that has fields of its own. Their names are the group's, a dot and their own.

    The SDK takes an `sdk_class` for it, or without one the request's own JSON. The dataclass gives `name` and `type`.
    """

    member: str
    help: str
    sdk_keyword: str
    sdk_class: str = ""
    name: str = ""
    type: Any = None


def _about(member: str, **facts: Any) -> dict[str, RequestField]:
    return {"request": RequestField(member=member, **facts)}


def _group(member: str, **facts: Any) -> dict[str, RequestGroup]:
    return {"group": RequestGroup(member=member, **facts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelClientConfig:
    """How long one call to the model may take and how often it is tried again."""

    invocations_timeout_in_seconds: int | None = field(
        default=None,
        metadata=_about(
            "InvocationsTimeoutInSeconds",
            label="Seconds for a call",
            section=FormSection.LIMITS,
            help="How long a call to the model may take, in seconds.",
            hint="{bounds}. Default 600.",
            low=1,
            high=3600,
        ),
    )
    invocations_max_retries: int | None = field(
        default=None,
        metadata=_about(
            "InvocationsMaxRetries",
            label="Retries of a call",
            section=FormSection.LIMITS,
            help="How often a failed call is tried again.",
            hint="{bounds}. Default 3.",
            low=0,
            high=3,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCaptureConfig:
    """Where the service keeps copies of inputs and outputs."""

    destination_s3_uri: str = field(
        default="",
        metadata=_about(
            "DestinationS3Uri",
            label="Data capture to",
            help="s3:// address.",
            example="s3://bucket/capture/",
            is_s3_uri=True,
            longest=1024,
        ),
    )
    kms_key_id: str | None = field(
        default=None,
        metadata=_about(
            "KmsKeyId",
            label="Data capture KMS key",
            help="The key that encrypts the copies.",
            hint=_S3_KEY_HINT,
            **_KMS_KEY,
        ),
    )
    generate_inference_id: bool | None = field(
        default=None,
        metadata=_about(
            "GenerateInferenceId",
            label="Generate inference ids",
            help="Whether each output gets an id and the job's start.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFields:
    """A request's fields, in the order of forms, documents and the request's JSON. None is a field that is left out."""

    name: str | None = field(
        default=None,
        metadata=_about(
            "TransformJobName",
            label="Job name",
            help_link="jobs#a-new-job",
            section=FormSection.ESSENTIALS,
            help="Made from the model's name if left out.",
            hint="Empty: made from the model, the time and the job's key.",
            example="automatic",
            pattern=_NAME,
            must_be="letters, digits and hyphens between them, 63 at most",
            sdk_keyword="job_name",
        ),
    )
    model_name: str = field(
        metadata=_about(
            "ModelName",
            label="Model",
            help_link="jobs#model",
            section=FormSection.ESSENTIALS,
            help="The model's name in SageMaker.",
            pattern=r"[a-zA-Z0-9]([\-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?",
            must_be="letters, digits and hyphens between them, 63 at most",
            sdk_call=SdkCall.TRANSFORMER,
        )
    )
    max_payload: int | None = field(
        default=None,
        metadata=_about(
            "MaxPayloadInMB",
            label="Largest call in MB",
            section=FormSection.LIMITS,
            help="The largest body of a call, in MiB.",
            hint=f"{{bounds}}; times calls at once at most {MAX_PAYLOAD_MB}. Default 6.",
            low=0,
            high=MAX_PAYLOAD_MB,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    max_concurrent_transforms: int | None = field(
        default=None,
        metadata=_about(
            "MaxConcurrentTransforms",
            label="Calls at once",
            section=FormSection.LIMITS,
            help="How many calls each instance gets at once.",
            hint="For each instance. Default: what the container says.",
            low=0,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    env: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_about(
            "Environment",
            label="Environment",
            section=FormSection.VARIABLES,
            help="Environment variables of the containers, over the model's own.",
            hint="One KEY=VALUE a line, over the model's own. A value in double quotes is JSON text.",
            longest=10240,
            most=16,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    data_type: str = field(
        default="S3Prefix",
        metadata=_about(
            "TransformInput.DataSource.S3DataSource.S3DataType",
            label="Input is",
            help_link="jobs#input",
            section=FormSection.ESSENTIALS,
            help="What is at the input's address.",
            choices={"S3Prefix": "a prefix", "ManifestFile": "a list of objects"},
        ),
    )
    data: str = field(
        metadata=_about(
            "TransformInput.DataSource.S3DataSource.S3Uri",
            label="Input",
            help_link="jobs#input",
            section=FormSection.ESSENTIALS,
            help="s3:// address of the input.",
            hint="Every object whose key starts with this is read.",
            example="s3://bucket/prefix/",
            is_s3_uri=True,
            longest=1024,
        )
    )
    content_type: str | None = field(
        default=None,
        metadata=_about(
            "TransformInput.ContentType",
            label="Content type",
            section=FormSection.RECORDS,
            hint="Sent with every call.",
            example="text/csv",
            suggestions="content-types",
            longest=256,
        ),
    )
    split_type: str | None = field(
        default=None,
        metadata=_about(
            "TransformInput.SplitType",
            label="Split",
            section=FormSection.RECORDS,
            help="How an object is split into records.",
            choices={
                **dict.fromkeys(SPLIT_TYPES, ""),
                "None": "an object is one record",
                "Line": "a line is one record",
            },
        ),
    )
    strategy: str | None = field(
        default=None,
        metadata=_about(
            "BatchStrategy",
            label="Batch strategy",
            section=FormSection.RECORDS,
            help="How many records go into one call.",
            choices={
                "MultiRecord": "as many records a call as fit",
                "SingleRecord": "one record a call",
            },
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    compression_type: str | None = field(
        default=None,
        metadata=_about(
            "TransformInput.CompressionType",
            label="Compression",
            section=FormSection.RECORDS,
            help="How the input's objects are compressed.",
            choices={"None": "", "Gzip": ""},
        ),
    )
    output_path: str = field(
        metadata=_about(
            "TransformOutput.S3OutputPath",
            label="Output",
            help_link="jobs#output-path",
            section=FormSection.ESSENTIALS,
            help="s3:// address for the outputs.",
            hint="One .out object for each input object.",
            example="s3://bucket/output/",
            is_s3_uri=True,
            longest=1024,
            sdk_call=SdkCall.TRANSFORMER,
        )
    )
    accept: str | None = field(
        default=None,
        metadata=_about(
            "TransformOutput.Accept",
            label="Accept",
            section=FormSection.OUTPUT,
            hint="What the model should answer with.",
            example="text/csv",
            suggestions="content-types",
            longest=256,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    assemble_with: str | None = field(
        default=None,
        metadata=_about(
            "TransformOutput.AssembleWith",
            label="Assemble with",
            section=FormSection.OUTPUT,
            help="How the answers of one object are put together.",
            choices={"None": "answers glued together", "Line": "a line each"},
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    output_kms_key: str | None = field(
        default=None,
        metadata=_about(
            "TransformOutput.KmsKeyId",
            label="Output KMS key",
            section=FormSection.OUTPUT,
            help="The key that encrypts the outputs.",
            hint=_S3_KEY_HINT,
            sdk_call=SdkCall.TRANSFORMER,
            **_KMS_KEY,
        ),
    )
    instance_type: str = field(
        metadata=_about(
            "TransformResources.InstanceType",
            label="Instance type",
            help_link="jobs#instances",
            section=FormSection.ESSENTIALS,
            help="The type of the instances that the job runs on.",
            hint="Any type that transform jobs accept.",
            example="ml.m5.large",
            suggestions="instance-types",
            pattern=r"ml\.[a-z0-9-]+\.[a-z0-9]+|local(_gpu)?",
            must_be="an instance type such as ml.m5.xlarge",
            sdk_call=SdkCall.TRANSFORMER,
        )
    )
    instance_count: int = field(
        default=1,
        metadata=_about(
            "TransformResources.InstanceCount",
            label="Instances",
            help_link="jobs#instances",
            section=FormSection.ESSENTIALS,
            help="How many instances share the input's objects.",
            low=1,
            high=100,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )
    volume_kms_key: str | None = field(
        default=None,
        metadata=_about(
            "TransformResources.VolumeKmsKeyId",
            label="Volume KMS key",
            help="The key that encrypts the instances' volumes.",
            hint="A key's id, alias or ARN. Instances with local storage take none.",
            sdk_call=SdkCall.TRANSFORMER,
            **_KMS_KEY,
        ),
    )
    transform_ami_version: str | None = field(
        default=None,
        metadata=_about(
            "TransformResources.TransformAmiVersion",
            label="AMI version",
            help="The version of the instances' machine image.",
            pattern=_NAME,
            must_be="an AMI version's name",
            # The SDK's second generation has no argument for it.
            sdk_call=SdkCall.NONE,
        ),
    )
    input_filter: str | None = field(
        default=None,
        metadata=_about(
            "DataProcessing.InputFilter",
            label="Input filter",
            section=FormSection.JOIN,
            hint="What of a record the model sees.",
            example="$[1:]",
            longest=63,
        ),
    )
    output_filter: str | None = field(
        default=None,
        metadata=_about(
            "DataProcessing.OutputFilter",
            label="Output filter",
            section=FormSection.JOIN,
            hint="What of the joined record is written.",
            example="$[0,-1]",
            longest=63,
        ),
    )
    join_source: str | None = field(
        default=None,
        metadata=_about(
            "DataProcessing.JoinSource",
            label="Join with",
            section=FormSection.JOIN,
            help="What an output record holds.",
            choices={"None": "the answer alone is written", "Input": "each record with its answer"},
        ),
    )
    model_client_config: ModelClientConfig | None = field(
        default=None,
        metadata=_group(
            "ModelClientConfig",
            help="How long and how often SageMaker asks the model; SageMaker's default holds for what is left out.",
            sdk_keyword="model_client_config",
        ),
    )
    data_capture_config: DataCaptureConfig | None = field(
        default=None,
        metadata=_group(
            "DataCaptureConfig",
            help="Where SageMaker keeps a copy of what goes in and comes out.",
            sdk_keyword="batch_data_capture_config",
            sdk_class="sagemaker.inputs.BatchDataCaptureConfig",
        ),
    )
    experiment_config: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_about(
            "ExperimentConfig",
            label="Experiment",
            help="The experiment that the job belongs to.",
            hint="ExperimentName=…, TrialName=…, one a line.",
            shortest=1,
            longest=120,
        ),
    )
    tags: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_about(
            "Tags",
            label="Tags",
            section=FormSection.VARIABLES,
            help="Tags of the job in SageMaker.",
            hint="One KEY=VALUE a line.",
            longest=256,
            most=50,
            sdk_call=SdkCall.TRANSFORMER,
        ),
    )


def _entries(declaring: type, prefix: str = "", member: str = "") -> Iterator[RequestField]:
    """The table's entries of a dataclass, including those of its groups."""
    hints = get_type_hints(declaring)
    for declared in fields(declaring):
        entry = declared.metadata.get("request")
        if entry is not None:
            yield replace(entry.of(declared, hints[declared.name], prefix), member=f"{member}{entry.member}")
        else:
            group = _completed_group(declared, hints)
            yield from _entries(group.type, f"{group.name}.", f"{group.member}.")


def _completed_group(declared: Field[Any], hints: Mapping[str, Any]) -> RequestGroup:
    group: RequestGroup = declared.metadata["group"]
    return replace(group, name=declared.name, type=get_args(hints[declared.name])[0])


#: SDK name -> field, in the table's order; a field of a group has the group's name and a dot before its own.
FIELDS: dict[str, RequestField] = {entry.name: entry for entry in _entries(RequestFields)}
#: SDK name -> group.
GROUPS: dict[str, RequestGroup] = {
    declared.name: _completed_group(declared, get_type_hints(RequestFields))
    for declared in fields(RequestFields)
    if "group" in declared.metadata
}
#: Fields that every request must have.
REQUIRED_NAMES = tuple(name for name, entry in FIELDS.items() if entry.required and "." not in name)
#: The values of fields that a request leaves out.
DEFAULTS: dict[str, Any] = {
    name: entry.default for name, entry in FIELDS.items() if entry.default not in (None, "", {})
}


def fields_of(group: str) -> dict[str, RequestField]:
    """The fields of a group, by their names in it."""
    return {
        name.removeprefix(f"{group}."): entry
        for name, entry in FIELDS.items()
        if name.startswith(f"{group}.")
    }
