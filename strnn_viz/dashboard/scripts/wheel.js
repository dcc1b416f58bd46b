// The wheel over a plot that can be zoomed: it zooms where there is nothing to scroll. Where there is, it scrolls, so
// that a page as tall as its cards can be read to the end, and zooms while Ctrl or ⌘ is held; which the plot then says.
// A pinch of two fingers on a touchpad comes as a wheel with Ctrl.
if (!globalThis.strnnWheel) {
  globalThis.strnnWheel = true
  const hint = document.createElement("div")
  hint.textContent = `${/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl"} + wheel zooms`
  hint.style.cssText =
    "position:absolute;z-index:5;pointer-events:none;top:8px;left:50%;transform:translateX(-50%);padding:6px 8px;" +
    "border-radius:4px;white-space:nowrap;font:12px/16px var(--bokeh-base-font);" +
    "color:var(--panel-on-background-color);background:var(--panel-surface-color);" +
    "border:1px solid color-mix(in srgb, currentColor 30%, transparent)"
  let rest = 0
  const tell = (view) => {
    if (hint.parentNode !== view.shadow_el) view.shadow_el.append(hint)
    clearTimeout(rest)
    rest = setTimeout(() => hint.remove(), 1500)
  }

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
      tell(view)
    }
  }, {capture: true, passive: true})
}
