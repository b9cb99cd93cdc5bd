"""A metric in one function: the share of queries whose positives **all** stand in the first k.

mmbench run --plugin examples/success_metric.py --tasks examples -m clip-nano -t first-hundred
"""

import mmbench
from mmbench.stats import score


@mmbench.register("metric", "all_within@k")
@mmbench.declare(unit="fraction", better="higher", worst=0, best=1, kinds={"retrieval"})
def all_within(predictions, k):
    """1 for a query whose positives are all among the first k, averaged."""
    worst = [prediction.value.ranks[-1] for prediction in predictions]
    return score([rank is not None and rank <= k for rank in worst])
