"""Encoders load and encode on a machine without a network."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

UNPLUGGED = """
import socket, sys

def refuse(*arguments, **settings):
    raise AssertionError("something reached for the network")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse

import numpy as np
from vlm_explorer.encoders.load import load_encoder

for folder in sys.argv[1:]:
    encoder = load_encoder(folder, device="cpu")
    print(encoder.encode_images([np.zeros((9, 7), np.uint8)]).shape, end=" ")
    print(encoder.encode_texts(["left lung"]).shape)
"""


@pytest.mark.slow
def test_that_every_kind_works_with_the_network_unplugged(folders, transformers_folders, tmp_path):
    places = [*folders.values(), *transformers_folders.values()]
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HF_", "TRANSFORMERS_"))
    }
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "-c",
            UNPLUGGED,
            *map(str, places),
        ],
        env=environment | {"HF_HOME": str(tmp_path / "empty"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[transformers]" not in done.stderr, "remarks that a user can do nothing about"
    assert len(done.stdout.splitlines()) == len(places)
    assert not list((tmp_path / "empty").glob("**/*"))
