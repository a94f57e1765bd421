"""Head2Toe from features to a probe: scores, selection, the new head, the search, the file."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing import (
    Configuration,
    Features,
    Method,
    Setting,
    fit,
    folds,
    head2toe,
    holdout,
    load,
    methods,
    save,
    search,
    select,
    weight_scores,
)
from repdrift.experiments.head2toe.probing.cost import (
    OURS,
    PAPER,
    fine_tuning_bytes,
    fine_tuning_flops,
    head_flops,
    probe_bytes_ours,
    probe_bytes_paper,
    probe_flops,
)
from repdrift.experiments.head2toe.probing.heads import Group, initial_weights, train
from repdrift.experiments.head2toe.probing.selection import random_scores

pytestmark = pytest.mark.usefixtures("same_numbers")

CLASSES = 4
N = 250
PLANTED = {"early": [3, 17, 40, 55], "late": [0, 8]}
SETTING = Setting(0.05, 120, "group-lasso", 1e-4)


def planted(n=N, seed=0, strength=3.0):
    """Layers of noise in which a few known features depend on the label, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    layers = {"early": rng.normal(size=(n, 60)), "middle": rng.normal(size=(n, 50)), "late": rng.normal(size=(n, 20))}
    means = np.random.default_rng(99).normal(size=(6, CLASSES))
    units = [(layer, unit) for layer, chosen in PLANTED.items() for unit in chosen]
    for (layer, unit), mean in zip(units, means, strict=True):
        layers[layer][:, unit] += strength * mean[labels]
    return {layer: torch.from_numpy(values) for layer, values in layers.items()}, torch.from_numpy(labels)


def probe_of(layers, labels, **changed):
    arguments = {"classes": CLASSES, "setting": SETTING, "fraction": 0.1, "seed": 1} | changed
    return head2toe(Features.of(layers), labels, **arguments)


def as_lists(selection):
    return {layer: kept.tolist() for layer, kept in selection.indices.items()}


def test_the_score_is_the_sum_of_squares_over_classes():
    weights = torch.tensor([[1.0, 0.0, -2.0], [3.0, 0.5, 2.0]])
    assert weight_scores(weights).tolist() == [10.0, 0.25, 8.0]


def test_the_whole_procedure_equals_one_by_hand():
    layers, labels = planted()
    setting = replace(SETTING, steps=20)
    probe = probe_of(layers, labels, setting=setting, fraction=0.07)

    names, every = sorted(layers), torch.arange(N)
    x = torch.cat([torch.nn.functional.normalize(layers[name]) for name in names], dim=1)
    start = initial_weights({name: layers[name].shape[1] for name in names}, CLASSES, 1)
    ((scoring,),) = train(x, labels, [Group(every, start, (setting,))], 1)
    scores = (scoring.weights.numpy() ** 2).sum(0)
    best = set(np.argsort(-scores)[: int(0.07 * 130)].tolist())
    kept, first = {}, 0
    for name in names:
        width = layers[name].shape[1]
        kept[name] = [unit for unit in range(width) if first + unit in best]
        first += width
    assert as_lists(probe.selection) == {name: units for name, units in kept.items() if units}

    parts = [torch.nn.functional.normalize(layers[name][:, kept[name]]) for name in names if kept[name]]
    start = initial_weights({name: len(units) for name, units in kept.items() if units}, CLASSES, 1)
    plain = Setting(setting.learning_rate, setting.steps)
    ((head,),) = train(torch.cat(parts, dim=1), labels, [Group(every, start, (plain,))], 1)
    torch.testing.assert_close(probe.head.weights, head.weights, rtol=0, atol=1e-9)
    torch.testing.assert_close(probe.head.bias, head.bias, rtol=0, atol=1e-9)


