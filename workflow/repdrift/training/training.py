"""Training of a network. The data set is one tensor on the device, and a batch is a selection of its indices."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from repdrift.errors import UserError
from repdrift.networks.evaluation import batch_norms, evaluate
from repdrift.specs import TrainingSettings
from repdrift.training.batches import Batch, Batches
from repdrift.training.randomness import draws
from repdrift.training.replay import Replayed
from repdrift.training.step import Step
from repdrift.training.trained_parts import set_modes

Images = tuple[Tensor, Tensor]  # images uint8 [N, C, H, W] (channels_last) and labels int64 [N], on the device


@dataclass(frozen=True)
class Epoch:
    """The mean losses in nats and the accuracies in percent of one epoch. Epoch 0 is the network before training.

    Training loss and accuracy are means over the batches of the epoch, as they were trained on (augmented, and with
    smoothed labels in the loss), each measured before its step. Those of epoch 0 are of the plain images and labels.
    Values that were not measured are None.
    """

    epoch: int
    step: int
    train_loss: float | None
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None


class Training:
    """A training in progress. It advances one step at a time, and can be saved and restored after any step.

    It minimises the cross-entropy.

    Parameters
    ----------
    network : Module
        Returns logits [B, D] for images uint8 [B, C, H, W]. It is on the device of the data. Its weights that require
        gradients are trained in place.
    train_set, test_set : Images
    settings : TrainingSettings
    generator : torch.Generator
        Draws on the CPU, at the beginning of each epoch: the order of the images, and what else the settings and the
        network need.

    Attributes
    ----------
    step : int
        Number of steps taken.
    history : list of Epoch
        All finished epochs.
    take_step : function of Batch
        Takes a step, see `repdrift.training.step.Step`.
    """

    def __init__(
        self,
        network: nn.Module,
        train_set: Images,
        test_set: Images,
        settings: TrainingSettings,
        generator: torch.Generator,
    ) -> None:
        self.network, self.train_set, self.test_set = network, train_set, test_set
        self.settings, self.generator = settings, generator
        self.step = 0
        self.history: list[Epoch] = []
        self._batches_done = 0  # batches done of the epoch in progress
        # The results of these batches stay on the device until the epoch ends, since reading them waits for the device.
        self._results: list[Tensor] = []
        self._before_order = generator.get_state()
        set_modes(network)
        # Frozen layers of BN use their running statistics in evaluation too: the head is trained on what they give.
        self._norms = [norm for norm in batch_norms(network) if norm.training]
        random = draws(network, train_set[0])
        self._batches = Batches(len(train_set[1]), settings, seeds=random, device=train_set[1].device)
        self._step = Step(network, *train_set, settings)
        self.take_step = self._step if random or not train_set[1].is_cuda else self._replayed()

    def example(self) -> Batch:
        """Return a batch of the usual size for `take_step`, which a measurement of time can use."""
        return self._batches.example()

    def _replayed(self) -> Replayed:
        """Return the step as a CUDA graph. A network that draws random numbers gets a seed for each step instead."""
        return Replayed(self._step, self._batches.example(), self._step.changed)

    def events(self) -> Iterator[Epoch | None]:
        """Train, and yield an Epoch before training and after each epoch, and None after every other step.

        At each yield, the network has the weights of that step. A restored training goes on from where it was saved.

        Raises
        ------
        UserError
            At the end of the first epoch in which a loss is not finite. It names the epoch, step and learning rate.
        """
        if not self.history:
            yield self._finished(Epoch(0, 0, *self._evaluated(self.train_set), *self._evaluated(self.test_set)))
        while self.step < self.settings.steps:
            batches = self._batches.of_epoch(self.step - self._batches_done, self.generator)
            for batch in batches[self._batches_done :]:
                self._results.append(self.take_step(batch).clone())
                self._batches_done += 1
                self.step += 1
                if self._batches_done < len(batches):
                    yield None
            yield self._finished(self._measure(torch.tensor([len(batch.indices) for batch in batches])))

    def _measure(self, sizes: Tensor) -> Epoch:
        results = torch.stack(self._results).cpu()
        losses, correct = results[:, 0], results[:, 1]
        epoch = self.history[-1].epoch + 1
        _refuse_not_finite(losses, epoch, self.step - len(sizes), self.settings.learning_rate)
        seen = sizes.sum().item()
        last = self.step == self.settings.steps
        tested = self._evaluated(self.test_set) if epoch % self.settings.test_every == 0 or last else (None, None)
        mean_loss = (losses.double() * sizes).sum().item() / seen
        return Epoch(epoch, self.step, mean_loss, 100 * correct.sum().item() / seen, *tested)

    def _evaluated(self, images: Images) -> tuple[float, float]:
        return evaluate(self.network, *images, self._norms)

    def _finished(self, epoch: Epoch) -> Epoch:
        self.history.append(epoch)
        self._batches_done = 0
        self._results = []
        self._before_order = self.generator.get_state()
        return epoch

    def images(self, steps: int) -> int:
        """Return the number of images that the first `steps` steps see."""
        whole = len(self.train_set[1])
        epochs, batches = divmod(steps, self._batches.steps_per_epoch)
        return epochs * whole + batches * self.settings.batch_size

    # Saving and restoring

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that `restore` needs: tensors on the CPU by name, and values for JSON."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"optimizer.{number}": value for number, value in enumerate(self._step.optimizer.state)}
        tensors["order"] = self._before_order
        if self._results:
            tensors["results"] = torch.stack(self._results)
        numbers = {
            "step": self.step,
            "batches_done": self._batches_done,
            "history": [asdict(epoch) for epoch in self.history],
        }
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, numbers

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Restore a saved state."""
        weights = {name.removeprefix("network."): value for name, value in tensors.items() if "network." in name}
        self.network.load_state_dict(weights)
        for number, value in enumerate(self._step.optimizer.state):
            value.copy_(tensors[f"optimizer.{number}"])
        self.generator.set_state(tensors["order"])
        self._before_order = tensors["order"]
        results = tensors.get("results")
        self._results = [] if results is None else list(results.to(self.train_set[1].device))
        self.step, self._batches_done = numbers["step"], numbers["batches_done"]
        self.history = [Epoch(**epoch) for epoch in numbers["history"]]


def train(
    network: nn.Module,
    train_set: Images,
    test_set: Images,
    settings: TrainingSettings,
    *,
    generator: torch.Generator,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> list[Epoch]:
    """Train a network in place from beginning to end, and return its history, see `Training`."""
    training = Training(network, train_set, test_set, settings, generator)
    for epoch in training.events():
        if epoch is not None:
            after_epoch(epoch)
    return training.history


def _refuse_not_finite(losses: Tensor, epoch: int, steps_before: int, learning_rate: float) -> None:
    wrong = (~torch.isfinite(losses)).nonzero()
    if len(wrong):
        step = steps_before + int(wrong[0]) + 1
        raise UserError(
            f"the loss is not finite at epoch {epoch}, step {step} (learning rate {learning_rate}): "
            "lower the learning rate"
        )
