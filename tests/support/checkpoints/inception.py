"""A file of random weights of Inception, under the name of torch-fidelity's file."""

from __future__ import annotations

from pathlib import Path

NAME = "weights-inception-2015-12-05-6726825d.pth"


def inception(folder: Path) -> Path:
    """Write random weights, under which activations neither die nor grow; return their file."""
    import torch

    from mmbench.models.inception.network import InceptionNet

    torch.manual_seed(0)
    net = InceptionNet()
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if weight.ndim == 4:
                torch.nn.init.kaiming_normal_(weight)
            elif name.endswith("bn.weight"):
                weight.uniform_(0.8, 1.2)
            elif name.endswith("bn.bias"):
                weight.normal_(0.0, 0.2)
        for name, values in net.named_buffers():
            if name.endswith("running_mean"):
                values.normal_(0.0, 0.1)
            elif name.endswith("running_var"):
                values.uniform_(0.7, 1.3)
    file = folder / NAME
    torch.save(net.state_dict(), file)
    return file
