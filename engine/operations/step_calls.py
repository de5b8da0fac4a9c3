"""The operations of SageMaker that the steps of pipelines call, by the type of the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.model import Shape, StructureShape

from engine.aws_models import service_model


@dataclass(frozen=True, slots=True)
class StepCall:
    """How a step of one type is run.

    `name` is the member of the create request that makes a repeated request harmless: the resource's name, or its
    client token. `described_by` is the member of the describe request, and `arn` that of the create answer. `status`
    is the member of the describe answer that says how far a job is; "" for resources that exist at once.
    """

    create: str
    name: str
    describe: str
    described_by: str
    arn: str
    stop: str = ""
    status: str = ""
    metadata: str = ""

    @property
    def is_job(self) -> bool:
        """Whether it takes time and can be stopped."""
        return bool(self.status)

    @property
    def named(self) -> bool:
        """Whether the resource's name is chosen for the step."""
        return self.name == self.described_by

    @property
    def input_shape(self) -> StructureShape:
        """The shape of the create request."""
        return _structure(service_model("sagemaker").operation_model(self.create).input_shape)

    @property
    def described_shape(self) -> StructureShape:
        """The shape of the describe answer."""
        return _structure(service_model("sagemaker").operation_model(self.describe).output_shape)


def _structure(shape: Shape | None) -> StructureShape:
    assert isinstance(shape, StructureShape)
    return shape


def _job(kind: str) -> StepCall:
    return StepCall(
        create=f"Create{kind}",
        name=f"{kind}Name",
        describe=f"Describe{kind}",
        described_by=f"{kind}Name",
        arn=f"{kind}Arn",
        stop=f"Stop{kind}",
        status=f"{kind}Status",
        metadata=kind,
    )


CALLS: Mapping[str, StepCall] = {
    "Processing": _job("ProcessingJob"),
    "Transform": _job("TransformJob"),
    "Model": StepCall(
        create="CreateModel",
        name="ModelName",
        describe="DescribeModel",
        described_by="ModelName",
        arn="ModelArn",
        metadata="Model",
    ),
    "RegisterModel": StepCall(
        create="CreateModelPackage",
        name="ClientToken",
        describe="DescribeModelPackage",
        described_by="ModelPackageName",
        arn="ModelPackageArn",
        metadata="RegisterModel",
    ),
}
