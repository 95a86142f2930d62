"""Pictures of every page and state, to be looked at: `python -m benchmarks.screens [FOLDER] [--only NAME]`; FOLDER is
`docs/screens` by default. It serves the published index of KB_HOME, made of `corpus/`, to a headless Chromium, and writes WebP
of what a window shows, wide and narrow.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from ingest import pictures
from kb.config import settings_from
from kb.library import Library
from web import create_app, examples

SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 390, "height": 844}}
LARGEST, IN_ALL = 27_000, 1_500_000  # bytes of a picture, and of all
QUESTION = "/?q=When+was+the+agreement+on+transit+trade+with+Uzbekistan+signed%3F"
CONFLICT = "/?q=How+do+sources+differ+on+the+cost+of+CASA-1000%3F"
#: name → path, or a step: the page is opened, then the link or button of that text is pressed.
STATES: dict[str, tuple[str, ...]] = {
    "home": ("/",),
    "answer": (QUESTION,),
    "quote": (QUESTION, "1"),
    "conflict": (CONFLICT,),
    "abstention": ("/?q=Who+won+the+football+world+cup+in+2022%3F",),
    "passages": ("/?q=CASA-1000+power+line&next=10",),
    "documents": ("/documents?sort=date",),
    "none": ("/documents?publisher=Nobody",),
    "document": (QUESTION, "Read in the document"),
    "printed": ("/documents/1da939337ddac073?view=page&page=1",),
    "scan": ("/documents/e23adcb3dca43999",),
    "urdu-document": ("/documents?language=ur", "main .list a"),
    "names": ("/entities",),
    "name": ("/entities/project:casa-1000",),
    "cite": (QUESTION, "Cite these sources"),
    "brief": (QUESTION, "Brief to print"),
    "about": ("/about",),
    "missing": ("/nothing",),
}
#: What is shown again in the dark and in the other languages.
IN_THE_DARK, TRANSLATED = ("home", "answer", "document"), ("home", "answer")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/screens"))
    parser.add_argument("--only", action="append", help="name of a state; may be given several times")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        for name, size, code, scheme in shots():
            if not chosen.only or name in chosen.only:
                picture = shot(browser, address + STATES[name][0], STATES[name][1:], (size, code, scheme))
                path = chosen.folder / f"{'-'.join(filter(None, (name, size, code, scheme)))}.webp"
                path.write_bytes(picture)
                print(f"{path} {len(picture):,}", flush=True)
        browser.close()
    total = sum(path.stat().st_size for path in chosen.folder.glob("*.webp"))
    print(f"{total:,} bytes in all")
    return int(total > IN_ALL)


def shots() -> Iterator[tuple[str, str, str, str]]:
    """(state, size, language, scheme); "" is English, and light."""
    for size in SIZES:
        yield from ((name, size, "", "") for name in STATES)
        yield from ((name, size, "", "dark") for name in IN_THE_DARK)
        yield from ((name, size, code, "") for code in ("ru", "ur") for name in TRANSLATED)


def shot(browser: Browser, address: str, steps: tuple[str, ...], how: tuple[str, str, str]) -> bytes:
    size, code, scheme = how
    with browser.new_context(viewport=SIZES[size], color_scheme=scheme or "light", locale=code or "en") as context:
        page = context.new_page()
        page.goto(address)
        for step in steps:
            press(page, step)
        page.wait_for_load_state("networkidle")
        return small(page.screenshot())


def press(page: Page, step: str) -> None:
    if step.startswith("main "):
        page.locator(step).first.click()
    elif step.isdecimal():
        page.locator("button.marker").first.click()
    else:
        page.get_by_role("link", name=step).first.click()


def small(png: bytes) -> bytes:
    """As WebP, as good as LARGEST lets it be."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in range(50, 10, -5):
        held = io.BytesIO()
        image.save(held, "WEBP", quality=quality, method=6)
        if held.tell() <= LARGEST:
            break
    return held.getvalue()


@contextmanager
def served() -> Iterator[str]:
    settings = settings_from(os.environ, Path.cwd())
    library = Library.open(settings, (pictures.paint, pictures.VERSION))
    app = create_app(library, settings, limited=False)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        examples.of(app).shown(library.ready().generation)
        examples.of(app).wait()
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        examples.of(app).stop()
        library.close()


if __name__ == "__main__":
    sys.exit(main())
