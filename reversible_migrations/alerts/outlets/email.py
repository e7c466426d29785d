"""Email, by Django's own mail: its host, its sender and its password are those of the project."""

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.core.mail import EmailMessage

from ...states import AlertLevel
from ..messages import Message
from .base import NotSent, Outlet


class Email(Outlet):
    """One mail to all of ``to``, from ``sender`` (``DEFAULT_FROM_EMAIL``)."""

    name, level = "email", AlertLevel.WARNING

    def __init__(self, to: Any, sender: str | None = None):
        if not isinstance(to, list | tuple) or not to or not all(isinstance(each, str) and "@" in each for each in to):
            raise ValueError("to must be a list of email addresses")
        self.to, self.sender = list(to), sender

    def send(self, message: Message) -> None:
        headers: dict[str, Any] = {"X-Reversible-Migrations-Alert": message.id, "Auto-Submitted": "auto-generated"}
        mail = EmailMessage(message.subject, message.body, self.sender, self.to, headers=headers)
        try:
            sent = mail.send()
        except SMTPRecipientsRefused as error:
            raise _refused(max(code for code, _ in error.recipients.values())) from None
        except SMTPResponseException as error:
            raise _refused(error.smtp_code) from None
        except SMTPException as error:
            raise NotSent(type(error).__name__, is_passing=True) from None
        if not sent:
            raise NotSent("the mail backend took no mail")


def _refused(status: int) -> NotSent:
    return NotSent(f"SMTP status {status}", is_passing=400 <= status < 500)
