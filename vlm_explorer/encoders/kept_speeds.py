"""What was measured of encoders, kept in the cache folder; without torch.

An answer is named by all that it depends on, in a folder of its encoder. One that was measured
while other work disturbed it is measured anew at the next loads, a few times, and the best of all
times counts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from vlm_explorer import paths
from vlm_explorer.encoders.precision import Speed
from vlm_explorer.encoders.whole_file import write_whole

log = logging.getLogger(__name__)

MOST_TRIES = 3  # of measurements that other work disturbed


@dataclass(frozen=True, slots=True)
class KeptSpeeds:
    """What was measured, and how often."""

    speeds: Mapping[str, Speed] = field(default_factory=dict)
    tries: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether measuring again would tell nothing new."""
        steady = all(speed.steady for speed in self.speeds.values())
        return bool(self.speeds) and (steady or self.tries >= MOST_TRIES)

    def joined(self, fresh: Mapping[str, Speed]) -> KeptSpeeds:
        """Return what is known after a further measurement; it says which precisions there are."""
        best = {}
        for name, speed in fresh.items():
            before = self.speeds.get(name, speed)
            rate = max(before.images_per_second, speed.images_per_second)
            best[name] = replace(speed, images_per_second=rate)
        return KeptSpeeds(best, self.tries + 1)


def speeds_file(fingerprint: str, facts: Sequence[object]) -> Path:
    """Return where the answer for an encoder is kept, given all else that it depends on."""
    name = hashlib.sha256(json.dumps(list(facts)).encode()).hexdigest()[:32]
    return _folder(fingerprint) / f"{name}.json"


def recall_speeds(file: Path) -> KeptSpeeds:
    """Return what was kept; nothing where that is not there or not readable."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        speeds = {name: Speed(**speed) for name, speed in known["speeds"].items()}
        return KeptSpeeds(speeds, int(known["tries"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return KeptSpeeds()


def keep_speeds(file: Path, kept: KeptSpeeds) -> None:
    """Write an answer whole or not at all; a cache that cannot be written is no error."""
    content = {name: asdict(speed) for name, speed in kept.speeds.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({"speeds": content, "tries": kept.tries}))
    except OSError as error:
        log.debug("the measurement was not kept: %s", error)


def forget_speeds(fingerprint: str) -> None:
    """Forget what was measured of an encoder, so that the next load measures anew."""
    shutil.rmtree(_folder(fingerprint), ignore_errors=True)


def _folder(fingerprint: str) -> Path:
    return paths.cache_folder() / "speeds" / fingerprint[:32]
