"""The model registry: list, create, register, decide, change, delete."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from deployments.models import Approval
from deployments.registry.api import bodies, serializers
from deployments.registry.services import groups, metrics, versions
from deployments.registry.services.groups import GroupRow, PackageGroup
from deployments.registry.services.versions import PackageVersion
from jobs import queries
from jobs.api.parameters import FlagParameter, NumberParameter, Query, TextParameter, WordParameter, takes
from jobs.api.request_serializers import read_body
from jobs.api.serializers import ModelAnswer
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Connection
from jobs.services.errors import InvalidFields
from jobs.services.registry import registered_models
from teams.models import Role


class TokenQuery(Query):
    """The page of a list that SageMaker pages."""

    after = TextParameter(8192, default="", help_text="Out of `next`: the page after this one.")
    limit = NumberParameter(most=100, default=50, help_text="How many rows.")


class PackageGroupsQuery(TokenQuery):
    """Which groups."""

    connection = TextParameter(80, default="", help_text="The slug of the connection; required.")
    name = TextParameter(63, default="", help_text="A part of the name.")


class PackageVersionsQuery(TokenQuery):
    """Which versions."""

    approval = WordParameter(Approval.values, help_text="Those with this approval.")


class DeleteVersionQuery(Query):
    """Whether to delete what is used."""

    delete_in_use = FlagParameter(default=False, help_text="Delete it although models are made from it.")


class PackageGroups(TeamView):
    """The model package groups of a connection."""

    @takes(PackageGroupsQuery)
    @extend_schema(operation_id="registry_groups_list", responses=serializers.PackageGroupsAnswer)
    def get(self, request: Request) -> Response:
        """List groups, newest first; reading their versions may take some seconds."""
        connection = _connection_named(self, self.words["connection"])
        listing = groups.list_groups(
            connection, name=self.words["name"], after=self.words["after"], limit=self.words["limit"]
        )
        answer = {"results": listing.rows, "next": _next(request, listing.next)}
        return Response(serializers.PackageGroupsAnswer(answer).data)

    @extend_schema(
        operation_id="registry_groups_create",
        request=bodies.PackageGroupBody,
        responses={201: serializers.PackageGroupAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Create a group."""
        fields = read_body(bodies.PackageGroupBody, request.data)
        connection = _connection_named(self, fields.pop("connection"))
        name = groups.create_group(connection, **fields, by=self.member.user, token=self.token)
        return Response(_group_answer(connection, _group(connection, name)), status=201)


class _OfGroup(TeamView):
    is_local = False

    def place(self, slug: str, group: str) -> tuple[Connection, PackageGroup]:
        """The connection and the group; raises Http404 if there is none."""
        connection = queries.connections(self.member.team).filter(slug=slug).first()
        if connection is None:
            raise Http404
        return connection, _group(connection, group)

    def version(self, slug: str, group: str, number: int) -> tuple[Connection, PackageVersion]:
        """The connection and the version; raises Http404 if there is none."""
        connection, package_group = self.place(slug, group)
        version = versions.find_version(connection, package_group, number)
        if version is None:
            raise Http404
        return connection, version


class OnePackageGroup(_OfGroup):
    """One group."""

    role = Role.ADMIN

    @extend_schema(operation_id="registry_groups_get", responses=serializers.PackageGroupAnswer)
    def get(self, request: Request, slug: str, group: str) -> Response:
        """A group with its newest and its latest approved version."""
        connection, package_group = self.place(slug, group)
        return Response(_group_answer(connection, package_group))

    @extend_schema(operation_id="registry_groups_delete", responses={204: None})
    def delete(self, request: Request, slug: str, group: str) -> Response:
        """Delete a group without versions; admins only."""
        connection, package_group = self.place(slug, group)
        groups.delete_group(connection, package_group, by=self.member.user, token=self.token)
        return Response(status=204)


