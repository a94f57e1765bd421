"""Timing of functions that are to be compared."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of the calls of one function; none is left out, the first included."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


REST = 0.3  # seconds before each call: idle threads of one library go on spinning and keep the cores from the next


def alternate(
    functions: Sequence[Callable[[], object]],
    repeats: Sequence[int],
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Time functions in turn, so that what changes about the machine in between meets all of them."""
    seconds: list[list[float]] = [[] for _ in functions]
    for turn in range(max(repeats)):
        for function, times, found in zip(functions, repeats, seconds, strict=True):
            if turn < times:
                time.sleep(REST)
                start = clock()
                function()
                found.append(clock() - start)
    return [Timing(tuple(found)) for found in seconds]
