"""Each type of resource by the operations of its service. Deleting what is not there succeeds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.operations.arns import model_arn, package_group_arn, pipeline_arn
from engine.operations.context import Context
from engine.operations.rules import rule_arn
from engine.orchestration.calls import Call
from engine.orchestration.stacks.converting import convert

Properties = Mapping[str, Any]

_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^{}]*)\}\}")
#: Errors of Describe and Get operations for what is not there.
_ABSENT = frozenset(
    {"ValidationException", "ResourceNotFound", "ResourceNotFoundException", "ParameterNotFound"}
)


class Handler:
    """What all types share: calls with the stack's scope, and dynamic references.

    Properties are the template's, evaluated; those of `update` are the old and the new ones.
    """

    service: ClassVar[str] = "sagemaker"

    def __init__(self, ctx: Context, call: Call, stack_id: str) -> None:
        self._ctx = ctx
        self._call = call
        self._stack_id = stack_id

    def physical_id(self, name: str) -> str:
        """What Ref gives for a resource of that name."""
        return name

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:
        """What Fn::GetAtt gives."""
        return {}

    async def exists(self, physical_id: str) -> bool:
        """Whether there is such a resource. Raises ServiceError if the stack's creator may not know."""
        raise NotImplementedError

    async def create(self, physical_id: str, properties: Properties) -> None:
        """Create it. Raises ServiceError."""
        raise NotImplementedError

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        """Change it in place. Raises ServiceError."""
        raise NotImplementedError

    async def delete(self, physical_id: str) -> None:
        """Delete it if it is there. Raises ServiceError."""
        raise NotImplementedError

    async def call(self, operation: str, document: Properties, *, service: str = "") -> dict[str, Any]:
        """Call an operation with a document whose values may have other types than its model says."""
        service = service or self.service
        shape = service_model(service).operation_model(operation).input_shape
        resolved = await self._resolve(document)
        assert shape is not None
        return await self._call(self._ctx, service, operation, convert(shape, resolved))

    async def answers(self, operation: str, document: Properties) -> bool:
        """Whether an operation finds its resource."""
        try:
            await self.call(operation, document)
        except ServiceError as error:
            if error.code in _ABSENT:
                return False
            raise
        return True

    async def update_tags(self, arn: str, old: Properties, new: Properties) -> None:
        """Bring the tags of a resource of SageMaker or EventBridge from the old to the new ones."""
        before, after = _tags(old), _tags(new)
        member = "ResourceARN" if self.service == "events" else "ResourceArn"
        add, remove = (
            ("TagResource", "UntagResource") if self.service == "events" else ("AddTags", "DeleteTags")
        )
        removed_keys = [key for key in before if key not in after]
        if removed_keys:
            await self.call(remove, {member: arn, "TagKeys": removed_keys})
        if after and after != before:
            await self.call(add, {member: arn, "Tags": _tag_list(after)})

    async def _resolve(self, value: Any) -> Any:
        """The value with all dynamic references resolved. Raises ServiceError."""
        if isinstance(value, Mapping):
            return {key: await self._resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [await self._resolve(item) for item in value]
        if not isinstance(value, str):
            return value
        parts, end = [], 0
        for match in _DYNAMIC.finditer(value):
            parts += [value[end : match.start()], await self._parameter(match[1], match[2])]
            end = match.end()
        return "".join([*parts, value[end:]])

    async def _parameter(self, source: str, name: str) -> str:
        if source != "ssm":
            raise ServiceError(
                "ValidationError",
                f"The embedded engine resolves no dynamic references to {source}, but to ssm alone.",
            )
        answer = await self._call(self._ctx, "ssm", "GetParameter", {"Name": name})
        parameter = answer["Parameter"]
        if parameter["Type"] == "SecureString":
            raise ServiceError("ValidationError", f"{{{{resolve:ssm:{name}}}}} names a SecureString.")
        return str(parameter["Value"])


class ModelHandler(Handler):
    """AWS::SageMaker::Model. Ref is its ARN."""

    def physical_id(self, name: str) -> str:
        return model_arn(self._ctx.config, name)

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"ModelName": _last(physical_id)}

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("DescribeModel", {"ModelName": _last(physical_id)})

    async def create(self, physical_id: str, properties: Properties) -> None:
        await self.call("CreateModel", {**properties, "ModelName": _last(physical_id)})

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        await self.update_tags(physical_id, old, new)

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            await self.call("DeleteModel", {"ModelName": _last(physical_id)})


class ModelPackageGroupHandler(Handler):
    """AWS::SageMaker::ModelPackageGroup. Ref is its ARN."""

    def physical_id(self, name: str) -> str:
        return package_group_arn(self._ctx.config, name)

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"ModelPackageGroupArn": physical_id, "ModelPackageGroupStatus": "Completed"}

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("DescribeModelPackageGroup", {"ModelPackageGroupName": _last(physical_id)})

    async def create(self, physical_id: str, properties: Properties) -> None:
        await self.call("CreateModelPackageGroup", properties)

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        await self.update_tags(physical_id, old, new)

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            await self.call("DeleteModelPackageGroup", {"ModelPackageGroupName": _last(physical_id)})


