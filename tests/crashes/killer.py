"""Whoever kills servers at random, and starts them again."""

import asyncio
from collections.abc import Mapping
from random import Random

from local.server import Server


class Killer:
    """Kills one or two servers at a time with SIGKILL; every choice comes from the seed."""

    def __init__(self, seed: int, servers: Mapping[str, Server]) -> None:
        self.seed = seed
        self.killed: list[str] = []
        self._random = Random(seed)
        self._servers = servers

    async def kill(self, *, rounds: int) -> None:
        """Kill and start again, round by round; at the end everything runs."""
        for _ in range(rounds):
            await asyncio.sleep(self._random.uniform(0, 1.0))
            victims = self._random.sample(sorted(self._servers), k=self._random.choice([1, 1, 2]))
            self.killed.append(" and ".join(victims))
            for name in victims:
                await self._servers[name].kill()
            await asyncio.sleep(self._random.uniform(0, 1.0))
            await asyncio.gather(*(self._servers[name].start() for name in victims))

    def __str__(self) -> str:
        return f"seed {self.seed}; killed in this order: {', '.join(self.killed)}"
