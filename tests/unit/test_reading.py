"""Config files: what can be read is read as Snakemake does, and all else is refused in one line."""

import pytest

from repdrift.errors import UserError
from repdrift.study.config import load


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("", "it is no mapping"),
        ("[1]", "it is no mapping"),
        ("a: [", "expected the node content"),
        (b"a: \xe9", "codec can.t decode"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: 1\nb: 2\na: 1", "a stands twice in a section, in lines 1 and 3"),
        ("a:\n  b: 1\n  'b': 2", "b stands twice in a section, in lines 2 and 3"),
        ("a: [{b: 1, b: 2}]", "b stands twice in a section, in lines 1 and 1"),
        ('{"a": {"b": 1, "b": 2}}', "b stands twice in a section"),
        ("a: &a {b: *a}", "recursive"),
        ("a: &a [1, [*a]]", "recursive"),
        ("[" * 100_000, "recursion"),
        ("- " * 3000, "recursion"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused_in_one_line(content, reason, tmp_path):
    path = tmp_path / "wrong.yaml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=f"wrong.yaml cannot be read as a config: .*{reason}") as caught:
        load([path])
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("\ufeffa: 1", {"a": 1}),
        (
            "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: *x",
            {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}, "e": {"b": 1, "c": 2}},
        ),
        ("1: a\n'1': b", {1: "a", "1": "b"}),
        ('{\n\t"a": 1e-3}', {"a": 0.001}),  # in YAML 1.1, a tab is refused and 1e-3 is text
    ],
)
def test_configs_are_read_as_yaml_or_json(content, expected, tmp_path):
    path = tmp_path / "right.yaml"
    path.write_text(content, encoding="utf-8")
    assert load([path]) == expected
