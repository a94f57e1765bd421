"""The claims of all experiments, in studies of many kinds: a comparison says nothing of the level of its numbers."""

import copy

import pytest
import yaml

from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.study.config import merged

# The contrasts that compare a number with a fixed one, by claim: how their labels begin.
LEVELS = {
    "G5": "test accuracy at", "G9": "CKA to pre-trained, above",
    "G6c": "CKA to initial, above", "G7b": "CKA to initial, above",
    "N8": ("BN re-estimated: barrier of", "BN interpolated: barrier of"),
    "R1": "regression over", "R3": "regression over", "R4": "regression over", "R6": "ln T of",
    "E2": "AUPRC of cka-debiased less chance", "E3": "AUPRC of cka-debiased less chance",
    "H2": "rank correlation", "H9": "rank correlation",
}  # fmt: skip

# The contrasts that compare a number with a share of another one. Where nothing has changed, CKA is 1.
SHARES = {"G2": "change by epoch", "G9": "50% of the change", "G4": "training accuracy at"}

OVERLAYS = {
    "as it is": "{}",
    "lists in other orders": """
        pretrain: {random: [9, 0, 4], sizes: [4096, 64, 1024], sizes_random: [0, 9], checkpoints: [25, 1, 100, 10, 5]}
        finetune: {domain: {random: [4, 9, 0]}, cross_domain: {random: [9, 2, 0]}}
        transfer: {shuffle: [4, 0, 16, 1, 2], checkpoints: [100, 0, 5], learning_rates: [0.01, 0.001, 0.0001]}
        transferability: {sizes: [1024, 64, 5000, 256], classes: [10, 2, 5]}
        head2toe: {shuffle: [16, 0, 4], offsets: [0.5, 0.0, 0.95, 0.1]}
        movement: {roles: [cross_domain, source, domain], sizes: [1.0, 0.1, 0.01], path: [1.0, 0.5]}
        """,
    "one value of each list": """
        pretrain: {random: [9], sizes: [64], sizes_random: [0], checkpoints: [150]}
        finetune: {domain: {random: [9]}, cross_domain: {random: [0]}}
        transfer: {shuffle: [0], checkpoints: [150], learning_rates: [0.003]}
        transferability: {sizes: [64], classes: [10]}
        head2toe: {shuffle: [1]}
        movement: {roles: [source], sizes: [0.1], path: [1.0]}
        """,
    "true labels alone": """
        pretrain: {random: [0], sizes_random: [0]}
        finetune: {domain: {random: [0], shift: null}, cross_domain: {random: [0]}}
        """,
    "other targets": """
        finetune: {head: new}
        transfer: {targets: [others], sweeps: [others], points: 4}
        transferability: {targets: [cross_domain], sweeps: [cross_domain]}
        head2toe: {targets: [others, cross_domain], sweeps: [others]}
        """,
    "one hidden layer": """
        network: {layers: [pool2]}
        head2toe: null
        """,
    "a network of one block": """
        network: {arguments: {depth: 1}}
        head2toe: null
        """,
    "a network of two blocks": "network: {arguments: {depth: 2}}",
    "one epoch": """
        pretrain: {epochs: 1}
        finetune: {epochs: 1}
        transfer: {checkpoints: [0, 1], criticality: {path: [1]}}
        """,
}
PRESETS = [(), ("laptop",), ("demo",), ("smoke",)]
CASES = [(presets, "as it is") for presets in PRESETS] + [((), name) for name in list(OVERLAYS)[1:]]


def contrasts(config):
    """Yield the name of the claim and the contrast, for each contrast of all claims."""
    for found in Plan(config).claims.values():
        for claim in found:
            for contrast in claim.contrasts:
                yield claim.name, contrast


def is_level(claim, contrast):
    return claim in LEVELS and contrast.label.startswith(LEVELS[claim])


@pytest.mark.parametrize(
    ("presets", "overlay"), CASES, ids=lambda case: " ".join(case) if isinstance(case, tuple) else case
)
def test_weights_of_differences_and_trends_sum_to_0(load_config, presets, overlay):
    config = merged(load_config(*presets), yaml.safe_load(OVERLAYS[overlay]))
    check(config)
    found = list(contrasts(config))
    assert len(found) > 20
    for claim, contrast in found:
        weights, said = contrast.by_key.values(), (claim, contrast.label)
        if is_level(claim, contrast):  # plus or minus one number, or the mean over targets
            assert abs(sum(weights)) == pytest.approx(sum(map(abs, weights))) == pytest.approx(1), said
        elif claim in SHARES and contrast.label.startswith(SHARES[claim]):
            unchanged = 0.1 if claim == "G4" else 0  # at d = 9 and at d = 0 the same accuracy: a tenth of it is left
            assert sum(weights) + contrast.constant == pytest.approx(unchanged, abs=1e-12), said
        else:
            assert sum(weights) == pytest.approx(0, abs=1e-12), said
            assert any(weights), said


def test_the_order_of_a_list_changes_no_contrast(load_config):
    config = load_config()
    backwards = copy.deepcopy(config)
    for section, keys in {
        "pretrain": ("random", "sizes", "sizes_random"), "transfer": ("shuffle", "checkpoints", "learning_rates"),
        "transferability": ("sizes", "classes"), "head2toe": ("shuffle", "offsets"),
        "movement": ("roles", "sizes", "path"),
    }.items():  # fmt: skip
        for key in keys:
            backwards[section][key].reverse()

    def weights(config):
        return {(claim, one.label, one.layer): dict(one.by_key) for claim, one in contrasts(config)}

    assert weights(backwards) == weights(config)


def test_claims_on_random_labels_need_random_labels(load_config):
    config = merged(load_config(), yaml.safe_load(OVERLAYS["true labels alone"]))
    found = {claim.name: claim.contrasts for claim in Plan(config).claims["claims"]}
    assert found["G4"] == found["G10"] == found["G15"] == ()
    assert not any("random labels" in one.label for of_claim in found.values() for one in of_claim)
