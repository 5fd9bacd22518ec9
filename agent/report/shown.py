"""What `lettvin show` opens: a run's page, or the list of a folder of runs.

Covered: telling a run from a folder of runs, writing the page that a run has not got (it was killed), or whose run had no
answer yet when it was written. Not covered: the pages themselves (`page.py`, `index_page.py`), opening them (`cli.py`).
"""

from __future__ import annotations

from pathlib import Path

from ...targets.errors import BadInput
from ..bias.events import Hunted
from ..comparison.events import Compared
from ..run_folder import read_about, read_events
from ..transcript import Answered
from . import index_page
from .bias_page import write_bias
from .comparison_page import write_comparison
from .page import FILE, write_page


def page_to_show(path: Path, kept: Path | None = None) -> tuple[Path, bool]:
    """The page to open, and whether what it tells is ended (a folder of runs is).

    `kept`: the cache's folder, where encoded pictures of earlier pages are looked for first. Raises `BadInput` where the
    path is neither a run nor a folder of runs, where the run cannot be read, or its page cannot be written.
    """
    if not index_page.is_run(path):
        return index_page.write_index(path, kept), True
    page = path / FILE
    kind = read_about(path).get("kind") if (path / "run.json").is_file() else None
    last, write = {
        "comparison-begun": (Compared, write_comparison),
        "hunt-begun": (Hunted, write_bias),
    }.get(str(kind), (Answered, write_page))
    try:
        ended = any(isinstance(event, last) for event in read_events(path))
    except BadInput:
        if page.is_file():  # of another version, or damaged since: the page itself can be read all the same
            return page, True
        raise
    if not (ended and page.is_file()):
        try:
            write(path, kept)
        except OSError as error:
            raise BadInput(f"{str(page)!r} cannot be written ({error.strerror})") from None
    return page, ended
