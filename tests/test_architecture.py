"""Imports run one way, and sizes stay small: a rule that nobody checks is a wish."""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("kb", "ingest", "web")
#: What each package may import of ours, and the third-party modules that it must not know.
ALLOWED = {"kb": {"kb"}, "ingest": {"ingest", "kb"}, "web": {"web", "kb"}}
#: The server's entry point hands the library what draws pages: the views know of pictures, and of no file format.
ALSO_ALLOWED = {"web/__main__.py": {"ingest.pictures", "ingest"}}
FORBIDDEN = {
    "kb": {"flask", "werkzeug", "pypdf", "pypdfium2", "docx", "trafilatura", "markdown_it"},
    "ingest": {"sqlite3", "faiss", "flask"},
    "web": {"sqlite3", "faiss", "pypdf", "spacy"},
}
FILE_LINES, FUNCTION_LINES, PARAMETERS = 400, 40, 6
SOURCES = sorted(path for package in (*PACKAGES, "tests", "benchmarks") for path in (ROOT / package).glob("*.py"))


def imports(path: Path, tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: relative import"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_the_table_allows(package: str) -> None:
    for path in (ROOT / package).glob("*.py"):
        allowed_here = ALSO_ALLOWED.get(f"{package}/{path.name}", set())
        tops = {name.split(".")[0] for name in imports(path, parsed(path)) - allowed_here}
        assert not (tops & set(PACKAGES)) - ALLOWED[package], path
        assert not tops & FORBIDDEN[package], path


def test_modules_import_each_other_without_a_cycle() -> None:
    modules = {f"{path.parent.name}.{path.stem}": path for path in SOURCES if path.parent.name in PACKAGES}
    graph = {name: imports(path, parsed(path)) & set(modules) for name, path in modules.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError
    assert set(order) == set(modules)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sizes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            docstring = (
                isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
            )
            lines = (node.end_lineno or 0) - node.lineno + 1
            if docstring:
                lines -= (first.end_lineno or 0) - first.lineno + 1
            assert lines <= FUNCTION_LINES, f"{path.name}:{node.lineno} {node.name} has {lines} lines"
            arguments = node.args
            names = [
                a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs) if a.arg not in ("self", "cls")
            ]
            assert len(names) <= PARAMETERS, f"{path.name}:{node.lineno} {node.name}({', '.join(names)})"


@pytest.mark.parametrize("package", PACKAGES)
def test_our_own_modules_are_imported_at_the_top(package: str) -> None:
    for path in (ROOT / package).glob("*.py"):
        tree = parsed(path)
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
                assert id(node) in top, f"{path}:{node.lineno}"


def test_packages_are_flat_and_no_module_is_a_drawer_for_everything() -> None:
    for package in PACKAGES:
        assert not [p for p in (ROOT / package).iterdir() if p.is_dir() and (p / "__init__.py").exists()]
        assert not {p.stem for p in (ROOT / package).glob("*.py")} & {"utils", "helpers", "base", "core", "manager", "common"}
