"""Who a scan is of: read from the file when it is asked for, kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.valuerep import PersonName

from vlm_explorer.errors import FileProblem
from vlm_explorer.files.dicom_dataset import open_dicom, text, value
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.signatures import FileKind, sniff

_TAGS = tuple(Tag(keyword) for keyword in (
    "AccessionNumber", "InstitutionName", "PatientAge", "PatientBirthDate", "PatientID",
    "PatientName", "PatientSex", "SpecificCharacterSet", "StudyDate",
))  # fmt: skip
_AGE_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
NOTHING_KNOWN = "No patient details in this file"


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """What a file says of the patient and the visit; "" for what it does not say.

    In memory only, while the user has asked for it. Dates are written YYYY-MM-DD.
    """

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    study_date: str = ""
    institution: str = ""
    accession_number: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the viewer's upper left corner; one at least."""
        born = f"born {self.birth_date}" if self.birth_date else ""
        accession = f"Accession {self.accession_number}" if self.accession_number else ""
        study = f"Study of {self.study_date}" if self.study_date else ""
        lines = (
            self.name,
            f"Id {self.patient_id}" if self.patient_id else "",
            ", ".join(part for part in (born, self.sex, self.age) if part),
            ", ".join(part for part in (study, accession) if part),
            self.institution,
        )
        return tuple(line for line in lines if line) or (NOTHING_KNOWN,)


def read_patient_details(path: Path) -> PatientDetails:
    """Read what a file says of its patient; plain images say nothing.

    Raises:
        FileProblem: the file is not there, or cannot be read.
    """
    try:
        kind, _ = sniff(path)
    except OSError as error:
        raise FileProblem("The file cannot be read any more.", "Check that it is there.") from error
    if kind is not FileKind.DICOM:
        return PatientDetails()
    with quiet_readers():
        dataset = open_dicom(path, _TAGS).dataset
        return PatientDetails(
            name=_name(dataset),
            patient_id=text(dataset, "PatientID"),
            birth_date=_date(text(dataset, "PatientBirthDate")),
            sex=text(dataset, "PatientSex"),
            age=_age(text(dataset, "PatientAge")),
            study_date=_date(text(dataset, "StudyDate")),
            institution=text(dataset, "InstitutionName"),
            accession_number=text(dataset, "AccessionNumber"),
        )


def _name(dataset: Dataset) -> str:
    """Return "Family, Given Middle"; the alphabetic group first, then the ideographic one."""
    name = value(dataset, "PatientName")
    if not isinstance(name, PersonName):
        return ""
    try:
        given = " ".join(part for part in (name.given_name, name.middle_name) if part)
        plain = ", ".join(part for part in (name.family_name, given) if part)
        return plain or str(name.ideographic).replace("^", " ").strip()
    except Exception:  # noqa: BLE001  a name in a wrong character set may raise anything
        return ""


def _date(date: str) -> str:
    """Write YYYYMMDD as YYYY-MM-DD; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _age(age: str) -> str:
    """Write "034Y" (PS3.5, value representation AS) as "34 years"; anything else as it is."""
    count, unit = age[:-1], _AGE_UNITS.get(age[-1:])
    return f"{int(count)} {unit}" if unit and count.isdigit() else age
