"""Head2Toe beside training: cached examples, features by rank, the trained network and its search."""

import math

import pytest
import torch
from safetensors.torch import save_file

from repdrift.errors import UserError
from repdrift.experiments.head2toe.budget import HALF_BUDGET
from repdrift.experiments.head2toe.probing import (
    Configuration,
    Features,
    Head,
    Probe,
    Selection,
    Setting,
    Split,
    before_training,
    by_rank,
    fit,
    folds,
    head2toe,
    methods,
    pooled,
    search,
    select,
)
from repdrift.experiments.head2toe.probing.cost import forward_flops
from repdrift.experiments.head2toe.probing.examples import Examples, extracted, load_examples
from repdrift.experiments.head2toe.probing.tuning import ProbedNetwork, Schedule, Trainer, accuracy, search_tuning
from repdrift.experiments.head2toe.specs import ProbeBefore, TuningSpec
from repdrift.experiments.head2toe.stages import head2toe_probes as probes_stage
from repdrift.experiments.head2toe.stages import head2toe_tuning as stage
from repdrift.networks.building import build, initialise

pytestmark = pytest.mark.usefixtures("same_numbers")

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 4}
SETTINGS = {"momentum": 0.9, "weight_decay": 0.0, "batch_size": 16, "precision": "float32"}
SIZES = [64, 256]
N = 60


def network(seed):
    made = build(NETWORK)
    initialise(made, "test", seed)
    return made


@pytest.fixture
def images():
    made = torch.randint(0, 256, (N, 3, 32, 32), dtype=torch.uint8)
    return made.contiguous(memory_format=torch.channels_last)


@pytest.fixture
def labels():
    return torch.arange(N) % 4


@pytest.fixture
def easy(images, labels):
    """Images whose class can be seen at once."""
    made = images // 8
    for cls in range(4):
        made[labels == cls, :, cls * 8 : cls * 8 + 8] = 255
    return made


# Cached examples


def test_features_are_the_pooled_layers_of_the_network_in_eval_mode(images):
    own, second = network(1), network(2)
    own.train()
    found = extracted(own, second, images, SIZES)
    with torch.inference_mode():
        layers, others = own.eval().read_layers(images), second.eval().read_layers(images)
    assert set(found) == {
        *(f"{size}/{layer}" for size in SIZES for layer in own.layers),
        "none/pool4",
        "none/intermediate",
        "none/second",
    }
    for size in SIZES:
        for layer in own.layers:
            torch.testing.assert_close(found[f"{size}/{layer}"], pooled(layers[layer], size))
    torch.testing.assert_close(found["none/second"], others["pool4"].flatten(1))
    assert found["none/intermediate"].shape == found["none/pool4"].shape == (N, 256)
    assert "none/second" not in extracted(own, None, images, SIZES)


def test_an_example_does_not_depend_on_those_beside_it(images):
    alone, together = (extracted(network(1), None, some, SIZES) for some in (images[:1], images))
    for name, values in alone.items():
        torch.testing.assert_close(values, together[name][:1])


def test_examples_are_read_as_they_were_written(images, labels, tmp_path):
    found = extracted(network(1), None, images, SIZES)
    path = tmp_path / "features.safetensors"
    save_file({f"train/{name}": values for name, values in found.items()} | {"train/labels": labels}, path)
    examples = load_examples(path, "train", torch.device("cpu"))
    assert examples.labels.equal(labels)
    assert set(examples.features) == {None, *SIZES}
    assert set(examples.features[None].widths) == {"pool4", "intermediate"}
    expected = Features.of({layer: found[f"64/{layer}"] for layer in examples.features[64].widths})
    assert examples.features[64].values.equal(expected.values)
    with pytest.raises(UserError, match="does not hold features"):
        load_examples(path, "test", torch.device("cpu"))


def test_operations_of_conv4_by_hand():
    convolutions = 27 * 64 * 32**2 + 576 * 64 * (16**2 + 8**2 + 4**2)
    assert forward_flops(network(1)) == 2 * (convolutions + 256 * 4)


# Features by rank


