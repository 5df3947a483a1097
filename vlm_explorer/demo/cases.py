"""One patient's study of each kind: the pictures with their display and geometry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vlm_explorer.demo.chest import random_chest
from vlm_explorer.demo.exposure import expose
from vlm_explorer.demo.image import DemoImage, Geometry, make_image
from vlm_explorer.demo.mammogram import mammogram, random_breast
from vlm_explorer.demo.overlay import collimate, side_marker
from vlm_explorer.demo.plan import CasePlan, Patient
from vlm_explorer.demo.radiograph import LATERAL, PA, chest_grid, findings_of, project
from vlm_explorer.demo.series import ct_abdomen, ct_chest, ct_head, mr_head
from vlm_explorer.demo.ultrasound import random_fan, random_scene, ultrasound


def make_case(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    """The pictures of a plan, captions still empty."""
    makers: dict[str, Callable[[CasePlan, Patient, np.random.Generator], list[DemoImage]]] = {
        "radiograph": _radiographs,
        "ct chest": ct_chest,
        "ct abdomen": ct_abdomen,
        "ct head": ct_head,
        "mr head": mr_head,
        "mammogram": _mammograms,
        "ultrasound": _ultrasounds,
    }
    return makers[plan.kind](plan, patient, rng)


def _radiographs(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    chest = random_chest(rng, list(plan.wanted))
    shape = ((384, 320), (352, 352), (320, 384), (384, 336))[int(rng.integers(4))]
    modality = str(rng.choice(("CR", "DX")))
    inverted = rng.random() < 0.25
    axes = (PA, LATERAL)[: plan.images]
    out = []
    for number, axis in enumerate(axes, start=1):
        grid = chest_grid(rng, shape, axis)
        projection = project(chest, grid, axis, rng)
        signal = expose(projection, rng)
        findings = findings_of(projection, chest)
        if axis == PA and rng.random() < 0.55:
            side_marker(signal, rng)
        signal = collimate(signal, rng, [f.box for f in findings])
        full = 4095.0
        stored = np.round(signal * full).astype(np.uint16)
        centre = full / 2 + rng.uniform(-120, 120)
        if inverted:
            stored = (full - stored).astype(np.uint16)
        geometry = Geometry(
            patient.id,
            (grid.spacing, grid.spacing),
            series=number,
            sex=patient.sex,
            age=patient.age,
        )
        out.append(
            make_image(
                stored,
                findings,
                geometry,
                photometric="MONOCHROME1" if inverted else "MONOCHROME2",
                window=(round(centre), round(full * rng.uniform(0.92, 1.08))),
                modality=modality,
                region="chest",
                view="PA" if axis == PA else "lateral",
            )
        )
    return out


def _mammograms(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    side = plan.wanted[0][1] if plan.wanted else str(rng.choice(("left", "right")))
    breast = random_breast(rng, side, bool(plan.wanted))
    views = ["MLO", "CC"]
    if rng.random() < 0.5:
        views.reverse()
    spacing = rng.uniform(0.45, 0.6)
    out = []
    for number, view in enumerate(views[: plan.images], start=1):
        signal, findings = mammogram(breast, view, rng)
        geometry = Geometry(
            patient.id,
            (spacing, spacing),
            series=number,
            laterality=side[0].upper(),
            sex="F",
            age=max(40, patient.age),
        )
        stored = np.round(signal * 4095).astype(np.uint16)
        window = (2048.0, float(round(4096 * rng.uniform(0.9, 1.05))))
        out.append(
            make_image(
                stored, findings, geometry, window=window, modality="MG", region="breast", view=view
            )
        )
    return out


def _ultrasounds(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    organ = ("liver", "kidney", "breast")[plan.turn // 3 % 3]
    lesion = plan.wanted[0][0] if plan.wanted else ""
    scene = random_scene(rng, organ, lesion)
    signal, findings = ultrasound(scene, random_fan(rng, organ), rng)
    spacing = rng.uniform(0.35, 0.6) * (0.4 if organ == "breast" else 1.0)
    geometry = Geometry(patient.id, (spacing, spacing), sex=patient.sex, age=patient.age)
    return [
        make_image(
            np.round(signal * 255).astype(np.uint8),
            findings,
            geometry,
            window=(128.0, 256.0),
            modality="US",
            region="breast" if organ == "breast" else "abdomen",
            view=organ,
        )
    ]
