import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";

/** One part of a stacked chart. */
export interface Series {
  readonly name: string;
  /** Which of the stylesheet's colours. */
  readonly tone: "one" | "two" | "three" | "four";
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** What the chart shows, in a sentence, for those who do not see it. */
  readonly summary: string;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** How a number is written. */
  readonly format?: (value: number) => string;
}

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;

const plain = (value: number): string => value.toLocaleString();

/** Columns over time, the series on top of each other. */
export function columnsView(chart: Chart): TemplateResult {
  const { labels, series } = chart;
  const totals = labels.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const scale = scaleTo(Math.max(...totals, 1));
  const step = (WIDTH - LEFT) / Math.max(1, labels.length);
  const thick = Math.max(1, Math.min(44, step * 0.72));
  const columns = labels.map((label, at) => {
    let below = 0;
    const x = LEFT + at * step + (step - thick) / 2;
    const parts = series.map(({ values, tone }) => {
      const value = values[at] ?? 0;
      const [top, bottom] = [scale.y(below + value), scale.y(below)];
      below += value;
      return value > 0 ? svg`<rect class="tone-${tone}" x=${x} y=${top} width=${thick} height=${Math.max(0.5, bottom - top)}></rect>` : nothing;
    });
    return svg`<g><title>${label}: ${tooltip(chart, at)}</title><rect class="chart-hit" x=${LEFT + at * step} y=${TOP} width=${step} height=${HEIGHT - TOP - BOTTOM}></rect>${parts}</g>`;
  });
  return figure(chart, svg`${axis(chart, scale)}${columns}`);
}

/** Lines over time; a gap where there is no value. */
export function linesView(chart: Chart & { readonly series: readonly (Omit<Series, "values"> & { readonly values: readonly (number | null)[] })[] }): TemplateResult {
  const { labels, series } = chart as unknown as { labels: readonly string[]; series: readonly (Omit<Series, "values"> & { values: readonly (number | null)[] })[] };
  const scale = scaleTo(Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 1), 60);
  const step = (WIDTH - LEFT) / Math.max(1, labels.length);
  const x = (at: number): number => LEFT + (at + 0.5) * step;
  const lines = series.map(({ values, tone }) => {
    const path = values.reduce((drawn, value, at) => (value === null ? drawn : `${drawn}${(values[at - 1] ?? null) === null ? "M" : "L"}${x(at).toFixed(1)} ${scale.y(value).toFixed(1)}`), "");
    const dots = values.map((value, at) => (value === null ? nothing : svg`<circle class="tone-${tone}" cx=${x(at)} cy=${scale.y(value)} r=${labels.length > 40 ? 2 : 3.5}></circle>`));
    return svg`<path class="chart-line tone-${tone}" d=${path}></path>${dots}`;
  });
  const hits = labels.map((label, at) => svg`<g><title>${label}: ${tooltip(chart, at)}</title><rect class="chart-hit" x=${LEFT + at * step} y=${TOP} width=${step} height=${HEIGHT - TOP - BOTTOM}></rect></g>`);
  return figure(chart, svg`${axis(chart, scale)}${lines}${hits}`);
}

/** Bars from left to right, one line each, the longest filling the width: text and table in one, so it needs no other. */
export function barsView(chart: Chart): TemplateResult {
  const { labels, series, format = plain } = chart;
  const totals = labels.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const most = Math.max(...totals, 1);
  const bar = (at: number): SVGTemplateResult[] => {
    let x = 0;
    return series.map(({ values, tone }) => {
      const width = ((values[at] ?? 0) / most) * 100;
      x += width;
      return svg`<rect class="tone-${tone}" x=${x - width} y="0" width=${width} height="10"></rect>`;
    });
  };
  return html`<section class="chart">
    <h2>${chart.title}</h2>
    ${legend(series)}
    <div class="chart-scroll" tabindex="0" role="region" aria-label=${chart.title}>
      <table class="bars">
        <thead><tr><th scope="col"><span class="visually-hidden">Name</span></th><td></td>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}<th scope="col">All</th></tr></thead>
        <tbody>${labels.map(
          (label, at) => html`<tr>
            <th scope="row">${label}</th>
            <td class="bars-bar" aria-hidden="true"><svg viewBox="0 0 100 10" preserveAspectRatio="none" focusable="false">${bar(at)}</svg></td>
            ${series.map(({ values }) => html`<td>${format(values[at] ?? 0)}</td>`)}<td><b>${format(totals[at] ?? 0)}</b></td>
          </tr>`,
        )}</tbody>
      </table>
    </div>
  </section>`;
}

interface Scale {
  readonly marks: readonly number[];
  y(value: number): number;
}

/** An axis that ends at a round number of 1, 2 or 5 times a power of ten (of `unit`), with three to five marks. */
function scaleTo(most: number, unit = 1): Scale {
  const rough = most / unit / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-9)));
  const step = Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? rough) * unit;
  const top = Math.ceil(most / step) * step;
  const marks = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step);
  return { marks, y: (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top) };
}

function axis({ labels, format = plain }: Chart, scale: Scale): SVGTemplateResult {
  const step = (WIDTH - LEFT) / Math.max(1, labels.length);
  const every = Math.ceil(labels.length / 7);
  return svg`${scale.marks.map(
    (mark) => svg`<line class="chart-grid" x1=${LEFT} x2=${WIDTH} y1=${scale.y(mark)} y2=${scale.y(mark)}></line>
      <text class="chart-mark" x=${LEFT - 6} y=${scale.y(mark) + 4} text-anchor="end">${format(mark)}</text>`,
  )}${labels.map((label, at) => (at % every === 0 ? svg`<text class="chart-mark" x=${LEFT + (at + 0.5) * step} y=${HEIGHT - 6} text-anchor="middle">${label}</text>` : nothing))}`;
}

function tooltip({ series, format = plain }: Chart, at: number): string {
  return series.map(({ name, values }) => `${name} ${values[at] === null || values[at] === undefined ? "–" : format(values[at])}`).join(", ");
}

function legend(series: readonly { readonly name: string; readonly tone: string }[]): TemplateResult {
  return html`<ul class="chart-legend" aria-hidden="true">${series.map(({ name, tone }) => html`<li><svg viewBox="0 0 10 10" class="tone-${tone}" focusable="false"><rect width="10" height="10" rx="2"></rect></svg>${name}</li>`)}</ul>`;
}

function figure(chart: Chart, drawing: SVGTemplateResult): TemplateResult {
  const { title, summary, labels, series, format = plain } = chart;
  return html`<section class="chart">
    <h2>${title}</h2>
    ${legend(series)}
    <svg class="chart-drawing" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}. ${summary}" focusable="false">${drawing}</svg>
    <details class="chart-data"><summary>As a table<span class="visually-hidden">: ${title}</span></summary>
      <div class="chart-scroll" tabindex="0" role="region" aria-label="${title}, as a table">
        <table><thead><tr><th scope="col">When</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${labels.map((label, at) => html`<tr><th scope="row">${label}</th>${series.map(({ values }) => html`<td>${values[at] === null || values[at] === undefined ? "–" : format(values[at])}</td>`)}</tr>`)}</tbody></table>
      </div>
    </details>
  </section>`;
}