def test_a_selection_can_begin_at_any_rank():
    scores = torch.tensor([0.1, 0.9, 0.5, 0.7, 0.3])
    kept = {after: select(scores, {"a": 5}, 0.4, after=after).indices["a"].tolist() for after in (0, 0.2, 0.6, 0.8)}
    assert kept == {0: [1, 3], 0.2: [2, 3], 0.6: [0, 4], 0.8: [0, 4]}
    for wrong in (-0.1, 1.0):
        with pytest.raises(UserError, match="pass over"):
            select(scores, {"a": 5}, 0.4, after=wrong)


def test_features_of_high_scores_are_the_good_ones():
    labels = torch.arange(200) % 4
    values = torch.randn(200, 100)
    values[:, :10] += 3 * torch.nn.functional.one_hot(labels, 10)
    features = Features.of({"planted": values[:, :10], "noise": values[:, 10:]})
    setting = Setting(0.05, 100, "group-lasso", 1e-4)
    first, *_, last = by_rank(features, labels, Configuration(setting, fraction=0.05), [0, 0.3, 0.9], classes=4, seed=1)
    same = head2toe(features, labels, classes=4, setting=setting, fraction=0.05, seed=1)
    assert first.selection.indices.keys() == same.selection.indices.keys()
    torch.testing.assert_close(first.head.weights, same.head.weights, rtol=1e-4, atol=1e-4)
    others = torch.randn(200, 100)
    others[:, :10] += 3 * torch.nn.functional.one_hot(labels, 10)
    held_out = Features.of({"planted": others[:, :10], "noise": others[:, 10:]})
    assert first.accuracy(held_out, labels) > 0.8
    assert last.accuracy(held_out, labels) < 0.5


def test_a_layer_beside_the_penultimate_has_the_linear_probes_budget():
    found = methods("pool4", (64, 256), (5, 50), {"wide": "intermediate"})
    assert found["wide"].layers == ("pool4", "intermediate")
    assert found["wide"].configurations == found["linear"].configurations
    assert {method.budget for method in found.values()} == {24}


# The trained network


def probe_on(layers, size, images):
    """Probe with some features of each of these layers, and the features that it was made for."""
    found = extracted(network(1), None, images, [size])
    features = Features.of({layer: found[f"{size}/{layer}"] for layer in network(1).layers})
    indices = {layer: torch.arange(0, features.widths[layer], 3) for layer in sorted(layers)}
    count = sum(map(len, indices.values()))
    return Probe(Selection(indices), Head(torch.randn(4, count), torch.randn(4))), features


@pytest.mark.parametrize("layers", [("pool1",), ("pool1", "pool3", "logits"), ("logits",)])
def test_before_training_it_predicts_what_its_probe_does(layers, images):
    probe, features = probe_on(layers, 256, images)
    probed = ProbedNetwork(network(1), probe, 256).eval()
    with torch.inference_mode():
        found = probed(images)
    torch.testing.assert_close(found, probe.logits(features), rtol=1e-4, atol=1e-4)


def examples_of(images, labels):
    """The features of some images, as a job reads them from a file."""
    layers = {size: {} for size in (None, *SIZES)}
    for name, values in extracted(network(1), None, images, SIZES).items():
        size, layer = name.split("/")
        layers[None if size == "none" else int(size)][layer] = values.clone()
    return Examples({size: Features.of(each) for size, each in layers.items()}, labels)


def test_rows_of_a_probe_tell_halves_and_enrichment(easy, labels):
    examples = examples_of(easy, labels)
    method = before_training("pool4", SIZES, (5, 20))["head2toe"]
    found = search(method, examples.features, labels, folds(N, 5, 1)[:2], classes=4, seed=1)
    rows = list(probes_stage.outcome_rows(method, found, examples, examples))
    accuracies = {row["item"]: row["value"] for row in rows if row["measure"] == "accuracy on half"}
    (whole,) = (row["value"] for row in rows if row["measure"] == "test accuracy")
    assert set(accuracies) == {"even", "odd"}
    assert sum(accuracies.values()) / 2 == pytest.approx(whole)
    rows = probes_stage.enrichment_rows(found, examples, network(1).layers)
    enriched = {row["item"]: row["value"] for row in rows}
    widths, kept = examples.features[256].widths, found.probe.selection.widths
    early = ("pool1", "pool2", "pool3")
    late = ("pool4", "logits")
    rates = [
        (sum(kept.get(layer, 0) for layer in part) + 0.5) / (sum(widths[layer] for layer in part) + 1)
        for part in (early, late)
    ]
    assert enriched["early"] == pytest.approx(math.log(rates[0] / rates[1]))
    assert set(enriched) == {"early", *early, *late}


