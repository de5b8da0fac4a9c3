"""Pages are sent compressed; everything else, such as an output, is sent as it is."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class GZipPages(GZipMiddleware):
    """Django's middleware, for HTML only. Its padding of random length protects secrets in compressed pages."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed if it is a page and the browser accepts that."""
        page = not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")
        return super().process_response(request, response) if page else response
