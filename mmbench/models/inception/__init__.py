"""The Inception network of 2015-12-05, the feature extractor of FID and related metrics."""
