// Only the browser knows how wide its window is, and whether it is a cell of a notebook.
for (const doc of window.innerWidth < 1000 || window.self !== window.top ? Bokeh.documents : []) {
  for (const root of doc.roots()) {
    if (root.data && "sidebar_open" in root.data.attributes) root.data.sidebar_open = false
  }
}
