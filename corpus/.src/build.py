"""Rebuild the starter corpus from its readable sources: python corpus/.src/build.py [--check].

Needs reportlab, Pillow, python-docx, openpyxl and PyYAML, and the fonts of Debian's fonts-noto-core. `--check` writes nothing and
exits 1 if a file of the corpus differs from what its source gives, is missing, or has no source.
"""

from __future__ import annotations

import sys
from pathlib import Path

import contents
import source
import write_docx
import write_mail
import write_pdf
import write_scan
import write_table
import write_text

HERE = Path(__file__).parent
CORPUS = HERE.parent
README = "README.md"
FOLDERS = ("agreements", "policy", "news", "data")
WRITERS = {
    ".pdf": lambda document: (write_scan.as_scan if document.layout == "scan" else write_pdf.as_pdf)(document),
    ".docx": write_docx.as_docx,
    ".eml": write_mail.as_mail,
    ".csv": write_table.as_csv,
    ".xlsx": write_table.as_xlsx,
    ".html": write_text.as_html,
    ".md": write_text.as_markdown,
    ".txt": write_text.as_plain,
}


def built() -> dict[str, bytes]:
    """Path below corpus/ → bytes, of every document and sidecar, and of the README that lists them."""
    sources = source.public_sources()
    documents = [source.load(path, sources) for path in sorted(HERE.glob("*/*.md"))]
    files: dict[str, bytes] = {}
    for document in documents:
        files[document.out] = WRITERS[Path(document.out).suffix](document)
        if not document.out.endswith(".md"):
            files[document.out + ".meta.toml"] = write_text.as_sidecar(document.meta)
    items = {}
    for path in sorted(HERE.glob("*/*.items")):
        out = f"{path.parent.name}/{path.stem}.jsonl"
        items[out], meta = write_text.as_jsonl(path.read_text(encoding="utf-8"), sources)
        files[out + ".meta.toml"] = write_text.as_sidecar(meta)
    readme = (CORPUS / README).read_text(encoding="utf-8")
    return files | items | {README: contents.placed(readme, contents.contents(documents, items)).encode()}


def present() -> set[str]:
    """The files that should have a source."""
    found = (path for folder in FOLDERS for path in (CORPUS / folder).rglob("*"))
    return {path.relative_to(CORPUS).as_posix() for path in found if path.is_file() and not path.name.startswith(".")}


def differences(files: dict[str, bytes]) -> list[str]:
    """One sentence for each file that is not as built."""
    faults = [f"{name} has no source in corpus/.src" for name in sorted(present() - set(files))]
    for name, content in files.items():
        path = CORPUS / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif path.read_bytes() != content:
            faults.append(f"{name} differs from what its source gives")
    return faults


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if absent := write_pdf.missing_fonts():
        print(f"font {absent[0]} is not there; install the package fonts-noto-core.", file=sys.stderr)
        return 2
    files = built()
    if arguments:
        faults = differences(files)
        print("\n".join(faults) or f"{len(files)} files are as their sources give them.")
        return 1 if faults else 0
    for name, content in files.items():
        (CORPUS / name).parent.mkdir(parents=True, exist_ok=True)
        (CORPUS / name).write_bytes(content)
    print(f"{len(files)} files written.")
    for name in sorted(present() - set(files)):
        print(f"{name} has no source in corpus/.src; remove it if it is an earlier build of a document that has moved.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
