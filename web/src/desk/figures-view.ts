import { html, nothing, type TemplateResult } from "lit";
import { barsView, columnsView, linesView } from "./charts";
import type { Desk } from "./desk";
import { SPANS, type Statistics } from "./figures";
import { words } from "./labels";
import type { Span } from "./route";

/** What moderation came to, in charts. */
export function figuresView(desk: Desk): TemplateResult {
  const { statistics, span } = desk.figures;
  return html`
    <div class="page-head">
      <h1 class="desk-title" tabindex="-1">Figures</h1>
      <div class="spans" role="group" aria-label="Over how long">
        ${(Object.keys(SPANS) as Span[]).map((name) => html`<button class="span" aria-pressed=${String(name === span)} @click=${() => desk.go({ view: "figures", span: name })}>${SPANS[name].label}</button>`)}
      </div>
    </div>
    ${statistics ? chartsView(statistics, span) : html`<p class="desk-empty" aria-busy="true">Counting…</p>`}
  `;
}

function chartsView(statistics: Statistics, span: Span): TemplateResult {
  const { total, slices, heldBy, decidedBy } = statistics;
  const labels = slices.map(({ from }) => when(from, span));
  const of = (read: (tally: Statistics["total"]) => number): number[] => slices.map(({ tally }) => read(tally));
  const waits = total.timeToDecision;
  return html`
    <dl class="tiles">
      ${tile("Comments sent in", total.submitted.toLocaleString(), total.submitted > 0 ? `${percent(total.held, total.submitted)} held for a moderator` : "")}
      ${tile("Decisions", total.decisions.toLocaleString(), total.decisions > 0 ? `${percent(total.approved, total.decisions)} approved` : "")}
      ${tile("Half are decided within", waits ? duration(waits.p50Seconds) : "–", waits ? `of ${waits.count.toLocaleString()} that waited` : "Nothing waited")}
      ${tile("Nine in ten within", waits ? duration(waits.p90Seconds) : "–", "")}
    </dl>
    <div class="charts">
      ${columnsView({
        title: "Comments sent in",
        summary: `${total.submitted} comments, of which ${total.held} were held for a moderator.`,
        labels,
        series: [
          { name: "Held", tone: "two", values: of(({ held }) => held) },
          { name: "Shown at once", tone: "one", values: of(({ submitted, held }) => submitted - held) },
        ],
      })}
      ${columnsView({
        title: "Decisions",
        summary: `${total.decisions} decisions: ${total.approved} approved, ${total.rejected} rejected, ${total.spam} spam.`,
        labels,
        series: [
          { name: "Approved", tone: "one", values: of(({ approved }) => approved) },
          { name: "Rejected", tone: "three", values: of(({ rejected }) => rejected) },
          { name: "Spam", tone: "four", values: of(({ spam }) => spam) },
        ],
      })}
      ${linesView({
        title: "Time to decision",
        summary: waits ? `Half were decided within ${duration(waits.p50Seconds)}, nine in ten within ${duration(waits.p90Seconds)}.` : "Nothing that waited was decided.",
        labels,
        format: duration,
        series: [
          { name: "Half within", tone: "one", values: slices.map(({ tally }) => tally.timeToDecision?.p50Seconds ?? null) as number[] },
          { name: "Nine in ten within", tone: "three", values: slices.map(({ tally }) => tally.timeToDecision?.p90Seconds ?? null) as number[] },
        ],
      })}
      ${
        heldBy.length > 0
          ? barsView({
              title: "Rules that held most",
              summary: "",
              labels: heldBy.map(({ rule }) => words(rule)),
              series: [
                { name: "Approved", tone: "one", values: heldBy.map(({ approved }) => approved) },
                { name: "Refused", tone: "three", values: heldBy.map(({ refused }) => refused) },
                { name: "Waiting", tone: "two", values: heldBy.map(({ waiting }) => waiting) },
              ],
            })
          : nothing
      }
      ${
        decidedBy.length > 0
          ? barsView({
              title: "Who decided",
              summary: "",
              labels: decidedBy.map(({ moderator }) => moderator?.displayName ?? "Former moderators"),
              series: [
                { name: "Approved", tone: "one", values: decidedBy.map(({ approved }) => approved) },
                { name: "Rejected", tone: "three", values: decidedBy.map(({ rejected }) => rejected) },
                { name: "Spam", tone: "four", values: decidedBy.map(({ spam }) => spam) },
              ],
            })
          : nothing
      }
    </div>
  `;
}

function tile(name: string, value: string, aside: string): TemplateResult {
  return html`<div class="tile"><dt>${name}</dt><dd><b>${value}</b>${aside ? html`<span>${aside}</span>` : nothing}</dd></div>`;
}

function when(iso: string, span: Span): string {
  const at = new Date(iso);
  if (span === "day") return at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (span === "week") return at.toLocaleDateString(undefined, { weekday: "short", day: "numeric" });
  return at.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

function percent(part: number, whole: number): string {
  return (part / whole).toLocaleString(undefined, { style: "percent", maximumFractionDigits: 0 });
}

/** "45 s", "12 min", "3.5 h", "2 d": two digits say enough. */
export function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ];
  for (const [size, unit] of units) {
    if (seconds >= size) return `${(seconds / size).toLocaleString(undefined, { maximumFractionDigits: seconds < size * 10 ? 1 : 0 })} ${unit}`;
  }
  return `${seconds} s`;
}
