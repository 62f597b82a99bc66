"""The webhooks of this database in Connecteam's settings: listed, registered, given another secret, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.webhooks import RawWebhook, Webhooks
from connecteam_sync.core.text import one_line
from connecteam_sync.core.webhooks import Wanted, Webhook, address, is_ours, registering, shown_url
from connecteam_sync.errors import ConfigurationError

_LONGEST = 191


class Registrations:
    """The webhooks of one account, as seen from the database with this token. Every method raises UpstreamError."""

    def __init__(self, client: Callable[[], Connecteam], *, token: str) -> None:
        self._client, self._token = client, token

    @property
    def _webhooks(self) -> Webhooks:
        return Webhooks(self._client())

    def all(self) -> tuple[Webhook, ...]:
        """Every webhook of the account, by id."""
        return tuple(map(self._seen, self._webhooks.all()))

    def register(self, root: str, secret: str, clocks: Mapping[int, str]) -> tuple[Webhook, ...]:
        """Have every event of these time clocks, and of people, delivered below a public root; what there is then.

        What is there already is changed, and what is of no use any more removed: a second call makes nothing new.
        Raises ConfigurationError if the root is none.
        """
        url = address(root, self._token)
        if url is None:
            raise ConfigurationError(
                "the public address is none that Connecteam could reach",
                next_step="name the root of an https address, such as https://hours.example.com, with --url",
            )
        doing = registering(self.all(), clocks)
        webhooks = self._webhooks
        for webhook, wanted in doing.change:
            webhooks.change(webhook.id, _body(wanted, url, secret))
        for wanted in doing.make:
            webhooks.create(_body(wanted, url, secret))
        for webhook in doing.remove:
            webhooks.remove(webhook.id)
        return tuple(webhook for webhook in self.all() if webhook.is_ours)

    def rotate(self, secret: str) -> tuple[Webhook, ...]:
        """Have all of ours bring this secret from now on; which. Deliveries under way still bring the one before."""
        ours = tuple(webhook for webhook in self.all() if webhook.is_ours)
        for webhook in ours:
            self._webhooks.change(webhook.id, {"secretKey": secret})
        return ours

    def remove(self) -> tuple[Webhook, ...]:
        """Remove all of ours; which."""
        ours = tuple(webhook for webhook in self.all() if webhook.is_ours)
        for webhook in ours:
            self._webhooks.remove(webhook.id)
        return ours

    def _seen(self, raw: RawWebhook) -> Webhook:
        ours = is_ours(raw.url, self._token)
        return Webhook(
            id=raw.id,
            name=one_line(raw.name, _LONGEST),
            feature=one_line(raw.feature_type, _LONGEST),
            time_clock_id=raw.time_clock_id,
            url=one_line(raw.url if ours else shown_url(raw.url), _LONGEST),
            events=tuple(one_line(event, _LONGEST) for event in sorted(raw.event_types)),
            is_disabled=raw.is_disabled,
            is_ours=ours,
        )


def _body(wanted: Wanted, url: str, secret: str) -> dict[str, object]:
    """The body that makes a webhook; another one becomes the same by it."""
    entity = {} if wanted.time_clock_id is None else {"entityId": str(wanted.time_clock_id)}
    return {
        "name": wanted.name,
        "url": url,
        "featureType": wanted.feature,
        "eventTypes": list(wanted.events),
        "secretKey": secret,
        "isDisabled": False,
        **entity,
    }
