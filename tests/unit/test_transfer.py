"""What is being transferred: shuffled images, lines between networks, mistakes, and parts that are rewound."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from torch.nn import functional

from repdrift.data.shuffle import permutation, shuffled
from repdrift.errors import UserError
from repdrift.experiments.transfer.criticality import PartInNetwork, allowed_noise, criticality
from repdrift.experiments.transfer.distances import log_distances
from repdrift.experiments.transfer.halves import halves
from repdrift.experiments.transfer.interpolation import barrier, even_shares
from repdrift.experiments.transfer.learning_rates import tuned
from repdrift.experiments.transfer.mistakes import (
    ambiguity,
    ambiguous_shares,
    compare_mistakes,
    error_consistency,
    probabilities,
)
from repdrift.networks.building import build, initialise
from repdrift.networks.distances import l2_distances, weights
from repdrift.networks.evaluation import batch_statistics, evaluate
from repdrift.networks.interpolation import interpolated

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
        accuracies.append([evaluate(moved, *half)[1] for half in halves(*images)])
    assert barrier(shares, *zip(*accuracies, strict=True)) == 0


def test_barrier_is_the_largest_fall_below_the_straight_line():
    accuracies = [80, 60, 50, 60]  # at .5 the line is at 70, at .25 at 75
    assert barrier([0, 0.25, 0.5, 1], accuracies, accuracies) == 20
    assert barrier([0, 0.5, 1], [80, 90, 60], [80, 90, 60]) == 0


def test_the_place_of_a_barrier_is_found_on_one_half_and_measured_on_the_other():
    # The first half falls most at 1/4, where the second falls by 1. The second falls most at 1/2, and the first by 3.
    shares, one, other = [0, 0.25, 0.5, 1], [50, 40, 47, 50], [60, 59, 52, 60]
    assert barrier(shares, one, other) == (1 + 3) / 2


def test_a_barrier_by_halves_is_0_on_average_where_there_is_none():
    """The plain maximum over the same flat and noisy lines is well above 0."""
    rng, shares = np.random.default_rng(0), even_shares(11)
    flat = 60 + rng.normal(size=(2000, 2, 11))
    found = [barrier(shares, *halved.tolist()) for halved in flat]
    assert stats.ttest_1samp(found, 0).pvalue > 0.01
    plain = [barrier(shares, one.tolist(), one.tolist()) for one, _ in flat]
    assert np.mean(plain) > 1


def test_halves_are_all_images_once(images):
    (first, first_labels), (second, second_labels) = halves(images[0][:7], images[1][:7])
    assert (len(first), len(second)) == (3, 4)
    assert torch.equal(torch.cat([first, second]), images[0][:7])
    assert torch.equal(torch.cat([first_labels, second_labels]), images[1][:7])


# Learning rates


def test_a_learning_rate_is_chosen_on_one_half_and_measured_on_the_other():
    found = tuned([50, 70, 60], [40, 45, 65], [10, 20, 90])
    assert found.choices == (1, 2)
    assert found.accuracy == (45 + 60) / 2
    assert found.speed == (20 + 90) / 2
    assert tuned([50, 50], [50, 50], [1, 2]).choices == (0, 0)  # of equal ones the first


def test_the_choice_of_a_learning_rate_is_no_gain_where_all_are_equal():
    rng = np.random.default_rng(0)
    found = [tuned(*(60 + rng.normal(size=(2, 5))).tolist(), [0] * 5).accuracy for _ in range(2000)]
    assert stats.ttest_1samp(found, 60).pvalue > 0.01


# Mistakes and distances


def test_mistakes_are_those_of_the_evaluation(images):
    given = probabilities(network(1), images[0])
    assert given.shape == (70, 10)
    torch.testing.assert_close(given.sum(1), torch.ones(70))
    right = given.argmax(1) == images[1]
    assert 100 * right.double().mean().item() == pytest.approx(evaluate(network(1), *images)[1])


def test_common_and_uncommon_mistakes():
    first, second = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    shared = pytest.approx(100 / 3)
    assert compare_mistakes(first, second) == {"common": 25, "uncommon": 50, "shared": shared, "kappa": 0}
    assert compare_mistakes(first, first)["shared"] == compare_mistakes(first, first)["kappa"] * 100 == 100
    assert math.isnan(compare_mistakes(first & False, first & False)["shared"])


@pytest.mark.parametrize("rates", [(0.3, 0.3), (0.1, 0.6), (0.5, 0.02)])
def test_error_consistency_is_cohens_kappa(rates):
    rng = np.random.default_rng(0)
    difficulty = rng.random(500)
    first, second = (torch.from_numpy(0.5 * rng.random(500) + 0.5 * difficulty < rate) for rate in rates)
    expected = cohen_kappa_score(first.numpy(), second.numpy())
    assert error_consistency(first, second) == pytest.approx(expected)
    assert math.isnan(error_consistency(first & False, second & False))


def test_the_overlap_of_independent_mistakes_grows_with_their_number_and_kappa_does_not():
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand(2, 100_000, generator=generator)
    few, many = (compare_mistakes(*(drawn < rate)) for rate in (0.1, 0.6))
    assert many["shared"] - few["shared"] > 30
    assert few["kappa"] == pytest.approx(0, abs=0.02)
    assert many["kappa"] == pytest.approx(0, abs=0.02)


def test_ambiguity_is_the_entropy_of_the_mean_of_the_judges():
    sure = torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
    other = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [1 / 3, 1 / 3, 1 / 3]])
    found = ambiguity([sure, other])
    np.testing.assert_allclose(found, [0, math.log(2), math.log(3)], atol=1e-7)
    np.testing.assert_allclose(found, stats.entropy((sure + other).numpy() / 2, axis=1), atol=1e-7)


def test_ambiguous_images_are_counted_among_those_that_one_network_gets_wrong():
    #                      only the first ---------   only the second   both   none
    first = torch.tensor([True, True, True, True, False, False, True, False])
    second = torch.tensor([False, False, False, False, True, True, True, False])
    ambiguous = torch.tensor([5.0, 6, 7, 1, 2, 3, 99, 99], dtype=torch.float64)  # the median of the first six is 4
    assert ambiguous_shares(first, second, ambiguous) == (0.75, 0)
    assert ambiguous_shares(second, first, ambiguous) == (0, 0.75)
    assert all(map(math.isnan, ambiguous_shares(first, first, ambiguous)))


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


def test_distances_in_three_measures(images):
    first, second, initial = network(1), network(2), network(3)
    found = {(measure, part): math.exp(value) for measure, part, value in log_distances(first, second, initial)}
    plain = l2_distances(first, second)
    for part in ("block1", "block3", "head", "whole"):
        assert found["ln l2 distance", part] == pytest.approx(plain[part])
    blocks = math.sqrt(plain["whole"] ** 2 - plain["head"] ** 2)
    assert found["ln l2 distance", "all blocks"] == pytest.approx(blocks)
    ends = (torch.cat([value.flatten() for value in one.blocks.parameters()]) for one in (first, second))
    differences = torch.sub(*(end.detach().double() for end in ends))
    assert found["ln rms distance", "all blocks"] == pytest.approx(differences.square().mean().sqrt().item())
    norm = torch.cat([value.flatten() for value in initial.blocks[2].parameters()]).norm().item()
    assert found["ln relative distance", "block3"] == pytest.approx(plain["block3"] / norm)
    same = {value for _, _, value in log_distances(first, first, initial)}
    assert same == {-math.inf}


# Parts


@pytest.mark.parametrize("name", ["block1", "block3", "head"])
def test_a_part_is_evaluated_as_the_whole_network_is(images, name):
    one, other = network(1), network(2)
    moved = PartInNetwork(one, name, *images)
    assert moved.evaluate(weights(one.parts[name])) == pytest.approx(evaluate(one, *images))
    before = {key: value.clone() for key, value in one.state_dict().items()}
    found = moved.evaluate(weights(other.parts[name]))
    assert all(torch.equal(before[key], value) for key, value in one.state_dict().items())
    for weight, value in zip(one.parts[name].values(), other.parts[name].values(), strict=True):
        weight.data.copy_(value)
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
        features = torch.cat([moved.network.read_layers(b)["pool4"].flatten(1) for b in images[0].split(32)])
    logits = features @ (start["weight"] + 0.3 * noise["weight"]).T + start["bias"] + 0.3 * noise["bias"]
    expected = functional.cross_entropy(logits, images[1]).item()
    assert moved.noisy(start, 0.3, 1, seed=1)[0] == pytest.approx(expected, rel=1e-4)


def test_criticality_is_the_least_distance_by_noise_within_the_limit():
    distances, noises = [0, 0, 3, 3, 6, 6], [0, 0.1, 0, 0.1, 0, 0.1]
    assert criticality(distances, noises, [9, 9, 1, 1, 1, 1], limit=1) == pytest.approx(900)
    assert criticality(distances, noises, [9, 9, 1, 9, 1, 1], limit=1) == pytest.approx(3600)
    assert criticality(distances, noises, [1, 9, 1, 9, 1, 9], limit=1) == 0  # it can be rewound
    assert criticality(distances, noises, [9, 9, 1, 9, 1, 9], limit=1) == math.inf  # any noise is too much


@pytest.mark.parametrize("noises", [[0, 0.1, 0.2, 0.4], [0, 0.3], [0, 0.01, 0.15, 0.16, 1]])
def test_criticality_does_not_depend_on_the_grid_of_noises(noises):
    """The loss grows with the square of the noise, and crosses the limit at a noise of 0.15."""
    losses = [1 + noise**2 for noise in noises]
    distances = [3.0] * len(noises)
    assert criticality(distances, noises, losses, limit=1 + 0.15**2) == pytest.approx((3 / 0.15) ** 2)


def test_noise_beyond_the_grid_is_not_guessed():
    assert allowed_noise([(0, 1.0), (0.1, 1.1), (0.2, 1.2)], limit=2) == 0.2
    assert allowed_noise([(0, 3.0), (0.1, 3.1)], limit=2) is None
    assert allowed_noise([(0, 1.0), (0.1, math.inf)], limit=2) == 0


def test_an_untouched_part_is_not_critical():
    assert criticality([0, 0, 0, 0], [0, 0.1, 0, 0.1], [1, 9, 1, 9], limit=1.1) == 0
