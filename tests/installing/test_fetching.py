from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hub_fixtures import installed, left_over, weights_of
from hub_server import LocalHub, Repository, local_hub, repository_of

from vlm_explorer import paths
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.pins import read_pins
from vlm_explorer.encoders.registry import describe, disk_used
from vlm_explorer.encoders.source import read_source
from vlm_explorer.errors import (
    AccessNeeded,
    FetchProblem,
    ModelNotFound,
    ModelProblem,
    StorageProblem,
    UsageError,
)
from vlm_explorer.installing import hub as hub_module
from vlm_explorer.installing import hub_token
from vlm_explorer.installing.fetching import fetch_model, fetched_bytes
from vlm_explorer.installing.importing import import_model, remove_model
from vlm_explorer.jobs import Cancelled, JobContext

# --- what arrives -------------------------------------------------------------------------------


def test_that_a_fetched_folder_gives_the_vectors_of_the_published_one(hub, folders):
    spec = fetch_model("biomedclip")
    assert (spec.id, spec.name) == ("biomedclip", "BiomedCLIP")
    assert installed() == ["biomedclip"]
    fetched = load_encoder("biomedclip", precision="fp32")
    original = load_encoder(folders["biomedclip"], precision="fp32")
    image = [np.arange(48, dtype=np.uint8).reshape(6, 8)]
    assert np.array_equal(fetched.encode_images(image), original.encode_images(image))
    texts = ["pleural effusion"]
    assert np.array_equal(fetched.encode_texts(texts), original.encode_texts(texts))
    assert left_over() == []


def test_that_only_what_the_encoder_needs_is_fetched_and_the_weights_are_safetensors(hub):
    fetch_model("biomedclip")
    folder = paths.models_folder() / "biomedclip"
    assert {file.name for file in folder.iterdir()} == {
        "README.md",
        "config.json",
        "open_clip_config.json",
        "open_clip_model.safetensors",
        "source.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    }
    assert not hub.asked_for("notebook.ipynb")
    assert [request.path for request in hub.asked_for("pytorch_model.bin")] == [
        "/microsoft/BiomedCLIP/resolve/"
        + hub.repositories["microsoft/BiomedCLIP"].revision
        + "/open_clip_pytorch_model.bin"
    ] * 2  # the hub, and the server that it points to


def test_that_the_configuration_points_nowhere_else_and_has_the_keys_of_today(hub):
    fetch_model("biomedclip")
    folder = paths.models_folder() / "biomedclip"
    text_cfg = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]
    assert text_cfg["hf_model_name"] == text_cfg["hf_tokenizer_name"] == str(folder)
    assert (text_cfg["hf_proj_type"], text_cfg["hf_pooler_type"]) == (
        "mlp",
        "cls_last_hidden_state_pooler",
    )
    assert not {"proj", "pooler_type"} & text_cfg.keys()


@pytest.mark.slow
def test_that_open_clip_itself_loads_a_fetched_folder_with_the_network_unplugged(hub):
    fetch_model("biomedclip")
    code = (
        "import socket, sys\n"
        "def refuse(*arguments, **settings): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "import open_clip\n"
        "model, _ = open_clip.create_model_from_pretrained('local-dir:' + sys.argv[1])\n"
        "tokens = open_clip.get_tokenizer('local-dir:' + sys.argv[1])(['left lung'])\n"
        "print(tuple(model.encode_text(tokens).shape))\n"
        "from vlm_explorer.encoders.load import load_encoder\n"
        "print(load_encoder('biomedclip', device='cpu').encode_texts(['left lung']).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(paths.models_folder() / "biomedclip")],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n")[:2] == ["(1, 512)", "(1, 512)"], done.stderr


def test_that_what_a_configuration_lacks_is_open_clips_of_that_architecture(hub, folders):
    repository = hub.repositories["timm/clip"]
    config = json.loads(repository.bytes_of("open_clip_config.json"))
    del config["model_cfg"]["quick_gelu"]
    repository.files["open_clip_config.json"] = json.dumps(config).encode()
    fetch_model("clip")
    model_cfg = read_model_folder(paths.models_folder() / "clip").model_cfg
    assert model_cfg["quick_gelu"] is True
    assert model_cfg["embed_dim"] == 48
    assert load_encoder("clip").fingerprint == load_encoder(folders["clip-vit"]).fingerprint


