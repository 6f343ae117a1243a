// Measures the dashboard with Lighthouse, signed in. Environment: API_URL, API_KEY, CHROME_PATH, FOLDER for the reports.

import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { API_URL, API_KEY, CHROME_PATH, FOLDER, PACKAGES } = process.env;
const STORE = "grok-insights-api-key";
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const REQUIRED = { performance: 0.95, accessibility: 1 };
const METRICS = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"];
const VIEWS = ["overview?range=90d", "jobs", "profile"];
const DESKTOP = {
  formFactor: "desktop",
  screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
  throttling: { rttMs: 40, throughputKbps: 10240, cpuSlowdownMultiplier: 1, requestLatencyMs: 0, downloadThroughputKbps: 0, uploadThroughputKbps: 0 },
};

const require = createRequire(join(PACKAGES, "package.json"));
const { default: lighthouse } = await import(pathToFileURL(require.resolve("lighthouse")));
const { default: puppeteer } = await import(pathToFileURL(require.resolve("puppeteer-core")));

/** Return the report of a view, opened by a user who entered the key. */
async function measured(browser, view, settings) {
  const page = await browser.newPage();
  const address = `${API_URL}/dashboard`;
  await page.goto(address);
  await page.evaluate((store, key) => sessionStorage.setItem(store, key), STORE, API_KEY);
  const flags = { onlyCategories: CATEGORIES, disableStorageReset: true, output: "html", logLevel: "error" };
  const result = await lighthouse(`${address}#${view}`, flags, { extends: "lighthouse:default", settings }, page);
  await page.close();
  return result;
}

function line(name, { lhr }) {
  const scores = CATEGORIES.map((one) => `${one} ${Math.round(lhr.categories[one].score * 100)}`);
  const metrics = METRICS.map((one) => `${one} ${lhr.audits[one].displayValue}`);
  return `${name}: ${scores.join(", ")}\n  ${metrics.join(", ")}`;
}

const failed = ({ lhr }) => CATEGORIES.flatMap((category) => lhr.categories[category].auditRefs
  .filter(({ id, weight }) => weight && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
  .map(({ id }) => `  ${category}: ${lhr.audits[id].title} ${lhr.audits[id].displayValue ?? ""}`));

await mkdir(FOLDER, { recursive: true });
const browser = await puppeteer.launch({ executablePath: CHROME_PATH, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
let isGood = true;
for (const [form, settings] of [["desktop", DESKTOP], ["phone", {}]]) {
  for (const view of VIEWS) {
    const result = await measured(browser, view, settings);
    const name = `${form} ${view.split("?")[0]}`;
    await writeFile(join(FOLDER, `${name.replace(" ", "-")}.html`), result.report);
    console.log([line(name, result), ...failed(result)].join("\n"));
    isGood &&= Object.entries(REQUIRED).every(([one, least]) => result.lhr.categories[one].score >= least);
  }
}
await browser.close();
process.exitCode = isGood ? 0 : 1;
