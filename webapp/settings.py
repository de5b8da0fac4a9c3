"""Every setting, read once from the environment; docs/settings.md says what each variable means.

A bare clone works with none of them: data goes to var/, the database is SQLite, the engine is absent.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from hosting.private_files import keep_files_private
from webapp import env
from webapp.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
# Every process of the dashboard reads this module first, so all that it writes is private.
keep_files_private()
DATA_DIR = env.private_folder("BATCHDECK_DATA_DIR", "var")

# Who may ask, and how.
DEBUG = env.flag("BATCHDECK_DEBUG")
SECRET_KEY = env.secret_key("BATCHDECK_SECRET_KEY", DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.items("BATCHDECK_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.items("BATCHDECK_TRUSTED_ORIGINS")
HTTPS = env.flag("BATCHDECK_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "teams.sessions"
CSRF_FAILURE_VIEW = "jobs.api.errors.csrf_failure"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# HSTS for subdomains, and for good in browsers' own lists, would speak for hosts that are not ours.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "teams",
    "help",
    "jobs",
    "results",
    "schedules",
    "deployments",
    "tuning",
    "notifications",
    "assistants",
]
MIDDLEWARE = [
    "teams.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.compression.GZipPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "webapp.zone.reader_zone",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "teams.middleware.current_team",
    "teams.middleware.session_use",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["webapp.templates.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": ["teams.templatetags.form_keys", "teams.templatetags.notices"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# What is kept, and where.
DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR / "batchdeck.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "staticfiles"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns at each start without it
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webapp.static.CollectedStaticFiles"},
}
# Before `collectstatic` has run, as in tests and a first start, files are served from where they lie.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# People.
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
# Wrong passwords: for an account from one address, for an account from all, for all accounts from an address.
AXES_HANDLER = "teams.attempts.LimitedAttempts"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
SIGN_IN_LIMITS = [5, 50, 30]
AXES_FAILURE_LIMIT = SIGN_IN_LIMITS[0]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "teams.views.locked_out"
AXES_CLIENT_IP_CALLABLE = "teams.addresses.client_address"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "old_password", "new_password1", "new_password2"]
AXES_VERBOSE = False
# Whose X-Forwarded-For is believed; by default that of a proxy on this machine.
TRUSTED_PROXIES = env.networks("BATCHDECK_TRUSTED_PROXIES", "127.0.0.1,::1")

# An OpenID Connect provider for sign-in, which is off without an issuer and a client.
OIDC_ISSUER = env.issuer("BATCHDECK_OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("BATCHDECK_OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("BATCHDECK_OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("BATCHDECK_OIDC_NAME", "single sign-on")
OIDC_SCOPES = env.text("BATCHDECK_OIDC_SCOPES", "openid profile email")
OIDC_GROUPS_CLAIM = env.text("BATCHDECK_OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUPS = env.group_roles("BATCHDECK_OIDC_GROUPS")

# Work in the background; the rows are the truth, the broker only a bell.
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A task still running after the visibility timeout is delivered a second time, so the timeout is longer
    # than any task may take. The restore options bring back what a killed worker held within seconds of
    # that, where kombu's defaults need a minute and a half more.
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
}
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_TIME_LIMIT = 55
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celery-beat")
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_BEAT_SCHEDULER = "webapp.beat:Scheduler"
# `expires`: after a pause of the workers one round is enough, not one for every tick that was missed.
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "poll": {"task": "jobs.tasks.poll_due_connections", "schedule": 2.0, "options": {"expires": 10}},
    "reconcile": {"task": "jobs.tasks.reconcile", "schedule": 5.0, "options": {"expires": 20}},
    "schedules": {
        "task": "schedules.tasks.take_due_schedules",
        "schedule": 1.0,
        "options": {"expires": 10},
    },
    "outputs": {"task": "results.tasks.read_due_outputs", "schedule": 5.0, "options": {"expires": 20}},
    "sums": {"task": "jobs.tasks.merge_sums", "schedule": 20.0, "options": {"expires": 20}},
    "budgets": {"task": "jobs.tasks.follow_budgets", "schedule": 10.0, "options": {"expires": 10}},
    "quotas": {"task": "jobs.tasks.read_due_quotas", "schedule": 30.0, "options": {"expires": 30}},
    # What is due is asked for: a list a day for each connection, and a new connection's soon.
    "prices": {"task": "jobs.tasks.read_due_prices", "schedule": 60.0, "options": {"expires": 60}},
    "sessions": {"task": "teams.tasks.clear_sessions", "schedule": 3600.0, "options": {"expires": 600}},
    "token-endings": {
        "task": "teams.tasks.announce_token_endings",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "account-mails": {"task": "teams.tasks.send_account_mails", "schedule": 3.0, "options": {"expires": 10}},
    "requests": {"task": "teams.tasks.forget_requests", "schedule": 600.0, "options": {"expires": 60}},
    "deployments": {"task": "deployments.tasks.reconcile", "schedule": 2.0, "options": {"expires": 10}},
    "tunings": {"task": "tuning.tasks.reconcile", "schedule": 2.0, "options": {"expires": 10}},
    "notifications": {"task": "notifications.tasks.reconcile", "schedule": 5.0, "options": {"expires": 10}},
    "old-notifications": {
        "task": "notifications.tasks.forget",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "engine-keys": {"task": "jobs.tasks.follow_engine_keys", "schedule": 15.0, "options": {"expires": 15}},
    "conversions": {"task": "jobs.tasks.convert_due_files", "schedule": 5.0, "options": {"expires": 20}},
    "uploads": {"task": "jobs.tasks.abort_old_uploads", "schedule": 600.0, "options": {"expires": 300}},
    "searches": {"task": "jobs.tasks.search_due_records", "schedule": 2.0, "options": {"expires": 10}},
    "trials": {"task": "jobs.tasks.remove_old_trials", "schedule": 600.0, "options": {"expires": 300}},
    "pulse": {"task": "jobs.tasks.beat_pulse", "schedule": 3.0, "options": {"expires": 10}},
}

# The address of this installation for people, for links in messages; empty if it is not known.
PUBLIC_URL = env.text("BATCHDECK_PUBLIC_URL").rstrip("/")

# Mail, which is off without a server.
EMAIL_SERVER = env.mail_server("BATCHDECK_EMAIL_URL")
EMAIL_IS_SET_UP = EMAIL_SERVER is not None
if EMAIL_SERVER is not None:
    EMAIL_HOST, EMAIL_PORT = EMAIL_SERVER.host, EMAIL_SERVER.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_SERVER.user, EMAIL_SERVER.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = EMAIL_SERVER.tls, EMAIL_SERVER.starttls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("BATCHDECK_EMAIL_FROM", "batchdeck@localhost")

# Where webhooks may go: public addresses, and these networks; https, unless http is allowed; these ports.
WEBHOOK_NETWORKS = env.networks("BATCHDECK_WEBHOOK_NETWORKS")
WEBHOOK_HTTP = env.flag("BATCHDECK_WEBHOOK_HTTP")
WEBHOOK_PORTS = env.ports("BATCHDECK_WEBHOOK_PORTS", "80,443,8080,8443")

# Files that people upload: the most bytes of one, of a part of one, and hours without a part after which it is aborted.
# S3 takes 10,000 parts, so parts grow with the largest file.
UPLOAD_MAX_SIZE = int(env.number("BATCHDECK_UPLOAD_GB", 100) * 1024**3)
UPLOAD_PART_SIZE = int(max(env.number("BATCHDECK_UPLOAD_PART_MB", 16), 5) * 1024**2)
UPLOAD_LARGEST_PART = max(UPLOAD_PART_SIZE, -(-UPLOAD_MAX_SIZE // (10_000 * 1024**2)) * 1024**2)
UPLOAD_HOURS = env.number("BATCHDECK_UPLOAD_HOURS", 48)

# Days after its end for which a trial's copies of records and its outputs are kept.
TRIAL_DAYS = env.number("BATCHDECK_TRIAL_DAYS", 30)

# How much of a job's inputs and outputs is read to compare their rows; 0 leaves rows alone.
ROWS_READ_LIMIT = int(env.number("BATCHDECK_ROWS_READ_MB", 256) * 1024 * 1024)

# Who may read /metrics; without one, only this machine.
METRICS_TOKEN = env.text("BATCHDECK_METRICS_TOKEN")

# The engine on this machine, if there is one.
ENGINE_URL = env.text("BATCHDECK_ENGINE_URL")
ENGINE_PUBLIC_URL = env.text("BATCHDECK_ENGINE_PUBLIC_URL", ENGINE_URL)
ENGINE_CREDENTIALS = Path(
    env.text("BATCHDECK_ENGINE_CREDENTIALS", str(DATA_DIR / "engine" / "credentials.json"))
)

# Where archives of samples are kept that are made on first use, for they are too large to come with the code.
SAMPLES_DIR = Path(env.text("BATCHDECK_SAMPLES_DIR", str(DATA_DIR / "samples")))

# Whether only the installation's staff add connections and change what they may use.
STAFF_CONNECTIONS = env.flag("BATCHDECK_STAFF_CONNECTIONS")

# Whether assistants may submit jobs by MCP, with a token that may.
MCP_SUBMIT = env.flag("BATCHDECK_MCP_SUBMIT")

# For how many days a new API token is good if nobody chooses, and at most; 0 is without an end.
TOKEN_DAYS = env.days("BATCHDECK_TOKEN_DAYS", 30)
TOKEN_MAX_DAYS = env.days("BATCHDECK_TOKEN_MAX_DAYS", 0)

# How many requests of the API a token, and all tokens of a team together, may send in a minute; 0 is no limit.
TOKEN_RATE = env.number("BATCHDECK_TOKEN_RATE", 6000)
TEAM_RATE = env.number("BATCHDECK_TEAM_RATE", 12000)

# How often SageMaker is called, a second, by all workers together in one account and region; 0 is no limit.
AWS_RATE = env.number("BATCHDECK_AWS_RATE", 10)
ENGINE_RATE = env.number("BATCHDECK_ENGINE_RATE", 0)
# Seconds between two looks at a connection's running jobs, and between two searches for jobs made outside. An engine
# is near and free to ask.
AWS_POLL_SECONDS = env.number("BATCHDECK_AWS_POLL_SECONDS", 10)
ENGINE_POLL_SECONDS = env.number("BATCHDECK_ENGINE_POLL_SECONDS", 1)
AWS_IMPORT_SECONDS = env.number("BATCHDECK_AWS_IMPORT_SECONDS", 60)
ENGINE_IMPORT_SECONDS = env.number("BATCHDECK_ENGINE_IMPORT_SECONDS", 5)

# Seconds between two polls of a part of a page: the first while its jobs run, or if it asks an engine, which is near;
# the second otherwise. Templates read it by the tag `poll_seconds`, scripts from the `data-every` of templates.
PAGE_POLL_SECONDS = {
    "home": (3, 15),
    "jobs": (3, 10),
    "causes": (15, 15),
    "job": (2, 2),
    "deployment": (2, 10),
    "log": (2, 2),
    "log-start": (2, 10),
    "log-streams": (20, 20),
    "metrics": (10, 60),
    "schedule": (3, 15),
    "delivery": (2, 2),
    "conversion": (2, 5),
    "tuning": (3, 3),
    "news": (15, 15),
}

# An SQS-compatible service for the queues of connections to engines; AWS has its own.
SQS_URL = env.text("BATCHDECK_SQS_URL").rstrip("/")

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobs.api.authentication.BearerAuthentication",
        "jobs.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["jobs.api.permissions.TeamRole"],
    "DEFAULT_THROTTLE_CLASSES": ["jobs.api.rate_limits.TokenRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.api.request_serializers.BodyParser"],
    "DEFAULT_PAGINATION_CLASS": "jobs.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "jobs.api.errors.handle",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Batchdeck API",
    "DESCRIPTION": "Submit, follow and stop Amazon SageMaker batch transform jobs.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "jobs.states.JobState",
        "ConnectionAnswerKindEnum": "jobs.models.connection.ConnectionKind",
        "Overlap": "schedules.states.Overlap",
        "CatchUp": "schedules.states.CatchUp",
        "ChannelKind": "notifications.models.ChannelKind",
        "DeliveryState": "notifications.models.DeliveryState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "jobs.api.schema.add_error_answers",
        "jobs.api.schema.require_fields_of_answers",
        "jobs.api.schema.close_requests",
        "webapp.api_examples.add_examples",
    ],
}

LOGGING = logging_settings(debug=DEBUG, as_json=env.flag("BATCHDECK_LOG_JSON"))
