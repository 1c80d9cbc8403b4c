"""django-helpdesk as its documentation installs it, with mail to nowhere and no debugging."""

import os
from urllib.parse import urlsplit

_address = urlsplit(os.environ["PEER_DATABASE_URL"])

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "peer.urls"
USE_TZ = True
SITE_ID = 1
STATIC_URL = "static/"
LOGIN_URL = "helpdesk:login"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_TEAMS_MODEL = "auth.User"
HELPDESK_TEAMS_MIGRATION_DEPENDENCIES: list[str] = []
HELPDESK_KBITEM_TEAM_GETTER = {}.get  # no article belongs to a team
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.humanize",
    "django.contrib.messages", "django.contrib.sessions", "django.contrib.sites", "django.contrib.staticfiles",
    "helpdesk", "rest_framework", "django_cleanup.apps.CleanupConfig",
]  # fmt: skip
MIDDLEWARE = [
    "peer.statements.Statements",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": _address.path.lstrip("/"), "USER": _address.username,
        "PASSWORD": _address.password, "HOST": _address.hostname, "PORT": _address.port, "CONN_MAX_AGE": 600,
    }
}  # fmt: skip
