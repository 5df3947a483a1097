from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vlm_explorer import paths
from vlm_explorer.encoders import registry
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.registry import default_model, find_model_folder, list_encoders
from vlm_explorer.errors import (
    BadModelFolder,
    ModelNotFound,
    ModelProblem,
    StorageProblem,
    UsageError,
    WeightsNotFound,
)
from vlm_explorer.installing import model_copy
from vlm_explorer.installing.importing import import_model, remove_model
from vlm_explorer.jobs import Cancelled, JobContext


@pytest.fixture
def program(tmp_path: Path, monkeypatch, folders):
    """The program's resources, with a stand-in for the encoder that comes with it."""
    import shutil

    resources = tmp_path / "resources"
    resources.mkdir()
    shutil.copy(paths.resources() / "encoders.toml", resources)
    shutil.copytree(folders["own vocabulary"], resources / "demo-encoder")
    monkeypatch.setattr(paths, "resources", lambda: resources)
    return resources


def installed() -> list[str]:
    return [spec.id for spec, folder in list_encoders() if folder is not None]


def test_that_the_registry_names_what_is_on_offer():
    offered = {spec.id: spec for spec, _ in list_encoders()}
    assert list(offered)[:2] == ["demo", "biomedclip"]
    assert {"clip-vit-b-32", "clip-vit-b-16", "clip-rn50", "siglip-vit-b-16"} <= offered.keys()
    biomedclip = offered["biomedclip"]
    assert (biomedclip.bytes, biomedclip.license) == (783_705_670, "MIT")
    assert (biomedclip.image_size, biomedclip.dimension) == (224, 512)
    assert biomedclip.context_length == 256
    assert biomedclip.medical
    assert not offered["demo"].medical
    assert all(spec.name and spec.domain and spec.template_set for spec in offered.values())


def test_that_an_imported_encoder_says_what_it_is_and_how_its_scores_are_read(
    folders, transformers_folders
):
    import_model(folders["clip-vit"], "clip")
    import_model(folders["siglip"], "siglip")
    import_model(transformers_folders["pubmedclip"], "hf-clip")
    import_model(transformers_folders["google-siglip2"], "hf-siglip")
    imported = {spec.id: (spec.loader, spec.scale_kind) for spec, folder in list_encoders()}
    assert imported["clip"] == ("open_clip", "softmax")
    assert imported["siglip"] == ("open_clip", "sigmoid")
    assert imported["hf-clip"] == ("transformers", "softmax")
    assert imported["hf-siglip"] == ("transformers", "sigmoid")


def test_that_the_bundled_encoder_is_there_and_its_facts_come_from_its_folder(program):
    spec, folder = list_encoders()[0]
    assert (spec.id, folder) == ("demo", program / "demo-encoder")
    assert (spec.image_size, spec.dimension, spec.context_length) == (56, 48, 24)
    assert spec.bytes == (folder / "open_clip_model.safetensors").stat().st_size
    assert load_encoder("demo", device="cpu").domain == "synthetic scans"


def test_that_an_imported_encoder_is_found_by_id_and_loads(folders, program):
    spec = import_model(folders["biomedclip"], "biomedclip")
    assert spec.name == "BiomedCLIP"
    assert installed() == ["demo", "biomedclip"]
    assert find_model_folder("biomedclip") == ("biomedclip", paths.models_folder() / "biomedclip")
    encoder = load_encoder("biomedclip", precision="fp32")
    original = load_encoder(folders["biomedclip"], precision="fp32")
    assert encoder.id == "biomedclip"
    assert encoder.fingerprint == original.fingerprint
    assert encoder.domain.startswith("biomedical")


def test_that_an_encoder_outside_the_registry_is_listed_by_what_its_folder_says(folders):
    spec = import_model(folders["siglip"], "mine-2")
    assert (spec.id, spec.name, spec.license) == ("mine-2", "mine-2", "")
    assert (spec.image_size, spec.dimension, spec.context_length) == (160, 96, 64)
    assert list_encoders()[-1] == (spec, paths.models_folder() / "mine-2")


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("BiomedCLIP-PubMedBERT_256-vit_base_patch16_224", "biomedclip"),
        ("My Model (v2)", "my-model-v2"),
    ],
)
def test_that_an_id_is_made_from_the_folders_name(clip_folder, name, id_):
    assert import_model(clip_folder.rename(clip_folder.with_name(name))).id == id_


def test_that_a_folder_is_an_encoder_without_being_imported(folders, tmp_path):
    folder = folders["clip-vit"]
    assert find_model_folder(str(folder)) == ("clip-vit", folder)
    import_model(folder, "mine")
    assert find_model_folder(str(paths.models_folder() / "mine"))[0] == "mine"


def test_that_unused_files_stay_behind(clip_folder):
    (clip_folder / "open_clip_pytorch_model.bin").write_bytes(b"other weights")
    (clip_folder / "notebook.ipynb").write_text("{}")
    (clip_folder / "LICENSE").write_text("MIT")
    (clip_folder / ".git").mkdir()
    import_model(clip_folder, "mine")
    assert {file.name for file in (paths.models_folder() / "mine").iterdir()} == {
        "open_clip_config.json",
        "open_clip_model.safetensors",
        "LICENSE",
        "source.json",
    }


def test_that_links_of_a_hub_cache_are_followed(clip_folder):
    weights = clip_folder / "open_clip_model.safetensors"
    blob = weights.rename(clip_folder.parent / "blob")
    weights.symlink_to(blob)
    import_model(clip_folder, "mine")
    copied = paths.models_folder() / "mine" / weights.name
    assert not copied.is_symlink()
    assert copied.read_bytes() == blob.read_bytes()


