"""Who analyses: the one seam with two sides, a mock and the real Grok."""
