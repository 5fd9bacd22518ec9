"""The allocator of glibc, told to keep large blocks: a forward's maps are freed and wanted again at once.

Covered: glibc's `mallopt`, from inside the process. Not covered: other C libraries, where nothing is changed.
By default glibc gives every large block back to the system when it is freed and has it zeroed again when it is next
wanted, which costs a convolutional forward on a CPU up to half of its time.
"""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in malloc.h


@cache
def keep_large_blocks() -> bool:
    """Let malloc keep freed blocks of up to 1 GiB; True where that was done (glibc), False where it cannot be."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return bool(mallopt(_MMAP_THRESHOLD, 1 << 30) and mallopt(_TRIM_THRESHOLD, (1 << 31) - 1))
