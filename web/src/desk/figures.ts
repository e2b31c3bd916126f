import { DeskStatistics, type DeskStatisticsData } from "../generated/operations";
import type { Desk } from "./desk";
import type { Span } from "./route";

export type Statistics = DeskStatisticsData["moderationStatistics"];

/** How far back, and in slices of what. */
export const SPANS: Readonly<Record<Span, { readonly label: string; readonly days: number; readonly bucket: "HOUR" | "DAY" | "WEEK" }>> = {
  day: { label: "24 hours", days: 1, bucket: "HOUR" },
  week: { label: "7 days", days: 7, bucket: "DAY" },
  month: { label: "30 days", days: 30, bucket: "DAY" },
  quarter: { label: "13 weeks", days: 91, bucket: "WEEK" },
  year: { label: "52 weeks", days: 364, bucket: "WEEK" },
};

const HOUR_MS = 3_600_000;

/** What moderation came to: the numbers behind the charts. */
export class Figures {
  span: Span = "week";
  statistics: Statistics | null = null;

  constructor(private readonly desk: Desk) {}

  async open(span: Span): Promise<void> {
    if (span !== this.span) this.statistics = null;
    this.span = span;
    const { from, to } = period(span, new Date());
    const { moderationStatistics } = await this.desk.client.run(DeskStatistics, { from: from.toISOString(), to: to.toISOString(), bucket: SPANS[span].bucket });
    if (span === this.span) this.statistics = moderationStatistics;
  }
}

/** Whole slices of the reader's own days and hours, the running one included. */
export function period(span: Span, now: Date): { readonly from: Date; readonly to: Date } {
  const { days, bucket } = SPANS[span];
  if (bucket === "HOUR") {
    const to = new Date(Math.ceil(now.getTime() / HOUR_MS) * HOUR_MS);
    return { from: new Date(to.getTime() - days * 24 * HOUR_MS), to };
  }
  const to = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  return { from: new Date(to.getTime() - days * 24 * HOUR_MS), to };
}
