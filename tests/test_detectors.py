"""Detectors and neurons that see with them: exact maps, scores by formula, nothing kept between pictures, bad words refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lettvin.synthetic_neurons import draws
from lettvin.synthetic_neurons.cam_detector import CamDetector
from lettvin.synthetic_neurons.detector import open_detector
from lettvin.synthetic_neurons.detector_neuron import DetectorNeurons, scored
from lettvin.synthetic_neurons.detector_suites import KINDS, detector_suite
from lettvin.synthetic_neurons.load import load
from lettvin.synthetic_neurons.scene_neuron import REST, Neuron, R
from lettvin.synthetic_neurons.sightings import APART, MOSTLY, SELDOM, UNDECIDED, Sightings
from lettvin.synthetic_neurons.suite import Suite, suite_of
from lettvin.synthetic_neurons.suite_target import SuiteTarget
from lettvin.targets.errors import BadInput
from lettvin.targets.patch import noise_pictures
from lettvin.targets.picture import FromData, Picture
from lettvin.tools.sketch.concept import parse
from lettvin.tools.sources.cutouts import CutoutSource

NOUNS = frozenset({"dog", "cat", "violin", "parachute"})


class Painted:
    """A detector of flat colours: a noun's score is how much of a channel the picture has, in its left half."""

    name, key, device = "painted", "painted-1", "cpu"
    nouns: frozenset[str] | None = NOUNS
    channels = {"dog": 0, "cat": 1, "violin": 2}  # noqa: RUF012

    def __init__(self):
        self.looked: list[str] = []

    def look(self, pictures, labels):
        self.looked += [picture.id for picture in pictures]
        return [{label: self._map(picture, label) for label in labels} for picture in pictures]

    def _map(self, picture, label):
        found = np.zeros((4, 4), np.float32)
        if label in self.channels:
            found[:, :2] = picture.pixels[..., self.channels[label]].mean() / 255
        return found

    def sight(self, height, width):
        from lettvin.targets.target import Sight

        return Sight((0, 0, width, height))


def picture(red: int, green: int, blue: int, side: int = 8) -> Picture:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[...] = (red, green, blue)
    return Picture.of(pixels, FromData("test", 0))


def layer(*neurons: Neuron, **options) -> DetectorNeurons:
    return DetectorNeurons(neurons, Painted(), **options)


# ---- a formula of nouns -----------------------------------------------------------------------------------------------

share = st.floats(0, 1, width=32)


@settings(deadline=None)
@given(a=share, b=share, c=share)
def test_or_is_the_larger_and_the_smaller_and_not_what_is_left(a, b, c):
    seen = {name: np.array([[x, 0.0]]) for name, x in (("dog", a), ("cat", b), ("violin", c))}

    def score(formula):
        return float(scored(parse(formula, nouns=NOUNS), seen).max())

    assert score("dog or cat") == max(a, b)
    assert score("dog and cat") == pytest.approx(min(a, b))
    assert score("dog and not cat") == pytest.approx(a * (1 - b))
    assert score("dog and cat or violin") == pytest.approx(max(min(a, b), c))
    assert score("dog and not (cat or violin)") == pytest.approx(a * (1 - max(b, c)))
    assert float(scored(parse("dog or cat"), seen, (1.0, 0.5)).max()) == max(a, 0.5 * b)


def test_the_answer_is_the_score_and_noise_that_the_picture_fixes():
    weighted = Neuron("dog or cat", noise=0, weights=(1, 0.5))
    target = layer(Neuron("dog", noise=0.1, seed=7), Neuron("dog", "binary", noise=0.0), weighted)
    shown = [picture(51, 0, 0), picture(204, 0, 0), picture(0, 255, 0)]
    found = target.peaks(shown, "neurons", [0, 1, 2])
    noise = [draws.gaussian(p.id, 7, 0) for p in shown]
    assert found[:, 0] == pytest.approx([REST + R * (s + 0.1 * n) for s, n in zip((0.2, 0.8, 0.0), noise, strict=True)])
    assert found[:, 1] == pytest.approx([REST, REST + R, REST])
    assert found[:, 2] == pytest.approx([REST + 0.2 * R, REST + 0.8 * R, REST + 0.5 * R])
    assert np.array_equal(found, target.peaks(shown, "neurons", [0, 1, 2])), "asking twice tells nothing"
    assert target.response(0, shown) == pytest.approx([REST + R * s for s in (0.2, 0.8, 0.0)])


