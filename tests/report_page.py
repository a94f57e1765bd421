"""A report that its program writes for a small study, from tables and figures that are made here."""

import sys
from pathlib import Path

from repdrift.canonical import canonical
from repdrift.claims.judging import CLAIMS, CONTRASTS
from repdrift.experiments.drift.stages.judge_under_choices import COLUMNS
from repdrift.provenance import fingerprint as code
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.report.templates import templates
from repdrift.stages import report

REGIME = {
    "network": "conv4, conv-relu-bn", "images": 4096, "epochs": 150, "target_images": 5000, "target_epochs": 25,
    "encodings": "0123456789ab (2026-11-25)", "evidence": "exploratory",
}  # fmt: skip
CLAIM = {
    "claim": "G1", "sentence": "It grows", "source": "figure 1", "origin": "ours", "figure": "fig1", "needs": "all",
    "estimator": "cka-biased", "seeds": 5, "verdict": "supported", "reason": "", "contrast": "this less that",
    "layer": "pool2", "effect": 0.034, "low": 0.021, "high": 0.047, "margin": 0.01, "unit": "CKA", "p": 0.001, **REGIME,
}  # fmt: skip
AGAINST = CLAIM | {"estimator": "cka-debiased", "effect": -0.05, "verdict": "contradicted", "reason": "opposite"}
EMPTY = dict.fromkeys(("contrast", "layer", "effect", "low", "high", "margin", "unit", "p"))
WITHOUT = CLAIM | EMPTY | {
    "claim": "G2", "estimator": "", "origin": "paper", "verdict": "undecided", "reason": "no such runs", "seeds": 0,
}  # fmt: skip
CHOICE = {
    "claim": "G1", "sentence": "It grows", "layer": "", "estimator": "cka-biased", "n": 500, "bn": "batch",
    "reduce": "", "variant": "", "reference": "own", "sample": 1, "look": "one", "verdict": "supported",
}  # fmt: skip
CHOICES = [CHOICE, CHOICE | {"n": 100}, CHOICE | {"look": "two"}, CHOICE | {"look": "two", "verdict": "undecided"},
           CHOICE | {"layer": "pool1", "look": "three", "verdict": "contradicted"}]  # fmt: skip
FIGURES = [
    {"name": "claims", "title": "Claims", "caption": "What was judged.", "experiment": "Drift (2022)", "claims": True},
    {"name": "fig1", "title": "Figure 1", "caption": "What it shows. More of it.", "experiment": "Drift (2022)",
     "claims": False},
]  # fmt: skip
TRAINING = {
    "run": "birds+cats", "fine_tuned": True, "dataset": "cats", "labels": "d = 9", "start": "pre-trained weights",
    "variant": "", "images": 5000, "epochs": 25,
}  # fmt: skip
SEEDS = (1, 2, 3, 4, 5)
SPEC = {
    "study": "s", "title": "From birds to cats", "studied": [["Images", "9 of birds"], ["Seeds", "5 seeds"]],
    "figures": FIGURES, "config": {"seeds": SEEDS},
    "trainings": [TRAINING, TRAINING | {"run": "birds", "fine_tuned": False, "start": "initial weights"}],
}  # fmt: skip
# A picture with a red upper and a blue lower edge. If a page of paper has only one of them, it has cut the picture.
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="486pt" height="{height}pt" viewBox="0 0 486 {height}">'
    '<rect width="486" height="6" fill="#ff0000"/><rect y="{lower}" width="486" height="6" fill="#0000ff"/></svg>'
)
HEIGHTS = {"claims": 650, "fig1": 300}


def written(monkeypatch, *, rows=(CLAIM, AGAINST, WITHOUT), spec=SPEC, heights=HEIGHTS, study="s"):
    """Write the report in the working directory, and return its path. `heights` are those of the figures in points."""
    folder = Path("results", study)
    monkeypatch.setattr(code, "running", "task")  # The report does not mind which program has made its inputs.
    job = Job({}, code.fingerprint("task"))
    job.save(folder / "claims.csv", lambda file: write_csv(file, rows, CLAIMS))
    job.save(folder / "tables/multiverse.csv", lambda file: write_csv(file, CHOICES, COLUMNS))
    files = {"figures": [], "pdfs": [], "tables": [], "histories": []}
    for figure in spec["figures"]:
        name, height = figure["name"], heights[figure["name"]]
        files["figures"].append(folder / f"figures/{name}.svg")
        text = PICTURE.format(height=height, lower=height - 6)
        job.save(files["figures"][-1], lambda file, text=text: file.write_text(text))
        files["pdfs"].append(folder / f"figures/{name}.pdf")
        job.save(files["pdfs"][-1], lambda file: file.write_bytes(b"%PDF-1.7\n%%EOF\n"))
        files["tables"].append(folder / f"tables/{name}.csv")
        if figure["claims"]:
            contrasts = [{column: row.get(column) for column in CONTRASTS} for row in rows]
            job.save(files["tables"][-1], lambda file, lines=contrasts: write_csv(file, lines, CONTRASTS))
        else:
            job.save(files["tables"][-1], lambda file, name=name: file.write_text(f"panel,value\n{name},0.5\n"))
    for training in spec["trainings"]:
        for seed in spec["config"]["seeds"]:
            files["histories"].append(folder / f"models/{training['run']}/seed{seed}/history.csv")
            lines = f"epoch,train_accuracy,test_accuracy\n0,10.0,10.0\n24,90.0,60.0\n25,9{seed}.0,\n26,99.5,6{seed}.0\n"
            job.save(files["histories"][-1], lambda file, lines=lines: file.write_text(lines))
    flags = {
        "spec": canonical(spec), "code": code.fingerprint("report"), "verdicts": folder / "claims.csv",
        "multiverse": folder / "tables/multiverse.csv", "output": folder / "report.html",
        **files, "templates": templates(), "configfiles": ["my study.yaml"],
    }  # fmt: skip
    words = ["report"]
    for name, value in flags.items():
        words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(code, "running", "report")
    report.main()
    return folder / "report.html"
