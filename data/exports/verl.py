"""Rows for verl's SFT trainer (0.9.1): a parquet file of ``messages`` and ``tools``.

A column of parquet has one type. Where two calls have other arguments, or two tools other
parameters, each gains those of all the others, as nulls, and a chat template prints them. So both
columns hold JSON text, and a small class, which ``data.custom_cls`` names, reads it. It also leaves
unlearnt what has ``weight`` 0: replies of the prompt, and those that are shown only.
"""

from __future__ import annotations

from toolgrove.data import codec
from toolgrove.data.exports.rows import TrainingRow
from toolgrove.data.records import JsonObject

__all__ = ["READER", "dump_row"]

READER = '''\
"""Rows of Toolgrove for verl's SFT trainer: messages and tools are JSON text in the file.

    data.custom_cls.path=toolgrove_rows.py data.custom_cls.name=ToolgroveRows
"""

import json

from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset


class ToolgroveRows(MultiTurnSFTDataset):
    def _read_files_and_process(self):
        super()._read_files_and_process()
        for column in (self.messages_key, self.tools_key):
            parsed = [json.loads(text) for text in self.dataframe[column]]
            self.dataframe[column] = self.dataframe[column].astype(object)
            self.dataframe[column] = parsed
        self.messages = self.dataframe[self.messages_key].tolist()
        self.tools = self.dataframe[self.tools_key].tolist()

    def _process_single_message(self, **turn):
        ids, learnt, *rest = super()._process_single_message(**turn)
        return ids, learnt * turn["message"].get("weight", 1), *rest
'''
"""The class that reads the columns; it is written beside the file."""


def dump_row(row: TrainingRow) -> JsonObject:
    """A row of two columns of JSON text."""
    shown = ({**one, "weight": 0} if one["role"] == "assistant" else one for one in row.prompt)
    return {
        "messages": codec.dumps([*shown, *row.chosen]).decode(),
        "tools": codec.dumps(row.tools).decode(),
    }
