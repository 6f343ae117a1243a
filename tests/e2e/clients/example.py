"""The examples of the README, with the generated Python client: prints one line for each step."""

import os
import time
from uuid import UUID

from grok_insights_client import AuthenticatedClient
from grok_insights_client.api.conversations import (
    add_conversation,
    add_conversations,
    delete_conversation,
    get_conversation,
)
from grok_insights_client.api.insights import get_insight, get_trends, list_insights
from grok_insights_client.models import (
    Accepted,
    BulkAccepted,
    Conversation,
    Insight,
    Interval,
    NewConversation,
    NewConversations,
    Page,
    Problem,
    Sentiment,
    Trends,
)

client = AuthenticatedClient(
    os.environ["API_URL"], os.environ["API_KEY"], prefix="", auth_header_name="x-api-key"
)


def wait_for(insight_id: UUID) -> Insight:
    """Return the insight of a conversation, once it exists."""
    for _ in range(60):
        found = get_insight.sync(insight_id, client=client)
        if isinstance(found, Insight):
            return found
        time.sleep(1)
    raise TimeoutError(str(insight_id))


new = NewConversation(text="My parcel is three weeks late. I want a refund!")
accepted = add_conversation.sync(client=client, body=new)
assert isinstance(accepted, Accepted)
insight = wait_for(accepted.id)
print("insight", insight.status, insight.sentiment)

bulk = add_conversations.sync(
    client=client, body=NewConversations([NewConversation(text="Thank you, it works now!")])
)
assert isinstance(bulk, BulkAccepted)
print("bulk", bulk.accepted, bulk.rejected)

page = list_insights.sync(client=client, limit=5, sentiment=Sentiment.NEGATIVE)
assert isinstance(page, Page)
print("list", len(page.items) > 0)

trends = get_trends.sync(client=client, interval=Interval.DAY)
assert isinstance(trends, Trends)
print("trends", trends.totals.count > 0)

stored = get_conversation.sync(accepted.id, client=client)
assert isinstance(stored, Conversation)
print("conversation", stored.text == new.text)

delete_conversation.sync_detailed(accepted.id, client=client)
gone = get_conversation.sync(accepted.id, client=client)
assert isinstance(gone, Problem)
print("deleted", gone.status)
