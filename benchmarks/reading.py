"""All measures of reading, one after the other: `python -m benchmarks.reading FOLDER [--only pdf]…`.

FOLDER holds pdf/ (with manifest.tsv), html/, docx/, treaties/ and speeches/; each measure is a command of its own too, in a
process of its own, and says in its docstring what it measures. Exit status 1 if one of them fails or a PDF is not as expected.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PARTS = {"pdf": "pdf", "scans": "pdf", "html": "", "office": "", "legal": ""}  # measure → the folder it takes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds pdf/, html/, docx/, treaties/ and speeches/")
    parser.add_argument("--only", action="append", choices=PARTS, help="this measure alone; may be repeated")
    options = parser.parse_args()
    status = 0
    for name in options.only or PARTS:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.reading_{name}", str(options.folder / PARTS[name])]
        status |= subprocess.run(command, check=False).returncode
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
