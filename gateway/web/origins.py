"""Which web pages may have payloads opened: Temporal's own, where those who run this say so."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_CODEC = "/codec/"


class CodecOrigins:
    """Middleware that lets browsers call the codec from pages of certain origins, and nothing else from elsewhere."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._for_pages = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type", "X-Namespace"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        of_codec = scope["type"] == "http" and scope["path"].startswith(_CODEC)
        await (self._for_pages if of_codec else self._app)(scope, receive, send)
