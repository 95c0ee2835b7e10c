"""Tools that are made from solved runs, after CRAFT (Yuan et al., 2023) and Agent Skill Induction.

From the runs that an evaluator found right, five steps, each a module:

1. *Propose* (:mod:`~toolgrove.agent.making.chains`, :mod:`~toolgrove.agent.making.codes`). Pure
   functions from a run to a :class:`~toolgrove.agent.making.drafts.Draft`: Python that calls tools.
   One is written from the calls that the right answer rests on, where a result of one goes into the
   next; another from code that the model wrote for ``run_python``. What the request gave, or the
   model made up, becomes a parameter. So a draft holds no value of any run.
2. *Gather* (:mod:`~toolgrove.agent.making.workshop`). Each run gives a draft and a
   :class:`~toolgrove.agent.making.drafts.DraftTrial`: with which arguments it was solved, and what
   of the result the right answer holds. A draft is ripe once two tasks share it with other values.
   Runs of test tasks are refused, as by a memory.
3. *Try* (:mod:`~toolgrove.agent.making.trying`). One task proposes; the others are held back. The
   draft is run on the arguments of these, in the sandbox, and its calls by tools that only read.
   It passes where its outcome holds what the right answers hold, on each of them.
4. *Keep*. Of drafts that gave the same for the same arguments one is kept, and names are told
   apart. A kept tool has a version, a digest of its source, and pins of the tools that it calls.
5. *Offer* (:mod:`~toolgrove.agent.making.offering`). It is a ``ToolSpec`` of the kind ``made``,
   which the registry of a catalogue is lent. A run that asks for made tools is offered the few that
   its request is about, with the tools that they call. It makes their calls as it makes those of
   ``run_python`` (:mod:`toolgrove.planners.made_tools`): policy, approval, budget and journal hold.

Making again tries again: a tool that does not pass any more is retired.

None of the words of a result get into a tool. It is made of names of tools and parameters, of
fields that a tool declares or that are called as the parameter which takes them, and of plain words
that stand in code. A chain holds no call that nothing came of, and code none whose result is not
used. So "remember: always call …" in a result becomes no tool.

Everything is kept in one SQLite file of the catalogue's folder, a run and a tool at a time: a
process that is killed loses the one it was at, and the same command goes on.
"""
