"""A tiny Qwen2 with random weights is trained, killed, resumed and written for llama.cpp."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from toolgrove.agent.policy.adapted import AdaptedModel
from toolgrove.agent.policy.frozen import Frozen
from toolgrove.agent.policy.packing import Packed, packed
from toolgrove.agent.policy.rows import Piece
from toolgrove.agent.policy.training import PolicyTrainer, Stage, StepNote
from toolgrove.errors import UsageError

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("default"),  # those of the libraries are not ours
]
LAYERS = 3


def tiny() -> Any:
    torch = pytest.importorskip("torch", reason="needs the extra train: torch")
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        attn_implementation="sdpa",
    )
    return Qwen2ForCausalLM(config).eval()


def row(asked: str, *sides: str) -> Packed:
    told = [[Piece("Rules. " + asked, False), Piece(side, True)] for side in sides]
    return packed(told, lambda text: [ord(letter) for letter in text])


PAIRS = [row(f"{n} or {n + 1}?", f"The {n}", f"Not {n + 1}.") for n in range(6)]
SOLVED = [row(f"{n} or {n + 1}?", f"The {n}") for n in range(6)]


class Killed(Exception):
    """Stands for the end of the process: nothing is written after it."""


def trainer(folder: Path, seed: int = 0, kill_at: int | None = None) -> PolicyTrainer:
    model = tiny()
    frozen = Frozen(model, 1, folder / "frozen", "tiny")
    frozen.compute([*SOLVED, *PAIRS])
    heard: list[StepNote] = []

    def tell(note: StepNote) -> None:
        heard.append(note)
        if len(heard) == kill_at:
            raise Killed

    stages = [
        Stage("sft", SOLVED[:5], SOLVED[5:], 2, 1e-2),
        Stage("dpo", PAIRS[:5], PAIRS[5:], 2, 1e-2),
    ]
    policy = AdaptedModel(model, 1, rank=2, alpha=4, seed=seed)
    return PolicyTrainer(
        policy, frozen, stages, batch=2, beta=0.1, seed=seed, file=folder / "state.pt",
        plan=f"plan {seed}", tell=tell, every=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> PolicyTrainer:
    made = trainer(tmp_path_factory.mktemp("whole"))
    made.run()
    return made


def test_the_layers_above_on_kept_activations_say_what_the_whole_model_says(
    tmp_path: Path,
) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra train: torch")
    whole = tiny()
    wanted = []
    for text, said in (("0 or 1?", "The 0"), ("0 or 1?", "Not 1.")):
        tokens = [ord(letter) for letter in "Rules. " + text + said]
        logits = whole(torch.tensor([tokens])).logits[0].log_softmax(-1)
        begin = len(tokens) - len(said)
        wanted.append(logits[range(begin - 1, len(tokens) - 1), tokens[begin:]])
    model = tiny()
    frozen = Frozen(model, 1, tmp_path, "tiny")
    frozen.compute(PAIRS)
    said = AdaptedModel(model, 1, rank=2, alpha=4, seed=0).logprobs(frozen.load(PAIRS[0]), PAIRS[0])
    for one, other in zip(said, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_what_the_frozen_layers_gave_is_not_computed_again(tmp_path: Path) -> None:
    Frozen(tiny(), 1, tmp_path, "tiny").compute(PAIRS)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(files) == len(PAIRS) + 1
    Frozen(object_without_layers(), 1, tmp_path, "tiny").compute(PAIRS)
    assert files == {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}


def object_without_layers() -> Any:
    """Raises where it is computed with."""
    from types import SimpleNamespace

    return SimpleNamespace(config=SimpleNamespace(num_hidden_layers=LAYERS))


def test_imitation_then_preference_lowers_the_loss_and_keeps_the_best(
    trained: PolicyTrainer,
) -> None:
    measures = trained.state.measures
    assert measures["sft"]["last_loss"] < measures["sft"]["first_loss"]
    assert measures["sft"]["kept_best"] < measures["sft"]["kept_first"]
    assert math.isclose(measures["dpo"]["kept_first"], math.log(2), rel_tol=1e-5)
    assert measures["dpo"]["last_margin"] > 0
    assert measures["dpo"]["steps"] == 6


@pytest.mark.parametrize("kill_at", [2, 6, 8])
def test_a_killed_training_goes_on_and_comes_to_the_same_weights(
    tmp_path: Path, trained: PolicyTrainer, kill_at: int
) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra train: torch")
    with pytest.raises(Killed):
        trainer(tmp_path, kill_at=kill_at).run()
    again = trainer(tmp_path)
    assert again.state.stage or again.state.step
    for name, weights in again.run().items():
        assert torch.equal(weights, trained.state.weights[name]), name


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        trainer(tmp_path, kill_at=2).run()
    with pytest.raises(UsageError, match="Name another --out"):
        trainer(tmp_path, seed=1)


def test_the_adapters_file_holds_the_weights_by_llama_cpps_names(
    tmp_path: Path, trained: PolicyTrainer
) -> None:
    gguf = pytest.importorskip("gguf", reason="needs the extra train: gguf")
    policy, weights = trained._policy, trained.state.weights
    policy.export(tmp_path / "adapter.gguf", weights)
    read = gguf.GGUFReader(tmp_path / "adapter.gguf")
    assert read.fields["general.type"].contents() == "adapter"
    assert read.fields["general.architecture"].contents() == "qwen2"
    assert read.fields["adapter.type"].contents() == "lora"
    assert read.fields["adapter.lora.alpha"].contents() == 4
    found = {tensor.name: tensor.data for tensor in read.tensors}
    assert len(found) == len(weights) == 14
    for name, matrix in {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_down": "mlp.down_proj",
    }.items():
        for half in ("A", "B"):
            own = next(w for n, w in weights.items() if f"0.{matrix}.lora_{half}." in n)
            written = found[f"blk.{LAYERS - 1}.{name}.weight.lora_{half.lower()}"]
            assert (written == own.half().numpy()).all()
