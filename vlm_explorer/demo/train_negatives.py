"""Texts that are true of no image of the study: other things of the world, and nonsense."""

from __future__ import annotations

import numpy as np

from vlm_explorer.demo.train_statements import Statement

THINGS = (
    "dog", "cat", "horse", "cow", "bird", "fish", "elephant", "puppy", "kitten", "rabbit", "lion",
    "tiger", "butterfly", "car", "truck", "bus", "train", "bicycle", "motorcycle", "aeroplane",
    "airplane", "ship", "boat", "tractor", "pizza", "bread", "cake", "apple", "banana", "coffee",
    "soup", "salad", "cheese", "ice cream", "sandwich", "chocolate", "flower", "tree", "forest",
    "mountain", "river", "beach", "ocean", "sunset", "sky", "cloud", "snow", "desert", "garden",
    "grass", "house", "castle", "bridge", "church", "street", "city", "kitchen", "bedroom",
    "sofa", "chair", "table", "lamp", "window", "door", "computer", "keyboard", "telephone",
    "television", "camera", "guitar", "piano", "violin", "football", "tennis racket",
    "basketball", "swimming pool", "book", "newspaper", "letter", "tax form", "invoice",
    "receipt", "contract", "map", "passport", "menu", "spreadsheet", "bar chart", "diagram",
    "logo", "cartoon", "painting", "drawing", "poster", "wedding", "birthday party", "concert",
    "child", "man", "woman", "family", "baby", "crowd", "soldier", "teacher", "smiling face",
    "shoe", "shirt", "dress", "hat", "watch", "ring", "jewellery", "umbrella", "suitcase",
    "bottle", "cup", "knife", "spoon", "clock", "toy", "robot", "rocket", "planet", "galaxy",
    "moon", "satellite", "dinosaur", "dragon", "snake", "spider", "bee", "ant", "whale", "shark",
    "penguin", "sheep", "goat",
)  # fmt: skip
OTHER_MEDICINE = (
    "skin rash", "melanoma of the skin", "dermoscopy", "retinal fundus photograph",
    "diabetic retinopathy", "histology slide", "haematoxylin and eosin stain", "blood smear",
    "colonoscopy", "endoscopy of the stomach", "polyp of the colon", "fracture of the femur",
    "broken wrist", "hip replacement", "knee MRI", "meniscus tear", "ankle x-ray",
    "hand radiograph", "dental x-ray", "tooth decay", "foetal ultrasound", "pregnancy",
    "coronary angiogram", "electrocardiogram", "ECG trace", "PET scan", "bone scan",
    "scoliosis of the spine", "lumbar spine MRI", "disc herniation", "shoulder dislocation",
    "foot fracture", "thyroid scintigraphy", "cataract", "ear infection", "burn wound",
    "surgical instruments", "syringe", "pills", "hospital bed", "stethoscope", "nurse", "doctor",
    "wheelchair", "vaccination", "blood pressure", "laboratory report", "prescription",
)  # fmt: skip
FRAMES = (
    "{}", "{}", "a {}", "the {}", "a photo of a {}", "a picture of a {}", "this is a photo of {}",
    "two {}s", "an image of a {}", "{} and {}", "a {} next to a {}", "old {}", "red {}",
)  # fmt: skip
SYLLABLES = (
    "ba", "ko", "zi", "lu", "mer", "tan", "vex", "qui", "plo", "gra", "sni", "dro", "fal", "hup",
    "jin", "ork", "wub", "yel", "xan", "thi", "cro", "blen",
)  # fmt: skip
SIGNS = "?#*&%$@!-+=/:;.,"


def unrelated(rng: np.random.Generator) -> Statement:
    """Return a text about something that no image of the study shows."""
    things = OTHER_MEDICINE if rng.random() < 0.35 else THINGS
    if things is OTHER_MEDICINE:
        frame = "{}" if rng.random() < 0.7 else "an image of {}"
    else:
        frame = FRAMES[rng.integers(len(FRAMES))]
    chosen = [things[k] for k in rng.integers(len(things), size=frame.count("{}"))]
    return Statement(frame.format(*chosen))


def nonsense(rng: np.random.Generator) -> Statement:
    """Return a text that means nothing: random letters, made-up words, digits, signs."""
    words = [_word(rng) for _ in range(int(rng.integers(1, 5)))]
    return Statement(" ".join(words))


def _word(rng: np.random.Generator) -> str:
    draw = rng.random()
    length = int(rng.integers(2, 11))
    if draw < 0.45:
        return "".join(chr(97 + k) for k in rng.integers(26, size=length))
    if draw < 0.8:
        return "".join(SYLLABLES[k] for k in rng.integers(len(SYLLABLES), size=1 + length // 3))
    if draw < 0.92:
        return "".join(str(k) for k in rng.integers(10, size=length))
    return "".join(SIGNS[k] for k in rng.integers(len(SIGNS), size=length // 2 + 1))
