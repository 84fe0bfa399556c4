"""How a server runs that refuses to run as root, when root starts it."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple, Self

from local.trouble import ServerTrouble


class NotReachable(ServerTrouble):
    """A file or folder is out of reach of the account that a server has to run as."""


class Account(NamedTuple):
    """An account of this machine, with its first group."""

    name: str
    uid: int
    gid: int

    @classmethod
    def nobody(cls) -> Self:
        """Take the account that every system keeps for programs without rights of their own."""
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @classmethod
    def owner_of(cls, path: Path) -> Self:
        """Take the account and the group that own a file; an account without a name is named by its number."""
        found = path.stat()
        try:
            name = path.owner()
        except KeyError:
            name = str(found.st_uid)
        return cls(name, found.st_uid, found.st_gid)

    def own(self, path: Path) -> None:
        """Make a file belong to this account."""
        os.chown(path, self.uid, self.gid)

    def require_reach(self, path: Path) -> None:
        """Make sure that this account can walk to `path`, read it, and enter or run it.

        Raises:
            NotReachable: it cannot; the message names what is in the way, and the mend.
        """
        steps = [(folder, stat.S_IXOTH) for folder in reversed(path.parents)]
        for step, needed in [*steps, (path, stat.S_IXOTH | stat.S_IROTH)]:
            if not self._may(step, needed):
                raise NotReachable(
                    f"{step} is closed to the account {self.name} (mode {stat.S_IMODE(step.stat().st_mode):04o}), "
                    f"which has to reach {path}: PostgreSQL refuses to run as root, so it runs as {self.name}. "
                    f"Run this as an ordinary account instead, or do it in a folder that every account may enter, "
                    f"such as /srv or /var/tmp."
                )

    def _may(self, path: Path, needed: int) -> bool:
        """Answer as the kernel does: the first class that fits decides, even if a later one would allow more."""
        found = path.stat()
        if found.st_uid == self.uid:
            needed <<= 6
        elif found.st_gid == self.gid:
            needed <<= 3
        return found.st_mode & needed == needed


class Guise(NamedTuple):
    """How to run a program: as another account, or behind a command that comes before it; as it is by default."""

    account: Account | None = None
    prefix: tuple[str, ...] = ()


def not_as_root(owner: Account | None, program: Path, folder: Path) -> Guise:
    """Find a way for root to run a program that refuses root: as `nobody`, or as the owner of its data if there is any.

    Where that account may not enter (a project under /root, a temporary folder), the program runs in a user namespace
    in which root has another number: it is not root to itself, and root's files are its own.

    Raises:
        NotReachable: the account cannot reach the program or the folder, and this system has no such namespaces.
    """
    account = owner or Account.nobody()
    try:
        if account.uid != 0:
            account.require_reach(program)
            account.require_reach(folder)
            return Guise(account)
    except NotReachable:
        if owner or not namespaces():
            raise
    return Guise(prefix=_NAMESPACE)


_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


def namespaces() -> bool:
    """Whether this system lets us make user namespaces: many containers do not."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