def test_that_preprocessing_that_a_configuration_lacks_is_the_catalogues(hub):
    repository = hub.repositories["timm/siglip"]
    config = json.loads(repository.bytes_of("open_clip_config.json"))
    del config["preprocess_cfg"]
    repository.files["open_clip_config.json"] = json.dumps(config).encode()
    fetch_model("siglip")
    preprocess = read_model_folder(paths.models_folder() / "siglip").preprocess
    assert (preprocess.mean, preprocess.resize_mode) == ((0.5, 0.5, 0.5), "squash")


def test_that_a_repository_without_a_configuration_gets_that_of_its_architecture(hub):
    repository = hub.repositories["timm/clip"]
    del repository.files["open_clip_config.json"]
    fetch_model("clip")
    folder = read_model_folder(paths.models_folder() / "clip")
    assert (folder.dimension, folder.preprocess.size) == (512, 224)


def test_that_a_repository_of_transformers_is_fetched_in_its_own_layout(hub, tmp_path):
    from transformers_folders import build_pubmedclip_folder

    source = build_pubmedclip_folder(tmp_path / "hf-clip")
    hub.repositories["someone/hf-clip"] = repository_of(source)
    hub.repositories["someone/hf-clip"].files["tf_model.h5"] = b"of another program"
    fetch_model("hf-clip")
    assert load_encoder("hf-clip").fingerprint == load_encoder(source).fingerprint
    assert not (paths.models_folder() / "hf-clip" / "tf_model.h5").exists()


# --- pins and provenance ------------------------------------------------------------------------


def test_that_the_first_contact_pins_commit_sizes_digests_and_licence(hub):
    assert describe("clip").revision == ""
    fetch_model("clip")
    content = weights_of(hub, "timm/clip", "open_clip_model.safetensors")
    spec = describe("clip")
    assert spec.revision == hub.repositories["timm/clip"].revision
    assert spec.license == "MIT"
    assert spec.bytes == len(content)
    files = {file.name: file for file in spec.files}
    digest = hashlib.sha256(content).hexdigest()
    assert files["open_clip_model.safetensors"].sha256 == digest
    assert files["open_clip_config.json"].sha256


def test_that_a_later_fetch_takes_the_pinned_commit(hub):
    fetch_model("clip")
    remove_model("clip")
    pinned = read_pins()["timm/clip"].revision
    hub.repositories["timm/clip"].revision = "f" * 40  # a newer commit, the old one is gone
    hub.requests.clear()
    with pytest.raises(FetchProblem, match="no version"):
        fetch_model("clip")
    assert hub.requests[0].path.endswith(pinned)
    fetch_model("clip", revision="main")
    assert describe("clip").revision == "f" * 40
    remove_model("clip")
    fetch_model("clip")


def test_that_a_hub_that_changes_its_mind_about_a_pinned_file_is_not_believed(hub):
    fetch_model("clip")
    remove_model("clip")
    content = weights_of(hub, "timm/clip", "open_clip_model.safetensors")
    hub.repositories["timm/clip"].files["open_clip_model.safetensors"] = content[:-1] + b"?"
    with pytest.raises(FetchProblem, match="lists another open_clip_model.safetensors"):
        fetch_model("clip")


def test_that_the_source_of_the_weights_is_kept_beside_them(hub):
    fetch_model("biomedclip")
    source = read_source(paths.models_folder() / "biomedclip")
    content = weights_of(hub, "microsoft/BiomedCLIP", "open_clip_pytorch_model.bin")
    assert source.origin == "hub"
    assert source.repository == "microsoft/BiomedCLIP"
    assert source.revision == hub.repositories["microsoft/BiomedCLIP"].revision
    assert source.companion == "microsoft/BiomedBERT@" + "b" * 40
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.converted_from == "open_clip_pytorch_model.bin"
    written = (paths.models_folder() / "biomedclip" / "open_clip_model.safetensors").read_bytes()
    assert source.weights_sha256 == hashlib.sha256(written).hexdigest()
    assert source.date.endswith("+00:00")


def test_that_damaged_pins_count_as_none(hub):
    paths.models_folder().mkdir(parents=True)
    (paths.models_folder() / "pins.json").write_text('{"timm/clip": [')
    assert fetch_model("clip").revision == hub.repositories["timm/clip"].revision


