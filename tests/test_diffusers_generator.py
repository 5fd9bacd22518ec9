"""`diffusers:` as a generator: pictures by prompt and seed, in batches, kept once; and how a pipeline can go wrong.

The pipelines are of the real classes, tiny, with random weights: what they draw means nothing, but whose it is can be seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers", reason="the extra 'diffusers' is not installed")

import torch

from lettvin.agent import by_name
from lettvin.cli import main
from lettvin.targets import turns
from lettvin.targets.errors import BadInput, ModelFailed, ToolError
from lettvin.targets.hub import folder_key
from lettvin.targets.picture import FromPrompt, Picture
from lettvin.tests.labs import Pixels, make_lab
from lettvin.tests.tiny_pipelines import index_of, tiny_flux, tiny_sd3, tiny_sdxl, tiny_stable_diffusion, with_decoder
from lettvin.tools.diffusion.generator import DiffusersGenerator
from lettvin.tools.diffusion.settings import PipelineSettings, read_settings
from lettvin.tools.generator import Wanted, edits, near_misses
from lettvin.tools.instrument import catalogue
from lettvin.tools.sketch.concept import parse
from lettvin.tools.store import Store

FOUR = [Wanted(f"a {colour} car", seed) for seed, colour in enumerate(("red", "green", "blue", "pink"))]
LINES = 400  # characters of an error
CLASSES = ("sd", "flux", "sdxl", "sd3")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pipelines")
    return {
        "sd": tiny_stable_diffusion(root / "sd"),
        "checked": tiny_stable_diffusion(root / "checked", checker=True),
        "flux": tiny_flux(root / "flux"),
        "sdxl": tiny_sdxl(root / "sdxl"),
        "sd3": tiny_sd3(root / "sd3"),
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def generator(store: Store, folder: Path, *more: str) -> DiffusersGenerator:
    return DiffusersGenerator(store, ",".join([str(folder), "steps=2", *(["side=32"] if "flux" in folder.name else []), *more]))


def pixels(picture: Picture) -> np.ndarray:
    return picture.pixels.astype(int)


@contextmanager
def batches_of(made: DiffusersGenerator, short_of_memory_above: int = 10_000) -> Iterator[list[int]]:
    """How many pictures each call of the network was for; more than it has memory for fail as on a GPU."""
    seen: list[int] = []

    def before(_: Any, arguments: Any, named: Any) -> None:
        size = len(named.get("hidden_states") if arguments == () else arguments[0])
        seen.append(size)
        if size > short_of_memory_above:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    parts = made.loaded.pipeline.components
    hook = parts.get("unet", parts.get("transformer")).register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


# ---- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "side"), [("sd", 16), ("flux", 32), ("sdxl", 16), ("sd3", 16)])
def test_any_text_to_image_class_draws_a_picture_of_a_prompt(
    store: Store, folders: dict[str, Path], name: str, side: int
) -> None:
    made = generator(store, folders[name])
    picture = made.draw("a red car", 7)
    assert picture.pixels.shape == (side, side, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.provenance == FromPrompt(made.name, "a red car", 7)
    assert (picture.caption, picture.scene) == ("a red car", None)
    assert picture.pixels.std() > 5


@pytest.mark.parametrize("name", CLASSES)
def test_a_picture_is_what_the_pipeline_itself_makes_with_its_seed(store: Store, folders: dict[str, Path], name: str) -> None:
    made = generator(store, folders[name])
    more = {"height": 32, "width": 32} if name == "flux" else {}
    noise = torch.Generator().manual_seed(7)
    bare = made.loaded.pipeline("a red car", generator=noise, num_inference_steps=2, **more).images[0]
    assert np.abs(np.asarray(bare).astype(int) - pixels(made.draw("a red car", 7))).max() <= 1


@pytest.mark.parametrize("name", CLASSES)
def test_a_picture_is_the_same_alone_and_in_any_batch(tmp_path: Path, folders: dict[str, Path], name: str) -> None:
    with Store(tmp_path / "one") as one, Store(tmp_path / "other") as other, Store(tmp_path / "third") as third:
        alone = [generator(one, folders[name]).draw(*wanted) for wanted in FOUR]
        together = generator(other, folders[name], "batch=4").draw_many(FOUR)
        turned = generator(third, folders[name], "batch=3").draw_many(FOUR[::-1])[::-1]
    for single, batched, reversed_ in zip(alone, together, turned, strict=True):
        assert np.abs(pixels(single) - pixels(batched)).max() <= 1
        assert np.abs(pixels(single) - pixels(reversed_)).max() <= 1
    assert min(np.abs(pixels(a) - pixels(b)).mean() for a in together for b in together if a is not b) > 2


@pytest.mark.parametrize("name", ["sd", "sdxl", "sd3"])
def test_the_seed_and_the_prompt_both_decide(store: Store, folders: dict[str, Path], name: str) -> None:
    made = generator(store, folders[name], "guidance=7.5")
    same, seed, prompt = made.draw("a red car", 7), made.draw("a red car", 8), made.draw("a blue dog", 7)
    assert np.abs(pixels(same) - pixels(seed)).mean() > 2
    assert np.abs(pixels(same) - pixels(prompt)).max() > 1


def test_pictures_are_made_in_batches_and_each_once(store: Store, folders: dict[str, Path]) -> None:
    made = generator(store, folders["sd"], "batch=3", "guidance=0", "steps=1")
    wanted = [Wanted("a car", seed) for seed in range(7)]
    with batches_of(made) as seen:
        first = made.draw_many(wanted)
        assert seen == [3, 3, 1]
        again = generator(store, folders["sd"], "batch=3", "guidance=0", "steps=1").draw_many([*wanted, wanted[0]])
        assert seen == [3, 3, 1], "made before, by whichever generator of the same model"
        assert [p.id for p in again] == [p.id for p in [*first, first[0]]]
        made.draw_many([*wanted, Wanted("a car", 8), Wanted("a car", 8)])
        assert seen == [3, 3, 1, 1]


@pytest.mark.parametrize("name", CLASSES)
def test_half_precision_makes_pictures_of_the_same_form_as_another_recipe(
    store: Store, folders: dict[str, Path], name: str
) -> None:
    whole, half = generator(store, folders[name]), generator(store, folders[name], "precision=bfloat16")
    network = half.loaded.pipeline.components.get("unet") or half.loaded.pipeline.components["transformer"]
    halved = sum(p.numel() for p in network.parameters() if p.dtype == torch.bfloat16)
    assert halved > 0.9 * sum(p.numel() for p in network.parameters()), "all but what the class keeps in single precision"
    one, other = whole.draw(*FOUR[0]), half.draw(*FOUR[0])
    assert whole.recipe(FOUR[0]) != half.recipe(FOUR[0])
    assert one.pixels.shape == other.pixels.shape
    assert np.abs(pixels(one) - pixels(other)).mean() < 40, "rounded, and not another picture"


def test_another_model_or_setting_makes_its_own_pictures(tmp_path: Path, store: Store, folders: dict[str, Path]) -> None:
    other = tiny_stable_diffusion(tmp_path / "other", seed=1)
    kinds: list[tuple[Path, list[str]]] = [(folders["sd"], []), (other, []), (folders["sd"], ["side=32"])]
    makers = [generator(store, folder, *more) for folder, more in kinds]
    assert len({made.recipe(FOUR[0]) for made in makers}) == 3
    assert len({made.draw(*FOUR[0]).id for made in makers}) == 3
    assert generator(store, folders["sd"], "batch=2").recipe(FOUR[0]) == makers[0].recipe(FOUR[0])


def test_a_models_digest_is_of_its_weights_and_configuration(tmp_path: Path) -> None:
    folder = tiny_stable_diffusion(tmp_path / "a")
    before = folder_key(folder)
    (folder / "README.md").write_text("what people read decides nothing")
    assert folder_key(folder) == before
    configuration = folder / "scheduler" / "scheduler_config.json"
    configuration.write_text(configuration.read_text() + " ")
    assert folder_key(folder) != before


def test_few_step_models_are_run_in_few_steps_unless_told(tmp_path: Path) -> None:
    assert read_settings("", "stabilityai/sd-turbo") == PipelineSettings("stabilityai/sd-turbo", steps=1, guidance=0.0)
    assert read_settings("steps=2", "stabilityai/sd-turbo").steps == 2
    assert read_settings("some/other", "stabilityai/sd-turbo") == PipelineSettings("some/other")
    told = read_settings("a/b,steps=4,guidance=1.5,side=256,batch=2,device=cuda:1,idle=cpu,precision=bfloat16", "")
    assert told == PipelineSettings("a/b", 4, 1.5, None, 256, 2, "cuda:1", "cpu", "bfloat16")


# ---- for concepts ----------------------------------------------------------------------------------------------------


def test_a_near_miss_is_the_same_seed_with_one_factor_changed(store: Store, folders: dict[str, Path]) -> None:
    made, rng, concept = generator(store, folders["sd"]), np.random.default_rng(3), parse("red car")
    lab = make_lab(store)
    pictures = made.examples(concept, 4, rng)
    assert [lab.holds(concept, picture) for picture in pictures] == [True] * 4
    for picture in pictures:
        missed = made.near_miss(concept, picture, rng)
        assert missed is not None
        assert isinstance(picture.provenance, FromPrompt)
        assert isinstance(missed.provenance, FromPrompt)
        assert missed.provenance.seed == picture.provenance.seed
        assert not lab.holds(concept, missed)
    redrawn = made.redraw(pictures[0], 99)
    assert redrawn is not None
    assert redrawn.provenance == FromPrompt(made.name, str(pictures[0].caption), 99)
    apart = made.disagreements(concept, parse("car"), 4, rng)
    assert [lab.holds(parse("car"), p) and not lab.holds(concept, p) for p in apart] == [True] * 4


def test_near_misses_are_made_together_and_are_those_that_are_made_one_by_one(tmp_path: Path, folders: dict[str, Path]) -> None:
    concept, edits_of = parse("red car"), ("colour", "blue")
    with Store(tmp_path / "one") as one, Store(tmp_path / "other") as other:
        alone, together = (generator(store, folders["sd"], "batch=8", "guidance=0", "steps=1") for store in (one, other))
        before = [made.examples(concept, 6, np.random.default_rng(3)) for made in (alone, together)]
        drawn = make_lab(other).data_picture(0)
        with batches_of(alone) as seen:
            rng = np.random.default_rng(4)
            expected = [alone.near_miss(concept, picture, rng) for picture in [*before[0][:3], drawn, *before[0][3:]]]
            set_alone = [alone.edit(picture, *edits_of) for picture in before[0]]
            assert len(seen) >= 8
        with batches_of(together) as seen:
            rng = np.random.default_rng(4)
            found = near_misses(together, concept, [*before[1][:3], drawn, *before[1][3:]], rng)
            set_together = edits(together, before[1], *edits_of)
            assert [size for size in seen if size > 1] == seen[:2]
            assert len(seen) == 2, "a call for the near misses, and one for the edits"
        assert [None if p is None else p.provenance for p in found] == [None if p is None else p.provenance for p in expected]
        for a, b in zip([*expected, *set_alone], [*found, *set_together], strict=True):
            if a is not None and b is not None and a.scene is None:
                assert np.abs(pixels(a) - pixels(b)).max() <= 1


def test_a_near_miss_that_the_model_refuses_is_none_and_the_others_keep_their_places(tmp_path: Path, store: Store) -> None:
    made = generator(store, tiny_stable_diffusion(tmp_path / "some", checker=True))
    checker = made.loaded.pipeline.safety_checker
    checker.forward = lambda clip_input, images: (images, [False] * len(images))
    pictures = made.examples(parse("red car"), 4, np.random.default_rng(0))
    flags = iter([False, True, False, False])
    checker.forward = lambda clip_input, images: (images, [next(flags) for _ in images])
    missed = made.near_misses(parse("red car"), pictures, np.random.default_rng(1))
    assert [one is None for one in missed] == [False, True, False, False]
    for before, after in zip(pictures, missed, strict=True):
        assert isinstance(before.provenance, FromPrompt)
        if after is not None:
            assert isinstance(after.provenance, FromPrompt)
            assert after.provenance.seed == before.provenance.seed


def test_an_experiment_that_breaks_a_concept_asks_for_its_near_misses_together(store: Store, folders: dict[str, Path]) -> None:
    made = generator(store, folders["sd"], "batch=16", "guidance=0", "steps=1")
    lab = make_lab(store, Pixels())
    lab.generator = made
    conditions = [{"name": "cars", "concept": "red car"}, {"name": "other", "edit_of": "cars", "breaks": "red car"}]
    arguments = {"conditions": conditions, "prediction": {"high": ["cars"], "low": ["other"], "refuted_if": "not"}}
    with batches_of(made) as seen:
        result: Any = catalogue()["experiment"].call(lab, {**arguments, "hypothesis": "H1", "n": 12})
    assert seen == [12, 12]
    assert [len(condition.readings) for condition in result.conditions] == [12, 12]


def test_what_was_drawn_by_code_stays_the_drawn_worlds(store: Store, folders: dict[str, Path]) -> None:
    made, lab = generator(store, folders["sd"]), make_lab(store)
    picture = lab.data_picture(0)
    redrawn = made.redraw(picture, 5)
    assert redrawn is not None
    assert redrawn.scene is not None
    assert made.edit(picture, "background", "snow").scene is not None
    assert made.edit_words(picture, "grayscale").pixels.std(axis=2).max() == 0


def test_a_photograph_of_nobodys_takes_pixel_edits_and_no_others(store: Store, folders: dict[str, Path]) -> None:
    made = generator(store, folders["sd"])
    picture = made.draw("a red car", 1)
    assert np.array_equal(made.edit_words(picture, "invert").pixels, 255 - picture.pixels)
    assert made.edit(picture, "colour", "blue").provenance == FromPrompt(made.name, "a blue car", 1)
    with pytest.raises(BadInput, match=r"without an --editor it takes only grayscale, .*; not 'add a hat'"):
        made.edit_words(picture, "add a hat")


def test_the_instruments_ask_for_many_at_once(store: Store, folders: dict[str, Path]) -> None:
    made = generator(store, folders["sd"], "batch=8", "guidance=0", "steps=1")
    lab = make_lab(store, Pixels())
    lab.generator = made
    with batches_of(made) as seen:
        result: Any = catalogue()["generate"].call(lab, {"prompts": ["a car", "a dog"], "n": 4})
        assert seen == [8]
        prompts = {"prompts": ["a cat"]}
        conditions = [{"name": "cats", **prompts}, {"name": "owls", "prompts": ["an owl"]}]
        arguments = {"conditions": conditions, "prediction": {"high": ["cats"], "low": ["owls"], "refuted_if": "not"}}
        catalogue()["experiment"].call(lab, {**arguments, "hypothesis": "H1", "n": 8})
        assert seen == [8, 8, 8]
    assert result.captions == ["a car", "a dog"] * 4
    assert len(set(result.pictures)) == 8


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def test_out_of_memory_halves_the_batch_and_says_so(
    store: Store, folders: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = generator(store, folders["sd"], "batch=8", "guidance=0", "steps=1")
    with batches_of(made, short_of_memory_above=3) as seen:
        pictures = made.draw_many([Wanted("a car", seed) for seed in range(5)])
        assert seen == [5, 2, 2, 1]
        made.draw_many([Wanted("a dog", seed) for seed in range(3)])
        assert seen == [5, 2, 2, 1, 2, 1], "and stays so"
    told = capsys.readouterr().err.splitlines()
    assert told == [f"lettvin: {made.loaded.name}: no memory on cpu for 5 pictures at once: 2 from now on"]
    with Store(tmp_path / "plenty") as other:
        whole = generator(other, folders["sd"], "batch=8", "guidance=0", "steps=1")
        same = whole.draw_many([Wanted("a car", seed) for seed in range(5)])
    assert max(np.abs(pixels(a) - pixels(b)).max() for a, b in zip(pictures, same, strict=True)) <= 1


def test_no_memory_for_one_picture_is_one_line(store: Store, folders: dict[str, Path]) -> None:
    made = generator(store, folders["sd"])
    told = "no memory on cpu for one picture of 'a car'"
    with batches_of(made, short_of_memory_above=0), pytest.raises(ModelFailed, match=told):
        made.draw("a car", 0)


def refusing(folder: Path, share: float) -> Path:
    """The same pipeline with a safety checker that is content with a share of pictures, by its own numbers."""
    import safetensors.torch

    file = folder / "safety_checker" / "model.safetensors"
    tensors = safetensors.torch.load_file(file)
    tensors["concept_embeds_weights"][:] = -2.0 if share == 0 else 2.0
    tensors["special_care_embeds_weights"][:] = 2.0
    if 0 < share < 1:
        generator_ = torch.Generator().manual_seed(0)
        tensors["concept_embeds"][:] = torch.randn(tensors["concept_embeds"].shape, generator=generator_)
        tensors["concept_embeds_weights"][:] = share
    safetensors.torch.save_file(tensors, file)
    return folder


def test_a_safety_checkers_refusals_are_told(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    made = generator(store, refusing(tiny_stable_diffusion(tmp_path / "strict", checker=True), share=0))
    with pytest.raises(BadInput, match=r"refused 4 of 4 pictures, such as 'a red car' with seed 0: its safety checker took"):
        made.draw_many(FOUR)
    assert made.examples(parse("red car"), 3, np.random.default_rng(0)) == []
    assert "3 of 3 pictures refused, such as 'a photo of" in capsys.readouterr().err
    lab = make_lab(store)
    lab.generator = made
    with pytest.raises(ToolError, match=r"generate: .* refused 1 of 1 pictures"):
        catalogue()["generate"].call(lab, {"prompts": ["a car"]})


def test_a_checker_that_is_content_takes_nothing_away(store: Store, folders: dict[str, Path]) -> None:
    assert len(generator(store, refusing(folders["checked"], share=1)).draw_many(FOUR)) == 4


def test_a_model_refuses_some_and_gives_the_others(tmp_path: Path, store: Store) -> None:
    made = generator(store, tiny_stable_diffusion(tmp_path / "some", checker=True))
    flags = iter([False, True, False, False])
    checker = made.loaded.pipeline.safety_checker
    made.loaded.pipeline.safety_checker.forward = lambda clip_input, images: (images, [next(flags) for _ in images])
    kept = made._given(FOUR)
    assert [picture.caption for picture in kept] == ["a red car", "a blue car", "a pink car"]
    assert checker is made.loaded.pipeline.safety_checker


@pytest.mark.parametrize(("bias", "what"), [(-9.0, "a black picture"), (float("nan"), "numbers that are none")])
def test_a_black_picture_is_an_error_and_no_picture(tmp_path: Path, store: Store, bias: float, what: str) -> None:
    made = generator(store, with_decoder(tiny_stable_diffusion(tmp_path / "black"), bias=bias))
    with pytest.raises(ModelFailed, match=rf"returned {what}.* for 'a red car', seed 3: .*precision=float32") as error:
        made.draw("a red car", 3)
    assert len(str(error.value)) < LINES
    assert not store.has(made.recipe(Wanted("a red car", 3)))


def test_a_run_whose_pictures_are_black_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = with_decoder(tiny_stable_diffusion(tmp_path / "black"), bias=-9.0)
    (tmp_path / "red.py").write_text(RED)
    words = ["--data", "sketch:60", "--generator", f"diffusers:{folder},steps=1", "--runs", str(tmp_path / "runs")]
    assert main(["ask", f"{tmp_path / 'red.py'}:net", "0", "What makes this unit fire?", *words]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("lettvin: ")
    assert "returned a black picture for 'a photo of" in last
    assert "`lettvin resume " in last


def test_a_dark_picture_is_a_picture(tmp_path: Path, store: Store) -> None:
    made = generator(store, with_decoder(tiny_stable_diffusion(tmp_path / "dark"), bias=-0.9))
    assert made.draw("a red car at night", 3).pixels.max() == round(0.05 * 255)


@pytest.mark.parametrize("prompt", ["", "   "])
def test_an_empty_prompt_is_refused(store: Store, folders: dict[str, Path], prompt: str) -> None:
    with pytest.raises(BadInput, match="is empty: say what the picture is to show"):
        generator(store, folders["sd"]).draw(prompt, 0)


def test_a_prompt_longer_than_the_model_reads_is_refused_and_not_cut(store: Store, folders: dict[str, Path]) -> None:
    with pytest.raises(BadInput, match=r"is \d+ tokens long, and .* reads 77: say it shorter"):
        generator(store, folders["sd"]).draw("a very long car " * 20, 0)
    generator(store, folders["flux"]).draw("a long car " * 20, 0)  # its other encoder reads 256


# ---- what cannot be loaded -------------------------------------------------------------------------------------------


def refused(store: Store, name: str) -> str:
    make, _ = by_name.generator(name)
    with pytest.raises(BadInput) as error:
        make(store)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < LINES
    return str(error.value)


def test_weights_in_a_pickle_are_refused(tmp_path: Path, store: Store) -> None:
    folder = tiny_stable_diffusion(tmp_path / "pickled")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    told = refused(store, f"diffusers:{folder}")
    assert "'unet/diffusion_pytorch_model.bin' is a pickle, which may run code when it is loaded: safetensors only" in told


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, store: Store) -> None:
    folder = tiny_stable_diffusion(tmp_path / "coded")
    (folder / "pipeline.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert "brings code of its own (a .py file), which is not run" in refused(store, f"diffusers:{folder}")
    (folder / "pipeline.py").unlink()
    told = index_of(folder) | {"unet": ["my_unet", "MyUNet"]}
    (folder / "model_index.json").write_text(json.dumps(told))
    assert "brings code of its own (['my_unet', 'MyUNet'])" in refused(store, f"diffusers:{folder}")
    assert not (tmp_path / "ran").exists()


def test_a_folder_without_a_pipeline_is_told(tmp_path: Path, store: Store) -> None:
    assert "holds no diffusers pipeline: it has no readable model_index.json" in refused(store, f"diffusers:{tmp_path}")
    (tmp_path / "model_index.json").write_text("[]")
    assert "holds no diffusers pipeline" in refused(store, f"diffusers:{tmp_path}")


def test_a_part_that_is_missing_is_told(tmp_path: Path, store: Store) -> None:
    folder = tiny_stable_diffusion(tmp_path / "torn")
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert "is no pipeline that diffusers loads: " in refused(store, f"diffusers:{folder}")


def test_an_editor_is_no_generator(tmp_path: Path, store: Store) -> None:
    folder = tiny_stable_diffusion(tmp_path / "edits", "StableDiffusionInstructPix2PixPipeline")
    told = refused(store, f"diffusers:{folder}")
    assert "StableDiffusionInstructPix2PixPipeline, which makes no picture of a prompt alone: write --editor" in told


@pytest.mark.parametrize("where", ["./nowhere", "/no/where", "a/b/c"])
def test_a_folder_that_is_not_there_is_told(store: Store, where: str) -> None:
    told = refused(store, f"diffusers:{where}")
    assert told.startswith(f"no folder {where!r} with a model: write diffusers:DIR, or a model of the hub as diffusers:")


@pytest.mark.parametrize("text", ["sd,stps=2", "sd,steps=0", "sd,side=100", "sd,guidance=-1", "sd,device=gpu", "sd,idle=disk"])
def test_a_setting_that_cannot_be_is_told(store: Store, text: str) -> None:
    assert re_word(text) in refused(store, f"diffusers:{text}")


def re_word(text: str) -> str:
    name, _, value = text.partition(",")[2].partition("=")
    return f"{name}={value!r}" if name != "stps" else "nearest: 'steps'"


def test_a_gpu_that_is_not_there_is_told(store: Store, folders: dict[str, Path]) -> None:
    there = torch.cuda.device_count()
    assert f"no device 'cuda:{there}' here; there are cpu" in refused(store, f"diffusers:{folders['sd']},device=cuda:{there}")


def test_a_folder_wins_over_the_hub(folders: dict[str, Path], store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders["sd"].parent.parent)
    where = f"{folders['sd'].parent.name}/sd"  # written as OWNER/NAME is
    assert DiffusersGenerator(store, f"{where},steps=1").draw("a car", 0).pixels.shape == (16, 16, 3)


@pytest.mark.parametrize("offline", ["0", "1"])
def test_a_hub_name_without_a_network_is_one_line_within_seconds(tmp_path: Path, offline: str) -> None:
    """In a process of its own: what the hub's package reads of the environment, it reads when it is imported."""
    words = ["ask", "efficientnet-lite0", "_fc:0", "?", "--data", "sketch:20", "--generator", "diffusers:nobody/no-such-model"]
    loaded = "import time, lettvin.cli as c, lettvin.agent.ask, torch, huggingface_hub as h, diffusers; h.HfApi"
    code = f"{loaded}; began = time.time(); print(c.main({words!r})); print(time.time() - began)"
    env = os.environ | {"HF_HUB_OFFLINE": offline, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path, check=True)
    exit_code, seconds = done.stdout.split()
    assert exit_code == "2"
    assert float(seconds) < 5
    told = done.stderr.strip().splitlines()
    assert len(told) == 1
    assert "'nobody/no-such-model' is neither a folder nor in the hub's cache" in told[0]
    assert "hf download nobody/no-such-model" in told[0]
    assert not (tmp_path / "runs").exists()


