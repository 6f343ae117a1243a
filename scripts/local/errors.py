"""The error of the local stack: a problem that the user can solve, as a sentence."""

from pathlib import Path


class LocalStackError(Exception):
    """End a command with this sentence, the last lines of `log`, and exit status 1."""

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.log = log

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log, where most programs print the reason."""
        if self.log is None or not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