def test_lp_ft_begins_at_the_linear_probe_that_it_has_searched_for(easy, labels):
    """It has tried 12 probes. Before training, its logits are those of the best one, fitted on the same examples."""
    examples = examples_of(easy, labels)
    spec = TuningSpec(
        "lp-ft", "t", 1, NETWORK, "keep", {}, (0.01,), (1,), parts=5, folds=2, test_images=N,
        probe=ProbeBefore("linear", tuple(SIZES), (5, 20)),
    )  # fmt: skip
    begin = stage.probed(lambda: network(1), spec, spec.probe, examples)
    assert begin.configurations == 12
    rows = torch.arange(0, N, 2)
    started = begin.start(rows).eval()
    with torch.inference_mode():
        logits = started(easy)
        # By hand: the head on the last hidden layer, scaled to unit norm.
        last = torch.nn.functional.normalize(network(1).eval().read_layers(easy)["pool4"].flatten(1))
        by_hand = last @ started.head.weight.T + started.head.bias
    torch.testing.assert_close(logits, by_hand, rtol=1e-4, atol=1e-4)
    method = before_training("pool4", SIZES, (5, 20))["linear"]
    best = search(method, examples.features, labels, folds(N, 5, 1)[:2], classes=4, seed=1).configuration
    chosen = examples.features[None].only(("pool4",))
    ((probe,),) = fit("all", chosen, labels, [rows], [best], classes=4, seed=1)
    torch.testing.assert_close(logits, probe.logits(chosen), rtol=1e-4, atol=1e-4)
    assert (logits.argmax(1) == labels)[rows].float().mean() > 0.5
    assert all(part.requires_grad for name, part in started.named_parameters() if "network.head" not in name)


def test_probes_before_training_take_half_of_the_budget():
    found = before_training("pool4", (64, 256), (5, 50))
    assert {method.budget for method in found.values()} == {HALF_BUDGET}
    every = methods("pool4", (64, 256), (5, 50))
    for name, method in found.items():
        assert set(method.configurations) <= set(every[name].configurations)
        assert method.selector == every[name].selector
    assert {each.target_size for each in found["head2toe"].configurations} == {256}
    for sizes, steps in (((64, 64), (5, 50)), ((64, 256), (5,))):
        with pytest.raises(UserError, match="give two different ones"):
            before_training("pool4", sizes, steps)


def test_parts_that_reach_no_kept_feature_are_left_as_they_are(images, labels):
    probe, _ = probe_on(("pool1", "pool2"), 256, images)
    probed = ProbedNetwork(network(1), probe, 256)
    every = torch.arange(N)
    trainer = Trainer(lambda _: probed, images, labels, SETTINGS, 1)
    trainer.train(Split(every, every), 0.01, [1])
    before = dict(network(1).named_parameters())
    changed = {name for name, value in probed.network.named_parameters() if not value.equal(before[name])}
    assert {name.split(".")[1] for name in changed} == {"0", "1"}
    assert not probed.head.weight.equal(probe.head.weights)


