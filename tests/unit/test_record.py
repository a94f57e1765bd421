"""Recording the layers of any model on images in any form, and leaving the model as it was."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import models

from repdrift import Gram, UserError, compare, record
from repdrift.comparison import collected
from repdrift.networks.modules import ModuleNetwork
from repdrift.similarity import gram_of

SIZE = (3, 16, 16)


class Plain(nn.Module):
    """A network with an operation in place, batch normalisation, dropout and an addition that is no module."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.norm = nn.BatchNorm2d(8)
            self.relu = nn.ReLU(inplace=True)
            self.pool = nn.AvgPool2d(4)
            self.drop = nn.Dropout(0.5)
            self.fc = nn.Linear(128, 5)

    def forward(self, x):
        x = self.conv(x)
        x = self.relu(self.norm(x)) + 1
        return self.fc(self.drop(self.pool(x).flatten(1)))


class Named(Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, place):
        return {"images": self.images[place], "id": f"image {place}"}


@pytest.fixture(scope="module")
def images():
    return torch.rand(20, *SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model():
    return Plain()


def read(model, images, *layers, **options):
    return record(model, images, layers or None, progress=False, **options)


def same(one, other, **tolerance):
    assert list(one.layers) == list(other.layers)
    for layer, x in one.layers.items():
        torch.testing.assert_close(x, other.layers[layer], **tolerance)
    return True


def test_features_are_those_before_an_operation_in_place(model, images):
    found = read(model, images, "*").layers
    with torch.no_grad():
        conv = model.eval().conv(images)
        norm = model.norm(conv)
        added = torch.relu(norm) + 1
        expected = {"conv": conv, "norm": norm, "relu": added - 1, "pool": model.pool(added), "logits": model(images)}
    assert list(found) == ["conv", "norm", "relu", "pool", "drop", "fc", "logits"]
    for layer, values in expected.items():
        torch.testing.assert_close(found[layer], values.flatten(1))


def test_operations_that_are_no_modules_have_their_names(model, images):
    found = read(model, images, "relu", "add", "fc").layers
    assert list(found) == ["relu", "add", "fc"]
    torch.testing.assert_close(found["add"], found["relu"] + 1)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_names_order_and_values_are_those_of_the_workflow(name):
    made = getattr(models, name)(num_classes=4, **({"image_size": 32} if name[0] == "v" else {})).eval()
    network = ModuleNetwork(made, (3, 32, 32)).eval()
    pixels = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        expected = network.read_layers(pixels)
    found = read(made, network.normalise(pixels))
    assert tuple(found.layers) == network.layers
    for layer, x in found.layers.items():
        torch.testing.assert_close(x, expected[layer].flatten(1), rtol=1e-4, atol=1e-4)


def forms(images):
    labels = torch.arange(len(images))
    data = TensorDataset(images, labels)
    yield from (images.numpy(), data, DataLoader(data, batch_size=7), iter(DataLoader(data, batch_size=7)))
    yield from (images.split(9), (x.numpy() for x in images.split(9)), [(x, None) for x in images.split(6)])


def test_images_may_have_any_form(model, images):
    expected = read(model, images)
    assert expected.ids is None and expected.name == "Plain"
    assert all(same(read(model, form), expected) for form in forms(images))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_a_loader_may_be_started_in_either_way(model, images, start):
    loader = DataLoader(TensorDataset(images), batch_size=8, num_workers=1, multiprocessing_context=start)
    assert same(read(model, loader), read(model, images))


def test_ids_come_with_batches_or_beside_them(model, images):
    triples = [(x, None, [f"{x[0, 0, 0, 0]:.3f}{place}" for place in range(len(x))]) for x in images.split(8)]
    assert len(read(model, triples).ids) == 20
    assert read(model, DataLoader(Named(images), batch_size=8)).ids == tuple(f"image {place}" for place in range(20))
    assert read(model, images, ids=range(20)).ids == tuple(map(str, range(20)))
    with pytest.raises(UserError, match="8 of 20 images have sample ids"):
        read(model, [triples[0], *images[8:].split(8)])


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_float32_and_does_not_overflow(model, images, half):
    exact = read(model, images, "pool", "logits")
    found = read(Plain().to(half), images, "pool", "logits")
    assert all(x.dtype == torch.float32 for x in found.layers.values())
    assert compare(found, exact, all_pairs=False).table["value"].min() > 0.97
    wide = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(512, 2)).to(half)
    wide[0].weight.data.fill_(2e4)  # the sum over positions and the squares are beyond the range of float16
    spread = read(wide, images / 3, "0", reduce="mean")
    assert spread.layers["0"].isfinite().all() and compare(spread, spread).table["value"][0] == pytest.approx(1)


def test_wide_layers_become_grams_of_the_same_features(model, images, tmp_path, monkeypatch):
    features = read(model, images, "*")
    narrow = [layer for layer, x in features.layers.items() if x.shape[1] <= 21]
    monkeypatch.setattr(collected, "IN_MEMORY", 4 * 20 * 20)
    for options in ({"folder": tmp_path}, {"keep": "gram"}):
        found = read(model, images, "*", **options)
        assert [layer for layer, x in found.layers.items() if not isinstance(x, Gram)] == narrow
        for layer, x in found.layers.items():
            if isinstance(x, Gram):
                torch.testing.assert_close(x.centred(), gram_of(features.layers[layer]).centred(), rtol=0, atol=1e-9)
    assert same(read(model, images, "*", keep="features"), features)
    # With few images at first the layer of 128 units is spilled, and with all of them its features are smaller.
    monkeypatch.setattr(collected, "IN_MEMORY", 4 * 20 * 100)
    many = images.repeat(8, 1, 1, 1)
    assert same(read(model, many.split(20), "pool"), read(model, many, "pool", keep="features"))
    assert list(tmp_path.iterdir()) == []


