"""What a model's tokens cost: a table by endpoint and model, and a file of the user's over it.

Covered: reading both, and the price of a model at an endpoint, None where it is not known; no price is ever guessed. Not
covered: discounts for repeated input, and what else a vendor may charge for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ...targets.errors import BadInput

SHIPPED = Path(__file__).with_name("prices.json")
FORM = '{"HOST": {"MODEL": {"input": "2.50", "output": "10.00"}}}, in dollars for a million tokens'
MILLION = 1_000_000
DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens, in and out."""

    input: Decimal
    output: Decimal

    def of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost, in dollars."""
        return (self.input * input_tokens + self.output * output_tokens) / MILLION


FREE = Price(Decimal(0), Decimal(0))
Prices = dict[str, dict[str, Price]]


def read_prices(own: str | Path | None = None) -> Prices:
    """The shipped table with the user's file over it. Raises `BadInput` on a file that is no such table."""
    table = _read(SHIPPED)
    if own is not None:
        for host, models in _read(Path(own)).items():
            table[host] = table.get(host, {}) | models
    return table


def price_of(table: Prices, host: str, model: str) -> Price | None:
    """The price of a model at a host; a dated model's is its undated one's, and host ``*`` stands for any."""
    for models in (table.get(host, {}), table.get("*", {})):
        for name in (model, DATED.sub("", model)):
            if name in models:
                return models[name]
    return None


def _read(path: Path) -> Prices:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"--prices {str(path)!r} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"--prices {str(path)!r} is no JSON ({error}): write {FORM}") from None
    if not isinstance(rows, dict) or not all(isinstance(models, dict) for models in rows.values()):
        raise BadInput(f"--prices {str(path)!r} is no table of prices: write {FORM}")
    return {
        host: {model: _price(path, f"{host} {model}", row) for model, row in models.items()} for host, models in rows.items()
    }


def _price(path: Path, where: str, row: object) -> Price:
    try:
        assert isinstance(row, dict)
        price = Price(*(Decimal(str(row[way])) for way in ("input", "output")))
        assert all(part.is_finite() and part >= 0 for part in (price.input, price.output))
    except (AssertionError, KeyError, InvalidOperation):
        raise BadInput(f"--prices {str(path)!r} has {row!r} as the price of {where!r}: write {FORM}") from None
    return price
