"""Commands about mmbench itself: selftest, conformance, cache, completion."""
