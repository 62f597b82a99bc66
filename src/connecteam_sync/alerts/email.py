"""Alerts by e-mail: SMTP with TLS from the first byte or by STARTTLS; a password never goes in the clear."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import ExitStack
from email.message import EmailMessage
from email.utils import formatdate
from zoneinfo import ZoneInfo

from connecteam_sync.alerts.receiver import NotSent, PartlySent
from connecteam_sync.alerts.smtp import ANSWER_SECONDS, Conversation, SecureConversation
from connecteam_sync.core.alerts import Message, body, title
from connecteam_sync.core.receivers import SmtpServer

_SHORTEST = 0.1


class Email:
    """A mail server and the people who get a message each; the sender is theirs to know, by default this machine.

    `mirror` is a word that no other mirror has: each attempt at a message has the same Message-ID, and those of two
    mirrors differ.
    """

    name = "email"
    grace = float(ANSWER_SECONDS)

    def __init__(
        self, server: SmtpServer, to: Sequence[str], sender: str | None, zone: ZoneInfo, *, mirror: str
    ) -> None:
        self._server, self._to, self._zone, self._mirror = server, tuple(to), zone, mirror
        self._sender = sender or f"connecteam-sync@{socket.gethostname() or 'localhost'}"

    def send(self, message: Message, seconds: float) -> None:
        """Send it to everybody at once, and wait `grace` seconds longer for the answer of a server that has it.

        Raises NotSent, PartlySent where some are refused.
        """
        try:
            server = self._opened(time.monotonic() + seconds)
            try:
                refused = server.send_message(self._letter(message), self._sender, self._to)
            finally:
                server.leave()
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent(f"the mail server does not take the login ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"the mail server does not take the message ({error.smtp_code})") from None
        except smtplib.SMTPException as error:
            raise NotSent(f"the mail server does not take the message ({type(error).__name__})") from None
        except ssl.SSLError as error:
            raise NotSent(f"no TLS with the mail server ({error.reason or type(error).__name__})") from None
        except (OSError, UnicodeError) as error:
            raise NotSent(f"the mail server does not answer ({type(error).__name__})") from None
        if refused:
            raise PartlySent(f"the mail server refuses {len(refused)} of {len(self._to)} receivers")

    def _opened(self, ends: float) -> Conversation:
        """A connection that may be used: encrypted where that can be had, and with a login only then."""
        server, left = self._server, max(_SHORTEST, ends - time.monotonic())
        secure = ssl.create_default_context()
        if server.is_tls:
            made: Conversation = SecureConversation(server.host, server.port, timeout=left, context=secure)
        else:
            made = Conversation(server.host, server.port, timeout=left)
        made.ends = ends
        with ExitStack() as unless_usable:
            unless_usable.callback(made.close)
            made.ehlo()
            is_encrypted = server.is_tls
            if not is_encrypted and made.has_extn("starttls"):
                made.starttls(context=secure)
                made.ehlo()
                is_encrypted = True
            if server.user is not None and server.password is not None:
                _require_encrypted(server, is_encrypted=is_encrypted)
                made.login(server.user, server.password)
            unless_usable.pop_all()
        return made

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = (
            title(message, self._zone),
            self._sender,
            ", ".join(self._to),
        )
        letter["Date"], letter["Message-ID"] = formatdate(), f"<{message.id}.{self._mirror}@connecteam-sync.invalid>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(body(message, self._zone))
        return letter


def _require_encrypted(server: SmtpServer, *, is_encrypted: bool) -> None:
    if not is_encrypted and not server.is_loopback:
        raise NotSent("the mail server offers no TLS, and a password does not go in the clear")
