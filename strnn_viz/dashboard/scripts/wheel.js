// The wheel over a plot that can be zoomed: it zooms where there is nothing to scroll. Where there is, it scrolls, so
// that a page as tall as its cards can be read to the end, and zooms while Ctrl or ⌘ is held; which the plot then says.
// A pinch of two fingers on a touchpad comes as a wheel with Ctrl.
if (!globalThis.strnnWheel) {
  globalThis.strnnWheel = true
  const key = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"

  const scrolls = (element) => element.scrollHeight > element.clientHeight + 1 &&
    (element === document.scrollingElement || /auto|scroll/.test(getComputedStyle(element).overflowY))

  const zooms = (view) => view.model?.toolbar && [...view.tool_views?.values() ?? []].some(({model}) =>
    model.type === "WheelZoomTool" && model.active)

  window.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) return
    const path = event.composedPath().filter((element) => element instanceof Element)
    const at = path.findIndex((element) => element.classList.contains("bk-Figure"))
    if (at < 0 || !path.slice(at).some(scrolls)) return
    for (const view of Bokeh.index.query((view) => view.el === path[at])) {
      if (!zooms(view)) return
      event.stopPropagation() // BokehJS does not hear of it, and the browser scrolls
      view.notify_about(`${key} + wheel zooms`)
    }
  }, {capture: true, passive: true})
}
