"""The one error of the local stack: something the user can act on, told in a sentence."""

from pathlib import Path


class LocalStackError(Exception):
    """Ends a command with this sentence, exit status 1 and the end of `log`, if there is one."""

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.log = log

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log, where most programs say what went wrong."""
        if self.log is None or not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