def test_planted_features_are_found_among_noise():
    layers, labels = planted()
    probe = probe_of(layers, labels, fraction=6 / 130)
    assert as_lists(probe.selection) == PLANTED
    unseen, their_labels = planted(seed=5)
    every = fit("all", Features.of(layers), labels, [torch.arange(N)], [Configuration(SETTING)], classes=4, seed=1)
    ours = probe.accuracy(Features.of(unseen), their_labels)
    assert ours > every[0][0].accuracy(Features.of(unseen), their_labels)
    assert ours > 0.8


def test_all_features_without_regulariser_are_a_linear_probe():
    layers, labels = planted()
    features = Features.of(layers)
    setting = Setting(0.05, 60)
    probe = probe_of(layers, labels, setting=setting, fraction=1.0)
    start = initial_weights(features.widths, CLASSES, 1)
    ((head,),) = train(features.values, labels, [Group(torch.arange(N), start, (setting,))], 1)
    torch.testing.assert_close(probe.logits(features), head.logits(features.values), rtol=0, atol=1e-9)


@pytest.mark.parametrize("selector", ["all", "random", "scores"])
def test_the_order_of_the_layers_does_not_matter(selector):
    layers, labels = planted()
    configuration = Configuration(replace(SETTING, steps=10), fraction=0.2)
    first, second = (
        fit(selector, Features.of(each), labels, [torch.arange(N)], [configuration], classes=CLASSES, seed=1)[0][0]
        for each in (layers, dict(reversed(layers.items())))
    )
    assert as_lists(first.selection) == as_lists(second.selection)
    assert torch.equal(first.head.weights, second.head.weights)


@pytest.mark.parametrize("selector", ["all", "random", "scores"])
def test_probes_fitted_together_are_those_fitted_alone(selector):
    layers, labels = planted()
    features = Features.of(layers)
    settings = [replace(SETTING, learning_rate=rate, steps=steps) for rate in (0.01, 0.1) for steps in (8, 15)]
    configurations = [Configuration(setting, fraction=f) for setting in settings for f in (0.05, 0.3)]
    sets = [torch.arange(0, 200), torch.arange(50, 250), torch.arange(20, 219)]
    together = fit(selector, features, labels, sets, configurations, classes=CLASSES, seed=1)
    for examples, row in zip(sets, together, strict=True):
        for configuration, probe in zip(configurations, row, strict=True):
            ((alone,),) = fit(selector, features, labels, [examples], [configuration], classes=CLASSES, seed=1)
            assert as_lists(probe.selection) == as_lists(alone.selection)
            torch.testing.assert_close(probe.head.weights, alone.head.weights, rtol=0, atol=1e-9)


def test_the_best_are_kept_over_all_layers_jointly_and_ties_go_by_name_and_unit():
    widths = {"a": 3, "b": 2, "c": 5}
    scores = torch.tensor([1.0, 5, 1, 9, 1, 0, 0, 7, 0, 0])
    assert as_lists(select(scores, widths, 0.3)) == {"a": [1], "b": [0], "c": [2]}
    assert as_lists(select(scores, widths, 0.5)) == {"a": [0, 1, 2], "b": [0], "c": [2]}
    assert as_lists(select(scores, widths, 0.001)) == {"b": [0]}
    assert select(scores, widths, 1.0).count == 10


@pytest.mark.parametrize(("fraction", "count"), [(0.29, 29), (0.57, 57), (0.019, 1), (0.999, 99)])
def test_so_many_are_kept_as_the_fraction_says(fraction, count):
    """In binary 0.29 * 100 is a little less than 29."""
    assert select(torch.rand(100), {"a": 100}, fraction).count == count


def test_random_selections_are_nested_and_do_not_follow_the_weights():
    widths = {"a": 300, "b": 700}
    small, large = (select(random_scores(widths, 1), widths, fraction) for fraction in (0.1, 0.5))
    for layer, kept in small.indices.items():
        assert set(kept.tolist()) <= set(large.indices[layer].tolist())
    assert small.widths["b"] == pytest.approx(70, abs=4 * np.sqrt(100 * 0.3 * 0.7))
    assert as_lists(select(random_scores(widths, 2), widths, 0.1)) != as_lists(small)


