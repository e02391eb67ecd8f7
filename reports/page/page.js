"use strict";
// Draws the plots, and draws them anew when the theme changes or the page is printed.
{
  const PRINT_WIDTH = 670; // CSS pixels that fit on A4 and on Letter, within the page's margins
  const PHONE_WIDTH = 520;
  const root = document.documentElement;
  const places = [...document.querySelectorAll(".plot")];
  const figures = new Map(JSON.parse(document.getElementById("plots").textContent).map((figure) => [figure.name, figure]));
  const config = { responsive: true, displayModeBar: false };

  /** A colour of the style sheet: "@name" or "@name/opacity". */
  function colour(token, style) {
    const [name, opacity] = token.slice(1).split("/");
    const hex = style.getPropertyValue("--" + name).trim();
    return opacity ? hex + Math.round(255 * opacity).toString(16).padStart(2, "0") : hex;
  }

  /** A copy of `value` with every colour token in it resolved. */
  function coloured(value, style) {
    if (typeof value === "string") return /^@[a-z]+(\/[0-9.]+)?$/.test(value) ? colour(value, style) : value;
    if (Array.isArray(value)) return value.map((item) => coloured(item, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
  }

  /** The colours of paper, whatever those of the screen are: what is saved is for paper. */
  function paperStyle() {
    root.dataset.printing = "";
    const live = getComputedStyle(root);
    const names = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).find((rule) => rule.selectorText === ":root").style;
    const found = new Map([...names].filter((name) => name.startsWith("--")).map((name) => [name, live.getPropertyValue(name)]));
    delete root.dataset.printing;
    return { getPropertyValue: (name) => found.get(name) ?? "" };
  }

  const axis = {
    automargin: true, showline: true, linecolor: "@ink", ticks: "outside", ticklen: 4, tickcolor: "@ink",
    gridcolor: "@shade", zeroline: false, title: { standoff: 8 },
  };

  /** The figure's layout over what all figures share. */
  function layoutOf(figure, width) {
    const own = figure.layout;
    return {
      font: { family: "system-ui, 'Segoe UI', 'Liberation Sans', Arial, sans-serif", size: 12, color: "@ink" },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      hovermode: "closest", showlegend: true, hoverlabel: { bgcolor: "@paper", bordercolor: "@rule", font: { color: "@ink" } },
      legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { size: 11 }, traceorder: "normal" },
      dragmode: width < PHONE_WIDTH ? false : "zoom", // on a phone, dragging scrolls the page
      ...own,
      margin: { l: 52, r: width < PHONE_WIDTH ? 8 : 28, t: 12, b: 44, ...own.margin },
      xaxis: { ...axis, ...own.xaxis, title: { ...axis.title, ...own.xaxis?.title } },
      yaxis: { ...axis, ...own.yaxis, title: { ...axis.title, ...own.yaxis?.title } },
    };
  }

  function draw(width) {
    const style = getComputedStyle(root);
    return Promise.all(places.map((place) => {
      const figure = figures.get(place.dataset.plot);
      const layout = layoutOf(figure, width ?? place.clientWidth);
      const size = width ? { width: place.closest(".pair") ? width / 2 - 12 : width, autosize: false } : { autosize: true };
      return Plotly.react(place, coloured(figure.traces, style), coloured({ ...layout, ...size }, style), config);
    }));
  }

  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => {
      const figure = figures.get(button.dataset.save);
      const style = paperStyle();
      const layout = { ...layoutOf(figure, PRINT_WIDTH), paper_bgcolor: "@paper", width: PRINT_WIDTH };
      const drawing = { data: coloured(figure.traces, style), layout: coloured(layout, style) };
      Plotly.downloadImage(drawing, { format: "svg", filename: button.dataset.save, width: PRINT_WIDTH, height: layout.height });
    });
  }
  draw().then(() => { root.dataset.drawn = places.length; });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => {
    root.dataset.printing = "";
    for (const part of document.querySelectorAll("details")) part.open = true;
    draw(PRINT_WIDTH);
  });
  addEventListener("afterprint", () => { delete root.dataset.printing; draw(); });
}
