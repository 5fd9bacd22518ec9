"""The throughput benchmark measures what it says, on small sizes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lettvin.benchmarks import throughput
from lettvin.targets.patch import noise_pictures


@pytest.fixture(scope="module")
def target():
    return throughput._target()


def test_dissection_bare_and_naive_are_timed_in_interleaved_pairs(target):
    figures = throughput.dissection_speed(target, noise_pictures(32), n=32, pairs=1)
    speeds = {name: figures[f"{name}_images_per_second"] for name in ("bare", "dissect", "naive")}
    assert min(speeds.values()) > 0
    assert figures["dissect_over_bare"] == pytest.approx(speeds["dissect"] / speeds["bare"], rel=0.05)
    assert figures["dissect_over_naive"] == pytest.approx(speeds["dissect"] / speeds["naive"], rel=0.05)


def test_the_overlap_is_one_with_the_same_network_and_not_with_another(target):
    pictures = noise_pictures(48)
    assert throughput.top15_overlap(target, pictures) == pytest.approx(1.0, abs=1e-3)
    other = throughput.load_target("efficientnet-lite0-random")
    assert throughput.top15_overlap(other, pictures) < 0.6  # 15 of 48 overlap by .31 by chance


def test_interleaving_alternates_the_order_after_one_unrecorded_round():
    order = []
    measures = {name: lambda name=name: order.append(name) or len(order) for name in "ab"}
    found = throughput._interleaved(measures, 2)
    assert order == list("ab" "ab" "ba")
    assert found == {"a": [3, 6], "b": [4, 5]}


def test_most_memory_is_that_of_the_process_itself_and_not_of_its_parent():
    code = "from lettvin.benchmarks import throughput as t; a = t.most_memory_mib(); x = b'x' * (64 << 20); "
    command = [sys.executable, "-c", code + "print(a, t.most_memory_mib())"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    before, after = map(int, done.stdout.split())
    assert before < 150  # this test's own process, with torch in it, has more
    assert before + 60 <= after <= before + 70


def test_the_sketch_is_timed(target):
    assert throughput.sketch_speed(rounds=1, each=3) > 1
    assert "threads" in throughput.device_name(target) or target.device.type == "cuda"
