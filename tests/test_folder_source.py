"""Folders as data: order, captions, every mode of file, and broken ones that are named and never fatal."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lettvin.targets.errors import BadInput
from lettvin.tools.sources.folder import LONGEST_SIDE, FolderSource, read_pixels
from lettvin.tools.sources.open_source import open_source
from lettvin.tools.sources.source import Unreadable

RED = (200, 30, 10)


def save(path, image=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or Image.new("RGB", (20, 10), RED)).save(path, **options)
    return path


def test_pictures_are_in_the_order_of_their_paths_with_classes_as_captions(tmp_path):
    for name in ("tabby_cat/2.png", "dog/b/deep.png", "dog/a.png", "loose.png"):
        save(tmp_path / name)
    (tmp_path / "dog" / "notes.md").write_text("no picture")
    (tmp_path / "dog" / "._a.png").write_bytes(b"left by a file manager")
    source = FolderSource(str(tmp_path))
    names = [source.file(i) for i in range(len(source))]
    assert names == ["dog/a.png", "dog/b/deep.png", "loose.png", "tabby_cat/2.png"]
    assert [source.about(i).caption for i in range(4)] == ["dog", "dog", None, "tabby cat"]
    assert [source.picture(i).caption for i in range(4)] == ["dog", "dog", None, "tabby cat"]
    assert source.picture(2).provenance.index == 2
    assert source.picture(2).provenance.source == source.name == str(tmp_path)


def test_a_text_beside_a_picture_is_its_caption_before_its_class(tmp_path):
    save(tmp_path / "things" / "x.jpg")
    (tmp_path / "things" / "x.txt").write_bytes("\ufeff\n  a red brick \nsecond line".encode())
    assert FolderSource(str(tmp_path)).about(0).caption == "a red brick"


def test_copies_are_known_by_their_bytes_wherever_they_lie(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png", Image.new("RGB", (20, 10), (10, 30, 200)))
    (tmp_path / "c.png").write_bytes((tmp_path / "b.png").read_bytes())
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "again.png").write_bytes((tmp_path / "a.png").read_bytes())
    assert list(FolderSource(str(tmp_path)).firsts()) == [0, 1, 1, 0]


def test_a_missing_an_empty_and_a_non_folder_are_bad_input(tmp_path):
    with pytest.raises(BadInput, match="nowhere' is not there"):
        FolderSource(str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="holds no pictures"):
        FolderSource(str(tmp_path))
    file = save(tmp_path / "x.png")
    with pytest.raises(BadInput, match="is a file, not a folder"):
        FolderSource(str(file))


def test_the_key_follows_names_and_contents(tmp_path):
    save(tmp_path / "x.png")
    first = FolderSource(str(tmp_path)).key
    assert FolderSource(str(tmp_path)).key == first
    save(tmp_path / "x.png", Image.new("RGB", (21, 10)))
    second = FolderSource(str(tmp_path)).key
    (tmp_path / "x.png").rename(tmp_path / "y.png")
    assert len({first, second, FolderSource(str(tmp_path)).key}) == 3


def test_rotation_by_exif_is_undone(tmp_path):
    image = Image.new("RGB", (20, 10), "black")
    image.paste((255, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it 90 degrees clockwise
    pixels = read_pixels(save(tmp_path / "x.png", image, exif=exif))
    assert pixels.shape == (20, 10, 3)
    assert pixels[2, 5].tolist() == [255, 0, 0]
    assert pixels[17, 5].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("mode", "ending"), [
    ("RGB", "png"), ("RGB", "bmp"), ("RGB", "webp"), ("P", "png"), ("P", "gif"), ("CMYK", "tiff"), ("RGBA", "png"),
])  # fmt: skip
def test_colours_survive_every_mode(tmp_path, mode, ending):
    image = Image.new("RGB", (20, 10), RED)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    options = {"lossless": True} if ending == "webp" else {}
    pixels = read_pixels(save(tmp_path / f"x.{ending}", image, **options))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (10, 20, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 2


def test_transparency_is_laid_on_white(tmp_path):
    rgba = save(tmp_path / "a.png", Image.new("RGBA", (4, 4), (0, 0, 0, 0)))
    grey = save(tmp_path / "b.png", Image.new("LA", (4, 4), (0, 0)))
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    keyed = save(tmp_path / "c.png", palette, transparency=0)
    for path in (rgba, grey, keyed):
        assert (read_pixels(path) == 255).all(), path.name


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_greys_of_any_depth_are_scaled_and_not_cut_off(tmp_path, dtype):
    ramp = np.tile(np.linspace(0, 1, 64), (8, 1))
    white = {np.uint8: 255, np.uint16: 65535, np.int32: 65535, np.float32: 1.0}[dtype]
    path = save(tmp_path / "x.tiff", Image.fromarray((ramp * white).astype(dtype)))
    np.testing.assert_allclose(read_pixels(path)[..., 1], ramp * 255, atol=1.01)


def test_sixteen_bit_png_is_scaled(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64), (8, 1)).astype(np.uint16)
    pixels = read_pixels(save(tmp_path / "x.png", Image.fromarray(ramp)))
    np.testing.assert_allclose(pixels[..., 0], ramp / 257, atol=1.01)


def test_of_an_animation_the_first_frame_is_read(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    for ending in ("gif", "png", "webp"):
        options = {"lossless": True} if ending == "webp" else {}
        path = save(tmp_path / f"x.{ending}", frames[0], save_all=True, append_images=frames[1:], **options)
        assert read_pixels(path)[4, 4].tolist() == [255, 0, 0], ending


def test_large_pictures_are_reduced_and_keep_their_proportions(tmp_path):
    path = save(tmp_path / "x.jpg", Image.new("RGB", (4000, 1000), RED))
    pixels = read_pixels(path)
    assert pixels.shape == (LONGEST_SIDE // 4, LONGEST_SIDE, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 4
    thin = save(tmp_path / "y.png", Image.new("RGB", (5000, 1)))
    assert read_pixels(thin).shape == (1, LONGEST_SIDE, 3)


def broken(tmp_path):
    rng = np.random.default_rng(0)
    whole = save(tmp_path / "whole.png", Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)))
    cut = save(tmp_path / "cut.jpg", Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)))
    cut.write_bytes(cut.read_bytes()[:900])
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("I am no picture")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "bomb.png").write_bytes(claiming(60_000, 60_000))
    (tmp_path / "wide.png").write_bytes(claiming(10_000, 9_000))


def claiming(width, height):
    """The start of a PNG that says it is so large."""
    head = b"IHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"\0\0\0\0IDAT"


def test_broken_files_are_unreadable_with_their_name_and_a_reason(tmp_path, recwarn):
    broken(tmp_path)
    source = FolderSource(str(tmp_path))
    reasons = {}
    for index in range(len(source)):
        if source.file(index) != "whole.png":
            with pytest.raises(Unreadable) as caught:
                source.picture(index)
            assert caught.value.name == source.file(index)
            reasons[source.file(index)] = str(caught.value)
    assert sorted(reasons) == ["bomb.png", "cut.jpg", "cut.png", "empty.png", "gone.png", "text.png", "wide.png"]
    assert reasons["empty.png"] == "the file is empty"
    assert "truncated" in reasons["cut.jpg"]
    assert "cannot identify" in reasons["text.png"]
    assert "DecompressionBomb" in reasons["bomb.png"]
    assert reasons["wide.png"] == "10000 x 9000 pixels are more than 80,000,000"
    assert all("\n" not in reason and str(tmp_path) not in reason for reason in reasons.values())
    assert not list(recwarn)


def test_broken_files_do_not_stop_a_dissection(tmp_path):
    import torch

    from lettvin.targets.module import ModuleTarget
    from lettvin.tools.dissection import dissect

    (tmp_path / "data").mkdir()
    broken(tmp_path / "data")
    target = ModuleTarget(
        "net", torch.nn.Conv2d(3, 2, 1), lambda im: torch.from_numpy(np.array(im.resize((8, 8)))).permute(2, 0, 1) / 255
    )
    found = dissect(target, FolderSource(str(tmp_path / "data")), folder=tmp_path / "cache")
    assert found.n == 8
    assert [row.name for row in found.skipped] == [
        "bomb.png", "cut.jpg", "cut.png", "empty.png", "gone.png", "text.png", "wide.png",
    ]  # fmt: skip
    assert np.isfinite(found.column("output", 0)).sum() == 1


def test_open_source_knows_drawn_data_and_folders(tmp_path):
    save(tmp_path / "x.png")
    assert open_source(str(tmp_path)).name == str(tmp_path)
    assert open_source(" sketch:12@3 ").name == "sketch:12@3"
    assert len(open_source("sketch:12")) == 12


@pytest.mark.parametrize(("text", "says"), [
    ("sketch:0", "N is at least 1"), ("sketch:-3", "write 'sketch:N'"), ("sketch:", "write 'sketch:N'"),
    ("skech:100", "'skech:100' is not there; write a folder of pictures, or 'sketch:N'"),
    ("  ", "no data source in '  '"),
])  # fmt: skip
def test_what_names_no_source_is_bad_input(text, says):
    with pytest.raises(BadInput, match=says):
        open_source(text)
