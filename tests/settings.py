"""Settings of the test suite: the product's own, without anything that lies in a developer's `.env`."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SCRATCH = tempfile.mkdtemp(prefix="helpdesk-tests-")
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

os.environ.update(
    ENV_FILE=os.devnull,
    ENVIRONMENT="local",
    DEBUG="off",
    DEMO="off",
    SECRET_KEY="a-key-for-tests-only-0123456789-0123456789-0123456789",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:"),
    CELERY_BROKER_URL="",
    REDIS_URL="",
    EMAIL_URL="",
    VAR_DIR=SCRATCH,
    TRIAGE_THRESHOLD="0.75",
    TRIAGE_MIN_MARGIN="0.05",
    TRIAGE_TARGET_ERROR="",
    TRIAGE_REPEAT_DAYS="14",
    COMPANY_NAME="Northwind Supplies",
    SUPPORT_EMAIL="support@example.com",
    SITE_URL="http://testserver",
    LOG_LEVEL="ERROR",
)

from helpdesk.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
]  # bcrypt costs a quarter of a second each
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  # whitenoise warns where it is missing
MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
REAL_DATA = Path(os.environ.get("HELPDESK_DATA", BASE_DIR.parent / "shared" / "data"))  # noqa: F405
