"""Captions of the figures: what is shown, on what data, with which settings and how many seeds.

All of it comes from the study, so a preset with two seeds never says five. Standard library only: the Snakefile
imports it.
"""

from repdrift.plan.panels import Figure
from repdrift.plan.plan import Plan
from repdrift.study.runs import Run

NULL = "Dashed: the mean similarity when the images of one side are permuted: the estimator's bias alone."
TITLES = {
    "fig1": "Figure 1", "fig2": "Figure 2", "fig3": "Figure 3", "fig4": "Figure 4", "fig5": "Figure 5",
    "controls": "Controls", "layers": "All layers", "sensitivity": "Sensitivity", "claims": "Claims",
    "multiverse": "Multiverse",
}  # fmt: skip


def title(plan: Plan, figure: str) -> str:
    """Name of a figure as the text has it."""
    added = {name: title for found in plan.experiments.values() for name, title in found.titles.items()}
    return {**TITLES, **added}[figure]


def caption(plan: Plan, figure: Figure) -> str:
    """Caption of a figure in whole sentences, without its name."""
    for experiment in plan.experiments.values():
        if figure.name in experiment.titles:
            how = (_rule, _number_of_seeds) if figure.kind == "claims" else (_seeds_as_bars,)
            return " ".join([experiment.caption(figure.name), *(write(plan, figure) for write in (*how, _network))])
    shown = {
        "fig1": (_curve, _seeds_as_bands, _estimators, _probes),
        "fig2": (_history, _seeds_as_bands, _trained),
        "fig3": (_scratch, _seeds_as_bars, _null, _estimators, _probes, _trained),
        "fig4": (_tuned, _seeds_as_bars, _null, _estimators, _probes, _fine_tuned),
        "fig5": (_both, _seeds_as_bars, _null, _estimators, _probes, _fine_tuned),
        "controls": (_controls, _seeds_as_bars, _null, _estimators, _probes),
        "layers": (_layers, _mean_of_seeds, _probes),
        "sensitivity": (_sensitivity, _seeds_as_bars),
        "claims": (_claims, _rule, _number_of_seeds, _probes),
        "multiverse": (_multiverse, _rule, _number_of_seeds),
    }[figure.name]
    sentences = (write(plan, figure) for write in (*shown, _network))
    return " ".join(sentence for sentence in sentences if sentence)


# What is shown


def _curve(plan: Plan, _: Figure) -> str:
    source = plan.title(plan.config["source"]["dataset"])
    return (
        f"Similarity of each layer to its own initialisation over the epochs of a training on {source}, from scratch."
    )


def _history(plan: Plan, _: Figure) -> str:
    return (
        "Training from scratch on labels of randomness d: (a) mean training loss of the epoch, (b) training accuracy, "
        "(c) accuracy on test images whose labels are as random as those trained on; no network can expect more than "
        "100 / (d + 1) % there (dotted)."
    )


def _scratch(plan: Plan, _: Figure) -> str:
    return (
        "Similarity of each layer after training from scratch to its own initialisation, by label randomness d and by "
        "number of training images N."
    )


def _tuned(plan: Plan, _: Figure) -> str:
    return (
        "Similarity of each layer after fine-tuning to the same layer before it, by label randomness d of the new "
        "task, on the images of pre-training and on those of another data set."
    )


def _both(plan: Plan, _: Figure) -> str:
    return (
        "Similarity of each layer of the fine-tuned network to the pre-trained network that it started from, and to "
        "the initialisation of its pre-training."
    )


def _controls(plan: Plan, _: Figure) -> str:
    controls = plan.config["controls"]
    parts = [
        "numbers of training images at equal numbers of steps" if controls["matched_steps"] else "",
        "change from where training started, for pre-trained and for initial weights" if controls["scratch"] else "",
        "the fine-tuned network beside an unrelated random one" if controls["independent"] else "",
    ]
    return f"What the paper lacks: {'; '.join(part for part in parts if part)}."


def _layers(plan: Plan, _: Figure) -> str:
    return "Linear CKA of every layer with every layer, within a network (first panels) and between two."


def _sensitivity(plan: Plan, _: Figure) -> str:
    return "The main comparisons under other choices of measurement: each column varies one, as its title says."


def _claims(plan: Plan, _: Figure) -> str:
    return (
        "Every claim of the paper: the paired differences behind it, in the direction of the claim, and what they say. "
        "Squares beside a claim: its verdict under each estimator."
    )


def _multiverse(plan: Plan, _: Figure) -> str:
    return "The verdict on every claim under every combination of measurement choices that was tried."


# How


def _number_of_seeds(plan: Plan, _: Figure) -> str:
    return f"{_count(len(plan.seeds), 'seed')}."


def _mean_of_seeds(plan: Plan, _: Figure) -> str:
    return f"Means over {_count(len(plan.seeds), 'seed')}." if len(plan.seeds) > 1 else "One seed."


def _seeds_as_bars(plan: Plan, _: Figure) -> str:
    return _seeds(plan, "bars", " (where none is seen it is smaller than its marker)")


def _seeds_as_bands(plan: Plan, _: Figure) -> str:
    return _seeds(plan, "bands")


def _seeds(plan: Plan, drawn: str, aside: str = "") -> str:
    if len(plan.seeds) == 1:
        return "One seed, so no standard errors."
    return f"Means over {len(plan.seeds)} seeds, {drawn} are one standard error{aside}."


def _null(plan: Plan, _: Figure) -> str:
    return NULL


def _rule(plan: Plan, _: Figure) -> str:
    return (
        "Supported: at least 80 % of the seeds have the sign that the claim says and the mean is beyond 2 standard "
        "errors; contradicted: the same against it; inconclusive: neither, or fewer than 4 seeds."
    )


def _estimators(plan: Plan, _: Figure) -> str:
    return f"Estimators: {', '.join(plan.config['similarity']['estimators'])}."


def _probes(plan: Plan, figure: Figure) -> str:
    roles = dict.fromkeys("domain" if figure.kind == "heatmap" else run.task.role for run in _runs(plan, figure))
    images = " and ".join(plan.probe_title(role) for role in roles)
    return f"Compared on {images}; BN statistics: {plan.config['probe']['bn']}."


def _trained(plan: Plan, _: Figure) -> str:
    source, epochs = plan.config["source"], plan.config["pretrain"]["epochs"]
    return f"Trained on {plan.title(source['dataset'])}, {source['train']}, for {_count(epochs, 'epoch')}."


def _fine_tuned(plan: Plan, _: Figure) -> str:
    tasks = (plan.config["finetune"][role] for role in ("domain", "cross_domain"))
    parts = " and ".join(f"{plan.title(task['dataset'])}, {task['train']}" for task in tasks)
    return f"Fine-tuned on {parts}, for {_count(plan.config['finetune']['epochs'], 'epoch')}."


def _network(plan: Plan, figure: Figure) -> str:
    blocks = dict.fromkeys(plan.network_of(run.name)["block"] for run in _runs(plan, figure))
    if figure.name == "multiverse":
        blocks |= dict.fromkeys(plan.other_blocks)
    return f"Network {plan.network['name']}, order in a block {' or '.join(blocks)}."


def _runs(plan: Plan, figure: Figure) -> list[Run]:
    """Runs that a figure shows; those on the claims show all."""
    return [plan.runs[run] for run in figure.runs or plan.usual_runs if run in plan.runs]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
