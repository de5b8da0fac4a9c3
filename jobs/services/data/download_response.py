"""The HTTP response of a download, for pages and the API."""

from __future__ import annotations

from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from jobs.services.data.downloading import Download


def download_response(download: Download) -> HttpResponseBase:
    """A response that browsers save as a file, or a redirect to the object.

    It is never shown in the browser: an object could be a page with scripts.
    """
    if download.url:
        return HttpResponseRedirect(download.url)
    response = StreamingHttpResponse(download.body or iter(()), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, download.filename)
    response["Content-Length"] = str(download.size - download.start)
    # A download that was cut off goes on with the rest, if the object is still the same.
    response["Accept-Ranges"] = "bytes"
    if download.etag:
        response["ETag"] = f'"{download.etag}"'
    if download.start:
        response.status_code = 206
        response["Content-Range"] = f"bytes {download.start}-{download.size - 1}/{download.size}"
    return response
