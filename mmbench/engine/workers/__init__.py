"""The executor that runs models on Ray actors, on this machine or on a cluster."""
