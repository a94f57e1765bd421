"""Measure the heads of a Head2Toe search trained at once, beside one by one, in this process.

    python -m tests.benchmarks.head2toe_benchmark [--steps 40] [--sizes 256 1024 4096] [--json FILE]

One by one is the usual loop (nn.Linear, autograd, Adam, a scheduler; features cached), and then our own code, given a
configuration at a time. Threads are those of the environment (OMP_NUM_THREADS).
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from repdrift.experiments.head2toe.probing import Configuration, Features, Setting, fit, folds
from repdrift.experiments.head2toe.probing.heads import Group, batches, initial_weights, train
from repdrift.machine.devices import prepare
from tests.benchmarks.timing import alternate
from tests.benchmarks.training_benchmark import row, synchronised, table

REPEATS = 5
EXAMPLES, CLASSES = 1000, 10
# conv4's layers pooled to 256, 1,024 and 4,096 numbers
POOLED = {
    256: (256, 256, 256, 256, 10),
    1024: (1024, 1024, 1024, 256, 10),
    4096: (4096, 4096, 1024, 256, 10),
}
REGULARISERS = (("none", 0.0), ("l1", 1e-4), ("l2", 1e-4), *(("group-lasso", 10.0**-k) for k in (3, 4, 5)))
PENALTIES: dict[str, Callable[[Tensor], Tensor]] = {
    "l1": lambda weights: weights.abs().sum(),
    "l2": lambda weights: weights.square().sum(),
    "group-lasso": lambda weights: weights.norm(dim=0).sum(),
}


def rectified_noise(target_size: int, device: torch.device) -> tuple[Features, Tensor]:
    """Features of the widths of conv4, and labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(CLASSES, (EXAMPLES,), generator=generator)
    widths = POOLED[target_size]
    noise = {
        str(number): torch.randn(EXAMPLES, width, generator=generator).relu_().to(device)
        for number, width in enumerate(widths)
    }
    return Features.of(noise), labels.to(device)


def usual_loop(x: Tensor, labels: Tensor, setting: Setting) -> nn.Linear:
    head = nn.Linear(x.shape[1], CLASSES).to(x.device)
    optimiser = torch.optim.Adam(head.parameters(), lr=setting.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, setting.steps)
    for batch in batches(EXAMPLES, setting.steps, 0).to(x.device):
        optimiser.zero_grad()
        loss = functional.cross_entropy(head(x[batch]), labels[batch])
        if setting.strength:
            loss = loss + setting.strength * PENALTIES[setting.regulariser](head.weight)
        loss.backward()
        optimiser.step()
        schedule.step()
    return head


def heads(target_size: int, steps: int, device: torch.device) -> list[dict[str, Any]]:
    """Rows of 24 heads on all features."""
    features, labels = rectified_noise(target_size, device)
    initial, every = initial_weights(features.widths, CLASSES, 0), torch.arange(EXAMPLES)
    settings = [Setting(rate, steps, *each) for rate in (0.003, 0.01, 0.03, 0.1) for each in REGULARISERS]

    def ours(settings: Sequence[Setting]) -> None:
        train(features.values, labels, [Group(every, initial, tuple(settings))], 0)

    def usual() -> None:
        for setting in settings:
            usual_loop(features.values, labels, setting)

    def one_by_one() -> None:
        for setting in settings:
            ours([setting])

    functions = [synchronised(each) for each in (usual, one_by_one, lambda: ours(settings))]
    loop, single, together = alternate(functions, [REPEATS] * 3)
    name = f"{len(settings)} heads on {features.values.shape[1]:,} features, {steps} steps, beside"
    return [row(f"{name} the usual loop", loop, together, 5), row(f"{name} ours one by one", single, together, None)]


def probes(target_size: int, steps: int, device: torch.device) -> dict[str, Any]:
    """Row of Head2Toe in 5 folds with 8 configurations: scores, selection and new heads."""
    features, labels = rectified_noise(target_size, device)
    settings = [
        Setting(rate, steps, "group-lasso", strength) for rate in (0.003, 0.01, 0.03, 0.1) for strength in (1e-5, 1e-4)
    ]
    configurations = [Configuration(setting, target_size, 0.05) for setting in settings]
    training = [split.training for split in folds(EXAMPLES, 5, 0)]

    def ours(sets: Sequence[Tensor], configurations: Sequence[Configuration]) -> None:
        fit("scores", features, labels, sets, configurations, classes=CLASSES, seed=0)

    def one_by_one() -> None:
        for rows in training:
            for configuration in configurations:
                ours([rows], [configuration])

    functions = [synchronised(one_by_one), synchronised(lambda: ours(training, configurations))]
    single, together = alternate(functions, [REPEATS] * 2)
    return row(
        f"40 Head2Toe probes of {features.values.shape[1]:,} features, {steps} steps, beside ours one by one",
        single,
        together,
        None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40, help="500 and 5,000 in a real search")
    parser.add_argument("--sizes", type=int, nargs="+", choices=POOLED, default=list(POOLED), metavar="T")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    device = prepare(int(torch.cuda.is_available()))
    rows = [each for size in arguments.sizes for each in heads(size, arguments.steps, device)]
    rows += [probes(size, arguments.steps, device) for size in arguments.sizes]
    rows = [{"threads": torch.get_num_threads(), "device": device.type, "images": EXAMPLES, **each} for each in rows]
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
