"""A test of every receiver of alerts, for whoever asks whether a message arrives."""

from __future__ import annotations

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConfigurationError


def receiver_names(settings: Settings) -> tuple[str, ...]:
    """Who is told of alerts, by name. Raises ConfigurationError where something is missing or cannot be used."""
    return receivers_of(settings).names


def trial(client: ConnecteamSync) -> dict[str, str | None]:
    """Send a test to every receiver: why it did not take it, or None, by name.

    Raises ConfigurationError if there is none, or if one cannot be used.
    """
    receivers = receivers_of(client.settings)
    if not receivers.every:
        raise ConfigurationError(
            "nobody is told of alerts",
            next_step="set CONNECTEAM_SYNC_SMTP_URL and alerts_email_to, or alerts_webhook_url and"
            " CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET, or CONNECTEAM_SYNC_ALERTS_APPRISE_URLS",
        )
    if "apprise" in receivers.names:
        from connecteam_sync.alerts.others import require_apprise  # noqa: PLC0415 - an extra

        require_apprise()
    return Teller(client, receivers).test()
