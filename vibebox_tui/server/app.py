"""One server: start, serve, stop."""

from vibebox_tui.server.settings import ServerSettings


class Server:
    """REST and WebSockets over real environments, on one port or one Unix socket.

    `await start()` returns once it answers; `await serve()` starts it, and returns after
    SIGTERM, SIGINT or `stop()`; `await stop()` ends it within `settings.stop_seconds`.
    Also an asynchronous context manager: started inside, stopped after it.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings

    @property
    def address(self) -> str:
        """Where clients find it: `http://127.0.0.1:3000/api/v1` or `unix:/…/server.sock`."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open the store, take up what still runs, and listen.

        Raises:
            ServerError: the port is in use, a certificate or the data directory is no good,
                or another server has the same data directory.
        """
        raise NotImplementedError

    async def serve(self) -> None:
        """Start, and run until SIGTERM, SIGINT or `stop()`."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every connection with 1012, finish what is under way, release everything."""
        raise NotImplementedError

    async def __aenter__(self) -> "Server":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
