"use strict";
(function () {
  const font =
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const ink = "#1b1f24";
  const soft = "#59636e";
  // One look for all charts; a specification's own settings win.
  const config = {
    font: font,
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
  const actions = { export: true, source: false, compiled: false, editor: false };

  for (const place of document.querySelectorAll("[data-chart]")) {
    const source = document.getElementById(place.dataset.chart);
    const name = place.dataset.name;
    try {
      const specification = JSON.parse(source.textContent);
      vegaEmbed(place, specification, {
        renderer: "svg", config: config, actions: actions, downloadFileName: name,
      }).catch(fail);
    } catch (error) {
      fail(error);
    }
    function fail(error) {
      place.classList.add("chart-error");
      place.textContent =
        "This chart could not be drawn (" + error.message + "); its data is below.";
    }
  }
})();
