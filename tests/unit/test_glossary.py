"""The abbreviations that a report explains: those that it shows, as whole words."""

import pytest

from repdrift.claims.glossary import glossary


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two P-T are closer than two RI-T", ["P-T", "RI-T"]),
        ("P-T closer to P", ["P", "P-T"]),
        ("T is above 1 (CKA)", ["CKA", "T"]),
        ("d = 9, N = 64 to 4,096", ["d", "N"]),
        ("Labels change Networks, and Points", []),
        ("+2.17 ln ratio, 3 points", ["ln ratio", "points"]),
    ],
)
def test_only_whole_words_are_explained(text, words):
    assert list(glossary([text])) == words