# ---- memory ----------------------------------------------------------------------------------------------------------


def test_weights_wait_elsewhere_while_idle_and_that_is_said(
    store: Store, folders: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moves are real calls of the pipeline's own `to`; what stands for the GPU here is the CPU, by another name."""
    made = generator(store, folders["sd"], "guidance=0", "steps=1", "batch=2", "idle=cpu")
    made.loaded.device = "cpu:0"
    monkeypatch.setattr(turns, "_BY_DEVICE", {})
    turns.turns_on("cpu:0").add_guest(made.loaded, "cpu")
    moves: list[str] = []
    plain = type(made.loaded.pipeline).to

    def to(self: Any, place: Any, **more: Any) -> Any:
        moves.append(str(place))
        return plain(self, "cpu")

    monkeypatch.setattr(type(made.loaded.pipeline), "to", to)
    with batches_of(made) as seen:
        made.draw_many([Wanted("a car", seed) for seed in range(4)])
        assert seen == [2, 2]
        made.draw("a dog", 0)
    assert moves == ["cpu:0", "cpu"] * 2, "moved for all that is drawn together, and not for each batch"
    assert capsys.readouterr().err.count("is on cpu:0 while it makes pictures, and waits on the cpu between") == 1


# ---- a whole run -----------------------------------------------------------------------------------------------------


RED = """
import numpy as np
import torch

def net():
    conv = torch.nn.Conv2d(3, 1, 1, bias=False)
    with torch.no_grad():
        conv.weight[:] = torch.tensor([[1.0, -0.5, -0.5]])[:, :, None, None]
    return torch.nn.Sequential(conv), lambda image: torch.from_numpy(np.array(image.resize((16, 16)))).permute(2, 0, 1) / 255
"""


def test_a_run_with_it_ends_in_an_honest_answer(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the pipeline draws for a prompt is noise, whatever the prompt says: nothing may be supported by it."""
    (tmp_path / "red.py").write_text(RED)
    name = f"diffusers:{folders['sd']},steps=1,guidance=0"
    words = ["--data", "sketch:80", "--generator", name, "--runs", str(tmp_path / "runs"), "--json", "--max-images", "250"]
    assert main(["ask", f"{tmp_path / 'red.py'}:net", "0", "What makes this unit fire?", *words]) in (0, 3)
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "inconclusive"
    told = json.loads((Path(answer["run"]) / "run.json").read_text())
    assert told["generator"] == name
    assert f"--generator {name}" in " ".join(told["command"])
    assert (Path(answer["run"]) / "report.html").exists()
