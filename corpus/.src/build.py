"""Rebuild the starter corpus from its readable sources: python corpus/.src/build.py [--check].

Needs reportlab, python-docx and PyYAML, and the fonts of Debian's fonts-noto-core. `--check` writes nothing and
exits 1 if a file of the corpus differs from what its source gives, is missing, or has no source.
"""

from __future__ import annotations

import sys
from pathlib import Path

import source
import write_docx
import write_pdf
import write_text

HERE = Path(__file__).parent
CORPUS = HERE.parent
FOLDERS = ("agreements", "policy", "news", "data")
WRITERS = {
    ".pdf": write_pdf.as_pdf,
    ".docx": write_docx.as_docx,
    ".html": write_text.as_html,
    ".md": write_text.as_markdown,
    ".txt": write_text.as_plain,
}


def built() -> dict[str, bytes]:
    """Path below corpus/ → bytes, of every document and sidecar."""
    sources = source.public_sources()
    files: dict[str, bytes] = {}
    for path in sorted(HERE.glob("*.md")):
        document = source.load(path, sources)
        files[document.out] = WRITERS[Path(document.out).suffix](document)
        if not document.out.endswith(".md"):
            files[document.out + ".meta.toml"] = write_text.as_sidecar(document.meta)
    for path in sorted(HERE.glob("*.items")):
        out, content, meta = write_text.as_jsonl(path.read_text(encoding="utf-8"), sources)
        files[out] = content
        files[out + ".meta.toml"] = write_text.as_sidecar(meta)
    return files


def present() -> set[str]:
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
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
