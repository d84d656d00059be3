"""E-mail by SMTP, with STARTTLS or TLS from the start, and a login.

A message bears the same Message-ID at each attempt, by which mail servers drop what they have; all messages of one alert
refer to one thread.
"""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import Final

from api.channels.notice import Notice, Parcel
from api.channels.port import AwayError, BarredError, ChannelError, PartlyError, RefusedError
from api.channels.tls import client_context, is_certificate_fault
from api.channels.wording import Language, worded
from detector.times import from_microseconds

__all__ = ["Mail", "Security", "message_of"]

HIGHEST: Final = "1"
"""The value of X-Priority that mail programs mark."""


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Mail:
    """Sends notices to some recipients through one mail server."""

    supervised_s = None

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security,
        login: tuple[str, str] | None,
        sender: str,
        recipients: Sequence[str],
        language: Language,
        authorities: str | None,
        timeout_s: float,
    ) -> None:
        self._host, self._port = host, port
        self._security = security
        self._login = login
        self._sender = sender
        self._recipients = tuple(recipients)
        self._language = language
        self._context = client_context(authorities)
        self._timeout_s = timeout_s

    @property
    def target(self) -> str:
        """The server; the recipients are persons."""
        return f"{self._host}:{self._port}"

    def send(self, parcel: Parcel, /) -> None:
        """Hand one message over for all recipients."""
        message = message_of(parcel, sender=self._sender, recipients=self._recipients, language=self._language)
        try:
            server = self._connected()
            try:
                refused = server.send_message(message, self._sender, self._recipients)
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except (smtplib.SMTPException, OSError) as error:
            raise meaning(error) from error
        if refused:
            raise PartlyError(f"{len(refused)} of {len(self._recipients)} recipients were refused")

    def _connected(self) -> smtplib.SMTP:
        server: smtplib.SMTP
        if self._security is Security.TLS:
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            if self._security is Security.STARTTLS:
                server.starttls(context=self._context)
            if self._login is not None:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server

    def supervise(self) -> None:
        """Nothing is asked of a mail server without a message."""

    def close(self) -> None:
        """No connection is kept."""


def message_of(parcel: Parcel, *, sender: str, recipients: Sequence[str], language: Language) -> EmailMessage:
    """A notice as a message in plain text."""
    notice = parcel.notice
    text = worded(notice, language)
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = f"{notice.site}: {text.headline}"
    message["Date"] = format_datetime(from_microseconds(notice.at_us))
    message["Message-ID"] = f"<{parcel.id}@{domain}>"
    message["References"] = f"<{thread_of(notice)}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if notice.priority == "high":
        message["X-Priority"] = HIGHEST
    message.set_content(text.body)
    message["Content-Language"] = language.value
    return message


def thread_of(notice: Notice) -> str:
    """Names what all messages about one thing have in common."""
    return f"wingwatch.{notice.subject.replace('/', '.')}"


def meaning(error: Exception) -> ChannelError:
    """What an error of the mail server means for the notice; its text is not repeated, which may name people."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return temporary(error.smtp_code, "login") or BarredError(f"login: SMTP {error.smtp_code}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return BarredError("the server offers no STARTTLS or no login")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max(code for code, _ in error.recipients.values())
        return temporary(code, "recipients") or BarredError(f"all recipients are refused: SMTP {code}")
    if isinstance(error, smtplib.SMTPSenderRefused):
        return temporary(error.smtp_code, "sender") or BarredError(f"the sender is refused: SMTP {error.smtp_code}")
    if isinstance(error, smtplib.SMTPDataError):
        return temporary(error.smtp_code, "message") or RefusedError(f"the message is refused: SMTP {error.smtp_code}")
    if is_certificate_fault(error):
        return BarredError("the server's certificate is not valid for its name")
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return AwayError("no answer in time")
    if isinstance(error, ssl.SSLError):
        return AwayError("no TLS")
    return AwayError(f"no connection ({type(error).__name__})")


def temporary(code: int, what: str) -> AwayError | None:
    """The error for an answer that asks for another attempt; None if it is final."""
    return AwayError(f"{what}: SMTP {code}") if code < 500 else None
