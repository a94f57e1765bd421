"""The forward passes of the programs that measure networks, counted from their settings."""

from collections.abc import Callable, Mapping
from typing import Any

from repdrift.provenance.planned_jobs import PlannedJob

Spec = Mapping[str, Any]


def images_read(job: PlannedJob, parts_of: Callable[[Spec], int]) -> float:
    """Return the number of images that pass through a network in a job, over all its networks and ways of measuring.

    `parts_of` returns the number of parts of a network. The result is 0 for a program that reads no network, and for
    those whose passes are not known.
    """
    count = COUNTS.get(job.program)
    if count is None:
        return 0.0
    if job.program == "transfer_criticality_of_parts":
        return criticality(job.spec, parts_of(job.spec["network"]))
    return count(job.spec, sum("/models/" in str(path) for path in job.inputs if path.suffix == ".safetensors"))


def size(part: Spec | None) -> int:
    """Return the number of images of a part of a data set, or 0 if there is none."""
    return part["stop"] - part["start"] if part else 0


def probe(spec: Spec) -> int:
    """Return the images that a network is read on once: the probe, and those that BN is calibrated on."""
    return size(spec["probe"]) + size(spec["calibration"])


def sensitivity(spec: Spec, _: int) -> float:
    """Count the passes of all ways of measuring."""
    every = sum(spec["sizes"]) * len(spec["bn"]) + (spec["samples"] - 1) * spec["usual"]["images"]
    calibrated = size(spec["calibration"]) if "calibrated" in spec["bn"] else 0
    return float((every + calibrated) * len(spec["networks"]))


def decodability(spec: Spec, networks: int) -> float:
    """Count the passes of the fitted and held-out images of source and target."""
    counts = (spec["source"], spec["target"])
    return float(networks * sum(each["images"] + each["test_images"] + (each["calibration"] or 0) for each in counts))


def movement(spec: Spec, _: int) -> float:
    """Count the passes of the start of each kind of training, and of all places on both paths of each."""
    starts = {(each["start"], each["head"]) for each in spec["trainings"]}
    moved = len(spec["trainings"]) * (len(spec["sizes"]) + len(spec["path"]))
    return float((len(starts) + moved) * probe(spec))


def similarity_of_pairs(spec: Spec, _: int) -> float:
    """Count the passes of the probe and of the test images."""
    return float(len(spec["networks"]) * (spec["probe"] + (spec["calibration"] or 0) + spec["test_images"]))


def barrier(spec: Spec, _: int) -> float:
    """Count the passes of the test images in both modes of BN, and of the calibration, at each point of each line."""
    return float(len(spec["pairs"]) * spec["points"] * (2 * spec["test_images"] + spec["calibration"]))


def criticality(spec: Spec, parts: int) -> float:
    """Count the passes of a network for each part of it, each path, place, noise and draw.

    A pass through a part and those after it counts as a whole one, because the noise takes as long as the rest.
    """
    drawn = sum(spec["draws"] if noise else 1 for noise in spec["noises"])
    places = sum(len(spec["distances"]) + len(steps) for steps in spec["paths"].values())
    grid = parts * places * drawn * spec["train_images"]
    each = len(spec["paths"]) * (1 + 2 * parts) * (spec["test_images"] + spec["train_images"])
    return float(grid + each)


def transferability(spec: Spec, _: int) -> float:
    """Count the passes of the images of each domain through the pre-trained network."""
    return float(spec["images"] * (1 + len(spec["domains"])))


# These fit probes or search for settings, and how long that takes depends on the representations. It is not counted.
UNKNOWN = ("decodability_of_networks", "head2toe_probes", "head2toe_tuning")
COUNTS: dict[str, Callable[[Spec, int], float]] = {
    "activations": lambda spec, _: float(probe(spec)),
    "curve": lambda spec, _: float(probe(spec) * (1 + len(spec["epochs"]))),
    "sensitivity_of_runs": sensitivity,
    "grounding_of_pairs": lambda spec, networks: float(networks * probe(spec)),
    "decodability_of_networks": decodability,
    "movement_of_networks": movement,
    "transfer_similarity_of_pairs": similarity_of_pairs,
    "transfer_barrier_of_pairs": barrier,
    "transfer_criticality_of_parts": criticality,
    "transfer_rates_of_starts": lambda spec, _: float(len(spec["networks"]) * spec["test_images"]),
    "transferability_of_networks": transferability,
}
