"""Which documents of a batch are a query's negatives, and the loss over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ranking_loss", "relevance"]


def relevance(positives: Sequence[Sequence[int]], documents: Sequence[int]) -> NDArray[np.bool_]:
    """Which of a batch's documents are relevant to which of its queries.

    Parameters
    ----------
    positives : sequence of sequence of int
        For each query all documents that are relevant to it, in the batch or not.
    documents : sequence of int
        The batch's.

    Returns
    -------
    bool array of shape (queries, documents)

    Examples
    --------
    >>> relevance([[4, 7], [4]], [4, 9, 7]).tolist()
    [[True, False, True], [True, False, False]]
    """
    return np.array([np.isin(documents, list(own)) for own in positives]).reshape(
        len(positives), len(documents)
    )


def ranking_loss(scores: Tensor, relevant: Tensor) -> Tensor:
    """Multiple negatives ranking loss in which a query's positives never count against each other.

    Each relevant pair is a row of its own: the cross entropy of choosing that document among it
    and the documents that are not relevant to the query. After Henderson et al. (2017),
    "Efficient Natural Language Response Suggestion for Smart Reply"; the usual implementation
    takes every other document of the batch for a negative.

    Parameters
    ----------
    scores : float tensor of shape (queries, documents)
        Cosines over the temperature.
    relevant : bool tensor of the same shape
        Each row has a True.

    Returns
    -------
    float tensor without axes
        The mean over queries of the mean over a query's relevant documents.
    """
    import torch

    against = scores.masked_fill(relevant, -torch.inf).logsumexp(dim=1, keepdim=True)
    each = torch.logaddexp(scores, against) - scores
    own = relevant.to(scores.dtype)
    mean: Tensor = ((each * own).sum(dim=1) / own.sum(dim=1)).mean()
    return mean
