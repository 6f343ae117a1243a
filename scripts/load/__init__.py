"""The load test: send conversations at a chosen rate, and measure how long their insights take."""
