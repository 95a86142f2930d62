"""The reader's commands: `python -m kb ask | search | show | info | eval`, and those that copy (see kb.commands_copy).

Exit status 0: fine (an abstention is), 1: something failed, 2: wrong use. With `-` for the question, one question a line is
read from standard input and one JSON object a line is written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kb import commands_copy
from kb.config import settings_from
from kb.connections import store_errors
from kb.errors import KnowledgeBaseError, NotFound, StoreUnavailable
from kb.evaluate import evaluate, load_questions, markdown, readable
from kb.generate import in_words as by_model
from kb.library import Library
from kb.records import KINDS, Answer, ConflictValue, Filters, IndexManifest, Locator, SearchPage, Statement
from kb.serialize import answer_json, document_json, manifest_json, passage_json, reading_json, search_json
from kb.staging import STORE_FILE
from kb.understood import in_words

EXAMPLES = """examples:
  python -m kb ask "When was the QTTA signed?"
  python -m kb ask "Какова протяжённость линии CASA-1000?" --kind policy_paper --json
  python -m kb search "transit fee" --country TJ --from 2016 -n 5
  python -m kb ask - < questions.txt            one question a line in, one JSON object a line out
  python -m kb show 1a2b3c4d5e6f7a8b            a document with its whole text, or a passage
  python -m kb show 1a2b3c4d5e6f7a8b --report   how it was read: by what, pages by OCR, warnings
  python -m kb eval questions.jsonl --json      recall, evidence, citations and abstentions, measured
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = settings_from(os.environ, Path.cwd())
        with store_errors(settings.home / STORE_FILE):
            if hasattr(options, "run_with_settings"):
                return int(options.run_with_settings(options, settings))
            return int(options.run(options, Library.open(settings)))
    except KnowledgeBaseError as error:
        print(f"kb: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our output has left; say nothing at exit
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kb", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("ask", help="a cited answer, or an abstention")
    command.add_argument("question", metavar="QUESTION", help="'-' reads one a line from standard input")
    _add_filters(command)
    command.set_defaults(run=_ask)
    command = commands.add_parser("search", help="ranked passages")
    command.add_argument("question", metavar="QUERY", help="'-' reads one a line from standard input")
    _add_filters(command)
    command.set_defaults(run=_search)
    command = commands.add_parser("show", help="a document with its whole text, or a passage")
    command.add_argument("id", metavar="ID")
    command.add_argument("--report", action="store_true", help="how the document was read: reader, pages, OCR, warnings")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_show)
    command = commands.add_parser("info", help="the published index: generation, digest, models, counts")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_info)
    command = commands.add_parser("eval", help="measure answers to the questions of a file")
    command.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    command.add_argument("--json", action="store_true")
    command.add_argument("--markdown", action="store_true", help="tables of Markdown")
    command.set_defaults(run=_eval)
    commands_copy.add(commands)
    return parser


