"""Movement of weights: equal relative sizes, the line of a training, and the program on real networks."""

import copy
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from tests.unit.test_any_network import RESNET, VIT
from torch import nn

from repdrift.canonical import canonical
from repdrift.experiments.movement.moving import moved_along, moved_equally, relative_sizes
from repdrift.experiments.movement.specs import MovementSpec, Trained
from repdrift.experiments.movement.stages import movement_of_networks as stage
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initial
from repdrift.networks.modules import ModuleNetwork
from repdrift.provenance.csv_tables import read_csv
from repdrift.similarity import linear_cka
from repdrift.study.tasks import Part

CONV4 = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
NETWORKS = pytest.mark.parametrize("settings", [CONV4, RESNET, VIT], ids=["conv4", "resnet18", "vit"])
IMAGE = (3, 8, 8)


def pair(settings, amount=0.05):
    """Give a network with running statistics, and one whose weights, statistics and counters all differ from its."""
    generator = torch.Generator().manual_seed(0)
    start = initial(settings, "initialisation", 1)
    for weight in start.parts["head"].values():  # that of a vision transformer begins at 0
        weight.data += 0.1
    end = copy.deepcopy(start)
    for name, value in end.saved.state_dict().items():
        if value.is_floating_point():
            value.add_(amount * torch.rand(value.shape, generator=generator).add_(0.1))
        else:
            value.add_(7)
        assert not torch.equal(value, start.saved.state_dict()[name])
    return start, end


def flat(part):
    """Give the weights of a part as one vector in float64, by another route than the code."""
    return np.concatenate([value.detach().double().numpy().ravel() for value in part.values()])


def states_equal(one, other):
    first, second = one.saved.state_dict(), other.saved.state_dict()
    assert list(first) == list(second)
    return all(torch.equal(value, second[name]) and value.dtype == second[name].dtype for name, value in first.items())


class Own(nn.Module):
    """A network without BN. Its second and third layer share a weight, so one part is a bias alone; it begins at 0."""

    def __init__(self):
        super().__init__()
        self.flatten, self.relu, self.first = nn.Flatten(), nn.ReLU(), nn.Linear(192, 6)
        self.second, self.third, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 4)
        self.third.weight = self.second.weight
        nn.init.zeros_(self.third.bias)
        nn.init.zeros_(self.first.bias)

    def forward(self, x):
        x = self.relu(self.first(self.flatten(x)))
        return self.head(self.relu(self.third(self.relu(self.second(x)))))


@pytest.fixture
def own(same_numbers):
    return ModuleNetwork(Own(), IMAGE)