@pytest.mark.parametrize(
    ("settings", "kept", "frozen"),
    [
        # The third block is needed for the second of the chosen layers.
        (NETWORK | {"layers": ["pool1", "pool3"]}, "pool3", {"block4", "head"}),
        # The network has more layers than parts: the average pooling has no weights.
        (
            {"name": "torchvision:resnet18", "classes": 4, "size": 32, "arguments": {"stem": "small"}},
            "avgpool",
            {"head"},
        ),
        ({"name": "torchvision:resnet18", "classes": 4, "size": 32, "arguments": {}}, "layer4", {"head"}),
    ],
)
def test_all_that_a_kept_feature_needs_is_trained(settings, kept, frozen, images, labels):
    made = build(settings)
    widths = {name: pooled(values, 64).shape[1] for name, values in made.read_layers(images[:2]).items()}
    probe = Probe(Selection({kept: torch.arange(widths[kept])}), Head(torch.randn(4, widths[kept]), torch.zeros(4)))
    statistics = {name: value.clone() for name, value in made.named_buffers()}
    probed = ProbedNetwork(made, probe, 64)
    trained = {name: {each.requires_grad for each in part.values()} for name, part in made.parts.items()}
    assert trained == {name: {name not in frozen} for name in made.parts}
    assert made.training
    assert all(torch.equal(value, statistics[name]) for name, value in made.named_buffers())
    every = torch.arange(32)
    _, (found,) = Trainer(lambda _: probed, images, labels, SETTINGS, 1).train(Split(every, every), 0.001, [1])
    assert found > 0


# The search


def start(_):
    return network(1).train()


def test_all_lengths_are_of_one_training(images, labels):
    trainer = Trainer(start, images, labels, SETTINGS, seed=3)
    (split, *_) = folds(N, 5, seed=3)
    together = trainer.train(split, 0.01, [1, 2, 4])[1]
    assert together == [trainer.train(split, 0.01, [length])[1][0] for length in (1, 2, 4)]


def test_a_length_has_a_training_of_its_own_where_the_learning_rate_depends_on_it(images, labels):
    trainer = Trainer(start, images, labels, SETTINGS | {"schedule": "cosine"}, seed=3)
    splits = folds(N, 5, seed=3)[:1]
    tried = search_tuning(trainer, splits, [0.01], [1, 2, 4]).tried
    alone = {Schedule(0.01, length): trainer.train(splits[0], 0.01, [length])[1][0] for length in (1, 2, 4)}
    assert tried == alone
    assert trainer.train(splits[0], 0.01, [1, 2, 4])[1] != list(alone.values())


def test_the_best_is_trained_on_all_examples(easy, labels):
    found = search_tuning(Trainer(start, easy, labels, SETTINGS, seed=1), folds(N, 5, seed=1)[:2], [1e-6, 0.01], [1, 6])
    assert found.choice == Schedule(0.01, 6)
    assert set(found.tried) == {Schedule(rate, length) for rate in (1e-6, 0.01) for length in (1, 6)}
    assert found.tried[found.choice] == max(found.tried.values()) > 0.9
    assert found.steps == 6 * 4
    assert accuracy(found.network, easy, labels) > 0.9
    again = Trainer(start, easy, labels, SETTINGS, seed=1)
    every = torch.arange(N)
    expected, _ = again.train(Split(every, every[:1]), 0.01, [6])
    for ours, theirs in zip(found.network.parameters(), expected.parameters(), strict=True):
        assert ours.equal(theirs)


def test_a_training_that_diverges_is_not_chosen(easy, labels):
    found = search_tuning(Trainer(start, easy, labels, SETTINGS, seed=1), folds(N, 5, seed=1)[:1], [1e6, 0.01], [6, 2])
    assert found.choice.learning_rate == 0.01
    assert found.tried[Schedule(1e6, 6)] == 0


@pytest.mark.parametrize("probed", [False, True])
def test_where_all_trainings_diverge_the_accuracy_is_0(images, labels, probed):
    probe, _ = probe_on(("pool1", "pool3"), 256, images)

    def begin(_):
        return ProbedNetwork(network(1), probe, 256).train() if probed else network(1).train()

    found = search_tuning(Trainer(begin, images, labels, SETTINGS, seed=1), folds(N, 5, seed=1)[:1], [1e30], [2])
    assert found.tried[found.choice] == 0
    assert accuracy(found.network, images, labels) == 0


def test_accuracy_is_of_running_statistics_and_leaves_the_mode(images, labels):
    trained = start(None)
    alone = [accuracy(trained, images[i : i + 1], labels[i : i + 1]) for i in range(8)]
    assert sum(alone) / 8 == pytest.approx(accuracy(trained, images[:8], labels[:8]))
    assert trained.training