def _add_filters(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--country", action="append", default=[], metavar="UZ", help="ISO code or name; may be repeated, as those below")
    add("--kind", action="append", default=[], metavar="KIND", help=", ".join(KINDS))
    add("--language", action="append", default=[], metavar="ru", help="of the document, ISO 639-1")
    add("--publisher", action="append", default=[], metavar="NAME")
    add("--collection", action="append", default=[], metavar="NAME", help="the folder that was indexed")
    add("--document", action="append", default=[], metavar="ID")
    add("--from", dest="date_from", default="", metavar="DATE", help="2021, 2021-07 or 2021-07-15")
    add("--to", dest="date_to", default="", metavar="DATE")
    add("-n", type=int, default=10, metavar="N", help="passages (default 10)")
    add("--no-expand", dest="expand", action="store_false", help="do not search for other names of what the question names")
    add("--json", action="store_true")


def _filters(options: argparse.Namespace) -> Filters:
    lists = {
        name: tuple(getattr(options, name)) for name in ("country", "kind", "language", "publisher", "collection", "document")
    }
    return Filters(**lists, date_from=options.date_from, date_to=options.date_to)


def _ask(options: argparse.Namespace, library: Library) -> int:
    def one(question: str) -> dict[str, Any]:
        return answer_json(library.ask(question, _filters(options), options.n, expand=options.expand))

    if options.question == "-":
        return _batch(one)
    answer = library.ask(options.question, _filters(options), options.n, expand=options.expand)
    print(json.dumps(answer_json(answer), ensure_ascii=False) if options.json else _readable_answer(answer))
    return _told_of(answer.index)


def _search(options: argparse.Namespace, library: Library) -> int:
    def one(query: str) -> dict[str, Any]:
        return search_json(library.search(query, _filters(options), options.n, expand=options.expand))

    if options.question == "-":
        return _batch(one)
    page = library.search(options.question, _filters(options), options.n, expand=options.expand)
    print(json.dumps(search_json(page), ensure_ascii=False) if options.json else _readable_search(page))
    return _told_of(page.index)


def _told_of(index: IndexManifest | None) -> int:
    """The exit status; on standard error what could not be searched, so that it stands beside JSON as well."""
    if index is None or not index.partial:
        return 0
    print(
        f"kb: a part of the collection could not be searched: {', '.join(index.missing)} does not answer. The answer is from the "
        "rest; ask again in a while, or start that server.",
        file=sys.stderr,
    )
    return 1


def _batch(one: Callable[[str], dict[str, Any]]) -> int:
    """A question that cannot be served gives an object with its error, and the others go on. An answer from a part of the
    collection says so in its object, and in the exit status."""
    failed = False
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            result = one(line.strip())
            failed |= bool((result["index"] or {}).get("partial"))
        except KnowledgeBaseError as error:
            failed = True
            result = {"question": line.strip()[:200], "error": {"status": error.status, "detail": str(error)}}
        print(json.dumps(result, ensure_ascii=False), flush=True)
    return 1 if failed else 0


def _show(options: argparse.Namespace, library: Library) -> int:
    if options.report:
        told = reading_json(library.document(options.id))
        print(json.dumps(told, ensure_ascii=False) if options.json else _readable_report(told))
        return 0
    try:
        shown, text = document_json(document := library.document(options.id)), document.text
    except NotFound:
        try:
            shown, text = passage_json(passage := library.passage(options.id)), passage.text
        except NotFound:
            raise NotFound(f"no document or passage has the id {options.id!r}; `python -m kb search` shows their ids.") from None
    if options.json:
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    for name, value in shown.items():
        if name not in ("text", "blocks", "pages", "stated", "references") and value not in ("", [], None):
            print(f"{name}: {value}")
    for fact in shown.get("stated", ()):
        print(f"the text states {fact['kind'].replace('_', ' ')}: {fact['value']}")
    if links := shown.get("references"):
        print(f"references to articles and annexes: {len(links)} (--json shows them)")
    print(f"\n{text}")
    return 0


def _readable_report(told: dict[str, Any]) -> str:
    values = {name: value for name, value in told.items() if name not in ("blocks", "ocr", "empty_pages", "warnings")}
    values["blocks"] = ", ".join(f"{count} {kind}" for kind, count in told["blocks"].items())
    values["read by OCR"] = ", ".join(f"page {one['page']} at {100 * one['confidence']:.0f} %" for one in told["ocr"])
    values["pages without text"] = ", ".join(map(str, told["empty_pages"]))
    lines = [f"{name}: {value}" for name, value in values.items() if value not in ("", 0)]
    return "\n".join([*lines, *(f"warning: {warning}" for warning in told["warnings"])])


def _info(options: argparse.Namespace, library: Library) -> int:
    values = manifest_json(library.ready()) | {"models": library.models()}
    print(json.dumps(values) if options.json else "\n".join(_plain_lines(values)))
    return 0


def _plain_lines(values: Mapping[str, Any], within: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _plain_lines(value, f"{within}{name}.")
        elif isinstance(value, bool):
            yield f"{within}{name}: {'yes' if value else 'no'}"
        else:
            yield f"{within}{name}: {', '.join(map(str, value)) or 'none' if isinstance(value, list | tuple) else value}"


def _eval(options: argparse.Namespace, library: Library) -> int:
    metrics = evaluate(library, load_questions(options.questions))
    if missing := library.info().missing:
        raise StoreUnavailable(f"a part of the collection is missing ({', '.join(missing)}): figures would be of the rest alone.")
    told = markdown(metrics) if options.markdown else readable(metrics)
    print(json.dumps(metrics, ensure_ascii=False) if options.json else told)
    return 0


def _readable_answer(answer: Answer) -> str:
    if answer.status == "abstained":
        who = "documents that could be searched" if answer.index.partial else "documents"
        lines = [f"The {who} do not say (confidence {answer.confidence:.2f}).", str(answer.reason), *_read_as(answer)]
        if answer.nearest:
            lines.append("\nNearest passages:")
        for hit in answer.nearest[:3]:
            lines += [f"  {hit.document.metadata.title}, {_place(hit.passage.locator)}", _quoted(hit.passage.text[:300])]
        return "\n".join(lines)
    lines = [*(_readable_statement(statement) for statement in answer.statements), ""]
    lines += [note, ""] if (note := by_model(answer)) else []
    for conflict in answer.conflicts:
        heading = f"Sources disagree on {conflict.about}" if conflict.contradicts else f"Changed over time, {conflict.about}"
        lines += [f"{heading}:", *map(_readable_value, conflict.values), ""]
    lines += [f"Confidence {answer.confidence:.2f}. Sources:"]
    for citation in answer.citations:
        metadata = citation.document.metadata
        about = ", ".join(part for part in (metadata.title, metadata.publisher, metadata.published) if part)
        lines += [f"[{citation.marker}] {about}, {_place(citation.locator)}", f"    {citation.document.uri}"]
        lines += [f"    “{citation.quote}”"] if answer.written else []  # else the statements are the quotes
    return "\n".join([*lines, *_read_as(answer)])


def _read_as(answer: Answer) -> list[str]:
    also = [f"Also searched: {', '.join(answer.also_searched)}."] if answer.also_searched else []
    return ([f"{in_words(answer.understood)}."] if answer.understood else []) + also


def _readable_statement(statement: Statement) -> str:
    """The quote with its markers, in a terminal with what answers in bold; what it leans on before it, in brackets."""
    text = statement.text
    for start, end in reversed(statement.emphasis if sys.stdout.isatty() else ()):  # a file keeps the quote as it is
        text = f"{text[:start]}\033[1m{text[start:end]}\033[0m{text[end:]}"
    context = f"[{statement.context}]\n" if statement.context else ""
    as_of = f" (as of {statement.as_of})" if statement.as_of else ""
    return f"{context}{text} {''.join(f'[{marker}]' for marker in statement.citations)}{as_of}"


def _readable_value(value: ConflictValue) -> str:
    facts = (
        value.period and f"for {value.period}",
        value.said_by and f"according to {value.said_by}",
        value.as_of and f"as of {value.as_of}",
        "superseded since" if value.superseded else "",
    )
    return f"  {' · '.join([value.value, *filter(None, facts)])} [{value.citation}]"


def _readable_search(page: SearchPage) -> str:
    lines = [f"also searched: {', '.join(page.also_searched)}"] if page.also_searched else []
    for rank, hit in enumerate(page.items, 1):
        lines += [
            f"{rank}. {hit.document.metadata.title}, {_place(hit.passage.locator)}  [{hit.passage.id}]",
            _quoted(hit.passage.text),
        ]
    return "\n".join(lines or ["No passage matches."])


def _place(locator: Locator) -> str:
    place = locator.pinpoint or " › ".join(locator.section) or f"characters {locator.start}–{locator.end}"
    return place if locator.ocr is None else f"{place}, read by OCR at {100 * locator.ocr:.0f} %"


def _quoted(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 110, initial_indent="    ", subsequent_indent="    ")


if __name__ == "__main__":
    sys.exit(main())
