"""Runs executions of pipelines. Their state is in the store alone, so that they survive the engine's end."""

from __future__ import annotations

from engine.orchestration.pipelines.service import PipelineService

__all__ = ["PipelineService"]
