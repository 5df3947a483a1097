"""A hub on this machine with small encoders, and a catalogue that names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hub_server import LocalHub, Repository, local_hub, repository_of

from vlm_explorer import paths
from vlm_explorer.encoders.registry import list_encoders
from vlm_explorer.installing import hub as hub_module

CATALOGUE = """
[demo]
name = "Demo"
bundled = "demo-encoder"

[biomedclip]
name = "BiomedCLIP"
repository = "microsoft/BiomedCLIP"
companion = { repository = "microsoft/BiomedBERT" }
medical = true

[clip]
name = "Small CLIP"
repository = "timm/clip"
architecture = "ViT-B-32-quickgelu"

[siglip]
name = "Small SigLIP"
repository = "timm/siglip"
preprocess = { mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5], resize_mode = "squash" }

[hf-clip]
name = "CLIP of transformers"
repository = "someone/hf-clip"
loader = "transformers"

[gated]
name = "Gated CLIP"
repository = "closed/clip"
gated = true
access = "Accept the terms at https://huggingface.co/closed/clip."

[old]
name = "Old one"
loader = ""
not_offered = "It does not load."
"""


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING_FACE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setattr(hub_module, "PAUSE", 0.0)


@pytest.fixture
def resources(tmp_path, monkeypatch):
    folder = tmp_path / "resources"
    folder.mkdir()
    (folder / "encoders.toml").write_text(CATALOGUE)
    monkeypatch.setattr(paths, "resources", lambda: folder)
    return folder


@pytest.fixture
def hub(folders, resources, monkeypatch):
    with local_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        biomedclip = repository_of(folders["biomedclip, old keys"])
        del biomedclip.files["open_clip_model.safetensors"]
        text_config = biomedclip.files.pop("config.json")
        biomedclip.files["open_clip_pytorch_model.bin"] = (
            folders["biomedclip"] / "open_clip_pytorch_model.bin"
        )
        biomedclip.files |= {"README.md": b"# BiomedCLIP", "notebook.ipynb": b"{}"}
        server.repositories["microsoft/BiomedCLIP"] = biomedclip
        server.repositories["microsoft/BiomedBERT"] = Repository(
            {"config.json": text_config, "pytorch_model.bin": b"not needed"}, revision="b" * 40
        )
        server.repositories["timm/clip"] = repository_of(folders["clip-vit"])
        server.repositories["timm/siglip"] = repository_of(folders["siglip"])
        server.repositories["closed/clip"] = repository_of(
            folders["clip-vit"], gated=True, allowed_token="hf_right"
        )
        yield server


@pytest.fixture
def certificate(tmp_path):
    """A certificate of localhost that signs itself, with its key: two files."""
    pytest.importorskip("cryptography", reason="makes the certificate")
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "certificate.pem").write_bytes(made.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(secret)
    return tmp_path / "certificate.pem", tmp_path / "key.pem"


def installed() -> list[str]:
    return [spec.id for spec, folder in list_encoders() if folder is not None]


def left_over() -> list[Path]:
    """What lies in the folder of models besides encoders and pins."""
    folder = paths.models_folder()
    return [path for path in folder.glob(".*/**/*") if path.is_file() and path.name != "lock"]


def weights_of(hub: LocalHub, repository: str, name: str) -> bytes:
    return hub.repositories[repository].bytes_of(name)
