"""The one kind of error for everything on this machine that keeps a server from running."""


class ServerTrouble(RuntimeError):  # noqa: N818 - its kinds are named after the state they find
    """A server cannot run here; the message says why, and what mends it, in words for whoever started it."""
