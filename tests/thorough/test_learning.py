"""What networks learn: rendered images are worth training on, and the numbers of the paper come out."""

import pytest
import torch
from tests.unit.trainings import network, settings, tensors

from repdrift.data import rendered
from repdrift.data.datasets import read
from repdrift.training.training import train


@pytest.mark.parametrize("name", ["objects", "digits"])
def test_rendered_images_are_worth_training_on(name):
    """2,000 images, 15 epochs: at least 80 % of the test images."""
    train_set, test_set = (tensors(*rendered.render(name, split, n)) for split, n in (("train", 2000), ("test", 1000)))
    made, history = network(), []
    generator = torch.Generator().manual_seed(1)
    train(made, train_set, test_set, settings(15 * 63, test_every=15), generator=generator, after_epoch=history.append)
    assert history[-1].test_accuracy >= 80


@pytest.mark.real_images
def test_64_images_end_where_the_authors_network_does(real_images):
    """Measured with the authors' network after 150 epochs: train loss near .003, test accuracy near 21 %."""
    source = {"reader": "cifar10", "classes": 10}
    images, labels = tensors(*read(source, "train", real_images)[:2])
    test_images, test_labels = tensors(*read(source, "test", real_images)[:2])
    made, history = network(), []
    generator = torch.Generator().manual_seed(1)
    test_set = (test_images[:2000], test_labels[:2000])
    train(
        made,
        (images[:64], labels[:64]),
        test_set,
        settings(300, test_every=150),
        generator=generator,
        after_epoch=history.append,
    )
    assert 0.002 < history[-1].train_loss < 0.005
    assert 17 < history[-1].test_accuracy < 25
    assert history[-1].train_accuracy == 100
