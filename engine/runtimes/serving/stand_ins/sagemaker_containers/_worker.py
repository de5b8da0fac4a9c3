"""The answer that scripts return."""

from __future__ import annotations

from typing import Any

import flask

from sagemaker_containers import _content_types


class _JsonResponse(flask.Response):
    """A Flask response that is JSON unless `mimetype` says otherwise. `accept` is ignored, as in the images."""

    default_mimetype = _content_types.JSON

    def __init__(
        self,
        response: Any = None,
        accept: Any = None,
        status: Any = 200,
        headers: Any = None,
        mimetype: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        super().__init__(response, status, headers, mimetype, None, direct_passthrough)


#: Its public name.
Response = _JsonResponse
