/** A chart of bars with its numbers written beside them, a column for each runtime. */

export interface Bar {
  readonly runtime: string;
  readonly lane: string;
  readonly isOurs: boolean;
  /** Undefined if there is nothing to show but the label. */
  readonly value: number | undefined;
  readonly label: string;
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
  /** Whether less is better, and comes first. */
  readonly isLess: boolean;
}

export interface Theme {
  readonly name: "light" | "dark";
  readonly text: string;
  readonly quiet: string;
  readonly ours: string;
  readonly others: string;
}

/** The colours of text on GitHub's pages; the background is the page's own. */
export const themes: readonly Theme[] = [
  { name: "light", text: "#1f2328", quiet: "#59636e", ours: "#0969da", others: "#afb8c1" },
  { name: "dark", text: "#e6edf3", quiet: "#9198a1", ours: "#4493f8", others: "#656c76" },
];

/** What is used of @observablehq/plot and linkedom, which need not be installed. */
export interface Plotting {
  readonly plot: {
    plot(options: object): { readonly outerHTML: string };
    barX(data: readonly object[], options: object): object;
    text(data: readonly object[], options: object): object;
  };
  parseHTML(html: string): { readonly document: object };
}

const WIDTH = 1_000;
const ROW = 22;
const LEFT = 190;
const HEAD = 62;
const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
/** Of the column's width, so that labels behind the longest bar have room. */
const LONGEST_BAR = 0.6;

export function barChart(plotting: Plotting, theme: Theme, chart: BarChart): string {
  const { plot: Plot, parseHTML } = plotting;
  const lanes = order(chart);
  const runtimes = [...new Set(chart.bars.map(({ runtime }) => runtime))];
  const longest = Math.max(...chart.bars.map(({ value }) => value ?? 0));
  const height = lanes.length * ROW + 34;
  const fill = ({ isOurs }: Bar): string => isOurs ? theme.ours : theme.others;
  const svg = Plot.plot({
    document: parseHTML("<!doctype html><html><body></body></html>").document,
    width: WIDTH,
    height,
    marginLeft: LEFT,
    marginRight: 8,
    marginTop: 26,
    marginBottom: 4,
    style: { background: "transparent", color: theme.text, fontFamily: FONT, fontSize: "12px" },
    x: { axis: null, domain: [0, longest / LONGEST_BAR] },
    y: { domain: lanes, label: null, tickSize: 0 },
    fx: { domain: runtimes, label: null, axis: "top", padding: 0.04 },
    marks: [
      Plot.barX(chart.bars.map((bar) => ({ ...bar, value: bar.value ?? 0 })), {
        x: "value",
        y: "lane",
        fx: "runtime",
        fill,
        insetTop: 1,
        insetBottom: 1,
      }),
      Plot.text(chart.bars.map((bar) => ({ ...bar, value: bar.value ?? 0 })), {
        x: "value",
        y: "lane",
        fx: "runtime",
        text: "label",
        textAnchor: "start",
        dx: 5,
        fill: ({ isOurs }: Bar) => isOurs ? theme.text : theme.quiet,
        fontWeight: "normal",
      }),
    ],
  }).outerHTML;
  return frame(theme, chart, height, svg);
}

/** The best first, by the median of its rank over the runtimes. */
function order({ bars, isLess }: BarChart): string[] {
  const best = new Map<string, number>();
  const worst = isLess ? Infinity : 0;
  for (const { lane, value } of bars) {
    const known = best.get(lane) ?? worst;
    const better = isLess ? Math.min(known, value ?? Infinity) : Math.max(known, value ?? 0);
    best.set(lane, better);
  }
  const sign = isLess ? 1 : -1;
  return [...best].sort(([, a], [, b]) => a === b ? 0 : sign * (a < b ? -1 : 1))
    .map(([lane]) => lane);
}

/** Title and subtitle above the chart, in a file of its own. */
function frame(theme: Theme, { title, subtitle }: BarChart, height: number, svg: string): string {
  const total = height + HEAD;
  const text = (y: number, size: number, weight: number, color: string, content: string): string =>
    `<text x="8" y="${y}" font-family="${FONT}" font-size="${size}" font-weight="${weight}" ` +
    `fill="${color}">${escape(content)}</text>`;
  const inner = svg.replace(/^<svg /, `<svg x="0" y="${HEAD}" `);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${total}" ` +
    `viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${escape(title)}">\n` +
    `${text(24, 17, 600, theme.text, title)}\n${text(46, 12.5, 400, theme.quiet, subtitle)}\n` +
    `${inner}\n</svg>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