class PipelineHandler(Handler):
    """AWS::SageMaker::Pipeline. Ref is its name."""

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("DescribePipeline", {"PipelineName": physical_id})

    async def create(self, physical_id: str, properties: Properties) -> None:
        document = {**_pipeline_request(properties), "ClientRequestToken": self._token("create", physical_id)}
        await self.call(
            "CreatePipeline", document | ({"Tags": properties["Tags"]} if "Tags" in properties else {})
        )

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        await self.call("UpdatePipeline", _pipeline_request(new))
        await self.update_tags(pipeline_arn(self._ctx.config, physical_id), old, new)

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            token = self._token("delete", physical_id)
            await self.call("DeletePipeline", {"PipelineName": physical_id, "ClientRequestToken": token})

    def _token(self, verb: str, name: str) -> str:
        return hashlib.sha256(f"{self._stack_id}\n{verb}\n{name}\n{id(self)}".encode()).hexdigest()


class RuleHandler(Handler):
    """AWS::Events::Rule. Ref is its name."""

    service = "events"

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": rule_arn(self._ctx.config, physical_id)}

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("DescribeRule", {"Name": physical_id})

    async def create(self, physical_id: str, properties: Properties) -> None:
        await self._put(physical_id, properties)

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        await self._put(physical_id, {key: value for key, value in new.items() if key != "Tags"})
        await self.update_tags(rule_arn(self._ctx.config, physical_id), old, new)

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            await self._remove_targets(physical_id, set())
            await self.call("DeleteRule", {"Name": physical_id})

    async def _put(self, name: str, properties: Properties) -> None:
        rule = {key: value for key, value in properties.items() if key not in ("Targets", "Name")}
        await self.call("PutRule", {**rule, "Name": name})
        targets = properties.get("Targets", [])
        if targets:
            await self.call("PutTargets", {"Rule": name, "Targets": targets})
        await self._remove_targets(name, {str(target["Id"]) for target in targets})

    async def _remove_targets(self, rule: str, except_for: set[str]) -> None:
        answer = await self.call("ListTargetsByRule", {"Rule": rule})
        removed_ids = [target["Id"] for target in answer["Targets"] if target["Id"] not in except_for]
        if removed_ids:
            await self.call("RemoveTargets", {"Rule": rule, "Ids": removed_ids})


class DashboardHandler(Handler):
    """AWS::CloudWatch::Dashboard. Ref is its name."""

    service = "cloudwatch"

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("GetDashboard", {"DashboardName": physical_id})

    async def create(self, physical_id: str, properties: Properties) -> None:
        await self.call("PutDashboard", {**properties, "DashboardName": physical_id})

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        await self.create(physical_id, new)

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            await self.call("DeleteDashboards", {"DashboardNames": [physical_id]})


class ParameterHandler(Handler):
    """AWS::SSM::Parameter. Ref is its name. Its Tags are an object."""

    service = "ssm"

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Type": str(properties["Type"]), "Value": str(properties["Value"])}

    async def exists(self, physical_id: str) -> bool:
        return await self.answers("GetParameter", {"Name": physical_id})

    async def create(self, physical_id: str, properties: Properties) -> None:
        document = {**properties, "Name": physical_id}
        if "Tags" in properties:
            document["Tags"] = _tag_list(properties["Tags"])
        await self.call("PutParameter", document)

    async def update(self, physical_id: str, old: Properties, new: Properties) -> None:
        document = {key: value for key, value in new.items() if key != "Tags"}
        await self.call("PutParameter", {**document, "Name": physical_id, "Overwrite": True})
        before, after = old.get("Tags", {}), new.get("Tags", {})
        parameter = {"ResourceType": "Parameter", "ResourceId": physical_id}
        if removed_keys := [key for key in before if key not in after]:
            await self.call("RemoveTagsFromResource", {**parameter, "TagKeys": removed_keys})
        if after and after != before:
            await self.call("AddTagsToResource", {**parameter, "Tags": _tag_list(after)})

    async def delete(self, physical_id: str) -> None:
        if await self.exists(physical_id):
            await self.call("DeleteParameter", {"Name": physical_id})


HANDLERS: Mapping[str, type[Handler]] = {
    "AWS::SageMaker::Model": ModelHandler,
    "AWS::SageMaker::ModelPackageGroup": ModelPackageGroupHandler,
    "AWS::SageMaker::Pipeline": PipelineHandler,
    "AWS::Events::Rule": RuleHandler,
    "AWS::CloudWatch::Dashboard": DashboardHandler,
    "AWS::SSM::Parameter": ParameterHandler,
}


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _tags(properties: Properties) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags", [])}


def _tag_list(tags: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": str(value)} for key, value in tags.items()]


def _pipeline_request(properties: Properties) -> dict[str, Any]:
    """CreatePipeline's and UpdatePipeline's members but the tags."""
    request = {key: value for key, value in properties.items() if key not in ("PipelineDefinition", "Tags")}
    definition = properties["PipelineDefinition"]
    if not isinstance(definition, Mapping) or len(definition) != 1:
        raise ServiceError(
            "ValidationError",
            "PipelineDefinition has either a PipelineDefinitionBody or a PipelineDefinitionS3Location.",
        )
    if "PipelineDefinitionBody" in definition:
        return {**request, "PipelineDefinition": definition["PipelineDefinitionBody"]}
    location = definition.get("PipelineDefinitionS3Location", {})
    if unsupported := sorted(set(location) - {"Bucket", "Key", "Version"}):
        raise ServiceError(
            "ValidationError",
            f"The embedded engine has no {unsupported[0]} of a PipelineDefinitionS3Location.",
        )
    names = {"Bucket": "Bucket", "Key": "ObjectKey", "Version": "VersionId"}
    return {**request, "PipelineDefinitionS3Location": {names[key]: value for key, value in location.items()}}
