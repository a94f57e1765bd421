"""Every rule calls a program that there is, and is run again when the code of this program changes."""

import re

from tests.unit.rules import programs_of_rules, rules

from repdrift.provenance.parts import programs


def test_every_program_is_called_by_a_rule_and_no_other_is():
    assert set(programs_of_rules().values()) == set(programs())


def test_the_fingerprint_of_a_rule_is_that_of_the_program_that_it_calls():
    code = r'\bcode=(?:lambda w: )?(?:fingerprint|code_of)\(\s*"(\w+)"'
    fingerprints = {name: re.search(code, text).group(1) for name, text in rules().items()}
    assert fingerprints == programs_of_rules()
