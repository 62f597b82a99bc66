"""Doorbells of several accounts at one listener: the token in the address says whose they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.client_bells import webhook_secrets
from connecteam_sync.config import Settings
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.core.fleet import Priority
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.hooks import PATH, Hooks
from connecteam_sync.service.web import refusal
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns


class FleetHooks:
    """The doorbells of each account that has a secret. A delivery is answered once it is on record, and once the
    account is called to work: both may be done twice.
    """

    def __init__(self, settings: Mapping[str, Settings], control: ControlDatabase) -> None:
        self._control, self._settings = control, settings
        self._hooks = {
            name: Hooks(one, secrets=Secrets(*secrets), stored=self._caller(name, one.settle_seconds))
            for name, one in settings.items()
            if (secrets := webhook_secrets(one.secrets)) is not None
        }

    def _caller(self, account: str, seconds: int) -> Callable[[], None]:
        def call() -> None:
            with self._control.writing("calling an account") as connection:
                turns = Turns(self._control.dialect)
                turns.call(connection, account, seconds=seconds, priority=Priority.BELL)

        return call

    @property
    def unknown(self) -> tuple[str, ...]:
        """The accounts whose address is not known yet."""
        return tuple(name for name, hooks in self._hooks.items() if hooks.token is None)

    def learn(self) -> dict[str, str]:
        """Ask the accounts' databases for the addresses that are not known; what failed, by account."""
        failed = {}
        for name in self.unknown:
            try:
                with ConnecteamSync(settings=self._settings[name]) as mirror:
                    self._hooks[name].token = mirror.webhook_token()
            except ConnecteamSyncError as error:
                failed[name] = error.message
        return failed

    def routes(self) -> list[Route]:
        """Its one route."""
        return [Route(f"{PATH}/{{token}}", self.hear, methods=["POST"])]

    async def hear(self, request: Request) -> Response:
        """Answer a delivery. While an address is not known any may be meant: it is to come again."""
        token = request.path_params["token"]
        for hooks in self._hooks.values():
            if hooks.knows(token):
                return await hooks.heard(request)
        return refusal(503, headers={"retry-after": "60"}) if self.unknown else refusal(404)

    def paths(self) -> dict[str, str]:
        """The path of each account's address, as far as it is known."""
        return {name: hooks.path for name, hooks in self._hooks.items() if hooks.path is not None}

    def close(self) -> None:
        """Give back the connections."""
        for hooks in self._hooks.values():
            hooks.close()
