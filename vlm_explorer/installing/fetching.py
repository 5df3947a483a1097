"""From the hub to a model folder on this machine: pinned, checked, whole or not at all.

1. The hub is asked what the repository holds at the pinned commit; without a pin, what its newest
   commit is, which is then the pin (`pins`).
2. The files go to `.fetching/ID/COMMIT` in the folder of models, where a later run finds what one
   that was stopped left behind. Each gets its name once its checksum is right.
3. A folder that needs nothing else is put together (`normalising`, `conversion`) and moved to its
   place in one step.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vlm_explorer import paths
from vlm_explorer.encoders.catalogue import merge_files, read_catalogue
from vlm_explorer.encoders.folder_files import WEIGHTS_SUFFIXES
from vlm_explorer.encoders.pins import keep_pin, read_pins
from vlm_explorer.encoders.registry import (
    describe,
    fetching_folder,
    find_installed,
    how_to_add,
    in_words,
)
from vlm_explorer.encoders.spec import EncoderSpec, RemoteFile
from vlm_explorer.encoders.weight_parts import is_index, read_index
from vlm_explorer.errors import BadModelFolder, FetchProblem, ModelNotFound, ModelProblem
from vlm_explorer.installing import hub_token
from vlm_explorer.installing.assembling import assemble
from vlm_explorer.installing.download import Wanted, download
from vlm_explorer.installing.fetch_errors import Subject, cannot_write, no_room
from vlm_explorer.installing.fetch_plan import (
    companion_files,
    configuration_name,
    contents,
    pin_of,
    small_files,
    weights_name,
)
from vlm_explorer.installing.fetch_progress import FetchProgress
from vlm_explorer.installing.hub import Hub, Listing
from vlm_explorer.installing.network import Network, find_network
from vlm_explorer.jobs import JobContext

MARGIN = 1.2  # of what still has to arrive


@dataclass(frozen=True, slots=True)
class Plan:
    """All files of an encoder, with what is known of them.

    `weights` is the name of the file of weights, or of the index of their parts.
    """

    spec: EncoderSpec
    own: list[Wanted]
    companion: list[Wanted]
    config: dict[str, Any] | None
    weights: str

    @property
    def files(self) -> list[Wanted]:
        """All of them, those of the weights last."""
        return [*self.companion, *self.own]


def fetch_model(
    id: str,
    *,
    token: str | None = None,
    revision: str | None = None,
    context: JobContext | None = None,
) -> EncoderSpec:
    """Fetch an encoder of the catalogue from the hub, or go on with a fetch that was stopped.

    Args:
        id: of an encoder on offer that is not on this machine.
        token: for the hub; by default the one that `hub_token.find_token` finds, and only where
            the repository asks for one.
        revision: a commit, tag or branch to take instead of the pinned commit; "main" is the
            newest. What it turns out to be is the pin from then on.
        context: told bytes done, bytes in all and a message with rate and time left; cancelling
            it stops within a second and keeps what arrived.

    Raises:
        ModelNotFound: no such id.
        ModelProblem: it is here already, or cannot be fetched, or is being fetched.
        AccessNeeded: its terms have to be accepted first, or the token is refused.
        UsageError: what is given as a token cannot be one.
        FetchProblem: the hub cannot be reached, refuses, or sends something else.
        StorageProblem: no room, or no permission to write.
    """
    context = context or JobContext()
    spec = _fetchable(id)
    if revision and revision != spec.revision:
        spec = replace(spec, revision=revision, files=())
    network = find_network()
    if token is None and spec.gated:  # the list of files of some is closed too
        token = hub_token.find_token()
    folder = fetching_folder(id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock", timeout=0):
            context.report(0, None, f"Asking {network.host} for {spec.name}")
            _fetch(spec, network, token, folder, context)
    except Timeout as error:
        raise ModelProblem(
            f"{spec.name} is being fetched already, by another window or command.",
            "Wait for it, or stop it there.",
        ) from error
    except OSError as error:
        raise cannot_write(error, str(paths.models_folder())) from error
    shutil.rmtree(folder, ignore_errors=True)
    return describe(id)


def fetched_bytes(id: str) -> int:
    """Return how many bytes of an encoder a fetch that was stopped left behind."""
    files = (file for file in fetching_folder(id).rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in files if "whole" not in file.parts)


def _fetchable(id_: str) -> EncoderSpec:
    """Return the spec of an encoder that is on offer, and not on this machine yet."""
    registry = read_catalogue()
    if id_ not in registry:
        raise ModelNotFound(
            f"There is no encoder {id_!r} to fetch.", "`vlm-explorer models` lists those on offer."
        )
    spec = registry[id_][0]
    if find_installed(id_, registry) is not None:
        raise ModelProblem(
            f"{spec.name} is already on this machine.",
            f"To fetch it anew, remove it first: `vlm-explorer models remove {id_}`.",
        )
    if spec.not_offered or not spec.repository:
        raise ModelProblem(f"{spec.name} cannot be fetched.", how_to_add(spec))
    return spec


def _fetch(
    spec: EncoderSpec, network: Network, given: str | None, folder: Path, context: JobContext
) -> None:
    token = given is not None
    hub = Hub(network, given, context)
    listing = hub.list_files(Subject(spec, spec.repository, spec.revision, token=token))
    if listing.gated and not token and (found := hub_token.find_token()):
        hub, token = Hub(network, found, context), True
    place = folder / listing.revision[:12]
    _forget_other_versions(folder, place)
    place.mkdir(exist_ok=True)
    plan = _plan(spec, hub, listing, place, token=token)
    missing = [(each, _left(each, place)) for each in plan.files]
    _check_room(plan, sum(left for _, left in missing))
    total = sum(each.bytes or 0 for each in plan.files)
    progress = FetchProgress(spec.name, total, context)
    digests = {each.subject.file: download(hub, each, place, progress) for each in plan.files}
    _keep_digests(plan, digests)
    assemble(plan.config, spec, place, plan.files, plan.weights, digests, context)


def _plan(spec: EncoderSpec, hub: Hub, listing: Listing, place: Path, *, token: bool) -> Plan:
    """Decide what to fetch; this reads the configuration, and asks for the companion."""
    config = _read_configuration(spec, hub, listing, place, token=token)
    weights = weights_name(spec, listing)
    parts = _parts(spec, hub, listing, place, weights, token=token)
    names = [*small_files(spec, listing, config), weights, *parts]
    own = contents(spec, listing, names, spec.files, token=token)
    keep_pin(spec.repository, pin_of(listing, own, read_pins().get(spec.repository)))
    extra = companion_files(spec, config, names)
    if not extra or spec.companion is None:
        return Plan(spec, own, [], config, weights)
    repository, pin = spec.companion.repository, read_pins().get(spec.companion.repository)
    revision = spec.companion.revision or (pin.revision if pin else "")
    other = hub.list_files(Subject(spec, repository, revision, token=token))
    known = spec.companion.files
    if pin is not None and pin.revision == other.revision:
        known = merge_files(known, pin.files)
    there = {file.name for file in other.files}
    needed = [name for name in extra if name in there or name == "config.json"]
    companion = contents(spec, other, needed, known, token=token)
    keep_pin(repository, pin_of(other, companion, pin))
    return Plan(spec, own, companion, config, weights)


def _read_configuration(
    spec: EncoderSpec, hub: Hub, listing: Listing, place: Path, *, token: bool
) -> dict[str, Any] | None:
    """Fetch and return the configuration; None where an architecture stands in for it."""
    name = configuration_name(spec)
    if spec.architecture and all(file.name != name for file in listing.files):
        return None
    file = _fetch_first(spec, hub, listing, place, name, token=token)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise _unreadable(name, spec)
    return config


def _parts(
    spec: EncoderSpec, hub: Hub, listing: Listing, place: Path, weights: str, *, token: bool
) -> tuple[str, ...]:
    """Return the files that the weights are in besides `weights`: their parts, by their index."""
    if not is_index(weights):
        return ()
    try:
        return read_index(_fetch_first(spec, hub, listing, place, weights, token=token)).names
    except BadModelFolder as error:
        raise _unreadable(weights, spec) from error


def _fetch_first(
    spec: EncoderSpec, hub: Hub, listing: Listing, place: Path, name: str, *, token: bool
) -> Path:
    """Fetch a small file that says which others are needed."""
    (wanted,) = contents(spec, listing, [name], spec.files, token=token)
    download(hub, wanted, place, FetchProgress(spec.name, wanted.bytes or 0, JobContext()))
    return place / wanted.name


def _unreadable(name: str, spec: EncoderSpec) -> FetchProblem:
    return FetchProblem(
        f"The file {name} in {spec.repository} cannot be read.",
        "Its layout has changed. A later version of this program may know the new one.",
    )


def _left(wanted: Wanted, place: Path) -> int:
    """Return how many bytes of a file still have to arrive."""
    there = 0
    for file in (place / wanted.name, place / f"{wanted.name}.partial"):
        if file.is_file():
            there = max(there, file.stat().st_size)
    return max((wanted.bytes or 0) - there, 0)


def _check_room(plan: Plan, left: int) -> None:
    """Make sure that what is missing fits, and the converted or joined weights beside it."""
    needed = left * MARGIN
    if not plan.weights.endswith(".safetensors"):
        needed += sum(each.bytes or 0 for each in plan.own if _holds_weights(each))
    free = shutil.disk_usage(paths.models_folder()).free
    if free < needed:
        raise no_room(in_words(needed), in_words(free), str(paths.models_folder()))


def _holds_weights(wanted: Wanted) -> bool:
    return wanted.name.endswith(WEIGHTS_SUFFIXES)


def _keep_digests(plan: Plan, digests: dict[str, str]) -> None:
    """Complete the pin of the encoder's own repository by the digests of what arrived."""
    pins = read_pins()
    if pin := pins.get(plan.spec.repository):
        files = tuple(
            RemoteFile(each.subject.file, each.bytes, digests[each.subject.file])
            for each in plan.own
        )
        keep_pin(
            plan.spec.repository,
            type(pin)(pin.revision, merge_files(files, pin.files), pin.license),
        )


def _forget_other_versions(folder: Path, place: Path) -> None:
    for other in folder.iterdir():
        if other.is_dir() and other != place:
            shutil.rmtree(other, ignore_errors=True)
