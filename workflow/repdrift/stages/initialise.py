"""Make and save the random initialisation of one seed, from which its trainings start."""

from repdrift import command
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.provenance.artifacts import Job


def main() -> None:
    args = command.parser(__doc__).parse_args()
    network = build(args.spec["network"])
    initialise(network, args.spec["purpose"], args.spec["seed"])
    checkpoints.save(network, args.output, Job(args.spec, args.code))