def test_what_is_kept_has_unit_norm_again():
    layers, labels = planted()
    kept = probe_of(layers, labels).selection.apply(Features.of(layers))
    for values in kept.layers().values():
        torch.testing.assert_close(values.norm(dim=1), torch.ones(N, dtype=torch.float64))


def test_folds_validate_each_example_once():
    splits = folds(1001, 5, seed=1)
    assert sorted(torch.cat([split.validation for split in splits]).tolist()) == list(range(1001))
    for split in splits:
        assert len(split.validation) in {200, 201}
        assert sorted(torch.cat([split.training, split.validation]).tolist()) == list(range(1001))
    (one,) = holdout(1000, 800, seed=1)
    assert (len(one.training), len(one.validation)) == (800, 200)
    assert not set(one.training.tolist()) & set(one.validation.tolist())


def test_a_search_chooses_by_validation_accuracy_and_fits_on_all():
    layers, labels = planted()
    features = {
        None: Features.of(layers),
        7: Features.of(dict(zip(layers, torch.rand(3, N, 7), strict=True))),
    }
    configurations = [Configuration(replace(SETTING, steps=60), size, 0.5) for size in (7, None)]
    method = Method("test", "scores", tuple(configurations), fractions=(0.05, 0.5))
    splits = folds(N, 5, seed=1)
    found = search(method, features, labels, splits, classes=CLASSES, seed=1)
    assert [(each.target_size, each.fraction) for each in found.tried] == [(7, 0.5), (None, 0.5), (None, 0.05)]
    assert found.configuration.target_size is None
    assert found.tried[found.configuration] == max(found.tried.values()) > found.tried[configurations[0]] + 0.2
    again = head2toe(
        features[None],
        labels,
        classes=4,
        setting=found.configuration.setting,
        fraction=found.configuration.fraction,
        seed=1,
    )
    assert torch.equal(found.probe.head.weights, again.head.weights)

    accuracies = []
    for split in splits:
        x, y = features[None].rows(split.training), labels[split.training]
        probe = head2toe(x, y, classes=4, setting=configurations[1].setting, fraction=0.5, seed=1)
        accuracies.append(probe.accuracy(features[None].rows(split.validation), labels[split.validation]))
    assert found.tried[configurations[1]] == pytest.approx(np.mean(accuracies), abs=1e-12)


def test_of_equally_good_configurations_the_first_is_chosen():
    layers, labels = planted()
    first, second = (Configuration(replace(SETTING, steps=1, learning_rate=rate)) for rate in (1e-12, 1e-11))
    for order in ((first, second), (second, first)):
        method = Method("test", "all", order)
        found = search(method, {None: Features.of(layers)}, labels, holdout(N, 200, 1), classes=CLASSES, seed=1)
        assert len(set(found.tried.values())) == 1
        assert found.configuration == order[0]


def test_every_method_tries_as_many_distinct_configurations():
    every = methods("late", (256, None))
    assert set(every) == {"linear", "all", "all-l1", "all-l2", "all-group-lasso", "random", "head2toe"}
    for method in every.values():
        assert method.budget == 24
        assert len(set(method.configurations)) == len(method.configurations)
        assert all(each.fraction not in method.fractions for each in method.configurations)


def test_the_linear_probe_uses_the_penultimate_layer_alone():
    layers, labels = planted()
    method = methods("late", (256, None))["linear"]
    method = replace(
        method, configurations=tuple(replace(each, setting=Setting(0.1, 5)) for each in method.configurations[:1])
    )
    found = search(method, {None: Features.of(layers)}, labels, holdout(N, 200, 1), classes=CLASSES, seed=1)
    assert found.probe.selection.widths == {"late": 20}


