// The examples of the README, with openapi-fetch and generated types: prints one line for each step.
import createClient from "openapi-fetch";
import type { components, paths } from "./grok-insights";

type Insight = components["schemas"]["Insight"];

const client = createClient<paths>({
  baseUrl: process.env.API_URL!,
  headers: { "x-api-key": process.env.API_KEY! },
});

async function waitFor(id: string): Promise<Insight> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const { data, response } = await client.GET("/api/v1/insights/{conversation_id}", {
      params: { path: { conversation_id: id } },
    });
    if (response.status === 200) return data as Insight;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`no insight of ${id}`);
}

async function main(): Promise<void> {
  const text = "My parcel is three weeks late. I want a refund!";
  const accepted = await client.POST("/api/v1/conversations", { body: { text } });
  if (!accepted.data) throw new Error(accepted.error.detail);
  const insight = await waitFor(accepted.data.id);
  console.log("insight", insight.status, insight.sentiment);

  const bulk = await client.POST("/api/v1/conversations/bulk", {
    body: { conversations: [{ text: "Thank you, it works now!" }] },
  });
  console.log("bulk", bulk.data?.accepted, bulk.data?.rejected);

  const page = await client.GET("/api/v1/insights", {
    params: { query: { limit: 5, sentiment: "negative" } },
  });
  console.log("list", (page.data?.items.length ?? 0) > 0);

  const trends = await client.GET("/api/v1/insights/trends", {
    params: { query: { interval: "day" } },
  });
  console.log("trends", (trends.data?.totals.count ?? 0) > 0);

  const byId = { params: { path: { conversation_id: accepted.data.id } } };
  const stored = await client.GET("/api/v1/conversations/{conversation_id}", byId);
  console.log("conversation", stored.data?.text === text);

  await client.DELETE("/api/v1/conversations/{conversation_id}", byId);
  const gone = await client.GET("/api/v1/conversations/{conversation_id}", byId);
  console.log("deleted", gone.error?.status);
}

void main();
