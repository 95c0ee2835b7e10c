"""An agent as a node of a LangGraph graph, and its tools in a ToolNode; needs langgraph."""

from typing import TypedDict

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from toolgrove import Agent, Registry, ScriptedModel, to_langchain, tool
from toolgrove.agent import call, finish


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


class State(TypedDict):
    question: str
    answer: str


model = ScriptedModel(replies=[call("double", x=21), finish("42")])
agent = Agent(model=model, tools=[double], planner="react")


async def search(state: State) -> dict[str, str]:
    """A node: the tree search answers, the graph goes on."""
    outcome = await agent.ainvoke(state["question"])
    return {"answer": outcome.answer or "no answer"}


graph = StateGraph(State)
graph.add_node("search", search)
graph.add_edge(START, "search")
graph.add_edge("search", END)

# The tools alone, with our checks of arguments, for a graph with a model of its own.
registry = Registry()
registry.add_function(double)
tools = StateGraph(MessagesState)
tools.add_node("tools", ToolNode(to_langchain(registry)))
tools.add_edge(START, "tools")
tools.add_edge("tools", END)

if __name__ == "__main__":
    import asyncio

    print(asyncio.run(graph.compile().ainvoke({"question": "What is 21 doubled?", "answer": ""})))
    asked = AIMessage("", tool_calls=[{"name": "double", "args": {"x": 4}, "id": "1"}])
    print(tools.compile().invoke({"messages": [asked]})["messages"][-1].content)
