"""How well the check of a language model's sentences tells those that their passage bears out from those that it does not.

    python -m benchmarks.support                the committed pairs, all checks of kb.support, and the bounds from .70 to .86

The pairs (support_pairs.jsonl) are sentences on passages in our own words: faithful ones, the same in another language, wrong
ones that keep all names and figures and turn what happened, and ones that go beyond the passage. The bounds of kb.support were
chosen on them: what this prints is not held out, except the last lines, where each passage's bound is chosen on the other
passages.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kb import support
from kb.claim_facts import facts_in
from kb.config import settings_from
from kb.embed import Encoder, open_encoder
from kb.gazetteer import Gazetteer
from kb.language import detect
from kb.markers import Claim
from kb.maxsim import pack, unpack
from kb.records import DocumentSummary, Hit, Locator, Metadata, Passage

PAIRS = Path(__file__).with_name("support_pairs.jsonl")
KINDS = ("faithful", "translated", "wrong", "beyond")
KEPT = 0.9  # share of the sentences borne out that a bound has to let through
BOUNDS = [round(0.70 + 0.01 * n, 2) for n in range(17)]


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair: its support by the least supported word, and what the whole check says with the committed bounds."""

    passage: str
    sentence: str
    kind: str
    across: bool
    score: float
    accepted: bool
    reason: str

    @property
    def supported(self) -> bool:
        return self.kind in ("faithful", "translated")


def source_of(text: str, encoder: Encoder) -> support.Source:
    """A passage that stands alone, as if it had been retrieved."""
    encoded = encoder.encode_passages([text], [""])[0]
    passage = Passage("p", "d", 0, text, Locator(0, len(text)), detect(text))
    summary = DocumentSummary("d", "pairs/d", Metadata(), "text/plain", len(text), 1, 0)
    return support.Source(Hit(passage, summary, 1.0), unpack(pack(encoded.tokens, encoded.starts, encoded.ends)))


def scored(rows: Sequence[dict[str, str]], encoder: Encoder, gazetteer: Gazetteer) -> list[Scored]:
    sources = {row["passage"]: source_of(row["passage"], encoder) for row in rows}
    found = []
    for row in rows:
        source, sentence = sources[row["passage"]], row["sentence"]
        checker = support.Checker([source], encoder, gazetteer)
        window = checker._best(1, facts_in(sentence, gazetteer), encoder.encode_query(sentence))
        verdict = checker.check(Claim(sentence, (1,)))
        across = detect(sentence) != detect(row["passage"])
        score = window.score if window else 0.0
        found.append(Scored(row["passage"], sentence, row["kind"], across, score, bool(verdict.quotes), verdict.reason))
    return found


def held_out(pairs: Sequence[Scored]) -> dict[str, float]:
    """Shares accepted by score alone, each passage judged by the bound that keeps KEPT of the sentences on the other passages."""
    accepted: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for pair in pairs:
        others = sorted(p.score for p in pairs if p.passage != pair.passage and p.across == pair.across and p.supported)
        accepted[pair.kind].append(pair.score >= others[int(len(others) * (1 - KEPT))])
    return {kind: sum(values) / len(values) for kind, values in accepted.items() if values}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    pairs = scored(rows, open_encoder(settings_from(os.environ, Path.cwd())), Gazetteer.load())
    for across in (False, True):
        part = [pair for pair in pairs if pair.across == across]
        print(f"{'across languages' if across else 'within a language'}: {len(part)} pairs; share accepted by support alone")
        print("bound " + " ".join(f"{kind:>10}" for kind in KINDS))
        for bound in BOUNDS:
            shares = [[pair.score >= bound for pair in part if pair.kind == kind] for kind in KINDS]
            print(f"{bound:5.2f} " + " ".join(f"{sum(s) / len(s):10.2f}" if s else f"{'–':>10}" for s in shares))
    print("\nall checks, committed bounds (within .. across):", support.BOUND, support.BOUND_ACROSS)
    for kind in KINDS:
        for across in (False, True):
            part = [pair for pair in pairs if pair.kind == kind and pair.across == across]
            if part:
                share = sum(p.accepted for p in part) / len(part)
                print(f"{kind:>10} {'across' if across else 'within'}: accepted {share:.2f} of {len(part)}")
    print("\nsupport alone, bound chosen on other passages:", {k: round(v, 2) for k, v in held_out(pairs).items()})
    for pair in pairs:
        if pair.supported != pair.accepted:
            print(f"{'lost' if pair.supported else 'let through'} {pair.score:.3f} {pair.sentence} | {pair.reason}")


if __name__ == "__main__":
    main()
