"""Dissection: the same numbers as looking at every picture, resumable to the bit, and honest about what is missing."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.module import ModuleTarget
from lettvin.targets.picture import FromData, Picture
from lettvin.targets.target import Layer, Target
from lettvin.tools.dissection import dissect, dissect_unit, open_dissection
from lettvin.tools.sources.source import About, Unreadable


class Grains:
    """`n` small pictures of noise, some of them unreadable."""

    def __init__(self, n: int, unreadable: tuple[int, ...] = (), side: int = 24) -> None:
        self.n, self.unreadable, self.side = n, set(unreadable), side
        self.read: list[int] = []
        self.name = f"grains:{n}:{sorted(unreadable)}"
        self.key = hashlib.sha256(self.name.encode()).hexdigest()

    def __len__(self) -> int:
        return self.n

    def picture(self, index: int) -> Picture:
        self.read.append(index)
        if index in self.unreadable:
            raise Unreadable("the file is empty", f"grain-{index}.png")
        rng = np.random.default_rng(index)
        pixels = rng.integers(0, 256 - index % 3 * 60, (self.side, self.side, 3), dtype=np.uint8)
        return Picture.of(pixels, FromData(self.name, index))

    def about(self, index: int) -> About:
        return About(None)


def to_tensor(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def net_target() -> ModuleTarget:
    torch.manual_seed(0)
    first = nn.Conv2d(3, 6, 3, padding=1)
    net = nn.Sequential(first, nn.ReLU(), nn.Conv2d(6, 4, 3, stride=2), nn.Flatten())
    assert first.bias is not None
    with torch.no_grad():
        first.weight[5] = 0  # a constant unit
        first.bias[5] = 0.25
        first.bias[4] -= 0.05  # a unit that is seldom above 0
    return ModuleTarget("net", net, to_tensor, device="cpu")


LAYERS = ["0", "1", "2"]


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def maps_of(target: Target, source: Grains, address: str) -> list[np.ndarray]:
    return target.maps([source.picture(i) for i in range(len(source))], target.unit(address))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    target, source = net_target(), Grains(150)
    return target, source, dissect(target, source, LAYERS, folder=tmp_path_factory.mktemp("made"))


def test_peaks_are_the_spatial_maxima_of_every_unit_on_every_picture(made):
    target, source, found = made
    assert found.layers == ("0", "1", "2")
    assert found.n == 150
    for layer, unit in (("0", 2), ("1", 4), ("2", 3)):
        peaks = [m.max() for m in maps_of(target, source, f"{layer}:{unit}")]
        np.testing.assert_array_equal(found.column(layer, unit), np.array(peaks, np.float32))
        np.testing.assert_array_equal(found.peaks(layer)[:, unit], found.column(layer, unit))


def test_quantiles_moments_and_threshold_are_near_those_of_all_positions(made):
    target, source, found = made
    shares = np.array([0.01, 0.1, 0.5, 0.9, 0.99])
    for layer, unit in (("0", 1), ("1", 0), ("2", 2)):
        values = np.concatenate([m.ravel() for m in maps_of(target, source, f"{layer}:{unit}")])
        quantiles = found.quantiles(layer, unit, shares)
        ranks = np.array([[(values < q).mean(), (values <= q).mean()] for q in quantiles])
        sampled = min(found.sampled, 24 * 24) * 150
        allowed = 4 * np.sqrt(shares * (1 - shares) / sampled) + 5e-4
        assert (ranks[:, 0] <= shares + allowed).all()
        assert (ranks[:, 1] >= shares - allowed).all()
        mean, sd = found.moments(layer)
        assert mean[unit] == pytest.approx(values.mean(), abs=5 * values.std() / np.sqrt(sampled))
        assert sd[unit] == pytest.approx(values.std(), rel=0.02)
    assert found.threshold("2", 2) == found.quantiles("2", 2, [0.99])[0]


def test_top_and_bottom_are_in_order_and_ties_go_to_the_earlier_picture(made):
    _, _, found = made
    column = found.column("0", 1)
    assert list(found.top("0", 1, 15)) == sorted(range(150), key=lambda i: (-column[i], i))[:15]
    assert list(found.bottom("0", 1, 15)) == sorted(range(150), key=lambda i: (column[i], -i))[:15]
    assert list(found.top("0", 5, 3)) == [0, 1, 2]  # a constant unit: all tie
    assert len(found.top("0", 1, 1000)) == 150
    assert len(found.top("0", 1, 0)) == len(found.bottom("0", 1, 0)) == 0


def test_constant_units_are_dead_and_seldom_active_ones_sparse_with_threshold_zero(made):
    target, source, found = made
    assert found.dead("0").tolist() == [False] * 5 + [True]
    shares = [np.mean(np.concatenate([m.ravel() for m in maps_of(target, source, f"0:{i}")]) > 0) for i in range(6)]
    assert 0 < shares[4] < 0.008, "the unit made for this test is sparse"
    assert found.sparse("0").tolist() == [0 < share < 0.01 for share in shares]
    assert found.sparse("1")[4]
    assert found.threshold("0", 4) == 0.0
    assert found.threshold("0", 5) == 0.25


def test_samples_by_quantile_cover_the_range_in_order(made):
    _, _, found = made
    column = found.column("2", 0)
    groups = found.by_quantile("2", 0, groups=10, each=15)
    assert sorted(np.concatenate(groups)) == list(range(150))
    for lower, higher in itertools.pairwise(groups):
        assert column[lower].max() <= column[higher].min()
    assert len(set(found.random(40, seed=1))) == 40
    assert list(found.random(40, seed=1)) == list(found.random(40, seed=1)) != list(found.random(40, seed=2))


def test_a_second_time_it_is_opened_and_not_made(made):
    target, source, found = made
    source.read.clear()
    again = dissect(target, source, LAYERS, folder=found.folder.parent)
    assert again.key == found.key
    assert source.read == []
    assert open_dissection(target, source, LAYERS, folder=found.folder.parent).key == found.key
    assert open_dissection(target, source, ["0"], folder=found.folder.parent) is None


def test_the_key_changes_with_network_data_and_layers(made, tmp_path):
    target, _, found = made
    other = net_target()
    with torch.no_grad():
        other.module[0].weight[0] += 0.1
    other = ModuleTarget("net", other.module, to_tensor, device="cpu")
    keys = {
        found.key,
        dissect(target, Grains(150), ["0"], folder=tmp_path).key,
        dissect(target, Grains(149), LAYERS, folder=tmp_path).key,
        dissect(other, Grains(150), LAYERS, folder=tmp_path).key,
    }
    assert len(keys) == 4


class Stopped(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize("checkpoint_seconds", [0.0, 1e9])
def test_stopped_after_some_batches_it_goes_on_to_results_equal_to_the_bit(made, tmp_path, after, checkpoint_seconds):
    target, _, whole = made
    source = Grains(150)

    def stop(done, total):
        if done == after * 32:
            raise Stopped

    with pytest.raises(Stopped):
        dissect(target, source, LAYERS, folder=tmp_path, watch=stop, checkpoint_seconds=checkpoint_seconds)
    assert open_dissection(target, source, LAYERS, folder=tmp_path) is None
    source.read.clear()
    found = dissect(target, source, LAYERS, folder=tmp_path, batch=7)  # another batch size changes nothing either
    assert files_of(found.folder) == files_of(whole.folder)
    assert min(source.read) >= (after - 1) * 32  # it went on, and did not begin anew


def test_killed_it_goes_on_to_results_equal_to_the_bit(made, tmp_path):
    _, _, whole = made
    code = f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import torch
        from test_dissection import LAYERS, Grains, net_target
        from lettvin.tools.dissection import dissect

        def slowly(done, total):
            print(done, flush=True)
            if done == 96:
                time.sleep(60)

        dissect(net_target(), Grains(150), LAYERS, folder=Path({str(tmp_path)!r}), watch=slowly, checkpoint_seconds=0)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line.strip() == "96":
                break
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
        process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    source = Grains(150)
    target = net_target()
    found = dissect(target, source, LAYERS, folder=tmp_path)
    assert min(source.read) == 64  # the checkpoint before the batch in which it was killed
    assert files_of(found.folder) == files_of(whole.folder)


def test_two_processes_make_it_once(tmp_path):
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_dissection import LAYERS, Grains, net_target
        from lettvin.tools.dissection import dissect
        source = Grains(150)
        dissect(net_target(), source, LAYERS, folder=Path({str(tmp_path)!r}))
        print(len(source.read))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(int(process.communicate()[0]) for process in both) == [0, 150]


def test_unreadable_pictures_are_counted_named_and_left_out_of_every_number(tmp_path):
    target, gone = net_target(), (0, 5, 70, 149)
    found = dissect(target, Grains(150, gone), LAYERS, folder=tmp_path)
    assert [(row.index, row.name, row.reason) for row in found.skipped] == [
        (i, f"grain-{i}.png", "the file is empty") for i in gone
    ]
    whole = dissect(target, Grains(150), LAYERS, folder=tmp_path)
    column = found.column("0", 1)
    assert np.flatnonzero(np.isnan(column)).tolist() == list(gone)
    kept = np.setdiff1d(np.arange(150), gone)
    np.testing.assert_array_equal(column[kept], whole.column("0", 1)[kept])
    assert not set(gone) & set(found.top("0", 1, 150)) | set(gone) & set(found.random(150))
    assert np.isfinite(found.quantiles("0", 1, [0.5])).all()


def test_a_batch_with_no_readable_picture_is_passed_over(tmp_path):
    found = dissect(net_target(), Grains(70, tuple(range(32, 64))), ["0"], folder=tmp_path)
    assert len(found.skipped) == 32
    assert np.isnan(found.column("0", 0)).sum() == 32


def test_a_source_with_no_readable_picture_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match=r"no readable picture among 3; the first: 'grain-0.png': the file is empty"):
        dissect(net_target(), Grains(3, (0, 1, 2)), folder=tmp_path)


def test_unreadable_pictures_survive_an_interruption(tmp_path):
    def stop(done, total):
        if done == 64:
            raise Stopped

    source = Grains(100, (3, 50, 90))
    with pytest.raises(Stopped):
        dissect(net_target(), source, ["0"], folder=tmp_path, watch=stop, checkpoint_seconds=0)
    found = dissect(net_target(), source, ["0"], folder=tmp_path)
    assert [row.index for row in found.skipped] == [3, 50, 90]


def test_a_group_is_dissected_as_the_mean_of_maps_not_of_peaks(tmp_path):
    target, source = net_target(), Grains(40)
    unit = target.unit("2:1+3")
    found = dissect_unit(target, source, unit, folder=tmp_path)
    assert found.layers == ("2:1+3",)
    peaks = [m.max() for m in maps_of(target, source, "2:1+3")]
    np.testing.assert_allclose(found.column("2:1+3", 0), peaks, rtol=1e-6)
    means = dissect(target, source, ["2"], folder=tmp_path).peaks("2")[:, [1, 3]].mean(1)
    assert np.abs(found.column("2:1+3", 0) - means).max() > 1e-3


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_network_that_answers_nan_or_infinity_is_named(tmp_path, bad):
    class Spoils(nn.Module):
        def forward(self, x):
            return torch.where(x.mean((1, 2, 3), keepdim=True) < 0.4, bad, x)

    target = ModuleTarget("net", nn.Sequential(Spoils()), to_tensor, device="cpu")
    with pytest.raises(TargetFailed, match="net answered NaN or infinity at '0' on"):
        dissect(target, Grains(40), folder=tmp_path)


def test_a_target_that_is_no_module_and_batches_as_it_likes_is_dissected_too(tmp_path):
    class Brightness(Target):
        name, key = "brightness", "brightness-1"
        layers, default_layers = (Layer("mean", 2, "vector"),), ("mean",)

        def watch(self, pictures, layers, see):
            for start in range(0, len(pictures), 5):
                means = [p.pixels.mean() for p in pictures[start : start + 5]]
                see("mean", torch.tensor([[m, -m] for m in means])[:, :, None, None])

    source = Grains(40)
    found = dissect(Brightness(), source, folder=tmp_path)
    means = np.array([source.picture(i).pixels.mean() for i in range(40)], np.float32)
    np.testing.assert_allclose(found.column("mean", 0), means, rtol=1e-6)
    assert found.top("mean", 1, 1)[0] == means.argmin()


def test_memory_does_not_grow_with_the_data(tmp_path):
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import torch
        from test_dissection import Grains
        from lettvin.benchmarks.throughput import most_memory_mib
        from lettvin.targets.target import Layer, Target
        from lettvin.tools.dissection import dissect

        class Wide(Target):
            name, key = "wide", "wide-1"
            layers, default_layers = (Layer("w", 2000, "vector"),), ("w",)
            def watch(self, pictures, layers, see):
                value = torch.tensor([float(p.pixels[0, 0, 0]) for p in pictures])
                see("w", (value[:, None] + torch.arange(2000.0))[:, :, None, None])

        dissect(Wide(), Grains(int(sys.argv[1]), side=1), folder=Path({str(tmp_path)!r}))
        print(most_memory_mib())
    """

    def peak_mib(n: int) -> int:
        command = [sys.executable, "-c", textwrap.dedent(code), str(n)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return int(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)

    small, large = peak_mib(640), peak_mib(4480)  # 5 and 34 MiB of peaks
    assert large - small < 15


def test_progress_counts_pictures(tmp_path):
    seen = []
    dissect(net_target(), Grains(70), ["0"], folder=tmp_path, watch=lambda done, total: seen.append((done, total)))
    assert seen == [(32, 70), (64, 70), (70, 70)]


@pytest.mark.parametrize(("ask", "says"), [
    (lambda d: d.column("9", 0), "layer '9' was not dissected; nearest: '0'"),
    (lambda d: d.column("0", 6), "layer '0' has units 0 to 5, not 6"),
    (lambda d: d.top("0", -1), "layer '0' has units 0 to 5, not -1"),
])  # fmt: skip
def test_questions_it_has_no_answer_to_are_bad_input(made, ask, says):
    with pytest.raises(BadInput, match=says):
        ask(made[2])


def test_bad_calls_are_bad_input(tmp_path):
    with pytest.raises(BadInput, match="no layer '77'"):
        dissect(net_target(), Grains(3), ["77"], folder=tmp_path)
    with pytest.raises(BadInput, match="no layer to dissect"):
        dissect(net_target(), Grains(3), [], folder=tmp_path)
    with pytest.raises(BadInput, match="at least 1 picture, not 0"):
        dissect(net_target(), Grains(3), batch=0, folder=tmp_path)
    with pytest.raises(BadInput, match="holds no pictures"):
        dissect(net_target(), Grains(0), folder=tmp_path)


def test_reading_pictures_overlaps_with_the_forward(tmp_path):
    class Slow(Grains):
        def picture(self, index):
            time.sleep(0.01)
            return super().picture(index)

    class Pondering(Target):
        name, key = "pondering", "pondering-1"
        layers, default_layers = (Layer("x", 1, "vector"),), ("x",)

        def watch(self, pictures, layers, see):
            time.sleep(0.01 * len(pictures))
            see("x", torch.zeros(len(pictures), 1, 1, 1))

    began = time.monotonic()
    dissect(Pondering(), Slow(48), batch=8, folder=tmp_path)
    assert time.monotonic() - began < 0.85 * 2 * 48 * 0.01
