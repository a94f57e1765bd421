"""Say what training in bfloat16 would save on this processor, as measured on a few training steps.

    python -m repdrift.training.offer SPEC

SPEC is that of a training in float32, as JSON. On a processor without instructions for bfloat16, bfloat16 is slower.
"""

import sys
from dataclasses import replace

from repdrift.specs import TrainSpec, parse
from repdrift.training.timing import seconds_per_step

FLOAT32, BFLOAT16 = "float32", "bfloat16"


def offer(float32: float, bfloat16: float) -> str:
    """Return the sentence on the processor times of the same trainings in both precisions, in any unit."""
    if bfloat16 >= float32:
        return f"`training: {{precision: bfloat16}}` would take {bfloat16 / float32:.1f} times as long on this machine"
    return (
        f"`training: {{precision: bfloat16}}` would take {bfloat16 / float32:.0%} of the time of the trainings on this "
        "processor; docs/precision.md says what it changes"
    )


def main() -> None:
    spec = parse(TrainSpec, sys.argv[1])
    times = (
        seconds_per_step(spec.network, replace(spec.training, precision=precision)) for precision in (FLOAT32, BFLOAT16)
    )
    print(offer(*times))


if __name__ == "__main__":
    main()
