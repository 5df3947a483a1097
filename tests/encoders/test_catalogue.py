from __future__ import annotations

import re

import open_clip
import pytest
from open_clip.pretrained import get_pretrained_cfg

from vlm_explorer.analysis.zero_shot import load_template_sets
from vlm_explorer.encoders.catalogue import read_catalogue
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.encoders.registry import list_encoders, list_not_offered

# the rows that open_clip's own tables know: id, name there, tag there
KNOWN = [
    ("clip-vit-b-32", "ViT-B-32-quickgelu", "openai"),
    ("clip-vit-b-16", "ViT-B-16-quickgelu", "openai"),
    ("clip-vit-l-14", "ViT-L-14-quickgelu", "openai"),
    ("clip-rn50", "RN50-quickgelu", "openai"),
    ("clip-vit-b-32-laion2b", "ViT-B-32", "laion2b_s34b_b79k"),
    ("clip-vit-b-16-laion2b", "ViT-B-16", "laion2b_s34b_b88k"),
    ("clip-vit-b-32-datacomp", "ViT-B-32", "datacomp_xl_s13b_b90k"),
    ("clip-vit-b-16-datacomp", "ViT-B-16", "datacomp_xl_s13b_b90k"),
    ("siglip-vit-b-16", "ViT-B-16-SigLIP", "webli"),
    ("siglip2-vit-b-16", "ViT-B-16-SigLIP2", "webli"),
    ("mobileclip2-s0", "MobileCLIP2-S0", "dfndr2b"),
]


@pytest.mark.parametrize(("id_", "name", "tag"), KNOWN)
def test_that_rows_agree_with_open_clips_own_tables(id_, name, tag):
    spec = read_catalogue()[id_][0]
    published, model = get_pretrained_cfg(name, tag), open_clip.get_model_config(name)
    assert spec.repository == published["hf_hub"].rstrip("/")
    assert spec.architecture == name
    assert spec.image_size == model["vision_cfg"]["image_size"]
    assert spec.dimension == model["embed_dim"]
    assert spec.context_length == model["text_cfg"]["context_length"]
    preprocess = spec.preprocess or PreprocessConfig(size=spec.image_size)
    assert preprocess == PreprocessConfig(
        spec.image_size,
        tuple(published["mean"]),
        tuple(published["std"]),
        published["interpolation"],
        published["resize_mode"],
    )
    assert (spec.scale_kind == "sigmoid") == ("init_logit_bias" in model)


def test_that_quick_gelu_is_asked_for_exactly_where_the_weights_were_trained_with_it():
    for id_, name, tag in KNOWN:
        spec = read_catalogue()[id_][0]
        wanted = bool(get_pretrained_cfg(name, tag).get("quick_gelu"))
        given = bool(open_clip.get_model_config(spec.architecture).get("quick_gelu"))
        assert given == wanted, id_


def test_that_every_row_is_complete():
    for spec, bundled in read_catalogue().values():
        assert spec.name
        assert spec.domain
        assert spec.loader in ("open_clip", "transformers", "")
        assert bool(spec.loader) != bool(spec.not_offered)
        assert spec.not_offered or bundled or "/" in spec.repository
        assert not spec.revision or re.fullmatch(r"[0-9a-f]{40}", spec.revision)
        assert spec.not_offered or spec.purpose
        assert bool(spec.gated) == bool(spec.access)
        for file in spec.files:
            assert re.fullmatch(r"[0-9a-f]{64}|", file.sha256)
            assert spec.revision  # a digest means nothing without the commit
        for figure in spec.figures:
            assert figure.what
            assert figure.value
            assert figure.source


def test_that_every_template_set_is_there():
    sets = load_template_sets()
    assert {spec.template_set for spec, _ in read_catalogue().values()} <= set(sets)


def test_that_those_asked_for_and_not_on_offer_say_why():
    missing = {spec.id: spec.not_offered for spec in list_not_offered()}
    assert missing.keys() == {"medclip", "biovil-t", "conch", "unimed-clip"}
    assert all(reason.endswith(".") for reason in missing.values())
    assert not missing.keys() & {spec.id for spec, _ in list_encoders()}


def test_that_the_encoders_of_transformers_are_among_them():
    offered = {spec.id: spec for spec, _ in list_encoders()}
    names = {"medsiglip-448", "pubmedclip", "plip", "tinyclip-8m"}
    assert {id_ for id_, spec in offered.items() if spec.loader == "transformers"} == names
    assert offered["medsiglip-448"].gated
