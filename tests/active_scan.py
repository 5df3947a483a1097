"""One scan in a viewer, with all that pages about its explanation need, and no widgets."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot
from viewer_scans import open_files

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_measurements import Measurements, MeasurementsPart
from vlm_explorer.viewmodels.viewer_measuring import Measuring


def open_active(qtbot: QtBot, session: Session, file: Path, encoder: Encoder) -> ActiveSaliency:
    """Open a scan, put an encoder there, and wait until the scan is read."""
    (image_id,) = open_files(session, [file])
    session.put(encoder=encoder)
    comparison, measurements = Comparison(session, session), Measurements(session)
    both = comparison.first, comparison.second
    active = ActiveSaliency(
        comparison,
        {each: SaliencyModel(each, session) for each in both},
        session,
        measuring={each: Measuring(each, measurements, session) for each in both},
    )
    session.history.add(MeasurementsPart(measurements), session)
    session.select([image_id])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return active