def test_the_map_peaks_where_the_thing_is_and_its_peak_is_the_answer():
    target = layer(Neuron("dog"), Neuron(None, "noise"), Neuron("dog and cat"))
    shown = [picture(200, 100, 0), picture(10, 0, 0)]
    for index in range(3):
        unit = target.unit(str(index))
        maps = target.maps(shown, unit)
        assert [m.shape for m in maps] == [(4, 4)] * 2
        assert [float(m.max()) for m in maps] == target.peaks(shown, "neurons", [index])[:, 0].tolist()
    left = target.maps(shown, target.unit("0"))[0]
    assert left[:, :2].min() > left[:, 2:].max()
    flat = layer(Neuron("dog"), maps=False)
    assert flat.layers[0].kind == "vector"
    assert flat.maps(shown, flat.unit("0"))[0].shape == (1, 1)


def test_no_answer_depends_on_what_was_shown_before_or_stands_beside_it():
    shown = [picture(i, 255 - i, 0) for i in range(0, 250, 10)]
    together = layer(Neuron("dog and not cat"), Neuron("violin")).peaks(shown, "neurons", [0])
    target = layer(Neuron("dog and not cat"), Neuron("violin"))
    alone = np.concatenate([target.peaks([p], "neurons", [0]) for p in reversed(shown)])[::-1]
    assert np.array_equal(together, alone)
    assert sorted(target.detector.looked) == sorted(p.id for p in shown)
    target.peaks(shown, "neurons", [0, 1])
    assert len(target.detector.looked) == len(shown), "no picture is looked at twice"


def test_nulls_answer_without_looking_and_a_shuffled_one_as_another_does():
    pool = [picture(250 if i % 4 == 0 else 0, 0, 0, side=6 + i) for i in range(20)]
    target = layer(Neuron("dog", "binary", 0.0, name="a"), Neuron(None, "shuffled", of="a"), Neuron(None, "dead"),
                   Neuron(None, "constant"), pool=pool)  # fmt: skip
    shown = [picture(255, i, 0) for i in range(120)]
    found = target.peaks(shown, "neurons", [1, 2, 3])
    assert set(np.round(found[:, 0], 4)) == {np.float32(REST), np.round(np.float32(REST + R), 4)}
    assert 0.1 < (found[:, 0] > 1).mean() < 0.45, "a quarter of the pool's pictures fire it"
    assert set(found[:, 1]) == {0.0}
    assert np.unique(found[:, 2]) == pytest.approx([REST])
    other = layer(Neuron("dog", "binary", 0.0, name="a"), Neuron(None, "shuffled", of="a"), pool=pool[:10])
    assert other.key != layer(Neuron("dog", "binary", 0.0, name="a"), Neuron(None, "shuffled", of="a"), pool=pool).key


@pytest.mark.parametrize(("neuron", "says"), [
    (Neuron("at least two dogs"), "cannot look for 'at least two dogs'"),
    (Neuron("dog and on snow"), "cannot look for 'on snow'"),
    (Neuron("red dog"), "cannot look for 'red dog'.*nearest: 'dog'"),
    (Neuron("car"), "cannot look for 'car' of 'car'.*nearest: 'cat'"),
    (Neuron("dgo"), "unknown word 'dgo'"), (Neuron("dog left of cat"), "cannot look for"),
    (Neuron("dog xor cat"), "cannot look for"), (Neuron("dog", "luminance"), "no behaviour 'luminance'"),
    (Neuron("dog", by="count"), "not by 'count'"), (Neuron("dog", weights=(1.0,)), "weights \\[1.0\\]"),
    (Neuron("dog", noise=-1), "noise -1"), (Neuron(None), "cannot fire for None"),
    (Neuron(None, "shuffled", of="x"), "'of' 'x' names no"),
])  # fmt: skip
def test_what_a_detector_cannot_be_asked_for_is_bad_input(neuron, says):
    with pytest.raises(BadInput, match=says) as caught:
        layer(neuron)
    assert "\n" not in str(caught.value)


