"""The pages as a browser shows them, in Chromium without a screen: nothing sticks out on a phone, keys and filters work, and
axe-core finds no fault in either theme.

Skipped where Chromium is not installed; the checks by axe-core also where LETTVIN_AXE does not name its axe.min.js (from
the npm package axe-core). What needs no browser is tested in `test_report.py` and `test_index_page.py`.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from lettvin.agent.bias.hunting import hunt
from lettvin.agent.bias.steps import Size
from lettvin.agent.comparison.comparing import compare
from lettvin.agent.report.index_page import write_index
from lettvin.benchmarks.synthetic.page import write_page
from lettvin.tests.benchmark_record import made, of_a_detector
from lettvin.tests.small_world import SIDE, WORLD, paint_small, unit_of
from lettvin.tests.test_report import asked_once

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
AXE = Path(os.environ.get("LETTVIN_AXE", "")) if os.environ.get("LETTVIN_AXE") else None
needs_axe = pytest.mark.skipif(AXE is None, reason="LETTVIN_AXE does not name an axe.min.js")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=30000", "--window-size=1400,1000", "--dump-dom"),
)


PAGES = ("run", "index", "benchmark", "detector", "compare", "study", "bias")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a run that ends in an answer; the list of it, a run over a dead unit, and a broken one; a benchmark's, and a
    detector's; of a comparison that found a difference, across two networks, with the study behind it; of a hunt that found a
    subgroup."""
    runs = tmp_path_factory.mktemp("browser")
    for name in ("whole", "dead"):
        shutil.copytree(asked_once()[name], runs / name)
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{")
    benchmark = write_page(made(tmp_path_factory.mktemp("benchmark")))
    detector = write_page(of_a_detector(made(tmp_path_factory.mktemp("detector"))))
    apart = tmp_path_factory.mktemp("separating")
    with pytest.MonkeyPatch.context() as patch:
        paint_small(patch)
        compared = compare(unit_of("dog"), unit_of("dog or fish"), data=WORLD, runs=apart)
        size = Size(screened_on=200, pairs=20, most=4, side=SIDE)
        hunted = hunt(unit_of("car and not red car"), "car", data=WORLD, size=size, runs=apart)
    assert (compared.verdict, hunted.verdict) == ("different", "found")
    separating = {"compare": compared.page, "study": compared.page.parent / "other.html", "bias": hunted.page}
    first = {"run": runs / "whole" / "report.html", "index": write_index(runs), "benchmark": benchmark, "detector": detector}
    return first | separating


def seen(page: str, script: str, width: int, tmp_path: Path) -> Any:
    """What the script (of a function body, given the page's window `w` and document `d`) returns, as JSON."""
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{html.escape(page)}"></iframe><script>'
        'const frame = document.querySelector("iframe"); frame.addEventListener("load", async () => {'
        "const w = frame.contentWindow, d = frame.contentDocument; let told;"
        f"try {{ told = await (async () => {{ {script} }})(); }} catch (fault) {{ told = {{ fault: String(fault) }}; }}"
        'const note = document.createElement("pre"); note.id = "told"; note.textContent = JSON.stringify(told);'
        "document.body.append(note); });</script>",
        encoding="utf-8",
    )
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", outer.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.findall(r'<pre id="told">(.*?)</pre>', done.stdout, flags=re.S)
    assert found, done.stderr[-2000:]
    told = json.loads(html.unescape(found[-1]))
    assert not (isinstance(told, dict) and "fault" in told), told
    return told


@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_on_a_phone(pages: dict[str, Path], name: str, tmp_path: Path) -> None:
    script = """
        const wide = [...d.querySelectorAll("body *")].filter((e) => !e.closest(".wide, pre, svg, .skip, [hidden]")
            && e.getBoundingClientRect().right > w.innerWidth + 1);
        return [w.innerWidth, d.documentElement.scrollWidth, wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 200))];
    """
    width, scrolled, wide = seen(pages[name].read_text(), script, 390, tmp_path)
    assert width == 390
    assert scrolled <= 390  # less where a scroll bar stands beside it
    assert wide == []


