"""Draw the random initial weights of a network for one seed, and save them."""

from repdrift import command
from repdrift.networks import checkpoints
from repdrift.networks.building import initial
from repdrift.provenance.artifacts import Job
from repdrift.specs import InitialiseSpec


def main() -> None:
    args = command.parser(__doc__, InitialiseSpec).parse_args()
    spec: InitialiseSpec = args.spec
    network = initial(spec.network, spec.purpose, spec.seed)
    checkpoints.save(network, args.output, Job(spec, args.code))
