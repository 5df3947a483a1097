"""Every method by its name, and why it does not apply to an encoder."""

from __future__ import annotations

from collections.abc import Callable

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.saliency import image_methods, text_methods
from vlm_explorer.saliency.found import Found, tower_of
from vlm_explorer.saliency.heads import StageHead, find_head
from vlm_explorer.saliency.tower import image_module, last_stage

_NO_BLOCKS = "it has no blocks of attention to follow"
_OWN_WAY = "it makes its vector in a way of its own"


def reasons(encoder: Encoder) -> dict[str, str]:
    """Return by method why it does not apply to an encoder; empty where it does."""
    tower = tower_of(encoder)
    visual = image_module(encoder)
    few = "it has a single layer of attention" if not tower.blocks else ""
    head = find_head(visual, tower)
    own_way = tower.reason or ("" if head is not None else _OWN_WAY)
    followed = own_way or (_NO_BLOCKS if isinstance(head, StageHead) else "")
    staged = last_stage(visual) is not None
    return {
        "attention": tower.reason,
        "rollout": tower.reason or few,
        "legrad": followed,
        "gradattn": followed,
        "decomp": followed,
        "patchsim": own_way,
        "occlusion": "",
        "gradcam": "" if staged else tower.reason,
    }


RUNNERS: dict[str, Callable[..., Found]] = {
    "attention": image_methods.attention,
    "rollout": image_methods.rolled_out,
    "legrad": text_methods.legrad,
    "gradattn": text_methods.gradattn,
    "decomp": text_methods.decomp,
    "patchsim": text_methods.patchsim,
    "occlusion": text_methods.occlusion,
    "gradcam": text_methods.gradcam,
}