def test_a_shuffled_neuron_without_a_pool_is_bad_input():
    with pytest.raises(BadInput, match="draws from a pool of pictures, and there is none"):
        layer(Neuron("dog", name="a"), Neuron(None, "shuffled", of="a"))


# ---- suites -----------------------------------------------------------------------------------------------------------


def seen(pictures: int, **nouns: str | float) -> Sightings:
    """Sightings by noun: a share of the pictures at random, or a text whose x's are where it is seen, repeated."""
    rng = np.random.default_rng(5)
    columns = []
    for how in nouns.values():
        if isinstance(how, str):
            there = np.array([how[i % len(how)] == "x" for i in range(pictures)])
        else:
            there = rng.random(pictures) < how
        columns.append(np.where(there, 0.9, 0.05))
    scores = np.stack(columns, axis=1)
    return Sightings(tuple(nouns), scores, scores > 0.5)


FIVE = {"dog": 0.3, "cat": 0.3, "violin": 0.25, "parachute": 0.25, "camera": 0.2}


def test_a_detectors_suite_is_drawn_of_its_nouns_and_told_in_a_file():
    suite = detector_suite("core", "cam", seen(400, **FIVE))
    assert suite == detector_suite("core", "cam", seen(400, **FIVE))
    assert suite != detector_suite("core", "cam", seen(400, **FIVE), seed=3)
    kinds = [neuron.kind for neuron in suite.neurons]
    assert set(kinds) == {*KINDS, "null"}
    assert kinds.count("null") == 30
    assert kinds.count("single object") == 5, "no two alike, of five nouns"
    assert kinds.count("AND") == 10, "of five nouns ten pairs"
    assert kinds.count("AND NOT") == 20, "either of a pair may be vetoed"
    assert len({neuron.fires_for for neuron in suite.neurons if neuron.kind != "weighted OR" and neuron.fires_for}) == sum(
        kind not in ("weighted OR", "null") for kind in kinds
    )
    again = Suite.model_validate_json(suite.as_json())
    assert again == suite
    assert [n.truth() for n in again.neurons] == [n.truth() for n in suite.neurons]
    told = r"finds 2 things often enough.* in the 40 pictures of the data \('dog', 'cat'\), and a suite needs 4"
    with pytest.raises(BadInput, match=told):
        detector_suite("smoke", "cam", seen(40, dog=0.3, cat=0.3, violin=0.0, camera=1.0))


def test_a_formula_that_the_data_cannot_answer_is_no_neuron_and_is_counted():
    """Violin and parachute never meet; a dalmatian is always a dog; a camera is seen in four pictures of five."""
    data = seen(
        100, dog="xx..x...x.", dalmatian=".x........", cat="x..x..x..x", violin="...x...x..", parachute="....x.x...",
        camera="xxxxxxxx..",
    )  # fmt: skip
    assert data.often == ("dog", "dalmatian", "cat", "violin", "parachute")
    why = {text: data.why_not(parse(text, nouns=frozenset(data.nouns))) for text in (
        "violin and parachute", "violin and not parachute", "dog and dalmatian", "dog and not dalmatian", "dog or dalmatian",
        "dog and cat", "camera or cat", "violin or parachute", "dog and cat or violin and cat", "dog and camera")}  # fmt: skip
    assert why["violin and parachute"] == SELDOM
    assert why["violin and not parachute"] == UNDECIDED, "what is vetoed is never there"
    assert why["dog and dalmatian"] == UNDECIDED, "there is no dalmatian that is no dog"
    assert why["dog and not dalmatian"] is None
    assert why["dog or dalmatian"] == UNDECIDED
    assert why["camera or cat"] == MOSTLY
    for text in ("dog and cat", "violin or parachute", "dog and cat or violin and cat", "dog and camera"):
        assert why[text] is None, text
    suite = detector_suite("core", "cam", data)
    told = {one.kind: one for one in suite.drawn}
    assert (told["nouns"].made, told["nouns"].wanted, told["nouns"].refused) == (5, 6, (("seen in nearly all pictures", 1),))
    assert told["AND"].made == sum(neuron.kind == "AND" for neuron in suite.neurons) < 10
    refused = dict(told["AND"].refused)
    assert refused[APART] + refused.get(UNDECIDED, 0) + told["AND"].made == 10, "every pair of the five nouns"
    for neuron in suite.neurons:
        if neuron.fires_for:
            assert data.why_not(neuron.truth()) is None, neuron.fires_for


