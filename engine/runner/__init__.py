"""Running jobs: plan, instances, the request window, ordered assembly, logs, recovery."""

from __future__ import annotations

from engine.runner.service import Runner

__all__ = ["Runner"]
