"""Save weights that somebody else has trained as the pre-trained network of a study."""

from pathlib import Path

from repdrift import command
from repdrift.networks import checkpoints
from repdrift.networks.weights import with_weights
from repdrift.provenance.artifacts import Job
from repdrift.specs import WeightsSpec


def main() -> None:
    flags = command.parser(__doc__, WeightsSpec)
    flags.add_argument("--files", type=Path, nargs="*", default=[], help="the file of the weights, if there is one")
    args = flags.parse_args()
    spec: WeightsSpec = args.spec
    job = Job(spec, args.code, args.files)
    network = with_weights(spec.network, spec.source, spec.prefix)
    print(f"{spec.source}: {sum(weight.numel() for weight in network.saved.parameters()):,} parameters")
    checkpoints.save(network, args.output, job)
