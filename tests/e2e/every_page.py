"""The pages that each look at all of them takes in."""

from __future__ import annotations


def every_page(job_path: str, failed_path: str, preset: str, schedule: str) -> dict[str, str]:
    """Paths by name: of a job that completed, of one that failed, and of the preset and the schedule of these slugs."""
    return {
        "home": "/",
        "jobs": "/jobs/",
        "causes": "/jobs/?group=cause",
        "all-columns": "/jobs/?cols=model,path,progress,cause,duration,cost,instance,connection,tags,owner,ended",
        "job": job_path,
        "failed": failed_path,
        "failed-log": f"{failed_path}logs/?stream=all&errors=1",
        "files": f"{job_path}files/",
        "results-filtered": f"{job_path}results/?filter=%3E0.5&row=2",
        "results": f"{job_path}results/",
        "logs": f"{job_path}logs/",
        "metrics": f"{job_path}metrics/",
        "request": f"{job_path}request/",
        "activity": f"{job_path}activity/",
        "run-again": f"{job_path}retry/",
        "archive-question": f"{job_path}archive/",
        "new-job": "/jobs/new/",
        "clone": f"/jobs/new/?from={job_path.strip('/').rpartition('/')[2]}",
        "browse": "/browse/?path=s3://batchdeck-samples/breast-cancer/data/part",
        "models": "/models/",
        "new-model": "/models/new/",
        "model": "/models/2/",
        "presets": "/presets/",
        "new-preset": f"/presets/new/?from={job_path.strip('/').rpartition('/')[2]}",
        "preset": f"/presets/{preset}/",
        "preset-used": f"/jobs/new/?preset={preset}",
        "schedules": "/schedules/",
        "schedules-next": "/schedules/next/",
        "new-schedule": f"/schedules/new/?preset={preset}",
        "schedule": f"/schedules/{schedule}/",
        "edit-schedule": f"/schedules/{schedule}/edit/",
        "connections": "/connections/",
        "connection": "/connections/engine/",
        "new-connection": "/connections/new/",
        "prices": "/connections/engine/prices/",
        "costs": "/costs/",
        "account": "/account/",
        "team": "/team/",
        "tokens": "/team/tokens/",
        "team-activity": "/team/activity/",
    }
