// The tour: a button, and a dialog of the whole window in which one part of the page is left bright.
const MARGIN = 6 // pixels around a part
const GAP = 12 // between a part and what is told of it

function seen(element) {
  if (!element) return false
  const { width, height, right, left } = element.getBoundingClientRect()
  return width > 0 && height > 0 && right > 0 && left < window.innerWidth && element.checkVisibility()
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

// Whether the tour was offered before; where nothing may be kept it was, so that it is not offered every time.
function offered(name) {
  const key = `strnn-viz.tour.${name}`
  try {
    const before = localStorage.getItem(key)
    localStorage.setItem(key, "offered")
    return before !== null
  } catch {
    return true
  }
}

// Where the text fits beside a part: below, above, right or left of it, or else in its middle.
function place(part, box) {
  const free = [
    [part.left, part.bottom + GAP], [part.left, part.top - GAP - box.height],
    [part.right + GAP, part.top], [part.left - GAP - box.width, part.top],
  ]
  const inside = ([x, y]) => x >= 0 && y >= 0 && x + box.width <= window.innerWidth && y + box.height <= window.innerHeight
  const moved = free.map(([x, y], i) => i < 2
    ? [Math.max(8, Math.min(x, window.innerWidth - box.width - 8)), y]
    : [x, Math.max(8, Math.min(y, window.innerHeight - box.height - 8))])
  const middle = [(part.left + part.right - box.width) / 2, (part.top + part.bottom - box.height) / 2]
  return moved.find(inside) ?? middle.map((at, i) =>
    Math.max(8, Math.min(at, (i ? window.innerHeight - box.height : window.innerWidth - box.width) - 8)))
}

export function render({ model }) {
  const start = make("button", { type: "button", class: "start-tour" })
  const light = make("div", { class: "light" })
  const title = make("h2", { id: "title" })
  const text = make("p", { id: "text" })
  const count = make("span", { class: "count" })
  const skip = make("button", { type: "button" }, "Skip the tour")
  const back = make("button", { type: "button" }, "Back")
  const next = make("button", { type: "button", class: "main" }, "Next")
  const told = make("div", { "aria-live": "polite" }, title, text)
  const box = make("div", { class: "box" }, told, make("div", { class: "row" }, count, skip, back, next))
  const dialog = make("dialog", { "aria-labelledby": "title", "aria-describedby": "text" }, light, box)
  let steps = []
  let at = 0

  const fresh = !offered(model.called)
  start.textContent = fresh && window.innerWidth >= 1200 ? "New here? Take the tour" : "Tour"
  start.classList.toggle("fresh", fresh)

  const lay = () => {
    if (!dialog.open) return
    const target = find(document, steps[at].target)
    const { left, top, right, bottom } = target ? target.getBoundingClientRect() : new DOMRect()
    const part = {
      left: Math.max(left - MARGIN, 0), top: Math.max(top - MARGIN, 0),
      right: Math.min(right + MARGIN, window.innerWidth), bottom: Math.min(bottom + MARGIN, window.innerHeight),
    }
    Object.assign(light.style, {
      left: `${part.left}px`, top: `${part.top}px`,
      width: `${part.right - part.left}px`, height: `${part.bottom - part.top}px`,
    })
    const [x, y] = place(part, box.getBoundingClientRect())
    Object.assign(box.style, { left: `${x}px`, top: `${y}px` })
  }

  const show = (step) => {
    at = step
    title.textContent = steps[at].title
    text.textContent = steps[at].text
    count.textContent = `${at + 1} of ${steps.length}`
    back.disabled = at === 0
    next.textContent = at === steps.length - 1 ? "Done" : "Next"
    find(document, steps[at].target)?.scrollIntoView({ block: "nearest" })
    lay()
    next.focus()
  }

  start.addEventListener("click", () => {
    steps = model.steps.filter((step) => seen(find(document, step.target)))
    if (!steps.length) return
    start.textContent = "Tour"
    start.classList.remove("fresh")
    dialog.showModal()
    show(0)
  })
  const on = () => (at === steps.length - 1 ? dialog.close() : show(at + 1))
  const off = () => at > 0 && show(at - 1)
  next.addEventListener("click", on)
  back.addEventListener("click", off)
  skip.addEventListener("click", () => dialog.close())
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") on()
    if (event.key === "ArrowLeft") off()
    if (event.key.startsWith("Arrow")) event.preventDefault()
  })
  window.addEventListener("resize", lay)
  model.on("remove", () => window.removeEventListener("resize", lay))

  return make("div", { class: "tour" }, start, dialog)
}
