"""Short CT and MR series: levels, geometry, windows, and the slices themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import ct, mr
from vlm_explorer.demo.abdomen import random_abdomen
from vlm_explorer.demo.abdomen_ct import abdomen_slice
from vlm_explorer.demo.body import Array, Grid, Warp
from vlm_explorer.demo.chest import Opacity, random_chest
from vlm_explorer.demo.chest_ct import chest_slice
from vlm_explorer.demo.findings import Finding
from vlm_explorer.demo.head import head_slice, random_head
from vlm_explorer.demo.image import DemoImage, Geometry, make_image
from vlm_explorer.demo.plan import CasePlan, Patient

_HEAD_HU = {"skin": 35.0, "marrow": 450.0, "csf": 6.0, "grey": 39.0, "white": 28.5, "nuclei": 38.0}


@dataclass(frozen=True, slots=True)
class Stack:
    """Levels of a series, and the scanner's settings that its slices share."""

    levels: list[float]
    thickness: float
    spacing_between: float
    table: float
    placing: tuple[float, tuple[float, float], float]
    warp: Warp


def _stack(
    rng: np.random.Generator, n: int, field: float, span: tuple[float, float], centre: float | None
) -> Stack:
    """Regular levels within a span (mm), around the centre of a lesion if there is one."""
    step = float(rng.integers(6, 11) if centre is not None else rng.integers(6, 15))
    low, high = span
    if centre is None:
        step = min(step, (high - low) // max(1, n - 1))
        start = rng.uniform(low, high - step * (n - 1))
    else:
        start = centre - step * (n - 1) * rng.uniform(0.3, 1.0) + rng.uniform(-3, 3)
    levels = [round(start + step * k, 1) for k in range(n)]
    if rng.random() < 0.5:
        levels.reverse()
    warp = Warp.random(rng, 2.4, 110)
    thickness = float(min(step, rng.choice((3, 5, 6))))
    placing = ct.scanner_grid(rng, field)
    return Stack(levels, thickness, step, float(rng.uniform(0.76, 0.9)) * 256, placing, warp)


def _slice_geometry(
    stack: Stack,
    k: int,
    patient: Patient,
    *,
    agent: bool,
    timing: tuple[float, float, float] | None,
) -> Geometry:
    spacing, centre, _ = stack.placing
    corner = 127.5 * spacing
    position = (centre[0] - corner, centre[1] - corner, stack.levels[k])
    return Geometry(
        patient.id,
        (spacing, spacing),
        position=position,
        thickness=stack.thickness,
        spacing_between=stack.spacing_between,
        instance=k + 1,
        sex=patient.sex,
        age=patient.age,
        timing=timing,
        contrast_agent=agent,
    )


def _ct_image(
    hu: Array,
    findings: tuple[Finding, ...],
    geometry: Geometry,
    window: tuple[float, float],
    region: str,
    signed: bool,
) -> DemoImage:
    whole = np.round(hu)
    stored = whole.astype(np.int16) if signed else (whole + 1024).astype(np.uint16)
    return make_image(
        stored,
        findings,
        geometry,
        intercept=0.0 if signed else -1024.0,
        window=window,
        modality="CT",
        region=region,
        view="axial",
    )


def ct_chest(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    """A chest CT series; the window shows what the patient has."""
    chest = random_chest(rng, list(plan.wanted))
    agent = bool(rng.random() < 0.5)
    values = ct.tissue_values(rng, agent)
    names = {name for name, _ in plan.wanted}
    opacities = [o.solid.centre[2] for o in chest.lesions.values() if isinstance(o, Opacity)]
    centre = opacities[0] if opacities else None
    span = (-85.0, 75.0)
    field = rng.uniform(350, 450)
    if "cardiomegaly" in names:
        # Every slice passes the heart near its widest, where its size can be judged.
        middle, half = chest.heart.centre[2], 4.5 * plan.images
        span, centre = (middle - half, middle + half), None
    elif "pleural effusion" in names:
        span = (-85.0, 10.0)
    stack = _stack(rng, plan.images, field, span, centre)
    lung_only = "pneumothorax" in names
    lung_window = lung_only or rng.random() < (0.3 if names <= {"cardiomegaly"} and names else 0.6)
    window = (
        (float(rng.choice((-600, -550, -500))), float(rng.choice((1400, 1500, 1600))))
        if lung_window
        else (float(rng.choice((35, 40, 50))), float(rng.choice((350, 400, 450))))
    )
    return _ct_series(
        lambda grid, z: chest_slice(chest, grid, z, values, rng),
        (stack, patient, rng, window, "chest", agent, (9.0, 22.0)),
    )


_Series = tuple[
    Stack, Patient, np.random.Generator, tuple[float, float], str, bool, tuple[float, float]
]


def _ct_series(
    cut: Callable[[Grid, float], tuple[Array, tuple[Finding, ...]]], setting: _Series
) -> list[DemoImage]:
    stack, patient, rng, window, region, agent, noise_range = setting
    noise, signed, circle = rng.uniform(*noise_range), rng.random() < 0.5, rng.random() < 0.5
    table = stack.table if region != "head" and rng.random() < 0.75 else None
    out = []
    for k, z in enumerate(stack.levels):
        hu, findings = cut(ct.slice_grid(stack.placing, stack.warp, z), z)
        hu = ct.finish(hu, rng, noise=noise, table=table, circle=circle)
        geometry = _slice_geometry(stack, k, patient, agent=agent, timing=None)
        out.append(_ct_image(hu, findings, geometry, window, region, signed))
    return out


def ct_abdomen(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    """An abdominal CT series."""
    abdomen = random_abdomen(rng, list(plan.wanted))
    agent = bool(rng.random() < 0.65)
    values = ct.tissue_values(rng, agent)
    centres = [solids[0].centre[2] for solids in abdomen.lesions.values()]
    # Of two lesions, the series is about one.
    centre = centres[plan.turn % len(centres)] if centres else None
    stack = _stack(rng, plan.images, rng.uniform(350, 470), (-60.0, 65.0), centre)
    window = (float(rng.choice((40, 50, 60))), float(rng.choice((300, 350, 400))))
    return _ct_series(
        lambda grid, z: abdomen_slice(abdomen, grid, z, values, rng),
        (stack, patient, rng, window, "abdomen", agent, (6.0, 14.0)),
    )


def head_values(rng: np.random.Generator, *, agent: bool) -> dict[str, float]:
    """Hounsfield units of the head's tissues, with or without contrast medium."""
    values = {**ct.tissue_values(rng, agent), **_HEAD_HU}
    values |= {
        "bone": rng.uniform(1000, 1400),
        "falx": 62.0 if agent else 46.0,
        "oedema": rng.uniform(14, 19),
        "rim": rng.uniform(58, 72),
        "necrosis": rng.uniform(8, 16),
        "blood": rng.uniform(64, 78),
    }
    return values


def ct_head(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    """A head CT series; contrast medium where there is a tumour."""
    head = random_head(rng, list(plan.wanted))
    tumour = any(name == "brain tumour" for name, _ in plan.wanted)
    agent = bool(tumour or rng.random() < 0.3)
    values = head_values(rng, agent=agent)
    centre = head.lesions[0].solid.centre[2] if head.lesions else None
    stack = _stack(rng, plan.images, rng.uniform(205, 265), (-14.0, 52.0), centre)
    window = (float(rng.choice((35, 38, 40))), float(rng.choice((80, 90, 100))))
    return _ct_series(
        lambda grid, z: head_slice(head, grid, z, values, rng),
        (stack, patient, rng, window, "head", agent, (2.0, 4.5)),
    )


def mr_head(plan: CasePlan, patient: Patient, rng: np.random.Generator) -> list[DemoImage]:
    """A brain MR series of one sequence."""
    head = random_head(rng, list(plan.wanted))
    sequence = mr.random_sequence(rng, ("T1", "T2", "FLAIR")[int(rng.integers(3))])
    values = mr.signals(sequence)
    centre = head.lesions[0].solid.centre[2] if head.lesions else None
    stack = _stack(rng, plan.images, rng.uniform(205, 270), (-14.0, 52.0), centre)
    gain = rng.uniform(400, 1600) / values["white"]
    noise = rng.uniform(0.02, 0.06)
    brightest = {"T1": "white", "T2": "csf", "FLAIR": "grey"}[sequence.name]
    top = gain * values[brightest] * {"T1": 2.1, "T2": 1.0, "FLAIR": 2.0}[sequence.name]
    top *= rng.uniform(0.85, 1.15)
    timing = (sequence.repetition, sequence.echo, sequence.inversion)
    out = []
    for k, z in enumerate(stack.levels):
        picture, findings = head_slice(
            head, ct.slice_grid(stack.placing, stack.warp, z), z, values, rng
        )
        picture = mr.acquire(
            picture * np.float32(gain), rng, white=gain * values["white"], noise=noise
        )
        out.append(
            make_image(
                np.clip(np.round(picture), 0, 32767).astype(np.uint16),
                findings,
                _slice_geometry(stack, k, patient, agent=sequence.contrast_agent, timing=timing),
                window=(round(top / 2), round(top)),
                modality="MR",
                region="head",
                view="axial",
                sequence=sequence.name,
            )
        )
    return out
