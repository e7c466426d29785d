"""A project of all the apps of the corpus that go together: only its migrations are loaded, nothing is served."""

SECRET_KEY = "no secret: nothing is served"
USE_TZ = True
SITE_ID = 1
STATIC_URL = "/static/"
STATICFILES_DIRS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
WAGTAIL_SITE_NAME = "corpus"
WAGTAILADMIN_BASE_URL = "http://localhost"
CMS_CONFIRM_VERSION4 = True
CONSTANCE_BACKEND = "constance.backends.database.DatabaseBackend"
ROOT_URLCONF = "benchmarks.corpus.settings"
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request", "sekizai.context_processors.sekizai",
    "cms.context_processors.cms_settings",
]  # fmt: skip
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
    }
]
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sites", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.admin",
    "wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.contrib.search_promotions", "wagtail.embeds",
    "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search",
    "wagtail.admin", "wagtail", "modelcluster", "taggit",
    "cms", "menus", "sekizai", "treebeard", "filer", "easy_thumbnails",
    "allauth", "allauth.account", "allauth.mfa", "allauth.socialaccount", "allauth.usersessions",
    "oauth2_provider", "django_otp", "django_otp.plugins.otp_email", "django_otp.plugins.otp_hotp",
    "django_otp.plugins.otp_static", "django_otp.plugins.otp_totp",
    "rest_framework", "rest_framework.authtoken", "guardian", "django_celery_beat", "django_celery_results",
    "reversion", "constance",
    "reversible_migrations",
]  # fmt: skip
