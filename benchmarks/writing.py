"""The check of a language model's sentences over a real index: scripted models that copy a quote, truly or with one thing
changed.

    KB_HOME=… python -m benchmarks.writing tests/quality/questions.jsonl

Each question that is answered without a model is asked again of models that write the answer's first quote, pointing at its
passage: as it is (it should be said), and with the last digit, a country, a month changed or a negation put in (it should be
left out). A change that makes what another sentence beside it says, or the title, is let through: the check looks in up to
three sentences, and knows no roles.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from statistics import median

from kb.chat import Message, Reply
from kb.config import settings_from
from kb.embed import model_identity, open_encoder
from kb.evaluate import load_questions
from kb.generate import Writer
from kb.language import detect
from kb.library import Library
from kb.prompts import seen

COUNTRIES = ("Pakistan", "Uzbekistan", "Kazakhstan", "Tajikistan", "Kyrgyzstan", "Turkmenistan", "Afghanistan")
MONTHS = tuple("January February March April May June July August September October November December".split())
Change = Callable[[str], str]


def next_digit(text: str) -> str:
    return re.sub(r"\d(?=\D*$)", lambda digit: str((int(digit[0]) + 1) % 10), text, count=1)


def another_country(text: str) -> str:
    return _next_but(text, COUNTRIES, 3)


def another_month(text: str) -> str:
    return _next_but(text, MONTHS, 5)


def negated(text: str) -> str:
    return re.sub(r"\b(was|were|is|are)\b", r"\1 not", text, count=1)


def _next_but(text: str, names: tuple[str, ...], step: int) -> str:
    """The first of the names that the text holds, replaced throughout."""
    found = next((name for name in names if re.search(rf"\b{name}\b", text)), "")
    return re.sub(rf"\b{found}\b", names[(names.index(found) + step) % len(names)], text) if found else text


CHANGES: dict[str, Change] = {
    "as it is": str,
    "last digit": next_digit,
    "country": another_country,
    "month": another_month,
    "negation": negated,
}


class Copying:
    """A generator that writes `quote`, changed, and points at the passage that holds it."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.quote = ""

    def complete(self, messages: list[Message]) -> Reply:
        passages = [json.loads(line) for line in messages[-1].text.splitlines() if line.startswith('{"passage"')]
        number = next(passage["passage"] for passage in passages if seen(self.quote) in passage["text"])
        return Reply(f"{self.change(self.quote)} [{number}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--list", action="store_true", help="print the sentences that came out otherwise than they should")
    options = parser.parse_args()
    settings = settings_from({k: v for k, v in os.environ.items() if not k.startswith("KB_LLM_")}, Path.cwd())
    encoder, identity = open_encoder(settings), model_identity(settings)
    plain = Library(settings, lambda: encoder, identity)
    quotes = {}
    for question in load_questions(options.questions):
        answer = plain.ask(question.question, n=1)
        if answer.status == "answered" and detect(question.question) == detect(answer.citations[0].quote):
            quotes[question.question] = answer.citations[0].quote
    print(f"{len(quotes)} questions answered in their own language")
    for name, change in CHANGES.items():
        model = Copying(change)
        library = Library(settings, lambda: encoder, identity, None, Writer(model, "scripted"))
        changed = {question: quote for question, quote in quotes.items() if change is str or change(quote) != quote}
        said, times = 0, []
        for question, model.quote in changed.items():
            answer = library.ask(question, n=1)
            said += answer.written
            times.append(answer.timings_ms["generate"])
            if options.list and answer.written != (change is str):
                print("  ", change(model.quote), answer.generated)
        print(f"{name:>12}: said {said} of {len(changed)}; checked in {median(times):.0f} ms (median)")
        library.close()


if __name__ == "__main__":
    main()