def state(model):
    hooks = [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules()]
    buffers = [buffer.clone() for buffer in model.buffers()]
    return [part.training for part in model.modules()], hooks, buffers, [p.grad for p in model.parameters()]


@pytest.mark.parametrize("eval_mode", [True, False])
def test_a_model_is_left_as_it_was_also_after_an_error(model, images, eval_mode):
    model.train().drop.eval()
    before = state(model)

    def failing():
        yield images
        yield images[:, :1]

    evaluated = read(model, images, eval_mode=eval_mode)
    with pytest.raises(UserError, match=r"Plain: the model fails on images of shape \(1, 16, 16\): RuntimeError"):
        read(model, failing(), eval_mode=eval_mode)
    after = state(model)
    assert after[:2] == before[:2] and after[3] == before[3]
    assert all(torch.equal(x, y) for x, y in zip(after[2], before[2], strict=True))
    same_as_eval = torch.allclose(evaluated.layers["logits"], read(model, images).layers["logits"])
    assert same_as_eval == eval_mode


def test_two_models_get_the_same_images_of_a_loader_that_shuffles(model, images):
    loader = DataLoader(TensorDataset(images), batch_size=5, shuffle=True)
    table = compare(model, Plain(), loader, progress=False, all_pairs=False).table
    assert table["value"].min() == pytest.approx(1, abs=1e-5)


def test_a_pattern_may_fit_one_of_two_models(model, images):
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(784, 2))
    table = compare(model, other, images, ["pool", "0"], progress=False).table
    assert table[["first", "second"]].to_numpy().tolist() == [["pool", "0"]]
    with pytest.raises(UserError, match="there is no layer 'nix'"):
        compare(model, other, images, ["pool", "0", "nix"], progress=False)
    recorded = read(other, images, "0")
    assert len(compare(model, recorded, images, ["pool", "0"], progress=False).table) == 1


def test_one_bar_shows_the_progress(model, images, capsys):
    compare(model, model, images)
    shown = capsys.readouterr().err
    assert "Plain 1 and Plain 2" in shown and "20/20" in shown and shown.count("100%") == 1
    read(model, images)
    assert capsys.readouterr().err == ""


class Returns(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.part, self.what = nn.Identity(), what

    def forward(self, x):
        return self.what(self.part(x))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda model, images: compare(model, Plain, images),
            "second is a class; expected a torch.nn.Module, a Recording",
        ),
        (lambda model, images: compare(model, model), "Plain 1 is a model: give the images"),
        (lambda model, images: compare([], []), "first is a list"),
        (lambda model, images: compare(model, (x for x in [1]), images), "second is a generator"),
        (lambda model, images: compare({}, images), "first has no layers"),
        (lambda model, images: read("resnet18", images), "the model is a str"),
        (lambda model, images: read(model, "folder"), "the images are a str: expected a tensor"),
        (lambda model, images: read(model, []), "there are no images"),
        (lambda model, images: read(model, images[:0]), "there are no images"),
        (
            lambda model, images: read(model, [{"picture": images}]),
            "a batch has the keys picture: expected images under",
        ),
        (lambda model, images: read(model, ["ab"]), "the images of a batch are a <class 'str'>"),
        (lambda model, images: read(model, images, batch_size=0), "batch_size 0"),
        (lambda model, images: read(model, images, "convv"), "there is no layer 'convv'; there are conv, "),
        (lambda model, images: read(model, images, reduce="max"), "reduce 'max': use none, mean or token"),
        (lambda model, images: read(model, images, "conv", reduce="token"), "without tokens"),
        (lambda model, images: read(model, images, keep="all"), "keep 'all': use one of auto, features, gram"),
        (lambda model, images: read(model, images, device="nowhere"), "device nowhere: "),
        (lambda model, images: read(Returns(lambda x: x.int()), images, "logits"), "layer logits is torch.int32"),
        (lambda model, images: read(Returns(lambda x: x[:1]), images, "logits"), "a row for each image: name another"),
        (lambda model, images: read(Plain(), images[:, :, :, :15]), r"fails on images of shape \(3, 16, 15\)"),
        (
            lambda model, images: compare(model, images[:19].flatten(1), images, progress=False),
            "20 images and second 19",
        ),
    ],
)
def test_what_cannot_be_recorded_is_one_line(model, images, call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call(model, images)
    assert isinstance(caught.value, UserError) and "\n" not in str(caught.value)


def test_images_of_several_sizes_need_to_be_reduced(images):
    made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    sizes = [images, images[..., :12]]
    with pytest.raises(UserError, match="layer 0 has 784 units on the first images and 560 on others"):
        read(made, sizes, "0")
    assert read(made, sizes, "0", reduce="mean").layers["0"].shape == (40, 4)


def test_arrays_are_compared_as_they_are():
    x = np.random.default_rng(0).normal(size=(12, 4))
    found = compare({"u": x, "v": x[:, :2]}, x)
    assert found.table["value"].round(6).tolist()[0] == 1 and found.names == ("first", "second")
    with pytest.warns(UserWarning, match="first, layer v: cka-debiased: representation is the same for all images"):
        compare({"u": x, "v": x[:, :2] * 0}, x)
