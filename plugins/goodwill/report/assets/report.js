// Draws the charts of the page from the options it carries, in the colours of its style sheet: again when light turns dark,
// when the window changes its width, and in light colours for print.
(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const options = read("chart-options");
  const { currency } = read("page-settings");
  const drawn = new Map();

  const money = (value) =>
    currency
      ? new Intl.NumberFormat("en", { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 }).format(value)
      : String(value);
  const share = (digits) => (value) => (typeof value === "number" ? `${(value * 100).toFixed(digits).replace("-", "−")} %` : "–");
  const writers = {
    "@money": money,
    "@count": (value) => (typeof value === "number" ? value.toLocaleString("en") : "–"),
    "@percent": share(1),
    "@percent0": share(0),
    "@low": (range) => range.split("–")[0].replace(",000", "k"),
    "@change": (point) => `${point.value > 0 ? "+" : ""}${money(point.value).replace("-", "−")}`,
    "@label": (point) => share(1)(point.value),
  };

  const resolve = (value, colour) => {
    if (Array.isArray(value)) return value.map((each) => resolve(each, colour));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each, colour)]));
    }
    if (typeof value !== "string") return value;
    if (Object.hasOwn(writers, value)) return writers[value];
    return value.startsWith("$") ? colour(value) : value;
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (token) => style.getPropertyValue(`--chart-${token.slice(1)}`).trim() || token;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const box of document.querySelectorAll("[data-chart]")) {
      const option = options[box.dataset.chart];
      drawn.get(box)?.dispose();
      const chart = echarts.init(box, null, { renderer: "svg" });
      chart.setOption({
        animation: !calm && !drawn.size,
        animationDuration: 400,
        textStyle: { fontFamily: style.fontFamily },
        ...resolve(option, colour),
      });
      drawn.set(box, chart);
    }
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
  const printed = (on) => () => {
    document.documentElement.classList.toggle("printed", on);
    draw();
  };
  addEventListener("beforeprint", printed(true));
  addEventListener("afterprint", printed(false));
  document.documentElement.dataset.drawn = String(drawn.size);
})();
