"""Objects in a connection's buckets: download, upload, delete; new folders and buckets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.parameters import FlagParameter, Query, TextParameter, takes
from jobs.api.raw_body import spooled
from jobs.api.views.connections import OfConnection, S3AddressParameter
from jobs.api.views.keyed import keyed
from jobs.models import Upload
from jobs.services.data import deleting, downloading, folders, reading_rights, uploading
from jobs.services.data.download_response import download_response
from jobs.services.errors import InvalidFields
from teams.access import require
from teams.models import Role

_BYTES = {"application/octet-stream": OpenApiTypes.BINARY}


class ReplaceQuery(Query):
    """Whether an object may be replaced."""

    replace = FlagParameter(
        default=False, help_text="Whether it may replace an object; without it that is refused with 409."
    )


class ObjectQuery(Query):
    """Which object."""

    path = S3AddressParameter(required=True, allow_blank=False, most=2048, help_text="Its s3:// address.")


class WriteQuery(ObjectQuery, ReplaceQuery):
    """Where to write."""


class DeleteQuery(ObjectQuery):
    """What to delete."""

    recursive = FlagParameter(
        default=False,
        help_text="Needed for a folder, whose address ends in a slash: all below it is deleted.",
    )
    counted_at = TextParameter(
        default="", help_text="Out of the count of it: what was written after this time stays. Else all goes."
    )


class DataView(OfConnection):
    """A view of objects, which operators may read and write."""

    is_local = False
    role = Role.OPERATOR

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Reading needs an operator too: a connection may reach more than the team's jobs."""
        super().initial(request, *args, **kwargs)
        require(self.member, Role.OPERATOR)


