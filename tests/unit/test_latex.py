"""LaTeX source: texts, names of macros and numbers."""

import math

import pandas as pd
import pytest

from repdrift.errors import UserError
from repdrift.export.finished import over_seeds
from repdrift.export.latex import escaped, letters, macros
from repdrift.export.numbers import of_mean
from repdrift.export.quoted import effect, signed


def test_marks_of_latex_are_escaped():
    assert escaped("50 % of A_1 & B cost $3 {net} #1") == r"50 \% of A\_1 \& B cost \$3 \{net\} \#1"
    assert escaped("C:\\x ~ ^") == r"C:\textbackslash{}x \textasciitilde{} \textasciicircum{}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("G10", "GOneZero"),
        ("G6b", "GSixB"),
        ("cka-debiased, calibrated", "CkaDebiasedCalibrated"),
        ("objects+objects-random9", "ObjectsPlusObjectsRandomNine"),
        ("width-8/objects@4+digits", "WidthEightOfObjectsAtFourPlusDigits"),
    ],
)
def test_names_of_macros_have_letters_alone(name, expected):
    assert letters(name) == expected


def test_a_name_that_no_macro_can_have_is_refused():
    with pytest.raises(UserError, match="'é'"):
        letters("café")


def test_two_values_of_one_name_are_refused():
    with pytest.raises(UserError, match="rdAB"):
        macros([("AB", "1"), ("AB", "2")], "rd")


def test_numbers_have_a_zero_before_the_point_and_a_true_minus():
    assert signed(0.0341) == r"\ensuremath{+0.034}"
    assert signed(-12.34) == r"\ensuremath{-12.3}"
    assert effect(0.03, 0.01, 0.05, "%") == (r"\ensuremath{+0.030} [\ensuremath{+0.010}, \ensuremath{+0.050}] \%")
    assert effect(0.03, math.nan, math.nan, "CKA") == r"\ensuremath{+0.030} CKA"


def test_a_mean_over_seeds_has_its_interval():
    found = dict(of_mean("Name", over_seeds(pd.Series([50.0, 52.0, 54.0])), 1))
    assert found["Name"] == r"\ensuremath{52.0}"
    # Student's t for two degrees of freedom is 4.303, and the standard error 2 / sqrt(3).
    assert found["NameInterval"] == r"[\ensuremath{47.0}, \ensuremath{57.0}]"
    assert set(dict(of_mean("Name", over_seeds(pd.Series([50.0])), 1))) == {"Name"}
