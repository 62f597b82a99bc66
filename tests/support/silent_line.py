"""A line to a server that can fall silent: what is connected stays so, and nothing comes through any more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Listens on `port` of 127.0.0.1, and passes everything on to another port."""

    def __init__(self, behind: int) -> None:
        self._behind, self._listening = behind, socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> int:
        """Nothing comes through the connections that there are; later ones are good. How many there are."""
        self._silent.update(self._sockets)
        return len(self._silent)

    def close(self) -> None:
        """End every connection."""
        for one in (self._listening, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                self._sockets += [near, far]
                for here, there in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(here, there), daemon=True).start()

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while said := here.recv(65_536):
                if here not in self._silent:
                    there.sendall(said)
            if here not in self._silent:
                there.shutdown(socket.SHUT_WR)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a server of this machine."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
