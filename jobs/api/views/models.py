"""Models: list, register, get, check archives."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api import request_serializers, serializers
from jobs.api.parameters import PageQuery, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Connection, RegisteredModel
from jobs.services.errors import InvalidFields
from jobs.services.registry import artefacts, figures, registered_models
from teams.models import Membership


class ModelsQuery(PageQuery):
    """Which models."""

    connection = TextParameter(80, default="", help_text="Those of the connection with this slug.")
    name = TextParameter(63, default="", help_text="A part of the name.")
    q = TextParameter(200, default="", help_text="Words of the name, image, description or connection.")


class Models(TeamView, generics.ListAPIView[RegisteredModel]):
    """The team's models, newest first."""

    serializer_class = serializers.ModelAnswer

    def get_queryset(self) -> QuerySet[RegisteredModel]:
        """The models, filtered by the query."""
        if getattr(self, "swagger_fake_view", False):
            return RegisteredModel.objects.none()
        rows = queries.models(self.member.team)
        if slug := self.words["connection"]:
            rows = rows.filter(connection__slug=slug)
        if name := self.words["name"]:
            rows = rows.filter(name__icontains=name)
        return registered_models.search(rows, self.words["q"])

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of models; their figures are read together."""
        page = super().paginate_queryset(queryset)
        self._figures = figures.of(page or [])
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        """The context with the models' figures."""
        return {**super().get_serializer_context(), "figures": getattr(self, "_figures", {})}

    @takes(ModelsQuery)
    @extend_schema(operation_id="models_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List models."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="models_register",
        request=request_serializers.ModelBody,
        responses={201: serializers.ModelAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Register a model; it is created in SageMaker before the answer."""
        fields = request_serializers.read_texts(request_serializers.ModelBody, request.data)
        model = registered_models.register(
            _connection(self.member, fields.get("connection", "")),
            name=fields.get("name", ""),
            containers=_containers(fields),
            execution_role_arn=fields.get("execution_role_arn", ""),
            description=fields.get("description", ""),
            by=self.member.user,
            token=self.token,
        )
        return Response(serializers.ModelAnswer(model).data, status=201)


class _OfModel(TeamView):
    def model(self, pk: int) -> RegisteredModel:
        """The team's model with this id; raises Http404 if it has none."""
        model: RegisteredModel = get_object_or_404(queries.models(self.member.team, removed=True), pk=pk)
        return model


class Model(_OfModel):
    """One model."""

    @extend_schema(operation_id="models_get", responses=serializers.ModelDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """A model with its figures, and why its jobs failed."""
        return Response(serializers.ModelDetailAnswer(self.model(pk)).data)


class ModelCheck(_OfModel):
    """A check of a model's archives."""

    @extend_schema(operation_id="models_check", request=None, responses=serializers.ModelDetailAnswer)
    def post(self, request: Request, pk: int) -> Response:
        """Check now that the archives can be read and hold what the containers expect."""
        model = self.model(pk)
        artefacts.check(model)
        return Response(serializers.ModelDetailAnswer(model).data)


def _connection(member: Membership, slug: str) -> Connection:
    connection = queries.connections(member.team).filter(slug=slug).first()
    if connection is None:
        raise InvalidFields({"connection": ["It must be the slug of one of the team's connections."]})
    return connection


def _containers(fields: dict[str, Any]) -> list[dict[str, Any]]:
    if "containers" not in fields:
        return [
            registered_models.container(
                fields.get("image", ""), fields.get("model_data", ""), fields.get("env")
            )
        ]
    beside = sorted({"image", "model_data", "env"} & set(fields))
    if beside:
        raise InvalidFields({name: ["It cannot be given beside containers."] for name in beside})
    if not isinstance(fields["containers"], list):
        raise InvalidFields({"containers": ["It must be a list of SageMaker ContainerDefinition objects."]})
    return fields["containers"]
