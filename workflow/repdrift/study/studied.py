"""What a study studies, in the words of its report: its title, its images, networks and seeds, and its trainings.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.study.choices import short_name
from repdrift.study.phrases import count, listed, network_in_words
from repdrift.study.runs import INITIAL, Run, variant_of
from repdrift.study.study import CROSS_DOMAIN, DOMAIN, SOURCE, Study
from repdrift.study.tasks import Part, Transform

FEW = 8  # up to 8 seeds, or degrees of randomness, are listed; if there are more, only the first and the last


def title_of(study: Study) -> str:
    """Return the title of the report of a study, which names its network and its images."""
    network = short_name(study.own.network)
    targets = listed([study.title(dataset) for dataset in study.targets])
    if not study.trains_source:
        return f"How the representations of {network} change when it is fine-tuned on {targets}"
    return f"How the representations of {network} change from {study.title(study.config.source.dataset)} to {targets}"


def studied(study: Study) -> tuple[tuple[str, str], ...]:
    """Return what was studied as pairs of a heading and a few words: images, labels, networks, trainings and so on."""
    config = study.config
    found = {"Images": images_in_words(study), "Labels": labels_in_words(study)}
    found["Network"] = network_in_words(study, [study.own])
    if study.variants:
        found["Network"] += f"; again with {listed(list(study.variants))}"
    trained = [f"{count(config.pretrain.epochs, 'epoch')} of pre-training"] if study.trains_source else []
    found["Training"] = listed([*trained, f"{count(config.finetune.epochs, 'epoch')} of fine-tuning"])
    found["Measured"] = f"similarity (such as CKA) on {count(config.probe.images, 'image')} that no network has seen"
    found["Seeds"] = seeds_in_words(study.seeds)
    return tuple(found.items())


def images_in_words(study: Study) -> str:
    """Return the data sets of a study with their numbers of training images."""
    source = study.config.source
    before = f"{_images(study, source.dataset, source.train)} to pre-train, " if study.trains_source else ""
    targets = [_images(study, dataset, images.train) for dataset, (_, images) in study.targets.items()]
    return f"{before}{listed(targets)} to fine-tune"


def _images(study: Study, dataset: str, part: str) -> str:
    return f"{Part.parse(part).size:,} of {study.title(dataset)}"


def labels_in_words(study: Study) -> str:
    """Return the label transforms of a study."""
    transforms = [*study.transforms(DOMAIN), *study.transforms(CROSS_DOMAIN)]
    degrees = {int(one.value) for one in transforms if one.kind == "random"}
    if study.trains_source:
        degrees |= set(study.config.pretrain.random)
    parts = ["true"] if 0 in degrees else []
    random = sorted(degrees - {0})
    if random:
        shown = listed([str(degree) for degree in random]) if len(random) <= FEW else f"{random[0]} to {random[-1]}"
        parts.append(f"random to the degree d = {shown}")
    return listed([*parts, *(["shifted"] if any(one.kind == "shift" for one in transforms) else [])] or ["true"])


def seeds_in_words(seeds: tuple[int, ...]) -> str:
    """Return the number of seeds, and which they are."""
    if len(seeds) == 1:
        return f"1 seed ({seeds[0]})"
    shown = listed([str(seed) for seed in seeds]) if len(seeds) <= FEW else f"from {min(seeds)} to {max(seeds)}"
    return f"{len(seeds)} seeds ({shown})"


def start_in_words(study: Study, run: Run) -> str:
    """Return the weights that a training starts from."""
    name, moment = run.parent
    own = name.removeprefix(f"{variant_of(name)}/")
    if own == INITIAL[0]:
        return "initial weights"
    if own == study.pretrained:
        return "pre-trained weights" if moment == "final" else f"pre-training, {moment.replace('epoch', 'epoch ')}"
    return f"{own} weights" if moment == "init" else f"the network {own}"


def labels_of(run: Run) -> str:
    """Return the labels that a run is trained on, and how its pixels are shuffled."""
    shuffle = run.task.shuffle
    pixels = "" if shuffle is None else f", pixels shuffled in blocks of {shuffle}" if shuffle else ", values shuffled"
    return _transform(run.task.transform) + pixels


def _transform(transform: Transform) -> str:
    if transform.kind == "shift":
        return "shifted"
    return f"d = {transform.value}" if transform.value else "true (d = 0)"


def is_fine_tuned(run: Run) -> bool:
    """Return whether a run is trained on a target, and does not start from the initial weights."""
    initial = run.parent[0].rpartition("/")[2] == INITIAL[0]
    return run.task.role != SOURCE and not initial
