"""How a notebook shows an answer, and a unit's exemplars: small self-contained HTML.

Covered: the HTML, styled in place, since a notebook has a style sheet of its own, light or dark; every string escaped,
every picture inlined. Not covered: the page (`page.py`), which tells all of it, and the words for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from ...targets.errors import BadInput
from .exemplar_strip import Exemplar
from .index_page import answer_of
from .maps import Maps
from .pictures import Pictures, in_run
from .wording import MARKS, MEANS, chance, confidence, counted, interval, number, share, shortened

if TYPE_CHECKING:
    from ..answer import Answer
    from ..unit_exemplars import UnitExemplars

STRIP = 8  # exemplars of an answer
SIDE = 96  # pixels of each
_RULE = "1px solid rgba(128,128,128,.35)"
_SOFT = "opacity:.75;font-size:.85em"
_CELL = f"text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:{_RULE}"


def answer_html(answer: Answer) -> str:
    """The answer with its verdict and confidence in words and numbers, a strip of exemplars, its evidence, its page.

    Exemplars and page are left out where the run folder is gone.
    """
    parts = [
        Markup('<p style="{}">{} · {}</p>').format(_SOFT, answer.target, answer.unit),
        Markup('<p style="opacity:.75"><i>{}</i></p>').format(answer.question),
        Markup('<p style="font-size:1.25em;line-height:1.3;max-width:46em">{}</p>').format(answer.description),
        Markup("<p><b>{} {}.</b> {} {}</p>").format(
            MARKS[answer.verdict],
            answer.verdict.replace("-", " ").capitalize(),
            MEANS[answer.verdict],
            confidence(answer.confidence, answer.verdict),
        ),
    ]
    if answer.limit is not None:
        parts.append(Markup("<p><b>Stopped by {}:</b> this is the best admissible answer so far.</p>").format(answer.limit))
    parts.append(Markup("<p>{}</p>").format(_facts(answer)))
    parts += [_strip(answer), _evidence(answer), _page(answer)]
    return _framed(parts)


def exemplars_html(found: UnitExemplars) -> str:
    """The exemplars, strongest first, each with its heat map and the patch that the unit sees."""
    head = Markup("<p><b>{}</b> of {} <span style='{}'>{} of {:,} pictures of {}; median peak {}, 99% below {}</span></p>")
    told = head.format(
        *(found.unit, found.target, _SOFT, len(found.shown), found.pictures, found.data),
        *(number(found.median), number(found.high)),
    )
    row = Markup('<div style="display:flex;flex-wrap:wrap;gap:14px 10px">{}</div>')
    return _framed([told, row.format(Markup("").join(_figure(e) for e in found.shown))])


def _framed(parts: Iterable[Markup]) -> str:
    return str(Markup('<div style="line-height:1.45">{}</div>').format(Markup("").join(parts)))


def _facts(answer: Answer) -> Markup:
    told = []
    if answer.labels:
        told.append(Markup("labels <b>{}</b>").format(", ".join(answer.labels)))
    if answer.formula:
        told.append(Markup("formula <code>{}</code>").format(answer.formula))
    if answer.explained is not None and answer.explained.overall is not None:
        told.append(escape(f"explains {answer.explained.overall:.0%} of what held-back pictures reproducibly decide"))
    if answer.heldout is not None and answer.heldout.auroc is not None:
        told.append(escape(f"held-out AUROC {share(answer.heldout.auroc)} on {counted(answer.heldout.n, 'picture')}"))
    told.append(escape(f"{counted(answer.images, 'picture')} measured beyond the data, {answer.seconds:.0f} s"))
    return Markup(" · ").join(told)


def _strip(answer: Answer) -> Markup:
    run = Path(answer.run)
    try:
        answered, _ = answer_of(run)
    except BadInput:
        return Markup("")
    identities = () if answered is None else answered.exemplars[:STRIP]
    pictures = Pictures(in_run(run), Maps(), small=SIDE)
    shown = [src for identity in identities if (src := pictures.thumbnail(identity)) is not None]
    picture = Markup('<img src="{}" alt="exemplar {}" style="width:72px;height:72px;object-fit:contain;margin:0">')
    images = Markup("").join(picture.format(src, place) for place, src in enumerate(shown, 1))
    return Markup('<div style="display:flex;flex-wrap:wrap;gap:4px;margin:.6em 0">{}</div>').format(images) if shown else images


def _evidence(answer: Answer) -> Markup:
    if not answer.evidence:
        return Markup("")
    head = Markup("").join(
        Markup('<th style="{}">{}</th>').format(_CELL, name)
        for name in ("claim", "predicted high", "predicted low", "n", "effect", "p", "verdict")
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup('<td style="{}">{}</td>').format(_CELL, cell) for cell in cells))
        for cells in (
            (
                shortened(line.claim, 200),
                *(shortened(", ".join(line.conditions.get(side, [])), 120) for side in ("high", "low")),
                *(line.n, f"{share(line.effect)} {interval(line.interval)}" if line.n else "never measured", chance(line.p)),
                f"{MARKS.get(line.verdict, '')} {line.verdict}",
            )
            for line in answer.evidence
        )
    )
    told = Markup(
        "<details><summary>{} of evidence, each predicted before it was measured</summary>"
        '<table style="border-collapse:collapse;font-size:.85em"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></details>'
    )
    return told.format(counted(len(answer.evidence), "line"), head, rows)


def _page(answer: Answer) -> Markup:
    """The link to the run's page: relative where it lies below this folder, as a notebook's server needs it."""
    from urllib.parse import quote

    page = answer.page
    if not page.is_file():
        return Markup("")
    try:
        link = quote(page.resolve().relative_to(Path.cwd().resolve()).as_posix())
    except ValueError:
        link = page.resolve().as_uri()
    return Markup('<p style="{}">Every hypothesis, experiment and picture: <a href="{}" target="_blank">{}</a></p>').format(
        _SOFT, link, str(page)
    )


def _figure(shown: Exemplar) -> Markup:
    if shown.src is None:
        image = Markup("<span>picture missing</span>")
    else:
        image = Markup('<img src="{}" alt="{}" style="width:150px;display:block;margin:0">').format(shown.src, shown.caption)
    over = ""
    if shown.outline:
        over += Markup('<path d="{0}" stroke="#000" stroke-width="3"/><path d="{0}" stroke="#fff"/>').format(shown.outline)
    if shown.box:
        over += Markup('<rect x="{}" y="{}" width="{}" height="{}" stroke="#fff" stroke-dasharray="5 4"/>').format(*shown.box)
    drawn = Markup(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" fill="none" '
        'style="position:absolute;inset:0;width:100%;height:100%">{}</svg>'
    ).format(shown.width, shown.height, Markup(over))
    close = '<img src="{}" alt="{}" title="{}" style="width:74px;height:74px;object-fit:contain;margin:2px 2px 0 0">'
    closer = Markup("").join(
        Markup(close).format(src, f"{name} of exemplar {shown.number}", name)
        for src, name in ((shown.heat, "heat map"), (shown.patch, "patch seen"))
        if src is not None
    )
    told = Markup('<figcaption style="font-size:.8em;line-height:1.35"><b>{}</b> peak {} · percentile {}<br>{}</figcaption>')
    words = told.format(shown.number, number(shown.peak), number(shown.percentile), shortened(shown.caption, 90))
    figure = Markup('<figure style="width:152px;margin:0"><div style="position:relative;width:150px">{}{}</div>{}{}</figure>')
    return figure.format(image, drawn if over else "", Markup('<div style="display:flex">{}</div>').format(closer), words)
