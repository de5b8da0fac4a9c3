"""API tokens: a person's own, and for admins those of the team."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.parameters import PageQuery, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.services.errors import InvalidFields
from teams import service_accounts, token_lifetimes, tokens
from teams.access import require
from teams.models import ApiToken, Membership, Role


class Tokens(TeamView, generics.ListAPIView[ApiToken]):
    """API tokens: the person's own, or the team's for an admin."""

    serializer_class = serializers.ApiTokenAnswer
    role = Role.VIEWER

    def get_queryset(self) -> QuerySet[ApiToken]:
        """Those that the person may revoke."""
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return tokens.visible(self.member)

    @takes(PageQuery)
    @extend_schema(operation_id="tokens_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List your tokens; an admin's list has the team's, with those of service accounts. Secrets are not in it."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="tokens_create",
        request=request_serializers.TokenBody,
        responses={201: serializers.NewTokenAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Make a token. Its secret is in this answer alone: the answer to a repeated request has null in its place."""
        body = request_serializers.read_body(request_serializers.TokenBody, request.data)
        owner = self._owner(body.get("owner", ""))
        days = body.get("days", token_lifetimes.default_days(self.member.team))
        try:
            token, secret = tokens.make(
                self.member,
                owner,
                name=body["name"],
                role=body.get("role", owner.role),
                days=str(days),
                used_token=self.token,
            )
        except tokens.TokenRefused as error:
            raise InvalidFields({error.field: [str(error)]}) from error
        response = Response(
            serializers.NewTokenAnswer({"token": token, "secret": secret}).data,
            status=201,
            headers={"Cache-Control": "no-store"},
        )
        # What is stored for a repeated request holds no secret.
        response.repeated_data = {**response.data, "secret": None}  # type: ignore[attr-defined]
        return response

    def _owner(self, username: str) -> Membership:
        """Whose the token will be: the person's own, or for an admin a service account's."""
        if not username or username == self.member.user.username:
            return self.member
        require(self.member, Role.ADMIN)
        owner = service_accounts.find(self.member.team, username)
        if owner is None:
            raise InvalidFields({"owner": ["It must be you or a service account of the team."]})
        return owner


class OneToken(TeamView):
    """One API token."""

    role = Role.VIEWER

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def delete(self, request: Request, token_pk: int) -> Response:
        """Revoke a token: your own, or for an admin any of the team's. What is sent with it is refused from then on."""
        rows = ApiToken.objects.filter(team=self.member.team).select_related("team", "user")
        token: ApiToken = get_object_or_404(rows, pk=token_pk)
        if token.user_id != self.member.user_id:
            require(self.member, Role.ADMIN)
        tokens.revoke(token, by=self.member.user, used_token=self.token)
        return Response(status=204)
