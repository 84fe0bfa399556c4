"""What can be set about the simulated carrier while it runs. Shares lie between 0 (never) and 1 (always)."""

import base64
import secrets
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from simulators.scenarios import SCENARIOS
from simulators.store import Store


def _known(name: str) -> str:
    if name not in SCENARIOS:
        raise ValueError(f"is no scenario: take one of {', '.join(SCENARIOS)}")
    return name


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


ScenarioName = Annotated[str, AfterValidator(_known)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Settings(BaseModel):
    """All settings. Only what happens to shipments passes at `speed`; seconds of the network are real ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speed: float = Field(default=1, gt=0, description="how many times faster shipments move; 86400: a day a second")
    seed: str = Field(default="1", description="all chance comes from it")
    scenarios: dict[str, ScenarioName] = Field(default={}, description="by prefix of reference_id; the longest counts")
    mix: dict[ScenarioName, Annotated[float, Field(ge=0)]] = Field(
        default={"good": 1}, description="weights for orders that no prefix fits"
    )
    not_served: tuple[str, ...] = Field(default=(), description="prefixes of postal codes that nobody delivers to")

    webhook_url: str | None = Field(default=None, description="none: nobody is told")
    webhook_secret: str = Field(default_factory=_secret, pattern=r"^whsec_[A-Za-z0-9+/=]{24,}$")
    tries: int = Field(default=12, ge=1, description="of a webhook, until it is given up")
    retry_seconds: Seconds = Field(default=0.5, description="pause before the second try; doubles up to a minute")
    drop: Share = 0
    duplicate: Share = 0
    reorder: Share = Field(default=0, description="webhooks that are held back, so that later ones overtake them")
    reorder_seconds: Seconds = Field(default=2, description="for how long at most")
    forge: Share = Field(default=0, description="webhooks of which a forged copy is sent, too")
    replay: Share = Field(default=0, description="webhooks upon which an old one is sent again as it was")

    fail: Share = Field(default=0, description="calls answered 503, with nothing done")
    time_out: Share = Field(default=0, description="calls never answered: half with the work done, half without")
    time_out_seconds: Seconds = Field(default=60, description="then the connection is closed")
    rate: int | None = Field(default=None, ge=1, description="calls a second; more are answered 429")
    outage_until: float = Field(default=0, description="moment, in seconds since 1970")


class LiveSettings:
    """The settings of now, kept in the store."""

    def __init__(self, store: Store, **overrides: Any) -> None:
        """Take up the settings that were kept, with `overrides`, or begin with the defaults."""
        self._store = store
        kept = store.one("SELECT body FROM settings")
        self.now = Settings.model_validate_json(kept["body"]) if kept else Settings()
        self.change(**overrides)

    def change(self, **changes: Any) -> None:
        """Change some settings; with another speed, what is still to happen comes accordingly sooner or later.

        Raises:
            pydantic.ValidationError: a setting does not exist or has no such value.
        """
        before, self.now = self.now, Settings.model_validate({**self.now.model_dump(), **changes})
        with self._store.transaction():
            self._store.run("REPLACE INTO settings VALUES (1, ?)", self.now.model_dump_json())
            if before.speed != self.now.speed:
                self._store.rescale_steps(before.speed / self.now.speed)
