"""The types of resources that stacks can have: their properties, what a change of each needs, and their attributes.

Source: each type's page in the CloudFormation template reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type. A change of a property of `replaces` needs another resource, of one of `in_place` does not.

    `name_property` is the one with the physical name, which is generated with at most `longest_name` characters if the
    template gives none. `tags` is the form of its Tags.
    """

    name: str
    name_property: str
    longest_name: int
    in_place: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    attributes: frozenset[str] = field(default_factory=frozenset)
    tags: Literal["list", "map"] | None = "list"

    @property
    def properties(self) -> frozenset[str]:
        """All properties."""
        return self.in_place | self.replaces


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RESOURCE_TYPES: Mapping[str, ResourceType] = {
    resource_type.name: resource_type
    for resource_type in (
        ResourceType(
            "AWS::SageMaker::Model",
            "ModelName",
            63,
            in_place=_words("Tags"),
            replaces=_words(
                "ModelName PrimaryContainer Containers ExecutionRoleArn VpcConfig EnableNetworkIsolation "
                "InferenceExecutionConfig"
            ),
            attributes=_words("ModelName"),
        ),
        ResourceType(
            "AWS::SageMaker::Pipeline",
            "PipelineName",
            256,
            in_place=_words(
                "PipelineDisplayName PipelineDescription PipelineDefinition RoleArn ParallelismConfiguration Tags"
            ),
            replaces=_words("PipelineName"),
            required=_words("PipelineName PipelineDefinition RoleArn"),
        ),
        ResourceType(
            "AWS::SageMaker::ModelPackageGroup",
            "ModelPackageGroupName",
            63,
            in_place=_words("Tags"),
            replaces=_words("ModelPackageGroupName ModelPackageGroupDescription"),
            required=_words("ModelPackageGroupName"),
            attributes=_words("ModelPackageGroupArn ModelPackageGroupStatus"),
        ),
        ResourceType(
            "AWS::Events::Rule",
            "Name",
            64,
            in_place=_words("Description EventBusName RoleArn ScheduleExpression State Targets Tags"),
            replaces=_words("Name"),
            attributes=_words("Arn"),
        ),
        ResourceType(
            "AWS::CloudWatch::Dashboard",
            "DashboardName",
            255,
            in_place=_words("DashboardBody"),
            replaces=_words("DashboardName"),
            required=_words("DashboardBody"),
            tags=None,
        ),
        ResourceType(
            "AWS::SSM::Parameter",
            "Name",
            1011,
            in_place=_words("Value Description AllowedPattern Tier DataType Tags"),
            replaces=_words("Name Type"),
            required=_words("Type Value"),
            attributes=_words("Type Value"),
            tags="map",
        ),
    )
}
