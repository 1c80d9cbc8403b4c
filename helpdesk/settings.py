"""All settings. Values come from the environment or `.env`; the table is in README.md."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from helpdesk import env, mail_provider, own_files, palette, single_sign_on

BASE_DIR = Path(__file__).resolve().parent.parent
env.load(Path(os.environ.get("ENV_FILE", BASE_DIR / ".env")))

# --- What it is -----------------------------------------------------------------------------------
ENVIRONMENT = env.choice("ENVIRONMENT", "local", ("local", "production"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
DEMO = env.flag("DEMO", default=False)
env.refuse_unsafe(production=PRODUCTION, debug=DEBUG, demo=DEMO, secret_key=SECRET_KEY, hosts=ALLOWED_HOSTS)

COMPANY_NAME = env.text("COMPANY_NAME", "Northwind Supplies")
SUPPORT_EMAIL = env.text("SUPPORT_EMAIL", "support@example.com")
SITE_URL = env.web_address("SITE_URL", "http://127.0.0.1:8000")
os.umask(0o077)  # whatever this process writes is its owner's alone
VAR_DIR = own_files.folder("VAR_DIR", Path(env.text("VAR_DIR", str(BASE_DIR / "var"))))

# --- Triage ---------------------------------------------------------------------------------------
TRIAGE_THRESHOLD = env.fraction("TRIAGE_THRESHOLD", 0.75)
TRIAGE_MIN_MARGIN = env.fraction("TRIAGE_MIN_MARGIN", 0.05)
TRIAGE_TARGET_ERROR = env.optional_fraction("TRIAGE_TARGET_ERROR")
TRIAGE_TIMEOUT_SECONDS = env.whole("TRIAGE_TIMEOUT_SECONDS", 5, least=1)
TRIAGE_REPEAT_DAYS = env.whole("TRIAGE_REPEAT_DAYS", 14)
TRIAGE_AUDIT_SHARE = env.fraction("TRIAGE_AUDIT_SHARE", 0.1)
TRIAGE_AUDIT_SHARE_ESCALATED = env.fraction("TRIAGE_AUDIT_SHARE_ESCALATED", 0.01)
TRIAGE_RULE_ASKS_TWICE = env.fraction("TRIAGE_RULE_ASKS_TWICE", 0.05)
TRIAGE_FOUR_EYES = env.flag("TRIAGE_FOUR_EYES", default=False)
TRIAGE_LEARNING_SHARE = env.fraction("TRIAGE_LEARNING_SHARE", 0.2)
TRUST_PAGE = env.flag("TRUST_PAGE", default=False)
HELP_HELD_BACK_SHARE = env.fraction("HELP_HELD_BACK_SHARE", 0.05)
TRIAGE_LANGUAGE = env.text("TRIAGE_LANGUAGE", "en")
TRIAGE_ENCODER = env.optional_path("TRIAGE_ENCODER")
VECTOR_STORE = env.choice("VECTOR_STORE", "auto", ("auto", "exact", "faiss", "pgvector"))
TRIAGE_MODEL_DIR = Path(env.text("TRIAGE_MODEL_DIR", str(VAR_DIR / "models")))

# --- Tickets --------------------------------------------------------------------------------------
CLOSE_AFTER_SILENT_DAYS = env.whole("CLOSE_AFTER_SILENT_DAYS", 4, least=1)
RETENTION_DAYS = env.whole("RETENTION_DAYS", 0)  # customers not heard of for so long are erased; 0: nobody
BACKUP_KEEP_DAYS = env.whole("BACKUP_KEEP_DAYS", 0)  # said to who deletes an account; 0: no number is said
GUEST_LINK_DAYS = env.whole("GUEST_LINK_DAYS", 90, least=1)
AGENT_SIGNATURE = env.text("AGENT_SIGNATURE", "").replace("\\n", "\n")  # of agents who have none of their own
REPLY_HOLD_SECONDS = env.whole("REPLY_HOLD_SECONDS", 10)
RESPONSE_TARGET_HOURS = env.whole("RESPONSE_TARGET_HOURS", 8, least=1)
ATTACHMENT_MAX_BYTES = env.whole("ATTACHMENT_MAX_MB", 25, least=1) * 1024 * 1024
ATTACHMENTS_PER_MESSAGE = 10
UPLOAD_QUOTA_BYTES = env.whole("UPLOAD_QUOTA_GB", 20) * 1024**3  # of all attachments together; 0: no quota
UPLOAD_KEEP_FREE_BYTES = env.whole("UPLOAD_KEEP_FREE_MB", 500) * 1024**2
MESSAGE_MAX_CHARS = 100_000
VOICE_MODEL = env.optional_path("VOICE_MODEL")
VOICE_THREADS = env.whole("VOICE_THREADS", 2, least=1)
VOICE_KEEP_DAYS = env.whole("VOICE_KEEP_DAYS", 0)  # recordings; 0: as long as their ticket
WEBHOOK_INTERNAL_HOSTS = env.words(
    "WEBHOOK_INTERNAL_HOSTS", ""
)  # private ones that webhooks may go to, by name

# --- Drafts by a language model: docs/drafts.md; off as long as no address is named --------------------
LLM_URL = env.optional_web_address("LLM_URL")
LLM_MODEL = env.text("LLM_MODEL") if LLM_URL else env.text("LLM_MODEL", "")
LLM_KEY = env.text("LLM_KEY", "")
LLM_INTERNAL_HOSTS = env.words("LLM_INTERNAL_HOSTS", "")  # private ones that the model may be on, by name
LLM_ANSWERS = env.choice("LLM_ANSWERS", "schema", ("schema", "object", "text"))  # what is asked of its form
LLM_TIMEOUT_SECONDS = env.whole("LLM_TIMEOUT_SECONDS", 20, least=1)
LLM_MAX_TOKENS = env.whole("LLM_MAX_TOKENS", 600, least=16)  # of one answer
LLM_DAILY_TOKENS = env.whole("LLM_DAILY_TOKENS", 200_000)  # of all prompts and answers; 0: no budget
LLM_KEEP_DAYS = env.whole("LLM_KEEP_DAYS", 30, least=1)  # prompts and answers; bare figures stay

# --- Django ---------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "helpdesk",
    "triage",
    "triage.oversight",
    "triage.instruments.figures",
    "triage.answers.help",
    "triage.learning.runs",
    "triage.machines",
    "triage.drafts",
    "tickets",
    "tickets.watch",
    "tickets.desk",
    "tickets.macros",
    "tickets.links",
    "tickets.following",
    "tickets.tags",
    "tickets.fields",
    "tickets.teams",
    "tickets.invitations",
    "tickets.search",
    "tickets.channels.email",
    "tickets.channels.widget",
    "tickets.channels.voice",
    "tickets.service",
    "tickets.webhooks",
    "tickets.own_data",
    "accounts",
    "accounts.contract",
    "accounts.limits",
    "accounts.tokens",
    "accounts.signin",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",  # without a provider that is named it does nothing
    "axes",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",  # its tables, which a release before filled; we empty them
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "helpdesk.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpdesk.middleware.SecurityHeadersMiddleware",
    "helpdesk.middleware.ProblemsMiddleware",
    "helpdesk.maintenance.MaintenanceMiddleware",
    "helpdesk.middleware.NoNulMiddleware",
    "accounts.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.language.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "accounts.limits.middleware.LimitsMiddleware",
    "accounts.signin.middleware.SecondFactorMiddleware",
    "accounts.readers.ReadersMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
APPEND_SLASH = False

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
                "helpdesk.context.site",
                "triage.admin.oversight.head.context",
            ],
        },
    },
]

# What kind of process this is, ``helpdesk.gunicorn``, ``manage.py work`` and Celery say.
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        f"sqlite:///{VAR_DIR / 'helpdesk.sqlite3'}",
        base=BASE_DIR,
        waits=env.WAITS.get(os.environ.get("HELPDESK_PROCESS", ""), env.COMMAND_WAITS),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "helpdesk.caches.RedisElseMemory", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "helpdesk"},
}

LANGUAGE_CODE = "en-gb"
#: What customers' pages and mails are written in, each by its own name; desk, admin and API stay English.
LANGUAGES = [
    ("en-gb", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("pt", "Português"),
    ("nl", "Nederlands"),
]
LOCALE_PATHS = [BASE_DIR / "helpdesk/locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE = "Lax"
FORMAT_MODULE_PATH = "helpdesk.formats"
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"  # never served as files: only through the attachment view
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
#: A whole request, refused before it is read: the files of one message and what goes with them.
REQUEST_MAX_BYTES = ATTACHMENTS_PER_MESSAGE * ATTACHMENT_MAX_BYTES + DATA_UPLOAD_MAX_MEMORY_SIZE

# --- Who you are ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "accounts.passwords.LengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupDetailsForm"
ACCOUNT_FORMS = {
    "login": "accounts.entrance.LoginForm",
    "signup": "accounts.entrance.SignupForm",
    "reset_password": "accounts.entrance.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance.ResetPasswordKeyForm",
    "change_password": "accounts.entrance.ChangePasswordForm",
    "reauthenticate": "accounts.entrance.ReauthenticateForm",
    "add_email": "accounts.entrance.AddEmailForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# What mail and log-ins cost is bounded by LIMITS, below; allauth counts only what somebody who is logged in does.
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    ("login", "login_failed", "signup", "reset_password", "reset_password_from_key", "request_login_code")
)
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # the way in by mail for somebody whose password is locked

# Second factors: docs/sign-in.md
REQUIRE_SECOND_FACTOR = env.choice("REQUIRE_SECOND_FACTOR", "none", ("none", "supervisors", "staff"))
SECOND_FACTOR_MINUTES = env.whole("SECOND_FACTOR_MINUTES", 15, least=1)  # so long it counts for powers
MFA_ADAPTER = "accounts.signin.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a phone's clock may be off
MFA_RATE_LIMITS = {"webauthn_login": None}  # counted by LIMITS, below
MFA_FORMS = {
    "authenticate": "accounts.signin.forms.AuthenticateForm",
    "reauthenticate": "accounts.signin.forms.ReauthenticateForm",
    "activate_totp": "accounts.signin.forms.ActivateTOTPForm",
    "add_webauthn": "accounts.signin.forms.AddWebAuthnForm",
    "edit_webauthn": "accounts.signin.forms.EditWebAuthnForm",
}

INVITATION_DAYS = env.whole("INVITATION_DAYS", 7, least=1)  # so long the link of an invitation opens

# Single sign-on: docs/sign-in.md
SSO_LINK_STAFF = env.flag("SSO_LINK_STAFF", default=False)
SSO_SECOND_FACTOR = env.flag("SSO_SECOND_FACTOR", default=False)
SSO_ROLE_CLAIM = env.text("SSO_ROLE_CLAIM", "groups")
SSO_ROLE_GROUPS = single_sign_on.role_groups()
SOCIALACCOUNT_ADAPTER = "accounts.signin.sso.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # the provider's word is asked for instead, in the adapter
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {**single_sign_on.openid_connect(), **single_sign_on.saml()}

AXES_FAILURE_LIMIT = env.whole("LOGIN_FAILURE_LIMIT", 5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.whole("LOGIN_LOCK_MINUTES", 15, least=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = (
    False  # or whoever goes on trying would hold the lock for ever
)
AXES_CLIENT_IP_CALLABLE = "accounts.client_address.client_source"
AXES_USERNAME_CALLABLE = "accounts.lockout.login_name"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AXES_VERBOSE = False

# --- How often something may be done: by whom it is counted, and how much ------------------------------
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0)
LIMITS = {
    "login": env.limits("THROTTLE_LOGIN", address="20/min", network="200/min"),
    "second_factor": env.limits("THROTTLE_SECOND_FACTOR", person="30/hour"),
    "register": env.limits("THROTTLE_REGISTER", address="30/hour", network="200/hour", mailbox="5/hour"),
    "invite": env.limits("THROTTLE_INVITATIONS", person="60/hour", mailbox="5/hour"),
    "submit": env.limits("THROTTLE_SUBMIT", person="6000/min"),
    "guest_ticket": env.limits(
        "THROTTLE_GUEST_TICKETS", address="60/hour", network="300/hour", mailbox="10/hour"
    ),
    "message": env.limits("THROTTLE_MESSAGES", address="60/hour", network="300/hour", person="1000/hour"),
    "upload": env.limits("THROTTLE_UPLOADS", address="100MB/hour", network="500MB/hour", person="2GB/hour"),
    "voice": env.limits("THROTTLE_VOICE", address="30/hour", network="120/hour", person="120/hour"),
    "suggest": env.limits("THROTTLE_SUGGESTIONS", address="120/min", network="1200/min", person="120/min"),
    "draft": env.limits("THROTTLE_DRAFTS", person="120/hour"),
    # Mails to an address that nobody has proved to own: three at once, then one a day, never four within one.
    "claimed_mail": {"mailbox": (3, 3 * 86_401)},
    "account_mail": env.limits(
        "THROTTLE_ACCOUNT_MAIL", address="20/hour", network="100/hour", mailbox="5/hour"
    ),
}

# --- Mail: every message goes through the outbox; the worker delivers it -----------------------------
EMAIL_BACKEND = "tickets.mail.outbox.OutboxBackend"
EMAIL_URL = env.text("EMAIL_URL", "")
MAIL_DELIVERY_BACKEND = "helpdesk.mail_files.MailFiles"
EMAIL_FILE_PATH = VAR_DIR / "mail"
if EMAIL_URL:
    _mail = env.mail("EMAIL_URL", EMAIL_URL)
    MAIL_DELIVERY_BACKEND = _mail["EMAIL_BACKEND"]
    if MAIL_DELIVERY_BACKEND.endswith(".smtp.EmailBackend"):
        MAIL_DELIVERY_BACKEND = "tickets.mail.delivery.Backend"
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"] or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15  # seconds for one answer of the server; see tickets.delivery for the whole
MAIL_KEEP_DAYS = env.whole("MAIL_KEEP_DAYS", 30, least=1)  # the bytes of mails that came in
MAIL_SENDER_HOURLY = env.whole("MAIL_SENDER_HOURLY", 30, least=1)  # of one sender; what is more is put aside
MAIL_HARD_BOUNCES = env.whole(
    "MAIL_HARD_BOUNCES", 3, least=1
)  # final refusals until an address counts as dead
# A provider that hands mail over by webhook: docs/mail.md
MAIL_PROVIDER = env.choice("MAIL_PROVIDER", "", ("", *mail_provider.PROVIDERS))
ANYMAIL = mail_provider.anymail(MAIL_PROVIDER, env.text("MAIL_PROVIDER_SECRET", ""), SITE_URL)
DEFAULT_FROM_EMAIL = f"{COMPANY_NAME} <{SUPPORT_EMAIL}>"

# --- Background work: in process unless a broker is named ---------------------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "")
# Loaded by a Celery worker before it forks; who only sends a task needs no engine.
CELERY_IMPORTS = ["tickets.background.tasks", "triage.running.pipeline"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    # A request that hands over a job tries once; the job's row waits for the worker anyway.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.authentication.ApiTokenAuthentication",
        "accounts.tokens.authentication.FamilyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "helpdesk.api_parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "accounts.contract.schema.ContractSchema",
    "EXCEPTION_HANDLER": "helpdesk.api_errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "SIGNING_KEY": env.derived_key(SECRET_KEY, "jwt"),
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.families.Access"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Helpdesk API",
    "DESCRIPTION": "Tickets in, decisions out. Log in for a token, send it as `Authorization: Bearer …`.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "ModeEnum": "triage.models.Mode",
        "StatusEnum": "tickets.states.Status",
        "RunStateEnum": "triage.learning.runs.models.Run.State",
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.contract.schema.finish",
    ],
}

# Pages of other origins that may call the API from a browser, with a token; none: nothing is said of origins.
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS", "")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "api-version", "x-request-id",
]  # fmt: skip
CORS_EXPOSE_HEADERS = [
    "API-Version", "ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
]  # fmt: skip
if CORS_ALLOWED_ORIGINS:
    INSTALLED_APPS += ["corsheaders"]
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")

# --- Safety of the wire -----------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
CSRF_FAILURE_VIEW = "helpdesk.views.csrf_failure"
_ssl_redirect, _behind_proxy = env.flag("SSL_REDIRECT", default=True), env.flag("BEHIND_PROXY", default=False)
if PRODUCTION:
    SECURE_SSL_REDIRECT = _ssl_redirect
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from within, without the proxy
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if _behind_proxy:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Who may read /metrics; empty: nobody.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "helpdesk.logs.Line",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s",
        },
        "json": {"()": "helpdesk.logs.Json"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env.choice("LOG_FORMAT", "line", ("line", "json")),
        }
    },
    "root": {
        "handlers": ["console"],
        "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    },
    "loggers": {"axes": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}

# --- Admin: its theme --------------------------------------------------------------------------------
UNFOLD = palette.admin_theme(COMPANY_NAME, (BASE_DIR / "static/css/variables.css").read_text())

env.refuse_unknown()