def changed(network, *names, by=0.1):
    """Give a copy with other values in the weights whose names begin with one of some."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        for name, weight in other.saved.named_parameters():
            if name.startswith(names):
                weight.add_(by * torch.rand(weight.shape))
    return other


# Equal sizes


@NETWORKS
@pytest.mark.parametrize("size", [0.01, 0.1, 3.0])
def test_every_part_moves_by_the_same_relative_size_in_its_own_direction(settings, size):
    start, end = (network.double() for network in pair(settings))
    moved = moved_equally(start, end, size)
    for name, part in moved.parts.items():
        begin, change = flat(start.parts[name]), flat(end.parts[name]) - flat(start.parts[name])
        step = flat(part) - begin
        assert np.linalg.norm(step) / np.linalg.norm(begin) == pytest.approx(size, rel=1e-10)
        np.testing.assert_allclose(step / np.linalg.norm(step), change / np.linalg.norm(change), atol=1e-9)
    begins = start.saved.state_dict()
    buffers = dict(moved.saved.named_buffers())
    assert all(torch.equal(value, begins[name]) for name, value in buffers.items() if name in begins)


@NETWORKS
def test_single_precision_loses_little_and_changes_neither_end(settings):
    start, end = pair(settings, amount=1e-3)
    before = [copy.deepcopy(network) for network in (start, end)]
    moved = moved_equally(start, end, 0.1)
    for name, size in relative_sizes(start, moved).items():
        if name != "whole":
            assert size == pytest.approx(0.1, rel=1e-5), name
    moved_along(start, end, 0.3)
    assert states_equal(start, before[0]) and states_equal(end, before[1])


def test_relative_sizes_are_those_of_the_vectors():
    start, end = pair(CONV4)
    found = relative_sizes(start, end)
    vectors = {name: (flat(part), flat(end.parts[name])) for name, part in start.parts.items()}
    vectors["whole"] = tuple(map(np.concatenate, zip(*vectors.values(), strict=True)))
    expected = {name: np.linalg.norm(last - first) / np.linalg.norm(first) for name, (first, last) in vectors.items()}
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_part_that_training_left_alone_stays(own):
    end = changed(own, "second")
    sizes = relative_sizes(own, end)
    (name,) = [part for part, size in sizes.items() if size and part != "whole"]
    moved = moved_equally(own, end, 0.5)
    for part, weights in moved.parts.items():
        same = all(torch.equal(value, own.parts[part][key]) for key, value in weights.items())
        assert same == (part != name), part


def test_a_part_that_begins_at_0_stays_and_its_size_is_infinite(own):
    (name,) = [part for part, weights in own.parts.items() if set(weights) == {"third.bias"}]
    assert relative_sizes(own, own)[name] == 0
    end = changed(own, "first", "third", "head")
    assert relative_sizes(own, end)[name] == math.inf
    moved = moved_equally(own, end, 0.5)
    assert torch.equal(moved.module.third.bias, torch.zeros(6))
    assert moved.module.first.bias.min() > 0  # it begins at 0 too, and moves with the weight of its part
    assert all(torch.isfinite(value).all() for value in moved.saved.state_dict().values())
    assert relative_sizes(own, moved)["head"] == pytest.approx(0.5, rel=1e-5)


def test_a_shared_weight_moves_once_and_stays_shared(own):
    own = own.double()
    end = changed(own, "first", "second", "head")
    for moved in (moved_equally(own, end, 0.2), moved_along(own, end, 0.5)):
        assert moved.module.third.weight is moved.module.second.weight
    sizes = relative_sizes(own, moved_equally(own, end, 0.2))
    del sizes["whole"]
    assert sorted(sizes.values()) == pytest.approx([0, 0.2, 0.2, 0.2], rel=1e-10)  # 0: the bias alone


# Along the training


@NETWORKS
def test_the_ends_of_the_line_are_both_networks_to_the_bit(settings):
    start, end = pair(settings)
    assert states_equal(moved_along(start, end, 0.0), start)
    assert states_equal(moved_along(start, end, 1.0), end)


@pytest.mark.parametrize(("share", "counter"), [(0.25, 0), (0.75, 7)])
def test_between_the_ends_all_floats_are_interpolated_and_counters_are_those_of_the_nearer_end(share, counter):
    start, end = pair(CONV4)
    first, last = start.saved.state_dict(), end.saved.state_dict()
    for name, value in moved_along(start, end, share).saved.state_dict().items():
        if value.is_floating_point():
            expected = (1 - share) * first[name].double() + share * last[name].double()
            torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=1e-7)
        else:
            assert value.dtype == torch.int64 and value == first[name] + counter


def test_a_network_that_was_not_trained_stays_on_both_paths():
    start = initial(CONV4, "initialisation", 1)
    for moved in (moved_equally(start, start, 1.0), moved_along(start, start, 0.5)):
        assert states_equal(moved, start)


# The program


@pytest.fixture(scope="module")
def images():
    return torch.randint(0, 256, (40, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def files_of(folder, networks):
    """Write networks, and give their paths by name."""
    paths = {name: folder / f"{name}.safetensors" for name in networks}
    for name, path in paths.items():
        checkpoints.write(networks[name], path)
    return paths


def spec_of(names, images, heads, calibration, settings):
    return MovementSpec(
        role="domain",
        seed=1,
        trainings=tuple(Trained(f"run {name}", name, "start", name, heads.get(name, "keep")) for name in names[1:]),
        networks=tuple(names),
        probe=Part("test", 0, len(images)),
        calibration=Part("test", 0, 33) if calibration else None,
        **{"network": CONV4, "reduce": "none", "estimators": ("cka-debiased",), "sizes": (0.1,)}
        | {"path": (0.0, 0.5, 1.0)}
        | settings,
    )


def measured(folder, images, start, ends, *, heads=None, calibration=False, **settings):
    """Give the table of the program for networks with a common start."""
    paths = files_of(folder, {"start": start} | ends)
    spec = spec_of(list(paths), images, heads or {}, calibration, settings)
    reader = stage.Reader(spec, images, images[:33] if calibration else None, folder)
    return pd.DataFrame(stage.table(spec, paths, reader, torch.device("cpu")))


def by_layer(table, path, at):
    return table[(table["path"] == path) & (table["at"] == at)].set_index("item")["value"]


def sizes_in(table, measure="relative size"):
    return table[table["measure"] == measure].set_index("item")["value"]


def features(network, images, calibration):
    """Read all layers in float64, with the statistics of batches of 32 images, or with those of the first 33 images."""
    network = copy.deepcopy(network).train()
    if not calibration:
        found = [network.read_layers(batch) for batch in images.split(32)]
    else:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = 1.0
        network(images[:33])  # a single batch, because the image that is left over joins the others
        found = [network.eval().read_layers(images)]
    return {layer: torch.cat([each[layer] for each in found]).detach().flatten(1).double() for layer in network.layers}


@pytest.mark.parametrize("calibration", [False, True])
def test_the_table_has_the_similarity_of_every_layer_to_the_start(tmp_path, images, calibration):
    start, end = pair(CONV4)
    table = measured(tmp_path, images, start, {"end": end}, calibration=calibration)
    assert by_layer(table, "training", 0.0).to_list() == pytest.approx([1] * 5, abs=1e-12)
    first = features(start, images, calibration)
    for path, at, moved in (("training", 1.0, end), ("equal", 0.1, moved_equally(start, end, 0.1))):
        last = features(moved, images, calibration)
        expected = {layer: linear_cka(first[layer], last[layer]) for layer in start.layers}
        assert min(expected.values()) < 0.99
        assert by_layer(table, path, at).to_dict() == pytest.approx(expected, abs=1e-5)
    assert sizes_in(table).to_dict() == pytest.approx(relative_sizes(start, end))
    logs = sizes_in(table, "ln relative size")
    assert np.exp(logs).to_dict() == pytest.approx(relative_sizes(start, end))


def test_a_job_writes_the_same_table(tmp_path, images):
    start, end = pair(CONV4)
    expected = measured(tmp_path, images, start, {"end": end}, calibration=True)
    paths = files_of(tmp_path, {"start": start, "end": end})
    save_file({"images": images}, tmp_path / "images.safetensors")
    spec = spec_of(list(paths), images, {}, True, {})
    words = ["movement_of_networks", "--spec", canonical(spec), "--networks", *map(str, paths.values()), "--images"]
    words += [str(tmp_path / "images.safetensors")] * 2 + ["--output", str(tmp_path / "table.csv")]
    done = subprocess.run(
        [sys.executable, "-m", "repdrift.stages", *words], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("domain, seed 1: 1 trainings, ")
    found = read_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(found, expected.fillna({"path": ""})[list(found.columns)])


def test_a_change_of_one_part_reaches_the_layers_after_it_and_no_others(tmp_path, images):
    start = initial(CONV4, "initialisation", 1)
    end = copy.deepcopy(start)
    with torch.no_grad():
        end.parts["block3"]["conv.weight"] += 0.01 * torch.rand(64, 64, 3, 3)
    table = measured(tmp_path, images, start, {"end": end}, sizes=(0.1, 1.0))
    equal = table[table["path"] == "equal"].pivot(index="item", columns="at", values="value")
    assert (1 - equal.loc[["pool1", "pool2"]]).abs().max(axis=None) < 1e-12
    assert (1 - equal.loc[["pool3", "pool4", "logits"]]).min(axis=None) > 1e-6
    assert (equal.loc["pool3", 0.1]) > equal.loc["pool3", 1.0]
    sizes = sizes_in(table, "ln relative size")
    assert np.isneginf(sizes.drop(["block3", "whole"])).all() and np.isfinite(sizes["block3"])


def test_a_training_with_a_new_head_begins_with_that_head(tmp_path, images):
    """The parent has another number of classes; what has not moved is the new network, and not the parent."""
    settings = CONV4 | {"classes": 7}
    parent = initial(CONV4, "initialisation", 1)
    checkpoints.write(parent, tmp_path / "parent.safetensors")
    begun = checkpoints.load_with_new_head(tmp_path / "parent.safetensors", settings, "new head", 1)
    end = copy.deepcopy(begun)
    with torch.no_grad():
        for weight in end.parameters():
            weight.add_(0.01 * torch.rand(weight.shape))
    found = measured(tmp_path, images, parent, {"end": end}, heads={"end": "new"}, network=settings)
    assert sizes_in(found).to_dict() == pytest.approx(relative_sizes(begun, end))
    assert by_layer(found, "training", 0.0).to_list() == pytest.approx([1] * 5, abs=1e-12)


@pytest.mark.parametrize("settings", [RESNET, VIT], ids=["resnet18", "vit"])
def test_the_head_drawn_for_a_training_does_not_depend_on_the_layers_that_are_compared(settings, tmp_path):
    parent = initial({**settings, "classes": 3}, "initialisation", 1)
    checkpoints.write(parent, tmp_path / "parent.safetensors")
    hidden = build(settings).layers[0]
    one, other = (
        checkpoints.load_with_new_head(tmp_path / "parent.safetensors", {**settings, **layers}, "new head", 4)
        for layers in ({}, {"layers": [hidden]})
    )
    assert states_equal(one, other)


def test_an_undefined_similarity_has_an_empty_value(tmp_path, images):
    """The logits of a head that begins at 0 are the same for all images, and its part cannot move."""
    start = initial(CONV4, "initialisation", 1)
    nn.init.zeros_(start.head.weight)
    nn.init.zeros_(start.head.bias)
    end = copy.deepcopy(start)
    nn.init.normal_(end.head.weight)
    table = measured(tmp_path, images, start, {"end": end})
    logits = table[table["item"] == "logits"]
    assert len(logits) == 4 and logits["value"].isna().all()
    sizes = sizes_in(table)
    assert sizes["head"] == math.inf and sizes["block1"] == 0


def test_trainings_with_one_start_give_the_numbers_that_each_gives_alone(tmp_path, images):
    start, end = pair(CONV4)
    other = moved_along(start, end, 0.3)
    together = measured(tmp_path, images, start, {"end": end, "other": other})
    alone = measured(tmp_path, images, start, {"other": other})
    pd.testing.assert_frame_equal(together[together["run"] == "run other"].reset_index(drop=True), alone)
