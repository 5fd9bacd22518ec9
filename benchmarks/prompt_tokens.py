"""How many tokens each prompt is, and what a run's first request is made of.

Covered: every file of `prompts/` as it is, and the instructions of both modes as they are sent, the API and the vocabulary
filled in. Tokens are estimated as limits are (`agent/backbones/spending.py`: 4 characters a token): every vendor counts
otherwise, by a tenth or two. Not covered: what a run adds (`model_steps.py`).
Run as `python -m lettvin.benchmarks.prompt_tokens`.
"""

from __future__ import annotations

import json
from importlib.resources import files

from ..agent.backbones.formula_words import formula_words
from ..agent.backbones.prompt_text import prompt, raw
from ..agent.backbones.spending import CHARACTERS
from ..agent.backbones.tool_api import as_text, functions, offered
from ..tools.instrument import catalogue


def tokens(text: str) -> int:
    """About how many tokens a text is."""
    return round(len(text) / CHARACTERS)


def names() -> list[str]:
    """Every prompt, by name."""
    folder = files(__package__.partition(".")[0]).joinpath("prompts")
    return sorted(path.name.removesuffix(".md") for path in folder.iterdir() if path.name.endswith(".md"))


def run() -> dict[str, dict[str, int]]:
    """``{prompts: {name: tokens}, instructions: {code: tokens, calls: tokens, "tools of calls": tokens}}``."""
    known = functions({name: catalogue()[name] for name in sorted(catalogue())})
    language = prompt("concept_language", words=formula_words(drawn=True))
    code = "\n\n".join([prompt("scientist"), prompt("code_mode", api=as_text(known)), language])
    calls = "\n\n".join([prompt("scientist"), prompt("call_mode"), language])
    tools = json.dumps([tool.model_dump(mode="json") for tool in offered(known)])
    return {
        "prompts": {name: tokens(raw(name)) for name in names()},
        "instructions": {"code": tokens(code), "calls": tokens(calls), "tools of calls": tokens(tools)},
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
