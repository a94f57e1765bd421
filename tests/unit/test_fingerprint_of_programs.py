"""The fingerprints of the package's own programs: what each depends on, and that nothing escapes them."""

import ast
import shutil

import pytest

from repdrift.places import PACKAGE
from repdrift.provenance import fingerprint, parts
from repdrift.provenance.statements import Package


def test_every_program_and_drawing_has_a_fingerprint_of_its_own():
    programs = {fingerprint.fingerprint(name) for name in parts.programs()}
    drawings = {fingerprint.fingerprint("figure", f"drawing {name}") for name in parts.drawings()}
    assert len(programs | drawings) == len(parts.programs()) + len(parts.drawings())


MEASURING = [
    "activations", "similarity", "curve", "layers_of_networks", "sensitivity_of_runs", "transfer_similarity_of_pairs",
    "transfer_barrier_of_pairs", "transfer_criticality_of_parts", "transfer_rates_of_starts",
    "transferability_of_networks", "head2toe_features", "head2toe_probes", "head2toe_tuning",
    "movement_of_networks", "decodability_of_networks", "grounding_of_pairs",
]  # fmt: skip


@pytest.mark.parametrize("program", MEASURING)
def test_a_measuring_program_does_not_depend_on_how_training_jobs_run(program):
    used = set(fingerprint.modules(program))
    assert "networks.conv4" in used or "similarity.cka" in used
    assert not used & {"training.jobs", "training.progress"}


@pytest.mark.parametrize("program", ["dataset", "task", "initialise", "train", *MEASURING])
def test_no_training_or_measurement_depends_on_claims_or_margins(program):
    used = {name for name in fingerprint.modules(program) if name.startswith("claims")}
    assert used <= {"claims.contrasts"}  # the name of a column


def test_a_figure_depends_on_its_own_drawing_and_on_no_plan_or_claim():
    for name, module in parts.drawings().items():
        used = set(fingerprint.modules("figure", f"drawing {name}"))
        assert used & set(parts.drawings().values()) == {module}
        assert "figures.style" in used
        planned = [
            each for each in used if each.startswith("experiments.") and each.endswith((".claims", ".experiment"))
        ]
        assert not planned and not [each for each in used if each.startswith(("plan.", "study."))]


def test_a_similarity_depends_on_the_estimators_that_it_is_asked_for():
    one = set(fingerprint.modules("similarity", "estimator procrustes"))
    assert "similarity.procrustes" in one
    assert not one & {"similarity.cka", "similarity.cca", "similarity.rsa", "similarity.neighbours"}
    spec = {"estimators": ["procrustes", "svcca"]}
    assert set(fingerprint.modules("curve", *parts.loaded(spec))) >= {"similarity.procrustes", "similarity.cca"}
    # A number in the name of an estimator is a setting, and the code is the same.
    assert parts.loaded({"estimators": ["rbf-cka-biased@0.5", "rbf-cka-biased"]}) == ["estimator rbf-cka-biased"]


def of_data_set(package, reader):
    more = parts.loaded({"dataset": {"reader": reader}, "split": "train"})
    return fingerprint.trace(package, "dataset", more).fingerprint


def test_a_data_set_depends_on_the_entry_of_its_own_reader(copy):
    readers = ("cifar10", "svhn", "mnist", "objects", "npz")
    before = {reader: of_data_set(Package(copy), reader) for reader in readers}
    path = copy / "data" / "readers.py"
    path.write_text(path.read_text().replace("26_032", "26_031"))
    after = {reader: of_data_set(Package(copy), reader) for reader in readers}
    assert [reader for reader in readers if before[reader] != after[reader]] == ["svhn"]
    # The task's data set is a name, and a task reads no raw images.
    assert parts.loaded({"dataset": "svhn"}) == []


@pytest.fixture
def copy(tmp_path):
    """Copy of the package itself, whose files can be changed."""
    root = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_an_edit_anywhere_in_the_package_counts_exactly_if_it_is_reached(copy):
    """Every function and class of the modules that are imported is edited once, one after the other."""
    program, more = "similarity", ("estimator rsa-spearman",)
    package = Package(copy)
    reached = fingerprint.reach(package, program, more)
    before = fingerprint.trace(package, program, more).fingerprint
    counts = {True: 0, False: 0}
    for module in {statement.module for statement in reached.numbers}:
        path = package.files[module.name]
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                last = node.body[-1]
                lines = text.splitlines(keepends=True)
                lines.insert(last.end_lineno, " " * last.col_offset + "edited = 1\n")
                path.write_text("".join(lines))
                after = fingerprint.trace(Package(copy), program, more).fingerprint
                path.write_text(text)
                (statement,) = module.bindings[node.name]
                assert (after != before) == (statement in reached.numbers), f"{module.name}.{node.name}"
                counts[after != before] += 1
    assert min(counts.values()) > 5


def test_no_program_reads_a_file_of_the_package_that_is_no_code():
    """Such a file would have to lie beside a module, and the module would ask where it lies itself."""
    package = Package(PACKAGE)
    for program in parts.programs():
        for statement in fingerprint.reach(package, program).numbers:
            assert "Name __file__" not in statement.lines.lines, f"{program}: {statement.module.name}"


# Decorators of libraries that change nothing but what they decorate.
DECORATORS = {
    "abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "dataclass", "property",
    "staticmethod", "torch.inference_mode", "torch.no_grad",
}  # fmt: skip
# Where a module is imported by a name that is made when the program runs.
BY_NAME = {
    "__init__.py",
    "cli.py",
    "comparison/comparison.py",
    "figures/__init__.py",
    "machine/launcher_process.py",
    "registry.py",
    "stages/__main__.py",
    "similarity/__init__.py",
}


def test_the_package_does_nothing_that_a_fingerprint_cannot_follow():
    """No code from text, nothing registered or bound behind the back of who reads it, no module by a made name."""
    for path in PACKAGE.rglob("*.py"):
        name = str(path.relative_to(PACKAGE))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name):
                assert node.id not in ("eval", "exec", "globals", "__import__"), name
                assert node.id != "import_module" or name in BY_NAME, name
            if isinstance(node, ast.ClassDef):
                assert not node.keywords, f"{name}: {node.name}: a metaclass may register its classes"
                quoted = [each for each in node.body if isinstance(getattr(each, "annotation", None), ast.Constant)]
                assert not quoted, f"{name}: {node.name}: what a field is made of must not be a text"
                methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                assert not methods & {"__init_subclass__", "__set_name__"}, f"{name}: {node.name}"
            for decorator in getattr(node, "decorator_list", []):
                used = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
                assert used in DECORATORS, f"{name}: {used}: does it only change what it decorates?"
