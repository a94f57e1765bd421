"""One folder, used for long: after each of many random edits, its outputs are those of a fresh folder.

The edits change settings, code and files. After each, the study is run again, all outputs are compared, `verify` finds
nothing, and nothing is left over.
"""

import random
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml
from tests.studies import copied
from tests.thorough.amount import amount
from tests.workflow.tiny import FIGURES, TINY

EDITS = amount(2) * 3 // 5  # an edit takes longer than another fault
# Settings, by key, and what a user may change them to.
SETTINGS = {
    "training": [{"learning_rate": 0.001}, {"learning_rate": 0.01}],
    "similarity": [{"permutations": 5}, {"permutations": 6}],
    "probe": [{"images": 64}, {"images": 48}],
    "seeds": [[1], [2], [1, 2]],
}
# Code, by file: a statement, and another one that gives other outputs.
CODE = {
    "workflow/repdrift/figures/style.py": ('GREY = "0.45"', 'GREY = "0.4"'),
    "workflow/repdrift/data/labels.py": ("noise = generator.integers(", "noise = 0 * generator.integers("),
    "workflow/repdrift/similarity/permutations.py": (
        "Generator().manual_seed(seed)",
        "Generator().manual_seed(seed + 1)",
    ),
}
FILES = ("models", "tasks", "activations", "similarity", "tables", "figures")


class Study:
    """A folder that has been used before, and the outputs of fresh folders, by the edits that they have."""

    def __init__(self, made, folder):
        self.made, self.folder, self.fresh = made, folder, {}
        self.used = copied(made.folder, folder / "used")

    def apply(self, checkout, chosen, changed):
        (checkout.folder / "change.yaml").write_text(yaml.safe_dump(chosen) if chosen else "{}\n")
        for name, pair in CODE.items():
            path, text = checkout.folder / name, (self.made.folder / name).read_text()
            assert text.count(pair[0]) == 1, name
            wanted = text.replace(*pair) if name in changed else text
            if path.read_text() != wanted:
                path.write_text(wanted)

    def expected(self, chosen, changed):
        """Run a fresh folder with these edits, once."""
        key = repr((sorted(chosen.items()), sorted(changed)))
        if key not in self.fresh:
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                new = copied(self.made.folder, Path(folder) / "fresh")
                shutil.rmtree(new.folder / "results")
                shutil.rmtree(new.folder / ".snakemake")
                self.apply(new, chosen, changed)
                new.snakemake(*FIGURES, *TINY)
                self.fresh[key] = new.contents()
        return self.fresh[key]


class Edits:
    """The settings and code that a study has been changed to, and random changes of these and of its files."""

    def __init__(self, study, chance):
        self.study, self.chance, self.chosen, self.changed, self.lost = study, chance, {}, set(), []

    def change_a_setting(self):
        key = self.chance.choice(sorted(SETTINGS))
        others = [value for value in SETTINGS[key] if value != self.chosen.get(key)]
        self.chosen = self.chosen | {key: self.chance.choice(others)}
        return f"{key}: {self.chosen[key]}"

    def change_code_or_change_it_back(self):
        name = self.chance.choice(sorted(CODE))
        self.changed = self.changed ^ {name}
        return name

    def lose_a_file(self):
        part = f"results/tiny/{self.chance.choice(FILES)}/"
        made = self.study.expected(self.chosen, self.changed)
        name = self.chance.choice(sorted(name for name in made if name.startswith(part)))
        path = self.study.used.folder / name
        content, how = path.read_bytes(), self.chance.choice(["deleted", "damaged", "cut"])
        if how != "deleted":
            path.write_bytes(content[:-1] if how == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
            damaged = self.study.used.repdrift("verify", "results/tiny", check=False)
            assert damaged.returncode == 1
            assert f"altered  {name}" in damaged.output
        path.unlink()  # as `verify` says
        self.lost.append(name)
        return f"{name} {how}"

    def run_again(self):
        used = self.study.used
        self.study.apply(used, self.chosen, self.changed)
        # An intermediate file that no job needs now is not made again unless somebody asks for it.
        used.snakemake(*self.lost, *FIGURES, *TINY)
        self.lost.clear()
        expected, made = self.study.expected(self.chosen, self.changed), used.contents()
        assert [name for name in expected if made.get(name) != expected[name]] == []
        assert used.planned(*FIGURES, *TINY) == set()
        # What is there beside them was an output of the study as it was before an edit: of a seed that it had, say.
        assert sorted(made.keys() - set().union(*self.study.fresh.values())) == []


@pytest.fixture
def study(made_tiny, tmp_path):
    return Study(made_tiny, tmp_path)


def test_after_random_edits_the_outputs_are_those_of_a_fresh_folder(study):
    chance = random.Random(EDITS)
    edits = Edits(study, chance)
    for number in range(EDITS):
        edit = chance.choice([edits.change_a_setting, edits.change_code_or_change_it_back, edits.lose_a_file])
        print(f"edit {number + 1}: {edit()}", flush=True)
        edits.run_again()
    print(f"{EDITS} edits, {len(study.fresh)} fresh folders")
