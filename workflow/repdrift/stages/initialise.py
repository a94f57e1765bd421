"""Make and save the random initialisation of one seed, from which its trainings start."""

from repdrift import checkpoints
from repdrift.artifacts import Job
from repdrift.networks import build, initialise
from repdrift.stages import command


def main() -> None:
    args = command.parser(__doc__).parse_args()
    network = build(args.spec["network"])
    initialise(network, args.spec["purpose"], args.spec["seed"])
    checkpoints.save(network, args.output, Job(args.spec, args.code))


if __name__ == "__main__":
    command.run(main)
