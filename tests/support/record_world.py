"""Writes the world's tool files as its declarations give them today: a catalogue is then made of
them without loading the facts. Run it after a change of an API or of a package of the facts.

    python tests/support/record_world.py
"""

from __future__ import annotations

import json
from pathlib import Path

from toolgrove.data.world.documents import computed_tools
from toolgrove.data.world.recorded import FILE, made_from

if __name__ == "__main__":
    path = Path(__file__).parents[2] / "data" / "world" / FILE
    rows = [made_from(), *computed_tools().items()]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
