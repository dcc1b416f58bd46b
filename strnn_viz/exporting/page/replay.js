"use strict";
// Brings every figure to one epoch and one layer. The cells of all masks are in the ColumnDataSource "frames".
(() => {
  const element = (id) => document.getElementById(id);
  const slider = element("epoch"), layer = element("layer"), play = element("play");
  const figures = ["left", "right", "learning", "magnitudes"]; // the first roots of the document, in this order
  let clock = null;

  function start(doc) {
    const named = (name) => doc.get_model_by_name(name);
    const frames = named("frames"), about = JSON.parse(frames.tags[0]), count = about.epochs.length;
    const first = new Map(); // of a matrix, its first row of frames
    Array.from(frames.data.matrix).forEach((name, row) => { if (!first.has(name)) first.set(name, row); });
    const decade = (exponent) => exponent >= -3 && exponent <= 3 ? String(Number((10 ** exponent).toPrecision(3))) : "1e" + exponent;

    function ticks(axis, values, label) {
      axis.ticker.ticks = values.map((tick) => tick[0]);
      axis.major_label_overrides = new Map(values);
      axis.axis_label = label;
    }

    function axes(sheet) { // what is the same at every epoch
      ["left", "right"].forEach((side, place) => {
        const matrix = sheet.matrices[place], plot = named(side), figure = element(side);
        figure.hidden = !matrix;
        plot.visible = Boolean(matrix);
        if (!matrix) return;
        figure.querySelector("figcaption").textContent = matrix.title;
        named(side + "-gates").data = {y: matrix.gates};
        ticks(plot.below[0], matrix.columns.ticks, matrix.columns.label);
        ticks(plot.left[0], matrix.rows.ticks, matrix.rows.label);
      });
      const plot = named("magnitudes"), edges = sheet.edges, low = edges[0];
      plot.x_range.setv({start: low - 0.7, end: edges[edges.length - 1]});
      const heights = sheet.survived.map((row, t) => Math.max(...row.map((share, i) => share + sheet.born[t][i])));
      plot.y_range.setv({start: 0, end: 1.12 * Math.max(0.01, ...heights)});
      const marks = [[low - 0.45, "0"]];
      for (let d = Math.ceil(low - 1e-9); d <= edges[edges.length - 1] + 1e-9; d++) marks.push([d, decade(d)]);
      ticks(plot.below[0], marks, plot.below[0].axis_label);
    }

    function bars(sheet, t) {
      const {edges, survived, born, zeros} = sheet, low = edges[0];
      const left = [low - 0.6, ...edges.slice(0, -1)], right = [low - 0.3, ...edges.slice(1)];
      const foot = [zeros[t], ...survived[t]], top = foot.map((share, i) => share + (i ? born[t][i - 1] : 0));
      named("survived-bars").data = {left, right, bottom: foot.map(() => 0), top: foot};
      named("born-bars").data = {left, right, bottom: foot, top};
      const high = named("magnitudes").y_range.end;
      named("thresholds").data = {x: sheet.thresholds[t], top: sheet.thresholds[t].map(() => high)};
    }

    function show() {
      const t = Number(slider.value), epoch = about.epochs[t], sheet = about.sheets[Number(layer.value)];
      sheet.matrices.forEach((matrix, place) => {
        const side = ["left", "right"][place];
        named(side + "-cells").data = {image: [frames.data.image[first.get(matrix.name) + t]]};
        element(side).setAttribute("aria-label", `Mask of ${matrix.name} at epoch ${epoch}`);
      });
      bars(sheet, t);
      named("here").location = epoch;
      element("masks-title").textContent = sheet.masks[t];
      element("learning-title").textContent = about.learning[t];
      element("magnitudes-title").textContent = sheet.magnitudes[t];
      element("learning").setAttribute("aria-label", about.learning[t]);
      element("magnitudes").setAttribute("aria-label", sheet.magnitudes[t]);
      element("active").textContent = about.active[t];
      element("position").textContent = `epoch ${epoch} of ${about.epochs[count - 1]}`;
      slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
      document.body.dataset.shown = `${epoch} ${sheet.label}`; // says that all of it is there
    }

    function go(t) {
      slider.value = Math.max(0, Math.min(count - 1, t));
      show();
    }

    function halt() {
      clearInterval(clock);
      clock = null;
      play.textContent = "Play";
      play.setAttribute("aria-pressed", "false");
    }

    function run() {
      if (clock !== null) return halt();
      if (Number(slider.value) === count - 1) go(0);
      play.textContent = "Pause";
      play.setAttribute("aria-pressed", "true");
      clock = setInterval(() => {
        go(Number(slider.value) + 1);
        if (Number(slider.value) === count - 1) halt();
      }, Number(element("speed").value));
    }

    const keys = {
      ArrowLeft: () => go(Number(slider.value) - 1), ArrowRight: () => go(Number(slider.value) + 1),
      Home: () => go(0), End: () => go(count - 1),
    };
    document.addEventListener("keydown", (event) => {
      const inList = event.target instanceof HTMLSelectElement, onButton = event.target instanceof HTMLButtonElement;
      if (event.ctrlKey || event.metaKey || event.altKey || inList) return;
      if (event.key in keys) {
        if (clock !== null) halt();
        keys[event.key]();
      } else if (event.key === " " && !onButton) run();
      else return;
      event.preventDefault();
    });
    play.addEventListener("click", run);
    slider.addEventListener("input", () => { if (clock !== null) halt(); show(); });
    element("speed").addEventListener("change", () => { if (clock !== null) { halt(); run(); } });
    layer.addEventListener("change", () => { axes(about.sheets[Number(layer.value)]); show(); });

    function theme() { // figures are painted, so no style sheet reaches them
      const style = getComputedStyle(document.documentElement), text = style.getPropertyValue("--text").trim();
      const quiet = style.getPropertyValue("--quiet").trim();
      for (const name of figures) {
        const plot = named(name);
        for (const axis of [...plot.below, ...plot.left]) {
          axis.setv({axis_label_text_color: text, major_label_text_color: text, axis_line_color: quiet,
                     major_tick_line_color: quiet, minor_tick_line_color: null, axis_label_text_font_style: "normal"});
        }
        for (const legend of plot.center.filter((part) => part.type === "Legend")) legend.label_text_color = text;
      }
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);

    theme();
    slider.max = count - 1;
    slider.disabled = play.disabled = count < 2;
    layer.value = about.sheet;
    axes(about.sheets[about.sheet]);
    go(about.opens);
  }

  const json = JSON.parse(element("document").textContent), roots = {};
  json.roots.slice(0, figures.length).forEach((root, place) => { roots[root.id] = `${figures[place]}-plot`; });
  Bokeh.embed.embed_items({replay: json}, [{docid: "replay", root_ids: Object.keys(roots), roots}])
    .then(() => start(Bokeh.documents[0]));
})();
