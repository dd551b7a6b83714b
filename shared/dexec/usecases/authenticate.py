"""Authentication: an API key is looked up by its hash and cached for a minute."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dexec.domain.errors import Unauthenticated
from dexec.ports import ApiKey, ApiKeys, Clock

REMEMBER_S = 60
MAX_REMEMBERED = 10_000
MAX_KEY_LENGTH = 200


def hash_key(key: str) -> str:
    """Return the form in which a key is stored: SHA-256 in hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Authenticate:
    """The use case. Known and unknown keys are cached, so a revoked one is refused within a minute."""

    keys: ApiKeys
    clock: Clock
    _remembered: dict[str, tuple[ApiKey | None, datetime]] = field(default_factory=dict)

    def __call__(self, key: str | None) -> ApiKey:
        """Return the stored key; raise ``Unauthenticated`` if it is unknown or revoked."""
        if not key:
            raise Unauthenticated("an API key is needed: header x-api-key, or ?apiKey= on a WebSocket")
        if len(key) > MAX_KEY_LENGTH:
            raise Unauthenticated("this API key is not valid")
        return self.by_hash(hash_key(key))

    def by_hash(self, key_hash: str) -> ApiKey:
        """Return the key with this hash; raise ``Unauthenticated`` when it is unknown or revoked."""
        found = self._find(key_hash)
        if found is None or found.revoked_at is not None or not hmac.compare_digest(found.key_hash, key_hash):
            raise Unauthenticated("this API key is not valid")
        return found

    def _find(self, key_hash: str) -> ApiKey | None:
        now = self.clock.now()
        found, until = self._remembered.get(key_hash, (None, now))
        if until > now:
            return found
        found = self.keys.find(key_hash)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key_hash] = (found, now + timedelta(seconds=REMEMBER_S))
        return found
