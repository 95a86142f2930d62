"""The commands that copy the index: `backup`, `restore`, `export`, `import`. They need no model."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from kb.backup import Backup, back_up, restore, verified
from kb.config import Settings
from kb.postgres_export import export_of, import_into

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # argparse has no public name for it


def add(commands: Commands) -> None:
    command = commands.add_parser("backup", help="copy what is published to a new folder, and prove the copy")
    command.add_argument("path", type=Path, metavar="PATH", help="the folder to make, such as /backups/2026-11-25")
    command.add_argument("--copy", action="store_true", help="copy everything, also where hard links to immutable files would do")
    command.add_argument("--verify", action="store_true", help="prove the backup that is there, write nothing")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run_with_settings=_backup)
    command = commands.add_parser("restore", help="put a backup in place of an index")
    command.add_argument("path", type=Path, metavar="PATH", help="the backup")
    command.add_argument("--into", type=Path, default=None, metavar="HOME", help="the data directory (default: KB_HOME)")
    command.add_argument("--force", action="store_true", help="also over an index, which is moved aside and not deleted")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run_with_settings=_restore)
    command = commands.add_parser("export", help="write what is published as JSONL and npy files")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="the folder to make")
    command.add_argument("--half", action="store_true", help="vectors in float16: half the size, no longer exact")
    command.add_argument("--originals", action="store_true", help="the files that the documents were made of, too")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run_with_settings=_export)
    command = commands.add_parser("import", help="load an export into an empty KB_HOME and publish it")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run_with_settings=_import)


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    path = options.path.expanduser().absolute()
    made = verified(path) if options.verify else back_up(settings.home, path, link=not options.copy)
    if options.json:
        print(json.dumps(_backup_json(made) | {"path": str(path)}))
    else:
        print(f"{'proved' if options.verify else 'made and proved'}: {_readable(made)} in {path}")
    return _tell_missing(made, options.json)


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    home = (options.into or settings.home).expanduser().absolute()
    made, aside = restore(options.path.expanduser().absolute(), home, force=options.force)
    if options.json:
        print(json.dumps(_backup_json(made) | {"home": str(home), "former": str(aside) if aside else None}))
    else:
        print(f"restored: {_readable(made)} in {home}")
        if aside:
            print(f"what was there is in {aside}; delete it when it is no longer wanted")
    return _tell_missing(made, options.json)


def _tell_missing(made: Backup, as_json: bool) -> int:
    if made.missing and not as_json:
        print(f"WITHOUT {len(made.missing)} originals that were lost before; `python -m ingest check` names them")
    return 1 if made.missing else 0


def _backup_json(made: Backup) -> dict[str, object]:
    fields = asdict(made)
    return fields | {"files": len(made.files), "bytes": made.size}


def _readable(made: Backup) -> str:
    return (
        f"generation {made.generation} of {made.made_at}, {made.documents} documents, {made.passages} passages, "
        f"{len(made.files)} files, {made.size:,} bytes"
    )


def _export(options: argparse.Namespace, settings: Settings) -> int:
    folder = options.folder.expanduser().absolute()
    made = export_of(settings, folder, half=options.half, originals=options.originals)
    if options.json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        index = made.index
        print(f"exported: {index.documents} documents, {index.passages} passages, {made.originals} originals to {folder}")
    return 0


def _import(options: argparse.Namespace, settings: Settings) -> int:
    index = import_into(settings, options.folder.expanduser().absolute())
    if options.json:
        print(json.dumps(asdict(index)))
    else:
        print(f"imported into {settings.home}: {index.documents} documents, {index.passages} passages, digest {index.digest}")
    return 0