@pytest.mark.parametrize("name", ["run", "compare", "bias"])
def test_pictures_are_enlarged_by_the_pointer_and_by_the_keyboard_which_walks_through_them(
    pages: dict[str, Path], name: str, tmp_path: Path
) -> None:
    groups = [["stacks", "stack"], *([["exemplars", "exemplar"]] if name == "run" else [])]  # the others' are of one picture
    script = """
        const lens = d.getElementById("lens"), told = {};
        const open = () => (lens.hidden ? null : lens.querySelector("img").getAttribute("src"));
        const key = (name) => d.activeElement.dispatchEvent(new w.KeyboardEvent("keydown", { key: name, bubbles: true }));
        for (const [group, stack] of GROUPS) {
            const stacks = [...d.querySelector("." + group).querySelectorAll("." + stack)]
                .map((s) => [...s.querySelectorAll("img")]);
            const own = (x, y) => stacks[x][y].getAttribute("src");
            stacks[0][0].dispatchEvent(new w.PointerEvent("pointerover", { bubbles: true }));
            const steps = [open() === own(0, 0)];
            d.body.dispatchEvent(new w.PointerEvent("pointerover", { bubbles: true }));
            steps.push(open() === null);
            steps.push(d.querySelectorAll("." + group)[0].querySelectorAll("[tabindex='0']").length === 1);
            stacks[0][0].focus(); steps.push(open() === own(0, 0));
            key("ArrowRight"); steps.push(open() === own(1, 0) && d.activeElement === stacks[1][0]);
            key("ArrowDown"); steps.push(open() === own(1, 1));
            key("ArrowLeft"); steps.push(open() === own(0, 1));
            key("Escape"); steps.push(open() === null);
            steps.push(/; (peak|[a-z])/.test(stacks[0][0].getAttribute("aria-label")));
            told[group] = steps;
        }
        return told;
    """
    told = seen(pages[name].read_text(), script.replace("GROUPS", json.dumps(groups)), 1100, tmp_path)
    assert told == {group: [True] * 9 for group, _ in groups}


def test_the_list_of_runs_is_filtered_and_sorted(pages: dict[str, Path], tmp_path: Path) -> None:
    script = """
        const rows = () => [...d.querySelectorAll("tbody tr")].filter((r) => !r.hidden).map((r) => r.dataset.state);
        const words = d.getElementById("words"), state = d.getElementById("state"), told = [rows()];
        const type = (text) => { words.value = text; words.dispatchEvent(new w.Event("input")); told.push(rows()); };
        type("0:1 NO"); type("no such words");
        told.push([d.querySelector(".none").hidden]); type("");
        state.value = "broken"; state.dispatchEvent(new w.Event("change")); told.push(rows());
        state.value = ""; state.dispatchEvent(new w.Event("change"));
        const head = d.querySelector("th[data-key=state]");
        head.querySelector("button").click(); told.push(rows(), [head.getAttribute("aria-sort")]);
        head.querySelector("button").click(); told.push(rows(), [head.getAttribute("aria-sort")]);
        return told;
    """
    every, dead, nothing, none_hidden, again, broken, up, up_said, down, down_said = seen(
        pages["index"].read_text(), script, 1100, tmp_path
    )
    assert sorted(every) == sorted(again) == up
    assert len(every) == 3
    assert (dead, nothing, none_hidden, broken) == (["no-concept"], [], [False], ["broken"])
    assert down == up[::-1]
    assert (up_said, down_said) == (["ascending"], ["descending"])


def test_the_neurons_of_a_benchmark_are_filtered(pages: dict[str, Path], tmp_path: Path) -> None:
    script = """
        const shown = () => [...d.querySelectorAll(".neuron")].filter((r) => !r.hidden);
        const rows = () => shown().map((r) => r.querySelector(".name").textContent);
        const field = (id) => d.getElementById(id), told = [];
        const choose = (values) => {
            for (const id of ["words", "kind", "mind", "state"]) {
                field(id).value = values[id] ?? (id === "mind" ? "empiricist" : "");
                field(id).dispatchEvent(new w.Event("input"));
            }
            told.push(rows());
        };
        choose({}); choose({words: "OWLS"}); choose({kind: "OR"}); choose({state: "wrong"});
        choose({state: "right", mind: "random-queries"}); choose({state: "right", words: "no such"});
        return told.concat([d.querySelector(".none").hidden]);
    """
    every, owls, ors, wrong, right, nothing, none_hidden = seen(pages["benchmark"].read_text(), script, 1100, tmp_path)
    assert every == ["first", "second", "third", "fourth", "fifth", "sixth"]
    assert (owls, ors) == (["third"], ["second"])
    assert wrong == ["second", "fifth"]
    assert right == ["first", "second", "fourth", "fifth"], "a null told to be none, and what has no words left open, are right"
    assert (nothing, none_hidden) == ([], False)


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault(pages: dict[str, Path], name: str, theme: str, tmp_path: Path) -> None:
    assert AXE is not None
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", pages[name].read_text())  # it bans axe itself
    if theme == "dark":
        page = page.replace("(prefers-color-scheme: dark)", "all").replace('content="light dark"', 'content="dark"')
    axe = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = """
        for (const part of d.querySelectorAll("details")) part.open = true;
        const found = await w.axe.run();
        return [found.passes.length, found.violations.map((v) => [v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html)])];
    """
    passed, violations = seen(page.replace("</body>", f"<script>{axe}</script></body>"), script, 1200, tmp_path)
    assert passed > 25
    assert violations == []
