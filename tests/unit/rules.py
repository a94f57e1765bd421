"""The rules of the workflow as their files say them, for tests that hold other files against them."""

import re

from tests.checkout import REPOSITORY

FILES = sorted((REPOSITORY / "workflow").rglob("*.smk"))
HEADING = re.compile(r"^(?:use rule (?P<base>\w+) as|rule) (?P<name>\w+)(?: with)?:\n", re.MULTILINE)


def rules():
    """Give the text of each rule by its name, followed by the texts of the rules that it inherits from."""
    found = {}
    for path in FILES:
        text = path.read_text()
        headings = list(HEADING.finditer(text))
        for number, heading in enumerate(headings):
            end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
            found[heading["name"]] = (heading["base"], text[heading.end() : end])
    return {name: "".join(_inherited(found, name)) for name in found}


def _inherited(found, name):
    base, text = found[name]
    yield text
    if base:
        yield from _inherited(found, base)


def programs_of_rules():
    """Give the program that each rule calls, by the rule's name."""
    return {name: _program(text) for name, text in rules().items()}


def _program(text):
    called = re.search(r'\bprogram\(\s*"([^"]+)"', text).group(1)
    # Rules that share a command name their programs in a parameter.
    return re.search(r'\bprogram=.*"(\w+)"', text).group(1) if called == "{params.program}" else called
