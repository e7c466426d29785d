"""
Network or files in a migration: it waits for them with its locks held, and does not run where they are not.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from collections.abc import Iterator

from ...states import Level
from ..data_code import functions
from ..finding import Finding
from ..python_code import OutsideCall
from ..registry import MigrationRule
from ..subject import MigrationSubject

NETWORK = (
    "requests.", "httpx.", "urllib.request.", "urllib3.", "aiohttp.", "http.client.", "socket.", "smtplib.", "ftplib.",
    "paramiko.", "boto3.", "botocore.", "redis.", "kafka.", "pika.", "elasticsearch.", "django.core.mail.", "stripe.",
    "google.cloud.", "subprocess.",
)  # fmt: skip
FILES = (
    "builtins.open", "io.open", "codecs.open", "shutil.", "tempfile.", "glob.", "os.remove", "os.rename", "os.unlink",
    "os.makedirs", "os.mkdir", "os.rmdir", "os.walk", "os.listdir", "os.path.exists", "os.path.isfile",
    "os.path.getsize", "django.core.files.storage.",
)  # fmt: skip
HARMLESS = ("urllib.request.quote", "socket.gethostname", "requests.utils.", "requests.compat.")


class OutsideWorld(MigrationRule):
    code = "RM308"
    name = "network-or-files"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        has_files_beside = subject.source is not None and "__file__" in subject.source.text
        for operation, code in functions(subject, backwards=True):
            told: set[str] = set()
            for call in code.outside_calls:
                harm = harm_of(call, has_files_beside)
                if harm and call.name not in told:
                    told.add(call.name)
                    hint = f"Do it in a management command, and let {code.name} change rows only."
                    yield self.finding(operation, f"{code.name} calls {call.name}(): {harm}.", hint, call.line)


def harm_of(call: OutsideCall, has_files_beside: bool) -> str | None:
    """Return the harm that a call may do; files that come with the migration do none."""
    if call.origin.startswith(HARMLESS):
        return None
    if call.origin.startswith(NETWORK):
        return "the migration hangs or fails with what it calls, and keeps its locks meanwhile"
    if call.origin.startswith(FILES) and not has_files_beside:
        return "files are not those of the database, nor does undo bring them back"
    return None
