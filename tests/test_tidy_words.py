"""The field's terms and no private ones, in code, docs, dashboard and reports; docs/glossary.md defines them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.source import ROOT, report
from tests.test_tidy import tracked_texts

INSTEAD = {
    r"boldness|temper": "adaptive rate",
    r"chang\w+ (?:its|their) minds?|tipping points?": "switch, indifference threshold",
    r"chores?|deput(?:y|ies)": "keeper duty, backup keeper",
    r"crook(?:s|ed)?": "dishonest",
    r"dear": "expensive",
    r"doors?": "server",
    r"dockets?": "reports, evidence review",
    r"endowments?": "pool, initial funding",
    r"fates?": "outcome",
    r"furnish\w*|briefings?|opening moves|lends to": "deploy, initial state, bootstrap transactions, spender",
    r"got away with it": "undetected",
    r"hush\w*|speech(?:es)?": "stop, generation",
    r"lied so far|standing in the past": "no fraud yet, replaying",
    r"mended": "fixed, corrected",
    r"own accord": "voluntary",
    r"participants? with interests": "rational participant",
    r"purses?": "balance",
    r"seasons?|villages?": "update period, population",
    r"shel(?:f|ves)": "batch key",
    r"spoils": "adversary gains",
    r"bad weather|storm(?:s|y)?": "faults, fault tolerance",
    r"take stock": "read_final_balances",
    r"vain": "failed",
    r"visit(?:s|ed|ors?)?|knock(?:s|ed|ing)?": "external client, caller, request",
    r"vouch(?:es|ed)?": "sign, answer for",
    r"watchful": "chain observer",
    r"wronged": "false positive",
}
"""What is not said here, and the term for it."""

SKIPPED = (
    "tests/data/",
    "tests/snapshots/",
    "reports/vendor/",
    "package-lock.json",
    "requirements/",
    "tests/test_tidy_words.py",
)
"""Recordings, what others wrote, and this list."""

WORDS = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(INSTEAD).replace(' ', '[ _]')})(?![A-Za-z])", re.IGNORECASE)


def private_words(text: str) -> Iterator[tuple[int, str]]:
    """Line and word of each."""
    for found in WORDS.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def test_no_file_has_a_private_word() -> None:
    report(
        f"{place}:{line} says '{word}'; the term is: {term_for(word)}"
        for place, text in tracked_texts()
        if not place.startswith(SKIPPED)
        for line, word in private_words(text)
    )


def term_for(word: str) -> str:
    """What to say instead."""
    said = word.replace("_", " ")
    return next(term for pattern, term in INSTEAD.items() if re.fullmatch(pattern, said, re.IGNORECASE))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def purse_of(node): ...", ["purse"]),
        ("PURSES = {}", ["PURSES"]),
        ("def of_its_own_accord(): ...\n# of its own accord", ["own_accord", "own accord"]),
        ("a deadline, a bookshelf, a fateful day, a trapdoor", []),
        ("expect_visitors, visits of visitor-1, by the door", ["visitors", "visits", "visitor", "door"]),
        ("Participants with interests", ["Participants with interests"]),
    ],
)
def test_a_private_word_is_found_in_names_and_in_prose(text: str, words: list[str]) -> None:
    assert [word for _, word in private_words(text)] == words


def test_the_glossary_defines_each_term_once_and_no_private_one() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text()
    terms = [term for cell in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for term in cell.split(", ")]
    terms = [term for term in terms if term not in ("term", "---")]
    assert len(terms) == len(set(terms)) > 70
    assert not [term for term in terms if WORDS.fullmatch(term)]
