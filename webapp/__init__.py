"""The Django project: settings, urls, Celery and the health endpoints. Wiring, nothing else."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
