"""Turns on one device: a guest and the others are never on it together, each is there when it computes, and it is said once."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lettvin.targets import turns
from lettvin.targets.errors import TargetFailed
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures
from lettvin.targets.turns import Turns, turns_on


class Model:
    """Knows where its weights are, and which others are there with it when it computes."""

    def __init__(self, name: str, place: str, device: str = "cuda:7") -> None:
        self.name, self.place, self.device = name, place, device
        self.moves: list[str] = []

    def move(self, device: str) -> None:
        self.moves.append(device)
        self.place = device


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    return Turns("cuda:7")


def there(*models: Model) -> list[str]:
    return [model.name for model in models if model.place == "cuda:7"]


def test_without_a_guest_nobody_is_ever_moved(device: Turns) -> None:
    one, other = Model("one", "cuda:7"), Model("other", "cuda:7")
    device.add_resident(one)
    device.add_resident(other)
    for model in (one, other, one):
        with device.taken_by(model):
            assert there(one, other) == ["one", "other"]
    assert one.moves == other.moves == []


def test_a_guest_has_the_device_for_itself_and_each_comes_back_when_it_computes(
    device: Turns, capsys: pytest.CaptureFixture[str]
) -> None:
    net, eyes, painter = Model("net", "cuda:7"), Model("eyes", "cuda:7"), Model("painter", "cpu")
    device.add_resident(net)
    device.add_resident(eyes)
    device.add_guest(painter, "cpu")
    every = (net, eyes, painter)
    for _ in range(2):
        with device.taken_by(painter):
            assert there(*every) == ["painter"]
    with device.taken_by(net):
        assert there(*every) == ["net"], "the others wait until they compute"
    with device.taken_by(eyes), device.taken_by(net):
        assert there(*every) == ["net", "eyes"], "residents do not push each other off"
    device.leave(painter)
    assert painter.moves == ["cuda:7", "cpu"], "it is not moved twice"
    with device.taken_by(painter):
        pass
    device.leave(painter)
    assert there(*every) == []
    with device.taken_by(net):
        assert there(*every) == ["net"]
    assert capsys.readouterr().err.splitlines() == [
        "lettvin: painter and eyes and net take turns on cuda:7: who does not compute waits on the cpu"
    ]


def test_two_guests_take_turns_with_each_other(device: Turns) -> None:
    painter, retoucher = Model("painter", "cpu"), Model("retoucher", "cpu")
    for guest in (painter, retoucher):
        device.add_guest(guest, "cpu")
    for guest in (painter, retoucher, painter):
        with device.taken_by(guest):
            assert there(painter, retoucher) == [guest.name]


def test_what_is_compiled_stays_and_that_is_said(device: Turns, capsys: pytest.CaptureFixture[str]) -> None:
    net, painter = Model("net+compiled", "cuda:7"), Model("painter", "cpu")
    device.add_resident(net, fixed=True)
    device.add_guest(painter, "cpu")
    with device.taken_by(painter):
        assert there(net, painter) == ["net+compiled", "painter"]
    assert net.moves == []
    assert "net+compiled stays there: what is compiled is not moved" in capsys.readouterr().err


def test_one_that_finds_no_room_is_where_it_was_and_the_others_go_on(device: Turns) -> None:
    class Large(Model):
        def move(self, device: str) -> None:
            super().move(device)
            if device == "cuda:7":
                raise torch.OutOfMemoryError("CUDA out of memory")

    net, painter = Model("net", "cuda:7"), Large("painter", "cpu")
    device.add_resident(net)
    device.add_guest(painter, "cpu")
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError), device.taken_by(painter):
            pytest.fail("it is not there")
        assert painter.place == "cpu"
    with device.taken_by(net):
        assert there(net, painter) == ["net"]


def test_who_is_gone_is_forgotten(device: Turns) -> None:
    painter = Model("painter", "cpu")
    device.add_guest(painter, "cpu")
    net = Model("net", "cuda:7")
    device.add_resident(net)
    del painter
    with device.taken_by(net):
        pass
    assert net.moves == []


def test_the_first_gpu_has_one_name_and_every_other_its_own() -> None:
    assert turns_on("cuda") is turns_on("cuda:0")
    assert turns_on("cuda:1") is not turns_on("cuda:0")


# ---- a real target and a real pipeline ---------------------------------------------------------------------------------


class Watched(nn.Module):
    """A network that says where it is told to go; what stands for the GPU here is the CPU, by another name."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.conv, self.log = nn.Conv2d(3, 2, 3), log

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.log.append("target computes")
        return torch.relu(self.conv(x))

    def to(self, *places: Any, **more: Any) -> Any:
        if places and isinstance(places[0], str):
            assert not torch.is_inference_mode_enabled(), "weights that are moved in it take no gradient"
            self.log.append(f"target to {places[0]}")
            return self
        return super().to(*places, **more)


