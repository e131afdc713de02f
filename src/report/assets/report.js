"use strict";
(function () {
  const actions = { export: true, source: false, compiled: false, editor: false };

  for (const place of document.querySelectorAll("[data-chart]")) {
    const source = document.getElementById(place.dataset.chart);
    const name = place.dataset.name;
    try {
      const specification = JSON.parse(source.textContent);
      vegaEmbed(place, specification, {
        renderer: "svg", config: sextantChartConfig, actions: actions, downloadFileName: name,
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