# --- stopped and gone on ------------------------------------------------------------------------


def test_that_a_connection_that_drops_is_gone_on_from_where_it_was(hub):
    hub.faults.drop_after["open_clip_model.safetensors"] = (5000, 3)
    fetch_model("clip")
    ranges = [
        request.range
        for request in hub.asked_for("open_clip_model.safetensors")
        if request.server == "store"
    ]
    assert ranges == ["", "bytes=5000-", "bytes=10000-", "bytes=15000-"]
    assert installed() == ["clip"]


def test_that_a_connection_that_always_drops_is_given_up_and_what_arrived_is_kept(hub):
    hub.faults.drop_after["open_clip_model.safetensors"] = (5000, 1)
    fault = hub.faults.drop_after

    class Nothing(dict):
        """After the first 5000 bytes, nothing more arrives."""

        def get(self, name, default=None):
            first = fault.pop(name, None)
            return first or ((0, 9) if name.endswith("safetensors") else default)

    hub.faults.drop_after = Nothing()
    with pytest.raises(FetchProblem, match=r"broke off: 5 kB of .* have arrived") as caught:
        fetch_model("clip")
    assert "fetch again to go on" in caught.value.hint
    assert fetched_bytes("clip") >= 5000
    assert installed() == []
    hub.faults.drop_after = {}
    hub.requests.clear()
    fetch_model("clip")
    ranges = [request.range for request in hub.asked_for("open_clip_model.safetensors")]
    assert ranges == ["bytes=5000-"] * 2


def cancelled_fetch(hub: LocalHub, id_: str, after: int) -> float:
    """Fetch until `after` bytes have arrived, cancel, and return how long stopping took."""
    reached = threading.Event()
    context = JobContext(
        lambda progress: reached.set() if progress.done >= after else None, min_interval=0
    )
    times: list[float] = []

    def stop() -> None:
        reached.wait(60)
        times.append(time.monotonic())
        context.cancel()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Cancelled):
        fetch_model(id_, context=context)
    stopper.join()
    return time.monotonic() - times[0]


def test_that_cancelling_a_slow_fetch_keeps_what_arrived(hub):
    hub.faults.pause = 0.05
    cancelled_fetch(hub, "clip", 20_000)
    hub.faults.pause = 0
    assert installed() == []
    assert disk_used("clip") >= fetched_bytes("clip") >= 16_000
    hub.requests.clear()
    fetch_model("clip")
    (request,) = (
        request
        for request in hub.asked_for("open_clip_model.safetensors")
        if request.server == "store"
    )
    assert int(request.range.removeprefix("bytes=").rstrip("-")) >= 8_000
    assert left_over() == []


def test_that_a_hub_that_never_answers_can_be_left(hub):
    hub.faults.silent = True
    context = JobContext()
    threading.Timer(0.3, context.cancel).start()
    with pytest.raises(Cancelled):
        fetch_model("clip", context=context)


def test_that_whole_files_of_a_stopped_fetch_are_checked_and_not_fetched_again(hub, monkeypatch):
    from vlm_explorer.installing import fetching

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "assemble", lambda *_: (_ for _ in ()).throw(Cancelled))
        with pytest.raises(Cancelled):
            fetch_model("clip")
    hub.requests.clear()
    fetch_model("clip")
    assert not hub.asked_for("open_clip_model.safetensors")


def test_that_what_a_stopped_fetch_left_of_another_version_is_deleted(hub):
    hub.faults.pause = 0.05
    cancelled_fetch(hub, "clip", 20_000)
    hub.faults.pause = 0
    (paths.models_folder() / "pins.json").unlink()
    hub.repositories["timm/clip"].revision = "f" * 40
    hub.requests.clear()
    fetch_model("clip")
    assert {request.range for request in hub.asked_for("open_clip_model.safetensors")} == {""}


def stale_partial(hub: LocalHub, content: bytes) -> None:
    revision = hub.repositories["timm/clip"].revision
    place = paths.models_folder() / ".fetching" / "clip" / revision[:12]
    place.mkdir(parents=True)
    (place / "open_clip_model.safetensors.partial").write_bytes(content)