def prepared(image: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(image.resize((16, 16)))).permute(2, 0, 1) / 255


def network(log: list[str], monkeypatch: pytest.MonkeyPatch) -> ModuleTarget:
    monkeypatch.setattr(turns, "_BY_DEVICE", {})
    shared = turns_on("cpu:0")
    monkeypatch.setattr("lettvin.targets.module.turns_on", lambda device: shared)
    target = ModuleTarget("my net", Watched(log), prepared)
    log.clear()
    return target


def test_a_target_is_moved_off_while_the_generator_draws_and_comes_back_to_be_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("diffusers", reason="the extra 'diffusers' is not installed")
    from lettvin.targets.target import Unit
    from lettvin.tests.tiny_pipelines import tiny_stable_diffusion
    from lettvin.tools.diffusion.generator import DiffusersGenerator
    from lettvin.tools.generator import Wanted
    from lettvin.tools.store import Store

    log: list[str] = []
    target = network(log, monkeypatch)
    unit: Unit = target.unit("conv:1")
    before = target.maps(noise_pictures(2), unit)
    with Store(tmp_path / "store") as store:
        folder = tiny_stable_diffusion(tmp_path / "sd")
        made = DiffusersGenerator(store, f"{folder},steps=1,guidance=0,batch=2,idle=cpu")
        made.loaded.device = "cpu:0"
        turns_on("cpu:0").add_guest(made.loaded, "cpu")
        monkeypatch.setattr(made.loaded, "move", lambda place: log.append(f"pipeline to {place}"))
        hook = made.loaded.pipeline.unet.register_forward_pre_hook(lambda *_: log.append("pipeline computes"))
        log.clear()
        pictures = made.draw_many([Wanted("a car", seed) for seed in range(4)])
        drawing = ["target to cpu", "pipeline to cpu:0", *["pipeline computes"] * 2, "pipeline to cpu"]
        assert log == drawing, "one turn for all that is drawn together"
        log.clear()
        made.draw_many([Wanted("a car", seed) for seed in range(4)])
        assert log == [], "what was drawn before moves nobody"
        target.peaks(pictures, "conv", [0])
        target.peaks(pictures, "conv", [1])
        assert log == ["target to cpu:0", "target computes", "target computes"]
        log.clear()
        made.draw("a dog", 1)
        assert log == ["target to cpu", "pipeline to cpu:0", "pipeline computes", "pipeline to cpu"]
        hook.remove()
    after = target.maps(noise_pictures(2), unit)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("lettvin")]
    assert told == [f"lettvin: {made.loaded.name} and my net take turns on cpu:0: who does not compute waits on the cpu"]


def test_a_target_for_which_there_is_no_room_any_more_fails_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    target = network(log, monkeypatch)
    painter = Model("painter", "cpu")
    turns_on("cpu:0").add_guest(painter, "cpu")
    with turns_on("cpu:0").taken_by(painter):
        pass

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20.00 MiB")

    monkeypatch.setattr(target.module, "to", full)
    with pytest.raises(TargetFailed, match=r"^my net cannot be moved to cpu:0: OutOfMemoryError: CUDA out of memory") as caught:
        target.peaks(noise_pictures(1), "conv", [0])
    assert "\n" not in str(caught.value)


def test_models_may_be_loaded_while_another_has_its_turn(device: Turns) -> None:
    """Whoever is added in another thread does not end the turn with an error."""
    painter = Model("painter", "cpu")
    device.add_guest(painter, "cpu")
    residents = [Model(str(i), "cuda:7") for i in range(200)]
    for resident in residents:
        device.add_resident(resident)
    over, went_wrong = threading.Event(), []

    def paint() -> None:
        while not over.is_set():
            try:
                with device.taken_by(painter):
                    pass
                device.leave(painter)
            except RuntimeError as error:
                went_wrong.append(error)
                return

    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        thread = threading.Thread(target=paint)
        thread.start()
        for i in range(3000):
            device.add_resident(Model(f"new {i}", "cuda:7"))
        over.set()
        thread.join()
    finally:
        sys.setswitchinterval(often)
    assert not went_wrong
