"""The forward passes: plan, decoding, calls, and answers by request."""
