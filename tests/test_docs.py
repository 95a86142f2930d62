"""The documents do not rot: every setting, command and address is in the README, and every file it names is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kb.config import SETTINGS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {
    "kb": ("ask", "search", "show", "info", "eval", "backup", "restore", "export", "import"),
    "ingest": ("reindex", "watch", "fetch", "check", "rollback", "gc", "status"),
}
PROSE = (
    "docs/operations.md",
    "docs/postgresql.md",
    "docs/high-availability.md",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "corpus/README.md",
)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_settings_are_in_the_readme_with_their_defaults(setting):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{setting.name}`"))
    assert not setting.default or f"`{setting.default}`" in row


@pytest.mark.parametrize("package", COMMANDS)
def test_commands_are_in_the_readme_and_explain_themselves(package):
    shown = subprocess.run(
        [sys.executable, "-m", package, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    for command in COMMANDS[package]:
        assert f"python -m {package} {command}" in README
        assert re.search(rf"^\s+{command}\s+\S", shown, re.M), f"{command} has no help"
    listed = set(re.findall(r"^    ([a-z]+)\s{2,}\S", shown, re.M))
    assert listed == set(COMMANDS[package])


@pytest.mark.parametrize("name", PROSE)
def test_links_lead_to_files(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


def test_every_module_is_in_the_architecture_page():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for package in ("kb", "ingest", "web"):
        for path in (ROOT / package).glob("[a-z]*.py"):
            assert f"`{path.stem}`" in text, f"{package}/{path.name}"
