"""Augmentation beside torchvision's transforms, on given draws, and what is drawn for a training."""

import pytest
import torch
from tests.unit.trainings import network, settings, tensors
from torchvision.transforms import functional as usual

from repdrift.data import rendered
from repdrift.study.sections import Augmentation
from repdrift.training.augmentation import augmented, drawn
from repdrift.training.batches import Batches
from repdrift.training.training import train

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def objects():
    return tensors(*rendered.render("objects", "train", 100))


@pytest.mark.parametrize("augmentation", [Augmentation(True, 0), Augmentation(False, 4), Augmentation(True, 31)])
@pytest.mark.parametrize("width", [32, 20])
def test_images_are_those_of_torchvision(objects, augmentation, width):
    images = objects[0][:40, :, :, :width]
    places = drawn(augmentation, len(images), torch.Generator().manual_seed(1))
    found = augmented(images, places, augmentation.crop)
    for image, (top, left, flip), ours in zip(images, places.tolist(), found, strict=True):
        expected = usual.crop(usual.pad(image, [augmentation.crop] * 4), top, left, 32, width)
        assert torch.equal(ours, usual.hflip(expected) if flip else expected)
    assert found.dtype == torch.uint8
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_every_place_and_both_sides_are_drawn_equally_often():
    places = drawn(Augmentation(flip=True, crop=2), 50_000, torch.Generator().manual_seed(1))
    for column, values in ((0, 5), (1, 5), (2, 2)):
        counts = places[:, column].bincount()
        assert len(counts) == values
        assert (counts / 50_000 - 1 / values).abs().max() < 0.01
    joint = (places[:, 0] * 5 + places[:, 1]).bincount(minlength=25)
    assert (joint / 50_000 - 1 / 25).abs().max() < 0.005


def test_without_augmentation_only_the_order_is_drawn():
    ours, plain = (torch.Generator().manual_seed(1) for _ in range(2))
    batches = Batches(100, settings(4), seeds=False, device=CPU).of_epoch(0, ours)
    assert torch.equal(torch.cat([batch.indices for batch in batches]), torch.randperm(100, generator=plain))
    assert torch.equal(ours.get_state(), plain.get_state())
    assert {batch[1:] for batch in batches} == {(None, None, None)}


def test_each_epoch_is_augmented_anew():
    batches = Batches(100, settings(8, augmentation=Augmentation(True, 4)), seeds=False, device=CPU)
    generator = torch.Generator().manual_seed(1)
    first, second = (torch.cat([batch.places for batch in batches.of_epoch(step, generator)]) for step in (0, 4))
    assert first.shape == second.shape == (100, 3)
    assert not torch.equal(first, second)


def test_training_sees_augmented_images_and_tests_see_plain_ones(objects):
    """A flip changes nothing about a symmetric image, so a training on such images tells where flips are made."""
    images, labels = objects
    symmetric = torch.maximum(images, images.flip(3))

    def history(train_images, test_images, augmentation):
        generator = torch.Generator().manual_seed(0)
        wanted = settings(4, augmentation=augmentation)
        return train(network(), (train_images, labels), (test_images, labels), wanted, generator=generator)

    flips, nothing = Augmentation(flip=True), Augmentation()
    assert history(symmetric, images, flips) == history(symmetric, images, nothing)
    flipped, plain = history(images, images, flips), history(images, images, nothing)
    assert flipped[0] == plain[0]
    assert flipped[1].train_loss != plain[1].train_loss
