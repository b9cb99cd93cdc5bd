"""The verdict of a gate on the whole set, from as few groups of samples as possible."""

from mmbench.stats.sequential.decision import Decision, SequentialGate, sequential_gate
from mmbench.stats.sequential.population import Population

__all__ = ["Decision", "Population", "SequentialGate", "sequential_gate"]
