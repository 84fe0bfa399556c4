"""Whoever kills servers at random, and starts them again."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from random import Random

from local.server import Server


class Killer:
    """Kills one or two servers at a time with SIGKILL; every choice comes from the seed."""

    def __init__(self, seed: int, servers: Mapping[str, Server], *, pause: float = 1.0) -> None:
        """Describe the killer; nothing is killed yet.

        Args:
            seed: of every choice.
            servers: whom to kill, by the names that reports use.
            pause: seconds that pass at most between two murders, and until the dead are started again.
        """
        self.seed = seed
        self.killed: list[str] = []
        self.deaths: Counter[str] = Counter()
        self._random = Random(seed)
        self._servers = servers
        self._pause = pause

    async def kill(self, *, rounds: int) -> None:
        """Kill and start again, round by round; at the end everything runs."""
        for _ in range(rounds):
            await asyncio.sleep(self._random.uniform(0, self._pause))
            names = self._random.sample(sorted(self._servers), k=self._random.choice([1, 1, 2]))
            await self._kill({name: self._servers[name] for name in names})

    async def kill_while(self, something: asyncio.Task[None]) -> None:
        """Kill and start again for as long as something goes on; at the end everything runs."""
        while not something.done():
            await self.kill(rounds=1)

    async def kill_one(self, name: str, server: Server) -> None:
        """Kill one more server, which is none of the usual ones, and start it again."""
        await self._kill({name: server})

    async def _kill(self, victims: Mapping[str, Server]) -> None:
        self.killed.append(" and ".join(victims))
        self.deaths.update(victims.keys())
        for server in victims.values():
            await server.kill()
        await asyncio.sleep(self._random.uniform(0, self._pause))
        await asyncio.gather(*(server.start() for server in victims.values()))

    def __str__(self) -> str:
        return f"seed {self.seed}; killed in this order: {', '.join(self.killed)}"