def test_what_is_taken_for_something_else_is_no_question():
    """Half of all lemons are taken for a dog too: seen together in 20 pictures of 100, none of which shows a dog."""
    data = seen(
        100, dog="x.x......xx....x....", lemon="..x......xx.........", cat="xxx.............x...", camera="....xx.....x........"
    )
    shown = data.shown.copy()
    shown[data.seen[:, 1], 0] = False
    errs = Sightings(data.nouns, data.scores, shown)
    both = parse("dog and lemon", nouns=NOUNS | {"lemon"})
    assert (data.why_not(both), errs.why_not(both)) == (UNDECIDED, UNDECIDED), "no lemon without a dog"
    veto = parse("dog and not lemon", nouns=NOUNS | {"lemon"})
    assert (data.why_not(veto), errs.why_not(veto)) == (None, None), "a lemon vetoes, and is there"
    never = Sightings(data.nouns, data.scores, np.where(np.arange(4) == 1, False, shown))
    assert never.why_not(veto) == UNDECIDED, "what vetoes is no lemon"
    assert "lemon" not in never.often


noun_scores = st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), min_size=1, max_size=5)


@settings(deadline=None)
@given(scores=noun_scores, text=st.sampled_from([
    "dog", "dog or cat", "dog and cat", "dog and not cat", "dog and not cat and not violin", "dog and not (cat or violin)",
    "dog and cat or violin and not parachute", "dog and (cat or violin)"]))  # fmt: skip
def test_sightings_score_a_formula_as_its_neuron_does(scores, text):
    names = ("dog", "cat", "violin", "parachute")
    concept = parse(text, nouns=NOUNS)
    expected = [float(scored(concept, {n: np.array([[s]]) for n, s in zip(names, row, strict=True)}).max()) for row in scores]
    assert Sightings(names, np.array(scores), np.ones((len(scores), 4), bool)).score(concept) == pytest.approx(expected)


def test_a_suite_of_a_detector_is_a_target(monkeypatch):
    from lettvin.synthetic_neurons import suite_target

    monkeypatch.setattr(suite_target, "open_detector", lambda name, device: Painted())
    told = {"name": "mine", "seed": 1, "detector": "painted", "nouns": ["parachute"], "neurons": [
        {"name": "a", "fires_for": "dog and not parachute"}, {"name": "b", "behaviour": "heavy"}]}  # fmt: skip
    target = SuiteTarget(suite_of(told), "mine")
    assert target.unit("0").address == "neurons:0"
    assert target.peaks([picture(255, 0, 0)], "neurons", [0])[0, 0] > 0.8
    assert target.alias.startswith("synthetic-")
    told["neurons"][0]["fires_for"] = "dog and on snow"
    with pytest.raises(BadInput, match="cannot look for 'on snow'"):
        SuiteTarget(suite_of(told), "mine")


# ---- class-activation maps --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cam() -> CamDetector:
    return CamDetector("cpu")


def test_the_mean_of_a_class_activation_map_is_the_logit(cam):
    shown, logits = noise_pictures(4, 260), []
    cam.network.watch(shown, ["_fc"], lambda _, maps: logits.append(maps[:, :, 0, 0].clone()))
    maps = cam.class_maps(shown)
    assert maps.shape == (4, 1000, 7, 7)
    assert torch.allclose(maps.mean((2, 3)), torch.cat(logits), atol=2e-5)


