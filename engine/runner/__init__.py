"""Runs transform jobs: planning, instances, requests, assembly of outputs, logs, recovery."""

from __future__ import annotations

from engine.runner.service import Runner

__all__ = ["Runner"]
