"""The words of the captions: findings, places, kinds of picture, and what is as it should be."""

from __future__ import annotations

# Noun phrases of a finding; a leading "*" marks one that takes an article.
NOUNS: dict[str, tuple[str, ...]] = {
    "pleural effusion": (
        "*pleural effusion",
        "*pleural effusion",
        "pleural fluid",
        "fluid in the pleural space",
    ),
    "pneumothorax": ("*pneumothorax", "*pneumothorax", "air in the pleural space"),
    "consolidation": (
        "consolidation",
        "*consolidation",
        "airspace consolidation",
        "*airspace opacity",
        "consolidation in keeping with pneumonia",
        "pneumonia",
    ),
    "nodule": (
        "*nodule",
        "*pulmonary nodule",
        "*lung nodule",
        "*rounded nodular opacity",
        "*coin lesion",
    ),
    "cardiomegaly": (
        "cardiomegaly",
        "cardiomegaly",
        "*enlarged heart",
        "enlargement of the heart",
        "*enlarged cardiac silhouette",
        "*increased cardiothoracic ratio",
    ),
    "haemorrhage": (
        "*haemorrhage",
        "*intracranial haemorrhage",
        "intracranial hemorrhage",
        "*brain haemorrhage",
        "*intracranial bleed",
        "acute intracranial blood",
    ),
    "brain tumour": (
        "*brain tumour",
        "*brain tumor",
        "*cerebral tumour",
        "*brain neoplasm",
        "*intracranial mass",
        "*brain mass with surrounding oedema",
    ),
    "liver lesion": (
        "*liver lesion",
        "*hepatic lesion",
        "*focal liver lesion",
        "*hypodense liver lesion",
        "*liver mass",
    ),
    "kidney cyst": ("*kidney cyst", "*renal cyst", "*simple renal cyst", "*cyst of the kidney"),
    "breast mass": (
        "*breast mass",
        "*mass in the breast",
        "*dense mass",
        "*breast lump",
        "*suspicious breast mass",
    ),
    "cystic lesion": (
        "*cystic lesion",
        "*cyst",
        "*anechoic cystic lesion",
        "*simple cyst",
        "*anechoic lesion with posterior enhancement",
    ),
    "solid lesion": (
        "*solid lesion",
        "*solid mass",
        "*solid nodule",
        "*solid focal lesion",
    ),
}

# What may be said where a finding is absent, without naming it.
CALM: dict[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]] = {
    ("XR", "chest"): (
        (
            "cardiomegaly",
            ("The heart size is normal", "Normal heart size", "Normal cardiac contour"),
        ),
        ("pleural effusion", ("The costophrenic angles are sharp", "Sharp costophrenic angles")),
        ("pneumothorax", ("The lungs are fully expanded", "Lungs well expanded")),
    ),
    ("CT", "chest"): (("cardiomegaly", ("The heart size is normal", "Normal heart size")),),
    ("CT", "head"): (),
    ("MR", "head"): (),
    ("CT", "abdomen"): (
        ("liver lesion", ("The liver is unremarkable", "Homogeneous liver")),
        ("kidney cyst", ("The kidneys are unremarkable", "Normal kidneys")),
    ),
    ("MG", "breast"): (),
    ("US", "abdomen"): (),
    ("US", "breast"): (),
}

CLEAR: dict[tuple[str, str], tuple[str, ...]] = {
    ("XR", "chest"): ("The lungs are clear", "Clear lungs", "Lungs clear, heart size normal"),
    ("CT", "chest"): ("The lungs are clear", "Clear lungs"),
    ("CT", "head"): ("The ventricles are symmetrical", "Normal brain parenchyma"),
    ("MR", "head"): ("Normal brain parenchyma", "The ventricles are symmetrical"),
    ("CT", "abdomen"): ("Normal solid organs", "The liver and kidneys are unremarkable"),
    ("MG", "breast"): ("Normal fibroglandular tissue", "Normal breast tissue"),
    ("US", "abdomen"): ("Normal echotexture", "Homogeneous parenchyma"),
    ("US", "breast"): ("Normal fibroglandular tissue", "Normal breast tissue"),
}

SITES: dict[str, tuple[str, ...]] = {
    "pleural effusion": ("on the {side}", "at the {side} base"),
    "pneumothorax": ("on the {side}", "on the {side} side"),
    "consolidation": ("in the {side} lung", "on the {side}"),
    "nodule": ("in the {side} lung", "on the {side}"),
    "haemorrhage": ("on the {side}", "in the {side} hemisphere"),
    "brain tumour": ("on the {side}", "in the {side} hemisphere"),
    "kidney cyst": ("on the {side}",),
    "breast mass": ("on the {side}",),
}

SIZED = frozenset(NOUNS) - {"cardiomegaly", "consolidation"}


RADIOGRAPH: dict[str, tuple[str, ...]] = {
    "PA": (
        "chest radiograph",
        "chest x-ray",
        "chest X-ray",
        "frontal chest radiograph",
        "PA chest radiograph",
        "posteroanterior chest x-ray",
        "frontal view of the chest",
        "radiograph of the chest",
        "plain film of the chest",
        "x-ray of the chest",
    ),
    "lateral": (
        "lateral chest radiograph",
        "lateral chest x-ray",
        "lateral view of the chest",
        "chest radiograph, lateral view",
        "chest x-ray in lateral projection",
    ),
}
CT: dict[str, tuple[str, ...]] = {
    "chest": (
        "chest CT",
        "CT of the chest",
        "axial CT of the chest",
        "thoracic CT slice",
        "axial chest CT image",
        "computed tomography of the thorax",
        "CT scan of the chest",
    ),
    "abdomen": (
        "abdominal CT",
        "CT of the abdomen",
        "axial CT of the abdomen",
        "axial abdominal CT image",
        "computed tomography of the abdomen",
        "CT scan of the abdomen",
    ),
    "head": (
        "head CT",
        "CT of the head",
        "axial head CT",
        "brain CT",
        "computed tomography of the head",
        "CT scan of the brain",
    ),
}
MR = (
    "brain MRI, {}",
    "{} MRI of the brain",
    "axial {} brain MRI",
    "{} MR image of the head",
    "magnetic resonance image of the brain, {}",
    "axial {} MR of the brain",
    "head MRI, {} sequence",
    "brain MRI",
    "MRI of the head",
)
SEQUENCES: dict[str, tuple[str, ...]] = {
    "T1": ("T1", "T1-weighted", "T1w"),
    "T2": ("T2", "T2-weighted", "T2w"),
    "FLAIR": ("FLAIR", "T2 FLAIR", "fluid-attenuated"),
}
MG = (
    "{side} mammogram, {view} view",
    "{view} mammogram of the {side} breast",
    "mammogram",
    "mammography of the {side} breast",
    "{side} breast mammogram",
    "digital mammogram, {side} {view}",
)
MG_VIEWS: dict[str, tuple[str, ...]] = {
    "MLO": ("MLO", "mediolateral oblique"),
    "CC": ("CC", "craniocaudal"),
}
US: dict[str, tuple[str, ...]] = {
    "liver": (
        "liver ultrasound",
        "ultrasound of the liver",
        "abdominal ultrasound",
        "hepatic sonogram",
        "sonography of the liver",
    ),
    "kidney": (
        "renal ultrasound",
        "ultrasound of the kidney",
        "abdominal ultrasound",
        "kidney sonogram",
        "sonography of the kidney",
    ),
    "breast": (
        "breast ultrasound",
        "ultrasound of the breast",
        "breast sonogram",
        "sonography of the breast",
    ),
}
