"""The tools of an MCP server, which is started as a program; needs the extra mcp."""

import asyncio
import sys
import tempfile
from pathlib import Path

from toolgrove import Agent, ScriptedModel, load_mcp
from toolgrove.agent import call, finish

SERVER = '''
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("clock")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add_minutes(time: str, minutes: int) -> str:
    """Add minutes to a time of day, hh:mm."""
    hours, more = divmod(int(time[3:]) + minutes, 60)
    return f"{(int(time[:2]) + hours) % 24:02}:{more:02}"


server.run()
'''

with tempfile.TemporaryDirectory() as folder:
    program = Path(folder, "clock.py")
    program.write_text(SERVER, encoding="utf-8")
    address = f"mcp+stdio:{sys.executable} {program}"
    specs, left = asyncio.run(load_mcp(address))
    print([(spec.id, spec.effect.value) for spec in specs], left)
    model = ScriptedModel(
        replies=[call("add_minutes_for_clock", time="22:30", minutes=95), finish("At 00:05.")]
    )
    # An address that is not trusted is not started: a catalogue does not choose what is run.
    agent = Agent(model=model, tools=specs, trusted=[address], planner="react")
    outcome = agent.invoke("When is it 95 minutes after half past ten in the evening?")
    print(*(seen.content for node in outcome.tree for seen in node.observations), outcome.answer)
