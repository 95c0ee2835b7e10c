"""Which tools are made from the world's training tasks, each solved by a script without a mistake.

    python benchmarks/making.py [FOLDER]

The script makes the calls of each task's reference in their order and gives the reference's answer;
no model is asked, and no task of a test split is read. Prints what was proposed, and each tool that
was kept with its source and the tasks that it passed. FOLDER keeps runs and tools.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from world_script import scripted

from toolgrove import Registry, Task
from toolgrove.agent.making.trying import make
from toolgrove.agent.making.workshop import Workshop
from toolgrove.data.formats.sources import TREES, load_sources
from toolgrove.data.world import specs, tasks
from toolgrove.evaluators.judgements import Judgements


async def main(folder: Path) -> None:
    """Solve the training tasks, make tools, and print them."""
    known = tasks("train")
    every = [Task(one.id, one.query, reference=one.reference, meta=one.meta) for one in known]
    await scripted(every, folder / "results", errs=False)
    with Registry() as registry, Workshop.open(folder) as shop:
        registry.add(specs())
        judgements = Judgements()
        for loaded in load_sources([folder / "results"], TREES):
            for tree in loaded.trees:
                shop.read(tree, judgements.of(tree, loaded.path), str(loaded.path))
        came = await make(shop, registry)
        print(came)
        for one in shop.tools():
            print(f"\n{one.name}: passed {len(one.passed)}/{one.tried}, {one.calls:g} calls")
            print(f"  {one.docstring}\n  asked: {' | '.join(one.requests[:3])}\n{one.draft.source}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args().folder
    with TemporaryDirectory() as found:
        asyncio.run(main(given or Path(found)))
