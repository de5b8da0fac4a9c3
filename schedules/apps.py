from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"
    verbose_name = "Schedules"

    def ready(self) -> None:
        """Register what starts the runs of presets, the use of presets by schedules, and what their runs will cost."""
        from jobs.services.listing import forecast
        from jobs.services.submitting import presets
        from schedules import run_handlers
        from schedules.lifecycle.preset_runs import PresetRuns, count_schedules
        from schedules.services.planned_costs import planned_costs

        run_handlers.register(PresetRuns())
        presets.add_use(count_schedules)
        forecast.add_plans(planned_costs)
