"""The models of the schedules app."""

from schedules.models.input_object import InputObject
from schedules.models.schedule import Schedule
from schedules.models.scheduled_run import ScheduledRun

__all__ = ["InputObject", "Schedule", "ScheduledRun"]
