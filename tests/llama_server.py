"""llama.cpp's own server with a small text model, in a process of its own: `python llama_server.py MODEL.gguf CONTEXT`.

It prints its address, and serves until its stdin is closed. Needs xllamacpp, and knows nothing of lettvin.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def main(model: str, context: int) -> None:
    import xllamacpp  # type: ignore[import-not-found,import-untyped,unused-ignore]

    library: Any = xllamacpp
    asked = library.CommonParams()
    asked.model.path, asked.n_ctx, asked.n_parallel, asked.port, asked.warmup = model, context, 1, 0, False
    asked.sampling.temp = 0.0  # the likeliest word, so that the same is said again
    for threads in (asked.cpuparams, asked.cpuparams_batch):
        threads.n_threads = 2
    server = library.Server(asked)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