class Objects(OfConnection):
    """An object of a connection, which viewers may download where the connection allows it."""

    is_local = False
    role = Role.OPERATOR

    @takes(ObjectQuery)
    @extend_schema(
        operation_id="objects_download",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            302: None,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The bytes, or for AWS a redirect to a signed S3 address."""
        connection = self._connection(slug)
        reading_rights.check_reading(self.member, connection)
        remainder = downloading.Remainder.of(request.headers)
        return download_response(downloading.download(connection, self.words["path"], remainder))

    @takes(WriteQuery)
    @extend_schema(operation_id="objects_put", request=_BYTES, responses={201: serializers.ObjectAnswer})
    def put(self, request: Request, slug: str) -> Response:
        """Write an object of up to one part (16 MiB by default) out of the body; larger files are uploads in parts."""
        connection = self._connection(slug)
        with spooled(request) as (body, size):
            if size > settings.UPLOAD_PART_SIZE:
                raise RequestDataTooBig
            uri = uploading.put_object(
                connection,
                self.words["path"],
                body,
                replace=self.words["replace"],
                by=self.member.user,
                token=self.token,
            )
        return Response(serializers.ObjectAnswer({"uri": uri}).data, status=201)

    @takes(DeleteQuery)
    @extend_schema(operation_id="objects_delete", responses={200: serializers.LossAnswer})
    def delete(self, request: Request, slug: str) -> Response:
        """Delete an object or a folder; on AWS only if the connection's settings allow it."""
        uri = self.words["path"]
        if uri.endswith("/") and not self.words["recursive"]:
            raise InvalidFields({"recursive": ["It must be true to delete all that is below a folder."]})
        until = _moment(self.words["counted_at"])
        loss = deleting.delete(
            self._connection(slug), uri, until=until, by=self.member.user, token=self.token
        )
        return Response(serializers.LossAnswer(loss).data)


def _moment(text: str) -> datetime:
    """A time of a count; now if it is empty."""
    moment = parse_datetime(text) if 0 < len(text) < 40 else None
    if text and (moment is None or moment.tzinfo is None):
        raise InvalidFields(
            {"counted_at": ["It must be the counted_at of a count, such as 2026-01-31T12:00:00Z."]}
        )
    return moment or timezone.now()


class Counts(DataView):
    """What a delete would take away."""

    @takes(ObjectQuery)
    @extend_schema(operation_id="objects_count", responses=serializers.CountAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """Count an object, or all below a folder, before it is deleted: up to 10,000, then `more` is true."""
        loss = deleting.count(self._connection(slug), self.words["path"])
        return Response(serializers.CountAnswer(loss).data)


class Folders(DataView):
    """New folders."""

    @extend_schema(
        operation_id="folders_create",
        request=request_serializers.FolderBody,
        responses={201: serializers.ObjectAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str) -> Response:
        """Create a folder; one that is there stays as it is."""
        body = request_serializers.read_body(request_serializers.FolderBody, request.data)
        uri = folders.make_folder(
            self._connection(slug), body["path"], body["name"], by=self.member.user, token=self.token
        )
        return Response(serializers.ObjectAnswer({"uri": uri}).data, status=201)


class Buckets(DataView):
    """New buckets."""

    @extend_schema(
        operation_id="buckets_create",
        request=request_serializers.BucketBody,
        responses={201: serializers.ObjectAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str) -> Response:
        """Create a bucket on an engine."""
        body = request_serializers.read_body(request_serializers.BucketBody, request.data)
        uri = folders.make_bucket(self._connection(slug), body["name"], by=self.member.user, token=self.token)
        return Response(serializers.ObjectAnswer({"uri": uri}).data, status=201)


class Uploads(DataView):
    """Uploads in parts."""

    @extend_schema(
        operation_id="uploads_begin",
        request=request_serializers.UploadBody,
        responses={201: serializers.UploadAnswer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Begin the upload of a file, or go on with yours of the same address, size and time."""
        body = request_serializers.read_body(request_serializers.UploadBody, request.data)
        progress = uploading.begin(
            self._connection(slug),
            body["path"],
            size=body["size"],
            modified=body["modified"],
            replace=body["replace"],
            by=self.member.user,
        )
        return Response(serializers.UploadAnswer(progress).data, status=201)


class OfUpload(DataView):
    """A view of one upload of the person."""

    def _upload(self, slug: str, upload: str) -> Upload:
        mine = Upload.objects.for_team(self.member.team).filter(user=self.member.user)
        row: Upload = get_object_or_404(
            mine.select_related("connection"), connection=self._connection(slug), key=upload
        )
        return row


class OneUpload(OfUpload):
    """One upload."""

    @extend_schema(operation_id="uploads_get", responses=serializers.UploadAnswer)
    def get(self, request: Request, slug: str, upload: str) -> Response:
        """The upload, and which parts have come whole."""
        return Response(serializers.UploadAnswer(uploading.look(self._upload(slug, upload))).data)

    @extend_schema(operation_id="uploads_cancel", responses={204: None})
    def delete(self, request: Request, slug: str, upload: str) -> Response:
        """Cancel the upload; its parts are deleted."""
        uploading.abort(self._upload(slug, upload))
        return Response(status=204)


class UploadPart(OfUpload):
    """A part of an upload."""

    @extend_schema(operation_id="uploads_put_part", request=_BYTES, responses={204: None})
    def put(self, request: Request, slug: str, upload: str, part: int) -> Response:
        """Write a part out of the body; parts may come in any order, at the same time, and again."""
        upload_row = self._upload(slug, upload)
        with spooled(request) as (body, size):
            uploading.put_part(upload_row, part, body, size)
        return Response(status=204)


class CompleteUpload(OfUpload):
    """The end of an upload."""

    @takes(ReplaceQuery)
    @extend_schema(operation_id="uploads_complete", request=None, responses=serializers.ObjectAnswer)
    def post(self, request: Request, slug: str, upload: str) -> Response:
        """Make the object, once all parts are there."""
        uri = uploading.complete(
            self._upload(slug, upload),
            replace=self.words["replace"],
            by=self.member.user,
            token=self.token,
        )
        return Response(serializers.ObjectAnswer({"uri": uri}).data)
