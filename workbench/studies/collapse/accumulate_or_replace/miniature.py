"""Beyond regression, in miniature: a small neural language model retrained on its own samples.

A grammar is a random sparse transition matrix over a vocabulary. The model is a neural bigram model (an embedding, a
hidden layer, a softmax), trained by gradient descent on the cross-entropy of observed transitions; generation i + 1
is sampled from generation i. All replications are trained at once. This is an illustration: no theorem covers it.
"""

import numpy as np

from workbench.montecarlo import one_blas_thread, streams


@one_blas_thread
def retrain_language_model(
    n_fits, *, accumulate, n_tokens=300, vocabulary=12, width=16, n_steps=120, n_replications=16, seed=0
):
    """Excess cross-entropy (Kullback-Leibler divergence per token, in nats) of each fit to the true grammar.

    Parameters
    ----------
    n_fits : int
        Fit 1 sees real transitions, fit i those sampled from fit i - 1.
    accumulate : bool
        Train on all transitions so far, or on the newest alone. Both see the same real data for one seed.
    n_tokens : int
        Transitions observed per generation.
    vocabulary, width, n_steps, n_replications : int
    seed : int or sequence of int

    Returns
    -------
    array of shape (n_replications, n_fits)

    Notes
    -----
    Cost: n_fits n_steps passes over (replications, vocabulary^2 width) numbers; the counts of transitions are
    sufficient.
    """
    import torch

    grammar_stream, data_stream, weight_stream = streams(seed, 3)
    # sparse rows: each word is followed by few others, as in a grammar
    truth = (
        grammar_stream.dirichlet(np.full(vocabulary, 0.3), size=(n_replications, vocabulary)) * 0.98 + 0.02 / vocabulary
    )
    generator = torch.Generator().manual_seed(int(weight_stream.integers(2**31)))
    source, counts, divergences = truth, 0.0, []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as for BLAS: on matrices this small threads only wait for each other
    try:
        for _ in range(n_fits):
            fresh = data_stream.multinomial(n_tokens // vocabulary, source).astype(float)
            counts = counts + fresh if accumulate else fresh
            source = _train(torch, torch.tensor(counts), width, n_steps, generator)
            divergences.append(np.mean(np.sum(truth * np.log(truth / source), axis=-1), axis=-1))
    finally:
        torch.set_num_threads(threads)
    return np.stack(divergences, axis=1)


def _train(torch, counts, width, n_steps, generator):
    """Transition probabilities (replications, vocabulary, vocabulary) of the trained model."""
    replications, vocabulary, _ = counts.shape
    shapes = [(replications, vocabulary, width), (replications, width, width), (replications, width, vocabulary)]
    weights = [torch.randn(shape, generator=generator, dtype=torch.float64) * width**-0.5 for shape in shapes]
    for weight in weights:
        weight.requires_grad_()
    share = counts / counts.sum(dim=(1, 2), keepdim=True)
    optimiser = torch.optim.Adam(weights, lr=0.05)
    for _ in range(n_steps):
        optimiser.zero_grad()
        loss = -(share * _log_probabilities(torch, *weights)).sum()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        probabilities = _log_probabilities(torch, *weights).exp()
    probabilities = 0.999 * probabilities + 0.001 / vocabulary  # a floor, so that one lost word costs a finite amount
    return (probabilities / probabilities.sum(dim=-1, keepdim=True)).numpy()


def _log_probabilities(torch, embedding, hidden, output):
    return torch.log_softmax(torch.tanh(embedding @ hidden) @ output, dim=-1)