def test_that_a_partial_file_with_other_contents_is_fetched_again_from_the_start(hub):
    stale_partial(hub, b"x" * 5000)
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_a_partial_file_that_is_too_long_is_fetched_again_from_the_start(hub):
    size = len(weights_of(hub, "timm/clip", "open_clip_model.safetensors"))
    stale_partial(hub, b"x" * (size + 1))
    fetch_model("clip")
    assert {request.range for request in hub.asked_for("open_clip_model.safetensors")} == {""}


def test_that_a_server_that_knows_no_ranges_sends_the_whole_file_again(hub):
    hub.faults.ignore_range = True
    hub.faults.drop_after["open_clip_model.safetensors"] = (5000, 1)
    fetch_model("clip")
    assert load_encoder("clip").dimension == 48


def test_that_a_server_that_begins_anew_and_never_ends_is_given_up(hub):
    hub.faults.ignore_range = True
    hub.faults.drop_after["open_clip_model.safetensors"] = (5000, 99)
    with pytest.raises(FetchProblem, match="broke off: 5 kB of"):
        fetch_model("clip")
    asked = [one for one in hub.asked_for("open_clip_model.safetensors") if one.server == "store"]
    assert len(asked) == hub_module.ATTEMPTS


def test_that_a_server_that_refuses_every_request_is_given_up(hub):
    hub.faults.status["open_clip_model.safetensors"] = (416, {}, 99)
    with pytest.raises(FetchProblem, match="other contents than were published"):
        fetch_model("clip")


def test_that_an_empty_file_is_fetched(hub):
    hub.repositories["timm/clip"].files["README.md"] = b""
    fetch_model("clip")
    assert (paths.models_folder() / "clip" / "README.md").read_bytes() == b""


def test_that_a_server_that_refuses_the_range_is_asked_for_the_whole_file(hub):
    stale_partial(hub, b"x" * 5000)
    hub.faults.status["open_clip_model.safetensors"] = (416, {}, 1)
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_progress_counts_all_bytes_and_says_rate_and_time(hub, monkeypatch):
    from vlm_explorer.installing import fetch_progress

    ticks = iter(range(100_000))
    monkeypatch.setattr(fetch_progress.time, "monotonic", lambda: float(next(ticks)))
    hub.faults.pause = 0.001
    seen = []
    fetch_model("clip", context=JobContext(seen.append, min_interval=0))
    fetching = [one for one in seen if "Fetching" in one.message]
    assert fetching[-1].done == fetching[-1].total
    assert [one.done for one in fetching] == sorted(one.done for one in fetching)
    assert any("/s, " in one.message and " left" in one.message for one in fetching)


def test_that_an_encoder_for_which_the_hub_asks_a_token_gets_the_one_that_is_known(
    hub, monkeypatch
):
    hub.repositories["timm/clip"].gated = True
    hub.repositories["timm/clip"].allowed_token = "hf_right"
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_two_fetches_of_one_encoder_do_not_meet(hub):
    from filelock import FileLock

    place = paths.models_folder() / ".fetching" / "clip"
    place.mkdir(parents=True)
    with FileLock(place / "lock"), pytest.raises(ModelProblem, match="being fetched already"):
        fetch_model("clip")


def test_that_removing_deletes_what_a_stopped_fetch_left(hub):
    stale_partial(hub, b"x" * 5000)
    remove_model("clip")
    assert disk_used("clip") == 0


# --- what goes wrong ----------------------------------------------------------------------------


def test_that_altered_bytes_are_deleted_and_nothing_is_opened(hub):
    hub.faults.altered.add("open_clip_model.safetensors")
    with pytest.raises(FetchProblem, match="other contents than were published"):
        fetch_model("clip")
    assert installed() == []
    assert not any("safetensors" in file.name for file in left_over())


def test_that_an_altered_small_file_is_found_by_gits_digest(hub):
    hub.faults.altered.add("open_clip_config.json")
    with pytest.raises(FetchProblem, match=r"open_clip_config\.json arrived .* other contents"):
        fetch_model("clip")


def test_that_weights_without_a_checksum_are_not_fetched(hub):
    hub.repositories["timm/clip"].without_checksums = True
    with pytest.raises(FetchProblem, match="no checksum"):
        fetch_model("clip")
    assert not hub.asked_for("open_clip_model.safetensors")


