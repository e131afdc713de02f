// Run by Node.js behind the chart libraries and a list `sextantCharts` of Vega-Lite specifications:
// writes the list of their drawings as JSON.
(async function () {
  // Without a canvas Vega takes 0.8 of the font's size for every character, and cuts labels that fit.
  vega.textMetrics.width = function (item, text) {
    const line = Array.isArray(text) ? text.join(" ") : String(text === undefined ? item.text : text);
    return 0.56 * vega.textMetrics.height(item) * line.length;
  };
  const drawings = [];
  for (const specification of sextantCharts) {
    const config = Object.assign({}, sextantChartConfig, { background: "white" });
    const compiled = vegaLite.compile(specification, { config: config });
    const view = new vega.View(vega.parse(compiled.spec), { renderer: "none" });
    drawings.push(await view.toSVG());
  }
  require("fs").writeFileSync(1, JSON.stringify(drawings));
})().catch(function (error) {
  require("fs").writeFileSync(2, String(error && error.stack));
  process.exitCode = 1;
});
