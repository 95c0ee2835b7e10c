"""Preference pairs from failed branches, as the rows that TRL's DPOTrainer takes; needs trl."""

import asyncio
import tempfile
from pathlib import Path

from datasets import load_dataset
from trl import DPOConfig
from trl.data_utils import is_conversational

from toolgrove import Agent, ScriptedModel, Task, mine_files, tool
from toolgrove.agent import Evaluation, call, finish, give_up
from toolgrove.data import Reference, save_pairs


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


replies = [call("double", x=2), give_up("Lost."), call("double", x=21), finish("It is 42.")]
agent = Agent(model=ScriptedModel(replies=replies), tools=[double], planner="dfsdt:width=2")
tasks = [Task("1", "What is 21 doubled?", reference=Reference("number", 42))]
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(Evaluation(agent).run(tasks, Path(folder, "results")))
    pairs = Path(folder, "pairs.jsonl")
    print(save_pairs(pairs, mine_files([Path(folder, "results")])))
    rows = load_dataset("json", data_files=str(pairs), split="train", cache_dir=folder)
    print(rows.num_rows, is_conversational(rows[0]), DPOConfig.__name__)
# trainer = DPOTrainer(model=…, args=DPOConfig(…), train_dataset=rows)
