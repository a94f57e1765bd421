"""Compute the pooled features of all layers of a frozen network on a target, and save them to one file."""

from safetensors.torch import save_file
from torch import Tensor

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.head2toe.probing.examples import LABELS, extracted
from repdrift.experiments.head2toe.specs import FeaturesSpec


def main() -> None:
    run = Evaluation.begin(__doc__, FeaturesSpec)
    network, *others = run.networks.values()
    second = others[0] if others else None
    tensors: dict[str, Tensor] = {}
    for part, most in (("train", None), ("test", run.spec.test_images)):
        images, labels = run.images(part, most)
        features = extracted(network, second, images, run.spec.target_sizes)
        tensors |= {f"{part}/{name}": values for name, values in features.items()}
        tensors[f"{part}/{LABELS}"] = labels.cpu().contiguous()
    run.job.save(run.output, lambda file: save_file(tensors, file))
    print(f"{len(tensors)} tensors")