def test_that_a_text_towers_configuration_elsewhere_is_taken_along(
    biomedclip_folder, tmp_path, edit_config
):
    (tmp_path / "bert").mkdir()
    (biomedclip_folder / "config.json").rename(tmp_path / "bert" / "config.json")
    edit_config(
        biomedclip_folder,
        lambda config: config["model_cfg"]["text_cfg"].update(hf_model_name=str(tmp_path / "bert")),
    )
    before = load_encoder(biomedclip_folder, device="cpu").fingerprint
    import_model(biomedclip_folder, "mine")
    (tmp_path / "bert" / "config.json").unlink()
    assert load_encoder("mine", device="cpu").fingerprint == before


def test_that_an_interrupted_import_leaves_nothing(folders, monkeypatch):
    monkeypatch.setattr(model_copy, "CHUNK", 1000)
    context = JobContext(lambda progress: context.cancel(), min_interval=0)
    with pytest.raises(Cancelled):
        import_model(folders["clip-vit"], "mine", context=context)
    assert list(paths.models_folder().iterdir()) == []
    import_model(folders["clip-vit"], "mine")


def test_that_folders_that_are_no_model_are_not_imported(tmp_path, clip_folder):
    with pytest.raises(BadModelFolder):
        import_model(tmp_path, "mine")
    with pytest.raises(ModelNotFound):
        import_model(tmp_path / "nowhere", "mine")
    (clip_folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(WeightsNotFound):
        import_model(clip_folder, "mine")
    assert not paths.models_folder().exists()


def test_that_a_taken_id_is_refused(folders, program):
    import_model(folders["clip-vit"], "mine")
    for id_ in ("mine", "demo"):
        with pytest.raises(ModelProblem, match="already"):
            import_model(folders["siglip"], id_)
    assert load_encoder("mine", device="cpu").dimension == 48


@pytest.mark.parametrize("id_", ["../evil", "a/b", "", ".hidden", "Upper", "a b", "ü"])
def test_that_ids_that_are_no_plain_names_are_refused(folders, id_):
    if id_:
        with pytest.raises(UsageError):
            import_model(folders["clip-vit"], id_)
    with pytest.raises(ModelNotFound):
        remove_model(id_)


def test_that_a_full_disk_is_said_before_anything_is_written(folders, monkeypatch):
    import shutil

    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageProblem, match="MB are needed"):
        import_model(folders["clip-vit"], "mine")
    assert list(paths.models_folder().iterdir()) == []


def test_that_a_folder_that_cannot_be_written_is_said(folders, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file in the way")
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    with pytest.raises(StorageProblem):
        import_model(folders["clip-vit"], "mine")


def test_that_removing_deletes_and_the_bundled_one_stays(folders, program):
    import_model(folders["clip-vit"], "mine")
    remove_model("mine")
    assert list(paths.models_folder().iterdir()) == []
    with pytest.raises(ModelNotFound):
        remove_model("mine")
    with pytest.raises(ModelProblem, match="part of the program"):
        remove_model("demo")
    assert installed() == ["demo"]


def test_that_a_damaged_installed_folder_does_not_break_the_list(folders):
    import_model(folders["clip-vit"], "mine")
    (paths.models_folder() / "mine" / "open_clip_config.json").write_text("{")
    assert installed()[-1] == "mine"
    with pytest.raises(BadModelFolder):
        load_encoder("mine")


def test_that_an_encoder_that_is_not_here_is_named_with_what_to_do():
    with pytest.raises(ModelNotFound, match="BiomedCLIP is not on this machine") as caught:
        load_encoder("biomedclip")
    assert "models fetch biomedclip" in caught.value.hint
    assert "models import DIR --id biomedclip" in caught.value.hint
    assert "huggingface.co/microsoft/BiomedCLIP" in caught.value.hint
    with pytest.raises(ModelNotFound, match="no encoder and no folder called 'nonsense'"):
        load_encoder("nonsense")


def test_that_the_default_is_the_preferred_then_a_medical_one_then_the_demo(folders, program):
    model, warnings = default_model(None)
    assert model == "demo"
    assert len(warnings) == 1
    assert "synthetic scans" in warnings[0]
    import_model(folders["clip-vit"], "clip-vit-b-32")
    assert default_model(None)[0] == "demo"
    assert default_model("clip-vit-b-32") == ("clip-vit-b-32", [])
    import_model(folders["biomedclip"], "biomedclip")
    assert default_model(None) == ("biomedclip", [])
    assert default_model("demo") == ("demo", [])
    with pytest.raises(ModelNotFound):
        default_model("siglip-vit-b-16")


def test_that_no_encoder_at_all_is_said(monkeypatch, tmp_path, program):
    import shutil

    shutil.rmtree(program / "demo-encoder")
    with pytest.raises(ModelNotFound, match="no encoder on this machine"):
        default_model(None)
    with pytest.raises(ModelNotFound) as caught:
        load_encoder("demo")
    assert "install it again" in caught.value.hint


def test_that_the_registry_imports_nothing_heavy():
    heavy = ("torch", "open_clip", "transformers", "timm", "tokenizers", "torchvision")
    code = (
        "import sys, vlm_explorer.encoders.registry, vlm_explorer.encoders.load\n"
        "from vlm_explorer.encoders.registry import list_encoders\n"
        "list_encoders()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert registry.DEMO == "demo"
