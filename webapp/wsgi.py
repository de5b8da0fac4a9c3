"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = get_wsgi_application()
# Every page is imported now, once before the fork, and not by each process while somebody waits for its first answer.
get_resolver().url_patterns  # noqa: B018
