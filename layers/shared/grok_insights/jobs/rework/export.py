"""Export: writes stored insights into files of the bucket, which are then made into one file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grok_insights.aws.dynamodb.items import all_parsed
from grok_insights.aws.files import export_part_key
from grok_insights.aws.insights.item import valid_document
from grok_insights.domain.job import Counts, FileFormat, Job, JobPhase, Part, PartFile
from grok_insights.jobs.plan import Plan
from grok_insights.jobs.rework.lines import header, line
from grok_insights.jobs.rework.plan import reading
from grok_insights.jobs.rework.slices import PAGE, Done, ReadPage, SliceWork

if TYPE_CHECKING:
    from grok_insights.aws.conversation_reader import ConversationReader
    from grok_insights.aws.dynamodb.attributes import Item
    from grok_insights.aws.files import Files
    from grok_insights.domain.conversation import Conversation
    from grok_insights.jobs.rework.compose import Composer

FILE_BYTES: Final = 4_194_304
"""A file of a slice ends with the page that reaches this size. The function keeps it in memory."""


@dataclass(frozen=True, slots=True)
class Export(SliceWork):
    """The work of exports. ``random_id`` returns another text at each call."""

    files: Files
    conversations: ConversationReader
    composer: Composer
    random_id: Callable[[], str]
    monotonic: Callable[[], float]
    file_bytes: int = FILE_BYTES

    def plan(self, job: Job, parts: list[Part]) -> Plan:
        """Return the plan of the next round."""
        return reading(job, JobPhase.EXPORTING, parts) if parts else Plan(job, "finish")

    def process(self, job: Job, part: Part, read: ReadPage, deadline: float) -> Done:
        """Write the next insights of a slice into a file.

        Another execution may do the same. Its file has another name, and is left behind: the part
        names the files that count.
        """
        content = io.BytesIO()
        if part.number == 0 and part.done == 0:
            content.write(header(_format(job), job.options.include).encode())
        position: str | None = part.position
        selected = 0
        while position is not None:
            page = read(position, PAGE)
            lines = self._lines(job, page.items)
            content.write("".join(lines).encode())
            selected, position = selected + len(lines), page.position
            if content.tell() >= self.file_bytes or self.monotonic() >= deadline:
                break
        return Done(position, Counts(selected=selected), self._stored(job, part, content))

    def finish(self, job: Job, deadline: float) -> Job | None:
        """Make one file, and return the job; None if the file is not complete yet.

        Without insights there is no file.
        """
        if job.options.dry_run or not job.counts.selected:
            return job
        return self.composer(job, deadline)

    def _stored(self, job: Job, part: Part, content: io.BytesIO) -> PartFile | None:
        size = content.tell()
        if job.options.dry_run or not size:
            return None
        name = f"{part.number:06}-{part.done:06}-{self.random_id()}"
        self.files.put(export_part_key(job.id, name), content.getvalue())
        return PartFile(name=name, size=size)

    def _lines(self, job: Job, items: list[Item]) -> list[str]:
        """Return the lines of the insights of a page.

        If an insight's conversation is to be included and is not there, it was erased meanwhile,
        and the insight is left out.
        """
        include = job.options.include
        conversations = self._conversations(items) if include else {}
        lines = []
        for item in all_parsed(_checked, items, "conversation_id"):
            conversation = conversations.get(item["conversation_id"]["S"])
            if conversation is not None or not include:
                document = json.loads(item["document"]["S"])
                lines.append(line(document, conversation, _format(job), include))
        return lines

    def _conversations(self, items: Iterable[Item]) -> dict[str, Conversation]:
        """Return the conversations of the insights of items, by id."""
        generations = {one["conversation_id"]["S"]: int(one["generation"]["N"]) for one in items}
        found = self.conversations.whole(generations)
        return {k: one for k, one in found.items() if one.lifetime.generation == generations[k]}


def _checked(item: Item) -> Item:
    """Return an item whose document is valid."""
    valid_document(item)
    return item


def _format(job: Job) -> FileFormat:
    return job.options.format or FileFormat.JSONL