def test_a_picture_scores_the_same_alone_and_among_others(cam):
    shown = noise_pictures(5, 224)
    together = cam.look(shown, ["dog", "violin"])
    for one, found in zip(shown, together, strict=True):
        alone = cam.look([one], ["dog"])[0]["dog"]
        assert alone.shape == (7, 7)
        assert np.allclose(alone, found["dog"], atol=1e-6)
        assert 0 <= alone.min() <= alone.max() <= 1


def test_a_noun_is_all_kinds_of_it(cam):
    shown = noise_pictures(2, 224)
    found = cam.look(shown, ["dog", "dalmatian"] if "dalmatian" in cam.nouns else ["dog"])
    assert len(cam._classes["dog"]) > 100
    assert all(seen["dog"].max() > 0 for seen in found)


def test_a_name_gives_a_neuron_of_a_detector_and_its_nouns_beside_it():
    target = load("synthetic:cam:violin and not dog", "cpu")
    assert isinstance(target, DetectorNeurons)
    assert [neuron.fires_for for neuron in target.neurons[:3]] == ["violin and not dog", "violin", "dog"]
    assert len(target.neurons) == 16
    assert "violin" not in target.alias
    with pytest.raises(BadInput, match="no detector 'camm'; nearest: 'cam'"):
        open_detector("camm")


STAMPS = Path("/usr/share/tuxpaint/stamps")


@pytest.mark.skipif(not STAMPS.is_dir(), reason="needs Debian's tuxpaint-stamps-default")
def test_the_detector_finds_what_a_scene_of_cutouts_shows_better_than_what_it_does_not(cam):
    source = CutoutSource("cutouts:40@5")
    shown, nouns = [source.picture(i) for i in range(40)], sorted(cam.nouns & set(source.words.nouns))
    there, elsewhere = [], []
    for one, seen in zip(shown, cam.look(shown, nouns), strict=True):
        things = {thing.noun for thing in one.scene.things}
        for noun in nouns:
            (there if noun in things else elsewhere).append(seen[noun].max())
    assert np.mean(there) > 0.2 > 10 * np.mean(elsewhere)


# ---- Grounding DINO and SAM, of the real classes with random weights ----------------------------------------------------

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "red", "dog", "cat", "camera", "violin"]


@pytest.fixture(scope="module")
def grounded(tmp_path_factory):
    """Folders of a tiny Grounding DINO and a tiny SAM."""
    import transformers as t

    torch.manual_seed(0)
    dino, sam = tmp_path_factory.mktemp("dino"), tmp_path_factory.mktemp("sam")
    (dino / "vocab.txt").write_text("\n".join(WORDS))
    config = t.GroundingDinoConfig(
        backbone_config=t.SwinConfig(
            embed_dim=12, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, image_size=64,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=t.BertConfig(
            vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        ),
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, num_queries=12, max_text_len=16,
    )  # fmt: skip
    t.GroundingDinoForObjectDetection(config).save_pretrained(dino)
    tokenizer = t.BertTokenizer(str(dino / "vocab.txt"))
    images = t.GroundingDinoImageProcessorPil if hasattr(t, "GroundingDinoImageProcessorPil") else t.GroundingDinoImageProcessor
    t.GroundingDinoProcessor(images(size={"shortest_edge": 160, "longest_edge": 240}), tokenizer).save_pretrained(dino)
    vision = t.SamVisionConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=64, patch_size=8, output_channels=16,
        mlp_dim=16, window_size=4, global_attn_indexes=[0], num_pos_feats=8,
    )  # fmt: skip
    prompts = t.SamPromptEncoderConfig(
        hidden_size=16, image_size=64, patch_size=8, image_embedding_size=8, mask_input_channels=4,
    )  # fmt: skip
    masks = t.SamMaskDecoderConfig(
        hidden_size=16, mlp_dim=16, num_hidden_layers=1, num_attention_heads=2, iou_head_hidden_dim=16,
    )  # fmt: skip
    t.SamModel(t.SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=masks)).save_pretrained(sam)
    segmenting = t.SamImageProcessorPil if hasattr(t, "SamImageProcessorPil") else t.SamImageProcessor
    t.SamProcessor(segmenting(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})).save_pretrained(sam)
    return SimpleNamespace(dino=dino, sam=sam)


