r"""A classifier with a checkpoint of one file: a linear layer over the mean colour of an image.

mmbench run --plugin examples/linear_classifier.py -m linear@weights.npz \
    --model-arg classes=names.txt -t labels --data images.csv

`weights.npz` holds `weight` [c, 3] and `bias` [c], `names.txt` the name of a class on each line,
and `images.csv` the columns `file` and `label`.
"""

from pathlib import Path

import numpy as np

import mmbench


@mmbench.register("model", "linear")
class Linear:
    modalities = frozenset({"image"})
    version = 1
    checkpoints = (".npz",)  # linear@ takes such a file, or a folder with one

    def __init__(self, folder, *, device, dtype, classes: str):
        file = folder if folder.is_file() else next(folder.glob("*.npz"))
        weights = np.load(file, allow_pickle=False)
        self.weight, self.bias = weights["weight"], weights["bias"]
        self.labels = Path(classes).read_text(encoding="utf-8").splitlines()

    def classify(self, items, modality):
        colours = [np.asarray(image, np.float32).mean(axis=(0, 1)) / 255 for image in items]
        return np.stack(colours) @ self.weight.T + self.bias