def test_a_probe_is_the_same_after_it_was_saved(tmp_path):
    layers, labels = planted()
    layers = {name: values.float() for name, values in layers.items()}
    probe = probe_of(layers, labels)
    path = tmp_path / "folder" / "probe.safetensors"
    save(probe, path, {"target size": None, "seed": 1})
    loaded, about = load(path)
    assert about == {"target size": None, "seed": 1}
    assert as_lists(loaded.selection) == as_lists(probe.selection)
    features = Features.of(layers)
    assert torch.equal(loaded.logits(features), probe.logits(features))
    with safe_open(path, framework="pt") as file:
        tensors = [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118
        assert json.loads(file.metadata()["about"]) == about
    stored = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert stored == probe_bytes_ours(probe.selection.count, CLASSES)


@pytest.mark.parametrize("damage", ["missing", "text", "other", "cut"])
def test_a_file_that_holds_no_probe_is_named(tmp_path, damage):
    path = tmp_path / "probe.safetensors"
    match damage:
        case "text":
            path.write_text("not a probe")
        case "other":
            save_file({"weights": torch.ones(2, 3)}, path)
        case "cut":
            save_file({"weights": torch.ones(2, 3), "bias": torch.ones(2)}, path, {"about": "{}"})
    with pytest.raises(UserError, match=r"probe.safetensors does not hold a probe: .") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_costs_of_a_case_counted_by_hand():
    assert head_flops(1000, 10, 500, OURS) == 2 * (2 * 128 * 1000 * 10) * 500
    assert head_flops(1000, 10, 500, PAPER) == 6 * 1000 * 10 * 500 * 128
    assert probe_flops(28_000_000, 1000, 7) == 28_000_000_007
    assert fine_tuning_flops(28_000_000, 500, 32) == 3 * 28_000_000 * 16_000
    assert probe_bytes_paper(1001, 50, 10) == 4 * 500 + 126
    assert fine_tuning_bytes(115_658) == 462_632


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": torch.zeros(3, dtype=torch.int64)}, rf"labels of shape \(3,\) for {N} examples"),
        ({"labels": torch.zeros(N)}, "labels are torch.float32"),
        ({"labels": torch.arange(N)}, f"labels from 0 to {N - 1}: with 4 classes they are 0 to 3"),
        ({"labels": torch.full((N,), -1)}, "labels from -1 to -1"),
        ({"classes": 1}, "1 classes"),
        ({"fraction": 0.0}, "fraction 0.0"),
        ({"fraction": 1.5}, "fraction 1.5"),
    ],
)
def test_what_does_not_fit_is_named(changed, message):
    layers, labels = planted()
    with pytest.raises(UserError, match=message):
        probe_of(layers, **({"labels": labels} | changed))


def test_what_a_search_or_a_probe_lacks_is_named():
    layers, labels = planted()
    features = Features.of(layers)
    method = Method("test", "scores", (Configuration(SETTING, 256),))
    with pytest.raises(UserError, match="method test: no features of target size 256"):
        search(method, {None: features}, labels, holdout(N, 200, 1), classes=CLASSES, seed=1)
    with pytest.raises(UserError, match="selector 'best': use one of all, random, scores"):
        fit("best", features, labels, [torch.arange(N)], [Configuration(SETTING)], classes=CLASSES, seed=1)
    with pytest.raises(UserError, match="target sizes 256: give two different ones"):
        methods("late", (256,))
    with pytest.raises(UserError, match="steps 5, 5: give two different ones"):
        methods("late", (256, 1024), (5, 5))
    with pytest.raises(UserError, match="1 folds of 250 examples"):
        folds(N, 1, 1)
    with pytest.raises(UserError, match="250 training examples of 250"):
        holdout(N, N, 1)
    probe = probe_of(layers, labels, setting=replace(SETTING, steps=5))
    with pytest.raises(UserError, match="no layer 'early' among late, middle"):
        probe.logits(features.only(["late", "middle"]))
    narrow = Features.of({name: values[:, :2] for name, values in layers.items()})
    with pytest.raises(UserError, match="layer early has 2 features, but feature"):
        probe.logits(narrow)