def test_that_a_text_file_that_is_much_too_large_is_not_fetched(hub, monkeypatch):
    from vlm_explorer.installing import fetch_plan

    monkeypatch.setattr(fetch_plan, "SMALL", 100)
    with pytest.raises(FetchProblem, match="much larger than such files are"):
        fetch_model("clip")
    assert not hub.asked_for("open_clip_config.json")


def test_that_a_vocabulary_as_large_as_that_of_siglip2_is_fetched(hub):
    repository = hub.repositories["timm/siglip"]
    content = repository.bytes_of("tokenizer.json")
    repository.files["tokenizer.json"] = content.ljust(34_362_885)
    fetch_model("siglip")
    assert (paths.models_folder() / "siglip" / "tokenizer.json").stat().st_size == 34_362_885


def test_that_weights_that_run_code_are_not_opened(hub):
    import pickle

    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit",))

    repository = hub.repositories["microsoft/BiomedCLIP"]
    repository.files["open_clip_pytorch_model.bin"] = pickle.dumps({"weight": Evil()}, protocol=2)
    with pytest.raises(ModelProblem, match="more than numbers"):
        fetch_model("biomedclip")
    assert installed() == []


SENTENCES = {
    "no such repository": ("", (401, {"X-Error-Code": "RepoNotFound"}, 9), "knows no repository"),
    "a bare 401": ("", (401, {}, 9), "knows no repository"),
    "a bare 404": ("", (404, {}, 9), "knows no repository"),
    "closed": (
        "",
        (403, {"X-Error-Message": "Access to this resource is disabled."}, 9),
        "has closed the repository timm/clip",
    ),
    "no such version": ("", (404, {"X-Error-Code": "RevisionNotFound"}, 9), "has no version"),
    "no such file": (
        "open_clip_config.json",
        (404, {"X-Error-Code": "EntryNotFound"}, 9),
        "has no file open_clip_config.json",
    ),
    "asked too often": ("", (429, {"Retry-After": "120"}, 9), "asked too often"),
    "a firewall": ("", (403, {}, 9), r"refuses to give timm/clip \(status 403\)"),
    "a proxy's password": ("", (407, {}, 9), "The proxy asks for a name and a password"),
    "out of order": ("", (503, {}, 9), r"is out of order \(status 503\)"),
    "anything else": ("", (418, {}, 9), "with status 418"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_that_every_refusal_has_its_sentence(hub, case):
    file, fault, sentence = SENTENCES[case]
    hub.faults.status[file] = fault
    with pytest.raises(FetchProblem, match=sentence) as caught:
        fetch_model("clip")
    assert caught.value.hint
    assert installed() == []


def test_that_trouble_that_passes_is_waited_for(hub):
    hub.faults.status = {"": (502, {}, 2), "open_clip_model.safetensors": (503, {}, 2)}
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_the_time_to_wait_is_said(hub):
    hub.faults.status[""] = (429, {"Retry-After": "120"}, 9)
    with pytest.raises(FetchProblem, match="in 120 seconds"):
        fetch_model("clip")


def test_that_a_login_page_is_not_taken_for_the_hub(hub):
    hub.faults.plain_page = True
    with pytest.raises(FetchProblem, match="localhost is not the hub"):
        fetch_model("clip")


def test_that_a_repository_without_weights_is_said(hub):
    del hub.repositories["timm/clip"].files["open_clip_model.safetensors"]
    with pytest.raises(FetchProblem, match="holds no weights"):
        fetch_model("clip")


def test_that_a_configuration_that_is_none_is_said(hub):
    hub.repositories["timm/clip"].files["open_clip_config.json"] = b"not JSON"
    with pytest.raises(FetchProblem, match=r"open_clip_config\.json .* cannot be read"):
        fetch_model("clip")


def test_that_no_network_is_said(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://no-such-machine.invalid")
    with pytest.raises(FetchProblem, match="was not found: this machine seems to have no network"):
        fetch_model("clip")


def test_that_a_machine_that_refuses_connections_is_said(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FetchProblem, match=r"127\.0\.0\.1 cannot be reached"):
        fetch_model("clip")


def test_that_a_silent_machine_is_said(hub, monkeypatch):
    from vlm_explorer.installing import stream

    monkeypatch.setattr(stream, "STALL", 0.2)
    hub.faults.silent = True
    with pytest.raises(FetchProblem, match="has not answered for"):
        fetch_model("clip")


def test_that_a_user_who_asked_for_no_network_is_heeded(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FetchProblem, match="HF_HUB_OFFLINE"):
        fetch_model("clip")
    assert hub.requests == []


def test_that_a_senseless_address_is_said(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "mirror.example")
    with pytest.raises(FetchProblem, match="makes no sense"):
        fetch_model("clip")


def test_that_unknown_bundled_installed_and_not_offered_ones_are_not_fetched(hub):
    with pytest.raises(ModelNotFound, match="no encoder 'nonsense'"):
        fetch_model("nonsense")
    with pytest.raises(ModelProblem, match="Old one cannot be fetched") as caught:
        fetch_model("old")
    assert "It does not load." in caught.value.hint
    with pytest.raises(ModelProblem, match="Demo cannot be fetched"):
        fetch_model("demo")
    fetch_model("clip")
    with pytest.raises(ModelProblem, match="already on this machine"):
        fetch_model("clip")


# --- room ---------------------------------------------------------------------------------------


def test_that_too_little_room_is_said_before_the_weights_are_fetched(hub, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageProblem, match=r"are needed .* 1 kB are free"):
        fetch_model("clip")
    assert not hub.asked_for("open_clip_model.safetensors")


def test_that_weights_to_be_converted_need_room_twice(hub, monkeypatch):
    size = len(weights_of(hub, "microsoft/BiomedCLIP", "open_clip_pytorch_model.bin"))
    usage = shutil.disk_usage("/")._replace(free=int(2.1 * size))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageProblem, match="are needed"):
        fetch_model("biomedclip")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_that_a_disk_that_becomes_full_is_said(hub):
    revision = hub.repositories["timm/clip"].revision
    place = paths.models_folder() / ".fetching" / "clip" / revision[:12]
    place.mkdir(parents=True)
    (place / "open_clip_model.safetensors.partial").symlink_to("/dev/full")
    with pytest.raises(StorageProblem, match="The disk became full") as caught:
        fetch_model("clip")
    assert "what arrived is kept" in caught.value.hint


def test_that_a_folder_that_cannot_be_written_to_is_said(hub, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file in the way")
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    with pytest.raises(StorageProblem, match="cannot be written"):
        fetch_model("clip")


# --- access -------------------------------------------------------------------------------------


def test_that_gated_weights_need_consent_and_a_token(hub):
    with pytest.raises(AccessNeeded, match="accepted its terms") as caught:
        fetch_model("gated")
    assert "https://huggingface.co/closed/clip" in caught.value.hint
    assert "models login" in caught.value.hint


def test_that_a_token_without_consent_is_said(hub):
    with pytest.raises(AccessNeeded, match="may not read Gated CLIP yet") as caught:
        fetch_model("gated", token="hf_other")
    assert "hf_other" not in f"{caught.value!r} {caught.value}"


def test_that_a_token_that_is_not_accepted_is_said(hub):
    hub.faults.status[""] = (
        401,
        {"X-Error-Message": "Invalid credentials in Authorization header"},
        9,
    )
    with pytest.raises(AccessNeeded, match="does not accept the token"):
        fetch_model("gated", token="hf_revoked")


def test_that_a_token_goes_to_the_hub_alone_and_only_where_it_is_asked_for(hub):
    fetch_model("gated", token="hf_right")
    assert {request.token for request in hub.requests if request.server == "hub"} == {"hf_right"}
    assert {request.token for request in hub.requests if request.server == "store"} == {""}
    hub.requests.clear()
    fetch_model("clip")
    assert {request.token for request in hub.requests} == {""}


def test_that_a_renamed_repository_on_the_same_machine_still_gets_the_token(hub):
    hub.repositories["new/clip"] = hub.repositories["closed/clip"]
    hub.repositories["closed/clip"] = Repository(
        hub.repositories["new/clip"].files,
        gated=True,
        allowed_token="hf_right",
        renamed_to="new/clip",
    )
    fetch_model("gated", token="hf_right")
    assert [request.token for request in hub.requests[:2]] == ["hf_right"] * 2


def test_that_a_token_does_not_leave_this_machine_unencrypted(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    monkeypatch.setenv("http_proxy", hub.url)
    with pytest.raises(AccessNeeded, match="not sent to mirror.example") as caught:
        fetch_model("gated", token="hf_right")
    assert "hf_right" not in repr(caught.value)
    assert hub.requests == []


def test_that_a_token_is_found_in_the_environment_and_in_the_hubs_login(hub, monkeypatch, tmp_path):
    assert (hub_token.find_token(), hub_token.token_source()) == (None, "")
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_login\n")
    assert (hub_token.find_token(), hub_token.token_source()) == ("hf_login", "hub login")
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert (hub_token.find_token(), hub_token.token_source()) == ("hf_right", "environment")
    fetch_model("gated")
    assert installed() == ["gated"]


@pytest.mark.parametrize("token", ["hf_right\nhf_other", "hf_right\rhf_other", "hf_…", ""])
def test_that_what_cannot_be_a_token_is_neither_sent_nor_said(hub, token):
    with pytest.raises(UsageError, match="no token") as caught:
        fetch_model("gated", token=token)
    assert "hf_right" not in f"{caught.value!r} {caught.value}"
    assert hub.requests == []


def test_that_no_token_is_left_in_files(hub):
    fetch_model("gated", token="hf_right")
    for file in paths.models_folder().parent.rglob("*"):
        assert not file.is_file() or b"hf_right" not in file.read_bytes()


# --- the way through the network ----------------------------------------------------------------


def test_that_a_mirror_named_in_the_settings_is_asked(hub, monkeypatch):
    from vlm_explorer.settings import Settings, save_settings

    save_settings(Settings(hub_endpoint=hub.url + "/"))
    monkeypatch.delenv("HF_ENDPOINT")
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_a_proxy_is_used(hub, monkeypatch):
    from vlm_explorer.settings import Settings, save_settings

    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    save_settings(Settings(hub_proxy=hub.url))
    fetch_model("clip")
    assert hub.requests[0].path.startswith("/api/models/timm/clip")
    hub.requests.clear()
    remove_model("clip")
    monkeypatch.setenv("http_proxy", hub.url)
    monkeypatch.setenv("no_proxy", "hub.example")
    with pytest.raises(FetchProblem, match=r"hub\.example was not found"):
        fetch_model("clip")


def test_that_a_proxy_that_wants_a_password_is_said(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    monkeypatch.setenv("https_proxy", hub.url)
    hub.faults.tunnel = 407
    with pytest.raises(FetchProblem, match="proxy asks for a name and a password"):
        fetch_model("clip")
    hub.faults.tunnel = 502
    with pytest.raises(FetchProblem, match=r"hub\.example cannot be reached by way of the proxy"):
        fetch_model("clip")


def test_that_a_certificate_file_that_is_missing_or_none_is_said(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(FetchProblem, match="no file of certificates"):
        fetch_model("clip")
    (tmp_path / "nowhere.pem").write_text("nonsense")
    with pytest.raises(FetchProblem, match="cannot be read"):
        fetch_model("clip")


def test_that_a_certificate_of_an_institution_is_trusted_when_it_is_named(
    folders, resources, monkeypatch, certificate
):
    from vlm_explorer.settings import Settings, save_settings

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    with local_hub(tls) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repositories["timm/clip"] = Repository(
            {"open_clip_config.json": b"{}"}, without_checksums=True
        )
        with pytest.raises(FetchProblem, match="certificate of localhost is not trusted") as caught:
            fetch_model("clip")
        assert "SSL_CERT_FILE" in caught.value.hint
        save_settings(Settings(hub_ca_bundle=str(certificate[0])))
        with pytest.raises(FetchProblem, match="holds no weights"):
            fetch_model("clip")
        server.faults.redirect = server.store_url + "/api/models/timm/clip/revision/main?blobs=true"
        with pytest.raises(FetchProblem, match="with status 307"):
            fetch_model("clip")  # which would give up encryption


def test_that_an_import_of_a_fetched_folder_keeps_its_source(hub, tmp_path):
    fetch_model("biomedclip")
    elsewhere = shutil.copytree(paths.models_folder() / "biomedclip", tmp_path / "copied")
    remove_model("biomedclip")
    import_model(elsewhere, "mine")
    assert read_source(paths.models_folder() / "mine") == read_source(elsewhere)
    assert load_encoder("mine").dimension == 512
