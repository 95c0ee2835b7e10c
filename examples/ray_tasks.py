"""Many requests on many processes or machines, each with an agent of its own; needs ray."""

import ray

from toolgrove import Agent, ScriptedModel, tool
from toolgrove.agent import call, finish


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@ray.remote
class Worker:
    """Holds what is dear to make: the model, the tools, an open catalogue."""

    def __init__(self) -> None:
        self.tools = [double]

    def answer(self, number: int) -> tuple[str | None, int]:
        """Plain values go back; a tree is read from the run's folder (``runs=``)."""
        replies = [call("double", x=number), finish(f"It is {2 * number}.")]
        agent = Agent(model=ScriptedModel(replies=replies), tools=self.tools, planner="react")
        outcome = agent.invoke(f"What is {number} doubled?")
        return outcome.answer, len(outcome.tree)


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    workers = [Worker.remote() for _ in range(2)]
    asked = [workers[n % 2].answer.remote(n) for n in range(4)]
    for answer, nodes in ray.get(asked):
        print(answer, nodes, "nodes")
    ray.shutdown()
