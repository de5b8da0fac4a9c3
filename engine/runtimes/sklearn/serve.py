"""The scikit-learn container in script mode, as a program: the user's own model_fn and friends behind HTTP.

Behaves as the SageMaker scikit-learn image does: SAGEMAKER_PROGRAM in the model's `code` folder (or in
SAGEMAKER_SUBMIT_DIRECTORY) must define `model_fn`; `input_fn`, `predict_fn`, `output_fn`, or `transform_fn` in
their place, may be given. Runs in its own environment and knows nothing of the engine.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from handlers import Handlers, UnsupportedType

#: Where the toolkit looks for the script when nothing says so.
DEFAULT_PROGRAM = "inference.py"


def find_script(model_dir: Path) -> Path:
    """The user's script. Raises SystemExit with the reason if there is none."""
    program = os.environ.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
    submitted = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    folders = [Path(submitted)] if submitted and "://" not in submitted else []
    folders += [model_dir / "code", model_dir]
    for folder in folders:
        if (folder / program).is_file():
            return folder / program
    raise SystemExit(
        f"There is no {program} in the model archive: put it in code/, or name it with SAGEMAKER_PROGRAM"
    )


def load_script(path: Path) -> ModuleType:
    """Import the script, its folder first on the path so that it finds its own modules."""
    if (path.parent / "requirements.txt").exists():
        sys.stdout.write(
            "code/requirements.txt is not installed: the environment is locked; what it has is used\n"
        )
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("user_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["user_script"] = module
    spec.loader.exec_module(module)
    return module


class Server:
    """The ASGI application. The user's code runs in one thread: models are rarely safe in several."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one HTTP request."""
        status, content_type, body = await self._answer(scope, receive)
        headers = [
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Any, receive: Any) -> tuple[int, str, bytes]:
        method, path = scope["method"], scope["path"]
        if (method, path) == ("GET", "/ping"):
            return 200, "text/plain", b""
        if (method, path) != ("POST", "/invocations"):
            return 404, "text/plain", b"Not Found"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        content_type = headers.get("content-type", "application/json")
        accept = headers.get("accept", "")
        accept = self._default_accept if accept in ("", "*/*") else accept
        loop = asyncio.get_running_loop()
        try:
            return 200, *await loop.run_in_executor(
                self._thread, self._handlers.run, body, content_type, accept
            )
        except UnsupportedType as error:
            return error.status, "text/plain", str(error).encode()
        except Exception:
            text = traceback.format_exc()
            sys.stderr.write(text)
            return 500, "text/plain", text.encode()


async def _read(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def main() -> None:
    """Load the script and the model, and serve."""
    model_dir = Path(os.environ.get("SAGEMAKER_MODEL_DIR", "/opt/ml/model"))
    script = find_script(model_dir)
    handlers = Handlers(load_script(script), str(model_dir))
    sys.stdout.write(f"{script.name}: model loaded\n")
    config = uvicorn.Config(
        Server(handlers),
        host="127.0.0.1",
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        backlog=2048,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=3600,
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
