"""A metric in one function: the share of queries with **all** positives among the first k.

mmbench run --plugin examples/success_metric.py --tasks examples -m clip-nano -t first-hundred
"""

import mmbench
from mmbench.stats import score


@mmbench.register("metric", "all_within@k")
@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"retrieval"})
def all_within(predictions, k):
    """Return the mean over queries of 1 if all positives are among the first k, else 0."""
    worst = [prediction.value.ranks[-1] for prediction in predictions]
    return score([rank is not None and rank <= k for rank in worst])
