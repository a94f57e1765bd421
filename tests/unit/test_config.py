import copy
import subprocess
import sys
from functools import reduce

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config
from tests.unit.configs import CONFIG, MISSING, ROOT, changed, refusal, save_npz
from tests.unit.presets import PRESETS, in_words

from repdrift.plan.checking import check
from repdrift.plan.schema import schema
from repdrift.study.config import load, merged

RULES = schema()


@pytest.mark.parametrize("presets", PRESETS, ids=in_words)
def test_config_and_presets_pass(presets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = CONFIG
    for name in presets:
        config = merged(config, yaml.safe_load((ROOT / "presets" / f"{name}.yaml").read_text()))
    for settings in config["datasets"].values():
        for split in ("train", "test"):
            if settings["reader"] == "npz" and settings.get(split):
                save_npz(tmp_path / settings[split], 10_000)
    check(config)


GOOD = [
    ("similarity/estimators", ["rbf-cka-biased@0.5", "rbf-cka-biased", "neighbours"]),
    ("study", "2022.paper_v-1"),
    ("training/schedule", "cosine"),
    ("training/schedule", {"step": 30, "factor": 0.1}),
    ("training/warmup", 1),
    ("training/augmentation", {"flip": True, "crop": 31}),
    ("finetune/train", "head"),
    ("finetune/train", {"from": "block3"}),
    ("finetune/train", {"from": "pool3"}),
    ("pretrain/checkpoints", [150, 1, 75]),
    ("finetune/domain/shift", None),
    ("finetune/cross_domain/shift", 9),
    ("controls/matched_steps", None),
    ("transferability", None),
    ("head2toe", None),
    ("movement", None),
    ("movement/roles", ["cross_domain"]),
    ("movement/sizes", [3, 0.1]),
    ("movement/path", [1]),
    ("decodability", None),
    ("decodability/images", 100_000),  # at most what a part has
    ("decodability/test_images", 1),
    ("decodability/penalty", 1e-9),
    ("head2toe/images", 100_000),  # at most what a target has
    ("transferability/sizes", [64, 100_000]),  # at most what a target has
    ("probe/images", 5000),
    ("transfer/shuffle", [16, 0, 8, 1, 4, 2]),
    ("transfer/learning_rates", [0.1]),  # the study's own need not be among them
    ("transfer/images", 100_000),  # at most what a target has
    ("transfer/test_images", 100_000),  # at most what a target has
    ("transfer/checkpoints", [150, 3, 0]),
    ("transfer/checkpoints", [150, 151]),  # of those that are kept
    ("transfer/sweeps", ["others"]),
    ("transfer/points", 4),  # none is half-way then
    ("transfer/criticality/path", [25]),
    ("transfer/criticality/path", [1, 26]),  # of those before the end of fine-tuning
    ("transferability/targets", ["cross_domain", "domain"]),
    ("head2toe/target_sizes", [1, 100_000]),
    ("finetune/cross_domain/test", "train[5000:73257]"),
    ("datasets/mine", {"reader": "npz", "title": "unused", "classes": 3, "train": "no/such.npz"}),
    ("datasets/mine", {"reader": "folder", "title": "unused", "classes": None, "train": "no/such"}),
    ("images/size", 64),
]


@pytest.mark.parametrize(("path", "value"), GOOD)
def test_good_values_pass(path, value):
    config = changed(path, value)
    before = copy.deepcopy(config)
    check(config)
    assert config == before


def sections(rule, value):
    """Give each mapping of config.yaml that has fixed keys, with its schema."""
    rule = RULES["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
    if "properties" in rule and value is not None:
        yield rule, value
        for name, below in rule["properties"].items():
            yield from sections(below, value.get(name)) if isinstance(below, dict) else ()


def test_schema_and_config_have_the_same_keys():
    Draft202012Validator.check_schema(RULES)
    pairs = list(sections(RULES, CONFIG))
    assert len(pairs) == 1 + 15 + 7
    for rule, section in pairs:
        assert set(rule["properties"]) == set(section) == set(rule["required"])
        assert rule["additionalProperties"] is False
    dataset = RULES["properties"]["datasets"]["additionalProperties"]
    optional = {"names", "arguments", "split", "shuffle"}
    assert set(dataset["properties"]) == optional.union(*CONFIG["datasets"].values())


def subschemas(rule):
    yield rule
    for below in rule.values() if isinstance(rule, dict) else rule if isinstance(rule, list) else ():
        yield from subschemas(below)


def test_every_rule_can_be_told_to_the_user():
    leaves = (rule for rule in subschemas(RULES) if isinstance(rule, dict) and "properties" not in rule)
    rules = [rule for rule in leaves if isinstance(rule.get("type"), str | list)]
    assert len(rules) > 20
    assert [rule for rule in rules if "description" not in rule] == []


NA = ("NA", "NaN", "nan", "null", "NULL", "None")  # pandas reads them as missing values

# What is refused: the key that is set, bad values of it, and words that the message must contain.
BAD = [
    # Keys
    ("sedes", [1], ["no such key", "did you mean seeds?"]),
    ("training/learning_rte", [0.1], ["training.learning_rte: 0.1", "did you mean training.learning_rate?"]),
    ("epochs", [3], ["did you mean pretrain.epochs or finetune.epochs or head2toe.epochs?"]),
    ("finetune/domain/shfit", [1], ["did you mean finetune.domain.shift?"]),
    ("figures/width", ["86", "86 pt", 86], ["a length in mm, cm or in"]),
    ("figures/width", ["79 mm", "60 cm"], ["use 80 mm to 400 mm"]),
    ("figures/font", ["No Such Font"], ["figures.font", "no such font", "install it, or name another"]),
    ("probe/images", [MISSING], ["missing", "a whole number of at least 4"]),
    ("datasets/objects/test", [MISSING], ["missing", "number of images to render"]),
    # Text for numbers
    ("training/learning_rate", ["0.01"], ['"0.01"', "a number above 0", "write 0.01, without quotes", "--configfile"]),
    (
        "training/learning_rate",
        ["1e-5"],
        ["write 1.0e-05, without quotes", "--config hands nested values over as text"],
    ),
    # Types and values
    ("training", [None, 3], ["a mapping with the keys optimizer, learning_rate, momentum"]),
    ("training/learning_rate", [0, "fast", None, float("inf")], ["a number above 0"]),
    ("training/momentum", [1, -0.1, float("nan")], ["at least 0 and below 1"]),
    ("training/momentum", [None], ["null", "sgd needs it", "at least 0 and below 1"]),
    ("training/optimizer", ["SGD", "adam", "adamW"], ["sgd or adamw", "did you mean "]),
    ("training/optimizer", [None, "lion"], ["sgd or adamw"]),
    ("training/schedule", ["cosin"], ["constant, cosine, or a step decay such as {step: 30", "did you mean cosine?"]),
    ("training/schedule", ["step", 3, None], ["constant, cosine, or a step decay such as {step: 30, factor: 0.1}"]),
    ("training/warmup", [-1, 0.5, None], ["a whole number of epochs, 0 for no warm-up"]),
    ("training/warmup", [2], ["less than 2 epochs", "head2toe.epochs"]),
    ("training/label_smoothing", [1, 1.5, -0.1, float("nan")], ["at least 0 and below 1"]),
    ("training/augmentation/flip", [1, "yes"], ["true or false"]),
    ("training/augmentation/crop", [32], ["32", "less than 32", "height and width of the images"]),
    ("training/augmentation/crop", [-1, 2.5], ["a whole number of pixels"]),
    ("finetune/train", ["haed"], ["all, head, or the first part", "did you mean head?"]),
    ("finetune/train", ["block3", None, ["head"]], ["all, head, or the first part", "{from: block3}"]),
    ("training/batch_size", [1], ["at least 2", "batch normalisation"]),
    ("images/size", [7, 2048, "64", 64.0], ["a whole number of 8 to 1024"]),
    ("study", ["../elsewhere", "paper\n", "", 2024, "datasets", "logs"], ["letters, digits", "not datasets or logs"]),
    ("data", ["", " ", None], ["the path of a folder"]),
    ("seeds", [[], 5], ["a list of whole numbers", "one or more"]),
    ("seeds", [[1, 2, 1]], ["[1, 2, 1]", "1 is there twice"]),
    ("pretrain/epochs", [0, 150.0, True, "1e3"], ["a whole number of at least 1"]),
    ("network/name", ["con4"], ["conv4", "did you mean conv4?"]),
    ("network/arguments/block", ["Conv_BN_ReLU"], ["conv-relu-bn, conv-bn-relu", "did you mean conv-bn-relu?"]),
    ("probe/images", [5001], ["use 8", "to 5000", "finetune.cross_domain.test"]),
    ("controls/scratch", [1, "yes"], ["true or false"]),
    ("controls/matched_steps", [0], ["at least 1, or null"]),
    ("transferability/class_images", [5001], ["use 2 to 5000", "training images of the target cifar10"]),
    ("transfer/targets", [[]], ["a list of domain, cross_domain, others (one or more"]),
    ("transfer/shuffle", [[4, 4]], ["4 is there twice"]),
    ("transfer/learning_rates", [[]], ["a list of numbers above 0 (one or more"]),
    ("transfer/test_images", [3], ["3", "use 4 or more"]),
    ("transfer/checkpoints", [[151]], ["kept are 0, 1, 2"]),
    ("transfer/criticality/path", [[26]], ["fine-tuning ends before", "1 to 25"]),
    ("transfer/converged", [25], ["use more than 25 (finetune.epochs)"]),
    ("head2toe/target_sizes", [[256, 256]], ["256 is there twice"]),
    ("head2toe/target_sizes", [[256], [1, 2, 3]], ["a list of two whole numbers"]),
    # Tasks
    ("source/dataset", ["CIFAR-10", "cifar100"], ["no such", "cifar10, svhn, mnist", "did you mean cifar10?"]),
    ("finetune/cross_domain/dataset", ["cifar10"], ["finetune.domain has it too"]),
    ("datasets/svhn/title", ["CIFAR-10"], ["figures tell them apart"]),
    ("source/train", ["extra[0:10]", "train[0:10]\n", "train", "train[-1:4]"], ["train or test", "train[0:5000]"]),
    ("source/train", ["train[10:10]", "train[2:1]"], ["no images", "START below STOP"]),
    ("source/train", ["train[0:50001]"], ["has 50000 images", "train[0:50000] or a part of it"]),
    ("finetune/cross_domain/test", ["test[0:26033]"], ["svhn has 26032 images"]),
    ("finetune/domain/test", ["test[4999:10000]"], ["finetune.domain.train has test[4999:5000] too", "overlap"]),
    (
        "finetune/domain/train",
        ["train[0:5000]"],
        ["5000 of these images are in source.train (cifar10, train[0:50000])"],
    ),
    ("finetune/domain/shift", [10], ["10", "use seed, null or 1 to 9"]),
    ("finetune/domain/shift", [0, "sed", True], ["use seed", "at least 1"]),
    ("pretrain/checkpoints", ["al", []], ["use all, or a list of epochs"]),
    ("sensitivity/images", [[], [100, 100], "all"], ["whole numbers of at least 4"]),
    ("sensitivity/bn", [[], None], ["batch"]),
    ("probe/reduce", ["maen", None], ["none or mean or token"]),
    ("probe/reduce", ["token"], ["pool1", "64 x 16 x 16, without tokens", "use none or mean"]),
    ("sensitivity/reduce", [[]], ["a list of none, mean and token"]),
    ("sensitivity/reduce", [["none", "token"]], ["pool1", "without tokens"]),
    # Data sets
    ("datasets/cifar10/reader", ["cifar"], ["cifar10 or svhn", "did you mean cifar10?"]),
    ("datasets/cifar10/classes", [100], ["100", "use 10"]),
    ("datasets/objects/train", ["train.npz", 0, None], ["number of images to render"]),
    ("datasets/mnist/train", [100, "x.npz"], ["null, or no such key"]),
    ("datasets/my-set", [CONFIG["datasets"]["mnist"]], ["allowed as a name", "letters, digits", "not init"]),
    ("datasets/init", [CONFIG["datasets"]["mnist"]], ["allowed as a name", "not init"]),
    *((f"datasets/{name}", [CONFIG["datasets"]["mnist"]], ["allowed as a name", "a missing value"]) for name in NA),
]

# The place that is to blame is further in than the key that is set, or another.
BAD_INSIDE = [
    ("seeds", [1, "2"], "seeds[1]", ["write 2, without quotes"]),
    ("similarity/estimators", ["cka-biased", "cka-unbiased"], "similarity.estimators[1]", ["did you mean cka-biased?"]),
    ("similarity/estimators", [3], "similarity.estimators[0]", ["use cka-biased or"]),
    ("similarity/estimators", ["cka-biased@0.5"], "similarity.estimators[0]", ["after @ a number above 0"]),
    ("similarity/estimators", ["rbf-cka-biased@0.0"], "similarity.estimators[0]", ["after @ a number above 0"]),
    (
        "variants",
        {"x": {"network": {"arguments": {"block": "bn-conv-relu"}}}},
        "variants.x.network.arguments.block",
        ["use one of conv-relu-bn, conv-bn-relu", "did you mean conv-"],
    ),
    ("variants", {"x": {"netwrk": {}}}, "variants.x.netwrk", ["did you mean variants.x.network?"]),
    ("variants", {"a/b": None}, "variants.a/b", ["letters, digits and '-'"]),
    ("network/arguments", {"width": 0}, "network.arguments.width", ["at least 1"]),
    ("network/arguments", {"widht": 8}, "network.arguments.widht", ["did you mean width?"]),
    ("network/arguments", {"classes": 8}, "network.arguments.classes", ["no such argument"]),
    (
        "network",
        {"name": "torchvision:resnet18", "arguments": {"num_classes": 8}, "layers": None},
        "network.arguments.num_classes",
        ["the study itself gives this argument"],
    ),
    ("network/layers", ["pool5"], "network", ["there is no layer 'pool5'; there are pool4"]),
    ("network/layers", ["logits"], "network.layers", ["use layers before the logits"]),
    ("network/layers", ["pool2"], "network.layers", ["head2toe needs at least 2 layers before the logits"]),
    ("variants", {"x": {"network": {"layers": ["logits"]}}}, "variants.x.network.layers", ["layers before the logits"]),
    ("pretrain/random", [0, 1, 10], "pretrain.random[2]", ["10", "0 to 9", "the 10 classes of cifar10"]),
    ("pretrain/sizes_random", [0, 12], "pretrain.sizes_random[1]", ["12", "0 to 9"]),
    ("finetune/cross_domain/random", [10], "finetune.cross_domain.random[0]", ["0 to 9", "svhn"]),
    ("pretrain/sizes", [64, 50_001], "pretrain.sizes[1]", ["use 1 to 50000", "source.train (train[0:50000])"]),
    ("source/train", "train[0:4096]", "pretrain.sizes[4]", ["50000", "use 1 to 4096"]),
    ("pretrain/checkpoints", [1, 151], "pretrain.checkpoints[1]", ["151", "1 to 150"]),
    ("transferability/classes", [2, 11], "transferability.classes[1]", ["11", "2 to 10"]),
    ("transferability/classes", [1], "transferability.classes[0]", ["at least 2"]),
    ("head2toe/steps", [500], "head2toe.steps", ["a list of two whole numbers"]),
    ("head2toe/steps", [500, 500], "head2toe.steps", ["500 is there twice"]),
    ("head2toe/folds", 6, "head2toe.folds", ["1 to 5"]),
    ("head2toe/images", 9, "head2toe.images", ["at least 10"]),
    ("head2toe/offsets", [0.0, 1.0], "head2toe.offsets[1]", ["below 1"]),
    ("head2toe/test_images", 1, "head2toe.test_images", ["at least 2"]),
    ("head2toe/window", 0, "head2toe.window", ["above 0"]),
    ("movement/roles", ["others"], "movement.roles[0]", ["source or domain or cross_domain"]),
    ("movement/sizes", [0.1, 0], "movement.sizes[1]", ["a number above 0"]),
    ("movement/sizes", [0.01, 1.0], "movement.sizes", ["with 0.1 among them"]),
    ("movement/path", [0.0, 0.5], "movement.path", ["with 1 among them"]),
    ("movement/path", [1.0, 1.5], "movement.path[1]", ["a number from 0 to 1"]),
    ("decodability/penalty", 0, "decodability.penalty", ["above 0"]),
    ("decodability/images", 3, "decodability.images", ["at least 4"]),
    ("decodability/test_images", 0, "decodability.test_images", ["at least 1"]),
    ("training/optimizer", "adamw", "training.momentum", ["0.9", "adamw has no momentum; use null"]),
    ("training/schedule", {"step": 30, "factor": 1}, "training.schedule.factor", ["above 0 and below 1"]),
    ("training/schedule", {"step": 0, "factor": 0.1}, "training.schedule.step", ["at least 1"]),
    ("training/schedule", {"step": 3}, "training.schedule.factor", ["missing", "above 0 and below 1"]),
    ("training/schedule", {"stp": 3, "factor": 0.1}, "training.schedule.stp", ["did you mean training.schedule.step?"]),
    ("finetune/train", {"from": "blok3"}, "finetune.train.from", ["parts block1, block2", "did you mean block3?"]),
    ("finetune/train", {"from": "pool9"}, "finetune.train.from", ["pool1, pool2", "did you mean pool4?"]),
    ("finetune/train", {}, "finetune.train.from", ["missing", "a part of the network"]),
    ("transfer/learning_rates", [0.1, 0], "transfer.learning_rates[1]", ["a number above 0"]),
    ("source/test", "test[0:100]", "probe.images", ["500", "use 8", "to 100", "source.test"]),
    ("transfer/shuffle", [4, 5], "transfer.shuffle[1]", ["5", "0, 1, 2, 4, 8, 16"]),
    ("transfer/shuffle", [0, 32], "transfer.shuffle[1]", ["32", "into several", "16"]),
    ("head2toe/shuffle", [24], "head2toe.shuffle[0]", ["24", "0, 1, 2, 4, 8, 16"]),
    ("transfer/targets", ["domain"], "transfer.sweeps", ["cross_domain", "use those of transfer.targets"]),
    ("head2toe/targets", ["others", "domain"], "head2toe.sweeps", ["cross_domain is none of the targets"]),
]
BAD_HERE = [(path, value, path.replace("/", "."), words) for path, many, words in BAD for value in many]


@pytest.mark.parametrize(("path", "value", "key", "words"), BAD_HERE + BAD_INSIDE)
def test_bad_values_are_refused(path, value, key, words):
    message = refusal(changed(path, value))
    assert message.startswith(f"{key}: ")
    assert [word for word in words if word not in message] == []


def others(**ranges):
    """Overlay with one other target, of the first images of MNIST."""
    target = {"dataset": "mnist", "train": "train[0:100]", "test": "test[0:100]"}
    return {"finetune": {"others": [target | ranges]}}


NEIGHBOURS = {"similarity": {"estimators": ["cka-biased", "neighbours"]}}
# Settings that are wrong together: the overlays, the key to blame, and words that the message must contain.
TOGETHER = [
    ([{"finetune": {"others": []}, "transfer": {"targets": ["others"]}}], "transfer.targets", ["no such target"]),
    ([{"transferability": {"targets": ["domain"]}}], "transferability.sweeps", ["cross_domain is none of"]),
    (
        [{"source": {"train": "train[0:1]"}, "pretrain": {"sizes": [1]}}, others(train="train[0:10]")],
        "source.train",
        ["transferability", "at least 2 images"],
    ),
    ([others(test="test[0:3]")], "finetune.others[0].test", ["transfer", "at least 4 images"]),
    ([others(train="train[0:1]")], "finetune.others[0].train", ["transferability", "at least 2 images"]),
    ([others(train="train[0:9]")], "finetune.others[0].train", ["head2toe", "at least 10 images"]),
    (
        [
            {"source": {"train": "train[0:3]"}, "pretrain": {"sizes": [3]}},
            dict.fromkeys(("transfer", "transferability", "head2toe")),
        ],
        "source.train",
        ["decodability", "at least 4 images"],
    ),
    ([NEIGHBOURS, others(test="test[0:10]")], "finetune.others[0].test", ["at least 11 images"]),
    (
        [{"training": {"warmup": 13}, "head2toe": None}],
        "training.warmup",
        ["the run cifar10-random9-steps19200 has 13 epochs; use less than that"],
    ),
    ([NEIGHBOURS, {"probe": {"images": 21}}], "probe.images", ["21", "use 22"]),
    ([NEIGHBOURS, {"transfer": {"test_images": 10}}], "transfer.test_images", ["10", "use 11 or more"]),
]


@pytest.mark.parametrize(("overlays", "key", "words"), TOGETHER)
def test_settings_that_are_wrong_together_are_refused(overlays, key, words):
    message = refusal(reduce(merged, overlays, CONFIG))
    assert message.startswith(f"{key}: ")
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    "overlays",
    [
        [{"finetune": {"others": []}}],  # the experiments have their other targets
        [others(train="train[0:10]", test="test[0:4]")],
        [others(train="train[0:1]", test="test[0:1]"), dict.fromkeys(("transfer", "transferability", "head2toe"))],
        [NEIGHBOURS, {"probe": {"images": 22}}],
        [{"training": {"optimizer": "adamw", "momentum": None}}],
        [{"training": {"warmup": 12}, "head2toe": None}],
        [{"pretrain": {"checkpoints": [75]}, "transfer": {"checkpoints": [0, 75, 150]}}],
    ],
)
def test_settings_that_are_right_together_pass(overlays):
    check(reduce(merged, overlays, CONFIG))


def test_a_misspelt_key_is_named_before_what_it_causes():
    config = changed("training/momentum", MISSING)
    config["training"]["momentm"] = 0.9
    assert refusal(config).startswith("training.momentm: 0.9: there is no such key")


def test_odd_keys_are_refused():
    assert refusal({**CONFIG, 5: 1}).startswith("5: 1: there is no such key")
    assert refusal({**CONFIG, "two\nlines": 1}).startswith("two lines: 1: there is no such key")
    assert refusal(merged(CONFIG, {"datasets": {5: {}}})).startswith("datasets.5: ")


def test_nothing_heavy_is_imported():
    code = "import sys, repdrift.plan.checking; print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], stdout=-1, text=True, check=True, cwd=ROOT / "workflow")
    assert done.stdout.strip() == "[]"


def test_overlays_are_merged_as_snakemake_does(tmp_path):
    files = [ROOT / "config.yaml", ROOT / "presets" / "laptop.yaml", ROOT / "presets" / "svhn-npz.yaml"]
    expected = yaml.safe_load(files[0].read_text())
    for file in files[1:]:
        update_config(expected, yaml.safe_load(file.read_text()))
    assert load(files) == expected
