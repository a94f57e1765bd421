"""What is being transferred: shuffled images, lines between networks, mistakes, and parts that are rewound."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from repdrift.data.shuffle import permutation, shuffled
from repdrift.errors import UserError
from repdrift.experiments.transfer.criticality import PartInNetwork, criticality
from repdrift.experiments.transfer.experiment import LINES, PAIRS
from repdrift.experiments.transfer.interpolation import barrier, even_shares, interpolated
from repdrift.experiments.transfer.mistakes import compare_mistakes, mistakes
from repdrift.networks.building import build, initialise
from repdrift.networks.distances import l2_distances, weights
from repdrift.networks.evaluation import batch_statistics, evaluate, normalise
from repdrift.plan.plan import Plan

SHAPE = (3, 32, 32)


def network(seed):
    made = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10})
    initialise(made, "initialisation", seed)
    return made


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(0, 256, (70, *SHAPE), dtype=torch.uint8, generator=generator)
    return drawn, torch.randint(0, 10, (70,), generator=generator)


# Shuffled images


@pytest.mark.parametrize("side", [0, 1, 4, 16])
def test_a_shuffle_is_a_permutation_and_its_inverse_undoes_it(images, side):
    order = permutation(SHAPE, side, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(order), np.arange(3 * 32 * 32))
    there = shuffled(images[0], torch.from_numpy(order))
    assert not torch.equal(there, images[0])
    assert torch.equal(shuffled(there, torch.from_numpy(np.argsort(order))), images[0])


@pytest.mark.parametrize("side", [1, 4, 16])
def test_blocks_stay_whole_and_channels_together(images, side):
    order = permutation(SHAPE, side, np.random.default_rng(0))

    def blocks(one):
        tiles = one.unfold(1, side, side).unfold(2, side, side)  # [3, rows, columns, side, side]
        return {tile.numpy().tobytes() for tile in tiles.permute(1, 2, 0, 3, 4).flatten(0, 1)}

    moved = shuffled(images[0], torch.from_numpy(order))
    assert blocks(moved[0]) == blocks(images[0][0])
    # The other channel of a value comes from the same place.
    places = order.reshape(SHAPE) % (32 * 32)
    assert (places == places[0]).all()


def test_a_shuffle_of_all_values_mixes_channels():
    order = permutation(SHAPE, 0, np.random.default_rng(0)).reshape(3, -1)
    assert len(np.unique(order[0] // (32 * 32))) == 3


def test_one_block_is_the_image():
    np.testing.assert_array_equal(permutation(SHAPE, 32, np.random.default_rng(0)), np.arange(3 * 32 * 32))


def test_blocks_that_do_not_fill_the_image_are_refused():
    with pytest.raises(UserError, match="blocks of 5 pixels do not fill an image: give a side that divides 32 and 32"):
        permutation(SHAPE, 5, np.random.default_rng(0))


# Lines between networks


def test_ends_of_the_line_are_the_networks_to_the_bit():
    first, second = network(1).state_dict(), network(2).state_dict()
    for share, end in ((0.0, first), (1.0, second)):
        found = interpolated(first, second, share)
        assert all(torch.equal(found[name], end[name]) for name in end)
    middle = interpolated(first, second, 0.5)
    expected = (first["head.weight"] + second["head.weight"]) / 2
    torch.testing.assert_close(middle["head.weight"], expected)
    assert middle["blocks.0.bn.num_batches_tracked"].dtype == torch.int64


def test_a_network_and_itself_have_no_barrier(images):
    one = network(1)
    shares = even_shares(5)
    accuracies = []
    for share in shares:
        moved = network(3)
        moved.load_state_dict(interpolated(one.state_dict(), one.state_dict(), share))
        accuracies.append(evaluate(moved, *images)[1])
    assert barrier(shares, accuracies) == 0


def test_barrier_is_the_largest_fall_below_the_straight_line():
    assert barrier([0, 0.25, 0.5, 1], [80, 60, 50, 60]) == 20  # at .5 the line is at 70, at .25 at 75
    assert barrier([0, 0.5, 1], [80, 90, 60]) == 0


# Mistakes and distances


def test_mistakes_are_those_of_the_evaluation(images):
    wrong = mistakes(network(1), *images)
    assert wrong.shape == (70,)
    assert 100 * (1 - wrong.double().mean().item()) == pytest.approx(evaluate(network(1), *images)[1])


def test_common_and_uncommon_mistakes():
    first, second = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    assert compare_mistakes(first, second) == {"common": 25, "uncommon": 50, "shared": pytest.approx(100 / 3)}
    assert compare_mistakes(first, first)["shared"] == 100
    assert math.isnan(compare_mistakes(first & False, first & False)["shared"])


def test_distances_are_of_the_weights_by_part():
    first, second = network(1), network(1)
    second.blocks[0].bn.running_mean += 3  # no weight
    assert set(l2_distances(first, second).values()) == {0}
    with torch.no_grad():
        second.blocks[2].conv.weight += 0.5
        second.head.bias += 2
    found = l2_distances(first, second)
    by_hand = {"block3": 0.5 * math.sqrt(64 * 64 * 9), "head": 2 * math.sqrt(10)}
    assert found["block1"] == found["block2"] == found["block4"] == 0
    assert found["block3"] == pytest.approx(by_hand["block3"])
    assert found["head"] == pytest.approx(by_hand["head"])
    assert found["whole"] == pytest.approx(math.hypot(*by_hand.values()))


# Parts


@pytest.mark.parametrize("name", ["block1", "block3", "head"])
def test_a_part_is_evaluated_as_the_whole_network_is(images, name):
    one, other = network(1), network(2)
    moved = PartInNetwork(one, name, *images)
    assert moved.evaluate(weights(one.parts[name])) == pytest.approx(evaluate(one, *images))
    before = {key: value.clone() for key, value in one.state_dict().items()}
    found = moved.evaluate(weights(other.parts[name]))
    assert all(torch.equal(before[key], value) for key, value in one.state_dict().items())
    one.parts[name].load_state_dict(other.parts[name].state_dict())
    assert found == pytest.approx(evaluate(one, *images))


def test_noise_is_gaussian_and_repeats(images):
    moved = PartInNetwork(network(1), "head", *images)
    start = weights(moved.part)
    assert moved.noisy(start, 0.3, 3, seed=1) == moved.noisy(start, 0.3, 3, seed=1)
    assert moved.noisy(start, 0.3, 3, seed=1) != moved.noisy(start, 0.3, 3, seed=2)
    assert moved.noisy(start, 0.0, 3, seed=1) == moved.evaluate(start)
    # By hand, from the same draws.
    generator = torch.Generator().manual_seed(1)
    noise = {name: torch.randn(value.shape, generator=generator) for name, value in start.items()}
    with torch.inference_mode(), batch_statistics(moved.network):
        features = torch.cat([moved.network(normalise(b))["pool4"].flatten(1) for b in images[0].split(32)])
    logits = features @ (start["weight"] + 0.3 * noise["weight"]).T + start["bias"] + 0.3 * noise["bias"]
    expected = functional.cross_entropy(logits, images[1]).item()
    assert moved.noisy(start, 0.3, 1, seed=1)[0] == pytest.approx(expected, rel=1e-4)


def test_criticality_is_the_least_distance_by_noise_within_the_limit():
    distances, noises = [0, 0, 3, 3, 6, 6], [0, 0.1, 0, 0.1, 0, 0.1]
    assert criticality(distances, noises, [9, 9, 1, 1, 1, 1], limit=1) == pytest.approx(900)
    assert criticality(distances, noises, [9, 9, 1, 9, 1, 1], limit=1) == pytest.approx(3600)
    assert criticality(distances, noises, [1, 9, 1, 9, 1, 9], limit=1) == 0  # it can be rewound
    assert criticality(distances, noises, [9, 9, 1, 9, 1, 9], limit=1) == math.inf


def test_an_untouched_part_is_not_critical():
    assert criticality([0, 0, 0, 0], [0, 0.1, 0, 0.1], [1, 9, 1, 9], limit=1.1) == 0


# The plan


def test_networks_are_the_papers_where_the_images_are(load_config):
    plan = Plan(load_config())
    transfer = plan.experiments["transfer"]
    assert transfer.trained("svhn")["P-T"].name == "cifar10+svhn" in plan.experiments["drift"].needed
    assert plan.runs["cifar10+svhn"].checkpoints == (1, 2, 5, 10, 25)
    names = [run.name for run in transfer.trained("mnist").values()]
    assert names == [
        "cifar10+mnist",
        "cifar10+mnist-order2",
        "init+mnist-epochs100",
        "independent+mnist-epochs100",
        "init+mnist-epochs100-order2",
    ]
    assert transfer.from_epoch("svhn", 150).name == "cifar10+svhn"
    assert transfer.from_epoch("svhn", 10).parent == ("cifar10", "epoch10")
    assert transfer.from_epoch("svhn", 0).name == "init+svhn"
    assert transfer.shuffled("svhn", 4, "P-T").task.shuffle == 4


def test_instances_of_the_fine_tuned_network_differ_in_the_order_of_the_images_alone(load_config):
    runs = Plan(load_config()).experiments["transfer"].trained("svhn")
    first, second = runs["P-T"], runs["P-T 2"]
    assert (first.task, first.parent, first.steps) == (second.task, second.parent, second.steps)
    assert (first.order, second.order) == (1, 2)


def test_every_path_begins_and_ends_where_training_did(load_config):
    plan = Plan(load_config("laptop"))
    transfer = plan.experiments["transfer"]
    for start, before in (("P-T", "P"), ("RI-T", "RI")):
        first, *_, last = transfer.paths[start]
        assert (first, last) == (before, start)
    networks = transfer.networks("criticality", "svhn")
    assert {name for path in transfer.paths.values() for name in path} == set(networks)
    assert networks["RI-T, epoch 25"] == ("init+svhn-n1000-epochs60", "epoch25")


def test_without_the_experiment_a_study_has_nothing_of_it(load_config):
    config = load_config() | dict.fromkeys(("transfer", "transferability", "head2toe"))
    plan = Plan(config)
    assert list(plan.experiments) == ["drift"]
    assert list(plan.runs) == list(plan.experiments["drift"].needed)


def test_pairs_are_of_the_networks_that_their_names_say(load_config):
    transfer = Plan(load_config("laptop")).experiments["transfer"]
    networks = transfer.networks("similarity", "svhn")
    pairs = {pair: tuple(networks[name] for name in names) for pair, names in PAIRS.items()}
    tuned, scratch = "cifar10+svhn-n1000", "init+svhn-n1000-epochs60"
    unrelated = "independent+svhn-n1000-epochs60"
    assert pairs == {
        "P-T & P": ((tuned, "final"), ("cifar10", "final")),
        "RI-T & P": ((scratch, "final"), ("cifar10", "final")),
        "RI-T & RI": ((scratch, "final"), ("init", "init")),
        "P-T & P-T": ((tuned, "final"), (f"{tuned}-order2", "final")),
        "RI-T & P-T": ((scratch, "final"), (tuned, "final")),
        "RI-T & RI-T": ((scratch, "final"), (unrelated, "final")),
        "RI-T & RI-T, same start": ((scratch, "final"), (f"{scratch}-order2", "final")),
        "RI-T & P-T, equal epochs": ((scratch, "epoch25"), (tuned, "final")),
        "RI-T & RI-T, equal epochs": ((scratch, "epoch25"), (unrelated, "epoch25")),
    }
    # A line is between the same.
    lines = transfer.networks("barrier", "svhn")
    assert {name: lines[name] for line in LINES for name in PAIRS[line]} == {
        name: networks[name] for line in LINES for name in PAIRS[line]
    }
