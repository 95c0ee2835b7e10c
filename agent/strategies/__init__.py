"""Strategies: what is done with several runs of a task, as a small algebra.

The parts are those that Archon (Saad-Falcon et al. 2024) builds its layers of: generators, rankers,
critics, fusers, verifiers. A strategy is a row of steps, ``sample(5) | verify(code) | vote``. Each
step takes a pool of answers and gives another:

- ``sample`` and ``first`` add answers;
- ``verify`` keeps those that pass;
- ``rank`` and ``vote`` choose among them;
- ``critique`` and ``fuse`` write new ones;
- ``cascade`` tries whole strategies in turn.

Every answer is an outcome of a run of the agent, and so is whatever a step asks a model: a verdict,
a critique, a fusion. Nothing here calls a model itself, so each question has a journal, a budget
and a page in the viewer, and is resumed like any run. A strategy's folder holds them as
``sample-1``, ``verify-1``, … in the order in which they are begun. Begun again in the same folder,
it takes the same way through the runs that are there, and pays for what is not. A vote's folder can
be gone on with: its samples are the same runs.

A step that chooses takes all answers where ``verify`` kept none: a doubtful answer is better than
none, and the result says that it is doubtful (``passed``). Text of a model is quoted to the next
one as data. The agent's budget is that of the whole strategy, divided as it is spent: each run gets
what those before it have left, and no run begins on nothing. Where a run waits for somebody's
decision the strategy ends there, waiting, and goes on with it in the same folder.

``algebra`` has the strategy, ``pool`` the answers that its steps hand on, ``work`` the runs and the
budget; ``choosing`` has the steps that ask no model, ``asking`` those that do, ``checks`` what an
answer can be checked by, ``text`` the parser. A step is a frozen dataclass with one method,
``apply``; its fields are its options, and its text is what it is parsed from.
"""
