"""The parts of the analysis: who may call when, the calls of a wave, and what is told of them."""
