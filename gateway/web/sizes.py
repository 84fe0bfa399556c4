"""Saying that a body is too large in the words of the interface: the framework, by itself, says so in bare text."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import ProblemError
from gateway.web.telling import tell


class Sizes:
    """Middleware around what limits bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        told = False

        async def sent(message: Message) -> None:
            nonlocal told
            if _is_bare(message):
                told = True
                too_large = ProblemError(413, "the body is larger than anything that is taken here: shorten it")
                await tell(scope, receive, send, too_large)
            elif not told:
                await send(message)

        await self._app(scope, receive, sent)


def _is_bare(message: Message) -> bool:
    if message["type"] != "http.response.start" or message["status"] != 413:
        return False
    return any(name == b"content-type" and value.startswith(b"text/plain") for name, value in message["headers"])
