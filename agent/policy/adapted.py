"""The layers above, with a LoRA adapter: what is trained, and its file for llama.cpp."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.policy.frozen import visible
from toolgrove.agent.policy.packing import Packed
from toolgrove.errors import ModelError, UsageError
from toolgrove.machine.openmp import sleeping_threads

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ARCHITECTURES", "AdaptedModel", "load_base", "need_packages", "precision"]

ARCHITECTURES = ("qwen2",)
"""Whose weights llama.cpp keeps as transformers does. Of Llama it permutes queries and keys."""
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_EXTRA = "Training needs torch, transformers, peft and gguf: pip install 'toolgrove[train]'"


def need_packages() -> None:
    """Load torch, with threads that share the cores; refuse where the extra is not installed.

    Raises
    ------
    UsageError
    """
    from importlib.util import find_spec

    lacking = [name for name in ("torch", "transformers", "peft", "gguf") if not find_spec(name)]
    if lacking:
        raise UsageError(f"{_EXTRA} (missing: {', '.join(lacking)})")
    with sleeping_threads():
        import torch  # noqa: F401  # with it comes libgomp


def precision() -> str:
    """What this CPU multiplies fastest: bf16 where it has instructions for it, otherwise float32.

    Without them bf16 took four times as long (AVX2: 13 against 50 to 59 GFLOPS).
    """
    import torch

    has = torch.cpu.get_capabilities()
    return "bfloat16" if has.get("amx_bf16") or has.get("avx512_bf16") else "float32"


def load_base(file: Path, folder: Path, dtype: str) -> tuple[Any, Any]:
    """The model and the tokenizer of a GGUF file, without a hub, its weights unpacked.

    What was read is kept in a folder, because to unpack it takes minutes, and a killed training
    begins with it again.

    Raises
    ------
    ModelError
        Where it is no model that transformers knows.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    given: dict[str, Any] = {"local_files_only": True}
    wanted: dict[str, Any] = {"dtype": getattr(torch, dtype)}
    source = folder
    if not folder.exists():
        source, given["gguf_file"] = file.parent, file.name
        wanted["quantization_config"] = GgufConfig(dequantize=True)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source), **given)
        model = AutoModelForCausalLM.from_pretrained(str(source), **given, **wanted)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{file} cannot be loaded for training: {error}") from error
    if not folder.exists():
        _keep(model, tokenizer, folder)
    return model, tokenizer


def _keep(model: Any, tokenizer: Any, folder: Path) -> None:
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # it is unpacked now
    model.save_pretrained(str(beside))
    tokenizer.save_pretrained(str(beside))
    beside.rename(folder)


class AdaptedModel:
    """The upper layers of a model with an adapter on them.

    Parameters
    ----------
    model : PreTrainedModel
        Taken apart: its lower layers are let go.
    layers : int
        How many layers are trained, from the top.
    rank, alpha : int
        Of the adapter.
    seed : int
        Of its first values.
    """

    def __init__(self, model: Any, layers: int, rank: int, alpha: int, seed: int) -> None:
        import torch
        from peft import LoraConfig, get_peft_model

        kind, whole = model.config.model_type, model.config.num_hidden_layers
        if kind not in ARCHITECTURES:
            raise ModelError(
                f"A model of the kind {kind!r} cannot be trained here, only {ARCHITECTURES[0]}."
            )
        if not 0 < layers <= whole:
            raise UsageError(f"--layers is 1 to {whole} for this model, not {layers}.")
        self._below, self._whole, self._kind = whole - layers, whole, kind
        self._alpha = alpha
        model.model.layers = model.model.layers[self._below :]
        model.config.num_hidden_layers = layers
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(MATRICES))
        with warnings.catch_warnings():
            # peft asks transformers for a name of before, which no user can do anything about
            warnings.simplefilter("ignore", FutureWarning)
            self._model = get_peft_model(model, config)
        self._causal = self._model.get_base_model()

    def parameters(self) -> list[Any]:
        """What is trained."""
        return [one for one in self._model.parameters() if one.requires_grad]

    def logprobs(self, hidden: Tensor, row: Packed) -> list[Tensor]:
        """The log-probability of each token that a side of a row is to have."""
        import torch

        places = sorted({place for side in row.targets for place, _ in side})
        given = self._causal.model(
            inputs_embeds=hidden,
            position_ids=torch.tensor([row.positions]),
            attention_mask=visible(row),
            use_cache=False,
        )
        logits = self._causal.lm_head(given.last_hidden_state[0, places]).float()
        said = torch.log_softmax(logits, dim=-1)
        index = {place: number for number, place in enumerate(places)}
        return [
            said[[index[place] for place, _ in side], [token for _, token in side]]
            for side in row.targets
        ]

    def weights(self) -> dict[str, Tensor]:
        """A copy of the adapter's weights, by their names in the model."""
        return {
            name: one.detach().clone()
            for name, one in self._model.named_parameters()
            if one.requires_grad
        }

    def restore(self, weights: Mapping[str, Tensor]) -> None:
        """Put weights in the place of the adapter's."""
        import torch

        own = dict(self._model.named_parameters())
        with torch.no_grad():
            for name, one in weights.items():
                own[name].copy_(one)

    def export(self, file: Path, weights: Mapping[str, Tensor]) -> None:
        """Write weights as an adapter that llama.cpp loads, in 16 bit."""
        import gguf

        arch = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == self._kind)
        names = gguf.get_tensor_name_map(arch, self._whole)
        beside = file.with_name(f".{file.name}.tmp")
        writer = gguf.GGUFWriter(beside, self._kind)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(self._alpha))
        for name, one in weights.items():
            matrix, half = self._place(name)
            known = names.get_name(matrix, try_suffixes=(".weight",))
            writer.add_tensor(f"{known}.lora_{half}", one.half().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        beside.replace(file)

    def _place(self, name: str) -> tuple[str, str]:
        """The matrix of the whole model that a weight belongs to, and which half it is."""
        _, _, rest = name.partition(".layers.")
        number, _, rest = rest.partition(".")
        matrix, _, rest = rest.partition(".lora_")
        return f"model.layers.{int(number) + self._below}.{matrix}.weight", rest[0].lower()
