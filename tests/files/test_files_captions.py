"""Caption tables as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vlm_explorer.errors import UsageError
from vlm_explorer.files.tables import looks_like_captions, read_captions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files that rows may name."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"x")
    (tmp_path / "b.dcm").write_bytes(b"x")
    return tmp_path


def write(folder: Path, text: str | bytes, name: str = "captions.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_that_known_columns_become_fields_and_others_are_kept(folder: Path) -> None:
    table = read_captions(
        write(
            folder,
            "file,caption,label,modality,patient,split,licence\n"
            'images/a.png,"Fluid, left",effusion; mass,XR,7,test,CC0\n',
        )
    )
    (row,) = table.rows
    assert row.file == folder / "images" / "a.png"
    assert row.file.is_absolute()
    assert (row.caption, row.label, row.modality) == ("Fluid, left", "effusion; mass", "XR")
    assert (row.patient, row.split, row.extra) == ("7", "test", {"licence": "CC0"})
    assert table.warnings == ()


def test_that_two_rows_of_a_file_are_two_captions_in_their_order(folder: Path) -> None:
    table = read_captions(write(folder, "file,caption\nb.dcm,one\nb.dcm,two\n"))
    assert [row.caption for row in table.rows] == ["one", "two"]


def test_that_rows_without_an_existing_file_are_warnings(folder: Path) -> None:
    table = read_captions(write(folder, "file,caption\nc.dcm,one\n,two\nimages,x\nb.dcm,three\n"))
    assert [row.caption for row in table.rows] == ["three"]
    places = [warning.split(":")[0] for warning in table.warnings]
    assert places == [f"captions.csv, line {number}" for number in (2, 3, 4)]
    assert "c.dcm" in table.warnings[0]


def test_that_very_many_missing_files_are_counted_and_not_listed(folder: Path) -> None:
    rows = "".join(f"missing-{number}.png,x\n" for number in range(500))
    table = read_captions(write(folder, "file,caption\n" + rows))
    assert len(table.warnings) == 51
    assert table.warnings[-1].startswith("450 more")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_that_what_spreadsheets_save_is_read(folder: Path, delimiter: str, encoding: str) -> None:
    lines = [("File", "Caption"), ("b.dcm", "Größe 3 mm")]
    text = "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    path = write(folder, text.encode(encoding))
    assert read_captions(path).rows[0].caption == "Größe 3 mm"
    assert looks_like_captions(path)


def test_that_captions_may_span_lines_and_empty_lines_are_skipped(folder: Path) -> None:
    table = read_captions(write(folder, 'file,caption\n\nb.dcm,"first\nsecond"\n , \n'))
    assert [row.caption for row in table.rows] == ["first\nsecond"]


def test_that_short_and_long_rows_are_read(folder: Path) -> None:
    table = read_captions(write(folder, "file,caption,label\nb.dcm\nb.dcm,x,y,z,more\n"))
    assert [(row.caption, row.label) for row in table.rows] == [("", ""), ("x", "y")]


def test_that_the_separators_of_windows_are_read(folder: Path) -> None:
    table = read_captions(write(folder, "file,caption\nimages\\a.png,x\n"))
    assert table.rows[0].file == folder / "images" / "a.png"


def test_that_a_path_is_made_absolute_and_plain_and_links_are_kept(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder / "images" / "a.png")
    table = read_captions(write(folder, "file,caption\n./images/../link.png,x\n"))
    assert table.rows[0].file == folder / "link.png"


@pytest.mark.parametrize("text", ["", "name,caption\nb.dcm,x\n", "file;label\nb.dcm;x\n"])
def test_that_a_table_without_its_columns_is_refused_with_a_hint(folder: Path, text: str) -> None:
    path = write(folder, text)
    with pytest.raises(UsageError, match="no column") as caught:
        read_captions(path)
    assert "first line" in caught.value.hint
    assert not looks_like_captions(path)


def test_that_a_missing_table_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv"):
        read_captions(folder / "none.csv")


def test_that_only_captions_csv_is_read_by_itself(folder: Path) -> None:
    text = "file,caption\nb.dcm,x\n"
    assert looks_like_captions(write(folder, text, "CAPTIONS.CSV"))
    assert not looks_like_captions(write(folder, text, "other.csv"))


def test_that_the_real_captions_are_read(test_data: Path) -> None:
    table = read_captions(test_data / "pairs" / "captions.csv")
    assert len(table.rows) == 303
    assert table.warnings == ()
    assert {row.modality for row in table.rows} == {"XR", "CT", "MR", "CT/MR"}