@pytest.fixture(scope="module")
def dino_and_sam(grounded):
    return open_detector(f"grounding-dino@{grounded.dino}+{grounded.sam}", "cpu")


def test_a_label_scores_its_best_box_and_its_own_words_only(dino_and_sam):
    one = noise_pictures(1, 80)[0]
    boxes, scores = dino_and_sam.boxes(one, "red dog")
    assert boxes.shape == (12, 4)
    assert scores.shape == (12,)
    assert (scores > 0).all()
    assert (scores < 1).all()
    assert (boxes[:, :2] >= 0).all()
    assert (boxes <= 80).all()
    found = dino_and_sam.look([one], ["red dog"])[0]["red dog"]
    assert found.shape == (14, 14)
    assert found.max() == scores.max()
    ids = torch.tensor([WORDS.index(w) for w in ("[CLS]", "red", "dog", ".", "[SEP]", "[PAD]")])
    assert dino_and_sam._own_words(ids) == [1, 2]


def test_no_label_and_no_picture_changes_what_another_scores(dino_and_sam):
    shown = noise_pictures(3, 72)
    together = dino_and_sam.look(shown, ["dog", "red cat", "violin"])
    for one, found in zip(reversed(shown), reversed(together), strict=True):
        for label in ("violin", "dog"):
            assert np.array_equal(dino_and_sam.look([one], [label])[0][label], found[label])


def test_the_mask_lies_in_the_picture_and_without_sam_it_is_the_box(grounded, dino_and_sam):
    only = open_detector(f"grounding-dino@{grounded.dino}", "cpu")
    one = Picture.of(noise_pictures(1, 90)[0].pixels[:60], FromData("test", 0))
    boxes, scores = only.boxes(one, "dog")
    left, top, right, bottom = boxes[scores.argmax()] / [90, 60, 90, 60] * 14
    rows, columns = np.nonzero(only.look([one], ["dog"])[0]["dog"])
    assert np.abs([columns.min() - left, rows.min() - top, columns.max() + 1 - right, rows.max() + 1 - bottom]).max() < 2
    assert dino_and_sam._mask(one, boxes[0]).shape == (60, 90)
    assert only.key != dino_and_sam.key


def test_grounded_neurons_are_asked_for_any_noun_in_words(grounded):
    target = load(f"synthetic:grounding-dino@{grounded.dino}+{grounded.sam}:red car and not dog", "cpu")
    shown = noise_pictures(2, 64)
    assert target.maps(shown, target.unit("0"))[0].shape == (14, 14)
    assert np.array_equal(target.peaks(shown, "neurons", [0]), target.peaks(shown[::-1], "neurons", [0])[::-1])
    with pytest.raises(BadInput, match="a noun, such as 'red car'"):
        load(f"synthetic:grounding-dino@{grounded.dino}:red", "cpu")


@pytest.mark.parametrize(("where", "says"), [
    ("{0}/nowhere", "no folder '.*nowhere'"), ("{0}/empty", "'.*empty' cannot be loaded"),
    ("owner/model", "neither here nor can it be fetched.*hf download owner/model"),
])  # fmt: skip
def test_a_detector_that_cannot_be_loaded_is_bad_input_in_one_line(tmp_path, where, says):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=says) as caught:
        open_detector("grounding-dino@" + where.format(tmp_path), "cpu")
    assert "\n" not in str(caught.value)


def test_the_hub_is_not_asked_for_a_detector_where_the_environment_says_so(tmp_path, monkeypatch):
    import huggingface_hub

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *given, **named: pytest.fail("the hub was asked"))
    with pytest.raises(BadInput, match=r"'owner/model' is neither here nor can it be fetched \(HF_HUB_OFFLINE is set\)"):
        open_detector("grounding-dino@owner/model", "cpu")


def test_weights_that_are_a_pickle_are_refused(grounded, tmp_path):
    import shutil

    place = tmp_path / "pickled"
    shutil.copytree(grounded.dino, place)
    (place / "model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, place / "pytorch_model.bin")
    with pytest.raises(BadInput, match="cannot be loaded"):
        open_detector(f"grounding-dino@{place}", "cpu")
