"""HTML, Markdown, plain text, JSONL and the metadata sidecars."""

from __future__ import annotations

import html
import json
from typing import Any

from source import Piece, Written, source_line, split_front_matter

STYLE = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 Georgia,serif;color:#1b1b1b}"
    "h1,h2,h3{line-height:1.25}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #999;padding:.3rem .5rem;text-align:start}"
    ".sources p{font-size:.9rem;overflow-wrap:anywhere}"
)
PAGE = """<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta name="author" content="{publisher}">
<meta name="date" content="{date}">
<style>{style}</style>
</head>
<body>
<main>
<article>
<h1>{title}</h1>
{body}
<section class="sources">
<h2>{heading}</h2>
{notes}
</section>
</article>
</main>
</body>
</html>
"""


def as_html(document: Written) -> bytes:
    return PAGE.format(
        language=document.meta["language"],
        direction="rtl" if document.meta["language"] == "ur" else "ltr",
        title=html.escape(document.title),
        publisher=document.meta["publisher"],
        date=document.meta["date"],
        style=STYLE,
        body="\n".join(filter(None, map(_html_piece, document.pieces))),
        heading=document.sources_heading,
        notes="\n".join(f"<p>{html.escape(note)}</p>" for note in document.notes),
    ).encode()


def _html_piece(piece: Piece) -> str:
    if piece.kind == "table":
        head, *rows = piece.rows
        lines = [_html_row(head, "th"), *(_html_row(row, "td") for row in rows)]
        return "<table>\n" + "\n".join(lines) + "\n</table>"
    if piece.kind in ("page", "body"):
        return ""
    text = html.escape(piece.text, quote=False)
    return f"<ul><li>{text}</li></ul>" if piece.kind == "li" else f"<{piece.kind}>{text}</{piece.kind}>"


def _html_row(cells: tuple[str, ...], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell, quote=False)}</{tag}>" for cell in cells) + "</tr>"


def as_markdown(document: Written) -> bytes:
    head = "".join(f"{name}: {_yaml(value)}\n" for name, value in document.meta.items() if name != "status_date" or value)
    body = "\n\n".join(filter(None, map(_markdown_piece, document.pieces)))
    notes = "\n".join(document.notes)
    return f"---\n{head}---\n\n# {document.title}\n\n{body}\n\n## {document.sources_heading}\n\n{notes}\n".encode()


def _yaml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a YAML string; quoting keeps dates strings


def _markdown_piece(piece: Piece) -> str:
    if piece.kind == "table":
        head, *rows = piece.rows
        lines = [head, tuple("---" for _ in head), *rows]
        return "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return {"h2": "## ", "h3": "### ", "li": "- "}.get(piece.kind, "") + piece.text


def as_plain(document: Written) -> bytes:
    parts = [document.title, *(part for piece in document.pieces for part in _plain_parts(piece)), document.sources_heading]
    return ("\n\n".join(parts) + "\n\n" + "\n".join(document.notes) + "\n").encode()


def _plain_parts(piece: Piece) -> list[str]:
    """A table's row is a paragraph of its own that names each cell's column."""
    if piece.kind != "table":
        return [piece.text] if piece.text else []
    head, *rows = piece.rows
    return ["; ".join(f"{name}: {cell}" for name, cell in zip(head, row, strict=True) if cell) + "." for row in rows]


def as_jsonl(text: str, sources: dict[str, dict[str, str]]) -> tuple[bytes, dict[str, Any]]:
    """News items: front matter, then items parted by "===": `key: value` lines, an empty line, paragraphs.

    Returns the file's bytes and the sidecar's metadata: what all lines share. Each line is one document.
    """
    head, body = split_front_matter(text)
    meta = {name: value for name, value in head.items() if name in ("kind", "publisher", "language")}
    lines = [_item(raw.strip(), meta, sources) for raw in body.split("\n===\n")]
    return ("\n".join(lines) + "\n").encode(), meta


def _item(raw: str, meta: dict[str, Any], sources: dict[str, dict[str, str]]) -> str:
    top, text = raw.split("\n\n", 1)
    fields = dict(line.split(": ", 1) for line in top.splitlines())
    cited = [sources[key] for key in fields.pop("sources").split()]
    countries = fields.pop("countries").split()
    projects = fields["projects"].split("; ") if "projects" in fields else []
    lead = "Source: " if len(cited) == 1 else "Sources: "
    text = text.strip() + "\n\n" + lead + "; ".join(source_line(item, "en") for item in cited)
    item = {"id": fields["id"], "title": fields["title"], "date": fields["date"], **meta, "countries": countries}
    item |= {"projects": projects, "parties": [], "status": ""}
    return json.dumps(item | {"url": cited[0]["url"], "sources": [row["url"] for row in cited], "text": text}, ensure_ascii=False)


def as_sidecar(meta: dict[str, Any]) -> bytes:
    return "".join(f"{name} = {_yaml(value)}\n" for name, value in meta.items() if name != "status_date" or value).encode()
