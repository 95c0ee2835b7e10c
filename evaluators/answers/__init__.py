"""The rules by which code reads a final answer: what it claims, and whether that is right.

Reading comes in three layers. ``text`` takes off what only marks an answer up; ``quantities``,
``dates`` and ``names`` find what could be meant; ``mentions`` and ``places`` tell what is claimed
from what is only mentioned, and where. The files ``check_…`` decide, one for each kind of
reference. ``docs/evaluation.md`` states the rules.
"""
