"""``python -m tests.standin --port 4610``: the stand-in for use by hand."""

from __future__ import annotations

import argparse

from tests.standin.server import Standin


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for xAI's API, on loopback")
    parser.add_argument("--port", type=int, default=4610)
    parser.add_argument("--latency", type=float, default=0.5, help="longest seconds of an answer")
    chosen = parser.parse_args()
    standin = Standin(chosen.port)
    standin.books.plan.latency_seconds = (chosen.latency / 4, chosen.latency)
    print(f"GROK_MODE=real GROK_API_KEY=xai-standin GROK_API_BASE_URL={standin.address} make up")
    try:
        standin.serve_forever()
    except KeyboardInterrupt:
        standin.server_close()


if __name__ == "__main__":
    main()
