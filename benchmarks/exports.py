"""What each trainer's own loader keeps of exported rows.

    python benchmarks/exports.py pairs.jsonl --tokenizer MODEL_FOLDER --work /tmp/exports

Run it with the extra train. Each trainer gets an environment in ``--work`` that sees the
packages of this one; the trainer itself is installed without its dependencies, but for those
that its loader needs. Prints one JSON line a trainer: rows kept whole, and what others lack.
A loader is the code that turns a row of a file into what is trained on; no model is trained.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import venv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolgrove.data import ChatTemplate, Trainer, export_rows
from toolgrove.data.exports.rows import RowKind, TrainingRow, calls_of, of_kind, read_rows
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.exports.writing import dumper

LOADERS = Path(__file__).parent / "exports_loaders.py"
PACKAGES = {
    Trainer.LLAMAFACTORY: [
        "llamafactory==0.9.5", "peft", "omegaconf", "antlr4-python3-runtime==4.9.3", "av", "pillow",
        "trl<=0.24", "tyro", "docstring-parser", "shtab", "typeguard", "einops", "modelscope",
    ],
    Trainer.MS_SWIFT: [
        "ms-swift==4.6.0", "modelscope", "modelscope-hub", "peft", "addict", "attrdict", "pillow",
        "json-repair", "dacite", "binpacking", "simplejson", "scipy", "einops",
    ],
    Trainer.AXOLOTL: ["axolotl==0.19.0", "colorama", "addict"],
    Trainer.OPENRLHF: ["openrlhf==0.11.2", "pylatexenc"],
    Trainer.VERL: ["verl==0.9.1", "omegaconf", "antlr4-python3-runtime==4.9.3", "hydra-core",
                   "tensordict", "pyvers", "cloudpickle", "codetiming", "pillow"],
}  # fmt: skip


def environment(work: Path, trainer: Trainer) -> Path:
    """The Python of a trainer's environment, made at the first call."""
    folder = work / f"env-{trainer}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        venv.create(folder, with_pip=True, clear=True)
        paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        Path(paths["purelib"], "base.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES[trainer]]
        subprocess.run(install, check=True)
        (folder / "done").touch()
    return python


def kind_of(trainer: Trainer) -> RowKind:
    """Pairs; verl takes no other rows than those to imitate."""
    return RowKind.SFT if trainer is Trainer.VERL else RowKind.DPO


def fitting(file: Path, trainer: Trainer, template: ChatTemplate) -> Iterator[TrainingRow]:
    dump = dumper(trainer, kind_of(trainer), template)
    for row in of_kind(read_rows(file), kind_of(trainer)):
        try:
            dump(row)
        except UnfitRow:
            continue
        yield row


def missing(row: TrainingRow, held: str) -> set[str]:
    """What of a row does not stand in what a loader holds, whatever its escapes and spaces."""
    known = plain(held)
    calls = calls_of([*row.prompt, *row.chosen, *row.rejected])
    texts = [one for call in calls for one in call["arguments"].values() if isinstance(one, str)]
    wanted = {
        "tools": [tool["function"]["name"] for tool in row.tools],
        "calls": [call["name"] for call in calls],
        "arguments": texts,
    }
    return {what for what, names in wanted.items() if any(plain(n) not in known for n in names)}


def plain(text: str) -> str:
    return "".join(text.replace("\\n", "").replace("\\", "").split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", choices=[one.value for one in PACKAGES])
    options = parser.parse_args()
    template = ChatTemplate.load(options.tokenizer)
    for trainer in PACKAGES:
        if options.only not in (None, trainer.value):
            continue
        out = options.work / trainer
        found = export_rows(options.file, trainer, out, template=template)
        python = environment(options.work, trainer)
        command = [python, LOADERS, trainer.value, out, options.tokenizer]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        told: dict[str, Any] = {"trainer": PACKAGES[trainer][0]}
        told["left_out"] = found.left_out.get(kind_of(trainer).value, {})
        if ran.returncode:
            told["failed"] = ran.stderr.strip().rpartition("\n")[2]
        else:
            held = json.loads(ran.stdout.splitlines()[-1])
            rows = list(fitting(options.file, trainer, template))
            lost = [missing(row, text) for row, text in zip(rows, held, strict=True)]
            told |= {"rows": len(rows), "kept_whole": sum(1 for one in lost if not one)}
            told["lost"] = Counter(what for one in lost for what in one)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    sys.exit(main())
