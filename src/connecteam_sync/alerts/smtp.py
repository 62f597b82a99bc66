"""Conversations with a mail server that have an end: one moment for all its answers, and more time for the last one."""

from __future__ import annotations

import smtplib
import time

ANSWER_SECONDS = 40
"""For so long a server that has the whole letter may look at it before it says whether it takes it.

Many do then what takes long: they ask others about the sender, or search it for viruses. Whoever goes before the answer
does not know, and would send the letter again.
"""
_SHORTEST = 0.1
_END = b"\r\n.\r\n"


class Conversation(smtplib.SMTP):
    """As `smtplib` holds it, but that nothing of it lasts beyond `ends` (seconds of `time.monotonic`).

    Once the whole letter is sent, `ends` moves by `ANSWER_SECONDS`. What comes too late raises TimeoutError, what is
    cut off what `smtplib` raises. At the end the server is told, and its goodbye is not waited for: it has said by then
    whether it takes the letter.
    """

    ends: float | None = None
    """None: it just begins, and each answer has the time of the connection."""

    def getreply(self) -> tuple[int, bytes]:
        """The next answer. Raises TimeoutError, SMTPServerDisconnected."""
        if self.ends is None:
            return super().getreply()
        left = self.ends - time.monotonic()
        if left <= 0 or self.sock is None:
            raise TimeoutError
        self.sock.settimeout(max(_SHORTEST, left))
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected:
            if time.monotonic() >= self.ends:
                raise TimeoutError from None
            raise

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        """Send a command, or the letter, whose end nothing else ends with."""
        super().send(s)
        if self.ends is not None and isinstance(s, bytes) and s.endswith(_END):
            self.ends += ANSWER_SECONDS

    def leave(self) -> None:
        """Say goodbye, if anybody is there, and go."""
        try:
            if self.sock is not None:
                self.putcmd("quit")
        except (smtplib.SMTPException, OSError):
            pass  # it has gone first
        finally:
            self.close()


class SecureConversation(Conversation, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""
