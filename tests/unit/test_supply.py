"""Nothing in the package runs text as code: no eval, no pickle, no shell but that of the rules, and these quote."""

import ast
import re

import pytest
from tests.checkout import REPOSITORY
from tests.unit.rules import FILES

MODULES = sorted((REPOSITORY / "workflow").rglob("*.py"))
# Calls that can run what is in a text or a file. np.load and torch.load are looked at below.
FORBIDDEN = {
    "eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "joblib.load", "marshal.loads", "subprocess.getoutput",
}  # fmt: skip
# Calls that are safe with one value of a keyword, and what they do without it.
SAFE_WITH = {"np.load": ("allow_pickle", False, "safe"), "torch.load": ("weights_only", True, "it depends")}
# What a rule may put into its command without quotes: a number, a hash, and names that the rules themselves have.
UNQUOTED = {"{params.gpus}", "{params.code}", "{params.program}"}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: word.value for word in node.keywords}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_module_runs_no_text(path):
    for name, keywords in calls(ast.parse(path.read_text(encoding="utf-8"))):
        assert name not in FORBIDDEN, name
        assert "shell" not in keywords, name
        if name in SAFE_WITH:
            keyword, value, without = SAFE_WITH[name]
            assert ast.literal_eval(keywords[keyword]) is value if keyword in keywords else without == "safe", name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_command_quotes_whatever_comes_from_a_config_or_a_file(path):
    text = path.read_text(encoding="utf-8")
    used = set(re.findall(r"\{(?:params|input|output|log|wildcards)[.:][^{}]*\}", text))
    used |= set(re.findall(r"\{\{(?:input|output|log)\}\}", text))
    assert {text for text in used if not text.endswith(":q}")} <= UNQUOTED


def test_the_places_that_are_looked_at_are_there():
    found = {name for path in MODULES for name, _ in calls(ast.parse(path.read_text(encoding="utf-8")))}
    assert {"np.load", "torch.load", "yaml.safe_load", "subprocess.run"} <= found
    assert "{params.spec:q}" in (REPOSITORY / "workflow" / "rules" / "common.smk").read_text(encoding="utf-8")
