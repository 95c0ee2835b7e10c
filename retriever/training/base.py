"""all-MiniLM-L6-v2 in full precision as a sentence-transformers model, without the hub."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.errors import ModelError
from toolgrove.machine import weights

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from toolgrove.machine.progress import Tick

__all__ = ["minilm"]

_BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 384,
    "intermediate_size": 1536,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 6,
    "pad_token_id": 0,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
_TOKENIZER = {
    "tokenizer_class": "BertTokenizer",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
    "do_lower_case": True,
    "model_max_length": 256,
}
_POOLING: dict[str, Any] = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
_KIND = "sentence_transformers.models"
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": f"{_KIND}.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_KIND}.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{_KIND}.Normalize"},
]


def minilm(tick: Tick | None = None) -> SentenceTransformer:
    """The publisher's model, from weights verified by their SHA-256 and settings kept here.

    Raises
    ------
    WeightsError
        The weights cannot be had.
    ModelError
        The extra ``train`` is not installed.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelError(
            "tuning an encoder needs torch and sentence-transformers: "
            "pip install 'toolgrove[train]'. An adapter needs neither."
        ) from error
    model = weights.fetch(weights.MINILM_SAFETENSORS, tick=tick)
    tokenizer = weights.fetch(weights.MINILM_TOKENIZER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "1_Pooling").mkdir()
        (folder / "2_Normalize").mkdir()
        shutil.copyfile(model, folder / "model.safetensors")
        shutil.copyfile(tokenizer, folder / "tokenizer.json")
        for file, settings in (
            ("config.json", _BERT),
            ("tokenizer_config.json", _TOKENIZER),
            ("sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False}),
            ("modules.json", _MODULES),
            ("1_Pooling/config.json", _POOLING),
        ):
            (folder / file).write_bytes(codec.dumps(settings))
        with _no_bar():
            return SentenceTransformer(name, device="cpu", local_files_only=True)


@contextmanager
def _no_bar() -> Iterator[None]:
    """Without transformers' own progress bar for 0.1 s of loading."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
