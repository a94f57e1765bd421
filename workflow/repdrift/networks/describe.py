"""Describe a network as JSON: its layers, its parts and its number of parameters.

The plan of a study calls this program for networks other than conv4, because a plan must not load torch itself.
"""

import json
import sys
import warnings

from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.networks.modules import Description, ModuleNetwork


def main() -> None:
    warnings.simplefilter("ignore")  # a user's code may warn on each start of a study
    settings = json.loads(sys.argv[1])
    try:
        network = build(settings)
        if not isinstance(network, ModuleNetwork):
            raise TypeError(f"{settings['name']} has a description of its own")
        found = Description.of(network.module, network.image, operations=True)
    except UserError as error:
        sys.exit(str(error))
    described = {
        "layers": [{"name": layer.name, "shape": layer.shape, "default": layer.default} for layer in found.layers],
        "parts": network.names.parts,
        "ends": network.names.ends,
        "matrices": network.names.matrices,
        "parameters": sum(weight.numel() for weight in network.module.parameters()),
    }
    print(json.dumps(described))


if __name__ == "__main__":
    main()
