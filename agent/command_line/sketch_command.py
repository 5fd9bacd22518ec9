"""The command `sketch`: draw a prompt, or show what can be drawn.

Covered: from the words of a command line to pictures and tables. Not covered: the drawn world (`tools/sketch`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ...targets.errors import BadInput
from . import options, terminal

if TYPE_CHECKING:
    from ...tools.sketch.cutout_nouns import Cutouts


def sketch(
    prompt: options.Prompt = None,
    n: options.Draws = 8,
    out: options.Out = None,
    seed: options.Seed = 0,
    sheet: options.Sheet = None,
    vocabulary: options.Vocabulary = False,
    coverage: options.CoverageOf = None,
    cutouts: options.Cutouts = None,
    backgrounds: options.Backgrounds = None,
    as_json: options.Json = False,
) -> None:
    """Draw a prompt, or show what can be drawn.

    Draws PROMPT N times, with seeds one apart, side by side in one picture, and prints what was understood. With --cutouts
    DIR, nouns that DIR has photographs of are shown by them.
    """
    if [prompt is not None, sheet is not None, vocabulary, coverage is not None].count(True) != 1:
        raise BadInput("sketch takes one of: a PROMPT with -o FILE, --sheet FILE, --vocabulary, --coverage N")
    from ...tools.sources.cutouts import words_of

    if backgrounds is not None and cutouts is None:
        raise BadInput(f"--backgrounds {str(backgrounds)!r} goes with --cutouts DIR")
    if cutouts is not None and prompt is None and not vocabulary:
        raise BadInput(f"--cutouts {str(cutouts)!r} goes with a PROMPT or --vocabulary")
    if vocabulary:
        from ...tools.sketch.vocabulary import vocabulary as words

        known_words = words()
        if cutouts is not None:
            known_words["cut-outs"] = list(words_of(cutouts, None).nouns)
        if as_json:
            print(json.dumps(known_words))
        else:
            terminal.table((), [(kind, ", ".join(known)) for kind, known in known_words.items()])
    elif coverage is not None:
        _cover(seed, coverage, as_json)
    elif sheet is not None:
        from ...tools.sketch.sheet import sheet as write_sheet

        write_sheet(sheet, seed=seed)
        print(json.dumps({"file": str(sheet)}) if as_json else sheet)
    elif prompt is not None:
        if out is None:
            raise BadInput("sketch has nowhere to draw to: add -o FILE, such as -o sketch.png")
        _draw(prompt, n, out, seed, as_json, None if cutouts is None else words_of(cutouts, backgrounds))


def _draw(prompt: str, n: int, out: Path, seed: int, as_json: bool, cutouts: Cutouts | None) -> None:
    from PIL import Image

    from ...tools.sketch.caption import caption
    from ...tools.sketch.cutout_nouns import NONE
    from ...tools.sketch.paint import paint
    from ...tools.sketch.prompt import explain, imagine, parse
    from ...tools.sketch.sheet import tiles

    words = cutouts or NONE
    wanted = parse(prompt, words)
    scenes = [imagine(wanted, seed + i, cutouts=words) for i in range(n)]
    page = Image.fromarray(tiles([paint(scene).pixels for scene in scenes], min(n, 8)))
    try:
        page.save(out)
    except (OSError, ValueError) as error:
        raise BadInput(f"the picture {str(out)!r} cannot be written: {error}") from None
    if as_json:
        print(json.dumps({"understood": explain(wanted, words), "captions": [caption(x) for x in scenes], "file": str(out)}))
    else:
        drawn = [(f"seed {seed + i}", caption(scene)) for i, scene in enumerate(scenes)]
        terminal.table((), [("understood", explain(wanted, words)), *drawn])
        print(out)


def _cover(seed: int, n: int, as_json: bool) -> None:
    import dataclasses

    from ...tools.sketch.coverage import coverage

    found = coverage(seed, n)
    if as_json:
        print(json.dumps(dataclasses.asdict(found)))
        return
    told = [("scenes", f"{n}, {found.stimulus_scenes} of them with a stimulus")]
    told.append(("objects", ", ".join(f"{count}: {scenes}" for count, scenes in found.counts.items())))
    told.append(("groups", ", ".join(f"of {size}: {groups}" for size, groups in found.groups.items())))
    terminal.table((), [*told, ("group scenes", str(found.group_scenes))])
    rows = [(c.kind, c.kinds, c.met, c.least, c.rarest, f"{c.median:g}", c.promised or "") for c in found.covered]
    terminal.table(("kind", "known", "met", "scenes of the rarest", "which is", "median", "promised"), rows)
