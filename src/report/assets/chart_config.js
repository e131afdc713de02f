"use strict";
// One look for all charts, on the page and in files; a specification's own settings win.
const sextantChartConfig = (function () {
  const ink = "#1b1f24";
  const soft = "#59636e";
  return {
    font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    background: null,
    view: { stroke: null },
    axis: {
      labelColor: soft, labelFontSize: 11, titleColor: ink, titleFontSize: 12,
      titleFontWeight: "normal", gridColor: "#e6e9ed", domainColor: "#98a1ab",
      tickColor: "#98a1ab", labelOverlap: true, labelSeparation: 4,
    },
    legend: {
      orient: "top", columns: 2, title: null, labelColor: ink, labelFontSize: 12,
      symbolStrokeWidth: 2, labelLimit: 300, offset: 8,
    },
  };
})();
