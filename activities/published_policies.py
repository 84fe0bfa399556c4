"""Policies as workers need them: immutable once published, so each is read once."""

from temporalio.exceptions import ApplicationError

from domain.points import Points
from schemas.policy import Policy
from storage import policies
from storage.database import Pool


class PublishedPolicies:
    """Versions of policies, and the points of their post, kept in memory."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._policies: dict[str, Policy] = {}
        self._points: dict[str, Points] = {}

    async def version(self, version: str) -> Policy:
        """Return a version of a policy.

        Raises:
            ApplicationError: it was never published here; publishing it lets whoever waits for it go on.
        """
        if version not in self._policies:
            policy = await policies.version(self._pool, version)
            if policy is None:
                raise ApplicationError(
                    f"policy version {version} is not in the database: publish the pack that it came from",
                    type="PolicyNotPublished",
                )
            self._policies[version] = policy
        return self._policies[version]

    async def points(self, version: str) -> Points:
        """Return the points of its post, ready to be searched. Raises as `version` does."""
        if version not in self._points:
            self._points[version] = Points((await self.version(version)).post.points)
        return self._points[version]
