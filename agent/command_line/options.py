"""What may stand on the command line: the options that commands share, and how the text of one becomes a value.

Covered: types for typer with their help, and parsers that refuse a value with the value in the text. Not covered: the
commands (`cli.py`), and names that only a target or a source can judge.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from ...targets.errors import BadInput


# typer hands a parser the default too, which is a number already.
def count(given: str | int) -> int:
    """A whole number from 1 up."""
    text = str(given)
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is not a whole number from 1 up")
    return int(text)


def from_0(given: str | int) -> int:
    """A whole number from 0 up."""
    text = str(given)
    if not re.fullmatch(r"\d{1,18}", text):
        raise typer.BadParameter(f"{text!r} is not a whole number from 0 up")
    return int(text)


def dollars(given: str | Decimal) -> Decimal:
    """An amount of dollars above 0."""
    text = str(given)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) or not Decimal(text) > 0:
        raise typer.BadParameter(f"{text!r} is not an amount of dollars above 0, such as 2.50")
    return Decimal(text)


def duration(given: str | float) -> float:
    """A number of seconds above 0."""
    text = str(given)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text) or not float(text) > 0:
        raise typer.BadParameter(f"{text!r} is not a number of seconds above 0")
    return float(text)


def names(layers: str | None) -> list[str] | None:
    """The names in 'a,b'; None where the option was not given. Raises `BadInput` on an empty name."""
    if layers is None:
        return None
    found = [name.strip() for name in layers.split(",")]
    if not all(found):
        raise BadInput(f"--layers {layers!r} has an empty name: write names with commas between, such as 'a,b'")
    return found


def addresses(units: str) -> list[str]:
    """The units in 'LAYER:3,LAYER:5+7'; the text as it is, for the target to judge, where a part is no such address."""
    found = [address.strip() for address in units.split(",")]
    return found if all(re.fullmatch(r"(.+:)?(\d+(\+\d+)*|@.+)", address) for address in found) else [units]


TargetName = Annotated[str, typer.Argument(metavar="TARGET", help="A network's name, or FILE.py:function.")]
Addresses = Annotated[
    str,
    typer.Argument(
        metavar="UNIT[,UNIT...]", help="[LAYER:]INDEX, a group LAYER:3+17, LAYER:@file.safetensors, or several with commas."
    ),
]
OneAddress = Annotated[
    str, typer.Argument(metavar="UNIT", help="[LAYER:]INDEX, a group LAYER:3+17, or LAYER:@file.safetensors.")
]
OtherAddress = Annotated[str, typer.Argument(metavar="UNIT", help="The unit that it is compared with.")]
OtherTarget = Annotated[
    str | None,
    typer.Option(metavar="TARGET", help="The second unit's network, where it is another, such as one after fine-tuning."),
]
ClassAddress = Annotated[str, typer.Argument(metavar="CLASS", help="The unit that stands for the class, such as _fc:817.")]
Shows = Annotated[
    str | None,
    typer.Option(metavar="NOUN", help="What pictures of the class show; the noun that goes best with it if not given."),
]
Question = Annotated[str, typer.Argument(metavar="QUESTION", help="In words, such as 'What makes this unit fire?'")]
Backbone = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Who decides what to try: a name, FILE.py:Class, or a model: openai:MODEL, local:MODEL_OR_DIR, replay:RUN.",
    ),
]
Data = Annotated[
    str,
    typer.Option(metavar="SOURCE", help="sketch:N[@seed], cutouts:N[@seed], hf:DIR_OR_ID[:split], webdataset:DIR, a folder."),
]
Cutouts = Annotated[
    Path | None, typer.Option("--cutouts", metavar="DIR", help="Cut-outs, NAME.png with NAME.txt, as nouns.")
]
Backgrounds = Annotated[
    Path | None, typer.Option("--backgrounds", metavar="DIR", help="Photographs to stand the cut-outs on.")
]
Generator = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Who makes new pictures: sketch, diffusers:ID_OR_DIR, openai:MODEL, or FILE.py:Class."
    ),
]
Editor = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Who edits pictures that were not drawn: diffusers:ID_OR_DIR, openai:MODEL, or FILE.py:Class."
    ),
]
RegionFinder = Annotated[
    str | None,
    typer.Option(
        "--detector",
        metavar="NAME",
        help="Who finds the things that are to be edited in photographs: cam, grounding-dino[@DINO[+SAM]], or FILE.py:Class.",
    ),
]
Describer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who puts pictures into words: exact, conse, captioner:ID_OR_DIR, FILE.py:Class, or a model such as openai:MODEL; "
        "if not given, the model that decides, else 'exact'.",
    ),
]
Judge = Annotated[
    str | None, typer.Option(metavar="MODEL", help="Which model reviews a conclusion; the one that decides if not given.")
]
Mode = Annotated[
    str, typer.Option(metavar="HOW", help="How a model that decides acts: code, by blocks of Python, or calls, by tool calls.")
]
Tools = Annotated[
    list[str] | None, typer.Option("--tool", metavar="FILE.py:FUNCTION", help="An instrument of yours; may be repeated.")
]
Layers = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Layers to dissect, by name; all blocks and the classifier if not given."),
]
Seed = Annotated[int, typer.Option(parser=from_0, metavar="N", help="The same seed gives the same.")]
Runs = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the run's folder goes.")]
MaxImages = Annotated[
    int | None,
    typer.Option(parser=count, metavar="N", help="Stop after measuring so many pictures beyond the data."),
]
MaxSeconds = Annotated[float | None, typer.Option(parser=duration, metavar="S", help="Stop after so many seconds.")]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where openai:MODEL is asked, such as http://localhost:8000/v1; OpenAI if not given."),
]
DialectName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What kind of endpoint: openai, anthropic, vllm, ollama, llama.cpp or generic; told by the address if not given.",
    ),
]
KeyFrom = Annotated[
    str | None, typer.Option(metavar="VARIABLE", help="The environment's variable with the endpoint's key.")
]
RequestSeconds = Annotated[
    float,
    typer.Option(parser=duration, metavar="S", help="How long one reply of a model may take, with all its retries."),
]
RequestPictures = Annotated[
    int | None,
    typer.Option(
        parser=from_0, metavar="N", help="Show a model at most N pictures in one request, more on contact sheets; 0: none."
    ),
]
ReplyTokens = Annotated[
    int | None, typer.Option(parser=count, metavar="N", help="End a model's reply after N tokens.")
]
MaxRequests = Annotated[
    int | None, typer.Option(parser=count, metavar="N", help="Stop after N requests to models, retries counted.")
]
MaxTokens = Annotated[
    int | None, typer.Option(parser=count, metavar="N", help="Stop after N tokens of models, in and out together.")
]
MaxUsd = Annotated[
    Decimal | None,
    typer.Option(parser=dollars, metavar="AMOUNT", help="Stop when models have cost so many dollars; wants known prices."),
]
PricesFile = Annotated[
    str | None, typer.Option("--prices", metavar="FILE", help="Prices of models, over those that are known.")
]
Among = Annotated[
    int | None,
    typer.Option(
        parser=count, metavar="N", help="How many units are asked in all, where that is more than are named here."
    ),
]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu or cuda.")]
Clear = Annotated[bool, typer.Option("--clear", help="Take away all that no running process needs.")]
CacheLimit = Annotated[
    str | None, typer.Option("--limit", metavar="SIZE", help="Make room now, until SIZE is left, such as 5GB.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]
Shown = Annotated[Path, typer.Argument(metavar="[RUN]", help="A run's folder, or a folder of runs.")]
OpenIt = Annotated[bool, typer.Option("--open/--no-open", help="Open the page where there is a screen.")]
Prompt = Annotated[
    str | None, typer.Argument(metavar="PROMPT", help="What to draw, such as 'two striped red cars on snow'.")
]
Draws = Annotated[int, typer.Option("-n", parser=count, metavar="N", help="How many draws.")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where the picture of all draws goes.")
]
Sheet = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the whole vocabulary as one labelled picture.")
]
CoverageOf = Annotated[
    int | None, typer.Option("--coverage", parser=count, metavar="N", help="Print what the first N random scenes hold.")
]
Vocabulary = Annotated[bool, typer.Option("--vocabulary", help="Print every word by kind.")]
SuiteName = Annotated[str, typer.Option("--suite", metavar="NAME", help="core, smoke, core~NOISE, or a suite's FILE.json.")]
Minds = Annotated[
    list[str] | None,
    typer.Option("--backbone", metavar="NAME", help="Whom to compare; may be repeated. All known ones if not given."),
]
Neurons = Annotated[
    int | None, typer.Option("--neurons", parser=count, metavar="N", help="The first N of the suite, whose order is drawn.")
]
OutputUnits = Annotated[
    int, typer.Option("--units", parser=count, metavar="N", help="How many classes, in an order drawn by the seed.")
]
UnitsALayer = Annotated[
    int, typer.Option("--units", parser=count, metavar="N", help="How many units of each layer, in an order drawn by the seed.")
]
Controls = Annotated[
    int,
    typer.Option(
        "--controls", parser=from_0, metavar="N", help="The first N of them also as shuffled units, and with random weights."
    ),
]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        "--method", metavar="NAME", help="Who describes: a method or a backbone; may be repeated. All known if not given."
    ),
]
FewLayers = Annotated[
    str | None, typer.Option("--layers", metavar="A,B", help="Layers, by name; five, evenly over the network's, if not given.")
]
RandomTwin = Annotated[
    str | None,
    typer.Option(
        "--random", metavar="TARGET", help="The same network with random weights; known for those that lettvin brings."
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", parser=count, metavar="N", help="Two networks of each seed from 0 to N - 1.")]
Workers = Annotated[int, typer.Option(parser=count, metavar="N", help="Processes that ask at once.")]
Answers = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the answers are kept, and gone on from.")]
Detector = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Neurons that see with a detector: cam, or grounding-dino[@DINO[+SAM]]; data: cutouts:1000 if not given.",
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="What is told of the data: plain, 'noisy captions', 'missing nouns'; may be repeated. All of them if not given.",
    ),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]
