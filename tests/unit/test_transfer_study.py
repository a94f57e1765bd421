"""What is being transferred, in a study: its trainings, their learning rates, and the networks that are compared."""

import pytest
from tests.unit.transfer_worlds import experiment

from repdrift.experiments.transfer.pairs import LINES, PAIRS
from repdrift.plan import specs
from repdrift.plan.plan import Plan


@pytest.fixture
def transfer(load_config):
    """Function that makes the experiment of a preset."""
    return lambda *presets: experiment(load_config(*presets))


def test_networks_have_nothing_in_common_but_what_their_names_say(transfer):
    runs = transfer("laptop").trained("svhn")
    assert {name: (run.name, run.parent[0], run.head, run.order) for name, run in runs.items()} == {
        "P-T": ("cifar10+svhn-n1000-new-head", "cifar10", "new", 1),
        "P-T 2": ("cifar10+svhn-n1000-another-head-order2", "cifar10", "another", 2),
        "RI-T": ("independent+svhn-n1000-epochs60", "independent", "keep", 1),
        "RI-T 2": ("independent2+svhn-n1000-epochs60", "independent2", "keep", 1),
        "RI-T 1b": ("independent+svhn-n1000-epochs60-order2", "independent", "keep", 2),
        "RI-T, start of P": ("init+svhn-n1000", "init", "keep", 1),
    }
    assert len({run.task for run in runs.values()}) == 1
    # That P-T may be rewound to its own new head, this is kept too.
    assert {run.checkpoints for run in runs.values()} == {(0, 1, 2, 5, 10, 25)}


def test_with_new_heads_everywhere_the_fine_tuned_network_is_that_of_the_study(load_config):
    config = load_config()
    config["finetune"] |= {"head": "new"}
    found = experiment(config).trained("svhn")["P-T"].name
    assert found == "cifar10+svhn"
    assert found in Plan(config).runs


def test_checkpoints_of_pre_training_are_fine_tuned_with_new_heads(transfer):
    one = transfer()
    assert one.from_epoch("svhn", 150) == one.trained("svhn")["P-T"]
    early = one.from_epoch("svhn", 10)
    assert (early.name, early.parent, early.head) == ("cifar10@10+svhn-new-head", ("cifar10", "epoch10"), "new")
    assert one.from_epoch("svhn", 0).name == "init+svhn"
    assert one.shuffled("svhn", 4, "P-T").task.shuffle == 4


def test_each_start_is_trained_at_each_rate_where_claims_are_about_the_best(transfer):
    one = transfer("laptop")
    assert set(one.tuned.values()) == {("cifar10", 32), ("svhn", 32), ("mnist", 32), ("cifar10", 0), ("svhn", 0)}
    runs = {run.name: run for run in one.runs()}
    for dataset, side in one.tuned.values():
        for start, (parent, epochs) in {"P-T": ("cifar10", 25), "RI-T": ("independent", 60)}.items():
            found = one.at_rates(dataset, side, start)
            assert [run.learning_rate for run in found] == [0.0003, None, 0.003, 0.01, 0.03]  # None: the study's own
            assert len({run.task for run in found}) == 1
            assert {run.parent[0] for run in found} == {parent}
            # Only the run at the study's own rate is tested on the way: the others are candidates.
            assert [run.test_every for run in found] == [epochs, 5, epochs, epochs, epochs]
            assert {run.name for run in found} <= set(runs)
    assert one.shuffled("svhn", 32, "P-T", 0.003).name == "cifar10+svhn-n1000-new-head-lr0p003"
    assert one.shuffled("svhn", 0, "RI-T", 0.03).name == "independent+svhn-n1000-values-epochs60-lr0p03"


def test_nothing_is_tuned_on_blocks_that_leave_structure(load_config):
    config = load_config()
    config["transfer"] |= {"shuffle": [16, 4]}
    assert {side for _, side in experiment(config).tuned.values()} == {32}


def test_a_run_has_its_learning_rate(load_config):
    config = load_config("laptop")
    plan = Plan(config)
    own = specs.train(plan, "cifar10+svhn-n1000-new-head-lr0p003", 1)
    usual = specs.train(plan, "cifar10+svhn-n1000-new-head", 1)
    assert (own.training.learning_rate, usual.training.learning_rate) == (0.003, 0.001)
    assert own.training.steps == usual.training.steps == 800
    assert (own.head, own.task, own.order) == (usual.head, usual.task, usual.order)


def test_initial_weights_of_all_starts_differ(load_config):
    plan = Plan(load_config("laptop"))
    drawn = {specs.initialise(plan, weights, 1).purpose for weights in ("init", "independent", "independent2")}
    assert len(drawn) == 3


def test_every_path_begins_and_ends_where_training_did(transfer):
    one = transfer("laptop")
    networks = one.networks("criticality", "svhn")
    for start, run in (("P-T", "cifar10+svhn-n1000-new-head"), ("RI-T", "independent+svhn-n1000-epochs60")):
        first, *_, last = one.paths[start]
        assert (networks[first], networks[last]) == ((run, "epoch0"), (run, "final"))
    assert {name for path in one.paths.values() for name in path} == set(networks)
    assert networks["RI-T, epoch 25"] == ("independent+svhn-n1000-epochs60", "epoch25")


def test_without_the_experiment_a_study_has_nothing_of_it(load_config):
    config = load_config()
    config |= dict.fromkeys(("transfer", "transferability", "head2toe", "movement", "decodability", "grounding"))
    plan = Plan(config)
    assert list(plan.experiments) == ["drift"]
    assert list(plan.runs) == list(plan.experiments["drift"].needed)


def test_pairs_are_of_the_networks_that_their_names_say(transfer):
    one = transfer("laptop")
    networks = one.networks("similarity", "svhn")
    pairs = {pair: tuple(networks[name] for name in names) for pair, names in PAIRS.items()}
    pretrained, scratch = "cifar10+svhn-n1000-new-head", "independent+svhn-n1000-epochs60"
    unrelated, start_of_p = "independent2+svhn-n1000-epochs60", "init+svhn-n1000"
    assert pairs == {
        "P-T & P": ((pretrained, "final"), ("cifar10", "final")),
        "RI-T & P": ((scratch, "final"), ("cifar10", "final")),
        "RI-T & RI": ((scratch, "final"), ("independent", "init")),
        "P-T & P-T": ((pretrained, "final"), ("cifar10+svhn-n1000-another-head-order2", "final")),
        "RI-T & P-T": ((scratch, "final"), (pretrained, "final")),
        "RI-T & RI-T": ((scratch, "final"), (unrelated, "final")),
        "RI-T & RI-T, same start": ((scratch, "final"), (f"{scratch}-order2", "final")),
        "RI-T & P-T, equal epochs": ((scratch, "epoch25"), (pretrained, "final")),
        "RI-T & RI-T, equal epochs": ((scratch, "epoch25"), (unrelated, "epoch25")),
        "RI-T & P-T, start of P": ((start_of_p, "final"), (pretrained, "final")),
        "RI-T & P, start of P": ((start_of_p, "final"), ("cifar10", "final")),
    }
    # A line is between the same.
    lines = one.networks("barrier", "svhn")
    assert {name: lines[name] for line in LINES for name in PAIRS[line]} == {
        name: networks[name] for line in LINES for name in PAIRS[line]
    }
