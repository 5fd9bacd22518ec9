"""A sandbox with the lab's functions, and a host that answers its calls, for tests of what a model's code may do.

Covered: one sandbox for a test, blocks run in it, the calls that came out. Not covered: any test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lettvin.agent.backbones.named_results import as_named
from lettvin.agent.backbones.sandbox import Ended, HostCall, Mistake, Sandbox, Value
from lettvin.agent.backbones.tool_api import functions, stubs
from lettvin.tools.exemplars import Exemplar, Exemplars
from lettvin.tools.instrument import catalogue
from lettvin.tools.screen import Fit, Screen

Host = Callable[[HostCall], Value | Mistake]
FITS = [Fit(concept=c, n=9, r=r, superiority=0.9, auprc=0.9, q=0.01, high=1, low=0) for c, r in (("red", 0.9), ("dog", 0.2))]


def lab(call: HostCall) -> Value | Mistake:
    """Answers as the lab would, with two fits and three pictures; other calls give None."""
    if call.name == "screen":
        return Value(Screen(pictures=100, fits=FITS))
    if call.name == "exemplars":
        shown = [Exemplar(picture=f"{n:064x}", index=n, peak=1 / (1 + n), percentile=99, caption="a red car") for n in range(3)]
        return Value(Exemplars(which="top", shown=shown))
    if call.name == "probe":
        return Mistake(f"no picture {call.arguments['pictures'][0]!r} in this run: ids come from earlier results")
    return Value(None)


@dataclass
class Bench:
    """A sandbox, and what was called in it."""

    sandbox: Sandbox
    host: Host = lab
    calls: list[HostCall] = field(default_factory=list)

    def run(self, code: str) -> Ended:
        """Run one block to its end."""
        block = self.sandbox.block(code)
        try:
            call = next(block)
            while True:
                self.calls.append(call)
                answer = self.host(call)
                call = block.send(Value(as_named(answer.value)) if isinstance(answer, Value) else answer)
        except StopIteration as done:
            ended: Ended = done.value
            return ended


@contextmanager
def bench(host: Host = lab, **limits: Any) -> Iterator[Bench]:
    """A sandbox of one's own, with other limits where they are given."""
    known = functions(catalogue())
    parameters = {name: tuple(function.arguments.model_fields) for name, function in known.items()}
    made = Bench(Sandbox(parameters, stubs(known), **limits), host)
    try:
        yield made
    finally:
        made.sandbox.close()
