"""Fires EventBridge's rules and Scheduler's schedules."""

from engine.orchestration.schedules.clock import ScheduleClock

__all__ = ["ScheduleClock"]