class PackageVersions(_OfGroup):
    """The versions of a group."""

    @takes(PackageVersionsQuery)
    @extend_schema(operation_id="registry_versions_list", responses=serializers.PackageVersionsAnswer)
    def get(self, request: Request, slug: str, group: str) -> Response:
        """List versions, newest first."""
        connection, package_group = self.place(slug, group)
        listing = versions.list_versions(
            connection,
            package_group,
            approval=self.words.get("approval", ""),
            after=self.words["after"],
            limit=self.words["limit"],
            with_metrics=False,
        )
        answer = {"results": [row.version for row in listing.rows], "next": _next(request, listing.next)}
        return Response(serializers.PackageVersionsAnswer(answer).data)

    @extend_schema(
        operation_id="registry_versions_register",
        request=bodies.PackageVersionBody,
        responses={201: serializers.PackageVersionAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str, group: str) -> Response:
        """Register a version; its images and archives are checked first."""
        connection, package_group = self.place(slug, group)
        fields = read_body(bodies.PackageVersionBody, request.data)
        containers = _containers(fields)
        version = versions.register_version(
            connection,
            package_group.name,
            **{**fields, "containers": containers},
            by=self.member.user,
            token=self.token,
        )
        return Response(_version_answer(connection, version), status=201)


class OnePackageVersion(_OfGroup):
    """One version."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Only admins delete."""
        self.role = Role.ADMIN if request.method == "DELETE" else Role.OPERATOR
        super().initial(request, *args, **kwargs)

    @extend_schema(operation_id="registry_versions_get", responses=serializers.PackageVersionAnswer)
    def get(self, request: Request, slug: str, group: str, number: int) -> Response:
        """A version with the numbers of its metrics' documents."""
        return Response(_version_answer(*self.version(slug, group, number)))

    @extend_schema(
        operation_id="registry_versions_change",
        request=bodies.MetadataBody,
        responses=serializers.PackageVersionAnswer,
    )
    def patch(self, request: Request, slug: str, group: str, number: int) -> Response:
        """Replace a version's metadata."""
        connection, version = self.version(slug, group, number)
        fields = read_body(bodies.MetadataBody, request.data)
        versions.change_metadata(
            connection, version, fields["metadata"], by=self.member.user, token=self.token
        )
        return Response(_version_answer(*self.version(slug, group, number)))

    @takes(DeleteVersionQuery)
    @extend_schema(operation_id="registry_versions_delete", responses={204: None})
    def delete(self, request: Request, slug: str, group: str, number: int) -> Response:
        """Delete a version; admins only."""
        connection, version = self.version(slug, group, number)
        versions.delete_version(
            connection, version, sure=self.words["delete_in_use"], by=self.member.user, token=self.token
        )
        return Response(status=204)


class PackageApproval(_OfGroup):
    """The approval of a version."""

    @extend_schema(
        operation_id="registry_versions_approve",
        request=bodies.ApprovalBody,
        responses=serializers.PackageVersionAnswer,
    )
    @keyed
    def post(self, request: Request, slug: str, group: str, number: int) -> Response:
        """Approve or reject a version, or let it wait again."""
        connection, version = self.version(slug, group, number)
        fields = read_body(bodies.ApprovalBody, request.data)
        versions.set_approval(
            connection,
            version,
            fields["status"],
            note=fields["note"],
            sure=fields["reject_in_use"],
            by=self.member.user,
            token=self.token,
        )
        return Response(_version_answer(*self.version(slug, group, number)))


class ModelOfVersion(_OfGroup):
    """A model made from a version."""

    @extend_schema(
        operation_id="registry_versions_create_model",
        request=bodies.ModelOfVersionBody,
        responses={201: ModelAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str, group: str, number: int) -> Response:
        """Create a model that names the version."""
        connection, version = self.version(slug, group, number)
        fields = read_body(bodies.ModelOfVersionBody, request.data)
        model = versions.create_model(connection, version, **fields, by=self.member.user, token=self.token)
        return Response(ModelAnswer(model).data, status=201)


def _connection_named(view: TeamView, slug: str) -> Connection:
    connection = queries.connections(view.member.team).filter(slug=slug).first()
    if connection is None:
        raise InvalidFields({"connection": ["It must be the slug of one of the team's connections."]})
    return connection


def _group(connection: Connection, name: str) -> PackageGroup:
    group = groups.find_group(connection, name)
    if group is None:
        raise Http404
    return group


def _group_answer(connection: Connection, group: PackageGroup) -> Any:
    row = GroupRow(group, groups.overview_of(connection, group.name))
    return serializers.PackageGroupAnswer(row).data


def _version_answer(connection: Connection, version: PackageVersion) -> Any:
    answer = {
        "version": version,
        "metrics": metrics.documents(connection, version),
        "history": versions.history(connection, version),
        "use": versions.use_of(connection, version),
    }
    return serializers.PackageVersionAnswer(answer).data


def _containers(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers, and takes the fields of a single one out."""
    single = {name: fields.pop(name) for name in ("image", "model_data", "env") if name in fields}
    if "containers" not in fields:
        return [
            registered_models.container(
                single.get("image", ""), single.get("model_data", ""), single.get("env")
            )
        ]
    if single:
        raise InvalidFields({name: ["It cannot be given beside containers."] for name in single})
    containers: list[dict[str, Any]] = fields["containers"]
    return containers


def _next(request: Request, token: str) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "after", token) if token else None
