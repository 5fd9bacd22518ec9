"""What a drawn data set's pictures show, kept beside the dissection: the same as the source says, or made again."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lettvin.tools.dissection.contents import NAME, contents
from lettvin.tools.sources.drawn import SketchSource
from lettvin.tools.sources.folder import FolderSource
from lettvin.tools.sources.source import About

SOURCE = SketchSource("sketch:60@5")


class Counted(SketchSource):
    """A source that counts what it is asked."""

    asked = 0

    def about(self, index: int) -> About:
        self.asked += 1
        return super().about(index)


def said(source: SketchSource) -> list[About]:
    return [source.about(index) for index in range(len(source))]


def test_what_is_read_back_is_what_the_source_says(tmp_path: Path) -> None:
    assert contents(tmp_path, SOURCE) == said(SOURCE)
    counted = Counted(SOURCE.name)
    assert contents(tmp_path, counted) == said(SOURCE)
    assert counted.asked == 0


def test_what_was_written_of_other_pictures_is_not_taken(tmp_path: Path) -> None:
    contents(tmp_path, SOURCE)
    other = SketchSource("sketch:60@6")
    assert contents(tmp_path, other) == said(other)


def test_a_broken_file_is_made_again(tmp_path: Path) -> None:
    contents(tmp_path, SOURCE)
    path = tmp_path / NAME
    whole = path.read_bytes()
    for broken in (whole[:-40], whole.replace(b'"dog"', b'"cat"', 1), b"", b"\xff\xfe", whole[10:]):
        path.write_bytes(broken)
        assert contents(tmp_path, SOURCE) == said(SOURCE)
        assert path.read_bytes() == whole


def test_a_folder_is_asked_every_time(tmp_path: Path) -> None:
    """Its captions lie in texts, which may be mended while the pictures stay."""
    (tmp_path / "data").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "data" / "a.png")
    (tmp_path / "data" / "a.txt").write_text("a dgo")
    source = FolderSource(str(tmp_path / "data"))
    assert contents(tmp_path, source) == [About("a dgo")]
    (tmp_path / "data" / "a.txt").write_text("a dog")
    assert contents(tmp_path, source) == [About("a dog")]
    assert not (tmp_path / NAME).exists()
