"""All settings, in one file. What can be set from outside is read by `env`; `.env.example` lists every name.

PORTAL_PRODUCTION=1 switches to strict: keys from the environment, https only, no demo (RULINGS 11). Without it the portal
is embedded: SQLite, keys and broker socket live in PORTAL_DATA_DIR.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from mlops_portal import env

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = env.flag("PORTAL_PRODUCTION")
DEBUG = env.flag("PORTAL_DEBUG")
DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / "var"))).resolve()
if PRODUCTION and DEBUG:
    raise env.WrongSetting(
        "PORTAL_DEBUG shows code and settings to everybody; it cannot be on with PORTAL_PRODUCTION."
    )

# --- Keys ---------------------------------------------------------------------------------------------------------
if PRODUCTION:
    SECRET_KEY = env.text("PORTAL_SECRET_KEY")
    PORTAL_KEYS_FROM = "PORTAL_KEYS"
    PORTAL_KEYS = env.key_ring(env.text("PORTAL_KEYS"), PORTAL_KEYS_FROM)
else:
    SECRET_KEY = env.text("PORTAL_SECRET_KEY") or env.kept_secret(DATA_DIR / "secret_key")
    PORTAL_KEYS_FROM = "PORTAL_KEYS" if env.text("PORTAL_KEYS") else str(DATA_DIR / "keys")
    PORTAL_KEYS = env.key_ring(
        env.text("PORTAL_KEYS") or env.kept_key_ring(DATA_DIR / "keys"), PORTAL_KEYS_FROM
    )

# --- The portal's own switches ------------------------------------------------------------------------------------
# Which hosts beyond public https the portal may read (RULINGS 10). Empty: none.
PORTAL_EGRESS_ALLOW = env.text("PORTAL_EGRESS_ALLOW")
# How many connections that did not answer last time are read at the same moment; more for an installation of many workers.
PORTAL_SLOW_AT_ONCE = env.number("PORTAL_SLOW_AT_ONCE", 2, low=1)
# Demo people with one-click sign-in; the launcher sets it, on loopback only, never in production.
PORTAL_DEMO = env.flag("PORTAL_DEMO") and not PRODUCTION
# Set-up page without a token is for loopback; elsewhere this token, which the launcher prints, is asked for.
PORTAL_SETUP_TOKEN = env.text("PORTAL_SETUP_TOKEN")
# Kind -> class of every connector, loaded when it is needed (integrations/connectors/registry.py).
PORTAL_CONNECTORS = {
    "azure_devops": "integrations.connectors.azure_devops.connector.AzureDevopsConnector",
    "github": "integrations.connectors.github.connector.GithubConnector",
    "gitlab": "integrations.connectors.gitlab.connector.GitlabConnector",
    "jenkins": "integrations.connectors.jenkins.connector.JenkinsConnector",
    "mlflow": "integrations.connectors.mlflow.connector.MlflowConnector",
    "prometheus": "integrations.connectors.prometheus.connector.PrometheusConnector",
}
PORTAL_STYLEGUIDE = env.flag("PORTAL_STYLEGUIDE", default=DEBUG)

# --- Applications -------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "mlops_portal.apps.PortalConfig",
    "teams.apps.TeamsConfig",
    "assessments.apps.AssessmentsConfig",
    "integrations.apps.IntegrationsConfig",
    "insights.apps.InsightsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # allauth's page of passkeys loads its filters.
    "django.contrib.humanize",
    "treebeard",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
    "django_structlog",
    # Checks that only `dev.py check` runs (django_migration_linter); empty in every installation.
    *env.words("PORTAL_DEV_APPS"),
]
MIGRATION_LINTER_OPTIONS = {
    "sql_analyser": "postgresql",
    "exclude_apps": ["auth", "contenttypes", "sessions", "account", "mfa", "socialaccount"],
}
MIDDLEWARE = [
    "mlops_portal.lib.request_id.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mlops_portal.lib.compression.Compression",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "mlops_portal.urls"
WSGI_APPLICATION = "mlops_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mlops_portal.context.navigation",
            ],
        },
    }
]

# --- Database -----------------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
_database: dict[str, Any]
if DATABASE_URL:
    _parts = env.postgres(DATABASE_URL)
    _database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _parts.name,
        "USER": _parts.user,
        "PASSWORD": _parts.password,
        "HOST": _parts.host,
        "PORT": _parts.port,
        "CONN_MAX_AGE": 0,  # the pool keeps connections; a new one costs 1.35 ms against 0.026
        "OPTIONS": {
            # Prepared statements: PostgreSQL plans a query once per connection, not each time (0.2-0.4 ms).
            "server_side_binding": True,
            "prepare_threshold": 5,
            **_parts.options,
            "pool": {"min_size": 1, "max_size": env.number("PORTAL_DB_POOL", 8, low=1)},
        },
    }
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "portal.sqlite3",
        # IMMEDIATE and WAL: 0 lock errors against 860-1868 without (STACK 6).
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
                "PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;"
            ),
        },
        # A file: in-memory SQLite is flaky under a live server (STACK 5). Its own: two test runs may go on at once.
        "TEST": {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")},
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Queue and cache ----------------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
_broker, _cache = env.redis_urls(REDIS_URL or f"unix://{DATA_DIR / 'broker.sock'}")
CELERY_BROKER_URL = _broker
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # After kill -9 a message comes back within 19 s with these, 103 s without (STACK 2).
    "visibility_timeout": 900,
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 5,
    # A broker that is frozen, not gone, must not hold a page for ever; workers ask it for one second at a time.
    "socket_timeout": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TIMEZONE = "UTC"
# Beat only ticks: what is due stands in the database, so a tick that is late, doubled or lost changes nothing.
CELERY_BEAT_SCHEDULE = {
    "collect what is due": {
        "task": "integrations.dispatch_due_collections",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "sweep collections": {
        "task": "integrations.sweep_collections",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "rescore what lapsed": {
        "task": "assessments.rescore_lapsed",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "write the running week": {
        "task": "assessments.record_weeks",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Embedded there is one web process, so its memory is coherent; with a server the web processes share it.
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _cache}
        if REDIS_URL and PRODUCTION
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# --- People -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = env.words("PORTAL_PASSWORD_HASHERS", "django.contrib.auth.hashers.Argon2PasswordHasher")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "mlops_portal.accounts.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_FORMS = {
    "login": "mlops_portal.accounts.SignInForm",
    "change_password": "mlops_portal.accounts.PasswordForm",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("PORTAL_TRUSTED_PROXIES", 0)
MFA_FORMS = {"activate_totp": "mlops_portal.accounts.AuthenticatorAppForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"

# --- Web ----------------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.words("PORTAL_HOSTS", "" if PRODUCTION else "127.0.0.1 localhost [::1]")
CSRF_TRUSTED_ORIGINS = env.words("PORTAL_ORIGINS")
# A proxy that ends TLS (compose, Codespaces) is believed only when it is named so.
if env.flag("PORTAL_BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^api/"]  # the API refuses plain http, it never redirects
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "mlops_portal.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # 1 MiB, also for API bodies

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "mlops_portal.lib.plotly_static.PlotlyFinder",
]
_collects = not DEBUG and "pytest" not in sys.modules
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "mlops_portal.lib.static_storage.QuickManifestStorage"
            if _collects
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not _collects
WHITENOISE_AUTOREFRESH = DEBUG

# --- API ----------------------------------------------------------------------------------------------------------
# Requests a minute, by token or signed-in person.
PORTAL_API_LIMITS = {
    "read": env.number("PORTAL_API_READS_PER_MINUTE", 600, low=1),
    "write": env.number("PORTAL_API_WRITES_PER_MINUTE", 60, low=1),
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "teams.api.authentication.BearerToken",
        "teams.api.authentication.Session",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["teams.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["mlops_portal.lib.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["mlops_portal.lib.api.parsers.StrictJsonParser"],
    "DEFAULT_PAGINATION_CLASS": "mlops_portal.lib.api.pagination.Cursor",
    "DEFAULT_SCHEMA_CLASS": "teams.api.openapi.PortalSchema",
    "DEFAULT_THROTTLE_CLASSES": ["teams.api.throttles.PerMinute"],
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,  # Accept says it; `?format=` is an unknown parameter
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "mlops_portal.lib.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "iso-8601",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MLOps Portal API",
    "DESCRIPTION": "Maturity of ML teams: what is claimed, what is measured, and why.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "teams.api.openapi.add_shared_answers",
    ],
    "SERVE_PERMISSIONS": ["teams.api.permissions.HasScope"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
}

# --- Words and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "mlops_portal.formats"

# --- Logs ---------------------------------------------------------------------------------------------------------
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    # A person reads the time of day; a collector of logs needs the whole moment.
    structlog.processors.TimeStamper(fmt="iso" if PRODUCTION else "%H:%M:%S", utc=PRODUCTION),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
# lib/request_id.py has checked it, or made one.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": (
                structlog.processors.JSONRenderer()
                if PRODUCTION
                # The launcher reads its children through pipes; it knows whether it writes to a terminal.
                else structlog.dev.ConsoleRenderer(
                    colors=env.flag("PORTAL_LOG_COLOURS"), pad_event_to=0, pad_level=False
                )
            ),
            "foreign_pre_chain": _shared_processors,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.text("PORTAL_LOG_LEVEL", "INFO" if PRODUCTION else "WARNING"),
    },
}
